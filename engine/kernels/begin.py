"""How a search begins: everything undecided, the plan that leaves all short, and prices by which no column gains."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.long_order import FIXED, GRAIN, LEFT_SHORT, ROW, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, clear_plan, plan_cost, put_line
from engine.kernels.search_state import ALIVE, BEST, BY_LINE, DEPTH, GOAL, NODES_MAX, PAUSE_AT, Search, copy_values

Ints = NDArray[np.int64]


@kernel
def begin(t: LongOrder, s: Search, plan: PlanState, best: PlanState, nodes_max: int) -> None:
    """All columns undecided but those that can serve no line; the best plan so far leaves everything short."""
    clear_plan(plan)
    clear_plan(best)
    for j in range(t.lines.shape[1]):
        put_line(t, best, j, LEFT_SHORT)
        s.price_max[j] = t.lines[SHORT, j]
    s.now[:] = 0
    s.now[NODES_MAX], s.now[PAUSE_AT], s.now[DEPTH] = nodes_max, NEVER, -1
    s.now[BEST] = plan_cost(t, best)
    s.now[GOAL] = s.now[BEST] - t.rules[GRAIN] + 1
    s.slope_at[:] = 0
    s.rate_at[:] = BY_LINE
    size = 0
    end = t.handling.shape[0]
    for c in range(end):
        serves = False
        for j in range(t.handling.shape[1]):
            s.cost[c, j] = t.floor[c, j]
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
    copy_values(s.price_max, s.price)
    for i in range(s.now[ALIVE]):
        c = s.alive[i]
        count = 0
        for j in range(s.price.shape[0]):
            count += s.cost[c, j] < NEVER
        share = (t.columns[FIXED, c] + t.base[t.columns[ROW, c], 0]) // count
        for j in range(s.price.shape[0]):
            s.price[j] = min(s.price[j], s.cost[c, j] + share)
