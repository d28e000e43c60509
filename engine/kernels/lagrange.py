"""A Lagrangian lower bound of a long order: 'each line is served once' is relaxed, at an integer price per line.

bound = Σ sunk + Σ price_j + Σ over locations in use of (fixed + carrier − Σ max(0, price_j − cost_j)).
Each location answers the prices alone, and the cheapest answers within the limits on how many ship are taken: least costs
of a facility location problem, whole numbers throughout, so that the bound is exact as it stands.
Method: Held & Karp 1971; Beasley 1993, Lagrangean heuristics for location problems.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.column_answers import answer, cover_by_rate, value_column, value_open
from engine.kernels.jit import kernel
from engine.kernels.long_order import FREE, LOCATION, PLAIN, ROW, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState
from engine.kernels.search_state import (
    ALIVE,
    BY_LINE,
    BY_WHOLE_LINES,
    CREDIT,
    GOAL,
    LEAST,
    MOST,
    NODES,
    NODES_MAX,
    SUNK,
    Search,
    copy_values,
    remove,
)  # fmt: skip
from engine.kernels.staircase import SLOPES_MAX

Ints = NDArray[np.int64]

STEP_PARTS = 16
STALLS_MAX = 4


@kernel
def shift_prices(t: LongOrder, s: Search, plan: PlanState) -> int:
    """Fill `shifted`; returns Σ price of the free lines."""
    total: int = 0
    for j in range(s.price.shape[0]):
        s.covered[j] = 0
        free = plan.column_of[j] == FREE
        if free:
            total += s.price[j]
        for r in range(t.slopes.shape[0]):
            for k in range(r * SLOPES_MAX, r * SLOPES_MAX + t.slopes[r]):
                s.shifted[k, j] = s.price[j] - t.rise[k, j] if free else -1
    return total


@kernel
def take_answers(t: LongOrder, s: Search, opened: int) -> tuple[int, int]:
    """Σ value of the locations taken, and how many: those that pay, as few and as many as may ship; (NEVER, 0) if too few."""
    size = s.now[ALIVE]
    for i in range(size):
        s.at_location[t.columns[LOCATION, s.alive[i]]] = -1
    for i in range(size):
        c = s.alive[i]
        place = t.columns[LOCATION, c]
        d = s.at_location[place]
        if d < 0 or s.value[c] < s.value[d] or (s.value[c] == s.value[d] and c < d):
            s.at_location[place] = c
    least, most = s.now[LEAST] - opened, s.now[MOST] - opened
    count = 0
    others = 0
    total = 0
    for i in range(size):
        c = s.alive[i]
        s.taken[c] = 0
        if s.at_location[t.columns[LOCATION, c]] != c:
            continue
        if s.value[c] < 0:
            s.taken[c] = 1
            s.picked[count] = c
            count += 1
            total += s.value[c]
        elif others < least or (others > 0 and s.value[c] <= s.value[s.ranked[others - 1]]):
            others = insert_column(s, c, others, least)
    while count > most:
        worst = 0
        for k in range(1, count):
            if s.value[s.picked[k]] > s.value[s.picked[worst]]:
                worst = k
        c = s.picked[worst]
        total -= s.value[c]
        s.taken[c] = 0
        count -= 1
        s.picked[worst] = s.picked[count]
    if count + others < least:
        return NEVER, 0
    for k in range(max(0, least - count)):
        c = s.ranked[k]
        s.taken[c] = 1
        s.picked[count + k] = c
        total += s.value[c]
    count = max(count, least)
    s.now[CREDIT] = 0
    dearest = -NEVER
    for k in range(count):
        dearest = max(dearest, s.value[s.picked[k]])
    if count > 0 and (count == most or (count == least and dearest > 0)):
        s.now[CREDIT] = dearest
    return total, count


@kernel
def insert_column(s: Search, c: int, count: int, most: int) -> int:
    """Put a column where it stands among the `count` that answer least in `ranked`, the first given before its equals.

    Returns how many there are then, `most` at the most.
    """
    if count == most:
        last = s.ranked[count - 1]
        if s.value[c] > s.value[last] or (s.value[c] == s.value[last] and c > last):
            return count
        count -= 1
    k = count
    while k > 0:
        other = s.ranked[k - 1]
        if s.value[other] < s.value[c] or (s.value[other] == s.value[c] and other < c):
            break
        s.ranked[k] = other
        k -= 1
    s.ranked[k] = c
    return count + 1


@kernel
def bound_now(t: LongOrder, s: Search, plan: PlanState) -> tuple[int, int]:
    """The bound at the prices as they stand, and how many undecided columns it takes (in `picked`)."""
    s.now[NODES] += 1
    total: int = s.now[SUNK] + shift_prices(t, s, plan)
    opened = plan.used[0]
    for k in range(opened):
        value = value_open(t, s, plan, s.opened[k])
        if value >= NEVER:
            return NEVER, 0
        total += value
    size = s.now[ALIVE]
    if t.rules[PLAIN] == 1:
        for i in range(size):
            c = s.alive[i]
            s.value[c] = value_column(t, s, c)
    else:
        for i in range(size):
            answer(t, s, plan, s.alive[i])
    answers, count = take_answers(t, s, opened)
    if answers >= NEVER:
        return NEVER, 0
    for k in range(count):
        cover_by_answer(t, s, plan, s.picked[k])
    return total + answers, count


@kernel
def cover_by_answer(t: LongOrder, s: Search, plan: PlanState, c: int) -> None:
    """Add to `covered` the lines that an undecided column serves by its answer."""
    if s.rate_at[c] == BY_WHOLE_LINES:
        for j in range(s.covered.shape[0]):
            s.covered[j] += (s.served[c] >> j) & 1
    elif s.rate_at[c] == BY_LINE:
        line = t.columns[ROW, c] * SLOPES_MAX + s.slope_at[c]
        for j in range(s.covered.shape[0]):
            s.covered[j] += s.shifted[line, j] > s.cost[c, j]
    else:
        cover_by_rate(t, s, plan, c, s.rate_at[c])


@kernel
def drop_columns(t: LongOrder, s: Search, bound: int) -> None:
    """Remove every column whose use would lift the bound to the best plan; note in `extra` what the others would add."""
    i = s.now[ALIVE] - 1
    while i >= 0:
        c = s.alive[i]
        extra = 0
        if s.taken[c] == 0:
            first = s.at_location[t.columns[LOCATION, c]]
            instead = s.value[first] if s.taken[first] == 1 else s.now[CREDIT]
            extra = max(0, s.value[c] - instead)
        s.extra[c] = extra
        if bound + extra >= s.now[GOAL]:
            remove(s, c)
        i -= 1


@kernel
def ascend(t: LongOrder, s: Search, plan: PlanState, rounds: int) -> tuple[int, int]:
    """Raise the bound by subgradient steps, dropping columns on the way; returns the best bound and the columns taken.

    Afterwards prices, values and `extra` are those of the last round at the best prices. Steps follow Polyak's rule with
    the best plan as the target, halved where they stall.
    """
    n = s.price.shape[0]
    best, count = bound_now(t, s, plan)
    copy_values(s.price, s.best_price)
    parts = STEP_PARTS
    stalls = 0
    bound = best
    for _ in range(rounds):
        if bound >= s.now[GOAL]:
            return bound, count
        drop_columns(t, s, bound)
        norm = 0
        for j in range(n):
            if plan.column_of[j] == FREE:
                norm += (1 - s.covered[j]) ** 2
        if norm == 0 or parts == 0 or s.now[NODES] >= s.now[NODES_MAX]:
            break
        size = (s.now[GOAL] - bound) // norm * parts // STEP_PARTS + 1
        for j in range(n):
            s.price[j] = min(max(s.price[j] + size * (1 - s.covered[j]), 0), s.price_max[j])
        bound, count = bound_now(t, s, plan)
        if bound > best:
            best = bound
            copy_values(s.price, s.best_price)
            stalls = 0
        else:
            stalls += 1
            if stalls == STALLS_MAX:
                stalls = 0
                parts //= 2
    if bound < best:
        copy_values(s.best_price, s.price)
        bound, count = bound_now(t, s, plan)
    if bound < s.now[GOAL]:
        drop_columns(t, s, bound)
    return max(bound, best), count
