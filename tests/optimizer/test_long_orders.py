"""The search for long orders: equal to the slow search on small ones, to HiGHS on larger, to OR-Library on cap71."""

import random
from collections import Counter
from pathlib import Path

import highspy
import numpy as np
import pytest

from benchmarks.large_instances import Family, large_orders
from engine.optimizer.long_orders import divided_plans_bound, search_whole_lines, suits_search
from engine.optimizer.problem import Problem
from engine.optimizer.solve import solve
from tests.checker import check_solution
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import drawn_problem, flat_tariffs, hand_made

CAP71 = Path(__file__).parents[2].parent / "shared" / "data" / "or_library" / "cap71.txt"
"""Beside the repository, which does not need it."""


def drawn(seed: int, lines_max: int, locations_max: int, *, divide: bool = False) -> Problem:
    problem = drawn_problem(
        random.Random(seed).randint, lines_max=lines_max, locations_max=locations_max, quantity_max=3, divide=divide, huge=False
    )  # fmt: skip
    if seed % 3 == 0:
        problem = problem._replace(zone=np.full(len(problem.zone), -1), capacity_left=np.full(problem.column_count, 2**40))
    return problem


@pytest.mark.parametrize("seed", range(400))
def test_whole_lines_agree_with_the_slow_search(seed: int) -> None:
    problem = drawn(seed, 5, 5)
    if not suits_search(problem):
        return
    least = cheapest_micros(problem, divide=False)
    for nodes_max in (0, 2, 7):
        solution = search_whole_lines(problem, nodes_max)
        check_solution(problem, solution)
        assert solution.lower_bound_micros <= least <= solution.objective_micros
    solution = search_whole_lines(problem, 100_000)
    check_solution(problem, solution)
    assert (solution.objective_micros, solution.lower_bound_micros) == (least, least)


@pytest.mark.parametrize("seed", range(200))
def test_the_bound_on_divided_lines_lies_below_every_plan_that_divides_one(seed: int) -> None:
    problem = drawn(seed, 3, 3, divide=True)
    if not suits_search(problem):
        return
    whole, least = cheapest_micros(problem, divide=False), cheapest_micros(problem)
    assert min(whole, divided_plans_bound(problem, whole)) <= least
    solution = solve(problem._replace(locations_max=min(problem.locations_max, 3)), 1000)
    assert solution.lower_bound_micros <= cheapest_micros(problem._replace(locations_max=min(problem.locations_max, 3)))


def test_the_bound_on_divided_lines_counts_what_only_their_own_units_cost() -> None:
    """Below every plan that divides a line, and above the bound that leaves these prices out, where they count."""
    compared: Counter[str] = Counter()
    for seed in range(400):
        rng = random.Random(seed)
        problem = drawn_problem(
            rng.randint, lines_max=3, locations_max=3, quantity_max=4, divide=True, huge=False, unit_prices=True
        )  # fmt: skip
        if problem.line_unit_micros is None or problem.sets is not None or not suits_search(problem):
            continue
        whole, least = cheapest_micros(problem, divide=False), cheapest_micros(problem)
        bound = min(whole, divided_plans_bound(problem, whole))
        assert bound <= least, seed
        compared["all"] += 1
        compared["raised"] += bound > min(whole, divided_plans_bound(problem._replace(line_unit_micros=None), whole))
        solution = solve(problem, 10)
        check_solution(problem, solution)
        assert solution.lower_bound_micros <= least <= solution.objective_micros, seed
    assert min(compared["all"], 5 * compared["raised"]) > 60, compared


def test_a_column_that_carries_no_more_whole_lines_may_carry_more_of_a_divided_one() -> None:
    """One location now, or later with two of the divided line; another has the third: 1,000 + 10 + 100, at one shipment each.

    Were the later column struck out for the whole line, the plan would seem to cost a shipment more, or three times 100.
    """
    problem = hand_made(
        [[1, 1, 0], [0, 2, 1]], [1, 3], location=[0, 0, 1], fixed=[1000, 1000, 10], unit_micros=[0, 0, 100], split_micros=0,
        short_micros=[10**6, 10**6],
    )  # fmt: skip
    assert cheapest_micros(problem) == 1_110
    assert divided_plans_bound(problem, 10**6) <= 1_110


def test_a_line_may_be_divided_over_more_locations_than_there_are_lines() -> None:
    """Two of one and one of the other: 2 × 100 − 10, while all short would cost 3,000."""
    problem = hand_made([[2, 1]], [3])
    assert cheapest_micros(problem) == 190
    assert divided_plans_bound(problem, 3_000) <= 190
    # Units that cost more on one line than on another are what brings an order of one line to that bound.
    priced = problem._replace(line_unit_micros=np.array([[5, 0]]))
    solution = solve(priced, 0)
    assert solution.lower_bound_micros <= cheapest_micros(priced) == 200


def highs_micros(problem: Problem) -> float:
    """The optimum of an order without a carrier and without limits, as a facility location problem."""
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    # As everywhere: HiGHS refuses another number of threads than the first of the process.
    h.setOptionValue("threads", 1)
    h.setOptionValue("mip_rel_gap", 0.0)
    n, m = problem.line_count, problem.column_count
    short = problem.short_micros * problem.quantity
    for c in range(m):
        h.addVar(0, 1)
        h.changeColCost(c, float(problem.fixed[c]))
        h.changeColIntegrality(c, highspy.HighsVarType.kInteger)
    at = m
    for j in range(n):
        row = [at]
        h.addVar(0, 1)
        h.changeColCost(at, float(short[j]))
        at += 1
        for c in range(m):
            if problem.allowed[j, c] and problem.available[problem.item[j], c] >= problem.quantity[j]:
                h.addVar(0, 1)
                h.changeColCost(at, float(problem.line_micros[j, c] + problem.unit_micros[c] * problem.quantity[j]))
                h.addRow(-highspy.kHighsInf, 0, 2, np.array([at, c], np.int32), np.array([1.0, -1.0]))
                row.append(at)
                at += 1
        h.addRow(1, 1, len(row), np.array(row, np.int32), np.ones(len(row)))
    h.run()
    return h.getInfo().objective_function_value


@pytest.mark.parametrize("seed", range(12))
def test_larger_orders_agree_with_highs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(12, 26)), int(rng.integers(10, 30))
    carried = rng.random((n, m)) < rng.uniform(0.2, 0.7)
    problem = hand_made(
        carried.astype(np.int64), [1] * n, allowed=carried, fixed=rng.integers(500, 1500, m), zone=[-1], split_micros=400,
        line_micros=rng.integers(20, 200, (n, m)), short_micros=rng.integers(300, 4000, n), line_locations_max=[1] * n,
    )  # fmt: skip
    solution = solve(problem, 100_000)
    check_solution(problem, solution)
    assert solution.objective_micros == solution.lower_bound_micros
    # All plans of these orders ship something: the first split penalty is free.
    assert abs(solution.objective_micros + 400 - highs_micros(problem)) < 0.5


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize("weight_breaks", [False, True])
def test_the_benchmarks_orders_are_solved_the_same_each_time(family: Family, weight_breaks: bool) -> None:
    problem = large_orders(11, 1, family, weight_breaks=weight_breaks)[0]
    solution = solve(problem, 400)
    check_solution(problem, solution)
    assert solution == solve(problem, 400)
    assert 0 < solution.lower_bound_micros <= solution.objective_micros < int((problem.short_micros * problem.quantity).sum())


def test_a_larger_budget_never_gives_a_worse_plan() -> None:
    problem = large_orders(12, 1, Family.STORES, weight_breaks=True)[0]
    few, many = solve(problem, 50), solve(problem, 500)
    assert many.objective_micros <= few.objective_micros


def test_five_hundred_lines() -> None:
    # Two locations carry half the lines each, a third one all of them at 1 more a line: 500 · 2 + 200 − 10, not 500 · 3 + 90.
    half = [[1 if j % 2 == c or c == 2 else 0 for c in range(3)] for j in range(500)]
    line = [[2, 2, 3]] * 500
    problem = hand_made(half, [1] * 500, line_micros=line, tariffs=flat_tariffs(0))
    solution = solve(problem, 1000)
    check_solution(problem, solution)
    assert (solution.objective_micros, solution.lower_bound_micros) == (1190, 1190)


def test_capacity_by_lines_shares_a_long_order_out() -> None:
    # Twelve lines, four a location: three shipments, 300 − 10.
    problem = hand_made([[1] * 5] * 12, [1] * 12, capacity_kind=[1] * 5, capacity_left=[4] * 5)
    solution = solve(problem, 20_000)
    check_solution(problem, solution)
    assert (solution.objective_micros, solution.lower_bound_micros) == (290, 290)


def test_two_lines_of_one_item_share_its_stock() -> None:
    # One unit at each location: the lines of item 0 ship from both, the other ten with either: 200 − 10.
    stock = [[1, 1], *[[1, 1]] * 10]
    problem = hand_made(stock, [1] * 12, item=[0, 0, *range(1, 11)])
    solution = solve(problem, 20_000)
    check_solution(problem, solution)
    assert (solution.objective_micros, solution.lower_bound_micros) == (190, 190)


def cap71() -> Problem:
    """16 warehouses, 50 customers, as lines; money in hundred-thousandths, which the file's decimals are."""
    words = CAP71.read_text("utf-8").split()
    warehouses, customers = int(words[0]), int(words[1])
    fixed = [round(float(words[2 + 2 * w + 1]) * 10**5) for w in range(warehouses)]
    rest = words[2 + 2 * warehouses :]
    demand, cost = [], []
    for c in range(customers):
        row = rest[c * (warehouses + 1) : (c + 1) * (warehouses + 1)]
        demand.append(int(row[0]))
        cost.append([round(float(word) * 10**5) for word in row[1:]])
    # Every warehouse can hold the demand of all customers: nothing binds.
    assert sum(demand) <= int(words[2])
    return hand_made(
        [[d] * warehouses for d in demand], demand, fixed=fixed, line_micros=cost, zone=[-1], split_micros=0,
        short_micros=[10**10] * customers, line_locations_max=[1] * customers,
    )  # fmt: skip


@pytest.mark.skipif(not CAP71.exists(), reason="OR-Library's cap71 is not at hand")
def test_cap71_of_the_or_library() -> None:
    problem = cap71()
    solution = solve(problem, 100_000)
    check_solution(problem, solution)
    assert solution.objective_micros == solution.lower_bound_micros == 93_261_575_000
