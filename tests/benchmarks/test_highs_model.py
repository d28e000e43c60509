"""The rivals' program says what `Problem` says: by hand, and against the search over every plan."""

import numpy as np
import pytest

from benchmarks.highs_model import solve_with_highs
from benchmarks.instances import Sizes, random_orders
from benchmarks.order_program import weight_levels
from engine.optimizer.problem import Placement, Problem, Tariffs
from tests.checker import plan_micros
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import flat_tariffs, hand_made

CENT = 10_000
SECONDS_MAX = 60.0
TINY = Sizes(lines_max=3, locations_min=2, locations_max=4, splits_share=0.5)


def cheapest_by_highs(problem: Problem) -> int:
    placements = solve_with_highs(problem, SECONDS_MAX)
    assert placements is not None
    return plan_micros(problem, placements)


def in_cents(problem: Problem) -> Problem:
    """The same order with every amount of money in cents instead of micros."""
    money = ("short_micros", "fixed", "line_micros", "unit_micros", "split_micros")
    return problem._replace(**{name: getattr(problem, name) * CENT for name in money})


def test_a_hand_made_order() -> None:
    # Both lines from 0: 100 + 2 · 3 + 2 · 1 − 10 + 40 for 2 units in one package. Apart they would pay two shipments.
    problem = in_cents(hand_made([[5, 5], [5, 0]], [1, 1], line_micros=[[3, 9], [3, 9]], unit_micros=[1, 1],
                                 tariffs=flat_tariffs(40 * CENT)))  # fmt: skip
    assert solve_with_highs(problem, SECONDS_MAX) == (Placement(0, 0, 1), Placement(1, 0, 1))
    assert cheapest_by_highs(problem) == 138 * CENT


def test_a_line_is_divided_where_no_stock_suffices() -> None:
    # 2 + 1 units from two locations: 200 − 10; whole it would be short: 3 · 1,000.
    problem = in_cents(hand_made([[2, 1]], [3]))
    assert cheapest_by_highs(problem) == 190 * CENT
    whole = problem._replace(line_locations_max=np.array([1]))
    assert cheapest_by_highs(whole) == 3000 * CENT


def test_two_lines_share_the_stock_of_one_item() -> None:
    # Two of three units from one location, which has no more; the other line ships from the second: 100 + 100 − 10.
    problem = in_cents(hand_made([[2, 2]], [2, 1], item=[0, 0], line_locations_max=[1, 1]))
    assert cheapest_by_highs(problem) == 190 * CENT


def test_capacity_in_lines_and_in_units() -> None:
    # One line, or one unit, a location: two shipments, 200 − 10.
    for kind in (1, 2):
        problem = in_cents(hand_made([[5, 5], [5, 5]], [1, 1], capacity_kind=[kind] * 2, capacity_left=[1, 1]))
        assert cheapest_by_highs(problem) == 190 * CENT


def test_a_location_ships_by_one_of_its_columns() -> None:
    # Each column of location 0 carries one line: the second line comes from location 1, 90 + 120 − 10.
    allowed = [[True, False, True], [False, True, True]]
    problem = in_cents(hand_made([[5] * 3] * 2, [1, 1], location=[0, 0, 1], fixed=[90, 90, 120], allowed=allowed,
                                 line_micros=[[0, 0, 95], [0, 0, 0]]))  # fmt: skip
    assert cheapest_by_highs(problem) == 200 * CENT


def test_the_number_of_locations_is_limited() -> None:
    # One location of two: the other line is short, 100 − 10 + 1,000.
    problem = in_cents(hand_made([[5, 0], [0, 5]], [1, 1], locations_max=1))
    assert cheapest_by_highs(problem) == 1090 * CENT
    # A line from at most two of three locations: 2 units short of 6, 200 − 10 + 2 · 1,000.
    problem = in_cents(hand_made([[2, 2, 2]], [6], line_locations_max=[2]))
    assert cheapest_by_highs(problem) == 2190 * CENT


def test_weight_steps_go_on_in_full_packages() -> None:
    tariffs = Tariffs(np.array([0, 2]), np.array([5, 9]), np.array([40, 70]), np.array([0, 0]))
    problem = hand_made([[9]], [1], tariffs=tariffs, package_grams_max=[9])
    # Up to 5 g 40, up to 9 g 70; a full package of 9 g and one of 5 g 110, of 9 g 140.
    levels = weight_levels(problem, 0, 15)
    assert (levels.grams, levels.micros) == ([5, 9, 14, 18], [40, 70, 110, 140])


@pytest.mark.parametrize("seed", range(8))
def test_highs_agrees_with_the_search_over_every_plan(seed: int) -> None:
    for problem in random_orders(seed, 4, TINY):
        assert cheapest_by_highs(problem) == cheapest_micros(problem)
