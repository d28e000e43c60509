"""Staircases lie below the carrier's price; Lagrangian bounds are what their definition says; sets of columns by bit masks."""

import random

import numpy as np
import pytest

from engine.kernels.begin import begin, start_prices
from engine.kernels.bit_sets import WORD, count_bits, next_bit
from engine.kernels.column_sets import improve_set, set_cost
from engine.kernels.lagrange import bound_now
from engine.kernels.long_order import FIXED, LOCATION, PLAIN, SHORT, LongOrder, common_divisor
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState
from engine.kernels.search_state import GOAL, LEAST, MOST, Search
from engine.kernels.staircase import SLOPES_MAX
from engine.optimizer.long_orders import suits_search
from engine.optimizer.problem import Problem, Tariffs
from engine.optimizer.search_tables import empty_plan, empty_search, long_order
from tests.naive.long_orders import bits, cheapest_answers, cheapest_set, package_price
from tests.optimizer.problems import drawn_problem, hand_made

SEEDS = range(150)


def drawn(seed: int, *, plain: bool = False) -> Problem:
    problem = drawn_problem(
        random.Random(seed).randint, lines_max=5, locations_max=5, quantity_max=3, divide=False, huge=False
    )  # fmt: skip
    if plain:
        free = np.full(len(problem.zone), -1)
        problem = problem._replace(
            zone=free, capacity_left=np.full(problem.column_count, 2**40), available=problem.available * 20
        )
    return problem


def begun(problem: Problem) -> tuple[LongOrder, Search, PlanState]:
    t = long_order(problem)
    s, plan = empty_search(t), empty_plan(t)
    begin(t, s, plan, empty_plan(t), 1000)
    start_prices(t, s)
    return t, s, plan


@pytest.mark.parametrize("seed", SEEDS)
def test_a_staircase_and_its_lines_lie_below_the_price(seed: int) -> None:
    problem = drawn(seed)
    if problem.column_count == 0:
        return
    t = long_order(problem)
    for r in range(len(problem.zone)):
        steps = t.steps[r]
        heaviest = int(t.limit[r, steps - 1]) if steps else -1
        for grams in range(int(t.lines[2].sum()) + 1):
            price = package_price(problem, r, grams)
            if grams > heaviest:
                assert price is None
                continue
            at = int(np.searchsorted(t.limit[r, :steps], grams))
            stair = int(t.rate[r]) * grams + int(t.step[r, at])
            assert price is None or stair <= price
            for line in range(t.slopes[r]):
                # The slope, from what it adds to the heaviest line.
                j = int(t.weight[r].argmax())
                if t.weight[r, j] > 0:
                    slope = int(t.rise[r * SLOPES_MAX + line, j]) // int(t.weight[r, j])
                    assert int(t.base[r, line]) + slope * grams <= int(t.step[r, at])


def test_a_staircase_by_hand() -> None:
    # Up to 2 g for 5, up to 4 g for 9; packages of 3 g: 3 g cost 9, 4 g 9 + 5, 6 g 9 + 9.
    tariffs = Tariffs(np.array([0, 2]), np.array([2, 4]), np.array([5, 9]), np.array([0, 0]))
    t = long_order(hand_made([[9]], [6], tariffs=tariffs, package_grams_max=[3], line_locations_max=[1]))
    assert t.limit[0, :4].tolist() == [2, 3, 5, 6]
    assert t.step[0, :4].tolist() == [5, 9, 14, 18]
    # Flat at 5, then along (2, 5) – (5, 14) – (6, 18), slopes 3 and 4.
    assert t.base[0, :3].tolist() == [5, -1, -6]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_is_what_its_definition_says(seed: int) -> None:
    problem = drawn(seed)
    if problem.column_count == 0:
        return
    t, s, plan = begun(problem)
    rng = random.Random(seed)
    n, m = problem.line_count, problem.column_count
    for j in range(n):
        s.price[j] = rng.randint(0, int(t.lines[SHORT, j]))
    s.now[LEAST] = rng.randint(1, 2)
    s.now[MOST] = rng.randint(int(s.now[LEAST]), 3)
    bound, _ = bound_now(t, s, plan)
    # What each column answers is held to its own definition in test_column_answers.
    answers = [(int(t.columns[LOCATION, c]), int(s.value[c])) for c in range(m) if (t.floor[c] < NEVER).any()]
    expected = cheapest_answers(answers, int(s.now[LEAST]), int(s.now[MOST]))
    assert bound == (NEVER if expected is None else int(s.price.sum()) + expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_start_prices_leave_no_column_a_gain(seed: int) -> None:
    problem = drawn(seed)
    if problem.column_count == 0:
        return
    t, s, plan = begun(problem)
    s.now[LEAST], s.now[MOST] = 0, problem.line_count
    s.now[GOAL] = NEVER
    assert bound_now(t, s, plan)[0] == s.price.sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_set_of_columns_costs_what_its_lines_cost_at_the_cheapest(seed: int) -> None:
    problem = drawn(seed, plain=True)
    if problem.column_count == 0:
        return
    t = long_order(problem)
    assert t.rules[PLAIN] == 1
    m, n = t.handling.shape
    fixed, location = t.columns[FIXED].tolist(), t.columns[LOCATION].tolist()
    best = cheapest_set(fixed, location, t.handling.tolist(), t.lines[SHORT].tolist(), 1)
    members = np.zeros(m + 1, np.int64)
    k, cost = improve_set(t, 1, min(m, n), members, m, np.arange(m), np.empty(n, np.int64))
    assert cost == set_cost(t, k, members) <= best
    for size in (1, 2, 3):
        least = cheapest_set(fixed, location, t.handling.tolist(), t.lines[SHORT].tolist(), size)
        if size == k and least is not None:
            assert least <= cost


def test_bits_of_words() -> None:
    rng = random.Random(3)
    for _ in range(300):
        words = [rng.getrandbits(WORD) & rng.getrandbits(WORD) for _ in range(3)]
        expected = list(bits(words, WORD))
        found, at = [], next_bit(np.array([[0] * 3, words]), 1, 0, 3)
        while at >= 0:
            found.append(at)
            at = next_bit(np.array([[0] * 3, words]), 1, at + 1, 3)
        assert found == expected
        assert sum(count_bits(np.int64(word)) for word in words) == len(expected)
    assert next_bit(np.zeros((1, 2), np.int64), 0, 0, 2) == -1
    assert next_bit(np.array([[0, 5]]), 0, 0, 1) == -1
    assert count_bits(np.int64(2**WORD - 1)) == WORD


def test_the_greatest_common_divisor() -> None:
    assert [common_divisor(a, b) for a, b in ((0, 6), (12, 18), (7, 0), (5, 3))] == [6, 6, 7, 1]


def test_a_small_order_is_worth_searching_and_a_boundless_one_is_not() -> None:
    assert suits_search(hand_made([[1]], [1]))
    assert not suits_search(hand_made([[]], [1]))
    assert not suits_search(hand_made([[1]], [1], short_micros=[2**51]))
    assert not suits_search(hand_made([[1]], [1], grams=[2**56]))
