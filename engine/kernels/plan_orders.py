"""Plain orders planned one after the other in one call, each on what those before it leave: decided, pegged, priced, held.

It ends at the first order that it cannot plan whole: that one takes the long way, and then the next can be planned here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import (
    L_FLOOR_ROW,
    L_GRAMS,
    L_LATEST,
    L_QUANTITY,
    L_ROW_COUNT,
    L_ROW_START,
    L_VOLUME,
    O_FIRST_LINE,
    O_LINE_COUNT,
    O_NOW,
    O_POOL_ROW,
    O_RUN_ROW,
    P_DAY,
    P_EARLIEST,
    P_HANDOVER,
    P_LATEST,
    P_LOCATION,
    P_SERVICE,
    P_START,
    R_COLUMNS,
    R_HELD,
    R_NODES,
    R_OBJECTIVE,
    R_STATUS,
    SOLVED,
    Arena,
    Limits,
)
from engine.kernels.dates import HorizonTables
from engine.kernels.decide import decide_order
from engine.kernels.entries import UNLIMITED
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.offers import MINUTES_PER_DAY, NEVER_MINUTE, Offers
from engine.kernels.order_tables import (
    C_RAW_MICROS,
    C_TERM,
    C_WEIGHT_PPM,
    C_WEIGHTED_MICROS,
    K_INDEX,
    K_ITEM,
    K_KEPT,
    K_LINE,
    K_LOCATION,
    K_QUANTITY,
    K_SLOT,
    S_CAPACITY,
    S_CO2_GRAMS,
    S_DAY,
    S_EARLIEST,
    S_FIRST_PEG,
    S_FIRST_TERM,
    S_GRAMS,
    S_HANDOVER,
    S_LATEST,
    S_LOCATION,
    S_METERS,
    S_PEG_COUNT,
    S_SERVICE,
    S_TERM_COUNT,
    S_TOTAL_MICROS,
    SHIPMENT_FIELDS,
    V_CANDIDATES,
    V_FIRST_SHIPMENT,
    V_FIRST_SUM,
    V_NODES,
    V_PIECE,
    V_SHIPMENT_COUNT,
    V_SUM_COUNT,
    V_TOTAL_MICROS,
)
from engine.kernels.runs import DISTANCE as METERS
from engine.kernels.runs import RUN, SERVICE_FIELDS, ZONE, RunTables
from engine.kernels.stock import take_at_location
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import PPM, shipment_micros, weigh

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

(
    PICK, UNIT, PACK, CARRIER, TRANSFER, SPLIT, LATENESS, PRIORITY, DISTANCE, CAPACITY, STOCK_OUT, MARKDOWN, OPPORTUNITY,
    DECLINE, PERFORMANCE, CARBON, DUTY, SHORT, PENALTY, TERMS,
) = range(20)  # fmt: skip
"""Ranks of the terms of the objective, as `Term` has them."""

SPLIT_MICROS, DECLINE_MICROS, LATE_MICROS, RATE_FIELDS = TERMS, TERMS + 1, TERMS + 2, TERMS + 3
"""Columns of `rates.policies`: the weights of a policy by rank, then what it charges before weighting."""

PEGS_EACH_MAX = 64
"""Positions of an item at one location; of more, the order takes the long way."""

CO2_GRAMS_PER_GRAM_METER = 10**9
SHIPMENTS_USED, PEGS_USED, TERMS_USED, SUMS_USED, USED_FIELDS = range(5)


class Rates(NamedTuple):
    """What a network and its policies charge."""

    pick: Ints  # [L] each, before weighting
    unit: Ints
    pack: Ints
    priority: Ints
    performance: Ints
    decline_ppm: Ints
    co2_grams_per_tonne_km: Ints  # [S]
    policies: Ints  # [pieces, RATE_FIELDS]


class Planned(NamedTuple):
    """Where plans are written, as `order_tables` has it, and how many rows of each are used."""

    orders: Ints
    shipments: Ints
    pegs: Ints
    terms: Ints
    sums: Ints
    used: Ints


@kernel
def plan_orders(
    pieces: Ints, read_first: Ints, items: Ints, orders: Ints, lines: Ints, options: Ints, wishes: Int32s,
    pool_allowed: Bools, floor: Int32s, arena: Arena, limits: Limits, runs: RunTables, tables: HorizonTables, start: Ints,
    max_grams: Ints, price: Ints, per_kg: Ints, subsets: Ints, prices: Ints, rows: Ints, offers: Offers, results: Ints,
    placed: Ints, rates: Rates, scratch: Ints, out: Planned,
) -> int:  # fmt: skip
    """Plan orders and hold what they take; returns the first that could not be planned, or their number.

    pieces [orders]: rows of `rates.policies`; read_first [orders]: column of an order's first line where it was read; items
    [lines]. orders … placed: as `decide.decide_orders` has them, one option an order. out.orders[o] is written but for what
    is not of the plan; scratch [≥ PEGS_EACH_MAX + TERMS, 3].
    """
    for o in range(orders.shape[0]):
        decide_order(o, orders, lines, options, wishes, pool_allowed, floor, arena, limits, runs, tables, start, max_grams,
                     price, per_kg, subsets, prices, rows, offers, results, placed)  # fmt: skip
        if results[o, R_STATUS] != SOLVED or results[o, R_HELD] != (1 << orders[o, O_LINE_COUNT]) - 1:
            return o
        if not assemble(o, pieces[o], read_first[o], orders[o], lines, items, pool_allowed, floor, arena, limits, runs, start,
                        max_grams, price, per_kg, results[o, R_OBJECTIVE], placed[o], rates, scratch, out):  # fmt: skip
            return o
        out.orders[o, V_CANDIDATES], out.orders[o, V_NODES] = results[o, R_COLUMNS], results[o, R_NODES]
        hold(o, o + 1, 1, limits.first_day, limits.used, arena.demand, out)
    return int(orders.shape[0])


@inlined_kernel
def assemble(
    o: int, piece: int, read_first: int, order: Ints, lines: Ints, items: Ints, pool_allowed: Bools, floor: Int32s,
    arena: Arena, limits: Limits, runs: RunTables, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, objective: int,
    placed: Ints, rates: Rates, scratch: Ints, out: Planned,
) -> bool:  # fmt: skip
    """Write the shipments, pegs and costs of one plan behind those before it; False, and nothing is used, where it cannot."""
    used, shipments, n = out.used, out.shipments, order[O_LINE_COUNT]
    first_shipment, count, peg = used[SHIPMENTS_USED], 0, used[PEGS_USED]
    for j in range(n):
        if placed[j, P_LOCATION] < 0:
            return False
        is_new = True
        for k in range(j):
            is_new &= placed[k, P_LOCATION] != placed[j, P_LOCATION]
        if is_new:
            insert_shipment(first_shipment, count, placed[j], shipments)
            count += 1
    term, policy = used[TERMS_USED], rates.policies[piece]
    by_term = scratch[PEGS_EACH_MAX:].T
    for rank in range(TERMS):
        by_term[0, rank] = by_term[1, rank] = 0
    split = policy[SPLIT_MICROS]
    by_term[0, SPLIT], by_term[1, SPLIT] = split * (count - 1), weigh(split, policy[SPLIT]) * (count - 1)
    for s in range(first_shipment, first_shipment + count):
        shipment = shipments[s]
        shipment[S_FIRST_PEG] = peg
        for j in range(n):
            if placed[j, P_LOCATION] == shipment[S_LOCATION]:
                more = peg_line(
                    order, j, read_first, lines, items, pool_allowed, floor, arena, placed[j], scratch, peg, out.pegs
                )
                if more < 0:
                    return False
                peg += more
        shipment[S_PEG_COUNT] = peg - shipment[S_FIRST_PEG]
        shipment[S_FIRST_TERM] = term
        if not price_shipment(order, shipment, lines, limits, runs, start, max_grams, price, per_kg, placed, rates, policy,
                              by_term, term, out.terms):  # fmt: skip
            return False
        term += shipment[S_TERM_COUNT]
    total, row = 0, used[SUMS_USED]
    for rank in range(TERMS):
        if by_term[0, rank] != 0:
            put_cost(rank, by_term[0, rank], policy[rank], by_term[1, rank], out.sums[row])
            total += by_term[1, rank]
            row += 1
    # What the decision weighed and what the shipments say are summed in different ways; unequal, neither can be trusted.
    if total != objective:
        return False
    plan = out.orders[o]
    plan[V_FIRST_SHIPMENT], plan[V_SHIPMENT_COUNT], plan[V_TOTAL_MICROS] = first_shipment, count, total
    plan[V_FIRST_SUM], plan[V_SUM_COUNT], plan[V_PIECE] = used[SUMS_USED], row - used[SUMS_USED], piece
    used[SHIPMENTS_USED], used[PEGS_USED], used[TERMS_USED], used[SUMS_USED] = first_shipment + count, peg, term, row
    return True


@inlined_kernel
def insert_shipment(first: int, count: int, place: Ints, shipments: Ints) -> None:
    """One shipment more in its place behind `first`: earliest delivery first, then by location."""
    at = first + count
    while at > first and (
        shipments[at - 1, S_LATEST] > place[P_LATEST]
        or (shipments[at - 1, S_LATEST] == place[P_LATEST] and shipments[at - 1, S_LOCATION] > place[P_LOCATION])
    ):
        for field in range(SHIPMENT_FIELDS):
            shipments[at, field] = shipments[at - 1, field]
        at -= 1
    shipment = shipments[at]
    shipment[S_LOCATION], shipment[S_SERVICE], shipment[S_HANDOVER] = place[P_LOCATION], place[P_SERVICE], place[P_HANDOVER]
    shipment[S_EARLIEST], shipment[S_LATEST], shipment[S_DAY] = place[P_EARLIEST], place[P_LATEST], place[P_DAY]


@inlined_kernel
def peg_line(
    order: Ints, j: int, read_first: int, lines: Ints, items: Ints, pool_allowed: Bools, floor: Int32s, arena: Arena,
    place: Ints, scratch: Ints, peg: int, pegs: Ints,
) -> int:  # fmt: skip
    """Write where a line's units come from, earliest arrival first; how many positions, −1 where they are too many."""
    at, location = order[O_FIRST_LINE] + j, place[P_LOCATION]
    if peg + PEGS_EACH_MAX > pegs.shape[0]:
        return -1
    taken = scratch[:PEGS_EACH_MAX].T
    count = take_at_location(
        lines[L_ROW_START, at], lines[L_ROW_COUNT, at], location, lines[L_QUANTITY, at], max(place[P_START], order[O_NOW]),
        floor[lines[L_FLOOR_ROW, at], location], pool_allowed[order[O_POOL_ROW]], arena.slot_available_at, arena.slot_pool,
        arena.slot_sellable, arena.location, arena.slot, arena.supply, arena.demand, taken,
    )  # fmt: skip
    units = 0
    for k in range(max(count, 0)):
        row = pegs[peg + k]
        row[K_LINE], row[K_ITEM], row[K_LOCATION] = read_first + j, items[at], location
        row[K_SLOT], row[K_INDEX], row[K_QUANTITY] = arena.slot[taken[0, k]], taken[0, k], taken[1, k]
        row[K_KEPT] = taken[2, k]
        units += taken[1, k]
    return count if units == lines[L_QUANTITY, at] else -1


@inlined_kernel
def price_shipment(
    order: Ints, shipment: Ints, lines: Ints, limits: Limits, runs: RunTables, start: Ints, max_grams: Ints, price: Ints,
    per_kg: Ints, placed: Ints, rates: Rates, policy: Ints, by_term: Ints, term: int, terms: Ints,
) -> bool:  # fmt: skip
    """Weight, capacity and cost terms of a shipment, added to by_term [raw and weighted, TERMS] as well."""
    l, service, row = shipment[S_LOCATION], shipment[S_SERVICE], order[O_RUN_ROW]  # noqa: E741
    grams, volume, units, count, late, late_weighted = 0, 0, 0, 0, 0, 0
    for j in range(order[O_LINE_COUNT]):
        at = order[O_FIRST_LINE] + j
        if placed[j, P_LOCATION] == l:
            quantity = lines[L_QUANTITY, at]
            grams += lines[L_GRAMS, at] * quantity
            volume += lines[L_VOLUME, at] * quantity
            units += quantity
            count += 1
            due = lines[L_LATEST, at]
            days = (max(shipment[S_LATEST] - due, 0) + MINUTES_PER_DAY - 1) // MINUTES_PER_DAY if due < NEVER_MINUTE else 0
            late += days * policy[LATE_MICROS]
            late_weighted += weigh(days * policy[LATE_MICROS], policy[LATENESS])
    meters, rate = int(runs.places[row, METERS, l]), rates.co2_grams_per_tonne_km[service]
    if grams > 2**62 // max(1, meters) // max(1, rate):
        return False
    shipment[S_GRAMS], shipment[S_METERS] = grams, meters
    shipment[S_CO2_GRAMS] = grams * meters * rate // CO2_GRAMS_PER_GRAM_METER
    shipment[S_CAPACITY] = capacity_need(limits.kind[l], count, units) if limits.per_day[l] < UNLIMITED else 0
    # A day outside the table is counted elsewhere.
    if shipment[S_CAPACITY] and not 0 <= shipment[S_DAY] - limits.first_day < limits.used.shape[0]:
        return False
    zone = runs.zones[row, ZONE, runs.runs[row, runs.places[row, RUN, l], SERVICE_FIELDS + 2 * service]]
    carrier = shipment_micros(grams, volume, zone, limits.services[0, service], limits.services[1, service], start, max_grams,
                              price, per_kg)  # fmt: skip
    decline = policy[DECLINE_MICROS] // PPM * rates.decline_ppm[l] + policy[DECLINE_MICROS] % PPM * rates.decline_ppm[l] // PPM
    at, total = term, 0
    for rank in range(TERMS):
        each, times = 0, 1
        if rank == PICK:
            each, times = rates.pick[l], count
        elif rank == UNIT:
            each, times = rates.unit[l], units
        elif rank == PACK:
            each = rates.pack[l]
        elif rank == CARRIER:
            each = carrier
        elif rank == PRIORITY:
            each = rates.priority[l]
        elif rank == DISTANCE:
            each = meters // 1000
        elif rank == DECLINE:
            each, times = decline, count
        elif rank == PERFORMANCE:
            each = rates.performance[l]
        raw, weighted = each * times, weigh(each, policy[rank]) * times
        if rank == LATENESS:
            raw, weighted = late, late_weighted
        if raw != 0:
            put_cost(rank, raw, policy[rank], weighted, terms[at])
            by_term[0, rank] += raw
            by_term[1, rank] += weighted
            total += weighted
            at += 1
    shipment[S_TERM_COUNT], shipment[S_TOTAL_MICROS] = at - term, total
    return True


@inlined_kernel
def put_cost(rank: int, raw: int, weight_ppm: int, weighted: int, row: Ints) -> None:
    """One term of a cost."""
    row[C_TERM], row[C_RAW_MICROS], row[C_WEIGHT_PPM], row[C_WEIGHTED_MICROS] = rank, raw, weight_ppm, weighted


@inlined_kernel
def hold(first: int, end: int, sign: int, first_day: int, used: Ints, demand: Int32s, out: Planned) -> None:
    """Show the orders after them what the planned orders `first` to `end` take, sign 1; or take that back, sign -1."""
    for o in range(first, end):
        plan = out.orders[o]
        for s in range(plan[V_FIRST_SHIPMENT], plan[V_FIRST_SHIPMENT] + plan[V_SHIPMENT_COUNT]):
            shipment = out.shipments[s]
            if shipment[S_CAPACITY]:
                used[shipment[S_DAY] - first_day, shipment[S_LOCATION]] += sign * shipment[S_CAPACITY]
            for k in range(shipment[S_FIRST_PEG], shipment[S_FIRST_PEG] + shipment[S_PEG_COUNT]):
                demand[out.pegs[k, K_INDEX]] += sign * out.pegs[k, K_QUANTITY]
