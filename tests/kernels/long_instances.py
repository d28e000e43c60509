"""Tables of long orders for tests: of drawn problems, and bare ones to be filled by hand."""

import random

import numpy as np

from engine.kernels.begin import begin, start_prices
from engine.kernels.long_order import COLUMN_FIELDS, LEFT_SHORT, LINE_FIELDS, RULE_FIELDS, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, clear_plan, fits, joining_cost, put_line
from engine.kernels.search_state import Search
from engine.kernels.staircase import SLOPES_MAX, STEPS_MAX
from engine.optimizer.problem import Problem
from engine.optimizer.search_tables import empty_plan, empty_search, long_order
from tests.optimizer.problems import drawn_problem


def drawn_long(seed: int, lines_max: int = 5, locations_max: int = 5, *, plain: bool = False) -> Problem | None:
    """A problem of whole lines with a column at least; plain: its carriers charge nothing and nothing binds."""
    problem = drawn_problem(
        random.Random(seed).randint, lines_max=lines_max, locations_max=locations_max, quantity_max=3, divide=False, huge=False
    )  # fmt: skip
    if plain:
        problem = problem._replace(
            zone=np.full(len(problem.zone), -1), capacity_left=np.full(problem.column_count, 2**40),
            available=problem.available * 20,
        )  # fmt: skip
    return problem if problem.column_count else None


def begun(problem: Problem, nodes_max: int = 10**6) -> tuple[LongOrder, Search, PlanState, PlanState]:
    """Tables, the state of a search that has just begun, its plan and the best one."""
    t = long_order(problem)
    s, plan, best = empty_search(t), empty_plan(t), empty_plan(t)
    begin(t, s, plan, best, nodes_max)
    start_prices(t, s)
    return t, s, plan, best


def put_by_chance(rng: random.Random, t: LongOrder, plan: PlanState) -> None:
    """A plan by chance, in which no line is free: each on a column that can take it, most often, or short."""
    clear_plan(plan)
    m, n = t.handling.shape
    for j in rng.sample(range(n), n):
        may = [c for c in range(m) if fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER]
        put_line(t, plan, j, rng.choice([LEFT_SHORT, *may * 3]))


def bare_order(n: int, m: int, items: int, rows: int = 1) -> LongOrder:
    """Tables of zeros."""

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    return LongOrder(
        zeros(RULE_FIELDS), zeros(LINE_FIELDS, n), zeros(COLUMN_FIELDS, m), zeros(m, n), zeros(m, n), zeros(items, m),
        zeros(rows, n), zeros(rows), zeros(rows), zeros(rows, STEPS_MAX + 1), zeros(rows, STEPS_MAX + 1), zeros(rows),
        zeros(rows, SLOPES_MAX), zeros(rows * SLOPES_MAX, n), zeros(2), zeros(1), zeros(1), zeros(1),
    )  # fmt: skip
