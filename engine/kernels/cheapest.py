"""The least a subset of lines costs from the locations of one run, before the carrier: locations innermost.

A cost is fixed + Σ over its lines of (pick + unit × quantity). A line that a location cannot carry whole costs BARRED there,
so that no loop over locations asks a question: stock is random, and a wrong guess costs more than the sum.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel

BARRED = 2**58
"""More than any true cost below COST_MAX; ten of them, a price of NEVER and a true cost still add up within int64."""

COST_MAX = 2**56
DENSE_LINES_MAX = 5
"""Lines up to which every subset is summed at every location; beyond, only those that the location carries."""

TILE = 128
"""Locations summed together: the sums of half of the subsets then stay in the first cache."""

VECTOR = 16
"""Loops run over a multiple of it, so that none is left to be done one by one."""

SHORT_RUN = 12
"""Runs of fewer locations are scanned one by one: setting up a tile would take longer."""

TILE_ROWS = (1 << DENSE_LINES_MAX) + DENSE_LINES_MAX
HANDLING = 1 << DENSE_LINES_MAX

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]


@inlined_kernel
def gather_bits(begin: int, end: int, row: int, places: Int32s, by_location: Int32s, bits: Int32s) -> int:
    """bits[c] = by_location[location at position c]; returns the bits of any."""
    seen = np.int32(0)
    for c in range(begin, end):
        at = np.uint64(c)
        b = by_location[np.uint64(places[row, 0, at])]
        bits[at] = b
        seen |= b
    return int(seen)


@inlined_kernel
def find_sorted(
    begin: int, end: int, row: int, n: int, line_count: Ints, unit_count: Ints, places: Int32s, fixed: Ints, handling: Int32s,
    by_location: Int32s, least: Ints, found: Ints,
) -> int:  # fmt: skip
    """`scan_run` of a sorted run: the first position that carries a subset does so for least; found[S] is where.

    It ends with the first location that carries every line. What carried S carried all its subsets, so that a location
    whose lines were carried before has nothing to add. Returns the first position with any unit, or `end`.
    """
    full = (1 << n) - 1
    least[: 1 << n] = BARRED
    least[0] = 0
    opening = end
    for i in range(begin, end):
        c = np.uint64(i)
        bits = by_location[np.uint64(places[row, 0, c])]
        if opening == end and bits != 0:
            opening = i
        mask: Any = np.int64(bits) & full
        if least[np.uint64(mask)] < BARRED:
            continue
        cost, pick, unit = fixed[row, c], np.int64(handling[row, 0, c]), np.int64(handling[row, 1, c])
        s: Any = (0 - mask) & mask
        while s != 0:
            at = np.uint64(s)
            if least[at] >= BARRED:
                least[at], found[at] = cost + pick * line_count[at] + unit * unit_count[at], i
            s = (s - mask) & mask
        if mask == full:
            break
    return opening


@inlined_kernel
def cheapest_opening(begin: int, end: int, row: int, fixed: Ints, bits: Int32s) -> int:
    """The position with the least fixed cost of those with any unit of any line, or `end`."""
    least, found = BARRED, end
    for i in range(begin, end):
        c = np.uint64(i)
        if bits[c] != 0 and fixed[row, c] < least:
            least, found = fixed[row, c], i
    return found


@inlined_kernel
def scan_run(
    begin: int, end: int, row: int, n: int, first_line: int, quantity: Ints, line_count: Ints, unit_count: Ints, fixed: Ints,
    handling: Int32s, bits: Int32s, tile: Ints, least: Ints,
) -> None:  # fmt: skip
    """least[S] = min over positions begin … end of fixed + Σ handling for all subsets of n lines; ≥ BARRED: none.

    fixed [K, L], handling [K, 2, L], bits [L]; quantity per line from first_line on; line_count, unit_count [2^n]. tile
    [TILE_ROWS, TILE] is scratch.
    """
    for s in range(1 << n):
        least[s] = BARRED
    if n > DENSE_LINES_MAX or end - begin < SHORT_RUN:
        scan_each(begin, end, row, n, line_count, unit_count, fixed, handling, bits, least)
        return
    for at in range(begin, end, TILE):
        count = min(TILE, end - at)
        padded = (count + VECTOR - 1) // VECTOR * VECTOR
        fill_tile(at, count, padded, row, n, first_line, quantity, fixed, handling, bits, tile)
        sum_tile(padded, n, tile, least)


@inlined_kernel
def fill_tile(
    begin: int, count: int, padded: int, row: int, n: int, first_line: int, quantity: Ints, fixed: Ints, handling: Int32s,
    bits: Int32s, tile: Ints,
) -> None:  # fmt: skip
    """tile[0, i] = fixed of position begin + i; tile[HANDLING + j, i] = its handling of line j, BARRED where it cannot."""
    at = np.uint64(begin)
    for i in range(count):
        tile[0, i] = fixed[row, at + np.uint64(i)]
    for i in range(count, padded):
        tile[0, i] = BARRED
    for j in range(n):
        asked, bit = np.int32(quantity[first_line + j]), np.int32(1 << j)
        for i in range(count):
            c = at + np.uint64(i)
            unit = np.int64(handling[row, 1, c]) * np.int64(asked)
            tile[HANDLING + j, i] = np.int64(handling[row, 0, c]) + unit + (0 if bits[c] & bit else BARRED)
        for i in range(count, padded):
            tile[HANDLING + j, i] = BARRED


@inlined_kernel
def sum_tile(padded: int, n: int, tile: Ints, least: Ints) -> None:
    """Lower least[S] to the least of the tile: each subset is the one without its lowest line, and that line."""
    for s in range(1, 1 << n):
        rest, line = s & (s - 1), HANDLING
        while (s >> (line - HANDLING)) & 1 == 0:
            line += 1
        lowest = least[s]
        if line == HANDLING:
            # No other subset builds on one that holds line 0: nothing to keep.
            for i in range(padded):
                lowest = min(lowest, tile[rest, i] + tile[HANDLING, i])
        else:
            for i in range(padded):
                cost = tile[rest, i] + tile[line, i]
                tile[s, i] = cost
                lowest = min(lowest, cost)
        least[s] = lowest


@inlined_kernel
def scan_each(
    begin: int, end: int, row: int, n: int, line_count: Ints, unit_count: Ints, fixed: Ints, handling: Int32s, bits: Int32s,
    least: Ints,
) -> None:  # fmt: skip
    """`scan_run` position by position, over the subsets that each carries."""
    full = (1 << n) - 1
    for i in range(begin, end):
        c = np.uint64(i)
        mask = np.int64(bits[c]) & full
        pick, unit, opening = np.int64(handling[row, 0, c]), np.int64(handling[row, 1, c]), fixed[row, c]
        s = (0 - mask) & mask
        while s != 0:
            at = np.uint64(s)
            least[at] = min(least[at], opening + pick * line_count[at] + unit * unit_count[at])
            s = (s - mask) & mask


@inlined_kernel
def first_position(
    begin: int, end: int, row: int, subset: int, line_count: Ints, unit_count: Ints, fixed: Ints, handling: Int32s,
    bits: Int32s,
) -> int:  # fmt: skip
    """The first position of those that carry a subset for the least; there must be one."""
    least, found = np.int64(BARRED), begin
    lines, units = line_count[subset], unit_count[subset]
    for i in range(begin, end):
        c = np.uint64(i)
        if (bits[c] & subset) == subset:
            cost = fixed[row, c] + np.int64(handling[row, 0, c]) * lines + np.int64(handling[row, 1, c]) * units
            if cost < least:
                least, found = cost, i
    return found
