"""Columns of one order: every (location, start, carrier service) with its dates, and what stock it can promise."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.dates import HorizonTables, delivery_window, pickup_after, ready_minute
from engine.kernels.jit import kernel
from engine.kernels.stock import position_available

NEVER_MINUTE = 2**62

Ints = NDArray[np.int64]


@kernel
def date_columns(
    location: Ints, start: Ints, services: Ints, profile: Ints, zone: NDArray[np.int32], transit_days: NDArray[np.int32],
    tables: HorizonTables, entry: Ints, service: Ints, handover: Ints, earliest: Ints, latest: Ints,
) -> int:  # fmt: skip
    """Dates of every entry (location, start minute) by every service that has a zone there; returns the columns written.

    location, start [entries]; zone, transit_days [S, L]; outputs [entries × services]: entry, service, handover minute,
    delivery earliest and latest. Entries with the start of the first share its handovers per profile.
    """
    profiles = tables.profile_days.shape[0]
    shared = np.full((profiles, services.shape[0], 2), -1, np.int64)
    count = 0
    for i in range(location.shape[0]):
        l = location[i]  # noqa: E741
        p = profile[l]
        common = start[i] == start[0]
        ready = ready_minute(start[i], p, tables) if not common or shared[p, 0, 0] == -1 else 0
        for index in range(services.shape[0]):
            s = services[index]
            if zone[s, l] < 0:
                continue
            if common:
                if shared[p, index, 0] == -1:
                    if ready == 0:
                        ready = ready_minute(start[i], p, tables)
                    shared[p, index, 0], shared[p, index, 1] = pickup_after(ready, p, s, tables)
                minute, day = shared[p, index, 0], shared[p, index, 1]
            else:
                minute, day = pickup_after(ready, p, s, tables)
            if minute >= NEVER_MINUTE:
                continue
            first, last = delivery_window(minute, day, transit_days[s, l], s, tables)
            if last >= NEVER_MINUTE:
                continue
            entry[count], service[count], handover[count] = i, s, minute
            earliest[count], latest[count] = first, last
            count += 1
    return count


@kernel
def available_by(
    location: Ints, minute: Ints, now: int, by_now: Ints, first: Ints, last: Ints, floor: Ints,
    pool_allowed: NDArray[np.bool_], slot_available_at: Ints, slot_pool: Ints, slot_sellable: NDArray[np.bool_],
    at_slot: NDArray[np.int32], supply: NDArray[np.int32], demand: NDArray[np.int32], out: Ints,
) -> None:  # fmt: skip
    """out[i] = units of one item that can be promised at location[i] by minute[i]; see `stock.gather_available`."""
    for i in range(location.shape[0]):
        l = location[i]  # noqa: E741
        if minute[i] <= now:
            out[i] = by_now[l]
            continue
        out[i] = 0
        for at in range(first[l], last[l]):
            if slot_available_at[at_slot[at]] <= minute[i]:
                out[i] += position_available(
                    at, floor[l], pool_allowed, slot_pool, slot_sellable, at_slot, supply, demand
                )  # fmt: skip
