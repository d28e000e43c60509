"""The columns of an order as `alternatives` reads them: from what the deciding kernel offers, or from a problem's tables."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.alternatives import (
    A_CARRIES,
    A_DOMINATORS,
    A_HOW,
    A_SEND_COLUMN,
    A_SEND_SUBSET,
    A_VALUE,
    AT_LEAST,
    C_DAY,
    C_FIXED,
    C_KIND,
    C_LATEST,
    C_LEFT,
    C_LOCATION,
    C_MASK,
    C_OPENING,
    C_PRICE_ROW,
    C_SERVICE,
    C_START,
)
from engine.kernels.asked import (
    L_FLOOR_ROW,
    L_LATEST,
    L_QUANTITY,
    L_ROW_COUNT,
    L_ROW_START,
    O_BY,
    O_FIRST_LINE,
    O_LATE_PER_DAY,
    O_LATE_PPM,
    O_LINE_COUNT,
    O_NOW,
    O_RUN_ROW,
    Arena,
    Asked,
    Limits,
)
from engine.kernels.assign import mask_columns, share_items, weigh_lines
from engine.kernels.bounds import least_row_prices
from engine.kernels.dates import HorizonTables
from engine.kernels.entries import UNLIMITED
from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.offers import (
    E_BITS,
    E_DAY,
    E_LEFT,
    E_LOCATION,
    E_START,
    MINUTES_PER_DAY,
    NEVER_MINUTE,
    Offers,
    permitted_lines,
)
from engine.kernels.partition import NEVER, line_of
from engine.kernels.runs import BEGIN, END, PLACE, POSITION, PROFILE, RUN, RUN_COUNT, SERVICE_FIELDS, RunTables
from engine.kernels.score import ANY_SHIFT
from engine.kernels.stock import position_left
from engine.kernels.subsets import sum_subsets
from engine.kernels.tariffs import price_subsets, shipment_micros, weigh

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

SERVES, DISABLED, NOT_SHIPPING, ABROAD, TOO_FAR, UNWANTED, NO_ZONE, OUT_OF_STOCK, UNDELIVERED = range(9)
"""Why a location does not carry a line. UNDELIVERED: stock and way are there; capacity, dates or weight are not."""


@allocating_kernel
def columns_of_offers(
    order: Ints, services: int, lines: Ints, limits: Limits, runs: RunTables, tables: HorizonTables, row_price: Ints,
    offers: Offers, facts: Ints, handling: Ints,
) -> int:  # fmt: skip
    """Write a column for each source and service that may carry a unit in time, from the offers of the order decided last.

    order: its row of `asked`; services as bits; row_price by price row. Returns how many columns there are.
    """
    row = order[O_RUN_ROW]
    asked = Asked(row, order[O_LINE_COUNT], order[O_FIRST_LINE], order[O_NOW], services, order[O_LATE_PER_DAY],
                  order[O_LATE_PPM], order[O_BY])  # fmt: skip
    # Taken out of their tuples once, since each time counts references.
    by_run, places, fixed, handled = runs.runs, runs.places, runs.fixed, runs.handling
    latest, bits, days, kinds = offers.latest, offers.bits[0], offers.day, limits.kind
    late = np.zeros(asked.n, np.int64)
    location_count, count = fixed.shape[1], 0
    for run in range(runs.sizes[row, RUN_COUNT]):
        begin: int = by_run[row, run, BEGIN]
        end: int = by_run[row, run, END]
        day = tables.first_day + days[by_run[row, run, PROFILE]]
        for s in range(latest.shape[1]):
            price_row = by_run[row, run, SERVICE_FIELDS + 2 * s]
            permitted = 0
            if price_row >= 0 and (services >> s) & 1 and latest[run, s] < NEVER_MINUTE:
                permitted = permitted_lines(asked, lines, s, latest[run, s])
            if permitted == 0:
                continue
            lateness(asked, lines, latest[run, s], late)
            for c in range(begin, end):
                l = places[row, POSITION, c]  # noqa: E741
                if permitted & (bits[l] >> ANY_SHIFT) != 0:
                    write_column(count, l, s, permitted & bits[l], c, row, price_row, kinds[l], UNLIMITED, asked.now, day,
                                 latest[run, s], row_price, fixed, facts)  # fmt: skip
                    handle_lines(count, c, row, asked.n, asked.first_line, lines, late, handled, handling)
                    count += 1
    entries = offers.entries
    for e in range(offers.clock[1]):
        l, having, source = entries[E_LOCATION, e], entries[E_BITS, e], location_count + e  # noqa: E741
        if having == 0:
            continue
        c, run = places[row, PLACE, l], places[row, RUN, l]
        for s in range(latest.shape[1]):
            price_row = by_run[row, run, SERVICE_FIELDS + 2 * s]
            if price_row < 0 or (services >> s) & 1 == 0 or latest[source, s] >= NEVER_MINUTE:
                continue
            permitted = permitted_lines(asked, lines, s, latest[source, s])
            if permitted & (having >> ANY_SHIFT) == 0:
                continue
            lateness(asked, lines, latest[source, s], late)
            write_column(count, l, s, permitted & having, c, row, price_row, kinds[l], entries[E_LEFT, e], entries[E_START, e],
                         entries[E_DAY, e], latest[source, s], row_price, fixed, facts)  # fmt: skip
            handle_lines(count, c, row, asked.n, asked.first_line, lines, late, handled, handling)
            count += 1
    return count


@kernel
def lateness(asked: Asked, lines: Ints, latest: int, late: Ints) -> None:
    """late[j] = what line j costs for being delivered at `latest`."""
    if asked.late_micros_per_day > 0:
        for j in range(asked.n):
            due = lines[L_LATEST, asked.first_line + j]
            over = max(latest - due, 0) if due < NEVER_MINUTE else 0
            days = (over + MINUTES_PER_DAY - 1) // MINUTES_PER_DAY
            late[j] = weigh(days * asked.late_micros_per_day, asked.late_ppm)


@kernel
def write_column(
    count: int, location: int, service: int, mask: int, place: int, row: int, price_row: int, kind: int, left: int,
    start: int, day: int, latest: int, row_price: Ints, fixed: Ints, facts: Ints,
) -> None:  # fmt: skip
    """Write the facts of a column at a position of the runs."""
    at = np.uint64(count)
    facts[C_LOCATION, at], facts[C_SERVICE, at], facts[C_MASK, at] = location, service, mask
    facts[C_FIXED, at], facts[C_PRICE_ROW, at] = fixed[row, place], price_row
    facts[C_KIND, at], facts[C_LEFT, at], facts[C_START, at], facts[C_DAY, at] = kind, left, start, day
    facts[C_LATEST, at], facts[C_OPENING, at] = latest, fixed[row, place] + row_price[price_row]


@kernel
def handle_lines(
    count: int, place: int, row: int, n: int, first_line: int, lines: Ints, late: Ints, handled: Int32s, handling: Ints
) -> None:  # fmt: skip
    """handling[j, count] = pick + unit × quantity + lateness."""
    pick, unit = np.int64(handled[row, 0, place]), np.int64(handled[row, 1, place])
    for j in range(n):
        handling[j, count] = pick + unit * lines[L_QUANTITY, first_line + j] + late[j]


@kernel
def units_in_time(
    lines: Ints, until: int, floor: Int32s, pool_allowed: Bools, arena: Arena, units: Ints
) -> None:  # fmt: skip
    """units[j, l] = what location l can promise of line j by its latest date, or by `until`; pools: the first row."""
    units[:] = 0
    at_location, at_slot, supply, demand = arena.location, arena.slot, arena.supply, arena.demand
    slot_at, slot_pool, sellable, allowed = arena.slot_available_at, arena.slot_pool, arena.slot_sellable, pool_allowed[0]
    for j in range(lines.shape[1]):
        by = min(until, lines[L_LATEST, j])
        begin, row = lines[L_ROW_START, j], lines[L_FLOOR_ROW, j]
        location: Any = np.int32(-1)
        common_debt: Any = np.int64(0)
        own_debt: Any = np.int64(0)
        for i in range(lines[L_ROW_COUNT, j]):
            at: Any = np.uint64(begin + i)
            l = at_location[at]  # noqa: E741
            if l != location:
                location, common_debt, own_debt = l, np.int64(floor[row, l]), np.int64(0)
            more, common_debt, own_debt = position_left(
                at, common_debt, own_debt, allowed, slot_at, slot_pool, sellable, at_slot, supply, demand
            )  # fmt: skip
            units[j, l] += more if slot_at[at_slot[at]] <= by else 0


@kernel
def measure_shipments(
    sends: Bools, quantity: Ints, grams: Ints, volume: Ints, service: Ints, zone: Int32s, divisor: Ints,
    package_grams_max: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, once: Ints, counts: Ints, units: Ints,
    carrier: Ints,
) -> None:  # fmt: skip
    """Of the lines that each location sends: shipments (0 or 1), lines, units, and what the carrier charges, not weighted.

    sends [n, L]; quantity, and grams and mm³ per unit [n]; service [L], −1: sends nothing; zone [S, L].
    """
    for l in range(service.shape[0]):  # noqa: E741
        s = service[l]
        once[l], counts[l], units[l], carrier[l] = 0, 0, 0, 0
        if s < 0:
            continue
        weight, space = 0, 0
        for j in range(quantity.shape[0]):
            q = quantity[j] if sends[j, l] else 0
            counts[l] += q > 0
            units[l] += q
            weight += q * grams[j]
            space += q * volume[j]
        once[l] = 1
        carrier[l] = shipment_micros(weight, space, zone[s, l], divisor[s], package_grams_max[s], start, max_grams, price,
                                     per_kg)  # fmt: skip


@allocating_kernel
def columns_of_problem(
    weight_ppm: int, quantity: Ints, item: Ints, grams: Ints, volume: Ints, short: Ints, allowed: Bools, fixed: Ints,
    line_micros: Ints, unit_micros: Ints, available: Ints, price_row: Ints, zone: Ints, divisor: Ints, package_grams_max: Ints,
    start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, facts: Ints, handling: Ints, prices: Ints, line_short: Ints,
    shared_need: Ints, shared_available: Ints, counts: Ints, scratch: Ints,
) -> int:  # fmt: skip
    """Write C_MASK, C_FIXED, C_PRICE_ROW and C_OPENING of a problem's columns, and the tables beside them.

    Tables of a problem as `optimizer.Problem` has them; allowed, line_micros and available flat. Written: handling
    [n, columns], prices [rows, 2^n], line_short [n], shared_need [n, 2^n], shared_available [n, columns], counts [2, 2^n]:
    lines and units. scratch [4, 2^n]. Returns how many items stand in several lines.
    """
    n, columns, rows = quantity.shape[0], fixed.shape[0], zone.shape[0]
    values, line_grams, line_volume = np.ones(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    sum_subsets(n, values, 0, counts[0])
    sum_subsets(n, quantity, 0, counts[1])
    weigh_lines(quantity, grams, volume, short, line_grams, line_volume, line_short)
    sum_subsets(n, line_grams, 0, scratch[0])
    sum_subsets(n, line_volume, 0, scratch[1])
    price_subsets(1 << n, rows, 0, zone, divisor, package_grams_max, weight_ppm, scratch[0], scratch[1], start, max_grams,
                  price, per_kg, scratch[2], scratch[3], prices)  # fmt: skip
    mask_columns(columns, quantity, item, allowed, fixed, line_micros, unit_micros, available, line_grams, line_volume,
                 handling, facts[C_MASK])  # fmt: skip
    row_price = np.empty(rows, np.int64)
    least_row_prices(zone, weight_ppm, start, price, row_price)
    for c in range(columns):
        facts[C_FIXED, c], facts[C_PRICE_ROW, c] = fixed[c], price_row[c]
        facts[C_OPENING, c] = fixed[c] + row_price[price_row[c]]
    return share_items(item.max() + 1, columns, quantity, item, available, values, shared_need, shared_available)


@kernel
def exclude(
    active: Bools, ships: Bools, country: Ints, country_wanted: int, distance: Ints, farthest: int, zone: Int32s, going: Bools,
    carries: Bools, wanted: Bools, units: Ints, quantity: Ints, why: Ints,
) -> None:  # fmt: skip
    """why[j, l] = 0 where location l carries line j, else the first of what stands in the way, as named above.

    active, ships, country, distance [L]; country_wanted −1: any; zone [S, L]; going [n, S]: services that a line may go by;
    carries, wanted, units [n, L].
    """
    for j in range(quantity.shape[0]):
        for l in range(active.shape[0]):  # noqa: E741
            if carries[j, l]:
                why[j, l] = SERVES
            elif not active[l]:
                why[j, l] = DISABLED
            elif not ships[l]:
                why[j, l] = NOT_SHIPPING
            elif country_wanted >= 0 and country[l] != country_wanted:
                why[j, l] = ABROAD
            elif distance[l] > farthest:
                why[j, l] = TOO_FAR
            elif not wanted[j, l]:
                why[j, l] = UNWANTED
            else:
                why[j, l] = NO_ZONE
                for s in range(going.shape[1]):
                    if going[j, s] and zone[s, l] >= 0:
                        why[j, l] = OUT_OF_STOCK if units[j, l] < quantity[j] else UNDELIVERED
                        break


@kernel
def spread_answer(
    answer: Ints, facts: Ints, cost: int, beyond: int, index: Ints, chosen: Ints, carries: Bools, sends: Bools, columns: Ints,
    difference: Ints, known: Ints, dominator: Ints,
) -> None:  # fmt: skip
    """The answer of `alternatives.explain_locations` against a plan that costs `cost`; outputs are zero, columns −1.

    A value that is `beyond` more is no difference. index [n]: the row of carries and sends [.., L] of each line; columns
    [4, L]: service, start, day and latest delivery of what a location sends; difference, known [L]. A bound below zero
    says nothing more than zero. dominator [L]: the first of the chosen that dominates the location, −1: none does.
    """
    for l in range(difference.shape[0]):  # noqa: E741
        for j in range(index.shape[0]):
            carries[index[j], l] = (answer[A_CARRIES, l] >> j) & 1
            sends[index[j], l] = (answer[A_SEND_SUBSET, l] >> j) & 1
        dominator[l] = -1
        if answer[A_CARRIES, l] != 0 and answer[A_DOMINATORS, l] != 0:
            dominator[l] = chosen[line_of(answer[A_DOMINATORS, l] & -answer[A_DOMINATORS, l])]
        c = answer[A_SEND_COLUMN, l]
        if c >= 0:
            columns[0, l], columns[1, l] = facts[C_SERVICE, c], facts[C_START, c]
            columns[2, l], columns[3, l] = facts[C_DAY, c], facts[C_LATEST, c]
        micros = answer[A_VALUE, l] - cost
        if answer[A_VALUE, l] < NEVER and micros < beyond:
            known[l] = answer[A_HOW, l]
            difference[l] = max(micros, 0) if answer[A_HOW, l] == AT_LEAST else micros
