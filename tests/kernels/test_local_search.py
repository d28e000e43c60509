"""Local search of plans: true costs, feasible plans, never dearer ones, and at its end no line that moves for less."""

import random

import numpy as np
import pytest

from engine.kernels.local_search import (
    best_share,
    can_move,
    close_columns,
    columns_in_use,
    improve_plan,
    leaving_gain,
    may_replace,
    move_lines,
    open_columns,
    replace_columns,
    share_columns,
)
from engine.kernels.long_order import GRAMS, LEFT_SHORT, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, plan_cost
from engine.optimizer.problem import Problem
from engine.optimizer.search_tables import empty_plan, long_order
from tests.checker import carrier_micros
from tests.kernels.long_instances import drawn_long, put_by_chance
from tests.naive.local_search import Neighbours
from tests.naive.plans import cost_of, has_room, joining, load_of, used_columns

SEEDS = range(200)


def begun(seed: int, lines_max: int = 5) -> tuple[random.Random, Problem, LongOrder, PlanState, list[int]] | None:
    """A plan by chance, in which no line is free."""
    problem = drawn_long(seed, lines_max)
    if problem is None:
        return None
    rng, t = random.Random(seed), long_order(problem)
    plan = empty_plan(t)
    put_by_chance(rng, t, plan)
    return rng, problem, t, plan, plan.column_of.tolist()


def carries(t: LongOrder, problem: Problem, where: list[int], j: int, c: int) -> int | None:
    """What line j adds to column c, None where it cannot."""
    return joining(problem, where, j, c) if has_room(problem, where, j, c, t.handling[c, j] < NEVER) else None


def moved(where: list[int], j: int, c: int) -> list[int]:
    return [c if k == j else old for k, old in enumerate(where)]


@pytest.mark.parametrize("seed", SEEDS)
def test_moves_of_one_line(seed: int) -> None:
    made = begun(seed)
    if made is None:
        return
    rng, problem, t, plan, where = made
    n, m = problem.line_count, problem.column_count
    for j in range(n):
        without = moved(where, j, -2)
        gain = joining(problem, without, j, where[j]) if where[j] >= 0 else int(t.lines[SHORT, j])
        assert leaving_gain(t, plan, j) == gain
        for c in range(m):
            if c != where[j]:
                assert can_move(t, plan, j, c) == (carries(t, problem, where, j, c) is not None)
    assert plan.column_of.tolist() == where
    in_use = np.full(m + n + 1, -7)
    used = columns_in_use(plan, in_use)
    assert sorted(in_use[:used].tolist()) == sorted(used_columns(where))

    order, before = rng.sample(range(n), n), cost_of(problem, where)
    for j in order:
        without = moved(where, j, -2)
        choices = [(c, carries(t, problem, without, j, c)) for c in in_use[:used].tolist() if c != where[j]]
        least = joining(problem, without, j, where[j]) if where[j] >= 0 else int(t.lines[SHORT, j])
        chosen = where[j]
        if used_columns(without):
            choices = [(LEFT_SHORT, int(t.lines[SHORT, j])), *choices]
        for c, cost in choices:
            if cost is not None and least is not None and cost < least:
                chosen, least = c, cost
        where = moved(where, j, chosen)
    saved = move_lines(t, plan, used, in_use, np.array(order))
    assert plan.column_of.tolist() == where
    after = cost_of(problem, where)
    assert before is not None
    assert after is not None
    assert saved == before - after >= 0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_neighbourhood_finds_what_pricing_anew_finds(seed: int) -> None:
    """And tells what its plan costs."""
    made = begun(seed)
    if made is None:
        return
    rng, problem, t, plan, where = made
    n, m = problem.line_count, problem.column_count
    trial, in_use, order = empty_plan(t), np.full(m + n + 1, -7), rng.sample(range(n), n)
    offered = rng.sample(range(m), rng.randint(0, m))
    count, lines, array = len(offered), np.array(order), np.array([*offered, 0])
    naive = Neighbours(problem, t.handling.tolist(), order)
    cost = plan_cost(t, plan)
    assert cost == cost_of(problem, where)
    for step, twin in (
        (lambda micros: close_columns(t, plan, trial, micros, lines, in_use), naive.closed),
        (
            lambda micros: replace_columns(t, plan, trial, micros, count, array, lines, in_use),
            lambda old, used: naive.replaced(old, used, offered),
        ),
        (
            lambda micros: open_columns(t, plan, trial, micros, count, array, lines, in_use),
            lambda old, used: naive.opened(old, used, offered),
        ),
        (
            lambda micros: share_columns(t, plan, micros, count, array, lines, in_use),
            lambda old, used: naive.shared(old, used, offered),
        ),
    ):
        used = plan.used[1 : 1 + plan.used[0]].tolist()
        after = step(cost)
        where = twin(where, used)
        assert plan.column_of.tolist() == where
        assert after == plan_cost(t, plan) == cost_of(problem, where) <= cost
        cost = after


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_column_could_be_cheaper_for(seed: int) -> None:
    made = begun(seed)
    if made is None:
        return
    _, problem, t, plan, where = made
    m, in_use = problem.column_count, np.full(problem.column_count + problem.line_count + 1, -7)
    used = columns_in_use(plan, in_use)
    for closing in used_columns(where):
        carrier = carrier_micros(problem, int(problem.price_row[closing]), load_of(problem, where, closing))
        assert carrier is not None
        for opening in range(m):
            spare = int(problem.fixed[closing]) + carrier - int(problem.fixed[opening])
            for j in range(problem.line_count):
                if where[j] == closing:
                    others = [int(t.handling[c, j]) for c in used_columns(where) - {closing}]
                    spare += int(t.handling[closing, j]) - min(
                        int(t.lines[SHORT, j]), int(t.handling[opening, j]), *others, NEVER
                    )
            assert may_replace(t, plan, closing, opening, used, in_use) == (spare > 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_shared_one_by_one(seed: int) -> None:
    made = begun(seed)
    if made is None:
        return
    rng, problem, t, plan, where = made
    n, order = problem.line_count, rng.sample(range(problem.line_count), problem.line_count)
    for source in used_columns(where):
        for target in range(problem.column_count):
            if any(problem.location[c] == problem.location[target] and c != target for c in used_columns(where)):
                continue
            for ascending in (False, True):
                now, costs = list(where), [cost_of(problem, where)]
                for j in order[::-1] if ascending else order:
                    if now[j] == source != target and now.count(source) > 1 and carries(t, problem, now, j, target) is not None:
                        now = moved(now, j, target)
                        costs.append(cost_of(problem, now))
                if source == target:
                    continue
                whole = [cost for cost in costs if cost is not None]
                assert len(whole) == len(costs)
                best = min(whole) - whole[0]
                found = best_share(t, plan, source, target, ascending, np.array(order), np.empty(n, np.int64))
                assert found == (best, whole.index(min(whole)))
                assert plan.column_of.tolist() == where


@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_end_no_line_moves_for_less(seed: int) -> None:
    made = begun(seed, 4)
    if made is None:
        return
    _, problem, t, plan, where = made
    n, m = problem.line_count, problem.column_count
    order = np.lexsort((np.arange(n), -t.lines[GRAMS]))
    before = cost_of(problem, where)
    cost = improve_plan(t, plan, empty_plan(t), m, np.arange(m), order, np.empty(m + n + 1, np.int64))
    where = plan.column_of.tolist()
    assert before is not None
    assert before >= cost == cost_of(problem, where)
    for j in range(n):
        for c in (LEFT_SHORT, *used_columns(where)):
            other = cost_of(problem, moved(where, j, c))
            dominated = c >= 0 and t.handling[c, j] >= NEVER
            assert other is None or dominated or other >= cost
    for closed in used_columns(where):
        short = [LEFT_SHORT if c == closed else c for c in where]
        other = cost_of(problem, short)
        assert other is not None
        assert other >= cost
