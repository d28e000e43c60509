"""Branch and bound over placements against every plan: equal where lines go whole, true where they are divided."""

import random
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pytest

from engine.kernels.branch import branch_lines
from engine.kernels.partition import NEVER
from engine.optimizer.bounds import least_lines, least_prices, vertices_suffice
from engine.optimizer.problem import Placement, Problem
from engine.optimizer.solve import branching_tables
from tests.checker import plan_micros
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import drawn_problem, hand_made
from tests.optimizer.test_ship_sets import with_sets


class Found(NamedTuple):
    """What a search says, the plan by lines of the problem."""

    cost: int
    plan: list[Placement]
    nodes: int
    complete: bool


def searched(problem: Problem, nodes_max: int, incumbent: int, placements_max: int = 64) -> Found:
    """Costs are told without the split penalty of the first shipment, as plans are."""
    sequence, *tables = branching_tables(problem, least_prices(problem), least_lines(problem)[0])
    placed, out = np.full((3, placements_max), -7), np.full(4, -7)
    arguments: list[Any] = [
        *tables, *problem.tariffs, problem.carrier_weight_ppm, problem.split_micros, problem.locations_max, nodes_max,
        incumbent + problem.split_micros, *placed, out,
    ]  # fmt: skip
    branch_lines(*arguments)
    cost, count, nodes, complete = out.tolist()
    plan = [Placement(int(sequence[j]), c, q) for j, c, q in zip(*placed[:, :count].tolist(), strict=True)]
    return Found(cost - problem.split_micros, plan, nodes, complete == 1)


def test_every_plan_of_whole_lines() -> None:
    """Also of lines in sets, and of units with prices of their own; what is as dear as the plan known is not told."""
    found = Counter[str]()
    for seed in range(300):
        rng = random.Random(seed)
        problem = drawn_problem(
            rng.randint, lines_max=3, locations_max=4, quantity_max=3, divide=False, unit_prices=seed % 3 == 0
        )  # fmt: skip
        if seed % 4 == 1 and problem.line_unit_micros is None:
            problem = with_sets(problem, rng)
        if problem.column_count == 0:
            continue
        least = cheapest_micros(problem, divide=False)
        best = searched(problem, 10**6, NEVER // 2)
        assert best.complete
        assert best.cost == least == plan_micros(problem, best.plan), seed
        none = searched(problem, 10**6, least)
        assert (none.cost, none.plan, none.complete) == (least, [], True), seed
        few = searched(problem, nodes_max := rng.randint(0, 5), NEVER // 2)
        assert few.nodes <= nodes_max
        assert few.cost >= least
        assert few.cost == plan_micros(problem, few.plan) if few.plan else few.cost == NEVER // 2
        found["cut" if not few.complete else "whole"] += 1
    assert min(found.values()) > 10, found


def test_plans_that_divide_lines() -> None:
    """Feasible, no cheaper than the cheapest; as cheap where all or the rest from each column is enough."""
    exact = 0
    for seed in range(250):
        problem = drawn_problem(
            random.Random(seed).randint, lines_max=3, locations_max=3, quantity_max=3, divide=True, huge=False
        )
        if problem.column_count == 0:
            continue
        least = cheapest_micros(problem)
        best = searched(problem, 10**6, NEVER // 2)
        assert best.complete
        assert best.cost == plan_micros(problem, best.plan) >= least, seed
        assert best.cost <= cheapest_micros(problem, divide=False), seed
        if vertices_suffice(problem):
            exact += 1
            assert best.cost == least, seed
    assert exact > 20


@pytest.mark.parametrize(("placements_max", "complete"), [(1, False), (2, True), (3, True)])
def test_a_plan_needs_room_to_be_written(placements_max: int, complete: bool) -> None:
    """Three of five units here, two there: two placements, 2 × 100 − 10; short 5,000."""
    problem = hand_made([[3, 2]], [5])
    best = searched(problem, 1000, NEVER // 2, placements_max)
    assert (best.cost, best.complete) == (190 if complete else 5_000, complete)
