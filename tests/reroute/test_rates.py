"""Orders that are to be expected, and what stock is worth to them."""

import numpy as np

from engine.kernels.partition import NEVER
from engine.kernels.pool_tables import Pool
from engine.reroute.plans import PlanSearch
from engine.reroute.prices import bounded, free_prices
from engine.reroute.rates import PARTS, UNSERVED, beyond_cheapest, elsewhere_micros, expected_orders, learned_prices, prices_of
from engine.reroute.tighten import tightened
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


def test_orders_that_stand_for_more_price_stock_as_all_of_them_do() -> None:
    """Each order ten times, on ten times the stock: ten orders that stand for a hundred come to the same prices, nearly."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        pool = random_pool(rng, orders=40, locations=5, items=8)
        money = ("split_micros", "short_micros", "way_fixed", "entry_micros", "prices")
        dear = {name: np.where(getattr(pool, name) < NEVER, getattr(pool, name) * 1_000, NEVER) for name in money}
        pool = pool._replace(position_units=pool.position_units * 10, slot_left=pool.slot_left * 10, **dear)
        few = prices_of(pool, 1, share=0.1)
        asked = []

        def pool_of(kinds: np.ndarray, pool: Pool = pool, asked: list[np.ndarray] = asked) -> Pool:
            asked.append(kinds)
            return pool

        learned = learned_prices(np.ones(40), 40.0, pool_of, 1)
        assert asked[0].tolist() == list(range(40))
        assert not np.array_equal(learned.position_micros, few.position_micros), "for so few orders there is plenty"
        assert (few.position_micros % PARTS == 0).all()
        # Prices are not unique: what counts is what they prove of the larger pool.
        narrow = tightened(_repeated(pool, 10))
        with Workers(narrow.pool, 1) as workers:
            free, proven = free_prices(workers), bounded(workers, few.position_micros[narrow.position], few.slot_micros)
        best = prices_of(_repeated(pool, 10), 1)
        # That only whole units can be had the few do not know.
        assert proven.bound_micros - free.bound_micros >= 0.9 * (best.bound_micros - free.bound_micros), seed


def _repeated(pool: Pool, times: int) -> Pool:
    """Every order so many times."""

    def ends(first: np.ndarray) -> np.ndarray:
        return np.concatenate(([0], np.cumsum(np.tile(np.diff(first), times))))

    each = {name: np.tile(getattr(pool, name), times) for name in (
        "split_micros", "most", "quantity", "short_micros", "way_slot", "way_fixed", "way_price", "entry_line",
        "entry_position", "entry_micros",
    )}  # fmt: skip
    firsts = {name: ends(getattr(pool, name)) for name in ("first_line", "first_way", "first_entry")}
    return pool._replace(**each, **firsts)


def test_what_is_left_out_costs_twice_the_dearest_way_that_it_has() -> None:
    pool = random_pool(np.random.default_rng(3), orders=30, locations=5, items=8)
    found = elsewhere_micros(pool)
    for o in range(len(pool.most)):
        for j in range(int(pool.first_line[o + 1] - pool.first_line[o])):
            costs = [
                int(pool.way_fixed[w]) + int(pool.prices[pool.way_price[w] + (1 << j)]) + int(pool.entry_micros[e])
                for w in range(int(pool.first_way[o]), int(pool.first_way[o + 1]))
                for e in range(int(pool.first_entry[w]), int(pool.first_entry[w + 1])) if pool.entry_line[e] == j
                and pool.prices[pool.way_price[w] + (1 << j)] < NEVER
            ]  # fmt: skip
            assert found[pool.first_line[o] + j] == UNSERVED * max(costs, default=0)


def test_prices_are_what_is_above_the_cheapest_place_of_an_item() -> None:
    micros, item = np.array([7, 5, 0, 9, 4]), np.array([0, 0, 1, 1, 2], np.int32)
    assert beyond_cheapest(micros, item).tolist() == [2, 0, 0, 9, 0]
    assert beyond_cheapest(micros[:0], item[:0]).tolist() == []
