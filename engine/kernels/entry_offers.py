"""What each carrier service offers from entries: locations where work starts later than now, or whose day is nearly full."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import L_FLOOR_ROW, L_QUANTITY, L_ROW_COUNT, L_ROW_START, Arena, Asked, Limits
from engine.kernels.cheapest import BARRED
from engine.kernels.dates import HorizonTables, delivery_window, pickup_after, ready_minute
from engine.kernels.entries import MINUTE_BITS, add_landings, day_with_capacity, roomier_day, sort_distinct, units_by
from engine.kernels.jit import inlined_kernel
from engine.kernels.offers import BEST as LINE_SCRATCH
from engine.kernels.offers import (
    COLUMNS,
    E_BITS,
    E_DAY,
    E_LEFT,
    E_LOCATION,
    E_MINUTE,
    E_START,
    FOUND,
    LATE,
    LEAST,
    LINE_COUNT,
    NEVER_MINUTE,
    OPENING,
    UNIT_COUNT,
    WHOLE,
    Offers,
    late_costs,
    offer,
    permitted_lines,
    settle_tie,
)
from engine.kernels.runs import PLACE, RUN, SERVICE_FIELDS, RunTables
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import capacity_need

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]


@inlined_kernel
def full_days(line_count: int, units: int, limits: Limits, tables: HorizonTables, offers: Offers) -> int:
    """Take locations out of the runs whose day cannot hold the whole order; each becomes an entry from now on.

    Returns how many, −1 where they are more than there is room for.
    """
    bits, keys, days, count = offers.bits[0], offers.entries[E_MINUTE], offers.day, 0
    profile, per_day, kind, used = limits.profile, limits.per_day, limits.kind, limits.used
    first_day = tables.first_day - limits.first_day
    for l in range(bits.shape[0]):  # noqa: E741
        day = first_day + days[profile[l]]
        left = per_day[l] - (used[day, l] if 0 <= day < used.shape[0] else 0)
        if bits[l] != 0 and (left <= 0 or left < capacity_need(kind[l], line_count, units)):
            if count == keys.shape[0]:
                return -1
            keys[count] = l << MINUTE_BITS
            bits[l] = 0
            count += 1
    return count


@inlined_kernel
def landings(asked: Asked, lines: Ints, latest: int, arena: Arena, offers: Offers, count: int) -> int:
    """An entry for each location and minute at which a receipt of one of the lines lands, behind the first `count`.

    Returns how many there are then, −1 where they are more than there is room for.
    """
    keys, first = offers.entries[E_MINUTE], count
    for j in range(asked.first_line, asked.first_line + asked.n):
        count = add_landings(
            lines[L_ROW_START, j], lines[L_ROW_COUNT, j], asked.now, latest, arena.slot_available_at, arena.location,
            arena.slot, keys, count,
        )  # fmt: skip
        if count < 0:
            return -1
    return sort_distinct(keys, first, count)


@inlined_kernel
def open_entries(
    asked: Asked, lines: Ints, count: int, units: int, wishes: Int32s, wish_row: int, pool_allowed: Bools, floor: Int32s,
    arena: Arena, limits: Limits, tables: HorizonTables, offers: Offers,
) -> int:  # fmt: skip
    """Turn keys (location, minute) into entries: on the first day with capacity, and on each later one that has more left.

    So on until all `units` of the order fit; further days stand behind the first `count`. Returns how many entries there
    are then, −1 where they are more than there is room for.
    """
    entries, may_serve = offers.entries, offers.may_serve
    profile, per_day, used = limits.profile, limits.per_day, limits.used
    for e in range(count):
        key = entries[E_MINUTE, e]
        l, minute = key >> MINUTE_BITS, key & ((1 << MINUTE_BITS) - 1)  # noqa: E741
        entries[E_LOCATION, e], entries[E_MINUTE, e], entries[E_BITS, e] = l, minute, 0
    last = count
    for first in range(count):
        l, minute, e = entries[E_LOCATION, first], entries[E_MINUTE, first], first  # noqa: E741
        if not may_serve[l]:
            continue
        need = capacity_need(limits.kind[l], asked.n, units)
        start, day, left = day_with_capacity(
            l, max(minute, asked.now), profile[l], per_day[l], 0, used, limits.first_day, tables
        )  # fmt: skip
        while True:
            if e == entries.shape[1]:
                return -1
            bits = entry_bits(asked, lines, l, start, pool_allowed, floor, arena, offers.units)
            entries[E_LOCATION, e], entries[E_MINUTE, e], entries[E_START, e] = l, minute, start
            entries[E_DAY, e], entries[E_LEFT, e], entries[E_BITS, e] = day, left, bits & np.int64(wishes[wish_row, l])
            start, day, left = roomier_day(l, day, profile[l], per_day[l], left, need, used, limits.first_day, tables)
            if left == 0:
                break
            e, last = last, last + 1
    return last


@inlined_kernel
def entry_bits(
    asked: Asked, lines: Ints, location: int, start: int, pool_allowed: Bools, floor: Int32s, arena: Arena, units: Int32s
) -> int:
    """Bits as `score.carry_bits` has them, of one location by a later minute; units [lines, L] are of now."""
    bits = 0
    for j in range(asked.n):
        at = asked.first_line + j
        there: int = units[j, location]
        if start > asked.now:
            there = units_by(
                lines[L_ROW_START, at], lines[L_ROW_COUNT, at], location, start, pool_allowed,
                floor[lines[L_FLOOR_ROW, at], location], arena.slot_available_at, arena.slot_pool,
                arena.slot_sellable, arena.location, arena.slot, arena.supply, arena.demand,
            )  # fmt: skip
        bits |= int(there >= lines[L_QUANTITY, at]) << j | int(there > 0) << (ANY_SHIFT + j)
    return bits


@inlined_kernel
def offer_entries(
    asked: Asked, lines: Ints, count: int, profiles: Int32s, kind: Int32s, runs: RunTables, tables: HorizonTables,
    subsets: Ints, prices: Ints, row_price: Ints, offers: Offers,
) -> bool:  # fmt: skip
    """The offers of every entry; False where lateness is out of range."""
    entries, places, by_run, fixed = offers.entries, runs.places, runs.runs, runs.fixed
    latest, costs, sources, tally = offers.latest, offers.cost, offers.source, offers.tally
    location_count, row = fixed.shape[1], asked.row
    for e in range(count):
        bits, l, source = entries[E_BITS, e], entries[E_LOCATION, e], location_count + e  # noqa: E741
        if bits == 0:
            continue
        at, run, profile = places[row, PLACE, l], places[row, RUN, l], profiles[l]
        whole = bits & ((1 << asked.n) - 1)
        sum_entry(whole, at, row, kind[l], entries[E_LEFT, e], fixed, runs.handling, subsets)
        subsets[FOUND, : whole + 1] = source
        ready = ready_minute(entries[E_START, e], profile, tables)
        for s in range(costs.shape[0]):
            latest[source, s] = NEVER_MINUTE
            price_row = by_run[row, run, SERVICE_FIELDS + 2 * s]
            if price_row < 0 or (asked.services >> s) & 1 == 0:
                continue
            minute, day = pickup_after(ready, profile, s, tables)
            _, last = delivery_window(minute, day, by_run[row, run, SERVICE_FIELDS + 2 * s + 1], s, tables)
            mask = permitted_lines(asked, lines, s, last) if last < NEVER_MINUTE else 0
            if mask & (bits >> ANY_SHIFT) == 0:
                continue
            latest[source, s] = last
            tally[s, COLUMNS] += 1
            tally[s, WHOLE] |= mask & whole
            tally[s, OPENING] = min(tally[s, OPENING], fixed[row, at] + row_price[price_row])
            if asked.late_micros_per_day > 0 and not late_costs(asked, lines, last, subsets[LINE_SCRATCH], subsets[LATE]):
                return False
            tie = offer(1, s, mask & whole, asked.n, price_row, prices, subsets, costs, sources)
            while tie < 1 << asked.n:
                settle_tie(source, s, tie, asked, runs, subsets, offers)
                tie = offer(tie + 1, s, mask & whole, asked.n, price_row, prices, subsets, costs, sources)
    return True


@inlined_kernel
def sum_entry(mask: int, at: int, row: int, kind: int, left: int, fixed: Ints, handling: Int32s, subsets: Ints) -> None:
    """LEAST of the subsets of `mask` at one position, beyond BARRED where they take more than the capacity left."""
    pick, unit = np.int64(handling[row, 0, at]), np.int64(handling[row, 1, at])
    s = (0 - mask) & mask
    while s != 0:
        line_count, units = subsets[LINE_COUNT, s], subsets[UNIT_COUNT, s]
        cost = fixed[row, at] + pick * line_count + unit * units
        subsets[LEAST, s] = cost if capacity_need(kind, line_count, units) <= left else BARRED + cost
        s = (s - mask) & mask
