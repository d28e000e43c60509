"""Plain quotes planned in one call: the best plan by all services and by each service level, ranked, and the frontier.

Each is planned on the stock as it is; nothing is held. A quote of which something is short, or not proven here, is told: it
is decided by itself, by the long way where need be.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import (
    EMPTY,
    O_FIRST_OPTION,
    O_LINE_COUNT,
    O_NOW,
    O_OPTION_COUNT,
    P_LOCATION,
    P_START,
    PLACED_FIELDS,
    R_COLUMNS,
    R_HELD,
    R_NODES,
    R_OBJECTIVE,
    R_STATUS,
    SOLVED,
    Arena,
    Limits,
)
from engine.kernels.dates import NEVER, HorizonTables, order_by_minute
from engine.kernels.decide import decide_order
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.offers import Offers
from engine.kernels.order_tables import (
    K_INDEX,
    K_LINE,
    K_QUANTITY,
    OTHER,
    PLAIN,
    S_CO2_GRAMS,
    S_EARLIEST,
    S_FIRST_PEG,
    S_LATEST,
    S_LOCATION,
    S_PEG_COUNT,
    S_SERVICE,
    V_CANDIDATES,
    V_FIRST_SHIPMENT,
    V_NODES,
    V_SHIPMENT_COUNT,
    V_TOTAL_MICROS,
)
from engine.kernels.plan_orders import PEGS_USED, SHIPMENTS_USED, SUMS_USED, TERMS_USED, Planned, Rates, assemble
from engine.kernels.quote_frontier import find_frontier
from engine.kernels.quote_tables import (
    F_CO2_GRAMS,
    F_EARLIEST,
    F_LATEST,
    F_ORDER_BY,
    POINTS_MAX,
    Q_OPTION_COUNT,
    Q_POINT_COUNT,
    Q_STATUS,
    T_COST_MICROS,
    T_LATEST,
    T_RANK,
)
from engine.kernels.runs import RunTables

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

UNKNOWN = -1
"""In `order_by`: not looked for yet."""


@kernel
def plan_quotes(
    pieces: Ints, read_first: Ints, items: Ints, wanted: Ints, orders: Ints, lines: Ints, options: Ints, wishes: Int32s,
    pool_allowed: Bools, floor: Int32s, arena: Arena, limits: Limits, runs: RunTables, tables: HorizonTables, start: Ints,
    max_grams: Ints, price: Ints, per_kg: Ints, subsets: Ints, prices: Ints, rows: Ints, offers: Offers, results: Ints,
    placed: Ints, rates: Rates, scratch: Ints, order_by: Ints, out: Planned, facts: Ints, starts: Ints, ranked: Ints,
    points: Ints, quotes: Ints,
) -> None:  # fmt: skip
    """Q_STATUS, Q_OPTION_COUNT and Q_POINT_COUNT of each quote, and what they count; see `quote_tables`.

    wanted [quotes, 2]: most options, and 1 where the frontier is wanted. pieces … out: as `plan_orders` has them, but that
    there are several options a quote, all services the first of them, and a row more of results and placed than there are
    options. order_by [profiles, services], UNKNOWN at first: kept between calls of one minute.
    """
    for q in range(orders.shape[0]):
        decide_order(q, orders, lines, options, wishes, pool_allowed, floor, arena, limits, runs, tables, start, max_grams,
                     price, per_kg, subsets, prices, rows, offers, results, placed)  # fmt: skip
        told = rank_options(pieces[q], read_first[q], items, orders[q], lines, pool_allowed, floor, arena, limits, runs, tables,
                            start, max_grams, price, per_kg, results, placed, rates, scratch, order_by, out, facts,
                            starts, ranked[q])  # fmt: skip
        quotes[q, Q_STATUS] = PLAIN if told > 0 else OTHER
        quotes[q, Q_OPTION_COUNT], quotes[q, Q_POINT_COUNT] = min(told, wanted[q, 0]), 0
        if told > 0 and wanted[q, 1]:
            own = points[q * POINTS_MAX : (q + 1) * POINTS_MAX]
            found = find_frontier(q, orders, lines, options, limits, runs, tables, start, max_grams, price, per_kg, subsets,
                                  prices, rows, offers, results, placed, own)  # fmt: skip
            if found < 0:
                quotes[q, Q_STATUS] = OTHER
            else:
                quotes[q, Q_POINT_COUNT] = found
                rank_points(own, found, ranked[q], quotes[q, Q_OPTION_COUNT], out, facts)


@inlined_kernel
def rank_options(
    piece: int, read_first: int, items: Ints, order: Ints, lines: Ints, pool_allowed: Bools, floor: Int32s,
    arena: Arena, limits: Limits, runs: RunTables, tables: HorizonTables, start: Ints, max_grams: Ints, price: Ints,
    per_kg: Ints, results: Ints, placed: Ints, rates: Rates, scratch: Ints, order_by: Ints, out: Planned, facts: Ints,
    starts: Ints, ranked: Ints,
) -> int:  # fmt: skip
    """How many different plans the options of a decided quote are, the best first in `ranked`; −1: one is short or open."""
    begin, n, told = order[O_FIRST_OPTION], order[O_LINE_COUNT], 0
    for p in range(begin, begin + order[O_OPTION_COUNT]):
        if results[p, R_STATUS] == EMPTY and p > begin:
            continue
        if results[p, R_STATUS] != SOLVED or results[p, R_HELD] != (1 << n) - 1:
            return -1
        if is_placed_before(p, begin, n, results, placed):
            continue
        used = out.used
        shipments, pegs, terms, sums = used[SHIPMENTS_USED], used[PEGS_USED], used[TERMS_USED], used[SUMS_USED]
        if not assemble(p, piece, read_first, order, lines, items, pool_allowed, floor, arena, limits, runs, start, max_grams,
                        price, per_kg, results[p, R_OBJECTIVE], placed[p], rates, scratch, out):  # fmt: skip
            return -1
        out.orders[p, V_CANDIDATES], out.orders[p, V_NODES] = results[p, R_COLUMNS], results[p, R_NODES]
        if is_told_before(p, ranked, told, out):
            used[SHIPMENTS_USED], used[PEGS_USED], used[TERMS_USED], used[SUMS_USED] = shipments, pegs, terms, sums
            continue
        sum_facts(p, order, placed[p], limits.profile, tables, order_by, out, facts, starts)
        insert_ranked(p, ranked, told, out, facts)
        told += 1
    return told


@inlined_kernel
def is_placed_before(p: int, begin: int, n: int, results: Ints, placed: Ints) -> bool:
    """Whether an option before this one places all lines the same."""
    for other in range(begin, p):
        if results[other, R_STATUS] != SOLVED:
            continue
        same = True
        for j in range(n):
            for field in range(PLACED_FIELDS):
                same &= placed[p, j, field] == placed[other, j, field]
        if same:
            return True
    return False


@inlined_kernel
def is_told_before(p: int, ranked: Ints, told: int, out: Planned) -> bool:
    """Whether one of the plans ranked so far is the same to a customer: what comes from where, by which service, and when."""
    for k in range(told):
        if is_same_plan(out.orders[p], out.orders[ranked[k]], out):
            return True
    return False


@inlined_kernel
def is_same_plan(plan: Ints, other: Ints, out: Planned) -> bool:
    """Whether two plans have the same shipments of the same units, by the same services, there by the same minutes."""
    if plan[V_SHIPMENT_COUNT] != other[V_SHIPMENT_COUNT]:
        return False
    for s in range(plan[V_SHIPMENT_COUNT]):
        a, b = out.shipments[plan[V_FIRST_SHIPMENT] + s], out.shipments[other[V_FIRST_SHIPMENT] + s]
        same = (a[S_LOCATION] == b[S_LOCATION]) & (a[S_SERVICE] == b[S_SERVICE]) & (a[S_LATEST] == b[S_LATEST])
        if not same or a[S_PEG_COUNT] != b[S_PEG_COUNT]:
            return False
        for k in range(a[S_PEG_COUNT]):
            peg, beside = out.pegs[a[S_FIRST_PEG] + k], out.pegs[b[S_FIRST_PEG] + k]
            same = (peg[K_LINE] == beside[K_LINE]) & (peg[K_INDEX] == beside[K_INDEX]) & (peg[K_QUANTITY] == beside[K_QUANTITY])
            if not same:
                return False
    return True


@inlined_kernel
def sum_facts(
    p: int, order: Ints, placed: Ints, profile: Int32s, tables: HorizonTables, order_by: Ints, out: Planned, facts: Ints,
    starts: Ints,
) -> None:  # fmt: skip
    """facts[p]: first and last delivery, the first cutoff, and emissions of all shipments; starts: the minute of each."""
    plan = out.orders[p]
    earliest, latest, due, co2 = NEVER, -NEVER, NEVER, 0
    for s in range(plan[V_FIRST_SHIPMENT], plan[V_FIRST_SHIPMENT] + plan[V_SHIPMENT_COUNT]):
        shipment = out.shipments[s]
        l, service = shipment[S_LOCATION], shipment[S_SERVICE]  # noqa: E741
        j = 0
        while placed[j, P_LOCATION] != l:
            j += 1
        starts[s] = placed[j, P_START]
        minute = last_order(placed[j, P_START], order[O_NOW], profile[l], service, tables, order_by)
        earliest, latest = min(earliest, shipment[S_EARLIEST]), max(latest, shipment[S_LATEST])
        due = min(due, minute)
        co2 += shipment[S_CO2_GRAMS]
    facts[p, F_EARLIEST], facts[p, F_LATEST], facts[p, F_ORDER_BY], facts[p, F_CO2_GRAMS] = earliest, latest, due, co2


@inlined_kernel
def last_order(begin: int, now: int, profile: int, service: int, tables: HorizonTables, order_by: Ints) -> int:
    """`order_by_minute` of a start at `begin`; of a start now it is kept in order_by [profiles, services], UNKNOWN at first."""
    minute: int = order_by[profile, service]
    if begin != now or minute == UNKNOWN:
        minute = order_by_minute(begin, profile, service, tables)
        if begin == now:
            order_by[profile, service] = minute
    return minute


@inlined_kernel
def insert_ranked(p: int, ranked: Ints, told: int, out: Planned, facts: Ints) -> None:
    """Put a plan in its place among those ranked: the lowest cost first, then the soonest, then those that came first."""
    at, cost, latest = told, out.orders[p, V_TOTAL_MICROS], facts[p, F_LATEST]
    while at > 0:
        before = ranked[at - 1]
        other: int = out.orders[before, V_TOTAL_MICROS]
        if other < cost or (other == cost and facts[before, F_LATEST] <= latest):
            break
        ranked[at] = before
        at -= 1
    ranked[at] = p


@inlined_kernel
def rank_points(points: Ints, count: int, ranked: Ints, option_count: int, out: Planned, facts: Ints) -> None:
    """T_RANK of each point: the first option with its date and cost."""
    for i in range(count):
        points[i, T_RANK] = 0
        for k in range(option_count - 1, -1, -1):
            same = out.orders[ranked[k], V_TOTAL_MICROS] == points[i, T_COST_MICROS]
            if same and facts[ranked[k], F_LATEST] == points[i, T_LATEST]:
                points[i, T_RANK] = k + 1
