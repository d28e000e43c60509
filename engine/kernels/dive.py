"""A plan made shipment by shipment at the prices of a bound: the load that costs least for what its lines are priced, the next.

A column's load is the lines it serves for less than their price, the most worth per gram first, up to where a gram more
costs most: carriers charge by the step, so the best load ends below one. Method: greedy set covering, Chvátal 1979.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.column_answers import list_worth
from engine.kernels.jit import kernel
from engine.kernels.local_search import improve_plan
from engine.kernels.long_order import LEFT_SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, copy_plan, fill_plan, fits, joining_cost, put_line, take_line
from engine.kernels.search_state import MOST, Search, adopt_plan

Ints = NDArray[np.int64]


@kernel
def dive(t: LongOrder, s: Search, plan: PlanState, count: int, offered: Ints, order: Ints, in_use: Ints) -> None:
    """Complete a plan by offered columns [≥ count], within MOST; the rest goes where it adds least, or is short."""
    while plan.used[0] < min(s.now[MOST], order.shape[0]):
        chosen, most, best = -1, 0, 0.0
        for i in range(count):
            lines, cost, worth = best_load(t, s, plan, offered[i])
            if lines > 0 and (chosen < 0 or float(cost) * best < float(worth)):
                chosen, most, best = offered[i], lines, float(worth) / float(max(cost, 1))
        if chosen < 0:
            break
        load_column(t, s, plan, chosen, most)
    used = plan.used[0]
    for k in range(used):
        in_use[k] = plan.used[k + 1]
    fill_plan(t, plan, used, in_use, order)


@kernel
def dive_again(
    t: LongOrder, s: Search, best: PlanState, trial: PlanState, spare: PlanState, count: int, offered: Ints, order: Ints,
    in_use: Ints,
) -> None:  # fmt: skip
    """Let what one or two columns of the best plan carry, and what is short, find its way anew while that is cheaper."""
    at = 0
    while at < best.used[0] * best.used[0]:
        c, d = best.used[1 + at // best.used[0]], best.used[1 + at % best.used[0]]
        at += 1
        if d < c:
            continue
        copy_plan(t, best, trial)
        for j in range(order.shape[0]):
            if trial.column_of[j] == c or trial.column_of[j] == d or trial.column_of[j] == LEFT_SHORT:
                take_line(t, trial, j)
        dive(t, s, trial, count, offered, order, in_use)
        improve_plan(t, trial, spare, count, offered, order, in_use)
        if adopt_plan(t, s, trial, best):
            at = 0


@kernel
def best_load(t: LongOrder, s: Search, plan: PlanState, c: int) -> tuple[int, int, int]:
    """(lines, cost, Σ price): the first so many of `answer` that column c sends for least per price; no lines: none fits."""
    count = list_worth(t, s, plan, c)
    cost, worth, put = 0, 0, 0
    best, best_cost, best_worth = 0, 0, 1
    for k in range(count):
        j = s.answer[k]
        joins = joining_cost(t, plan, j, c) if fits(t, plan, j, c) else NEVER
        if joins >= NEVER:
            break
        put_line(t, plan, j, c)
        put += 1
        cost += joins
        worth += s.price[j]
        if best == 0 or float(cost) * float(best_worth) <= float(best_cost) * float(worth):
            best, best_cost, best_worth = put, cost, worth
    for k in range(put):
        take_line(t, plan, s.answer[k])
    return best, best_cost, best_worth


@kernel
def load_column(t: LongOrder, s: Search, plan: PlanState, c: int, lines: int) -> None:
    """Put the first so many lines worth it on column c, and those of the others whose price pays for what they add."""
    count = list_worth(t, s, plan, c)
    for k in range(count):
        j = s.answer[k]
        if k < lines or (fits(t, plan, j, c) and joining_cost(t, plan, j, c) <= s.price[j]):
            put_line(t, plan, j, c)
