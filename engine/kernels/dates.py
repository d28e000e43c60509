"""Dates: from the minute an order may start to the minutes between which it is delivered.

Instants are int64 UTC minutes since 1970; a *day* is an index into the tables of a horizon (absolute day since 1970 =
`first_day` + day). Calendars, cutoffs and pickups are local to the location, delivery days local to the network.

* **Local day** d runs from its first midnight to the first midnight of d + 1. A local time that does not exist moves
  forward by the length of the gap, one that exists twice is its first; none leaves its own day. 24:00 of d is
  00:00 of d + 1, yet belongs to d. A day that a time zone skips altogether is closed.
* **Start of processing.** On an open day, at or before the cutoff: at the start or at opening, whichever is later. After
  the cutoff, or on a closed day: at the opening of the next open day.
* **Ready.** Processing minutes are spent between opening and closing, and go on on the following open days, where the
  cutoff no longer matters. Ready is the minute at which the last one is spent; closing time itself is still in time.
  With 0 minutes, ready is the start of processing; a start after closing waits for the next opening.
* **Handover.** The first pickup at or after ready. There is a pickup on days open both for the location and for the
  pickup calendar; it may be after closing, and one at 24:00 belongs to the day that ends.
* **Delivery day.** The n-th open day of the delivery calendar strictly after the local date of the handover, n being
  the transit days; with 0, that date itself if open, else the next open one. Delivered between the opening and the
  closing of that day, never before the handover: a day that closes before it is followed by the next open one.
* What the horizon does not hold is `NEVER`; a start before it counts as its first minute.

P profiles (calendar, time zone, cutoff, processing minutes), S carrier services, R distinct rows of pickups, C delivery
calendars, D days, L locations.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel

NEVER = 1 << 62
START, OPEN, CLOSE, CUTOFF, NEXT_OPEN = range(5)
PICKUP, NEXT_PICKUP = range(2)
RANK, DELIVERY_DAY, DELIVERY_OPEN, DELIVERY_CLOSE = range(4)

_MINUTES_PER_DAY = 1440


class HorizonTables(NamedTuple):
    """The day tables of one horizon: read-only, contiguous; minutes are UTC, −1 on a closed day.

    Few arrays, since each one of a tuple costs a kernel a reference count at every use; what is read together lies
    together, in columns named below. `next` is the first such day at or after d, D when there is none. Delivery days
    are listed in order: day, open and close are of the j-th open day, `NEVER` (day: D) past the last, while rank counts
    the open days up to and including d, so that the n-th open day after d is j = rank + n − 1.
    """

    first_day: int
    profile_days: NDArray[np.int64]  # [P, D + 1, 5]: start of the day, open, close, cutoff, next open day
    processing_minutes: NDArray[np.int64]  # [P]
    pickup_row: NDArray[np.int64]  # [P, S]
    pickup_days: NDArray[np.int64]  # [R, D + 1, 2]: pickup, next day with a pickup
    delivery_row: NDArray[np.int64]  # [S]
    delivery_days: NDArray[np.int64]  # [C, D + 1, 4]: rank, day, open, close

    @property
    def day_count(self) -> int:
        """D."""
        return int(self.profile_days.shape[1]) - 1

    @property
    def day_start_minute(self) -> NDArray[np.int64]:
        """[P, D + 1]: the first midnight of each local day, and of the day after the last."""
        return self.profile_days[:, :, START]

    @property
    def open_minute(self) -> NDArray[np.int64]:
        """[P, D]."""
        return self.profile_days[:, :-1, OPEN]

    @property
    def close_minute(self) -> NDArray[np.int64]:
        """[P, D]."""
        return self.profile_days[:, :-1, CLOSE]

    @property
    def cutoff_minute(self) -> NDArray[np.int64]:
        """[P, D]."""
        return self.profile_days[:, :-1, CUTOFF]

    @property
    def pickup_minute(self) -> NDArray[np.int64]:
        """[P, S, D]: −1 on days without a pickup."""
        return self.pickup_days[self.pickup_row, :-1, PICKUP]


@kernel
def local_day(minute: int, profile: int, tables: HorizonTables) -> int:
    """The day d with start(d) ≤ minute < start(d + 1); 0 before the horizon, D after it."""
    return _local_day(minute, profile, tables.profile_days)


@inlined_kernel
def processing_day(start_minute: int, profile: int, tables: HorizonTables) -> int:
    """The local day on which processing of an order that may start at `start_minute` starts; D beyond the horizon."""
    return _processing_day(start_minute, profile, tables.profile_days, tables.processing_minutes)


@inlined_kernel
def ready_minute(start_minute: int, profile: int, tables: HorizonTables) -> int:
    """The minute at which an order that may start at `start_minute` has had its processing minutes, or `NEVER`."""
    return _ready_minute(start_minute, profile, tables.profile_days, tables.processing_minutes)


@inlined_kernel
def pickup_after(ready: int, profile: int, service: int, tables: HorizonTables) -> tuple[int, int]:
    """(minute, day) of the service's first pickup at or after `ready`, or (`NEVER`, −1)."""
    return _pickup_after(ready, profile, tables.pickup_row[profile, service], tables.profile_days, tables.pickup_days)


@inlined_kernel
def handover_minute(start_minute: int, profile: int, service: int, tables: HorizonTables) -> tuple[int, int]:
    """(minute, local day) at which an order that may start at `start_minute` goes to the carrier, or (`NEVER`, −1)."""
    return pickup_after(ready_minute(start_minute, profile, tables), profile, service, tables)


@inlined_kernel
def delivery_window(
    handover: int, handover_day: int, transit_days: int, service: int, tables: HorizonTables
) -> tuple[int, int]:
    """(earliest, latest) minute of delivery after a handover, or (`NEVER`, `NEVER`); transit −1 means no zone."""
    if handover_day < 0 or transit_days < 0:
        return NEVER, NEVER
    return window_in(handover, handover_day, transit_days, tables.delivery_row[service], tables.delivery_days)


@inlined_kernel
def order_by_minute(start_minute: int, profile: int, service: int, tables: HorizonTables) -> int:
    """max {t : handover(t) = handover(start)}: the last minute at which an order still makes that handover, or `NEVER`.

    The handover never gets earlier as the start gets later, and is never before the start, so bisection finds it.
    """
    handover, _ = handover_minute(start_minute, profile, service, tables)
    if handover == NEVER:
        return NEVER
    low, high = start_minute, handover
    while low < high:
        middle = (low + high + 1) // 2
        if handover_minute(middle, profile, service, tables)[0] == handover:
            low = middle
        else:
            high = middle - 1
    return low


# The kernels below take arrays, not the tuple of them: taking an array out of a tuple counts its references, which in
# a loop over profiles costs more than the work itself.


@inlined_kernel
def window_in(handover: int, handover_day: int, transit_days: int, calendar: int, days: NDArray[np.int64]) -> tuple[int, int]:
    """`delivery_window` by a delivery calendar of its table; there must be a handover and a zone."""
    index = _delivery_index(handover_day, transit_days, calendar, days)
    while handover > days[calendar, index, DELIVERY_CLOSE]:
        index += 1
    earliest: int = max(handover, days[calendar, index, DELIVERY_OPEN])
    latest: int = days[calendar, index, DELIVERY_CLOSE]
    return earliest, latest


@inlined_kernel
def _local_day(minute: int, profile: int, days: NDArray[np.int64]) -> int:
    day_count: int = days.shape[1] - 1
    day: int = min(max((minute - days[profile, 0, START]) // _MINUTES_PER_DAY, 0), day_count)
    while day > 0 and minute < days[profile, day, START]:
        day -= 1
    while day < day_count and minute >= days[profile, day + 1, START]:
        day += 1
    return day


@inlined_kernel
def _processing_day(start_minute: int, profile: int, days: NDArray[np.int64], processing: NDArray[np.int64]) -> int:
    day_count: int = days.shape[1] - 1
    start: int = max(start_minute, days[profile, 0, START])
    day = _local_day(start, profile, days)
    # On a closed day this changes nothing: the next open day is a later one anyway.
    if day < day_count and start > days[profile, day, CUTOFF]:
        day += 1
    day = days[profile, day, NEXT_OPEN]
    # One minute must be left to start any processing, none where there is nothing to do.
    least: int = min(processing[profile], 1)
    if day < day_count and start + least > days[profile, day, CLOSE]:
        day = days[profile, day + 1, NEXT_OPEN]
    return int(day)


@inlined_kernel
def _ready_minute(start_minute: int, profile: int, days: NDArray[np.int64], processing: NDArray[np.int64]) -> int:
    day = _processing_day(start_minute, profile, days, processing)
    left: int = processing[profile]
    while day < days.shape[1] - 1:
        begin: int = max(start_minute, days[profile, day, OPEN])
        close: int = days[profile, day, CLOSE]
        if begin + left <= close:
            return begin + left
        left -= close - begin
        day = days[profile, day + 1, NEXT_OPEN]
    return NEVER


@inlined_kernel
def _pickup_after(ready: int, profile: int, row: int, days: NDArray[np.int64], pickups: NDArray[np.int64]) -> tuple[int, int]:
    if ready == NEVER:
        return NEVER, -1
    day = _local_day(ready, profile, days)
    # At midnight sharp the pickup at 24:00 of the day that ends is still in time.
    while day > 0 and days[profile, day, START] >= ready:
        day -= 1
    day = pickups[row, day, NEXT_PICKUP]
    while day < pickups.shape[1] - 1:
        minute: int = pickups[row, day, PICKUP]
        if minute >= ready:
            return minute, day
        day = pickups[row, day + 1, NEXT_PICKUP]
    return NEVER, -1


@inlined_kernel
def _delivery_index(handover_day: int, transit_days: int, calendar: int, days: NDArray[np.int64]) -> int:
    """Which open day is `transit_days` after `handover_day`: j, at most D, where delivery is `NEVER`."""
    index: int = days[calendar, handover_day, RANK] + transit_days - 1
    if transit_days == 0 and (index < 0 or days[calendar, index, DELIVERY_DAY] != handover_day):
        index += 1
    return int(min(index, days.shape[1] - 1))
