"""The certificate of many random orders, as the benchmark of exactness draws them, by the independent checker."""

import random
from collections import Counter

import pytest

from benchmarks.instances import Sizes, random_orders
from engine.optimizer.solve import solve_orders
from tests.checker import check_bound, check_solution

NODES_MAX = 100_000
BATCH = 500


@pytest.mark.parametrize("count", [1_000, pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(3 * 3_600)])])
def test_every_certificate_holds(count: int) -> None:
    """Feasible, costs what it says, and no plan is found below its bound; nearly all are proven optimal."""
    seen: Counter[str] = Counter()
    for first in range(0, count, BATCH):
        rng = random.Random(first)
        problems = random_orders(first + 1, BATCH, Sizes())
        for problem, solution in zip(problems, solve_orders(problems, NODES_MAX), strict=True):
            check_solution(problem, solution)
            seen["plans priced"] += check_bound(problem, solution, rng)
            seen["optimal"] += solution.objective_micros == solution.lower_bound_micros
    assert seen["optimal"] >= 0.98 * count, seen
    assert seen["plans priced"] > count, seen
