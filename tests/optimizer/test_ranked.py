"""A ranking fills location after location; its plans are feasible and cost what they say, whatever the order."""

import random

import numpy as np
import pytest

from engine.optimizer.problem import Placement, Problem
from engine.optimizer.solve import solve
from tests.checker import check_solution
from tests.optimizer.problems import UNLIMITED, drawn_problem, flat_tariffs, hand_made


def placements(problem: Problem) -> list[Placement]:
    solution = solve(problem, 0)
    check_solution(problem, solution)
    return list(solution.placements)


@pytest.mark.parametrize("seed", range(300))
def test_seeded_orders(seed: int) -> None:
    draw = random.Random(seed).randint
    problem = drawn_problem(draw, lines_max=4, locations_max=4, quantity_max=4, divide=True)._replace(ranked=True)
    check_solution(problem, solve(problem, 0))


def test_a_line_takes_all_it_can_from_the_first_then_from_the_next() -> None:
    problem = hand_made([[3, 9]], [5], fixed=[900, 100], ranked=True)
    assert placements(problem) == [Placement(0, 0, 3), Placement(0, 1, 2)]


def test_of_what_no_carrier_takes_in_one_shipment_a_location_sends_what_it_can() -> None:
    tariffs = flat_tariffs(100)._replace(max_grams=np.array([4]))
    problem = hand_made([[9, 2, 9]], [8], tariffs=tariffs, ranked=True)
    assert placements(problem) == [Placement(0, 0, 4), Placement(0, 1, 2), Placement(0, 2, 2)]
    # A unit of the line before leaves room for three.
    problem = hand_made([[9, 2], [9, 9]], [1, 8], tariffs=tariffs, ranked=True)
    assert placements(problem) == [Placement(0, 0, 1), Placement(1, -1, 1), Placement(1, 0, 3), Placement(1, 1, 4)]
    # A line for one location is too heavy for each of them.
    problem = hand_made([[9, 2]], [8], tariffs=tariffs, line_locations_max=[1], ranked=True)
    assert placements(problem) == [Placement(0, -1, 8)]


def test_a_line_for_one_location_goes_to_the_first_that_has_it_whole() -> None:
    problem = hand_made([[3, 9]], [5], line_locations_max=[1], ranked=True)
    assert placements(problem) == [Placement(0, 1, 5)]
    problem = hand_made([[3, 4]], [5], line_locations_max=[1], ranked=True)
    assert placements(problem) == [Placement(0, -1, 5)]


def test_lines_together_move_to_the_column_of_a_location_that_carries_both() -> None:
    # Today's column has line 0 only; tomorrow's has both.
    problem = hand_made([[1, 1], [0, 1]], [1, 1], location=[3, 3], ranked=True)
    assert placements(problem) == [Placement(0, 1, 1), Placement(1, 1, 1)]


def test_each_column_has_the_capacity_of_its_own_day() -> None:
    # Tomorrow's column would be cheaper, but its day is full.
    problem = hand_made([[1, 1]], [1], location=[3, 3], fixed=[200, 100], capacity_left=[UNLIMITED, 0], ranked=True)
    assert placements(problem) == [Placement(0, 0, 1)]


def test_lines_of_a_set_come_from_the_first_location_that_has_all_of_them() -> None:
    problem = hand_made([[1, 2, 2], [1, 0, 1]], [2, 1], ranked=True, sets=[0, 0])
    assert placements(problem) == [Placement(0, 2, 2), Placement(1, 2, 1)]
    # Where none has, the whole set is short.
    problem = hand_made([[1, 2, 2], [1, 0, 0]], [2, 1], ranked=True, sets=[0, 0])
    assert placements(problem) == [Placement(0, -1, 2), Placement(1, -1, 1)]
