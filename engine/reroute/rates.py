"""What stock is worth to orders that are still to come: prices of a pool of those that are to be expected.

Kinds of orders are expected as often as they came; the pool of them is priced like any other (`prices`), and its prices per
position are what a unit is worth to them: an order of now that takes it pays that.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_tables import Pool
from engine.optimizer.cut import IsCut, never_cut
from engine.reroute.prices import Prices, free_prices, priced_levels
from engine.reroute.tighten import tightened
from engine.reroute.workers import Workers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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


def prices_of(pool: Pool, threads: int, is_cut: IsCut = never_cut) -> Prices:
    """The prices that prove most of a pool, per unit of its positions and slots."""
    narrow = tightened(pool)
    with Workers(narrow.pool, threads) as workers:
        best = free = free_prices(workers)
        for prices in priced_levels(workers, free, is_cut):
            if prices.bound_micros > best.bound_micros:
                best = prices
    position = narrow.widen_micros(best.position_micros, len(pool.position_units))
    return best._replace(position_micros=position)
