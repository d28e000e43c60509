"""Plans that divide lines: true bounds with any count of digits, and the orders that once were left open."""

import random

import numpy as np
import pytest

from benchmarks.instances import Sizes, random_orders
from engine.optimizer import solve as door
from engine.optimizer.problem import Tariffs
from engine.optimizer.solve import solve
from tests.checker import check_solution
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import drawn_problem, flat_tariffs, hand_made

NODES_MAX = 200_000


@pytest.mark.parametrize("steps_max", [1, 40, 300])
@pytest.mark.parametrize("nodes_max", [0, 40, NODES_MAX])
def test_fewer_digits_bound_the_same_optimum(steps_max: int, nodes_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # 1: a line that may be divided is nothing or a part; 40 and 300: parts and the whole, and some lines in units.
    monkeypatch.setattr(door, "STEPS_MIN", 1)
    monkeypatch.setattr(door, "STEPS_MAX", steps_max)
    for seed in range(100):
        rng = random.Random(seed)
        problem = drawn_problem(rng.randint, lines_max=3, locations_max=4, quantity_max=4, divide=True, huge=False)
        problem = problem._replace(locations_max=2**31)
        solution = solve(problem, nodes_max)
        check_solution(problem, solution)
        optimum = cheapest_micros(problem)
        assert solution.lower_bound_micros <= optimum <= solution.objective_micros, seed


@pytest.mark.parametrize("steps_max", [1, 2**16])
def test_a_full_search_proves_what_it_finds(steps_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STEPS_MIN", 1)
    monkeypatch.setattr(door, "STEPS_MAX", steps_max)
    for problem in random_orders(3, 200, Sizes(lines_max=3, locations_min=2, locations_max=5, splits_share=1)):
        solution = solve(problem, NODES_MAX)
        check_solution(problem, solution)
        assert cheapest_micros(problem) == solution.objective_micros == solution.lower_bound_micros


def test_two_packages_below_a_weight_step_cost_less_than_one_above() -> None:
    # Four units of 1 g: whole 100 − 10 + 500; two and two 200 − 10 + 2 · 50. As much as one column has and the rest: no gain.
    tariffs = Tariffs(np.array([0, 2]), np.array([2, 9]), np.array([50, 500]), np.array([0, 0]))
    problem = hand_made([[4, 4]], [4], tariffs=tariffs)
    solution = solve(problem, NODES_MAX)
    check_solution(problem, solution)
    assert (solution.objective_micros, solution.lower_bound_micros) == (290, 290)


def test_a_location_does_not_give_its_stock_twice() -> None:
    # The cheap location has two of four units: 10 + 100 − 10 and 0, not 10 + 10.
    problem = hand_made([[2, 2, 2]], [4], fixed=[10, 100, 120], tariffs=flat_tariffs(0))
    solution = solve(problem, NODES_MAX)
    check_solution(problem, solution)
    assert (solution.objective_micros, solution.lower_bound_micros) == (100, 100)


def test_orders_of_ten_lines_are_proven() -> None:
    # Of the family of the benchmark, whose divided lines branch and bound alone left open in three of four orders.
    orders = random_orders(7, 60, Sizes(lines_max=10, locations_min=5, locations_max=40, splits_share=1))
    hard = [problem for problem in orders if problem.line_count >= 8][:6]
    assert len(hard) == 6
    for problem in hard:
        solution = solve(problem, NODES_MAX)
        check_solution(problem, solution)
        assert solution.objective_micros == solution.lower_bound_micros
