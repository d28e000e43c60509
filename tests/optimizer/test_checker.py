"""The checker refutes what is wrong, one rule at a time; what it says a plan costs is worked out by hand."""

import numpy as np
import pytest

from engine.optimizer.problem import Placement, Problem, Solution, Tariffs
from tests.checker import RefutedError, check_solution, plan_micros
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import UNLIMITED, flat_tariffs, hand_made

# Two locations with 3 units each of one item that stands in both lines.
SHARED = {"available": [[3, 3]], "quantity": [2, 2], "item": [0, 0]}


def test_a_plan_costs_its_shipments_and_the_first_is_free_of_the_split_penalty() -> None:
    problem = hand_made([[5, 5], [5, 5]], [1, 2], line_micros=[[3, 4], [5, 6]], unit_micros=[7, 8])
    # Location 0: 100 + 3 + 7; location 1: 100 + 6 + 2 · 8; less one penalty of 10.
    assert plan_micros(problem, [Placement(0, 0, 1), Placement(1, 1, 2)]) == 110 + 122 - 10


def test_what_is_short_costs_its_price_and_nothing_is_taken_off_where_nothing_ships() -> None:
    problem = hand_made([[5]], [2], short_micros=[30])
    assert plan_micros(problem, [Placement(0, -1, 2)]) == 60
    assert plan_micros(problem, [Placement(0, 0, 1), Placement(0, -1, 1)]) == 100 - 10 + 30


def test_packages_weight_breaks_and_a_weight_in_the_policy() -> None:
    tariffs = Tariffs(np.array([0, 2]), np.array([5, 10]), np.array([40, 50]), np.array([0, 1500]))
    problem = hand_made([[9]], [5], grams=[5], tariffs=tariffs, package_grams_max=[10], carrier_weight_ppm=1_500_000)
    # 25 g: two packages of 10 g at 50 + ⌈1.5 · 10⌉ = 65, one of 5 g at 40. ⌊170 · 1.5⌋ = 255.
    assert plan_micros(problem, [Placement(0, 0, 5)]) == 90 + 255


def test_volume_counts_where_it_is_heavier() -> None:
    tariffs = Tariffs(np.array([0, 2]), np.array([4, 5]), np.array([40, 50]), np.array([0, 0]))
    problem = hand_made([[9]], [1], grams=[3], volume=[41], divisor=[10], tariffs=tariffs)
    assert plan_micros(problem, [Placement(0, 0, 1)]) == 90 + 50  # ⌈41 ÷ 10⌉ = 5 g


@pytest.mark.parametrize(
    ("problem", "placements", "complaint"),
    [
        (hand_made([[5]], [2]), [(0, 0, 1)], "1 of 2 units"),
        (hand_made([[5]], [2]), [(0, 0, 1), (0, 0, 1)], "twice on column"),
        (hand_made([[5]], [2]), [(0, 0, 2), (0, -1, 0)], "no such placement"),
        (hand_made([[5]], [2]), [(0, 1, 2)], "no such placement"),
        (hand_made([[1]], [2]), [(0, 0, 2)], "cannot carry"),
        (hand_made(**SHARED), [(0, 0, 2), (1, 0, 2)], "cannot carry"),
        (hand_made([[5]], [2], allowed=[[False]]), [(0, 0, 2)], "cannot carry"),
        (hand_made([[5]], [2], capacity_left=[0]), [(0, 0, 2)], "cannot carry"),
        (hand_made([[5], [5]], [2, 2], capacity_kind=[1], capacity_left=[1]), [(0, 0, 2), (1, 0, 2)], "cannot carry"),
        (hand_made([[5]], [2], capacity_kind=[2], capacity_left=[1]), [(0, 0, 2)], "cannot carry"),
        (hand_made([[5]], [2], tariffs=flat_tariffs(1)._replace(max_grams=np.array([1]))), [(0, 0, 2)], "cannot carry"),
        (hand_made([[5, 5]], [2], location=[7, 7]), [(0, 0, 1), (0, 1, 1)], "ships twice"),
        (hand_made([[5, 5]], [2], locations_max=1), [(0, 0, 1), (0, 1, 1)], "are the limit"),
        (hand_made([[5, 5, 5]], [3], line_locations_max=[2]), [(0, 0, 1), (0, 1, 1), (0, 2, 1)], "more than 2 locations"),
        (hand_made([[5]], [2], line_locations_max=[1]), [(0, 0, 1), (0, -1, 1)], "must go whole"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refuted(problem: Problem, placements: list[tuple[int, int, int]], complaint: str) -> None:
    with pytest.raises(RefutedError, match=complaint):
        plan_micros(problem, placements)


@pytest.mark.parametrize(("objective", "bound"), [(91, 90), (89, 89), (90, 91)])
def test_a_wrong_objective_or_a_bound_above_it_is_refuted(objective: int, bound: int) -> None:
    problem = hand_made([[5]], [2])
    check_solution(problem, Solution((Placement(0, 0, 2),), 90, 90, 1))
    with pytest.raises(RefutedError):
        check_solution(problem, Solution((Placement(0, 0, 2),), objective, bound, 1))


def test_the_naive_optimum_divides_a_line_only_where_it_may() -> None:
    problem = hand_made([[1, 2]], [3], fixed=[100, 110], capacity_left=[UNLIMITED, UNLIMITED])
    # Whole, the line is short: 3 · 1,000. Divided, it ships from both: 100 + 110 − 10.
    assert cheapest_micros(problem, divide=False) == 3000
    assert cheapest_micros(problem) == 200
    assert cheapest_micros(problem._replace(line_locations_max=np.array([1]))) == 3000
    # From one location with the rest short: 110 − 10 + 1,000.
    assert cheapest_micros(problem._replace(locations_max=1)) == 1100
