"""Every location × line of a basket in one pass over the matrix rows of its items: units by now, and which lines fit.

Units are int32, at most UNITS_MAX: what is asked for is never more, and twice as many fit into a register. A row is read
in blocks. A block of nothing but common stock on hand at neighbouring locations, as most are, goes through a loop without
a branch, which the compiler turns into SIMD; one with gaps between its locations, position by position; only in a block
with other slots, or with negative quantities, is each position looked at with care. Indexes of inner loops are unsigned,
since a signed one is tested for counting from the end.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel
from engine.kernels.prefetch import prefetch
from engine.kernels.stock import position_left

UNITS_MAX = 2**31 - 1
BLOCK_POSITIONS = 128

ANY_SHIFT = 16
"""Bit j: the location has the whole of line j; bit ANY_SHIFT + j: it has one unit at the least."""

LATER = 1
"""A receipt of the row lands after now."""
FULL = 2
"""A location has UNITS_MAX or more: what it has beyond is not told."""

Ints = NDArray[np.int64]
Units = NDArray[np.int32]
Bools = NDArray[np.bool_]


@inlined_kernel
def score_row(
    start: int, count: int, next_start: int, now: int, latest: int, pool_allowed: Bools, pool_row: int, floor: Units,
    floor_row: int, slot_available_at: Ints, slot_pool: Ints, slot_sellable: Bools, at_location: Units, at_slot: Units,
    supply: Units, demand: Units, out: Units, row: int,
) -> int:  # fmt: skip
    """out[row, l] = min(UNITS_MAX, what l can promise of an item by minute `now`), as `stock.gather_available` has it.

    pool_allowed [rows, pools], floor [rows, locations], none negative, out [rows, locations]. Returns LATER (by `latest`)
    and FULL, as bits. The row that starts at next_start is fetched on the way.
    """
    flags, left = 0, count
    at: Any = np.uint64(start)
    ahead: Any = np.uint64(next_start)
    done = 0  # locations before it are written
    while left > 0:
        size = min(left, BLOCK_POSITIONS)
        fetch_block(ahead, at_location, at_slot, supply, demand)
        first: Any = np.int64(at_location[at])
        last: Any = np.int64(at_location[at + np.uint64(size - 1)])
        plain = plain_block(at, size, at_slot, supply, demand) and first >= done
        if plain and pool_allowed[pool_row, 0] and last - first == size - 1:
            clear(done, first, out, row)
            set_neighbours(at, size, first, floor, floor_row, supply, demand, out, row)
        else:
            clear(done, last + 1, out, row)
            if not plain:
                flags |= add_any(
                    start, at, size, now, latest, pool_allowed, pool_row, floor, floor_row, slot_available_at, slot_pool,
                    slot_sellable, at_location, at_slot, supply, demand, out, row,
                )  # fmt: skip
            elif pool_allowed[pool_row, 0]:
                set_on_hand(at, size, floor, floor_row, at_location, supply, demand, out, row)
        done = last + 1
        at += np.uint64(size)
        ahead += np.uint64(size)
        left -= size
    clear(done, out.shape[1], out, row)
    return flags


@inlined_kernel
def fetch_block(at: int, at_location: Units, at_slot: Units, supply: Units, demand: Units) -> None:
    """Have BLOCK_POSITIONS positions fetched, a cache line of 16 at a time; of locations the first and the last.

    Those between are not read where they are neighbours, as most are, and a quarter of what is read were they.
    """
    prefetch(at_location, at)
    prefetch(at_location, at + np.uint64(BLOCK_POSITIONS - 1))
    for line in range(0, BLOCK_POSITIONS, 16):
        p = at + np.uint64(line)
        prefetch(at_slot, p)
        prefetch(supply, p)
        prefetch(demand, p)


@inlined_kernel
def clear(first: int, last: int, out: Units, row: int) -> None:
    """out[row, first … last) = 0."""
    begin = np.uint64(first)
    for i in range(last - first):
        out[row, begin + np.uint64(i)] = 0


@inlined_kernel
def plain_block(at: int, size: int, at_slot: Units, supply: Units, demand: Units) -> bool:
    """Whether all positions are on hand (slot 0) and no quantity is negative: then nothing leaves int32 below."""
    slots, signs = np.int32(0), np.int32(0)
    for i in range(size):
        p = at + np.uint64(i)
        slots |= at_slot[p]
        signs |= supply[p] | demand[p]
    return bool(slots == 0 and signs >= 0)


@inlined_kernel
def set_neighbours(
    at: int, size: int, first: int, floor: Units, floor_row: int, supply: Units, demand: Units, out: Units, row: int
) -> None:
    """Plain positions at the locations first, first + 1 …."""
    for i in range(size):
        p, l = at + np.uint64(i), np.uint64(first) + np.uint64(i)  # noqa: E741
        units = max(np.int32(supply[p] - demand[p]), np.int32(0))
        out[row, l] = max(np.int32(units - floor[floor_row, l]), np.int32(0))


@inlined_kernel
def set_on_hand(
    at: int, size: int, floor: Units, floor_row: int, at_location: Units, supply: Units, demand: Units, out: Units, row: int
) -> None:
    """Plain positions at ascending locations with gaps."""
    for i in range(size):
        p = at + np.uint64(i)
        l = np.uint64(at_location[p])  # noqa: E741
        units = max(np.int32(supply[p] - demand[p]), np.int32(0))
        out[row, l] = max(np.int32(units - floor[floor_row, l]), np.int32(0))


@inlined_kernel
def add_any(
    start: int, at: int, size: int, now: int, latest: int, pool_allowed: Bools, pool_row: int, floor: Units, floor_row: int,
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: Bools, at_location: Units, at_slot: Units, supply: Units,
    demand: Units, out: Units, row: int,
) -> int:  # fmt: skip
    """Positions of any receipt and pool, added to what is there; in int64, since hostile quantities leave int32.

    A location whose positions began before this block, in a row from `start`, is followed from its first one.
    """
    flags, allowed = 0, pool_allowed[pool_row]
    begin: Any = np.uint64(at)
    first: Any = begin
    while first > np.uint64(start) and at_location[first - np.uint64(1)] == at_location[begin]:
        first -= np.uint64(1)
    location: Any = np.int32(-1)
    common_debt: Any = np.int64(0)
    own_debt: Any = np.int64(0)
    for i in range(np.int64(begin - first) + size):
        p = first + np.uint64(i)
        l, slot = np.uint64(at_location[p]), np.uint64(at_slot[p])  # noqa: E741
        if at_location[p] != location:
            location = at_location[p]
            common_debt, own_debt = np.int64(floor[floor_row, l]), np.int64(0)
        units, common_debt, own_debt = position_left(
            p, common_debt, own_debt, allowed, slot_available_at, slot_pool, slot_sellable, at_slot, supply, demand
        )  # fmt: skip
        if p < begin:
            continue
        arrival = slot_available_at[slot]
        total: Any = np.int64(out[row, l]) + (units if arrival <= now else np.int64(0))
        out[row, l] = min(total, UNITS_MAX)
        flags |= (LATER if (arrival > now) & (arrival <= latest) else 0) | (FULL if total >= UNITS_MAX else 0)
    return flags


@inlined_kernel
def carry_bits(line: int, row: int, quantity: int, available: Units, bits: Units) -> None:
    """bits[l] |= 2^line where available[row, l] ≥ quantity, and 2^(ANY_SHIFT + line) where it is positive."""
    asked = np.int32(quantity)
    whole, some = np.int32(1 << line), np.int32(1 << (ANY_SHIFT + line))
    for i in range(bits.shape[0]):
        units = available[row, i]
        bits[i] |= (whole if units >= asked else np.int32(0)) | (some if units > 0 else np.int32(0))
