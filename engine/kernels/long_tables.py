"""From a problem's arrays to the tables of a long order: what each column can carry, and what it asks for it."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.assign import GRAMS_MAX, MICROS_MAX
from engine.kernels.bounds import product, within
from engine.kernels.jit import kernel
from engine.kernels.long_order import CAPACITY, FIXED, ITEM, KIND, LOCATION, QUANTITY, REPEATED, ROW, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.subsets import capacity_need

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@kernel
def whole_line_costs(
    t: LongOrder, grams: Ints, volume: Ints, allowed: Bools, line_micros: Ints, unit_micros: Ints
) -> None:  # fmt: skip
    """handling[c, j] = line + units, or NEVER where the column cannot carry line j whole, alone.

    Amounts beyond MICROS_MAX or GRAMS_MAX go nowhere; grams and volume per unit, allowed and line_micros [n, m].
    """
    for j in range(allowed.shape[0]):
        q = t.lines[QUANTITY, j]
        light = within(grams[j], q, GRAMS_MAX) and within(volume[j], q, GRAMS_MAX)
        unit_max = MICROS_MAX // q
        for c in range(allowed.shape[1]):
            sane = t.columns[FIXED, c] <= MICROS_MAX and line_micros[j, c] <= MICROS_MAX and unit_micros[c] <= unit_max
            room = capacity_need(t.columns[KIND, c], 1, q) <= t.columns[CAPACITY, c]
            stock = t.available[t.lines[ITEM, j], c] >= q
            carried = allowed[j, c] and sane and room and stock and light
            t.handling[c, j] = line_micros[j, c] + unit_micros[c] * q if carried else NEVER


@kernel
def divided_line_costs(
    t: LongOrder, most: Ints, allowed: Bools, line_micros: Ints, unit_micros: Ints
) -> None:  # fmt: skip
    """handling[c, j] = q × the least a unit of line j costs on column c, for lines that may be divided.

    Per unit a line costs least where the column gives all it can, a units: line ÷ a + unit. Tables of `whole_line_costs`
    in, a bound on every plan of divided lines out.
    """
    for j in range(allowed.shape[0]):
        q = t.lines[QUANTITY, j]
        if most[j] <= 1 or q == 1:
            continue
        for c in range(allowed.shape[1]):
            units = min(q, t.available[t.lines[ITEM, j], c])
            if t.columns[KIND, c] == 2:
                units = min(units, t.columns[CAPACITY, c])
            barred = not allowed[j, c] or units <= 0 or capacity_need(t.columns[KIND, c], 1, 1) > t.columns[CAPACITY, c]
            if barred or t.columns[FIXED, c] > MICROS_MAX or line_micros[j, c] > MICROS_MAX:
                t.handling[c, j] = NEVER
                continue
            line, rest = line_micros[j, c] // units, line_micros[j, c] % units
            # Rounded down by less than one micro a unit that is there.
            chord = min(product(line, q), MICROS_MAX) + min(product(rest, q), MICROS_MAX) // units
            t.handling[c, j] = min(chord, MICROS_MAX) + min(product(unit_micros[c], q), MICROS_MAX)


@kernel
def nothing_binds(t: LongOrder) -> bool:
    """Whether every column could carry all the lines it carries at once: no capacity and no shared stock in the way."""
    n = t.lines.shape[1]
    for c in range(t.handling.shape[0]):
        lines = 0
        units = 0
        for j in range(n):
            if t.handling[c, j] >= NEVER:
                continue
            lines += 1
            units += t.lines[QUANTITY, j]
            if t.lines[REPEATED, j] == 1:
                need = 0
                for k in range(n):
                    if t.lines[ITEM, k] == t.lines[ITEM, j] and t.handling[c, k] < NEVER:
                        need += t.lines[QUANTITY, k]
                if need > t.available[t.lines[ITEM, j], c]:
                    return False
        if lines > 0 and capacity_need(t.columns[KIND, c], lines, units) > t.columns[CAPACITY, c]:
            return False
    return True


@kernel
def drop_dominated(t: LongOrder, by_location: Ints) -> None:
    """Let a column carry nothing where another of its location is proven as good for everything: cost, stock, capacity.

    by_location [m]: columns in order of their locations, then as given; of two equals the first stays.
    """
    for i in range(by_location.shape[0]):
        c = by_location[i]
        for way in (-1, 1):
            k = i + way
            while 0 <= k < by_location.shape[0] and t.columns[LOCATION, by_location[k]] == t.columns[LOCATION, c]:
                if is_dominated(t, c, by_location[k], k < i):
                    t.handling[c, :] = NEVER
                    break
                k += way


@kernel
def is_dominated(t: LongOrder, c: int, d: int, first: bool) -> bool:
    """Whether column d of the same location does all that c does for no more, and comes first where both are equal."""
    if t.columns[ROW, c] != t.columns[ROW, d] or t.columns[KIND, c] != t.columns[KIND, d]:
        return False
    if t.columns[FIXED, d] > t.columns[FIXED, c] or t.columns[CAPACITY, d] < t.columns[CAPACITY, c]:
        return False
    better = t.columns[FIXED, d] < t.columns[FIXED, c]
    for j in range(t.lines.shape[1]):
        if t.handling[d, j] > t.handling[c, j]:
            return False
        better |= t.handling[d, j] < t.handling[c, j]
        if t.lines[REPEATED, j] == 1 and t.available[t.lines[ITEM, j], d] < t.available[t.lines[ITEM, j], c]:
            return False
    return better or first
