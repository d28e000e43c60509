"""Many orders in one call: each order's tables are laid out one behind the other, so that a call costs its overhead once."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.bounds import divided_bound, least_row_prices, line_bounds, product, within
from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER, TABLES_EACH
from engine.kernels.subsets import LAYER_ROWS, LAYERS_MAX, assign_lines, sum_subsets
from engine.kernels.tariffs import price_subsets

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OUT_FIELDS = 6
"""Columns of `out`: objective, lower bound, shipments, nodes, exact, and what every plan that divides a line costs at
the least (NEVER where none may be divided)."""

MICROS_MAX = 2**56
"""A line or a shipment that would cost more goes nowhere: ten of each still add up below NEVER."""

GRAMS_MAX = 2**52
"""A line of more grams or mm³ goes nowhere."""


@kernel
def assign_orders(
    sizes: Ints, split: Ints, weight_ppm: Ints, locations_max: Ints, quantity: Ints, item: Ints, grams: Ints, volume: Ints,
    short: Ints, most: Ints, allowed: Bools, location: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints,
    available: Ints, capacity_kind: Ints, capacity_left: Ints, price_row: Ints, zone: Ints, divisor: Ints,
    package_grams_max: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, out_column: Ints, out: Ints,
) -> None:  # fmt: skip
    """Cheapest plan of whole lines for each order (see `subsets.assign_lines`), orders of ≤ SUBSET_LINES_MAX lines.

    sizes [4, orders]: lines, items, columns, rows; split micros, weight_ppm of the carrier term and locations at
    the most [orders]. Then what
    `optimizer.Problem` holds, in its order, flat and one order behind the other: allowed, line_micros
    [lines × columns] and available [items × columns] row by row. out_column per line: column within the order or −1
    (short); out [orders, OUT_FIELDS].
    """
    lines_max, columns_max, rows_max = sizes[0].max(), sizes[2].max(), sizes[3].max()
    size_max = 1 << lines_max
    # Arrays of their own, and offsets where orders follow each other: a slice costs two atomic counts of references.
    scratch, line_scratch = np.empty((12, size_max), np.int64), np.empty((4, lines_max), np.int64)
    line_count, unit_count, gram_sum, volume_sum = scratch[0], scratch[1], scratch[2], scratch[3]
    step, full, sums, best = scratch[4], scratch[5], scratch[6], scratch[7]
    best_column, value, count, choice = scratch[8], scratch[9], scratch[10], scratch[11]
    line_grams, line_volume, line_short, values = line_scratch[0], line_scratch[1], line_scratch[2], line_scratch[3]
    layers_work = np.empty((LAYER_ROWS, size_max), np.int64)
    prices = np.empty((rows_max, size_max), np.int64)
    handling = np.empty((lines_max, columns_max), np.int64)
    mask = np.empty(columns_max, np.int64)
    order = np.empty(columns_max, np.int64)
    layered = np.empty(LAYERS_MAX, np.int64)
    shared_need = np.empty((lines_max, size_max), np.int64)
    shared_available = np.empty((lines_max, columns_max), np.int64)
    bit_line = np.zeros(size_max, np.int64)
    is_limited = (locations_max < sizes[0]).any()
    limited = np.empty((TABLES_EACH * lines_max if is_limited else 1, size_max), np.int64)
    for j in range(lines_max):
        bit_line[1 << j] = j
        values[j] = 1
    sum_subsets(lines_max, values, 0, line_count)
    l0, a0, c0, m0, r0 = 0, 0, 0, 0, 0
    for o in range(sizes.shape[1]):
        n, items, columns, rows = sizes[0, o], sizes[1, o], sizes[2, o], sizes[3, o]
        l1, a1, c1, m1, r1 = l0 + n, a0 + items * columns, c0 + columns, m0 + n * columns, r0 + rows
        sum_subsets(n, quantity, l0, unit_count)
        weigh_lines(n, l0, quantity, grams, volume, short, line_grams, line_volume, line_short)
        sum_subsets(n, line_grams, 0, gram_sum)
        sum_subsets(n, line_volume, 0, volume_sum)
        price_subsets(1 << n, rows, r0, zone, divisor, package_grams_max, weight_ppm[o], gram_sum, volume_sum, start,
                      max_grams, price, per_kg, step, full, prices)  # fmt: skip
        mask_columns(n, columns, l0, a0, c0, m0, quantity, item, allowed, fixed, line_micros, unit_micros, available,
                     line_grams, line_volume, handling, mask)  # fmt: skip
        shared = share_items(n, items, columns, l0, a0, quantity, item, available, values, shared_need, shared_available)
        assign_lines(
            n, columns, split[o], locations_max[o], mask, location[c0:c1], fixed[c0:c1], handling, price_row[c0:c1], prices,
            line_short, shared, shared_need, shared_available, capacity_kind[c0:c1], capacity_left[c0:c1], line_count,
            unit_count, bit_line, sums, best, best_column, value, count, choice, limited, layers_work, order, layered, l0,
            out_column, o, out,
        )  # fmt: skip
        if out[o, 0] < NEVER:
            out[o, 0] -= split[o]
            out[o, 1] -= split[o]
        out[o, 5] = NEVER
        if may_divide(l0, l1, quantity, most):
            row_price = np.empty(rows, np.int64)
            line_bounds(quantity[l0:l1], short[l0:l1], most[l0:l1], allowed[m0:m1].reshape(n, columns),
                        line_micros[m0:m1].reshape(n, columns), unit_micros[c0:c1], line_grams, line_volume)  # fmt: skip
            least_row_prices(zone[r0:r1], weight_ppm[o], start, price, row_price)
            out[o, 5] = divided_bound(split[o], location[c0:c1], fixed[c0:c1], price_row[c0:c1], row_price,
                                      line_grams[:n], line_volume[:n])  # fmt: skip
        l0, a0, c0, m0, r0 = l1, a1, c1, m1, r1


@kernel
def weigh_lines(
    n: int, l0: int, quantity: Ints, grams: Ints, volume: Ints, short: Ints, line_grams: Ints, line_volume: Ints,
    line_short: Ints,
) -> None:  # fmt: skip
    """Grams and mm³ of each line, at most just beyond GRAMS_MAX, and what it costs when short."""
    for j in range(n):
        q = quantity[l0 + j]
        g, v = grams[l0 + j], volume[l0 + j]
        line_grams[j] = g * q if within(g, q, GRAMS_MAX) else GRAMS_MAX + 1
        line_volume[j] = v * q if within(v, q, GRAMS_MAX) else GRAMS_MAX + 1
        line_short[j] = product(short[l0 + j], q)


@kernel
def mask_columns(
    n: int, columns: int, l0: int, a0: int, c0: int, m0: int, quantity: Ints, item: Ints, allowed: Bools, fixed: Ints,
    line_micros: Ints, unit_micros: Ints, available: Ints, line_grams: Ints, line_volume: Ints, handling: Ints,
    mask: Ints,
) -> None:  # fmt: skip
    """mask[c] = the lines that column c can carry whole, as bits; handling[j, c] = its micros for line j.

    Without branches, since stock is random; over slices, where the compiler sees that no index is negative.
    """
    opening, unit = fixed[c0 : c0 + columns], unit_micros[c0 : c0 + columns]
    for c in range(columns):
        mask[c] = 0
    for j in range(n):
        if line_grams[j] > GRAMS_MAX or line_volume[j] > GRAMS_MAX:
            continue
        q = quantity[l0 + j]
        stock = available[a0 + item[l0 + j] * columns :]
        free, line = allowed[m0 + j * columns :], line_micros[m0 + j * columns :]
        unit_max = MICROS_MAX // q
        for c in range(columns):
            sane = (opening[c] <= MICROS_MAX) & (line[c] <= MICROS_MAX) & (unit[c] <= unit_max)
            mask[c] |= np.int64(free[c] & (stock[c] >= q) & sane) << j
            handling[j, c] = line[c] + unit[c] * q


@kernel
def share_items(
    n: int, items: int, columns: int, l0: int, a0: int, quantity: Ints, item: Ints, available: Ints, values: Ints,
    shared_need: Ints, shared_available: Ints,
) -> int:  # fmt: skip
    """Needs by subset and stock by column of each item that stands in several lines; returns how many there are."""
    shared = 0
    for i in range(items):
        lines = 0
        for j in range(n):
            same = item[l0 + j] == i
            values[j] = quantity[l0 + j] if same else 0
            lines += same
        if lines > 1:
            sum_subsets(n, values, 0, shared_need[shared])
            for c in range(columns):
                shared_available[shared, c] = available[a0 + i * columns + c]
            shared += 1
    return shared


@kernel
def may_divide(l0: int, l1: int, quantity: Ints, most: Ints) -> bool:
    """Whether any line has more than one unit, and may come from more than one location."""
    for j in range(l0, l1):
        if quantity[j] > 1 and most[j] > 1:
            return True
    return False
