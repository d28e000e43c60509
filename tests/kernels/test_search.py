"""The search of long orders against every plan there is, in slices and within budgets; what it chooses by, against loops."""

import random
from collections import Counter
from itertools import product

import numpy as np
import pytest

from engine.kernels.lagrange import ascend
from engine.kernels.long_order import FIXED, FREE, LEFT_SHORT, LOCATIONS_MAX, PLAIN, ROW, SHORT
from engine.kernels.partition import NEVER
from engine.kernels.plans import fits, joining_cost
from engine.kernels.search import (
    PAUSED,
    addition,
    cheapest_open,
    choose_column,
    choose_line,
    cover_by_price,
    nearest_columns,
    offered_max,
    reset_line,
    search_plans,
    try_plan,
)
from engine.kernels.search_state import ALIVE, BEST, GOAL, LEAST, MOST, NODES, NODES_MAX, PAUSE_AT
from engine.kernels.staircase import SLOPES_MAX
from engine.optimizer.long_orders import LongSearch
from engine.optimizer.problem import Problem
from engine.optimizer.search_tables import long_order
from tests.kernels.long_instances import drawn_long
from tests.kernels.test_lagrange import decided
from tests.naive.plans import cost_of


def all_plans(problem: Problem, handling: np.ndarray) -> list[tuple[int, int]]:
    """(columns used, cost) of every plan of whole lines from columns that carry anything."""
    choices = [[LEFT_SHORT, *np.flatnonzero(handling[:, j] < NEVER).tolist()] for j in range(problem.line_count)]
    priced = ((set(where) - {LEFT_SHORT}, cost_of(problem, list(where))) for where in product(*choices))
    return [(len(used), cost) for used, cost in priced if cost is not None]


def searched(search: LongSearch, thorough: bool, slice_nodes: int) -> int:
    """The bound of a search that gives control back after so many nodes."""
    while True:
        search.s.now[PAUSE_AT] = search.s.now[NODES] + slice_nodes
        bound = int(search_plans(*search.state(), 3, thorough))
        if bound != PAUSED:
            return bound


@pytest.mark.parametrize("plain", [False, True])
def test_the_cheapest_plan_of_so_many_shipments(plain: bool) -> None:
    """Of one to as many as may be, and of exactly k; with a small budget, a bound that holds."""
    seen: Counter[str] = Counter()
    for seed in range(160):
        problem = drawn_long(seed, 4, 4, plain=plain)
        if problem is None:
            continue
        rng = random.Random(seed)
        plans = all_plans(problem, long_order(problem).handling)
        limit = int(long_order(problem).rules[LOCATIONS_MAX])
        all_short = next(cost for used, cost in plans if used == 0)
        for least, most in {(1, limit), *((k, k) for k in range(1, min(limit, 3) + 1))}:
            cheapest = min((cost for used, cost in plans if least <= used <= most), default=NEVER)
            for nodes_max in (10**6, rng.randint(1, 6)):
                search = LongSearch(long_order(problem), nodes_max)
                search.s.now[LEAST], search.s.now[MOST] = least, most
                size = int(search.s.now[ALIVE])
                bound = searched(search, rng.random() < 0.5, rng.choice([1, 2, 50]))
                cost = int(search.s.now[BEST])
                # Local search may find plans of another number of shipments.
                assert min(c for _, c in plans) <= cost <= all_short, seed
                assert cost == cost_of(problem, search.best.column_of.tolist()), seed
                assert min(bound, int(search.s.now[GOAL])) <= max(cheapest, cost), seed
                if bound >= search.s.now[GOAL]:
                    assert cost <= cheapest, seed
                    seen["proven"] += 1
                else:
                    assert bound <= cheapest, seed
                    assert nodes_max < 10**6, seed
                    seen["cut"] += 1
                assert search.s.now[ALIVE] <= size
                assert (search.s.price_max == search.t.lines[SHORT]).all(), seed
                assert (search.s.cost == search.t.floor).all(), seed
                assert search.s.now[NODES] <= max(search.s.now[NODES_MAX], 1) + 40
    assert min(seen["proven"] // 10, seen["cut"]) > 5, seen


@pytest.mark.parametrize("seed", range(100))
def test_plans_that_are_tried_are_never_dearer_than_the_best(seed: int) -> None:
    problem = drawn_long(seed, 4, 4, plain=seed % 2 == 0)
    if problem is None:
        return
    search = LongSearch(long_order(problem), 100)
    s, before = search.s, search.cost
    s.now[LEAST], s.now[MOST] = 1, max(1, int(search.t.rules[LOCATIONS_MAX]))
    _, count = ascend(search.t, s, search.plan, 2)
    for thorough in (False, True):
        try_plan(
            search.t, s, search.plan, search.best, search.trial, search.spare, search.order, search.in_use, count, thorough
        )
        assert search.cost == cost_of(problem, search.best.column_of.tolist()) <= before
        before = search.cost


@pytest.mark.parametrize("seed", range(150))
def test_what_columns_are_chosen_by(seed: int) -> None:
    problem = drawn_long(seed, 5, 6)
    if problem is None:
        return
    rng = random.Random(seed)
    search = LongSearch(long_order(problem), 100)
    t, s, plan = search.t, search.s, search.plan
    n, m = problem.line_count, problem.column_count
    s.now[LEAST], s.now[MOST], s.now[GOAL] = 1, rng.randint(1, 4), NEVER
    for j in range(n):
        s.price[j] = rng.randint(0, int(t.lines[SHORT, j]))
    if ascend(t, s, plan, 0)[0] >= NEVER:
        return
    columns = s.alive[: s.now[ALIVE]].tolist()
    lines = [int(t.columns[ROW, c]) * SLOPES_MAX + int(s.slope_at[c]) for c in range(m)]
    for c in columns:
        for j in range(n):
            if s.cost[c, j] < NEVER:
                by_line = int(s.below[c] - s.value[c]) + max(0, int(s.cost[c, j] - s.shifted[lines[c], j]))
                by_steps = max(0, int(s.cost[c, j] - s.price[j]))
                if t.rules[PLAIN] == 1:
                    # Where weight costs nothing there is but one step.
                    by_line = by_steps
                assert addition(t, s, c, j) == int(s.extra[c]) + max(by_line, by_steps)
    near = nearest_columns(s, most := rng.randint(1, m))
    ranked = sorted(columns, key=lambda c: (s.value[c], c))[:most]
    assert s.ranked[:near].tolist() == ranked

    # One after the other the nearest that answers least to the lines not yet carried.
    in_use, covered, expected = np.full(m + n + 1, -7), set(), []
    while len(covered) < n and len(expected) < s.now[MOST]:
        worth = {}
        for c in ranked:
            serves = [j for j in range(n) if j not in covered and s.cost[c, j] < t.lines[SHORT, j]]
            gains = [max(0, int(s.shifted[lines[c], j] - s.cost[c, j])) for j in range(n) if j not in covered]
            if serves:
                worth[c] = int(t.columns[FIXED, c]) + int(t.base[t.columns[ROW, c], s.slope_at[c]]) - sum(gains)
        if not worth:
            break
        chosen = min(worth, key=lambda c: (worth[c], c))
        expected.append(chosen)
        covered |= {j for j in range(n) if s.cost[chosen, j] < t.lines[SHORT, j]}
    used = cover_by_price(t, s, near, in_use)
    assert in_use[:used].tolist() == expected

    opened = rng.sample(range(m), rng.randint(0, m))
    s.opened[: len(opened)], plan.used[0] = opened, min(len(opened), n + 1)
    opened = opened[: n + 1]
    for j in range(n):
        least = min([int(t.lines[SHORT, j]), *(int(t.handling[c, j]) for c in opened)])
        first = next((c for c in opened if t.handling[c, j] == least and least < t.lines[SHORT, j]), LEFT_SHORT)
        assert cheapest_open(t, s, plan, j) == first
    j = rng.randrange(n)
    s.cost[:, j], s.price_max[j] = NEVER, 0
    reset_line(t, s, -3)
    assert s.price_max[j] == 0
    reset_line(t, s, j)
    assert (s.cost[:, j] == t.floor[:, j]).all()
    assert s.price_max[j] == t.lines[SHORT, j]


def test_fewer_columns_are_offered_to_longer_orders() -> None:
    # 64 · 40² ÷ n²: 64 up to 40 lines, 10 for 100, 4 at the least.
    assert [offered_max(n) for n in (1, 40, 41, 100, 160, 500)] == [64, 64, 60, 10, 4, 4]


@pytest.mark.parametrize("seed", range(300))
def test_the_line_and_the_column_a_node_chooses(seed: int) -> None:
    """The line with the fewest choices that could be cheaper; of its choices the one that adds least, open columns first."""
    made = decided(seed)
    if made is None:
        return
    rng, problem, t, s, plan = made
    s.now[GOAL] = NEVER
    for j in range(problem.line_count):
        s.price[j] = rng.randint(0, int(t.lines[SHORT, j]))
    bound, _ = ascend(t, s, plan, 0)
    if bound >= NEVER:
        return
    spare = rng.choice([1, 5, 50, NEVER // 4])
    s.now[GOAL] = bound + spare
    alive, opened = s.alive[: s.now[ALIVE]].tolist(), s.opened[: plan.used[0]].tolist()
    free = [j for j, c in enumerate(plan.column_of.tolist()) if c == FREE]
    price, plain = s.price.tolist(), t.rules[PLAIN] == 1
    for j in free:
        if rng.random() < 0.2:
            s.price_max[j] += s.now[GOAL]
    choices = {
        j: sum(s.cost[c, j] < NEVER and addition(t, s, c, j) < spare for c in alive)
        + sum(s.cost[c, j] < NEVER and int(s.cost[c, j]) - price[j] < spare for c in opened)
        + (int(t.lines[SHORT, j]) - price[j] < spare)
        for j in free
    }
    assert choose_line(t, s, plan, bound) == min(free, key=lambda j: (choices[j], -price[j], j))
    for j in free:
        nearest = cheapest_open(t, s, plan, j) if plain else -3
        paid = int(t.handling[nearest, j]) if plain and nearest >= 0 else int(t.lines[SHORT, j])
        ranked = []
        for k, c in enumerate(opened):
            may = s.cost[c, j] < NEVER and fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER
            if may and (not plain or c == nearest):
                ranked.append((max(0, int(s.cost[c, j]) - price[j]), 0, k, c))
        ranked += [
            (addition(t, s, c, j), 1, c, c)
            for c in (alive if plan.used[0] < s.now[MOST] else [])
            if s.cost[c, j] < NEVER and fits(t, plan, j, c) and not (plain and t.handling[c, j] >= paid)
        ]
        if s.price_max[j] <= t.lines[SHORT, j] and not (plain and nearest >= 0):
            ranked.append((int(t.lines[SHORT, j]) - price[j], 2, 0, LEFT_SHORT))
        cheap = [each for each in ranked if each[0] < spare]
        assert choose_column(t, s, plan, bound, j) == (min(cheap)[3] if cheap else -3)
