"""Orders decided in one call: stock scored, the best location per subset of lines, the program over subsets, dates and all.

What it does not decide itself it says by a status: such an order takes the long way (see `optimizer.direct`).
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import (
    DIVISIBLE,
    L_FLOOR_ROW,
    L_GRAMS,
    L_QUANTITY,
    L_ROW_COUNT,
    L_ROW_START,
    L_VOLUME,
    O_BY,
    O_CARRIER_PPM,
    O_COUNTRY,
    O_DISTANCE_MAX,
    O_FIRST_LINE,
    O_FIRST_OPTION,
    O_LATE_PER_DAY,
    O_LATE_PPM,
    O_LATEST,
    O_LIMITED,
    O_LINE_COUNT,
    O_MOST,
    O_NOW,
    O_OPTION_COUNT,
    O_POOL_ROW,
    O_RUN_ROW,
    O_SHORT,
    O_SPLIT,
    O_WISH_ROW,
    OUT_OF_RANGE,
    R_HELD,
    R_NODES,
    R_OBJECTIVE,
    R_STATUS,
    SOLVED,
    Arena,
    Asked,
    Limits,
)
from engine.kernels.assign import GRAMS_MAX
from engine.kernels.bounds import least_row_prices, within
from engine.kernels.cheapest import COST_MAX
from engine.kernels.choose import choose_plan, unit_short
from engine.kernels.dates import HorizonTables
from engine.kernels.divided import count_parts, prove_whole
from engine.kernels.entry_offers import full_days, landings, offer_entries, open_entries
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.offers import (
    FULL,
    GRAM_SUM,
    LATE,
    OPENING,
    STEP,
    UNIT_COUNT,
    VALUE,
    VOLUME_SUM,
    Offers,
    hand_over,
    offer_runs,
)
from engine.kernels.partition import NEVER
from engine.kernels.runs import DISTANCE, FIXED_MAX, HANDLING_MAX, ZONE, ZONE_COUNT, ZONE_SERVICE, RunTables
from engine.kernels.score import LATER, carry_bits, score_row
from engine.kernels.subsets import sum_subsets
from engine.kernels.tariffs import price_subsets

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]


@kernel
def decide_orders(
    orders: Ints, lines: Ints, options: Ints, wishes: Int32s, pool_allowed: Bools, floor: Int32s, arena: Arena, limits: Limits,
    runs: RunTables, tables: HorizonTables, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, subsets: Ints,
    prices: Ints, rows: Ints, offers: Offers, results: Ints, placed: Ints,
) -> None:  # fmt: skip
    """The cheapest plan of whole lines for each order and each of its options, as `assign_orders` finds it.

    orders, lines, options [services as bits], results, placed: see `asked`. wishes [rows, L]: bits of the lines that may
    come from a location, as `score.carry_bits` has them; pool_allowed [rows, pools]; floor [rows, L]; tariffs. Scratch:
    subsets [SUBSET_ROWS, 2^lines], prices, rows [4, zones], offers.
    """
    for o in range(orders.shape[0]):
        decide_order(o, orders, lines, options, wishes, pool_allowed, floor, arena, limits, runs, tables, start, max_grams,
                     price, per_kg, subsets, prices, rows, offers, results, placed)  # fmt: skip


@inlined_kernel
def decide_order(
    o: int, orders: Ints, lines: Ints, options: Ints, wishes: Int32s, pool_allowed: Bools, floor: Int32s, arena: Arena,
    limits: Limits, runs: RunTables, tables: HorizonTables, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints,
    subsets: Ints, prices: Ints, rows: Ints, offers: Offers, results: Ints, placed: Ints,
) -> None:  # fmt: skip
    """`decide_orders` of one of them."""
    order = orders[o]
    n, first, row = order[O_LINE_COUNT], order[O_FIRST_LINE], order[O_RUN_ROW]
    begin, end = order[O_FIRST_OPTION], order[O_FIRST_OPTION] + order[O_OPTION_COUNT]
    services = 0
    for p in range(begin, end):
        services |= options[p]
        results[p, R_STATUS] = OUT_OF_RANGE
    asked = Asked(row, n, first, order[O_NOW], services, order[O_LATE_PER_DAY], order[O_LATE_PPM], order[O_BY])
    if not weigh_order(n, first, row, lines, runs.sizes, subsets):
        return
    flags = score_order(o, orders, lines, pool_allowed, floor, arena, offers)
    keep_eligible(order, wishes, limits.country, runs.places, offers)
    hand_over(asked.now, tables, offers)
    count = 0
    if order[O_LIMITED]:
        count = full_days(n, subsets[UNIT_COUNT, (1 << n) - 1], limits, tables, offers)
    if flags & LATER and count >= 0:
        count = landings(asked, lines, order[O_LATEST], arena, offers, count)
    if count < 0:
        return
    offers.clock[1] = count
    price_rows(n, row, order[O_CARRIER_PPM], runs, limits.services, start, max_grams, price, per_kg, subsets, prices, rows)
    clear_offers(n, subsets, offers)
    if not offer_runs(asked, lines, runs, tables, subsets, prices, rows[3], offers):
        return
    if count:
        count = open_entries(asked, lines, count, subsets[UNIT_COUNT, (1 << n) - 1], wishes, order[O_WISH_ROW],
                             pool_allowed[order[O_POOL_ROW]], floor, arena, limits, tables, offers)  # fmt: skip
        if count < 0:
            return
        offers.clock[1] = count
        if not offer_entries(asked, lines, count, limits.profile, limits.kind, runs, tables, subsets, prices, rows[3],
                             offers):  # fmt: skip
            return
    for p in range(begin, end):
        choose_plan(p, options[p], asked, lines, order[O_SPLIT], order[O_SHORT], order[O_MOST], limits.profile, runs,
                    tables, subsets,
                    offers, results, placed)  # fmt: skip
    for p in range(begin, end):
        if results[p, R_STATUS] == DIVISIBLE:
            prove_option(p, options[p], asked, order, lines, runs, tables, start, max_grams, price, per_kg, rows, offers,
                         results)  # fmt: skip


@inlined_kernel
def prove_option(
    p: int, services: int, asked: Asked, order: Ints, lines: Ints, runs: RunTables, tables: HorizonTables, start: Ints,
    max_grams: Ints, price: Ints, per_kg: Ints, rows: Ints, offers: Offers, results: Ints,
) -> None:  # fmt: skip
    """Mark an option as solved if no plan that divides a line is cheaper."""
    held, units = results[p, R_HELD], 0
    for j in range(asked.n):
        units += lines[L_QUANTITY, asked.first_line + j] if held >> j & 1 else 0
    if prove_whole(
        results[p, R_OBJECTIVE], services, asked, lines, held, order[O_SPLIT], unit_short(order[O_SHORT], units),
        order[O_CARRIER_PPM], L_GRAMS, L_VOLUME, runs.sizes[asked.row, ZONE_COUNT], runs, tables, start, max_grams, price,
        per_kg, rows, offers,
    ):  # fmt: skip
        results[p, R_STATUS] = SOLVED
        results[p, R_NODES] += 1 << count_parts(asked, lines, held)


@inlined_kernel
def weigh_order(n: int, first: int, row: int, lines: Ints, sizes: Ints, subsets: Ints) -> bool:
    """Units, grams and mm³ of every subset; False where a line, or what it costs to ship, is beyond safe sums."""
    units = 0
    for j in range(first, first + n):
        quantity = lines[L_QUANTITY, j]
        units += quantity
        if not (within(lines[L_GRAMS, j], quantity, GRAMS_MAX) and within(lines[L_VOLUME, j], quantity, GRAMS_MAX)):
            return False
    if sizes[row, FIXED_MAX] > COST_MAX // 4 or sizes[row, HANDLING_MAX] > min(2**31 - 1, COST_MAX // 4 // (units + n)):
        return False
    amounts = subsets[VALUE]
    for field, out in ((-1, UNIT_COUNT), (L_GRAMS, GRAM_SUM), (L_VOLUME, VOLUME_SUM)):
        for j in range(n):
            amounts[j] = lines[L_QUANTITY, first + j] * (lines[field, first + j] if field >= 0 else 1)
        sum_subsets(n, amounts, 0, subsets[out])
    return True


@inlined_kernel
def score_order(o: int, orders: Ints, lines: Ints, pool_allowed: Bools, floor: Int32s, arena: Arena, offers: Offers) -> int:
    """Units and bits of every line at every location; rows of the next line, or order, are fetched on the way."""
    bits, units = offers.bits[0], offers.units
    at_location, at_slot, supply, demand = arena.location, arena.slot, arena.supply, arena.demand
    slot_available_at, slot_pool, slot_sellable = arena.slot_available_at, arena.slot_pool, arena.slot_sellable
    for i in range(bits.shape[0]):
        bits[i] = 0
    first, n, flags = orders[o, O_FIRST_LINE], orders[o, O_LINE_COUNT], 0
    for j in range(n):
        at = first + j
        ahead = at + 1 if at + 1 < lines.shape[1] else first
        flags |= score_row(
            lines[L_ROW_START, at], lines[L_ROW_COUNT, at], lines[L_ROW_START, ahead], orders[o, O_NOW], orders[o, O_LATEST],
            pool_allowed, orders[o, O_POOL_ROW], floor, lines[L_FLOOR_ROW, at], slot_available_at, slot_pool, slot_sellable,
            at_location, at_slot, supply, demand, units, j,
        )  # fmt: skip
        carry_bits(j, j, lines[L_QUANTITY, at], units, bits)
    return flags


@inlined_kernel
def keep_eligible(order: Ints, wishes: Int32s, country: Int32s, places: Int32s, offers: Offers) -> None:
    """Clear the bits of locations that may not ship there, and those that a line's own wishes rule out."""
    bits, may_serve, row = offers.bits[0], offers.may_serve, order[O_RUN_ROW]
    wanted, most, wish_row = np.int32(order[O_COUNTRY]), np.int32(order[O_DISTANCE_MAX]), order[O_WISH_ROW]
    for l in range(bits.shape[0]):  # noqa: E741
        there = (country[l] >= 0) & ((wanted < 0) | (country[l] == wanted))
        near = (most < 0) | (places[row, DISTANCE, l] <= most)
        may_serve[l] = there & near
        bits[l] = (bits[l] & wishes[wish_row, l]) if there & near else np.int32(0)


@inlined_kernel
def price_rows(
    n: int, row: int, weight_ppm: int, runs: RunTables, services: Ints, start: Ints, max_grams: Ints, price: Ints,
    per_kg: Ints, subsets: Ints, prices: Ints, rows: Ints,
) -> None:  # fmt: skip
    """prices[r · 2^n + S] for every zone of the destination; rows: its zone, divisor, package and least price."""
    count = runs.sizes[row, ZONE_COUNT]
    for r in range(count):
        rows[0, r] = runs.zones[row, ZONE, r]
        rows[1, r], rows[2, r] = services[0, runs.zones[row, ZONE_SERVICE, r]], services[1, runs.zones[row, ZONE_SERVICE, r]]
    size = 1 << n
    table = prices[: count * size].reshape(count, size)
    price_subsets(size, count, 0, rows[0], rows[1], rows[2], weight_ppm, subsets[GRAM_SUM], subsets[VOLUME_SUM], start,
                  max_grams, price, per_kg, subsets[STEP], subsets[FULL], table)  # fmt: skip
    least_row_prices(rows[0, :count], weight_ppm, start, price, rows[3])


@inlined_kernel
def clear_offers(n: int, subsets: Ints, offers: Offers) -> None:
    """Nothing is offered yet, and nothing is late."""
    for s in range(1 << n):
        subsets[LATE, s] = 0
        for service in range(offers.cost.shape[0]):
            offers.cost[service, s] = NEVER
    offers.tally[:] = 0
    offers.tally[:, OPENING] = NEVER
