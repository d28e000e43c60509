"""Entries: locations at the minute from which they could ship, when that is not simply now.

A receipt lands there later, or the capacity of its day is taken, so that work starts on a later day.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.dates import START, HorizonTables, processing_day
from engine.kernels.jit import inlined_kernel
from engine.kernels.stock import first_at, position_left

UNLIMITED = 2**61
"""Capacity of a location without a limit, or more."""

FULL_DAYS_MAX = 60
"""Days looked ahead for one with capacity left."""

MINUTE_BITS = 32

Ints = NDArray[np.int64]
Units = NDArray[np.int32]
Bools = NDArray[np.bool_]


@inlined_kernel
def day_with_capacity(
    location: int, minute: int, profile: int, limit: int, more_than: int, capacity_used: Ints, capacity_day: int,
    tables: HorizonTables,
) -> tuple[int, int, int]:  # fmt: skip
    """(start minute, local day since 1970, capacity left) of the first day with more than that left at a location.

    capacity_used [days from capacity_day on, locations]; days outside it have none taken. Without a limit: UNLIMITED; where
    there is no such day: 0.
    """
    day_count = tables.profile_days.shape[1] - 1
    day = 0
    for _ in range(FULL_DAYS_MAX):
        day = processing_day(minute, profile, tables)
        if limit >= UNLIMITED or day >= day_count:
            break
        offset = tables.first_day + day - capacity_day
        used = capacity_used[offset, location] if 0 <= offset < capacity_used.shape[0] else 0
        if limit - used > more_than:
            return minute, tables.first_day + day, limit - used
        minute = tables.profile_days[profile, day + 1, START]
    return minute, tables.first_day + day, UNLIMITED if limit >= UNLIMITED else 0


@inlined_kernel
def roomier_day(
    location: int, day: int, profile: int, limit: int, left: int, need: int, capacity_used: Ints, capacity_day: int,
    tables: HorizonTables,
) -> tuple[int, int, int]:  # fmt: skip
    """`day_with_capacity` after a day (since 1970) with too little left for all that is needed; 0 left where there is none.

    A day in between offers no more than the earlier one, later: no plan needs it.
    """
    if left >= min(need, limit) or left == 0:
        return 0, 0, 0
    tomorrow = tables.profile_days[profile, day - tables.first_day + 1, START]
    return day_with_capacity(location, tomorrow, profile, limit, left, capacity_used, capacity_day, tables)


@inlined_kernel
def add_landings(
    start: int, count: int, now: int, latest: int, slot_available_at: Ints, at_location: Units, at_slot: Units, keys: Ints,
    used: int,
) -> int:  # fmt: skip
    """Write a key (location, minute) for each position of a row that lands after `now` and by `latest`.

    keys [≥ used]; returns the keys used then, or −1 where they do not fit. A key is location · 2^MINUTE_BITS + minute.
    """
    after = max(now, 0)
    for at in range(start, start + count):
        arrival = slot_available_at[at_slot[at]]
        if after < arrival <= latest:
            if used == keys.shape[0]:
                return -1
            keys[used] = np.int64(at_location[at]) << MINUTE_BITS | arrival
            used += 1
    return used


@inlined_kernel
def sort_distinct(keys: Ints, first: int, last: int) -> int:
    """Sort keys[first … last) in place (Shell, gaps of Ciura) and drop those that repeat; returns the new last."""
    for gap in (701, 301, 132, 57, 23, 10, 4, 1):
        for i in range(first + gap, last):
            key = keys[i]
            at = i
            while at >= first + gap and keys[at - gap] > key:
                keys[at] = keys[at - gap]
                at -= gap
            keys[at] = key
    written = first
    for i in range(first, last):
        if written == first or keys[written - 1] != keys[i]:
            keys[written] = keys[i]
            written += 1
    return written


@inlined_kernel
def units_by(
    start: int, count: int, location: int, minute: int, pool_allowed: Bools, floor: int, slot_available_at: Ints,
    slot_pool: Ints, slot_sellable: Bools, at_location: Units, at_slot: Units, supply: Units, demand: Units,
) -> int:  # fmt: skip
    """What one location can promise of a row's item by a minute; its run is found by bisection."""
    at = first_at(start, count, location, at_location)
    units = 0
    common_debt: Any = np.int64(floor)
    own_debt: Any = np.int64(0)
    while at < start + count and at_location[at] == location and slot_available_at[at_slot[at]] <= minute:
        more, common_debt, own_debt = position_left(
            at, common_debt, own_debt, pool_allowed, slot_available_at, slot_pool, slot_sellable, at_slot, supply, demand
        )  # fmt: skip
        units += more
        at += 1
    return units
