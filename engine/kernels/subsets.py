"""Exact assignment of whole lines to locations: best location per subset of lines, then a program over subsets.

Subsets are bit masks over the lines of one order; as indexes in inner loops they are unsigned, since an index of int64 is
checked for being negative each time. A *column* is one way to ship: (location, carrier service, ready date).
Method: set partitioning by dynamic programming over subsets; the program alone is a lower bound, since it may use a
location twice as if that cost and took nothing; such locations are layered (used at most once) until none is left.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.partition import NEVER, partition, partition_all, partition_within

SUBSET_LINES_MAX = 10
"""Lines up to which the program is run: its time grows with 3^lines."""

LAYERS_MAX = 24
"""Locations that may be layered in one order before the answer is called a bound."""

LAYER_ROWS = 3 * LAYERS_MAX + 1

Ints = NDArray[np.int64]


@inlined_kernel
def sum_subsets(n: int, values: Ints, first: int, out: Ints) -> None:
    """out[S] = Σ values[first + j] over j in S, for all subsets of n lines."""
    out[0] = 0
    for j in range(n):
        half = 1 << j
        for s in range(half):
            out[half + s] = out[s] + values[first + j]


@inlined_kernel
def capacity_need(kind: int, lines: int, units: int) -> int:
    """What a shipment takes of a location's day: 1 order, its lines, or its units (kind 0, 1, 2)."""
    if kind == 0:
        return 1
    return lines if kind == 1 else units


@kernel
def subset_fits(
    subset: int, c: int, shared: int, shared_need: Ints, shared_available: Ints, capacity_kind: Ints,
    capacity_left: Ints, line_count: Ints, unit_count: Ints,
) -> bool:  # fmt: skip
    """Whether stock shared by several lines and the location's capacity suffice for the whole subset.

    shared_need [≥ shared, 2^n], shared_available [≥ shared, columns]; line_count and unit_count [2^n].
    """
    need = capacity_need(capacity_kind[c], line_count[subset], unit_count[subset])
    if need > capacity_left[c]:
        return False
    for k in range(shared):
        if shared_need[k, subset] > shared_available[k, c]:
            return False
    return True


@kernel
def scan_columns(
    n: int, used: int, order: Ints, mask: Ints, fixed: Ints, handling: Ints, price_row: Ints, price: Ints,
    shared: int, shared_need: Ints, shared_available: Ints, capacity_kind: Ints, capacity_left: Ints,
    line_count: Ints, unit_count: Ints, bit_line: Ints, sums: Ints, best: Ints, best_column: Ints,
) -> None:  # fmt: skip
    """best[S] = min over columns of fixed + Σ handling + price[row, S]; the first column wins a tie.

    order [≥ used]: which to scan, in order of preference. best and best_column [≥ 2^n] are written; `sums` is scratch.
    The other tables are those of `assign_lines`.
    """
    full = (1 << n) - 1
    for s in range(1, full + 1):
        best[s] = NEVER
    for index in range(used):
        c = order[index]
        m = mask[c]
        row = price_row[c]
        sums[0] = fixed[c]
        s = (0 - m) & m
        while s != 0:
            low = s & -s
            at = np.uint64(s)
            sums[at] = sums[np.uint64(s ^ low)] + handling[bit_line[np.uint64(low)], c]
            cost = sums[at] + price[row, at]
            # Few are cheaper than all before: only those are asked whether they fit.
            if cost < best[at] and subset_fits(
                s, c, shared, shared_need, shared_available, capacity_kind, capacity_left, line_count, unit_count
            ):  # fmt: skip
                best[at] = cost
                best_column[at] = c
            s = (s - m) & m


@kernel
def add_layer(
    n: int, first: int, best: Ints, below: Ints, below_count: Ints, value: Ints, count: Ints, choice: Ints
) -> None:  # fmt: skip
    """value[S] = min(below[S], min over T ⊆ S of best[T] + below[S∖T]): one more location, used at most once.

    Of the subsets from `first` on: of the last layer, only all lines matter.
    Equal values and shipments: the layered location, since below it others may still stand twice.
    """
    for s in range(first, 1 << n):
        least = below[s]
        fewest = below_count[s]
        taken = 0
        t = s
        while t != 0:
            beside = np.uint64(s ^ t)
            cost = best[np.uint64(t)] + below[beside]
            if cost <= least and (cost < least or below_count[beside] + 1 < fewest + (taken == 0)):
                least = cost
                fewest = below_count[beside] + 1
                taken = t
            t = (t - 1) & s
        value[s] = min(least, NEVER)
        count[s] = fewest
        choice[s] = taken


@kernel
def assign_lines(
    n: int, columns: int, split: int, most: int, mask: Ints, location: Ints, fixed: Ints, handling: Ints,
    price_row: Ints, price: Ints, short: Ints, shared: int, shared_need: Ints, shared_available: Ints,
    capacity_kind: Ints, capacity_left: Ints, line_count: Ints, unit_count: Ints, bit_line: Ints, sums: Ints,
    best: Ints, best_column: Ints, value: Ints, count: Ints, choice: Ints, limited: Ints, layers_work: Ints,
    order: Ints, layered: Ints, first_line: int, out_column: Ints, at: int, out: Ints,
) -> None:  # fmt: skip
    """The cheapest plan in which each line comes whole from one location, each location at most once, of `most` locations.

    Columns are in order of preference: mask (lines each carries, as bits), location, fixed (with the split penalty),
    handling [n, c], shared_available, price_row, capacity. By subset: price [rows, 2^n], shared_need, counts. Scratch:
    sums … choice [≥ 2^n], limited (see `partition.partition_within`), layers_work [LAYER_ROWS, ≥ 2^n], order [≥ columns],
    layered [LAYERS_MAX]. out_column[first_line + j] = c or −1 (short); out[at] = objective, lower bound, shipments, nodes,
    exact (1) or only a bound (0).
    """
    full = (1 << n) - 1
    layers = 0
    nodes = 0
    while True:
        used = 0
        for c in range(columns):
            free = mask[c] != 0
            for r in range(layers):
                if layered[r] == location[c]:
                    free = False
            order[used] = c
            used += free
        scan_columns(n, used, order, mask, fixed, handling, price_row, price, shared, shared_need,
                     shared_available, capacity_kind, capacity_left, line_count, unit_count, bit_line, sums, best,
                     best_column)  # fmt: skip
        if most < n:
            partition_within(n, most, split, best, short, limited, value, count, choice)
        elif layers == 0:
            partition(n, split, best, short, value, count, choice)
        else:
            partition_all(n, split, best, short, value, count, choice)
        nodes += used + full + 1
        bound, shipments = value[full], count[full]
        if layers > 0:
            bound, shipments, more = lay_locations(
                n, layers, columns, mask, location, fixed, handling, price_row, price, shared, shared_need,
                shared_available, capacity_kind, capacity_left, line_count, unit_count, bit_line, sums, order, layered,
                value, count, layers_work,
            )  # fmt: skip
            nodes += more
        repeated = read_plan(n, layers, layered, columns, mask, location, fixed, handling, price_row, price,
                             shared, shared_need, shared_available, capacity_kind, capacity_left, line_count,
                             unit_count, best_column, choice, layers_work, first_line, out_column)  # fmt: skip
        # Layers know no limit: a limited plan that uses a location twice is a bound only.
        if repeated < 0 or layers == LAYERS_MAX or most < n:
            out[at, 0], out[at, 1], out[at, 2], out[at, 3] = bound, bound, shipments, nodes
            out[at, 4] = 1 if repeated < 0 else 0
            return
        layered[layers] = repeated
        layers += 1


@kernel
def lay_locations(
    n: int, layers: int, columns: int, mask: Ints, location: Ints, fixed: Ints, handling: Ints,
    price_row: Ints, price: Ints, shared: int, shared_need: Ints, shared_available: Ints, capacity_kind: Ints,
    capacity_left: Ints, line_count: Ints, unit_count: Ints, bit_line: Ints, sums: Ints, order: Ints, layered: Ints,
    value: Ints, count: Ints, layers_work: Ints,
) -> tuple[int, int, int]:  # fmt: skip
    """Lay each location over the program below it; returns the whole order's value, its shipments, columns scanned.

    layers_work: the value, count and choice of each layer in turn; its last row is scratch.
    """
    full = (1 << n) - 1
    below, below_count = value, count
    scanned = 0
    best = layers_work[LAYER_ROWS - 1]
    for r in range(layers):
        used = 0
        for c in range(columns):
            if location[c] == layered[r] and mask[c] != 0:
                order[used] = c
                used += 1
        choice = layers_work[3 * r + 2]
        # Which column carries each subset is found again when the plan is read: choice is free to serve as its scratch.
        scan_columns(n, used, order, mask, fixed, handling, price_row, price, shared, shared_need,
                     shared_available, capacity_kind, capacity_left, line_count, unit_count, bit_line, sums, best,
                     choice)  # fmt: skip
        first = full if r == layers - 1 else 0
        add_layer(n, first, best, below, below_count, layers_work[3 * r], layers_work[3 * r + 1], choice)
        below, below_count = layers_work[3 * r], layers_work[3 * r + 1]
        scanned += used
    return below[full], below_count[full], scanned


@kernel
def read_plan(
    n: int, layers: int, layered: Ints, columns: int, mask: Ints, location: Ints, fixed: Ints,
    handling: Ints, price_row: Ints, price: Ints, shared: int, shared_need: Ints, shared_available: Ints,
    capacity_kind: Ints, capacity_left: Ints, line_count: Ints, unit_count: Ints, best_column: Ints, choice: Ints,
    layers_work: Ints, first_line: int, out_column: Ints,
) -> int:  # fmt: skip
    """Write the column of each line; returns a location that stands in the plan twice, or −1."""
    rest = (1 << n) - 1
    for r in range(layers - 1, -1, -1):
        taken = layers_work[3 * r + 2, rest]
        if taken != 0:
            c = cheapest_column(
                n, taken, layered[r], columns, mask, location, fixed, handling, price_row, price, shared, shared_need,
                shared_available, capacity_kind, capacity_left, line_count, unit_count,
            )  # fmt: skip
            for j in range(n):
                if (taken >> j) & 1:
                    out_column[first_line + j] = c
            rest ^= taken
    seen = 0
    repeated = -1
    while rest != 0:
        taken = choice[rest]
        if taken < 0:
            j = 0
            while ((rest >> j) & 1) == 0:
                j += 1
            out_column[first_line + j] = -1
            rest ^= 1 << j
            continue
        c = best_column[taken]
        for j in range(n):
            d = out_column[first_line + j]
            if (seen >> j) & 1 and location[d] == location[c]:
                repeated = location[c]
        for j in range(n):
            if (taken >> j) & 1:
                out_column[first_line + j] = c
        seen |= taken
        rest ^= taken
    return repeated


@kernel
def cheapest_column(
    n: int, subset: int, wanted: int, columns: int, mask: Ints, location: Ints, fixed: Ints, handling: Ints,
    price_row: Ints, price: Ints, shared: int, shared_need: Ints, shared_available: Ints, capacity_kind: Ints,
    capacity_left: Ints, line_count: Ints, unit_count: Ints,
) -> int:  # fmt: skip
    """The column of one location that carries a subset for least; the first wins a tie, −1 when none can."""
    least = np.int64(NEVER)
    found = -1
    for c in range(columns):
        if location[c] != wanted or (subset & ~mask[c]) != 0:
            continue
        if not subset_fits(subset, c, shared, shared_need, shared_available, capacity_kind, capacity_left,
                           line_count, unit_count):  # fmt: skip
            continue
        cost = fixed[c] + price[price_row[c], subset]
        for j in range(n):
            if (subset >> j) & 1:
                cost += handling[j, c]
        if cost < least:
            least = cost
            found = c
    return found
