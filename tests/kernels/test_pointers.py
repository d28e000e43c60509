"""Arrays are read where they lie, and a problem always knows where that is."""

import copy
import pickle

import numpy as np

from engine.kernels.pointers import bools_at, ints_at
from engine.optimizer.problem import Problem
from engine.optimizer.solve import solve
from tests.optimizer.problems import hand_made


def test_what_lies_at_an_address() -> None:
    ints, bools = np.array([3, -5, 2**62]), np.array([True, False, True])
    assert ints_at(ints.ctypes.data, 3).tolist() == ints.tolist()
    assert ints_at(ints[1:].ctypes.data, 1).tolist() == [-5]
    assert bools_at(bools.ctypes.data, 3).tolist() == bools.tolist()


def fixed_of_the_chosen(problem: Problem) -> int:
    [placement] = solve(problem, 0).placements
    return int(problem.fixed[placement.column])


def test_a_problem_that_is_changed_copied_or_sent_is_read_where_it_lies_then() -> None:
    problem = hand_made([[5, 5]], [1], fixed=[300, 200])
    assert fixed_of_the_chosen(problem) == 200
    barred = problem._replace(allowed=np.array([[True, False]]))
    assert fixed_of_the_chosen(barred) == 300
    for other in (copy.deepcopy(barred), pickle.loads(pickle.dumps(barred))):
        assert other.sizes.tolist() != barred.sizes.tolist()
        assert fixed_of_the_chosen(other) == 300
    # A table that is no contiguous one is copied.
    wide = np.array([[True, False, False, True]])
    assert fixed_of_the_chosen(problem._replace(allowed=wide[:, ::3])) == 200
