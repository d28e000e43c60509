"""Columns of what goes to one location to be collected or sent on: out of its own stock, or by a transfer lane into it.

W kinds of transfer stand in the tables where carrier services do, see `engine.network.routes`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.dates import (
    DELIVERY_DAY,
    NEVER,
    RANK,
    HorizonTables,
    pickup_after,
    ready_minute,
)
from engine.kernels.jit import kernel

OWN_STOCK = -1
"""In place of a lane."""

Ints = NDArray[np.int64]


@kernel
def transfer_minutes(
    start_minute: int, profile: int, kind: int, transit_days: int, arrival_row: int, receiving_profile: int,
    arrivals: Ints, tables: HorizonTables,
) -> tuple[int, int, int]:  # fmt: skip
    """(departure, arrival, ready) of a transfer that may be started at a minute; NEVER where the horizon does not hold it.

    It leaves with the first departure at or after it is ready, and is there on the transit_days-th day of its calendar after
    that (0: the same day, else the next), at the arrival's minute of that day and never before it left. Ready: when the work
    of receiving it is done, within opening hours.
    """
    departure, day = pickup_after(ready_minute(start_minute, profile, tables), profile, kind, tables)
    if day < 0:
        return NEVER, NEVER, NEVER
    calendar, last = tables.delivery_row[kind], arrivals.shape[1] - 1
    index = tables.delivery_days[calendar, day, RANK] + transit_days - 1
    if transit_days == 0 and (index < 0 or tables.delivery_days[calendar, index, DELIVERY_DAY] != day):
        index += 1
    there = tables.delivery_days[calendar, min(index, last), DELIVERY_DAY]
    arrival: int = max(departure, arrivals[arrival_row, there])
    if arrival >= NEVER:
        return departure, NEVER, NEVER
    return departure, arrival, ready_minute(arrival, receiving_profile, tables)


@kernel
def route_columns(
    location: Ints, start: Ints, to: int, profile: Ints, pickup_profile: Ints, receiving_profile: Ints, lanes: Ints,
    lane_start: Ints, transit_days: Ints, kind: Ints, arrival_row: Ints, arrivals: Ints, tables: HorizonTables, entry: Ints,
    lane: Ints, departure: Ints, ready: Ints,
) -> int:  # fmt: skip
    """Every way of entries (location, start minute) to the location `to`; returns the columns written.

    location, start [entries]; the three profiles [L]; lanes: those that end there; lane_start, transit_days, kind,
    arrival_row [T]. Outputs [≥ entries · (lanes + 1)]: which entry, the lane or OWN_STOCK, when it leaves, when it can be
    collected or sent on.
    """
    count = 0
    for e in range(location.shape[0]):
        l = location[e]  # noqa: E741
        if l == to:
            done = ready_minute(start[e], pickup_profile[l], tables)
            if done < NEVER:
                entry[count], lane[count], departure[count], ready[count] = e, OWN_STOCK, done, done
                count += 1
            continue
        for at in range(lanes.shape[0]):
            t = lanes[at]
            if lane_start[t] != l:
                continue
            left, _, done = transfer_minutes(
                start[e], profile[l], kind[t], transit_days[t], arrival_row[t], receiving_profile[to], arrivals, tables
            )
            if done < NEVER:
                entry[count], lane[count], departure[count], ready[count] = e, t, left, done
                count += 1
    return count
