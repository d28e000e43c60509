"""Columns of one order: every (location, start, carrier service) with its dates, and what stock it can promise."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.dates import HorizonTables, delivery_window, pickup_after, ready_minute
from engine.kernels.entries import MINUTE_BITS, add_landings, day_with_capacity, roomier_day, sort_distinct, units_by
from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.subsets import capacity_need

NEVER_MINUTE = 2**62

Ints = NDArray[np.int64]
Units = NDArray[np.int32]
Bools = NDArray[np.bool_]


@allocating_kernel
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
        ready = 0 if common else ready_minute(start[i], p, tables)
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
def start_entries(
    now: int, latest: int, eligible: Bools, units: Ints, row_start: Ints, row_count: Ints, slot_available_at: Ints,
    at_location: Units, at_slot: Units, profile: Ints, per_day: Ints, kind: Ints, line_count: int, unit_count: int,
    capacity_used: Ints, capacity_day: int, tables: HorizonTables, keys: Ints, location: Ints, minute: Ints, day: Ints,
    left: Ints,
) -> int:  # fmt: skip
    """Entries (location, start): eligible locations with units [k, L] now, then receipts by (location, minute).

    Each on the first day with capacity left, then on each that has more left, until all lines and units asked for fit.
    keys [≥ L + positions of the rows] is scratch; returns how many entries there are, those beyond the outputs unwritten.
    """
    count = 0
    for l in range(units.shape[1]):  # noqa: E741
        some = False
        for k in range(units.shape[0]):
            some |= units[k, l] > 0
        if some and eligible[l]:
            keys[count] = l << MINUTE_BITS
            count += 1
    first = count
    for k in range(row_start.shape[0]):
        count = add_landings(row_start[k], row_count[k], now, latest, slot_available_at, at_location, at_slot, keys, count)
    count = sort_distinct(keys, first, count)
    written = 0
    for i in range(count):
        l, landing = keys[i] >> MINUTE_BITS, keys[i] & ((1 << MINUTE_BITS) - 1)  # noqa: E741
        if not eligible[l]:
            continue
        need = capacity_need(kind[l], line_count, unit_count)
        start, on, room = day_with_capacity(
            l, landing if i >= first else now, profile[l], per_day[l], 0, capacity_used, capacity_day, tables
        )
        while True:
            if written < location.shape[0]:
                location[written], minute[written], day[written], left[written] = l, start, on, room
            written += 1
            start, on, room = roomier_day(l, on, profile[l], per_day[l], room, need, capacity_used, capacity_day, tables)
            if room == 0:
                break
    return written


@kernel
def units_of_columns(
    location: Ints, minute: Ints, now: int, units: Ints, row_start: Ints, row_count: Ints, floor: Ints, pool_allowed: Bools,
    slot_available_at: Ints, slot_pool: Ints, slot_sellable: Bools, at_location: Units, at_slot: Units, supply: Units,
    demand: Units, out: Ints,
) -> None:  # fmt: skip
    """out[k, c] = units of item k that can be promised at location[c] by minute[c]; units [k, L] of those there now.

    floor [k, L]; pool_allowed [k, pools].
    """
    for c in range(location.shape[0]):
        l = location[c]  # noqa: E741
        for k in range(units.shape[0]):
            out[k, c] = units[k, l]
            if minute[c] > now:
                out[k, c] = units_by(
                    row_start[k], row_count[k], l, minute[c], pool_allowed[k], floor[k, l], slot_available_at, slot_pool,
                    slot_sellable, at_location, at_slot, supply, demand,
                )  # fmt: skip


@allocating_kernel
def cover_lines(
    item: Ints, location: Ints, allowed: Bools, available: Ints, most: Ints, whole: Bools, alike: Bools, best: Ints,
    quantity: Ints,
) -> None:  # fmt: skip
    """quantity[j] = min(quantity[j], the units of the most[j] locations that have most), of lines `alike` less earlier ones'.

    allowed [n, c], available [k, c]; whole: all or nothing; alike: any unit of the item may serve any of its lines. best [L]
    is scratch.
    """
    for j in range(quantity.shape[0]):
        best[:] = 0
        for c in range(location.shape[0]):
            if allowed[j, c]:
                best[location[c]] = max(best[location[c]], available[item[j], c])
        if most[j] < best.shape[0]:
            best.sort()
        cover = 0
        for i in range(max(0, best.shape[0] - most[j]), best.shape[0]):
            cover += best[i]
        for i in range(j):
            cover -= quantity[i] if item[i] == item[j] and alike[j] else 0
        cover = min(quantity[j], max(0, cover))
        quantity[j] = 0 if cover < quantity[j] and whole[j] else cover
