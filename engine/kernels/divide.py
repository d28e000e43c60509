"""Plans that may divide lines, many orders in one call: the program over portions, then a search up to what it leaves open."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.assign import (
    ALLOWED_AT,
    AVAILABLE_AT,
    CARRIER_PPM,
    COLUMN_TABLES,
    COLUMNS,
    COLUMNS_AT,
    GRAMS_MAX,
    ITEMS,
    LINE_MICROS_AT,
    LINE_TABLES,
    LINES,
    LINES_AT,
    LOCATIONS_MAX,
    MICROS_MAX,
    ROW_TABLES,
    ROWS,
    ROWS_AT,
    SPLIT,
)
from engine.kernels.bounds import least_row_prices, within
from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.layers import LAYERS_MAX, lay_repeated
from engine.kernels.pointers import bools_at, ints_at
from engine.kernels.portions import (
    DIGIT_MAX,
    DIGITS,
    EXACT,
    GRAMS,
    ITEM,
    LINE_FIELDS,
    MOST,
    QUANTITY,
    SHARED,
    SHORT,
    VOLUME,
    choose_digits,
    count_lines,
    digit_units,
    list_places,
    sum_portions,
)
from engine.kernels.shipments import (
    COMPLETE,
    FOUND,
    LIMIT,
    NODE_FIELDS,
    NODES,
    OPTION_FIELDS,
    STACK_MAX,
    STATE_FIELDS,
    TOP,
    choices_max,
    search_shipments,
)
from engine.kernels.tariffs import is_steady, price_subsets

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DIVIDE_FIELDS = 4
"""Of `out`: cost, lower bound, placements, nodes."""

PORTION_ROWS = 9 + (LAYERS_MAX + 1) + LAYERS_MAX
"""Of scratch, by portion: sums and the like, then from VALUES_ROW and LAYERS_ROW on the tables of `layers.lay_repeated`."""
VALUES_ROW, LAYERS_ROW = 9, 9 + LAYERS_MAX + 1

LINE_ROWS = 6
"""Of scratch, by line."""

WORK_MIN = 2**14
"""int64 of scratch, and locations, that are at hand for the first order."""

STEPS_PER_NODE = 2048
"""Steps of the program that take as long as a node."""

ROUNDS = 5
"""Searches with a limit that rises from the bound to the incumbent, since a low limit leaves little to search."""


@allocating_kernel
def divide_orders(
    which: Ints, incumbent: Ints, sizes: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, nodes_max: int,
    steps_max: int, placements_max: int, placed: Ints, out: Ints,
) -> None:  # fmt: skip
    """Improve some of many orders, with sizes as in `assign.assign_orders`.

    which: their indexes, ascending; incumbent: what the plan known of each costs, `split` included; placements_max: of one
    order. placed [3, ≥ which × placements_max]: line, column or −1 (short), quantity, one plan behind the other; out
    [which, DIVIDE_FIELDS].
    """
    lines_max, columns_max, rows_max = sizes[:, LINES].max(), sizes[:, COLUMNS].max(), sizes[:, ROWS].max()
    width = NODE_FIELDS + 2 * lines_max
    stack, path = np.empty((STACK_MAX, width), np.int64), np.empty((placements_max + 1, width), np.int64)
    by_line = np.empty((LINE_FIELDS + LINE_ROWS) * lines_max, np.int64)
    # Stock is shared by two lines at the least, so that half as many rows as lines are of shared stock.
    by_column = np.empty((lines_max + 1 + lines_max // 2) * columns_max, np.int64)
    layered, state = np.empty(LAYERS_MAX, np.int64), np.empty(STATE_FIELDS, np.int64)
    least_prices = np.empty(rows_max, np.int64)
    work, seen = np.empty(WORK_MIN, np.int64), np.zeros(WORK_MIN, np.bool_)
    first = 0
    for at in range(which.shape[0]):
        o = which[at]
        size, shared, listed, needed, locations = count_lines_of(o, sizes, steps_max, by_line, by_column)
        # Kept for the next one: most orders need no more than those before.
        if needed > work.shape[0]:
            work = np.empty(needed, np.int64)
        if locations > seen.shape[0]:
            seen = np.zeros(locations, np.bool_)
        divide_order(
            o, sizes, size, shared, listed, start, max_grams, price, per_kg, nodes_max, steps_max, incumbent[at], by_line,
            by_column, layered, state, least_prices, work, seen, stack, path, first, placements_max, placed, at, out,
        )  # fmt: skip
        first += out[at, 2]


@kernel
def count_lines_of(o: int, sizes: Ints, steps_max: int, by_line: Ints, by_column: Ints) -> tuple[int, int, int, int, int]:
    """Write lines and digits of an order; returns its portions, shared items, int64 of a list and in all, last location + 1."""
    n, items, c = sizes[o, LINES], sizes[o, ITEMS], sizes[o, COLUMNS]
    of_lines = ints_at(sizes[o, LINES_AT], LINE_TABLES * n).reshape((LINE_TABLES, n))
    columns = ints_at(sizes[o, COLUMNS_AT], COLUMN_TABLES * c).reshape((COLUMN_TABLES, c))
    lines, digit_max = by_line[: LINE_FIELDS * n].reshape((LINE_FIELDS, n)), by_column[: n * c].reshape((n, c))
    quantity, item, grams, volume = of_lines[0], of_lines[1], of_lines[2], of_lines[3]
    fill_usable(quantity, grams, volume, bools_at(sizes[o, ALLOWED_AT], n * c).reshape((n, c)), columns[1],
                ints_at(sizes[o, LINE_MICROS_AT], n * c).reshape((n, c)), columns[2], digit_max)  # fmt: skip
    fill_lines(quantity, item, grams, volume, of_lines[4], of_lines[5], digit_max, lines)
    size = choose_digits(lines, steps_max)
    shared = number_shared(lines)
    fill_digits(lines, ints_at(sizes[o, AVAILABLE_AT], items * c).reshape((items, c)), digit_max)
    last = 0
    for k in range(c):
        last = max(last, columns[0, k])
    listed = list_places(lines, size)[7]
    needed = (PORTION_ROWS + shared + sizes[o, ROWS]) * size + 2 * listed + options_size(lines) + 2 * choices_max(lines)
    return size, shared, listed, needed, last + 1


@kernel
def options_size(lines: Ints) -> int:
    """int64 of the options of a shipment, see `shipments.list_options`."""
    most = 0
    for j in range(lines.shape[1]):
        most = max(most, lines[DIGIT_MAX, j])
    size: int = lines.shape[1] * OPTION_FIELDS * (most + 3)
    return size


@kernel
def divide_order(
    o: int, sizes: Ints, size: int, shared: int, listed: int, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints,
    nodes_max: int, steps_max: int, incumbent: int, by_line: Ints, by_column: Ints, layered: Ints, state: Ints,
    least_prices: Ints, work: Ints, seen: Bools, stack: Ints, path: Ints, first: int, placements_max: int, placed: Ints,
    at: int, out: Ints,
) -> None:  # fmt: skip
    """Find the cheapest plan below `incumbent`, or prove that there is none, within `nodes_max` nodes.

    by_line and by_column hold what `count_lines_of` wrote, and scratch behind it; layered … seen (False everywhere) are
    scratch, stack and path that of `shipments.search_shipments`. Each shipment is charged `split`, and so is a plan without
    any, as in `subsets.partition`. The plan is written to placed[:, first …] (column −1: short); out[at] = cost (the
    incumbent when nothing cheaper was found), lower bound, placements, nodes. Cost and bound are equal where the search is
    complete.
    """
    n, items, c, r = sizes[o, LINES], sizes[o, ITEMS], sizes[o, COLUMNS], sizes[o, ROWS]
    columns = ints_at(sizes[o, COLUMNS_AT], COLUMN_TABLES * c).reshape((COLUMN_TABLES, c))
    rows = ints_at(sizes[o, ROWS_AT], ROW_TABLES * r).reshape((ROW_TABLES, r))
    lines = by_line[: LINE_FIELDS * n].reshape((LINE_FIELDS, n))
    line_rows = by_line[LINE_FIELDS * n : (LINE_FIELDS + LINE_ROWS) * n].reshape((LINE_ROWS, n))
    digit_max, order = by_column[: n * c].reshape((n, c)), by_column[n * c : (n + 1) * c]
    shared_available = by_column[(n + 1) * c : (n + 1 + shared) * c].reshape((shared, c))
    rows_end = PORTION_ROWS + shared + r
    by_portion = work[: rows_end * size].reshape((rows_end, size))
    lists_end = rows_end * size + 2 * listed
    lists = work[rows_end * size : lists_end].reshape((2, listed))
    optional, choosable = options_size(lines), choices_max(lines)
    options_end = lists_end + optional
    options = work[lists_end:options_end].reshape((n, OPTION_FIELDS, optional // (n * OPTION_FIELDS)))
    choices = work[options_end : options_end + 2 * choosable].reshape((2, choosable))
    end = first + placements_max
    divide_lines(
        lines, columns[0], columns[1], ints_at(sizes[o, LINE_MICROS_AT], n * c).reshape((n, c)), columns[2],
        ints_at(sizes[o, AVAILABLE_AT], items * c).reshape((items, c)), columns[3], columns[4], columns[5], rows[0], rows[1],
        rows[2], start, max_grams, price, per_kg, sizes[o, CARRIER_PPM], sizes[o, SPLIT], sizes[o, LOCATIONS_MAX], nodes_max,
        steps_max, incumbent, digit_max, shared, stack, path, placed[0, first:end], placed[1, first:end],
        placed[2, first:end], out[at], by_portion, by_portion[PORTION_ROWS : PORTION_ROWS + shared], shared_available,
        by_portion[PORTION_ROWS + shared :], by_portion[VALUES_ROW:LAYERS_ROW], by_portion[LAYERS_ROW:PORTION_ROWS], line_rows,
        order, layered, state, least_prices, lists, options, choices, seen,
    )  # fmt: skip


@kernel
def divide_lines(
    lines: Ints, location: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints, available: Ints, capacity_kind: Ints,
    capacity_left: Ints, price_row: Ints, zone: Ints, divisor: Ints, package_grams_max: Ints, start: Ints, max_grams: Ints,
    price: Ints, per_kg: Ints, weight_ppm: int, split: int, locations_max: int, nodes_max: int, steps_max: int,
    incumbent: int, digit_max: Ints, shared: int, stack: Ints, path: Ints, out_line: Ints, out_column: Ints,
    out_quantity: Ints, out: Ints, by_portion: Ints, shared_need: Ints, shared_available: Ints, prices: Ints, values: Ints,
    layer_best: Ints, by_line: Ints, order: Ints, layered: Ints, state: Ints, least_prices: Ints, lists: Ints, options: Ints,
    choices: Ints, seen: Bools,
) -> None:  # fmt: skip
    """`divide_order` with its tables at hand."""
    gram_sum, volume_sum, line_count, unit_count = by_portion[0], by_portion[1], by_portion[2], by_portion[3]
    codes, sums, best, lowest, short = by_portion[4], by_portion[5], by_portion[6], by_portion[7], by_portion[8]
    size = best.shape[0]
    per_unit = by_line[0]
    sum_portions(lines, lines[GRAMS], gram_sum)
    sum_portions(lines, lines[VOLUME], volume_sum)
    per_unit[:] = 1
    sum_portions(lines, per_unit, unit_count)
    count_lines(lines, line_count)
    share_stock(lines, available, shared, shared_need, shared_available, per_unit)
    price_subsets(size, zone.shape[0], 0, zone, divisor, package_grams_max, weight_ppm, gram_sum, volume_sum, start,
                  max_grams, price, per_kg, codes, sums, prices)  # fmt: skip
    lower_unsteady(lines, zone, weight_ppm, start, max_grams, price, per_kg, least_prices, prices)
    layers, steps = lay_repeated(
        lines, steps_max, incumbent, digit_max, location, fixed, line_micros, unit_micros, price_row, prices,
        capacity_kind, capacity_left, line_count, unit_count, shared, shared_need, shared_available, codes, sums, lowest, short,
        best, layer_best, values, layered, order, by_line, lists, seen,
    )  # fmt: skip
    value = values[layers]
    for k in range(layers):
        for t in range(size):
            best[t] = min(best[t], layer_best[k, t])
    bound = value[size - 1]
    state[TOP], state[NODES], state[COMPLETE], state[LIMIT], state[FOUND] = 0, steps // STEPS_PER_NODE, 1, incumbent, 0
    out[0], out[1], out[2] = incumbent, min(bound, incumbent), 0
    for turn in range(ROUNDS - 1, -1, -1):
        if state[LIMIT] >= incumbent and bound >= incumbent:
            break
        state[LIMIT] = bound + max(1, (incumbent - bound) >> (2 * turn))
        before = state[LIMIT]
        search_shipments(
            lines, location, fixed, line_micros, unit_micros, available, capacity_kind, capacity_left, price_row, zone,
            divisor, package_grams_max, start, max_grams, price, per_kg, weight_ppm, split, locations_max, nodes_max,
            digit_max, line_count, unit_count, shared, shared_need, shared_available, prices, best, value, stack, path,
            out_line, out_column, out_quantity, state, options, choices, by_line, seen,
        )  # fmt: skip
        if state[COMPLETE]:
            out[1] = state[LIMIT]
        if state[LIMIT] < before:
            out[0], out[2] = state[LIMIT], state[FOUND]
            break
        if not state[COMPLETE]:
            break
    out[3] = state[NODES]


@kernel
def fill_usable(
    quantity: Ints, grams: Ints, volume: Ints, allowed: Bools, fixed: Ints, line_micros: Ints, unit_micros: Ints,
    usable: Ints,
) -> None:  # fmt: skip
    """usable [n, c]: allowed columns, but for amounts beyond the range of what is added up (see `assign.mask_columns`)."""
    for j in range(quantity.shape[0]):
        q = quantity[j]
        light = within(grams[j], q, GRAMS_MAX) and within(volume[j], q, GRAMS_MAX)
        unit_max = MICROS_MAX // q
        free, line, may = allowed[j], line_micros[j], usable[j]
        for c in range(fixed.shape[0]):
            cheap = (fixed[c] <= MICROS_MAX) & (line[c] <= MICROS_MAX) & (unit_micros[c] <= unit_max)
            may[c] = free[c] & light & cheap


@kernel
def fill_lines(
    quantity: Ints, item: Ints, grams: Ints, volume: Ints, short: Ints, most: Ints, usable: Ints, lines: Ints
) -> None:
    """The table `lines` but for its digits. A line that nothing may carry weighs nothing: its weight may be out of range."""
    for j in range(quantity.shape[0]):
        may, carried = usable[j], np.int64(0)
        for c in range(may.shape[0]):
            carried |= may[c]
        lines[QUANTITY, j], lines[ITEM, j], lines[SHORT, j], lines[MOST, j] = quantity[j], item[j], short[j], most[j]
        lines[GRAMS, j] = grams[j] if carried else 0
        lines[VOLUME, j] = volume[j] if carried else 0


@kernel
def fill_digits(lines: Ints, available: Ints, digit_max: Ints) -> None:
    """digit_max[j, c] = the largest digit of line j for which column c has the units; it holds `usable` (1) before."""
    for j in range(lines.shape[1]):
        most, stock = digit_max[j], available[lines[ITEM, j]]
        for digit in range(1, lines[DIGIT_MAX, j] + 1):
            units = digit_units(lines, j, digit)
            for c in range(most.shape[0]):
                # Digits ascend by units: who has not those of one has not those of the next.
                has = stock[c] >= units
                most[c] = most[c] & has if digit == 1 else most[c] + (has & (most[c] > 0))


@kernel
def number_shared(lines: Ints) -> int:
    """Number the items that stand in several lines; returns how many there are."""
    shared = 0
    lines[SHARED] = -1
    for j in range(lines.shape[1]):
        for i in range(j):
            if lines[ITEM, i] == lines[ITEM, j] and lines[SHARED, j] < 0:
                if lines[SHARED, i] < 0:
                    lines[SHARED, i] = shared
                    shared += 1
                lines[SHARED, j] = lines[SHARED, i]
    return shared


@kernel
def share_stock(
    lines: Ints, available: Ints, shared: int, shared_need: Ints, shared_available: Ints, asks: Ints
) -> None:  # fmt: skip
    """Needs by portion and stock by column of each item that stands in several lines; asks [n] is scratch."""
    for k in range(shared):
        for j in range(lines.shape[1]):
            asks[j] = lines[SHARED, j] == k
            if asks[j]:
                for c in range(available.shape[1]):
                    shared_available[k, c] = available[lines[ITEM, j], c]
        sum_portions(lines, asks, shared_need[k])


@kernel
def lower_unsteady(
    lines: Ints, zone: Ints, weight_ppm: int, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, least: Ints,
    prices: Ints,
) -> None:  # fmt: skip
    """Where more weight can cost less, a portion that stands for more than its units counts the least price only.

    least [rows] is scratch.
    """
    least_row_prices(zone, weight_ppm, start, price, least)
    counted = True
    for j in range(lines.shape[1]):
        counted &= lines[DIGITS, j] <= EXACT
    for row in range(zone.shape[0]):
        if zone[row] >= 0 and not counted and not is_steady(zone[row], start, max_grams, price, per_kg):
            for t in range(1, prices.shape[1]):
                prices[row, t] = least[row]
