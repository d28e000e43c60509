"""A long order from end to end: first plans, the bound at the root, then plans of one, two, three … shipments in turn.

A bound on plans of exactly k shipments, or of at least k, is far above one on plans of any number: fixed costs count in
whole. What is left after a few k is searched as one.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.covers import search_covers
from engine.kernels.jit import kernel
from engine.kernels.lagrange import ALIVE, BEST, GOAL, LEAST, MOST, NODES, NODES_MAX, Search, ascend
from engine.kernels.long_order import FIXED, GRAIN, LEFT_SHORT, LOCATIONS_MAX, ROW, SHORT, LongOrder
from engine.kernels.plans import PlanState, clear_plan, plan_cost, put_line
from engine.kernels.search import search_plans, try_plan
from engine.kernels.subsets import NEVER

ROOT_PARTS, ROOT_ROUNDS = 3, 20
"""Rounds of ascent at the root, and how often a plan is made on the way."""

WINDOW_ROUNDS = 20
WINDOWS_MAX = 8
"""Numbers of shipments that are searched apart."""

Ints = NDArray[np.int64]


@kernel
def solve_long(
    t: LongOrder, s: Search, plan: PlanState, best: PlanState, trial: PlanState, spare: PlanState, order: Ints,
    in_use: Ints, frames: Ints, kept_price: Ints, nodes_max: int,
) -> int:  # fmt: skip
    """Leave the best plan found in `best` and what it costs in s.now; returns a bound on every plan with a shipment.

    order [n]: lines, the heaviest first.
    """
    begin(t, s, plan, best, nodes_max)
    start_prices(t, s)
    s.now[LEAST], s.now[MOST] = 1, t.rules[LOCATIONS_MAX]
    bound, count = ascend(t, s, plan, 0)
    try_plan(t, s, plan, best, trial, spare, order, in_use, count, True)
    for _ in range(ROOT_PARTS):
        bound, count = ascend(t, s, plan, ROOT_ROUNDS)
        if bound >= s.now[GOAL] or s.now[NODES] >= s.now[NODES_MAX]:
            break
        try_plan(t, s, plan, best, trial, spare, order, in_use, count, True)
    if bound >= s.now[GOAL]:
        return s.now[BEST]
    return search_windows(t, s, plan, best, trial, spare, order, in_use, frames, kept_price, bound)


@kernel
def search_windows(
    t: LongOrder, s: Search, plan: PlanState, best: PlanState, trial: PlanState, spare: PlanState, order: Ints,
    in_use: Ints, frames: Ints, kept_price: Ints, bound: int,
) -> int:  # fmt: skip
    """Search plans of 1, 2, 3 … shipments, then all with more; returns the bound on those not ruled out, or BEST."""
    unproven = NEVER
    price = s.price.copy()
    limit = t.rules[LOCATIONS_MAX]
    for k in range(1, WINDOWS_MAX + 1):
        s.now[LEAST], s.now[MOST] = k, limit
        at_least, _ = ascend(t, s, plan, WINDOW_ROUNDS)
        bound = max(bound, at_least)
        if bound >= s.now[GOAL] or k > limit:
            return min(unproven, s.now[BEST])
        price[:] = s.price
        size = s.now[ALIVE]
        if k == WINDOWS_MAX or s.now[NODES] >= s.now[NODES_MAX]:
            break
        s.now[MOST] = k
        exactly, _ = ascend(t, s, plan, WINDOW_ROUNDS if k > 2 else 0)
        if exactly < s.now[GOAL]:
            exactly = search_covers(t, s, k, exactly, plan, best, trial, spare, order, in_use, frames, kept_price)
        if exactly < s.now[GOAL]:
            unproven = min(unproven, exactly)
        s.now[ALIVE] = size
        s.price[:] = price
    s.now[MOST] = limit
    rest = search_plans(t, s, plan, best, trial, spare, order, in_use, frames, kept_price, 1, True)
    if rest < s.now[GOAL]:
        unproven = min(unproven, max(rest, bound))
    return min(unproven, s.now[BEST])


@kernel
def begin(t: LongOrder, s: Search, plan: PlanState, best: PlanState, nodes_max: int) -> None:
    """All columns undecided but those that can serve no line; the best plan so far leaves everything short."""
    clear_plan(plan)
    clear_plan(best)
    for j in range(t.lines.shape[1]):
        put_line(t, best, j, LEFT_SHORT)
        s.price_max[j] = t.lines[SHORT, j]
    s.now[:] = 0
    s.now[NODES_MAX] = nodes_max
    s.now[BEST] = plan_cost(t, best)
    s.now[GOAL] = s.now[BEST] - t.rules[GRAIN] + 1
    s.slope_at[:] = 0
    s.cost[:] = t.floor
    size = 0
    end = t.handling.shape[0]
    for c in range(end):
        serves = False
        for j in range(t.handling.shape[1]):
            serves |= t.floor[c, j] < NEVER
        if serves:
            s.alive[size] = c
            s.rank[c] = size
            size += 1
        else:
            end_of_list = t.handling.shape[0] - 1 - (c - size)
            s.alive[end_of_list] = c
            s.rank[c] = end_of_list
    s.now[ALIVE] = size


@kernel
def start_prices(t: LongOrder, s: Search) -> None:
    """price[j] = min over columns of cost + an equal share of what a shipment costs: no column gains by these prices."""
    s.price[:] = s.price_max
    for i in range(s.now[ALIVE]):
        c = s.alive[i]
        count = 0
        for j in range(s.price.shape[0]):
            count += s.cost[c, j] < NEVER
        share = (t.columns[FIXED, c] + t.base[t.columns[ROW, c], 0]) // count
        for j in range(s.price.shape[0]):
            s.price[j] = min(s.price[j], s.cost[c, j] + share)
