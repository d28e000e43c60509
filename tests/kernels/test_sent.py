"""What each column sends against putting lines on one by one, and its bound against every plan that uses it."""

import random
from itertools import product

import numpy as np
import pytest

from engine.kernels.located import bound_each, send_each
from engine.kernels.long_order import LOCATIONS_MAX
from engine.kernels.partition import NEVER
from engine.kernels.search_state import BEST, GOAL, LEAST, MOST
from engine.optimizer.problem import Problem
from engine.optimizer.search_tables import empty_plan, long_order
from tests.kernels.long_instances import begun, drawn_long
from tests.naive.plans import cost_of, has_room, joining

SEEDS = range(200)


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_are_sent_while_they_fit(seed: int) -> None:
    problem = drawn_long(seed)
    if problem is None:
        return
    rng, t = random.Random(seed), long_order(problem)
    n, m = problem.line_count, problem.column_count
    order = rng.sample(range(n), n)
    carries, sends = np.zeros((2, m, n), np.bool_)
    units, micros = np.full((2, m), -7)
    send_each(t, empty_plan(t), np.array(order), carries, sends, units, micros)
    for c in range(m):
        where, alone = [-1] * n, []
        for j in range(n):
            may = has_room(problem, [-1] * n, j, c, t.handling[c, j] < NEVER) and joining(problem, [-1] * n, j, c) is not None
            alone.append(may)
        for j in order:
            if alone[j] and has_room(problem, where, j, c, True) and joining(problem, where, j, c) is not None:
                where[j] = c
        assert carries[c].tolist() == alone
        assert sends[c].tolist() == [at == c for at in where]
        assert units[c] == sum(int(problem.quantity[j]) for j in range(n) if where[j] == c)
        assert micros[c] == cost_of(problem, where)


@pytest.mark.parametrize("rounds", [0, 20])
def test_no_plan_that_uses_a_column_costs_less_than_its_bound(rounds: int) -> None:
    """And many cost just as much, so that no bound is low for nothing."""
    compared = exact = 0
    for seed in SEEDS:
        problem = drawn_long(seed, 3, 3)
        if problem is None:
            continue
        t, s, plan, _ = begun(problem)
        s.now[LEAST], s.now[MOST] = 1, max(1, t.rules[LOCATIONS_MAX])
        s.now[GOAL] = s.now[BEST] = random.Random(seed).choice([0, int(s.now[BEST]) // 2, int(s.now[BEST])])
        least = np.full(problem.column_count, -7)
        bound_each(t, s, plan, rounds, least)
        cheapest = cheapest_by_column(problem, t.handling)
        assert (least <= cheapest).all(), seed
        compared += len(least)
        exact += int((least == cheapest).sum())
    assert 2 * exact > compared, (exact, compared)


def cheapest_by_column(problem: Problem, handling: np.ndarray) -> list[int]:
    """The cheapest plan that uses each column, of those that carry anything; NEVER where there is none."""
    cheapest = [NEVER] * problem.column_count
    choices = [[-1, *np.flatnonzero(handling[:, j] < NEVER).tolist()] for j in range(problem.line_count)]
    for where in product(*choices):
        cost = cost_of(problem, list(where))
        if cost is not None:
            for c in set(where) - {-1}:
                cheapest[c] = min(cheapest[c], cost)
    return cheapest
