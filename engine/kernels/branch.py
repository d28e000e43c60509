"""Branch and bound over placements (line, column, quantity): quantity splits, location limits, and long orders.

Depth first, lines in the order given. A split line takes all that a column has, but for one column that takes the rest:
with costs that are concave per location some optimum has this form (a vertex of the transport polytope).

Tables are few and wide, with a named row for each field: what is passed often must be little.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.partition import NEVER
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh_price

Ints = NDArray[np.int64]

LINE_FIELDS = 8
"""Rows of `lines`, by line in branching order. SHORT is per unit; MOST: locations it may be divided over, 1: it goes whole
or not at all; LATER: what the lines after it cost at the least; TIED: 1 where it goes with the line before it, by the same
column or short like that one, both whole."""
QUANTITY, ITEM, GRAMS, VOLUME, SHORT, MOST, LATER, TIED = range(LINE_FIELDS)

COLUMN_FIELDS = 9
"""Rows of `columns`. FIXED holds the split penalty; STEADY is 1 where the carrier never charges less for more weight."""
LOCATION, FIXED, LEAST_PRICE, STEADY, KIND, CAPACITY, ZONE, DIVISOR, PACKAGE = range(COLUMN_FIELDS)

LOAD_FIELDS = 7
"""Rows of `loads`, by column: what the placements in force put there, and its price as far as it is sure.

AGE holds, by rank of age, the columns that are open; COLUMN_AT, by location, its open column or −1."""
LINES_ON, UNITS_ON, GRAMS_ON, VOLUME_ON, PRICE_ON, AGE, COLUMN_AT = range(LOAD_FIELDS)

FRAME_FIELDS = 10
"""Rows of `frames`, one frame a placement: its line, what remained of it, the next choice to try, how many columns were
open when the line began, the first choice that may take a part (columns taken in part come in one order), the depth at
which the line began, what the placements above cost; then the choice in force: column, units, the column's price before."""
LINE, LEFT, NEXT, OLD, PART, FIRST, COST, COLUMN, TAKEN, PRICE = range(FRAME_FIELDS)

LEFT_OUT = -1
"""The column of what is left short."""

NO_CHOICE = -2


@allocating_kernel
def branch_lines(
    lines: Ints, columns: Ints, options: Ints, line_micros: Ints, unit_micros: Ints, available: Ints, start: Ints,
    max_grams: Ints, price: Ints, per_kg: Ints, weight_ppm: int, split_micros: int, locations_max: int, nodes_max: int,
    incumbent: int, out_line: Ints, out_column: Ints, out_quantity: Ints, out: Ints,
) -> None:  # fmt: skip
    """Find a plan cheaper than `incumbent`, or prove that none of the form above is.

    options, line_micros, unit_micros [n, c]: the columns of each line ascending by fixed + line + least price, padded with
    −1, and what each asks per line, NEVER where it may not carry it, and per unit; available [items, c]. A plan without
    shipments is charged `split_micros`, as in `subsets.partition`. The plan is written as placements to out_line,
    out_column (−1: short), out_quantity, as many as they are long; out = cost (the incumbent when nothing cheaper was
    found), placements, nodes, complete (1) or cut (0).

    The choices of a frame: open columns by age, then closed ones by price, then short. Where more weight can cost less,
    only the least price is sure before the plan is whole. The loop over choices stands in the loop over frames: a call
    with so many tables takes longer than the choice.
    """
    last_line = lines.shape[1] - 1
    depth_max = out_line.shape[0]
    left = available.copy()
    loads = np.zeros((LOAD_FIELDS, max(columns.shape[1], columns[LOCATION].max()) + 1), np.int64)
    loads[COLUMN_AT] = -1
    frames = np.zeros((FRAME_FIELDS, depth_max), np.int64)
    frames[LEFT, 0] = lines[QUANTITY, 0]
    frames[COLUMN, 0] = NO_CHOICE
    least = np.int64(incumbent)
    placements, nodes, complete, depth, opened = 0, 0, 1, 0, 0
    while depth >= 0:
        if frames[COLUMN, depth] >= 0:
            opened -= unload(depth, lines, columns, left, loads, frames)
        frames[COLUMN, depth] = NO_CHOICE
        if nodes >= nodes_max:
            complete = 0
            depth -= 1
            continue
        j, units, old = frames[LINE, depth], frames[LEFT, depth], frames[OLD, depth]
        end = old + columns.shape[1]
        limit = least - frames[COST, depth] - lines[LATER, j]
        c, x, sure, delta = NO_CHOICE, 0, 0, 0
        # The line before a tied one stands in the frame above, since both go whole.
        led = frames[COLUMN, depth - 1] if lines[TIED, j] == 1 else NO_CHOICE
        if led == LEFT_OUT and frames[NEXT, depth] < end:
            frames[NEXT, depth] = end
        while c == NO_CHOICE and frames[NEXT, depth] < end:
            choice = frames[NEXT, depth]
            frames[NEXT, depth] += 1
            opening = 0
            if choice < old:
                d = loads[AGE, choice]
                if line_micros[j, d] >= NEVER or (led != NO_CHOICE and d != led):
                    continue
            elif led != NO_CHOICE:
                frames[NEXT, depth] = end
                break
            else:
                d = options[j, choice - old]
                if d < 0 or columns[FIXED, d] + line_micros[j, d] + columns[LEAST_PRICE, d] >= limit:
                    frames[NEXT, depth] = end
                    break
                if loads[COLUMN_AT, columns[LOCATION, d]] >= 0 or opened >= locations_max:
                    continue
                opening = columns[FIXED, d]
            x = min(units, room_for(depth, d, lines, columns, left, loads, frames))
            delta = opening + line_micros[j, d] + unit_micros[j, d] * x
            if x <= 0 or delta >= limit or (x < units and (lines[MOST, j] <= 1 or choice < frames[PART, depth])):
                continue
            sure = column_price(d, loads[GRAMS_ON, d] + x * lines[GRAMS, j], loads[VOLUME_ON, d] + x * lines[VOLUME, j],
                                columns, start, max_grams, price, per_kg, weight_ppm)  # fmt: skip
            if sure >= NEVER:
                continue
            if columns[STEADY, d] == 0:
                sure = columns[LEAST_PRICE, d]
            delta += sure - loads[PRICE_ON, d]
            if delta < limit:
                c = d
        if c == NO_CHOICE and frames[NEXT, depth] == end:
            frames[NEXT, depth] += 1
            x = units
            delta = units * lines[SHORT, j]
            if delta < limit and (led in (NO_CHOICE, LEFT_OUT)):
                c = LEFT_OUT
        if c == NO_CHOICE:
            depth -= 1
            continue
        whole = x == units and j == last_line
        if depth + 1 == depth_max and not whole:
            complete = 0
            continue
        nodes += 1
        frames[COLUMN, depth] = c
        frames[TAKEN, depth] = x
        if c >= 0:
            opened += load(depth, opened, sure, lines, columns, left, loads, frames)
        cost = frames[COST, depth] + delta
        if not whole:
            depth += 1
            begin_frame(depth, cost, x == units, opened, lines, frames)
            continue
        cost += unsettled(opened, columns, loads, start, max_grams, price, per_kg, weight_ppm)
        if opened == 0:
            cost += split_micros
        if cost < least:
            least = cost
            placements = depth + 1
            out_line[:placements] = frames[LINE, :placements]
            out_column[:placements] = frames[COLUMN, :placements]
            out_quantity[:placements] = frames[TAKEN, :placements]
    out[0], out[1], out[2], out[3] = least, placements, nodes, complete


@kernel
def room_for(depth: int, c: int, lines: Ints, columns: Ints, left: Ints, loads: Ints, frames: Ints) -> int:
    """Units of the frame's line that a column can still take: none where the line stands already, or on too many."""
    j, first = frames[LINE, depth], frames[FIRST, depth]
    barred = depth - first >= lines[MOST, j]
    for d in range(first, depth):
        barred |= frames[COLUMN, d] == c
    kind, spare = columns[KIND, c], columns[CAPACITY, c]
    room: int = left[lines[ITEM, j], c]
    room_of_units: int = spare - loads[UNITS_ON, c]
    full = capacity_need(kind, loads[LINES_ON, c] + 1, 0) > spare
    if barred:
        return 0
    if kind == 2:
        return min(room, room_of_units)
    return 0 if full else room


@kernel
def column_price(
    c: int, grams: int, volume_mm3: int, columns: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints,
    weight_ppm: int,
) -> int:  # fmt: skip
    """Weighted carrier price of what a column carries; NEVER where no package may hold it."""
    raw = shipment_micros(grams, volume_mm3, columns[ZONE, c], columns[DIVISOR, c], columns[PACKAGE, c], start, max_grams,
                          price, per_kg)  # fmt: skip
    return weigh_price(raw, weight_ppm)


@kernel
def unsettled(
    opened: int, columns: Ints, loads: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, weight_ppm: int
) -> int:
    """What the shipments of a whole plan cost above what was sure while it grew."""
    total = 0
    for rank in range(opened):
        c = loads[AGE, rank]
        if columns[STEADY, c] == 0:
            total -= loads[PRICE_ON, c]
            total += column_price(c, loads[GRAMS_ON, c], loads[VOLUME_ON, c], columns, start, max_grams, price, per_kg,
                                  weight_ppm)  # fmt: skip
    return total


@kernel
def load(
    depth: int, opened: int, sure: int, lines: Ints, columns: Ints, left: Ints, loads: Ints, frames: Ints
) -> int:  # fmt: skip
    """Put the frame's choice in force; returns 1 where that opens the column."""
    j, c, x = frames[LINE, depth], frames[COLUMN, depth], frames[TAKEN, depth]
    frames[PRICE, depth] = loads[PRICE_ON, c]
    loads[PRICE_ON, c] = sure
    loads[COLUMN_AT, columns[LOCATION, c]] = c
    opens = 1 if loads[LINES_ON, c] == 0 else 0
    # Beyond the open columns the order of age is free to hold anything.
    loads[AGE, opened] = c
    loads[LINES_ON, c] += 1
    loads[UNITS_ON, c] += x
    loads[GRAMS_ON, c] += x * lines[GRAMS, j]
    loads[VOLUME_ON, c] += x * lines[VOLUME, j]
    left[lines[ITEM, j], c] -= x
    return opens


@kernel
def unload(depth: int, lines: Ints, columns: Ints, left: Ints, loads: Ints, frames: Ints) -> int:
    """Take the choice in force back; returns 1 where that closes the column."""
    j, c, x = frames[LINE, depth], frames[COLUMN, depth], frames[TAKEN, depth]
    loads[PRICE_ON, c] = frames[PRICE, depth]
    loads[LINES_ON, c] -= 1
    loads[UNITS_ON, c] -= x
    loads[GRAMS_ON, c] -= x * lines[GRAMS, j]
    loads[VOLUME_ON, c] -= x * lines[VOLUME, j]
    left[lines[ITEM, j], c] += x
    closes = 1 if loads[LINES_ON, c] == 0 else 0
    loads[COLUMN_AT, columns[LOCATION, c]] = -1 if closes else c
    return closes


@kernel
def begin_frame(depth: int, cost: int, done: bool, opened: int, lines: Ints, frames: Ints) -> None:
    """The frame of the next line, or of what remains of the same one."""
    above = depth - 1
    frames[COST, depth] = cost
    frames[COLUMN, depth] = NO_CHOICE
    frames[NEXT, depth] = 0
    if done:
        frames[LINE, depth] = frames[LINE, above] + 1
        frames[LEFT, depth] = lines[QUANTITY, frames[LINE, depth]]
        frames[FIRST, depth] = depth
        frames[OLD, depth] = opened
        frames[PART, depth] = 0
    else:
        frames[LINE, depth] = frames[LINE, above]
        frames[LEFT, depth] = frames[LEFT, above] - frames[TAKEN, above]
        frames[FIRST, depth] = frames[FIRST, above]
        frames[OLD, depth] = frames[OLD, above]
        frames[PART, depth] = frames[NEXT, above]
