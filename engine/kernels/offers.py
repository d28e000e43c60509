"""What each carrier service offers an order: the least cost of every subset of its lines, and from where.

A *source* is a run of locations (its index), or an entry (L + its index; see `entries`). Equal costs: the column first in
the order of preference (priority, latest delivery, location, service, start) is the one; it is looked for only then.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import L_LATEST, L_QUANTITY, L_SERVICES, Asked
from engine.kernels.cheapest import BARRED, count_columns, first_position, gather_bits, least_fixed, scan_run
from engine.kernels.dates import HorizonTables, handover_minute, processing_day, window_in
from engine.kernels.jit import kernel
from engine.kernels.runs import BEGIN, END, POSITION, PROFILE, RUN_COUNT, SERVICE_FIELDS, RunTables
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import NEVER, sum_subsets
from engine.kernels.tariffs import weigh

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

NEVER_MINUTE = 2**62
MINUTES_PER_DAY = 1440
LATE_MAX = 2**40

COLUMNS, USED, WHOLE, SOME, OPENING, TALLY_FIELDS = range(6)
"""Of each service: columns with stock, columns that carry a line, lines carried whole, lines with any unit, the least
that a shipment costs whatever it holds."""

E_LOCATION, E_MINUTE, E_START, E_DAY, E_BITS, E_LEFT, ENTRY_FIELDS = range(7)
"""E_MINUTE is the receipt's, 0 for now; E_START the minute work may start, E_LEFT the capacity left on E_DAY."""

LINE_COUNT, UNIT_COUNT, GRAM_SUM, VOLUME_SUM, STEP, FULL, LATE, LEAST, BEST, VALUE, COUNT, CHOICE, SUBSET_ROWS = range(13)


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
    tally: Ints  # [S, TALLY_FIELDS]
    entries: Ints  # [ENTRY_FIELDS, E]
    tile: Ints


@kernel
def hand_over(now: int, tables: HorizonTables, offers: Offers) -> None:
    """Minute and day at which a start now goes to each carrier, by profile; kept for the next order of the same minute."""
    if offers.clock[0] == now:
        return
    for p in range(offers.handover.shape[0]):
        offers.day[p] = processing_day(now, p, tables)
        for s in range(offers.handover.shape[1]):
            offers.handover[p, s, 0], offers.handover[p, s, 1] = handover_minute(now, p, s, tables)
    offers.clock[0] = now


@kernel
def permitted_lines(asked: Asked, lines: Ints, service: int, latest: int) -> int:
    """Bits of the lines that may go by a service that delivers by `latest`; a price on lateness makes any date do."""
    mask = 0
    for j in range(asked.n):
        at = asked.first_line + j
        in_time = (latest <= lines[L_LATEST, at]) | (asked.late_micros_per_day > 0)
        mask |= (int(in_time) & (lines[L_SERVICES, at] >> service) & 1) << j
    return mask


@kernel
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


@kernel
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
    for run in range(runs.sizes[row, RUN_COUNT]):
        begin: int = by_run[row, run, BEGIN]
        end: int = by_run[row, run, END]
        seen = gather_bits(begin, end, row, places, by_location, bits)
        profile, opening, masked, columns, used = by_run[row, run, PROFILE], -1, -1, 0, 0
        for s in range(costs.shape[0]):
            latest[run, s] = NEVER_MINUTE
            price_row, transit = by_run[row, run, SERVICE_FIELDS + 2 * s], by_run[row, run, SERVICE_FIELDS + 2 * s + 1]
            if seen == 0 or price_row < 0 or (asked.services >> s) & 1 == 0 or handover[profile, s, 1] < 0:
                continue
            _, last = window_in(handover[profile, s, 0], handover[profile, s, 1], transit, calendars[s], delivery_days)
            mask = permitted_lines(asked, lines, s, last) if last < NEVER_MINUTE else 0
            if mask & (seen >> ANY_SHIFT) == 0:
                continue
            if opening < 0:
                opening = least_fixed(begin, end, row, fixed, bits)
                scan_run(begin, end, row, n, asked.first_line, quantity, line_count, unit_count, fixed, handling, bits, tile,
                         least)  # fmt: skip
            if mask != masked:
                columns, used = count_columns(begin, end, mask << ANY_SHIFT, bits), count_columns(begin, end, mask, bits)
                masked = mask
            latest[run, s] = last
            add_tally(s, columns, used, mask & seen, mask & (seen >> ANY_SHIFT), opening + row_price[price_row], tally)
            if asked.late_micros_per_day > 0 and not late_costs(asked, lines, last, line_late, late):
                return False
            tie = offer(1, run, s, mask, n, price_row, prices, subsets, costs, sources)
            while tie < 1 << n:
                settle_tie(run, s, tie, asked, runs, subsets, offers)
                tie = offer(tie + 1, run, s, mask, n, price_row, prices, subsets, costs, sources)
    return True


@kernel
def recount(asked: Asked, lines: Ints, service: int, held: int, runs: RunTables, offers: Offers) -> tuple[int, int]:
    """(columns, used) of a service as if only the lines `held` had been asked for."""
    columns, used = 0, 0
    location_count = runs.fixed.shape[1]
    for run in range(runs.sizes[asked.row, RUN_COUNT]):
        last = offers.latest[run, service]
        if last < NEVER_MINUTE:
            mask = permitted_lines(asked, lines, service, last) & held
            begin: int = runs.runs[asked.row, run, BEGIN]
            end: int = runs.runs[asked.row, run, END]
            columns += count_columns(begin, end, mask << ANY_SHIFT, offers.bits[1])
            used += count_columns(begin, end, mask, offers.bits[1])
    for e in range(offers.clock[1]):
        last = offers.latest[location_count + e, service]
        if last < NEVER_MINUTE:
            mask = permitted_lines(asked, lines, service, last) & held
            columns += int((offers.entries[E_BITS, e] >> ANY_SHIFT) & mask != 0)
            used += int(offers.entries[E_BITS, e] & mask != 0)
    return columns, used


@kernel
def add_tally(service: int, columns: int, used: int, whole: int, some: int, opening: int, tally: Ints) -> None:
    """Count a source's columns with those of its service."""
    tally[service, COLUMNS] += columns
    tally[service, USED] += used
    tally[service, WHOLE] |= whole
    tally[service, SOME] |= some
    tally[service, OPENING] = min(tally[service, OPENING], opening)


@kernel
def offer(
    first: int, source: int, service: int, mask: int, n: int, price_row: int, prices: Ints, subsets: Ints, costs: Ints,
    sources: Ints,
) -> int:  # fmt: skip
    """Take what a source carries for less than the service's best so far, subset by subset of the permitted lines.

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
        sources[service, at] = source
    return 1 << n


@kernel
def settle_tie(source: int, service: int, subset: int, asked: Asked, runs: RunTables, subsets: Ints, offers: Offers) -> None:
    """Of two sources that cost the same, the one whose column comes first carries the subset."""
    if is_before(source, service, offers.source[service, subset], service, subset, asked, runs, subsets, offers):
        offers.source[service, subset] = source


@kernel
def source_location(source: int, subset: int, row: int, runs: RunTables, subsets: Ints, offers: Offers) -> int:
    """The location that carries a subset from a source."""
    location: int
    if source >= runs.fixed.shape[1]:
        location = offers.entries[E_LOCATION, source - runs.fixed.shape[1]]
        return location
    at = first_position(
        runs.runs[row, source, BEGIN], runs.runs[row, source, END], row, subset, subsets[LINE_COUNT], subsets[UNIT_COUNT],
        runs.fixed, runs.handling, offers.bits[1],
    )  # fmt: skip
    location = runs.places[row, POSITION, at]
    return location


@kernel
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
    first, second = offers.latest[source, service], offers.latest[other, other_service]
    if first != second:
        return bool(first < second)
    if a != b:
        return a < b
    if service != other_service:
        return service < other_service
    location_count = runs.fixed.shape[1]
    first = offers.entries[E_MINUTE, source - location_count] if source >= location_count else 0
    second = offers.entries[E_MINUTE, other - location_count] if other >= location_count else 0
    return bool(first < second)
