"""A plan under construction against a list of columns that is priced anew after each step."""

import random

import numpy as np
import pytest

from engine.kernels.long_order import FREE, LEFT_SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import (
    GRAMS_ON,
    LINES_ON,
    UNITS_ON,
    USED_AT,
    VOLUME_ON,
    PlanState,
    carrier_price,
    clear_plan,
    copy_plan,
    fill_plan,
    fits,
    joining_cost,
    plan_cost,
    put_line,
    take_line,
)
from engine.optimizer.problem import Problem
from engine.optimizer.search_tables import empty_plan, long_order
from tests.checker import carrier_micros
from tests.kernels.long_instances import drawn_long
from tests.naive.plans import cost_of, has_room, joining, used_columns

SEEDS = range(150)


def check_state(t: LongOrder, problem: Problem, plan: PlanState, where: list[int]) -> None:
    """Loads, columns in use and their locations are what the lines say."""
    assert plan.column_of.tolist() == where
    for c in range(problem.column_count):
        lines = [j for j, at in enumerate(where) if at == c]
        weights = [sum(int(values[j]) * int(problem.quantity[j]) for j in lines) for values in (problem.grams, problem.volume)]
        assert plan.load[[LINES_ON, UNITS_ON, GRAMS_ON, VOLUME_ON], c].tolist() == [
            len(lines), sum(int(problem.quantity[j]) for j in lines), *weights,
        ]  # fmt: skip
    used = used_columns(where)
    assert sorted(plan.used[1 : 1 + plan.used[0]].tolist()) == sorted(used)
    at_location = {int(t.columns[0, c]): c for c in used}
    assert plan.load[USED_AT].tolist() == [at_location.get(place, -1) for place in range(problem.column_count)]


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_are_put_and_taken(seed: int) -> None:
    problem = drawn_long(seed)
    if problem is None:
        return
    rng = random.Random(seed)
    t = long_order(problem)
    plan, other = empty_plan(t), empty_plan(t)
    n, m = problem.line_count, problem.column_count
    where, kept = [FREE] * n, [FREE] * n
    for step in range(40):
        j = rng.randrange(n)
        if where[j] != FREE:
            take_line(t, plan, j)
            where[j] = FREE
        for c in range(m):
            room = has_room(problem, where, j, c, t.handling[c, j] < NEVER)
            assert fits(t, plan, j, c) == room
            if room:
                more = joining(problem, where, j, c)
                assert joining_cost(t, plan, j, c) == (NEVER if more is None else more)
        choices = [c for c in range(m) if fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER]
        where[j] = rng.choice([LEFT_SHORT, *choices * 2])
        put_line(t, plan, j, where[j])
        check_state(t, problem, plan, where)
        whole = [LEFT_SHORT if c == FREE else c for c in where]
        if whole == where:
            assert plan_cost(t, plan) == cost_of(problem, where)
        if step % 10 == 9:
            copy_plan(t, plan, other)
            kept = list(where)
        check_state(t, problem, other, kept)
    clear_plan(plan)
    check_state(t, problem, plan, [FREE] * n)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_carrier_charges(seed: int) -> None:
    problem = drawn_long(seed)
    if problem is None:
        return
    t, rng = long_order(problem), random.Random(seed)
    for c in range(problem.column_count):
        load = tuple((j, rng.randint(0, 4)) for j in range(problem.line_count))
        grams, volume = (sum(int(each[j]) * q for j, q in load) for each in (problem.grams, problem.volume))
        expected = carrier_micros(problem, int(problem.price_row[c]), load)
        assert carrier_price(t, c, grams, volume) == (NEVER if expected is None else expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_free_lines_go_where_they_add_least(seed: int) -> None:
    """Of columns offered, the first of the cheapest; opening one of them counts nothing; short where that is no dearer."""
    problem = drawn_long(seed)
    if problem is None:
        return
    rng = random.Random(seed)
    t = long_order(problem)
    n, m = problem.line_count, problem.column_count
    plan = empty_plan(t)
    where = [FREE] * n
    for j in rng.sample(range(n), rng.randint(0, n)):
        may = [c for c in range(m) if fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER]
        where[j] = rng.choice([LEFT_SHORT, *may])
        put_line(t, plan, j, where[j])
    offered, order = rng.sample(range(m), rng.randint(0, m)), rng.sample(range(n), n)
    for j in order:
        if where[j] != FREE:
            continue
        chosen, least = LEFT_SHORT, int(problem.short_micros[j] * problem.quantity[j])
        for c in offered:
            more = joining(problem, where, j, c) if has_room(problem, where, j, c, t.handling[c, j] < NEVER) else None
            if more is None:
                continue
            if c not in used_columns(where):
                empty = carrier_micros(problem, int(problem.price_row[c]), ())
                more -= int(problem.fixed[c]) + (NEVER if empty is None else empty)
            if more < least:
                chosen, least = c, more
        where[j] = chosen
    fill_plan(t, plan, len(offered), np.array([*offered, 0]), np.array(order))
    check_state(t, problem, plan, where)
