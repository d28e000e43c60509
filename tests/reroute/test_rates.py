"""Orders that are to be expected, and what stock is worth to them."""

import numpy as np

from engine.reroute.plans import PlanSearch
from engine.reroute.prices import free_prices
from engine.reroute.rates import expected_orders, prices_of
from engine.reroute.workers import Workers
from tests.reroute.pools import random_pool


def test_kinds_are_expected_as_often_as_they_came() -> None:
    # 7 · (1, 4, 2) ÷ 7 are whole; 5 · (1, 4, 2) ÷ 7 = 0.71, 2.86, 1.43: one more each for what was cut most.
    assert np.bincount(expected_orders(np.array([1, 4, 2]), 7.0), minlength=3).tolist() == [1, 4, 2]
    assert np.bincount(expected_orders(np.array([1, 4, 2]), 5.0), minlength=3).tolist() == [1, 3, 1]
    assert expected_orders(np.array([0, 0]), 9.0).tolist() == []
    assert expected_orders(np.array([3, 1]), 0.2).tolist() == []


def test_orders_that_pay_what_stock_is_worth_cost_less_together() -> None:
    """Orders one by one at prices of the same orders, beside orders that take what is best for each."""
    better = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pool = random_pool(rng, orders=200, locations=6, items=10)
        pool = pool._replace(position_units=pool.position_units * 5, slot_left=pool.slot_left * 20)
        with Workers(pool, 1) as workers:
            free = free_prices(workers)
        costs = []
        for prices in (free, prices_of(pool, 1)):
            search = PlanSearch(pool, 0)
            search.place(np.arange(200), prices)
            costs.append(search.cost_micros)
            assert search.cost_micros >= prices.bound_micros
        better += costs[1] < costs[0]
    assert better >= 8
