"""Many orders in one call: each order's tables are laid out one behind the other, so that a call costs its overhead once."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.bounds import divided_bound, least_row_prices, line_bounds, product, within
from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.partition import NEVER, TABLES_EACH
from engine.kernels.pointers import bools_at, ints_at
from engine.kernels.subsets import LAYER_ROWS, LAYERS_MAX, SUBSET_LINES_MAX, assign_lines, sum_subsets
from engine.kernels.tariffs import price_subsets

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OUT_FIELDS = 6
"""Columns of `out`: objective, lower bound, shipments, nodes, exact, and what every plan that divides a line costs at
the least (NEVER where none may be divided)."""

SIZE_FIELDS = 14
LINES, ITEMS, COLUMNS, ROWS, SPLIT, CARRIER_PPM, LOCATIONS_MAX, PLAIN = range(8)
LINES_AT, COLUMNS_AT, ROWS_AT, ALLOWED_AT, LINE_MICROS_AT, AVAILABLE_AT = range(8, SIZE_FIELDS)
"""Of the sizes of an order: how much there is, the rules, whether there are no others, and where its tables lie."""

LINE_TABLES, COLUMN_TABLES, ROW_TABLES = 6, 6, 3
"""How many tables by line, by column and by price row an order has, in the order of `optimizer.problem`."""

SUBSET_ROWS, LINE_ROWS, COLUMN_ROWS = 13, 4, 2
"""Of scratch, by subset, line and column."""

MICROS_MAX = 2**56
"""A line or a shipment that would cost more goes nowhere: ten of each still add up below NEVER."""

GRAMS_MAX = 2**52
"""A line of more grams or mm³ goes nowhere."""


@kernel
def all_suit(sizes: Ints) -> bool:
    """Whether every order is one for `assign_orders`: asked of each small one, where it counts what asking takes."""
    suits = True
    for o in range(sizes.shape[0]):
        suits &= (sizes[o, LINES] <= SUBSET_LINES_MAX) & (sizes[o, COLUMNS] > 0) & (sizes[o, LOCATIONS_MAX] > 0)
        suits &= sizes[o, PLAIN] == 1
    return suits


@allocating_kernel
def assign_orders(sizes: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, placed: Ints, out: Ints) -> int:
    """Cheapest plan of whole lines for each order (see `subsets.assign_lines`), orders of ≤ SUBSET_LINES_MAX lines.

    sizes [orders, SIZE_FIELDS]: those of each `optimizer.Problem`, with where its tables lie; then the tariffs. placed
    [3, lines]: line, column within the order or −1 (short), quantity; out [orders, OUT_FIELDS]. Returns how many orders are
    left open: not exact, or perhaps dearer than a plan that divides a line.
    """
    lines_max, columns_max, rows_max = sizes[:, LINES].max(), sizes[:, COLUMNS].max(), sizes[:, ROWS].max()
    size_max = 1 << lines_max
    is_limited = (sizes[:, LOCATIONS_MAX] < sizes[:, LINES]).any()
    return assign_each(
        sizes, start, max_grams, price, per_kg, placed, placed[1], out, np.empty((SUBSET_ROWS, size_max), np.int64),
        np.empty((LINE_ROWS, lines_max), np.int64), np.empty((LAYER_ROWS, size_max), np.int64),
        np.empty((rows_max, size_max), np.int64), np.empty((lines_max, columns_max), np.int64),
        np.empty((COLUMN_ROWS, columns_max), np.int64), np.empty(LAYERS_MAX, np.int64),
        np.empty((lines_max, size_max), np.int64), np.empty((lines_max, columns_max), np.int64),
        np.empty((TABLES_EACH * lines_max if is_limited else 1, size_max), np.int64), np.empty(rows_max, np.int64),
    )  # fmt: skip


@kernel
def assign_each(
    sizes: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, placed: Ints, out_column: Ints, out: Ints,
    by_subset: Ints, by_line: Ints, layers_work: Ints, prices: Ints, handling: Ints, by_column: Ints, layered: Ints,
    shared_need: Ints, shared_available: Ints, limited: Ints, row_price: Ints,
) -> int:  # fmt: skip
    """`assign_orders` with its scratch at hand: a kernel of its own, since slices cost nothing where none is counted."""
    line_count, unit_count, gram_sum, volume_sum = by_subset[0], by_subset[1], by_subset[2], by_subset[3]
    step, full, sums, best = by_subset[4], by_subset[5], by_subset[6], by_subset[7]
    best_column, value, count, choice, bit_line = by_subset[8], by_subset[9], by_subset[10], by_subset[11], by_subset[12]
    line_grams, line_volume, line_short, values = by_line[0], by_line[1], by_line[2], by_line[3]
    mask, order = by_column[0], by_column[1]
    for j in range(by_line.shape[1]):
        bit_line[1 << j] = j
        values[j] = 1
    sum_subsets(by_line.shape[1], values, 0, line_count)
    first, open_count = 0, 0
    for o in range(sizes.shape[0]):
        n, items, c, r = sizes[o, LINES], sizes[o, ITEMS], sizes[o, COLUMNS], sizes[o, ROWS]
        split, weight_ppm, most_locations = sizes[o, SPLIT], sizes[o, CARRIER_PPM], sizes[o, LOCATIONS_MAX]
        lines, columns = ints_at(sizes[o, LINES_AT], LINE_TABLES * n), ints_at(sizes[o, COLUMNS_AT], COLUMN_TABLES * c)
        rows, free = ints_at(sizes[o, ROWS_AT], ROW_TABLES * r), bools_at(sizes[o, ALLOWED_AT], n * c)
        each, stock = ints_at(sizes[o, LINE_MICROS_AT], n * c), ints_at(sizes[o, AVAILABLE_AT], items * c)
        quantity, item, grams = lines[:n], lines[n : 2 * n], lines[2 * n : 3 * n]
        volume, short, most = lines[3 * n : 4 * n], lines[4 * n : 5 * n], lines[5 * n :]
        location, fixed, unit = columns[:c], columns[c : 2 * c], columns[2 * c : 3 * c]
        kind, left, row = columns[3 * c : 4 * c], columns[4 * c : 5 * c], columns[5 * c :]
        zone, divisor, package = rows[:r], rows[r : 2 * r], rows[2 * r :]
        sum_subsets(n, quantity, 0, unit_count)
        weigh_lines(quantity, grams, volume, short, line_grams, line_volume, line_short)
        sum_subsets(n, line_grams, 0, gram_sum)
        sum_subsets(n, line_volume, 0, volume_sum)
        price_subsets(1 << n, r, 0, zone, divisor, package, weight_ppm, gram_sum, volume_sum, start, max_grams, price,
                      per_kg, step, full, prices)  # fmt: skip
        mask_columns(c, quantity, item, free, fixed, each, unit, stock, line_grams, line_volume, handling, mask)
        shared = share_items(items, c, quantity, item, stock, values, shared_need, shared_available)
        assign_lines(
            n, c, split, most_locations, mask, location, fixed, handling, row, prices, line_short, shared, shared_need,
            shared_available, kind, left, line_count, unit_count, bit_line, sums, best, best_column, value, count, choice,
            limited, layers_work, order, layered, first, out_column, o, out,
        )  # fmt: skip
        for j in range(n):
            placed[0, first + j], placed[2, first + j] = j, quantity[j]
        if out[o, 0] < NEVER:
            out[o, 0] -= split
            out[o, 1] -= split
        out[o, 5] = NEVER
        if may_divide(quantity, most):
            line_bounds(quantity, short, most, free.reshape((n, c)), each.reshape((n, c)), unit, line_grams, line_volume)
            least_row_prices(zone, weight_ppm, start, price, row_price[:r])
            out[o, 5] = divided_bound(split, location, fixed, row, row_price[:r], line_grams[:n], line_volume[:n])
        first += n
        open_count += (out[o, 4] != 1) | (out[o, 0] > out[o, 5])
    return open_count


@kernel
def weigh_lines(
    quantity: Ints, grams: Ints, volume: Ints, short: Ints, line_grams: Ints, line_volume: Ints, line_short: Ints
) -> None:
    """Grams and mm³ of each line, at most just beyond GRAMS_MAX, and what it costs when short."""
    for j in range(quantity.shape[0]):
        q = quantity[j]
        line_grams[j] = grams[j] * q if within(grams[j], q, GRAMS_MAX) else GRAMS_MAX + 1
        line_volume[j] = volume[j] * q if within(volume[j], q, GRAMS_MAX) else GRAMS_MAX + 1
        line_short[j] = product(short[j], q)


@kernel
def mask_columns(
    columns: int, quantity: Ints, item: Ints, allowed: Bools, fixed: Ints, line_micros: Ints, unit_micros: Ints,
    available: Ints, line_grams: Ints, line_volume: Ints, handling: Ints, mask: Ints,
) -> None:  # fmt: skip
    """mask[c] = the lines that column c can carry whole, as bits; handling[j, c] = its micros for line j.

    Without branches, since stock is random; over slices, where the compiler sees that no index is negative.
    """
    opening, unit = fixed[:columns], unit_micros[:columns]
    for c in range(columns):
        mask[c] = 0
    for j in range(quantity.shape[0]):
        if line_grams[j] > GRAMS_MAX or line_volume[j] > GRAMS_MAX:
            continue
        q = quantity[j]
        stock = available[item[j] * columns :]
        free, line = allowed[j * columns :], line_micros[j * columns :]
        unit_max = MICROS_MAX // q
        for c in range(columns):
            sane = (opening[c] <= MICROS_MAX) & (line[c] <= MICROS_MAX) & (unit[c] <= unit_max)
            mask[c] |= np.int64(free[c] & (stock[c] >= q) & sane) << j
            handling[j, c] = line[c] + unit[c] * q


@kernel
def share_items(
    items: int, columns: int, quantity: Ints, item: Ints, available: Ints, values: Ints, shared_need: Ints,
    shared_available: Ints,
) -> int:  # fmt: skip
    """Needs by subset and stock by column of each item that stands in several lines; returns how many there are."""
    n, shared = quantity.shape[0], 0
    for i in range(items):
        lines = 0
        for j in range(n):
            same = item[j] == i
            values[j] = quantity[j] if same else 0
            lines += same
        if lines > 1:
            sum_subsets(n, values, 0, shared_need[shared])
            for c in range(columns):
                shared_available[shared, c] = available[i * columns + c]
            shared += 1
    return shared


@kernel
def may_divide(quantity: Ints, most: Ints) -> bool:
    """Whether any line has more than one unit, and may come from more than one location."""
    for j in range(quantity.shape[0]):
        if quantity[j] > 1 and most[j] > 1:
            return True
    return False
