"""The program over portions with locations laid over it, so that none ships twice in its solutions.

As in `subsets.assign_lines`: a location that the program uses twice, as if that cost and took nothing, is taken out and laid
over the program (used at most once), and the program is repeated.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER
from engine.kernels.portions import (
    DIGIT_MAX,
    count_steps,
    digit_units,
    is_left,
    lay_portions,
    list_halves,
    list_lowest,
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


@kernel
def lay_repeated(
    lines: Ints, steps_max: int, incumbent: int, digit_max: Ints, location: Ints, fixed: Ints, line_micros: Ints,
    unit_micros: Ints, price_row: Ints, prices: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints,
    unit_count: Ints, shared: int, shared_need: Ints, shared_available: Ints, codes: Ints, sums: Ints, lowest: Ints,
    short: Ints, best: Ints, layer_best: Ints, values: Ints, layered: Ints, order: Ints, by_line: Ints, lists: Ints,
    seen: Bools,
) -> tuple[int, int]:  # fmt: skip
    """The program over portions, with the locations that its solutions use twice laid over it; returns layers and steps.

    values[k] is the program with k of them, best and layer_best[k] what a portion costs from the rest and from location k.
    Scratch: layered [LAYERS_MAX], order [columns], by_line [≥ 3, n], lists [2, see `portions.list_places`], seen [locations],
    False everywhere, before and after.
    """
    n, columns = digit_max.shape
    size = best.shape[0]
    each = count_steps(lines, 0, n)
    most, digits, units = by_line[0], by_line[1], by_line[2]
    layers, steps = 0, 0
    list_halves(lines, lines[DIGIT_MAX], size, lists[0])
    list_lowest(lines, lowest, short)
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
                    for j in range(n if turn > 0 else 0):
                        most[j] = max(most[j], digit_max[j, c])
            price_portions(
                lines, used, order, digit_max, fixed, line_micros, unit_micros, price_row, prices, capacity_kind,
                capacity_left, line_count, unit_count, shared, shared_need, shared_available, codes, sums,
                best if turn == 0 else layer_best[turn - 1],
            )  # fmt: skip
            # What is laid over the program asks for all of it.
            whole = turn < layers or is_left(lines)
            if turn == 0:
                share_portions(lines, lists[0], lowest, short, whole, best, values[0])
            else:
                list_halves(lines, most, size, lists[1])
                lay_portions(lines, lists[1], whole, layer_best[turn - 1], values[turn - 1], values[turn])
            steps += each
        if values[layers, size - 1] >= incumbent or steps + each * (layers + 2) > LAYERED_MAX * steps_max:
            return layers, steps
        found = repeat_locations(
            layers, lines, digit_max, location, fixed, line_micros, unit_micros, price_row, prices, capacity_kind,
            capacity_left, line_count, unit_count, shared, shared_need, shared_available, lowest, short, best, layer_best,
            values, layered, seen, digits, units,
        )  # fmt: skip
        if found == layers:
            return layers, steps
        layers = found


@kernel
def repeat_locations(
    layers: int, lines: Ints, digit_max: Ints, location: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints,
    price_row: Ints, prices: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints, unit_count: Ints,
    shared: int, shared_need: Ints, shared_available: Ints, lowest: Ints, short: Ints, best: Ints, layer_best: Ints,
    values: Ints, layered: Ints, seen: Bools, digits: Ints, units: Ints,
) -> int:  # fmt: skip
    """Add the locations that the program's solution uses twice to `layered`; returns how many there are now.

    seen [locations] is False everywhere, before and after; digits, units [n] are scratch.
    """
    columns = digit_max.shape[1]
    s = best.shape[0] - 1
    for k in range(layers - 1, -1, -1):
        if values[k + 1, s] != values[k, s]:
            s -= find_portion(lines, s, values[k + 1, s], False, layer_best[k], values[k])
    count = layers
    while s > 0:
        t = 0
        if short[s] + values[0, s - lowest[s]] != values[0, s]:
            t = find_portion(lines, s, values[0, s], True, best, values[0])
        if t == 0:
            s -= lowest[s]
            continue
        s -= t
        pick_digits(lines, t, digits, units)
        at = -1
        for c in range(columns):
            cost = fixed[c] + prices[price_row[c], t]
            if cost > best[t] or cost + lines_cost(c, digits, units, digit_max, line_micros, unit_micros) != best[t]:
                continue
            layer = False
            for k in range(count):
                layer |= layered[k] == location[c]
            if not layer and portion_fits(
                t, c, capacity_kind[c], capacity_left[c], line_count, unit_count, shared, shared_need, shared_available
            ):  # fmt: skip
                at = location[c]
                break
        if at >= 0 and seen[at] and count < LAYERS_MAX:
            layered[count] = at
            count += 1
        if at >= 0:
            seen[at] = True
    seen[:] = False
    return count


@kernel
def find_portion(lines: Ints, s: int, cost: int, lowest: bool, best: Ints, below: Ints) -> int:
    """The first t ≤ s with best[t] + below[s − t] = cost; 0 where there is none."""
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
def pick_digits(lines: Ints, portion: int, digits: Ints, units: Ints) -> None:
    """The digit of each line in a portion, and the fewest units that it stands for."""
    rest = portion
    for j in range(lines.shape[1]):
        digits[j] = rest % (lines[DIGIT_MAX, j] + 1)
        units[j] = digit_units(lines, j, digits[j])
        rest //= lines[DIGIT_MAX, j] + 1


@kernel
def lines_cost(c: int, digits: Ints, units: Ints, digit_max: Ints, line_micros: Ints, unit_micros: Ints) -> int:
    """What the lines of a portion cost on a column, without its shipment; NEVER where it has not the stock."""
    cost = 0
    for j in range(digits.shape[0]):
        if digits[j] > 0:
            if digits[j] > digit_max[j, c]:
                return NEVER
            cost += line_micros[j, c] + unit_micros[c] * units[j]
    return cost
