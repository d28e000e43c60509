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

from engine.kernels.jit import kernel
from engine.kernels.prefetch import prefetch

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


@kernel
def score_row(
    start: int, count: int, next_start: int, now: int, latest: int, pool_allowed: Bools, pool_row: int, floor: Units,
    floor_row: int, slot_available_at: Ints, slot_pool: Ints, slot_sellable: Bools, at_location: Units, at_slot: Units,
    supply: Units, demand: Units, out: Units, row: int,
) -> int:  # fmt: skip
    """out[row, l] = min(UNITS_MAX, Σ max(0, supply − demand − floor)) of an item's receipts at l by minute `now`.

    As `stock.gather_available`: the floor is held back from common stock on hand. pool_allowed [rows, pools], floor
    [rows, locations], none negative, out [rows, locations]. Returns LATER (by `latest`) and FULL, as bits.
    The row that starts at next_start is fetched on the way.
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
                    at, size, now, latest, pool_allowed, pool_row, floor, floor_row, slot_available_at, slot_pool,
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


@kernel
def fetch_block(at: int, at_location: Units, at_slot: Units, supply: Units, demand: Units) -> None:
    """Have BLOCK_POSITIONS positions fetched, a cache line of 16 at a time."""
    for line in range(0, BLOCK_POSITIONS, 16):
        p = at + np.uint64(line)
        prefetch(at_location, p)
        prefetch(at_slot, p)
        prefetch(supply, p)
        prefetch(demand, p)


@kernel
def clear(first: int, last: int, out: Units, row: int) -> None:
    """out[row, first … last) = 0."""
    begin = np.uint64(first)
    for i in range(last - first):
        out[row, begin + np.uint64(i)] = 0


@kernel
def plain_block(at: int, size: int, at_slot: Units, supply: Units, demand: Units) -> bool:
    """Whether all positions are on hand (slot 0) and no quantity is negative: then nothing leaves int32 below."""
    slots, signs = np.int32(0), np.int32(0)
    for i in range(size):
        p = at + np.uint64(i)
        slots |= at_slot[p]
        signs |= supply[p] | demand[p]
    return bool(slots == 0 and signs >= 0)


@kernel
def set_neighbours(
    at: int, size: int, first: int, floor: Units, floor_row: int, supply: Units, demand: Units, out: Units, row: int
) -> None:
    """Plain positions at the locations first, first + 1 …."""
    for i in range(size):
        p, l = at + np.uint64(i), np.uint64(first) + np.uint64(i)  # noqa: E741
        units = max(np.int32(supply[p] - demand[p]), np.int32(0))
        out[row, l] = max(np.int32(units - floor[floor_row, l]), np.int32(0))


@kernel
def set_on_hand(
    at: int, size: int, floor: Units, floor_row: int, at_location: Units, supply: Units, demand: Units, out: Units, row: int
) -> None:
    """Plain positions at ascending locations with gaps."""
    for i in range(size):
        p = at + np.uint64(i)
        l = np.uint64(at_location[p])  # noqa: E741
        units = max(np.int32(supply[p] - demand[p]), np.int32(0))
        out[row, l] = max(np.int32(units - floor[floor_row, l]), np.int32(0))


@kernel
def add_any(
    at: int, size: int, now: int, latest: int, pool_allowed: Bools, pool_row: int, floor: Units, floor_row: int,
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: Bools, at_location: Units, at_slot: Units, supply: Units,
    demand: Units, out: Units, row: int,
) -> int:  # fmt: skip
    """Positions of any receipt and pool, added to what is there; in int64, since hostile quantities leave int32."""
    flags = 0
    for i in range(size):
        p = at + np.uint64(i)
        l, slot = np.uint64(at_location[p]), np.uint64(at_slot[p])  # noqa: E741
        arrival = slot_available_at[slot]
        held_back = np.int64(floor[floor_row, l]) if slot == 0 else 0
        units: Any = max(np.int64(supply[p]) - np.int64(demand[p]) - held_back, 0)
        allowed = slot_sellable[slot] & pool_allowed[pool_row, slot_pool[slot]] & (arrival <= now)
        total = np.int64(out[row, l]) + (units if allowed else np.int64(0))
        out[row, l] = min(total, UNITS_MAX)
        flags |= (LATER if (arrival > now) & (arrival <= latest) else 0) | (FULL if total >= UNITS_MAX else 0)
    return flags


@kernel
def carry_bits(line: int, row: int, quantity: int, available: Units, bits: Units) -> None:
    """bits[l] |= 2^line where available[row, l] ≥ quantity, and 2^(ANY_SHIFT + line) where it is positive."""
    asked = np.int32(quantity)
    whole, some = np.int32(1 << line), np.int32(1 << (ANY_SHIFT + line))
    for i in range(bits.shape[0]):
        units = available[row, i]
        bits[i] |= (whole if units >= asked else np.int32(0)) | (some if units > 0 else np.int32(0))
