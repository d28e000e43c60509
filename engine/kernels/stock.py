"""The inventory matrix's arithmetic: rows of positions per item, ascending by location, then by arrival of the receipt.

A position is held in four int32 columns of one arena: location, slot (receipt and pool), supply, demand. Slot tables:
available_at (UTC minute), pool, sellable.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.prefetch import prefetch

ON_HAND_SLOT = 0
"""The slot of what is on hand and for sale in the common pool."""

COMMON_POOL = 0
"""Of whoever has no pool of their own, and of those who may take from it as well."""

ON_HAND = 0
"""`available_at` of stock that is there already."""

QUANTITY_MIN = -(2**31)
QUANTITY_MAX = 2**31 - 1
"""What a column of units holds."""

ROWS_AHEAD = 16
"""So many changes ahead, what they will need of the row tables is fetched; half as many ahead, the row."""

Ints = NDArray[np.int64]
Column = NDArray[np.int32]


@inlined_kernel
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


@inlined_kernel
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


@inlined_kernel
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


@inlined_kernel
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
    """by_now[l], by_latest[l] = what a location can promise of receipts there by `now` and by `latest`: see `position_left`.

    One pass over an item's row. floor [locations] is held back of what is common. first[l] … last[l] is the location's run
    in the arena (last exclusive). Outputs [locations] must be zero.
    """
    common_debt: Any = np.int64(0)
    own_debt: Any = np.int64(0)
    for at in range(start, start + count):
        l = at_location[at]  # noqa: E741
        if last[l] == 0:
            first[l] = at
            common_debt, own_debt = floor[l], np.int64(0)
        last[l] = at + 1
        quantity, common_debt, own_debt = position_left(
            at, common_debt, own_debt, pool_allowed, slot_available_at, slot_pool, slot_sellable, at_slot, supply, demand
        )  # fmt: skip
        arrival = slot_available_at[at_slot[at]]
        if arrival <= latest:
            by_latest[l] += quantity
            if arrival <= now:
                by_now[l] += quantity


@inlined_kernel
def position_left(
    at: int, common_debt: int, own_debt: int, pool_allowed: NDArray[np.bool_], slot_available_at: Ints, slot_pool: Ints,
    slot_sellable: NDArray[np.bool_], at_slot: Column, supply: Column, demand: Column,
) -> tuple[int, int, int]:  # fmt: skip
    """(units a position can still promise, debt left of the common pool, debt left of a pool of one's own).

    Called for the positions of one item at one location in their order; the debts before the first are the floor and zero.
    What is on hand pays the floor first; where it is less, or oversold, what is missing is a debt of its pool there, which
    receipts pay before they promise anything. An oversold receipt promises nothing, and is no debt of others; nor is what
    may be sold beyond stock (demand below zero) taken for a debt: only supply pays. At most one pool besides the common one
    is allowed.
    """
    slot = at_slot[at]
    if not slot_sellable[slot] or not pool_allowed[slot_pool[slot]]:
        return 0, common_debt, own_debt
    is_common = slot_pool[slot] == COMMON_POOL
    debt: Any = common_debt if is_common else own_debt
    # In int64, as the compiler has it, also where there is no compiler: oversold quantities may leave int32.
    comes: Any = np.int64(supply[at])
    units: Any = comes - np.int64(demand[at])
    if slot_available_at[slot] == ON_HAND:
        left = max(units - debt, 0)
        debt = max(debt - units, 0)
    else:
        paid = min(debt, max(min(units, comes), 0))
        left = max(units, 0) - paid
        debt -= paid
    return left, (debt if is_common else common_debt), (own_debt if is_common else debt)


@inlined_kernel
def take_from_run(
    first: int, last: int, quantity: int, latest: int, floor: int, pool_allowed: NDArray[np.bool_],
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: NDArray[np.bool_], at_slot: Column, supply: Column,
    demand: Column, out: Ints,
) -> int:  # fmt: skip
    """Peg a quantity at one location to positions, earliest arrival first; returns the positions written.

    Of one arrival what is ring-fenced goes before what is common: nobody else may have that. out [3, ≥ last − first]: arena
    indexes, units, and what supply less demand of the position must not fall below: the floor, or the debts that a receipt
    pays. Fewer units than asked are pegged when there are no more by `latest`.
    """
    written = 0
    left = quantity
    common_debt: Any = np.int64(floor)
    own_debt: Any = np.int64(0)
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
                kept = common_debt if is_common == 1 else own_debt
                units, common_debt, own_debt = position_left(
                    at, common_debt, own_debt, pool_allowed, slot_available_at, slot_pool, slot_sellable, at_slot, supply,
                    demand,
                )  # fmt: skip
                if units > 0:
                    out[0, written], out[1, written], out[2, written] = at, min(left, units), kept
                    left -= out[1, written]
                    written += 1
        begin = end
    return written


@inlined_kernel
def take_at_location(
    start: int, count: int, location: int, quantity: int, latest: int, floor: int, pool_allowed: NDArray[np.bool_],
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: NDArray[np.bool_], at_location: Column, at_slot: Column,
    supply: Column, demand: Column, out: Ints,
) -> int:  # fmt: skip
    """`take_from_run` of one location in a row; out [3, n]. −1 where n is too small."""
    first = first_at(start, count, location, at_location)
    last = first
    while last < start + count and at_location[last] == location:
        last += 1
    if last - first > out.shape[1]:
        return -1
    return take_from_run(
        first, last, quantity, latest, floor, pool_allowed, slot_available_at, slot_pool, slot_sellable, at_slot, supply,
        demand, out,
    )  # fmt: skip
