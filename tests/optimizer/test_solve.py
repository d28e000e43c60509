"""Solutions are feasible, cost what they say, and are never proven better than the slow search over every plan."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.optimizer.problem import COLUMN_TABLES, Placement, Problem, Solution, Tariffs
from engine.optimizer.solve import branch, solve, solve_orders
from tests.checker import check_solution
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import QUANTITY_MAX, drawn_problem, flat_tariffs, hand_made

NODES_MAX = 100_000

thorough = settings(
    max_examples=1000, derandomize=True, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip


def check_against_naive(problem: Problem, solution: Solution) -> None:
    """Lower bound ≤ optimum ≤ objective; so OPTIMAL, where both are equal, is true."""
    check_solution(problem, solution)
    assert solution.lower_bound_micros <= cheapest_micros(problem) <= solution.objective_micros


def assert_optimal(problem: Problem, micros: int, nodes_max: int = NODES_MAX) -> None:
    solution = solve(problem, nodes_max)
    check_solution(problem, solution)
    assert (solution.objective_micros, solution.lower_bound_micros) == (micros, micros)


@thorough
@given(st.randoms(use_true_random=False), st.sampled_from([0, 3, 30, NODES_MAX]))
def test_whole_lines(rng: random.Random, nodes_max: int) -> None:
    problem = drawn_problem(rng.randint, lines_max=4, locations_max=4, quantity_max=3, divide=False, unit_prices=True)
    solution = solve(problem, nodes_max)
    check_against_naive(problem, solution)
    if nodes_max == NODES_MAX:
        assert solution.objective_micros == solution.lower_bound_micros


@thorough
@given(st.randoms(use_true_random=False), st.sampled_from([0, 3, 30, NODES_MAX]))
def test_divided_lines(rng: random.Random, nodes_max: int) -> None:
    problem = drawn_problem(
        rng.randint, lines_max=3, locations_max=3, quantity_max=3, divide=True, huge=False, unit_prices=True
    )
    check_against_naive(problem, solve(problem, nodes_max))


@pytest.mark.parametrize("seed", range(400))
def test_seeded_orders(seed: int) -> None:
    rng = random.Random(seed)
    divide = seed % 2 == 1
    problem = drawn_problem(
        rng.randint, lines_max=3 if divide else 4, locations_max=3 if divide else 4, quantity_max=3, divide=divide,
        huge=not divide, unit_prices=True,
    )  # fmt: skip
    check_against_naive(problem, solve(problem, NODES_MAX))


@pytest.mark.parametrize("seed", range(60))
def test_branch_and_bound_agrees_with_the_program_over_subsets(seed: int) -> None:
    rng = random.Random(seed)
    problem = drawn_problem(rng.randint, lines_max=6, locations_max=5, quantity_max=3, divide=False)
    problem = problem._replace(locations_max=2**31)
    program, search = solve(problem, 0), branch(problem, None, NODES_MAX)
    check_solution(problem, search)
    assert program.objective_micros == program.lower_bound_micros == search.objective_micros == search.lower_bound_micros


def test_units_that_cost_more_on_one_line_divide_where_they_cost_least() -> None:
    """4 units of each line, 2 of each in either place; shipments cost 90 and 10 more from the second on.

    Line 0 costs 5 a unit in the second place, line 1 in the first: 90 + 90 + 10 and 2 · 5 + 2 · 5 = 210, all shipped.
    """
    problem = hand_made([[2, 2], [2, 2]], [4, 4], line_unit_micros=[[0, 5], [5, 0]])
    solution = solve(problem, NODES_MAX)
    check_against_naive(problem, solution)
    assert solution.objective_micros == 210


def test_a_batch_is_solved_as_its_orders_are_alone() -> None:
    rng = random.Random(5)
    first = drawn_problem(rng.randint, lines_max=4, locations_max=4, quantity_max=3, divide=True)
    problems = [
        drawn_problem(rng.randint, lines_max=4, locations_max=4, quantity_max=3, divide=True)._replace(
            tariffs=first.tariffs, ranked=rng.randint(0, 9) == 0
        )
        for _ in range(60)
    ]
    assert solve_orders(problems, 50) == [solve(problem, 50) for problem in problems]
    assert solve_orders([], 50) == []


def test_fewer_shipments_win_a_tie_then_the_column_given_first() -> None:
    # Both lines from 1 or 2 cost 200 − 10; line 0 from 0 (95) and line 1 from 1 (105) cost as much.
    problem = hand_made([[1, 1, 1], [0, 1, 1]], [1, 1], fixed=[95, 105, 105], line_micros=[[0, 95, 95], [0, 0, 0]])
    assert solve(problem, 0) == Solution((Placement(0, 1, 1), Placement(1, 1, 1)), 190, 190, 7)


def test_a_line_that_cannot_ship_does_not_keep_another_short() -> None:
    # Short both 1,095; ship line 1 for 100 − 10 and leave line 0: 1,090. The penalty of 10 decides.
    assert_optimal(hand_made([[0], [5]], [1, 1], short_micros=[1000, 95]), 1090)
    assert_optimal(hand_made([[0], [5]], [1, 1], short_micros=[1000, 90]), 1090)
    assert_optimal(hand_made([[0], [5]], [1, 1], short_micros=[1000, 89]), 1089)


def test_a_location_carries_each_line_but_not_both() -> None:
    # One unit a day: the cheap location carries one of two lines. 100 + 150 − 10; the second best without it 150 + 200 − 10.
    problem = hand_made([[5] * 3] * 2, [1, 1], fixed=[100, 150, 200], capacity_kind=[2] * 3, capacity_left=[1] * 3)
    assert_optimal(problem, 240)


def test_many_equal_locations_that_carry_one_line_each() -> None:
    # Ten lines from ten of forty locations: 10 · 100 − 10, each location laid once at the most.
    problem = hand_made([[9] * 40] * 10, [1] * 10, line_locations_max=[1] * 10, capacity_kind=[1] * 40, capacity_left=[1] * 40)
    assert_optimal(problem, 990)


def test_no_column_at_all() -> None:
    problem = hand_made([[], []], [2, 3], short_micros=[7, 11])
    assert solve(problem, 0) == Solution((Placement(0, -1, 2), Placement(1, -1, 3)), 2 * 7 + 3 * 11, 47, 0)


def test_an_item_without_weight_pays_the_first_weight_break() -> None:
    problem = hand_made([[5], [5]], [1, 1], grams=[0, 0], tariffs=flat_tariffs(50))
    assert_optimal(problem, 140)
    assert_optimal(problem._replace(locations_max=1), 140)


def test_a_column_without_a_carrier_ships_for_nothing() -> None:
    problem = hand_made([[5, 5], [5, 5]], [1, 1], price_row=[0, 1], zone=[0, -1], divisor=[0, 0],
                        package_grams_max=[9, 9], tariffs=flat_tariffs(50))  # fmt: skip
    assert_optimal(problem, 90)
    assert_optimal(problem._replace(locations_max=1), 90)


def test_a_zone_without_a_tariff_ships_nothing() -> None:
    none = np.empty(0, np.int64)
    problem = hand_made([[5], [5]], [1, 1], tariffs=Tariffs(np.array([0, 0]), none, none, none))
    assert_optimal(problem, 2000)
    assert_optimal(problem._replace(locations_max=1), 2000)


def test_a_line_divided_between_a_location_and_the_rest_short() -> None:
    # One unit of two fits the day: 100 − 10 + 1,000, not 2,000.
    assert_optimal(hand_made([[5]], [2], capacity_kind=[2], capacity_left=[1]), 1090, NODES_MAX)
    # For one location the line goes whole or not at all.
    assert_optimal(hand_made([[5]], [2], capacity_kind=[2], capacity_left=[1], line_locations_max=[1]), 2000)


def test_two_locations_of_two_and_the_rest_short() -> None:
    # 2 + 2 of 5 units from the two locations a line may have: 200 − 10 + 1,000.
    assert_optimal(hand_made([[2, 2, 2]], [5], line_locations_max=[2]), 1190)


def test_a_bound_for_lines_that_are_cheaper_short() -> None:
    # One line ships for 100 − 10, five units of the other beside it for nothing, and five are left at 1 each.
    problem = hand_made([[5, 5], [5, 5]], [10, 1], short_micros=[1, 1000])
    assert solve(problem, 0).lower_bound_micros <= 95
    assert_optimal(problem, 95)


def test_more_weight_can_cost_less() -> None:
    # One line of 5 g costs 100 + 500, both lines of 10 g 100 + 100: the search must not give up half way.
    tariffs = Tariffs(np.array([0, 2]), np.array([5, 10]), np.array([500, 100]), np.array([0, 0]))
    problem = hand_made([[5], [5]], [1, 1], grams=[5, 5], short_micros=[200, 200], tariffs=tariffs)
    assert_optimal(problem, 190)
    assert_optimal(problem._replace(locations_max=1), 190)


def test_a_price_that_rises_and_falls_is_not_one_price() -> None:
    # 2 + 2 units: 200 − 10 + 1 + 1; as much as there is and the rest, 3 + 1 units: 200 − 10 + 99 + 1.
    tariffs = Tariffs(np.array([0, 3]), np.array([2, 3, 9]), np.array([1, 99, 1]), np.array([0, 0, 0]))
    problem = hand_made([[3, 3]], [4], tariffs=tariffs)
    assert cheapest_micros(problem) == 192
    assert solve(problem, NODES_MAX).lower_bound_micros <= 192


def test_more_locations_than_a_plan_may_have_placements() -> None:
    # Seventy units from seventy locations: 70 · 100 − 10. A hundred are too many for the search, and nothing is claimed.
    solution = solve(hand_made([[1] * 70], [70]), 1000)
    assert solution.lower_bound_micros <= 6990 == solution.objective_micros
    solution = solve(hand_made([[1] * 100], [100]), 1000)
    assert solution.lower_bound_micros <= 9990 < solution.objective_micros


def test_a_node_budget_of_nothing_still_gives_a_plan() -> None:
    problem = hand_made([[5, 5]] * 12, [1] * 12)
    solution = solve(problem, 0)
    check_solution(problem, solution)
    assert solution.objective_micros == solution.lower_bound_micros == 90
    # Where a line may be divided besides, the search for such plans has nothing to spend.
    problem = hand_made([[5, 5], [1, 2]] * 6, [1, 3] * 6)
    solution = solve(problem, 0)
    check_solution(problem, solution)
    assert solution.lower_bound_micros <= 190 <= solution.objective_micros


def test_the_largest_quantities_and_prices_stay_exact() -> None:
    # 2^31 − 1 units of 3 g at 1,000,000 per kg: ⌈6,442,450,941 · 1000⌉ micros.
    tariffs = Tariffs(np.array([0, 1]), np.array([2**40]), np.array([7]), np.array([10**6]))
    problem = hand_made([[QUANTITY_MAX]], [QUANTITY_MAX], grams=[3], unit_micros=[10**6], short_micros=[10**8],
                        line_locations_max=[1], tariffs=tariffs)  # fmt: skip
    assert_optimal(problem, 90 + QUANTITY_MAX * 10**6 + 7 + 3 * QUANTITY_MAX * 1000)


def test_what_would_leave_the_range_of_numbers_goes_nowhere() -> None:
    huge = {"quantity": [QUANTITY_MAX], "available": [[QUANTITY_MAX]], "short_micros": [1]}
    for changed in (
        {"unit_micros": [2**40]}, {"line_micros": [[2**60]]}, {"fixed": [2**60]}, {"grams": [2**40]}, {"volume": [2**40]},
    ):  # fmt: skip
        problem = hand_made(**{**huge, **changed})
        assert_optimal(problem, QUANTITY_MAX)
        assert branch(problem, None, 10).objective_micros == QUANTITY_MAX


def test_a_shortage_beyond_the_range_of_numbers_is_a_bug_of_the_caller() -> None:
    problem = hand_made([[0], [0]], [QUANTITY_MAX, 1], short_micros=[10**12, 1])
    with pytest.raises(AssertionError, match="out of range"):
        solve(problem, 10)
    with pytest.raises(AssertionError, match="out of range"):
        solve(problem._replace(locations_max=1), 10)


def test_a_table_of_another_type_is_a_bug_of_the_caller() -> None:
    problem = hand_made([[5, 5]], [1])
    with pytest.raises(AssertionError, match="another type"):
        problem._replace(**{name: np.zeros(2, np.int32) for name in COLUMN_TABLES})
    with pytest.raises(AssertionError, match="another type"):
        problem._replace(available=np.zeros((2, 1), np.int64))
    with pytest.raises(AssertionError, match="no such tables"):
        problem._replace(colour=np.zeros(1, np.int64))
