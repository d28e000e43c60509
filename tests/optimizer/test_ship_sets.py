"""Lines of a set leave one location together, or are all short; contracted or not, the proof is that of the order."""

import random

import numpy as np
import pytest

from engine.optimizer.problem import Problem
from engine.optimizer.ship_sets import contract
from engine.optimizer.solve import branch, solve
from tests.checker import RefutedError, check_solution
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import drawn_problem, hand_made

NODES_MAX = 100_000


def with_sets(problem: Problem, rng: random.Random) -> Problem:
    """Some lines tied; those that are go whole."""
    sets = np.array([rng.randint(0, 2) for _ in range(problem.line_count)], np.int64)
    tied = np.array([(sets == s).sum() > 1 for s in sets], np.bool_)
    return problem._replace(sets=sets, line_locations_max=np.where(tied, 1, problem.line_locations_max))


@pytest.mark.parametrize("seed", range(500))
def test_sets_against_the_slow_search(seed: int) -> None:
    rng = random.Random(seed)
    divide = seed % 3 == 0
    drawn = drawn_problem(
        rng.randint, lines_max=3 if divide else 4, locations_max=3, quantity_max=3, divide=divide, huge=not divide
    )
    problem = with_sets(drawn, rng)
    least = cheapest_micros(problem)
    for solution in (solve(problem, NODES_MAX), branch(problem, None, NODES_MAX)):
        check_solution(problem, solution)
        assert solution.lower_bound_micros <= least <= solution.objective_micros
        if not divide:
            assert solution.objective_micros == solution.lower_bound_micros == least


def test_most_sets_are_contracted() -> None:
    """Different items and no capacity that binds: two sets of two lines become two lines of one unit."""
    problem = hand_made([[2], [3], [1], [1]], [2, 3, 1, 1], sets=[0, 0, 1, 1])
    contracted = contract(problem)
    assert contracted is not None
    assert contracted.problem.quantity.tolist() == [1, 1]
    assert contracted.problem.available.tolist() == [[1], [1]]
    # Grams and prices of what is left out add up over the units: 2 + 3, and 1,000 each.
    assert contracted.problem.grams.tolist() == [5, 2]
    assert contracted.problem.short_micros.tolist() == [5_000, 2_000]


def test_sets_that_share_an_item_are_not_contracted() -> None:
    """Two kits of one component, 8 + 8 of 10: one of them stays out, at 1,000 a unit; a shipment costs 100 less 10."""
    problem = hand_made([[10], [20]], [8, 1, 8, 1], item=[0, 1, 0, 1], sets=[0, 0, 1, 1], line_locations_max=[1] * 4)
    assert contract(problem) is None
    assert solve(problem, NODES_MAX).objective_micros == 90 + 9_000


def test_a_location_that_lacks_one_line_carries_none_of_the_set() -> None:
    """The first location has only one of both lines; the second is dearer by 30, and has both."""
    problem = hand_made([[5, 5], [0, 5]], [1, 1], sets=[7, 7], fixed=[100, 130], line_locations_max=[1, 1])
    assert solve(problem, NODES_MAX).objective_micros == 120


def test_the_checker_refutes_a_set_that_is_torn() -> None:
    problem = hand_made([[5, 5], [5, 5]], [1, 1], line_locations_max=[1, 1])
    torn = branch(problem._replace(allowed=np.array([[True, False], [False, True]])), None, NODES_MAX)
    check_solution(problem, torn)
    with pytest.raises(RefutedError, match="do not go together"):
        check_solution(problem._replace(sets=np.zeros(2, np.int64)), torn)
