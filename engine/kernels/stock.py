"""The inventory matrix's arithmetic: rows of positions per item, ascending by location, then by arrival of the receipt.

A position is held in four int32 columns of one arena: location, slot (receipt and pool), supply, demand. Slot tables:
available_at (UTC minute), pool, sellable.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.prefetch import prefetch

ON_HAND_SLOT = 0
"""The slot of what is on hand and for sale in the common pool."""

COMMON_POOL = 0
"""Of whoever has no pool of their own, and of those who may take from it as well."""

QUANTITY_MIN = -(2**31)
QUANTITY_MAX = 2**31 - 1
"""What a column of units holds."""

ROWS_AHEAD = 16
"""So many changes ahead, what they will need of the row tables is fetched; half as many ahead, the row."""

Ints = NDArray[np.int64]
Column = NDArray[np.int32]


@kernel
def available_to_promise(supply: int, demand: int, floor: int) -> int:
    """ATP = supply − demand − floor; below zero means oversold (never clamped here: a clamp hides the breach)."""
    return supply - demand - floor


@kernel
def find_position(start: int, count: int, location: int, slot: int, at_location: Column, at_slot: Column) -> int:
    """Index of (location, slot) in the row start … start + count, or −1."""
    at = first_at(start, count, location, at_location)
    while at < start + count and at_location[at] == location:
        if at_slot[at] == slot:
            return at
        at += 1
    return -1


@kernel
def read_positions(
    item: Ints, location: Ints, slot: Ints, row_start: Ints, row_count: Ints, at_location: Column, at_slot: Column,
    supply: Column, demand: Column, out: Ints,
) -> int:  # fmt: skip
    """out[:, n] = index, supply and demand of position n, −1 and zeros where there is none; how many there are.

    item, location, slot [positions]; out [3, positions].
    """
    found = 0
    for n in range(len(item)):
        fetch_ahead(n, item, row_start, row_count, at_location)
        at = find_position(row_start[item[n]], row_count[item[n]], location[n], slot[n], at_location, at_slot)
        out[0, n], out[1, n], out[2, n] = at, 0, 0
        if at >= 0:
            out[1, n], out[2, n] = supply[at], demand[at]
            found += 1
    return found


@kernel
def first_at(start: int, count: int, location: int, at_location: Column) -> int:
    """The first index of a row whose location is `location` or beyond."""
    low, high = start, start + count
    while low < high:
        middle = (low + high) // 2
        if at_location[middle] < location:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def insert_position(
    start: int, count: int, location: int, slot: int, slot_available_at: Ints, at_location: Column, at_slot: Column,
    supply: Column, demand: Column,
) -> int:  # fmt: skip
    """Open a position of zero supply and demand in its place in the row, which must have room; returns its index."""
    at = start + count
    while at > start and (
        at_location[at - 1] > location
        or (
            at_location[at - 1] == location
            and (slot_available_at[at_slot[at - 1]], at_slot[at - 1]) > (slot_available_at[slot], slot)
        )
    ):
        at_location[at] = at_location[at - 1]
        at_slot[at] = at_slot[at - 1]
        supply[at] = supply[at - 1]
        demand[at] = demand[at - 1]
        at -= 1
    at_location[at] = location
    at_slot[at] = slot
    supply[at] = 0
    demand[at] = 0
    return at


@kernel
def change_positions(
    first: int, item: Ints, location: Ints, slot: Ints, supply_delta: Ints, demand_delta: Ints, row_start: Ints,
    row_count: Ints, row_room: Ints, slot_available_at: Ints, at_location: Column, at_slot: Column, supply: Column,
    demand: Column,
) -> tuple[int, int]:  # fmt: skip
    """supply += supply_delta, demand += demand_delta, change by change from `first`; (changes done, positions opened).

    item, location, slot and deltas [changes]: a change of item −1 is left out. It ends before a change of slot −1, one
    whose position is to be opened in a full row, and one that would leave int32.
    """
    opened = 0
    for at in range(first, len(item)):
        fetch_ahead(at, item, row_start, row_count, at_location)
        i = item[at]
        if i < 0:
            continue
        if slot[at] < 0:
            return at, opened
        start, count = row_start[i], row_count[i]
        found = find_position(start, count, location[at], slot[at], at_location, at_slot)
        units: Any = np.int64(0)
        promised: Any = np.int64(0)
        if found >= 0:
            units += supply[found]
            promised += demand[found]
        units += supply_delta[at]
        promised += demand_delta[at]
        if min(units, promised) < QUANTITY_MIN or max(units, promised) > QUANTITY_MAX:
            return at, opened
        if found < 0:
            if count == row_room[i]:
                return at, opened
            found = insert_position(
                start, count, location[at], slot[at], slot_available_at, at_location, at_slot, supply, demand
            )  # fmt: skip
            row_count[i] = count + 1
            opened += 1
        supply[found] = units
        demand[found] = promised
    return len(item), opened


@kernel
def fetch_ahead(at: int, item: Ints, row_start: Ints, row_count: Ints, at_location: Column) -> None:
    """Ask for the memory that the changes after this one will search."""
    if at + ROWS_AHEAD < len(item) and item[at + ROWS_AHEAD] >= 0:
        prefetch(row_start, item[at + ROWS_AHEAD])
        prefetch(row_count, item[at + ROWS_AHEAD])
    if at + ROWS_AHEAD // 2 < len(item) and item[at + ROWS_AHEAD // 2] >= 0:
        i = item[at + ROWS_AHEAD // 2]
        prefetch(at_location, row_start[i] + row_count[i] // 2)


@kernel
def gather_available(
    start: int, count: int, now: int, latest: int, pool_allowed: NDArray[np.bool_], floor: Ints,
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: NDArray[np.bool_], at_location: Column, at_slot: Column,
    supply: Column, demand: Column, by_now: Ints, by_latest: Ints, first: Ints, last: Ints,
) -> None:  # fmt: skip
    """by_now[l], by_latest[l] = Σ max(0, supply − demand − floor) of receipts there by `now` and by `latest`.

    One pass over an item's row. floor [locations] is held back once per location, from its on-hand position of the
    common pool (ON_HAND_SLOT). first[l] … last[l] is the location's run in the arena (last exclusive). Outputs
    [locations] must be zero.
    """
    for at in range(start, start + count):
        l = at_location[at]  # noqa: E741
        if last[l] == 0:
            first[l] = at
        last[l] = at + 1
        quantity = position_available(at, floor[l], pool_allowed, slot_pool, slot_sellable, at_slot, supply, demand)
        arrival = slot_available_at[at_slot[at]]
        if arrival <= latest:
            by_latest[l] += quantity
            if arrival <= now:
                by_now[l] += quantity


@kernel
def position_available(
    at: int, floor: int, pool_allowed: NDArray[np.bool_], slot_pool: Ints, slot_sellable: NDArray[np.bool_],
    at_slot: Column, supply: Column, demand: Column,
) -> int:  # fmt: skip
    """What one position can still promise: an oversold position counts as nothing, not as a debt elsewhere."""
    slot = at_slot[at]
    if not slot_sellable[slot] or not pool_allowed[slot_pool[slot]]:
        return 0
    held_back = floor if slot == ON_HAND_SLOT else 0
    # In int64, as the compiler has it, also where there is no compiler: oversold quantities may leave int32.
    there: Any = np.int64(supply[at])
    taken: Any = np.int64(demand[at])
    return max(0, available_to_promise(there, taken, held_back))


@kernel
def take_from_run(
    first: int, last: int, quantity: int, latest: int, floor: int, pool_allowed: NDArray[np.bool_],
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: NDArray[np.bool_], at_slot: Column, supply: Column,
    demand: Column, out_at: Ints, out_quantity: Ints,
) -> int:  # fmt: skip
    """Peg a quantity at one location to positions, earliest arrival first; returns the positions written.

    Of one arrival what is ring-fenced goes before what is common: nobody else may have that. out_at [≥ last − first]
    receives arena indexes. Fewer units than asked are pegged when there are no more by `latest`.
    """
    written = 0
    left = quantity
    begin = first
    while begin < last and left > 0:
        arrival = slot_available_at[at_slot[begin]]
        if arrival > latest:
            break
        end = begin + 1
        while end < last and slot_available_at[at_slot[end]] == arrival:
            end += 1
        for is_common in range(2):
            for at in range(begin, end):
                if left == 0 or (slot_pool[at_slot[at]] == COMMON_POOL) != (is_common == 1):
                    continue
                x = min(left, position_available(at, floor, pool_allowed, slot_pool, slot_sellable, at_slot, supply, demand))
                if x > 0:
                    out_at[written] = at
                    out_quantity[written] = x
                    written += 1
                    left -= x
        begin = end
    return written


@kernel
def take_at_location(
    start: int, count: int, location: int, quantity: int, latest: int, floor: int, pool_allowed: NDArray[np.bool_],
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: NDArray[np.bool_], at_location: Column, at_slot: Column,
    supply: Column, demand: Column, out: Ints,
) -> int:  # fmt: skip
    """`take_from_run` of one location in a row; out [2, n]: arena indexes and quantities. −1 where n is too small."""
    first = first_at(start, count, location, at_location)
    last = first
    while last < start + count and at_location[last] == location:
        last += 1
    if last - first > out.shape[1]:
        return -1
    return take_from_run(
        first, last, quantity, latest, floor, pool_allowed, slot_available_at, slot_pool, slot_sellable, at_slot, supply,
        demand, out[0], out[1],
    )  # fmt: skip


@kernel
def earliest_for(
    first: int, last: int, quantity: int, floor: int, pool_allowed: NDArray[np.bool_], slot_available_at: Ints,
    slot_pool: Ints, slot_sellable: NDArray[np.bool_], at_slot: Column, supply: Column, demand: Column, never: int,
) -> int:  # fmt: skip
    """The first minute at which a run holds `quantity` for promising; 0: on hand; `never` when it never does."""
    total = 0
    for at in range(first, last):
        total += position_available(at, floor, pool_allowed, slot_pool, slot_sellable, at_slot, supply, demand)
        if total >= quantity:
            arrival: int = slot_available_at[at_slot[at]]
            return arrival
    return never
