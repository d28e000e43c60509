"""Plans made at prices: complete, feasible, of their true cost; what finds its way anew never costs more."""

import random

import numpy as np
import pytest

from engine.kernels.dive import best_load, dive, dive_again, load_column
from engine.kernels.lagrange import ascend
from engine.kernels.local_search import swap_lines
from engine.kernels.long_order import FREE, LEFT_SHORT, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import clear_plan, copy_plan, plan_cost
from engine.kernels.search_state import BEST, LEAST, MOST, Search
from engine.optimizer.problem import Problem
from engine.optimizer.search_tables import empty_plan
from tests.kernels.long_instances import begun, drawn_long, put_by_chance
from tests.naive.plans import cost_of, has_room, joining

SEEDS = range(200)


def priced(seed: int) -> tuple[random.Random, Problem, LongOrder, Search] | None:
    rng, problem = random.Random(seed), drawn_long(seed, 7, 6)
    if problem is None:
        return None
    t, s, plan, _ = begun(problem)
    s.now[LEAST], s.now[MOST] = 1, min(problem.locations_max, problem.line_count)
    ascend(t, s, plan, rng.choice([0, 20]))
    return rng, problem, t, s


def is_feasible(t: LongOrder, problem: Problem, where: list[int]) -> bool:
    """Put on one after the other in any order, each line has room and a package."""
    so_far = [FREE] * len(where)
    for j, c in enumerate(where):
        if c >= 0 and not (has_room(problem, so_far, j, c, t.handling[c, j] < NEVER)):
            return False
        if c >= 0 and joining(problem, so_far, j, c) is None:
            return False
        so_far[j] = c
    return len({c for c in where if c >= 0}) <= problem.locations_max


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_made_at_prices(seed: int) -> None:
    made = priced(seed)
    if made is None:
        return
    rng, problem, t, s = made
    n, m = problem.line_count, problem.column_count
    plan = empty_plan(t)
    clear_plan(plan)
    offered, order = np.array(rng.sample(range(m), m)), np.array(rng.sample(range(n), n))
    count, in_use = rng.randint(0, m), np.empty(m + n + 1, np.int64)
    dive(t, s, plan, count, offered, order, in_use)
    where = plan.column_of.tolist()
    assert FREE not in where
    assert set(where) <= {LEFT_SHORT, *offered[:count].tolist()}
    assert is_feasible(t, problem, where)
    assert plan_cost(t, plan) == cost_of(problem, where)

    best, spare = empty_plan(t), empty_plan(t)
    put_by_chance(rng, t, best)
    before = s.now[BEST] = cost_of(problem, best.column_of.tolist())
    dive_again(t, s, best, plan, spare, count, offered, order, in_use)
    after = best.column_of.tolist()
    assert s.now[BEST] == plan_cost(t, best) == cost_of(problem, after) <= before
    assert FREE not in after
    assert is_feasible(t, problem, after)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_load_is_the_best_beginning_of_the_lines_worth_it(seed: int) -> None:
    made = priced(seed)
    if made is None:
        return
    _, problem, t, s = made
    plan = empty_plan(t)
    clear_plan(plan)
    for c in range(problem.column_count):
        lines, cost, worth = best_load(t, s, plan, c)
        assert plan.column_of.tolist() == [FREE] * problem.line_count
        listed, where, ratios = s.answer.tolist(), [FREE] * problem.line_count, []
        total = price = 0
        for j in [j for j in listed if s.price[j] > s.cost[c, j]][: problem.line_count]:
            adds = joining(problem, where, j, c) if has_room(problem, where, j, c, t.handling[c, j] < NEVER) else None
            if adds is None or len(ratios) == sum(p > k for p, k in zip(s.price, s.cost[c], strict=True)):
                break
            where[j] = c
            total, price = total + adds, price + int(s.price[j])
            ratios.append((total, price))
        if not ratios:
            assert (lines, cost, worth) == (0, 0, 1)
            continue
        least = min(each / per for each, per in ratios)
        assert (cost, worth) == ratios[lines - 1]
        assert cost / worth == pytest.approx(least)
        load_column(t, s, plan, c, lines)
        put = [j for j, at in enumerate(plan.column_of.tolist()) if at == c]
        assert set(listed[:lines]) <= set(put)
        assert plan_cost(t, plan) - cost <= sum(int(s.price[j]) for j in put if j not in listed[:lines]) + int(
            sum(t.lines[SHORT, j] for j in range(problem.line_count) if j not in put)
        )
        clear_plan(plan)


@pytest.mark.parametrize("seed", SEEDS)
def test_swaps_save_what_they_say(seed: int) -> None:
    """In the end no two lines swap for less; one swap may open the way to the next, so that is asked after a second look."""
    made = priced(seed)
    if made is None:
        return
    rng, problem, t, _ = made
    n = problem.line_count
    plan = empty_plan(t)
    put_by_chance(rng, t, plan)
    order, before = np.arange(n), plan.column_of.tolist()
    while saved := swap_lines(t, plan, order):
        where = plan.column_of.tolist()
        assert saved == cost_of(problem, before) - cost_of(problem, where) > 0
        assert is_feasible(t, problem, where)
        before = where
    assert plan.column_of.tolist() == before
    kept = empty_plan(t)
    copy_plan(t, plan, kept)
    assert kept.column_of.tolist() == before
    for i in range(n):
        for j in range(i):
            c, d = before[i], before[j]
            alone = c < 0 or d < 0 or c == d or before.count(c) < 2 or before.count(d) < 2
            swapped = list(before)
            swapped[i], swapped[j] = d, c
            if not alone and is_feasible(t, problem, swapped):
                assert cost_of(problem, swapped) >= cost_of(problem, before)
