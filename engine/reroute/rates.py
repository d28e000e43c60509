"""What stock is worth to orders that are still to come: prices of a pool of those that are to be expected.

Kinds of orders are expected as often as they came; the pool of them is priced like any other (`prices`), and its prices per
position are what a unit is worth to them: an order of now that takes it pays that.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.kernels.partition import NEVER
from engine.kernels.pool_tables import Pool
from engine.optimizer.cut import IsCut, never_cut
from engine.reroute.pool import COST_MAX
from engine.reroute.prices import Prices, free_prices, priced_levels
from engine.reroute.tighten import UNITS, tightened
from engine.reroute.workers import Workers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EXPECTED_MAX = 2_500
"""Orders that prices are learned from at the most: of more that are expected, and of what stock there is for them, a share."""

PARTS = 1_024
"""A unit counts as so many where orders stand for more than they are: their share of the stock is seldom whole units."""

SHADED = 32
"""One part in so many is taken off what is learned: where many orders would save the same by a unit, its price is just that,
and a little more would keep it from all of them."""

UNSERVED = 2
"""What none of the positions has comes from elsewhere, at so many times the cost of the dearest way."""


def expected_orders(weights: Floats | Ints, count: float) -> Ints:
    """[round(count)]: which kind each expected order is of, so that kinds come as often as their weights say.

    Whole orders for shares: those that lose most by rounding down get one more (largest remainder).
    """
    total = float(weights.sum())
    whole = round(count)
    if total <= 0 or whole <= 0:
        return np.zeros(0, np.int64)
    exact = weights / total * whole
    counts = np.floor(exact).astype(np.int64)
    rest = whole - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:rest]] += 1
    return np.repeat(np.arange(len(counts)), counts)


def learned_prices(
    weights: Floats | Ints, count: float, pool_of: Callable[[Ints], Pool], threads: int, is_cut: IsCut = never_cut
) -> Prices:  # fmt: skip
    """Prices of so many orders that are to be expected, of kinds as often as their weights say.

    pool_of(kinds): the pool of orders of these kinds, with all the stock that there is for all that are expected.
    """
    kinds = expected_orders(weights, min(count, EXPECTED_MAX))
    prices = prices_of(pool_of(kinds), threads, is_cut, share=min(1.0, len(kinds) / count) if count else 1.0)
    return prices._replace(position_micros=prices.position_micros - prices.position_micros // SHADED)


def prices_of(pool: Pool, threads: int, is_cut: IsCut = never_cut, share: float = 1.0) -> Prices:
    """The prices that prove most of a pool, per unit of its positions and slots.

    share: of a larger pool that these orders stand for, whose stock and capacity theirs is.
    """
    is_whole = share == 1.0
    narrow = tightened(pool, is_whole=is_whole)
    with Workers(narrow.pool if is_whole else in_parts(narrow.pool, share), threads) as workers:
        best = free = free_prices(workers)
        for prices in priced_levels(workers, free, is_cut):
            if prices.bound_micros > best.bound_micros:
                best = prices
    if not is_whole:
        in_units = np.where(pool.slot_kind == UNITS, PARTS, 1)
        best = best._replace(position_micros=best.position_micros * PARTS, slot_micros=best.slot_micros * in_units)
    return best._replace(position_micros=narrow.widen_micros(best.position_micros, len(pool.position_units)))


def in_parts(pool: Pool, share: float) -> Pool:
    """A share of the stock and capacity of a pool, in parts of units: of three units for a hundred orders, one has 31 parts."""
    in_units = np.where(pool.slot_kind == UNITS, PARTS, 1)
    return pool._replace(
        quantity=pool.quantity * PARTS, position_units=np.rint(pool.position_units * (share * PARTS)).astype(np.int64),
        slot_left=np.rint(pool.slot_left * (share * in_units)).astype(np.int64),
    )  # fmt: skip


def elsewhere_micros(pool: Pool) -> Ints:
    """[lines]: what leaving a line out costs where it can be had some other way: UNSERVED times its dearest way here.

    So prices stay of the size of what plans cost. A line that has no way costs nothing.
    """
    order_of_way = np.repeat(np.arange(len(pool.most)), np.diff(pool.first_way))
    way = np.repeat(np.arange(len(pool.way_fixed)), np.diff(pool.first_entry))
    carrier = pool.prices[pool.way_price[way] + (1 << pool.entry_line.astype(np.int64))]
    micros = np.where(carrier < NEVER, pool.way_fixed[way] + carrier + pool.entry_micros, 0)
    dearest = np.zeros(len(pool.quantity), np.int64)
    np.maximum.at(dearest, pool.first_line[order_of_way[way]] + pool.entry_line, micros)
    return np.clip(UNSERVED * dearest, 0, COST_MAX)


def beyond_cheapest(micros: Ints, item: NDArray[np.int32]) -> Ints:
    """[positions]: what a unit is worth more than where its item is worth least: nothing else decides where it comes from."""
    least = np.full(int(item.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, item, micros)
    beyond: Ints = micros - least[item]
    return beyond
