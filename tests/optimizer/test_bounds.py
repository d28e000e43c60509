"""Lower bounds by hand: each with the plan that comes nearest to it."""

import numpy as np

from engine.kernels.bounds import divided_bound
from engine.kernels.partition import NEVER
from engine.optimizer.bounds import least_lines, least_prices, one_price, root_bound, steady_rows, vertices_suffice
from engine.optimizer.problem import Problem, Tariffs
from tests.optimizer.problems import flat_tariffs, hand_made


def root(problem: Problem) -> int:
    return root_bound(problem, least_prices(problem), *least_lines(problem))


def divided(problem: Problem) -> int:
    least, extra = least_lines(problem)
    zeros = np.zeros(1, np.int64)
    prices = least_prices(problem)
    return divided_bound(
        problem.split_micros, problem.location, problem.fixed + prices, np.zeros(len(prices), np.int64), zeros, least, extra
    )  # fmt: skip


def test_the_least_a_line_costs_is_all_of_it_shipped_or_all_of_it_short() -> None:
    problem = hand_made([[9, 9], [9, 9]], [3, 2], line_micros=[[8, 5], [7, 7]], unit_micros=[2, 4], short_micros=[50, 4],
                        allowed=[[True, True], [False, True]])  # fmt: skip
    least, extra = least_lines(problem)
    # Line 0: 5 + 3 · 2 shipped. Line 1: 7 + 2 · 4 shipped, but 2 · 4 short.
    assert least.tolist() == [11, 8]
    # Line 0, a part short: 5 + 2 · 2 + 50; line 1: 7 + 4 + 4.
    assert extra.tolist() == [59 - 11, 15 - 8]


def test_a_line_that_stays_whole_is_never_short_in_part() -> None:
    problem = hand_made([[9], [9], [0]], [1, 3, 2], line_locations_max=[2, 1, 2], allowed=[[True], [True], [False]])
    assert least_lines(problem)[1].tolist() == [NEVER] * 3


def test_a_divided_line_ships_from_two_locations_or_is_short_in_part() -> None:
    problem = hand_made([[9, 9, 9]], [2], location=[0, 0, 1], fixed=[100, 90, 120], short_micros=[70])
    # Lines 0; the two columns of location 0 are one shipment: 90 + 120 − 10, or 90 − 10 and one unit short.
    assert divided(problem) == 150
    assert divided(problem._replace(short_micros=np.array([500]))) == 200
    # One location alone: only a part short is left.
    assert divided(hand_made([[9, 9]], [2], location=[4, 4])) == 90 + 1000


def test_every_plan_ships_from_as_many_locations_as_the_stock_takes() -> None:
    # 10 = 4 + 4 + 2: three locations, 300 − 10. With a unit short: 100 − 10 + 500.
    assert root(hand_made([[4, 4, 4]], [10], short_micros=[500])) == 290
    assert root(hand_made([[4, 4, 4]], [10], short_micros=[150])) == 240
    assert root(hand_made([[4, 4, 4]], [10], short_micros=[1])) == 10


def test_least_prices_by_row() -> None:
    tariffs = Tariffs(np.array([0, 2, 2]), np.array([5, 9]), np.array([400, 300]), np.array([0, 0]))
    problem = hand_made([[1, 1, 1]], [1], price_row=[2, 1, 0], zone=[0, 1, -1], divisor=[0] * 3,
                        package_grams_max=[9] * 3, tariffs=tariffs, carrier_weight_ppm=500_000)  # fmt: skip
    assert least_prices(problem).tolist() == [0, NEVER, 150]


def test_steady_rows() -> None:
    # Zone 0: 5 g at 40 + 5 · 2, then 6 g at 44 + 6 · 1; zone 1 falls from 50 to 49.
    tariffs = Tariffs(np.array([0, 2, 4]), np.array([5, 9, 5, 9]), np.array([40, 44, 50, 49]), np.array([2000, 1000, 0, 0]))
    problem = hand_made([[1]], [1], zone=[0, 1, -1], divisor=[0] * 3, package_grams_max=[9] * 3, tariffs=tariffs)
    assert steady_rows(problem).tolist() == [True, False, True]


def test_one_price_up_to_the_full_weight() -> None:
    tariffs = Tariffs(np.array([0, 3]), np.array([4, 8, 20]), np.array([5, 5, 6]), np.array([0, 0, 0]))
    problem = hand_made([[9]], [4], grams=[2], tariffs=tariffs)
    assert one_price(problem, 0)  # 8 g
    assert not one_price(problem._replace(grams=np.array([3])), 0)  # 12 g
    assert not one_price(problem._replace(grams=np.array([9])), 0)  # 36 g, beyond the last break
    assert not one_price(problem._replace(package_grams_max=np.array([7])), 0)  # two packages
    assert not one_price(problem._replace(volume=np.array([23]), divisor=np.array([10])), 0)  # ⌈92 ÷ 10⌉ = 10 g
    assert one_price(problem._replace(zone=np.array([-1])), 0)
    dearer = tariffs._replace(per_kg_micros=np.array([0, 1, 0]))
    assert not one_price(problem._replace(tariffs=dearer), 0)


def test_when_all_or_the_rest_is_enough() -> None:
    assert vertices_suffice(hand_made([[3, 3], [3, 3]], [4, 4], tariffs=flat_tariffs(7)))
    # One item in two lines shares its stock, also where another item is at hand.
    assert not vertices_suffice(hand_made([[3, 3], [3, 3]], [4, 4], item=[0, 0]))
    assert not vertices_suffice(hand_made([[3, 3]], [4], capacity_kind=[2, 2], capacity_left=[9, 3]))
    assert vertices_suffice(hand_made([[3, 3]], [4], capacity_kind=[1, 2], capacity_left=[1, 4]))
