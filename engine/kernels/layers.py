"""The program over portions with locations laid over it, so that none ships twice in its solutions.

As in `subsets.assign_lines`: a location that the program uses twice, as if that cost and took nothing, is taken out and laid
over the program (used at most once), and the program is repeated.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.partition import NEVER
from engine.kernels.portions import (
    DIGIT_MAX,
    PLACE,
    count_steps,
    digit_units,
    lay_portions,
    leave_lowest_short,
    portion_fits,
    price_portions,
    share_portions,
)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LAYERS_MAX = 24
"""Locations that the bound counts at most once."""

LAYERED_MAX = 4
"""How many times the most steps of one program all programs of an order may take."""


@allocating_kernel
def lay_repeated(
    lines: Ints, steps_max: int, incumbent: int, digit_max: Ints, location: Ints, fixed: Ints, line_micros: Ints,
    unit_micros: Ints, price_row: Ints, prices: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints,
    unit_count: Ints, shared: int, shared_need: Ints, shared_available: Ints, codes: Ints, sums: Ints, best: Ints,
    layer_best: Ints, values: Ints,
) -> tuple[int, int]:  # fmt: skip
    """The program over portions, with the locations that its solutions use twice laid over it; returns layers and steps.

    values[k] is the program with k of them, best and layer_best[k] what a portion costs from the rest and from location k.
    """
    n, columns = digit_max.shape
    return lay_each(
        lines, steps_max, incumbent, digit_max, location, fixed, line_micros, unit_micros, price_row, prices, capacity_kind,
        capacity_left, line_count, unit_count, shared, shared_need, shared_available, codes, sums, best, layer_best, values,
        np.empty(LAYERS_MAX, np.int64), np.empty(columns, np.int64), np.empty((2, n), np.int64),
        np.empty(location.max() + 1, np.bool_),
    )  # fmt: skip


@kernel
def lay_each(
    lines: Ints, steps_max: int, incumbent: int, digit_max: Ints, location: Ints, fixed: Ints, line_micros: Ints,
    unit_micros: Ints, price_row: Ints, prices: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints,
    unit_count: Ints, shared: int, shared_need: Ints, shared_available: Ints, codes: Ints, sums: Ints, best: Ints,
    layer_best: Ints, values: Ints, layered: Ints, order: Ints, by_line: Ints, seen: Bools,
) -> tuple[int, int]:  # fmt: skip
    """`lay_repeated` with its scratch at hand."""
    n, columns = digit_max.shape
    size = best.shape[0]
    each = count_steps(lines, 0, n)
    most, picked = by_line[0], by_line[1]
    layers, steps = 0, 0
    while True:
        for turn in range(layers + 1):
            used = 0
            most[:] = 0
            for c in range(columns):
                wanted = True
                if turn > 0:
                    wanted = location[c] == layered[turn - 1]
                else:
                    for k in range(layers):
                        wanted &= location[c] != layered[k]
                if wanted:
                    order[used] = c
                    used += 1
                    for j in range(n):
                        most[j] = max(most[j], digit_max[j, c])
            price_portions(
                lines, used, order, digit_max, fixed, line_micros, unit_micros, price_row, prices, capacity_kind,
                capacity_left, line_count, unit_count, shared, shared_need, shared_available, codes, sums,
                best if turn == 0 else layer_best[turn - 1],
            )  # fmt: skip
            if turn == 0:
                share_portions(lines, best, values[0])
            else:
                lay_portions(lines, most, layer_best[turn - 1], values[turn - 1], values[turn])
            steps += each
        if values[layers, size - 1] >= incumbent or steps + each * (layers + 2) > LAYERED_MAX * steps_max:
            return layers, steps
        found = repeat_locations(
            layers, lines, digit_max, location, fixed, line_micros, unit_micros, price_row, prices, capacity_kind,
            capacity_left, line_count, unit_count, shared, shared_need, shared_available, best, layer_best, values, layered,
            seen, picked,
        )  # fmt: skip
        if found == layers:
            return layers, steps
        layers = found


@kernel
def repeat_locations(
    layers: int, lines: Ints, digit_max: Ints, location: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints,
    price_row: Ints, prices: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints, unit_count: Ints,
    shared: int, shared_need: Ints, shared_available: Ints, best: Ints, layer_best: Ints, values: Ints, layered: Ints,
    seen: Bools, picked: Ints,
) -> int:  # fmt: skip
    """Add the locations that the program's solution uses twice to `layered`; returns how many there are now."""
    n, columns = digit_max.shape
    s = best.shape[0] - 1
    for k in range(layers - 1, -1, -1):
        if values[k + 1, s] != values[k, s]:
            s -= find_portion(lines, s, values[k + 1, s], False, layer_best[k], values[k])
    count = layers
    seen[:] = False
    while s > 0:
        t = find_portion(lines, s, values[0, s], True, best, values[0])
        if t == 0:
            s = without_lowest(lines, s)
            continue
        s -= t
        rest = t
        for j in range(n):
            picked[j] = rest % (lines[DIGIT_MAX, j] + 1) * lines[PLACE, j]
            rest //= lines[DIGIT_MAX, j] + 1
        at = -1
        for c in range(columns):
            cost = portion_cost(n, c, t, lines, picked, digit_max, fixed, line_micros, unit_micros, price_row, prices)
            layer = False
            for k in range(count):
                layer |= layered[k] == location[c]
            if at < 0 and cost == best[t] and not layer and portion_fits(
                t, c, capacity_kind[c], capacity_left[c], line_count, unit_count, shared, shared_need, shared_available
            ):  # fmt: skip
                at = location[c]
        if at >= 0 and seen[at] and count < LAYERS_MAX:
            layered[count] = at
            count += 1
        if at >= 0:
            seen[at] = True
    return count


@kernel
def find_portion(lines: Ints, s: int, cost: int, lowest: bool, best: Ints, below: Ints) -> int:
    """The first t ≤ s with best[t] + below[s − t] = cost; 0 when the lowest line of s is left short for that cost instead."""
    if lowest and leave_lowest_short(lines, s, below) == cost:
        return 0
    for t in range(1, s + 1):
        if best[t] < NEVER and best[t] + below[s - t] == cost and holds(lines, s, t, lowest):
            return t
    return 0


@kernel
def holds(lines: Ints, s: int, t: int, lowest: bool) -> bool:
    """Whether t lies within s, and holds some of its lowest line if it must."""
    for j in range(lines.shape[1]):
        base = lines[DIGIT_MAX, j] + 1
        if t % base > s % base or (lowest and s % base > 0 and t % base == 0):
            return False
        lowest &= s % base == 0
        s //= base
        t //= base
    return True


@kernel
def without_lowest(lines: Ints, s: int) -> int:
    """A portion without its lowest line."""
    place = 1
    for j in range(lines.shape[1]):
        place *= lines[DIGIT_MAX, j] + 1
        if s % place > 0:
            rest: int = s - s % place
            return rest
    return 0


@kernel
def portion_cost(
    n: int, c: int, taken: int, lines: Ints, picked: Ints, digit_max: Ints, fixed: Ints, line_micros: Ints,
    unit_micros: Ints, price_row: Ints, prices: Ints,
) -> int:  # fmt: skip
    """What a column asks for a portion; NEVER where it has not the stock."""
    cost: int = fixed[c] + prices[price_row[c], taken]
    for j in range(n):
        if picked[j] > 0:
            digit = picked[j] // lines[PLACE, j]
            if digit > digit_max[j, c]:
                return NEVER
            cost += line_micros[j, c] + unit_micros[c] * digit_units(lines, j, digit)
    return cost
