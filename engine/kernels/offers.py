"""What each carrier service offers an order: the least cost of every subset of its lines, and from where.

A *source* is a position in the runs, an entry (L + its index; see `entries`), or a run in which the position is still to be
found (L + E + its index). Equal costs: the column first in
the order of preference (priority, latest delivery, location, service, start) is the one; it is looked for only then.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import L_LATEST, L_QUANTITY, L_SERVICES, Asked
from engine.kernels.cheapest import BARRED, cheapest_opening, find_sorted, first_position, gather_bits, scan_run
from engine.kernels.dates import HorizonTables, handover_minute, processing_day, window_in
from engine.kernels.jit import inlined_kernel
from engine.kernels.partition import NEVER
from engine.kernels.runs import BEGIN, END, POSITION, PROFILE, RUN, RUN_COUNT, SERVICE_FIELDS, SORTED, RunTables
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import sum_subsets
from engine.kernels.tariffs import weigh

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

NEVER_MINUTE = 2**62
MINUTES_PER_DAY = 1440
LATE_MAX = 2**40

COLUMNS, WHOLE, OPENING, TALLY_FIELDS = range(4)
"""Of each service: columns that may carry a line in time, lines carried whole, the least that a shipment costs whatever it
holds."""

E_LOCATION, E_MINUTE, E_START, E_DAY, E_BITS, E_LEFT, ENTRY_FIELDS = range(7)
"""E_MINUTE is the receipt's, 0 for now; E_START the minute work may start, E_LEFT the capacity left on E_DAY."""

(
    LINE_COUNT, UNIT_COUNT, GRAM_SUM, VOLUME_SUM, STEP, FULL, LATE, LEAST, FOUND, BEST, VALUE, COUNT, CHOICE, SUBSET_ROWS,
) = range(14)  # fmt: skip


class Offers(NamedTuple):
    """Scratch of one order; S services, L locations, E entries."""

    bits: Int32s  # [2, L]: by location, and by position
    cost: Ints  # [S, 2^lines]
    source: Ints  # [S, 2^lines]
    latest: Ints  # [L + E, S]: latest delivery from each source
    handover: Ints  # [P, S, 2]: minute and day of a start at `clock`
    day: Ints  # [P]: the day (of the horizon) on which work starts then
    clock: Ints  # [2]: the minute of `handover`, and how many entries there are
    may_serve: Bools  # [L]
    units: Int32s  # [lines, L]
    parts: Int32s  # [2, L]: by location, and by position; see `divided`
    by_parts: Ints  # [SUBSET_ROWS, 2^parts]
    part_prices: Ints  # [price rows · 2^parts]
    tally: Ints  # [S, TALLY_FIELDS]
    entries: Ints  # [ENTRY_FIELDS, E]
    tile: Ints


@inlined_kernel
def hand_over(now: int, tables: HorizonTables, offers: Offers) -> None:
    """Minute and day at which a start now goes to each carrier, by profile; kept for the next order of the same minute."""
    if offers.clock[0] == now:
        return
    for p in range(offers.handover.shape[0]):
        offers.day[p] = processing_day(now, p, tables)
        for s in range(offers.handover.shape[1]):
            offers.handover[p, s, 0], offers.handover[p, s, 1] = handover_minute(now, p, s, tables)
    offers.clock[0] = now


@inlined_kernel
def permitted_lines(asked: Asked, lines: Ints, service: int, latest: int) -> int:
    """Bits of the lines that may go by a service that delivers by `latest`; a price on lateness makes any date do up to the
    last one of all.
    """
    mask = 0
    if latest > asked.by:
        return mask
    for j in range(asked.n):
        at = asked.first_line + j
        in_time = (latest <= lines[L_LATEST, at]) | (asked.late_micros_per_day > 0)
        mask |= (int(in_time) & (lines[L_SERVICES, at] >> service) & 1) << j
    return mask


@inlined_kernel
def late_costs(asked: Asked, lines: Ints, latest: int, line_late: Ints, late: Ints) -> bool:
    """late[S] = what the lines of S cost for being late, by started days; False where that is out of range."""
    for j in range(asked.n):
        due = lines[L_LATEST, asked.first_line + j]
        days = (max(latest - due, 0) + MINUTES_PER_DAY - 1) // MINUTES_PER_DAY if due < NEVER_MINUTE else 0
        if days > 0 and asked.late_micros_per_day > LATE_MAX // days:
            return False
        line_late[j] = weigh(days * asked.late_micros_per_day, asked.late_ppm)
        if not 0 <= line_late[j] <= LATE_MAX:
            return False
    sum_subsets(asked.n, line_late, 0, late)
    return True


@inlined_kernel
def offer_runs(
    asked: Asked, lines: Ints, runs: RunTables, tables: HorizonTables, subsets: Ints, prices: Ints, row_price: Ints,
    offers: Offers,
) -> bool:  # fmt: skip
    """The offers of every run at a start now; False where lateness is out of range."""
    # Taken out of their tuples once: each time counts references, which costs more than the work.
    places, fixed, handling, by_run = runs.places, runs.fixed, runs.handling, runs.runs
    bits, by_location, tile, latest, tally = offers.bits[1], offers.bits[0], offers.tile, offers.latest, offers.tally
    handover, costs, sources = offers.handover, offers.cost, offers.source
    calendars, delivery_days = tables.delivery_row, tables.delivery_days
    least, late, line_late = subsets[LEAST], subsets[LATE], subsets[BEST]
    line_count, unit_count, quantity = subsets[LINE_COUNT], subsets[UNIT_COUNT], lines[L_QUANTITY]
    row, n = asked.row, asked.n
    found, unfound = subsets[FOUND], latest.shape[0]
    for run in range(runs.sizes[row, RUN_COUNT]):
        begin: int = by_run[row, run, BEGIN]
        end: int = by_run[row, run, END]
        profile, opening = by_run[row, run, PROFILE], -1
        for s in range(costs.shape[0]):
            latest[run, s] = NEVER_MINUTE
            price_row, transit = by_run[row, run, SERVICE_FIELDS + 2 * s], by_run[row, run, SERVICE_FIELDS + 2 * s + 1]
            if price_row < 0 or (asked.services >> s) & 1 == 0 or handover[profile, s, 1] < 0:
                continue
            _, last = window_in(handover[profile, s, 0], handover[profile, s, 1], transit, calendars[s], delivery_days)
            mask = permitted_lines(asked, lines, s, last) if last < NEVER_MINUTE else 0
            if mask == 0:
                continue
            if opening < 0 and by_run[row, run, SORTED]:
                opening = find_sorted(begin, end, row, n, line_count, unit_count, places, fixed, handling, by_location, least,
                                      found)  # fmt: skip
            elif opening < 0:
                gather_bits(begin, end, row, places, by_location, bits)
                opening = cheapest_opening(begin, end, row, fixed, bits)
                scan_run(begin, end, row, n, asked.first_line, quantity, line_count, unit_count, fixed, handling, bits, tile,
                         least)  # fmt: skip
                found[: 1 << n] = unfound + run
            if opening == end:
                break
            latest[run, s] = last
            tally[s, COLUMNS] += end - begin
            tally[s, WHOLE] |= mask & whole_lines(n, least)
            tally[s, OPENING] = min(tally[s, OPENING], fixed[row, opening] + row_price[price_row])
            if asked.late_micros_per_day > 0 and not late_costs(asked, lines, last, line_late, late):
                return False
            tie = offer(1, s, mask, n, price_row, prices, subsets, costs, sources)
            while tie < 1 << n:
                settle_tie(found[tie], s, tie, asked, runs, subsets, offers)
                tie = offer(tie + 1, s, mask, n, price_row, prices, subsets, costs, sources)
    return True


@inlined_kernel
def whole_lines(n: int, least: Ints) -> int:
    """Bits of the lines that are carried alone."""
    bits = 0
    for j in range(n):
        bits |= int(least[1 << j] < BARRED) << j
    return bits


@inlined_kernel
def lines_in_part(asked: Asked, lines: Ints, services: int, runs: RunTables, offers: Offers) -> int:
    """Bits of the lines of which any of the services can carry a unit; asked for only where one is not carried whole."""
    bits, row = 0, asked.row
    for s in range(offers.cost.shape[0]):
        if (services >> s) & 1 == 0:
            continue
        for run in range(runs.sizes[row, RUN_COUNT]):
            seen, last = 0, offers.latest[run, s]
            if last < NEVER_MINUTE:
                for c in range(runs.runs[row, run, BEGIN], runs.runs[row, run, END]):
                    seen |= offers.bits[0, runs.places[row, POSITION, c]]
                bits |= permitted_lines(asked, lines, s, last) & (seen >> ANY_SHIFT)
        for e in range(offers.clock[1]):
            last = offers.latest[runs.fixed.shape[1] + e, s]
            if offers.entries[E_BITS, e] != 0 and last < NEVER_MINUTE:
                bits |= permitted_lines(asked, lines, s, last) & (offers.entries[E_BITS, e] >> ANY_SHIFT)
    return bits


@inlined_kernel
def offer(
    first: int, service: int, mask: int, n: int, price_row: int, prices: Ints, subsets: Ints, costs: Ints, sources: Ints
) -> int:  # fmt: skip
    """Take what the sources FOUND carry for less than the service's best so far, subset by subset of the permitted lines.

    From subset `first` on; returns the first subset that costs as much as the best so far, 2^n when there is none.
    """
    prices_at = np.uint64(price_row) << np.uint64(n)
    for s in range(first, 1 << n):
        at = np.uint64(s)
        if s & ~mask or subsets[LEAST, at] >= BARRED:
            continue
        cost = subsets[LEAST, at] + prices[prices_at + at] + subsets[LATE, at]
        if cost > costs[service, at] or cost >= NEVER:
            continue
        if cost == costs[service, at]:
            return s
        costs[service, at] = cost
        sources[service, at] = subsets[FOUND, at]
    return 1 << n


@inlined_kernel
def settle_tie(source: int, service: int, subset: int, asked: Asked, runs: RunTables, subsets: Ints, offers: Offers) -> None:
    """Of two sources that cost the same, the one whose column comes first carries the subset."""
    if is_before(source, service, offers.source[service, subset], service, subset, asked, runs, subsets, offers):
        offers.source[service, subset] = source


@inlined_kernel
def source_location(source: int, subset: int, row: int, runs: RunTables, subsets: Ints, offers: Offers) -> int:
    """The location that carries a subset from a source."""
    location: int
    location_count, known = runs.fixed.shape[1], offers.latest.shape[0]
    if location_count <= source < known:
        location = offers.entries[E_LOCATION, source - location_count]
        return location
    at = source
    if source >= known:
        run = source - known
        at = first_position(
            runs.runs[row, run, BEGIN], runs.runs[row, run, END], row, subset, subsets[LINE_COUNT], subsets[UNIT_COUNT],
            runs.fixed, runs.handling, offers.bits[1],
        )  # fmt: skip
    location = runs.places[row, POSITION, at]
    return location


@inlined_kernel
def is_entry(source: int, runs: RunTables, offers: Offers) -> bool:
    """Whether a source is an entry."""
    return bool(runs.fixed.shape[1] <= source < offers.latest.shape[0])


@inlined_kernel
def is_before(
    source: int, service: int, other: int, other_service: int, subset: int, asked: Asked, runs: RunTables, subsets: Ints,
    offers: Offers,
) -> bool:  # fmt: skip
    """Whether the column of a source comes before that of another in the order of preference."""
    a = source_location(source, subset, asked.row, runs, subsets, offers)
    b = source_location(other, subset, asked.row, runs, subsets, offers)
    first, second = runs.priority[a], runs.priority[b]
    if first != second:
        return bool(first < second)
    of_a = source if is_entry(source, runs, offers) else runs.places[asked.row, RUN, a]
    of_b = other if is_entry(other, runs, offers) else runs.places[asked.row, RUN, b]
    first, second = offers.latest[of_a, service], offers.latest[of_b, other_service]
    if first != second:
        return bool(first < second)
    if a != b:
        return a < b
    if service != other_service:
        return service < other_service
    location_count = runs.fixed.shape[1]
    first = offers.entries[E_MINUTE, source - location_count] if is_entry(source, runs, offers) else 0
    second = offers.entries[E_MINUTE, other - location_count] if is_entry(other, runs, offers) else 0
    if first != second:
        return bool(first < second)
    first = offers.entries[E_START, source - location_count] if is_entry(source, runs, offers) else 0
    second = offers.entries[E_START, other - location_count] if is_entry(other, runs, offers) else 0
    return bool(first < second)
