"""The batch optimizer: a pool of open orders in, the best plans found for all of them out, with a bound on what any could be.

Prices first, level by level (`prices`); with the prices of each level that proves more than those before it, plans are made
that are feasible and then made better (`plans`). There is a feasible answer from the start. It ends when the gap is small
enough, when the clock cuts, or when nothing gets better.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_tables import Pool
from engine.optimizer.cut import IsCut, never_cut
from engine.reroute.plans import PlanSearch
from engine.reroute.prices import free_prices, priced_levels
from engine.reroute.tighten import Tightened, tightened
from engine.reroute.workers import Workers

Ints = NDArray[np.int64]

SLICE_ORDERS = 4_096
"""Chains are begun with so many orders between two looks at the clock."""

PASSES_MAX = 4
"""Passes over all orders with one set of prices."""

RENEW_ROUNDS = 1_000
STALLED_ROUNDS_MIN, STALLED_ROUNDS_PER_ORDER = 200_000, 2
"""The search ends after so many rounds of ruin and recreate that save less than a millionth."""

WORSE_MAX, WORSE_STEPS, WORSE_ORDERS = 0.002, 4, 200
"""By what share plans may be worse than the best on the way to better ones, in turns from nothing to this, in a pool of so
many orders; in larger ones less, as if only so many of them were looked at."""

SMALLEST_SAVING = 1e-6


class Progress(NamedTuple):
    """How far the search is."""

    rounds: int
    """Levels of prices done."""
    objective_micros: int
    lower_bound_micros: int

    @property
    def gap(self) -> float:
        """(objective − bound) ÷ objective."""
        return gap_of(self.objective_micros, self.lower_bound_micros)


class Outcome(NamedTuple):
    """The best plans found: the way of each line, −1: short. Prices per unit of each position and slot."""

    plan: Ints
    objective_micros: int
    lower_bound_micros: int
    rounds: int
    position_micros: Ints
    slot_micros: Ints
    is_cut: bool

    @property
    def gap(self) -> float:
        """(objective − bound) ÷ objective."""
        return gap_of(self.objective_micros, self.lower_bound_micros)


def gap_of(objective_micros: int, lower_bound_micros: int) -> float:
    """(objective − bound) ÷ objective; 0 where there is nothing between them."""
    between = objective_micros - lower_bound_micros
    return between / objective_micros if between > 0 else 0.0


def optimize(
    pool: Pool, *, gap_max: float, threads: int, seed: int = 0, is_cut: IsCut = never_cut, start: Ints | None = None,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:  # fmt: skip
    """The best plans that are found until the gap is no more than `gap_max`, or `is_cut` says that the time is up.

    start: plans to begin from, the way of each line; what of them is not feasible together is left out, the last first.
    """
    narrow = tightened(pool)
    with Workers(narrow.pool, threads) as workers:
        return _Search(narrow, workers, gap_max, seed, is_cut, tell).run(start, len(pool.position_units))


@dataclass
class _Search:
    narrow: Tightened
    workers: Workers
    gap_max: float
    seed: int
    is_cut: IsCut
    tell: Callable[[Progress], None]
    rounds: int = 0

    def run(self, start: Ints | None, position_count: int) -> Outcome:
        pool = self.narrow.pool
        self.random = np.random.default_rng(self.seed)
        self.prices = free_prices(self.workers)
        self.search = PlanSearch(pool, self.seed)
        if start is not None:
            self.search.adopt(self.narrow.narrow(start))
        self.search.place_short(self.prices)
        self.best = self.search.found()
        self.report()
        self.improve()
        for prices in priced_levels(self.workers, self.prices, self.is_cut):
            if self.is_done():
                break
            self.rounds += 1
            if prices.bound_micros > self.prices.bound_micros:
                self.prices = prices
                self.try_prices()
            self.report()
        self.refine()
        self.report()
        return Outcome(
            self.narrow.widen(self.best.plan), self.best.cost_micros, self.prices.bound_micros, self.rounds,
            self.narrow.widen_micros(self.prices.position_micros, position_count), self.prices.slot_micros,
            not self.is_proven() and self.is_cut(),
        )  # fmt: skip

    def is_proven(self) -> bool:
        return gap_of(self.best.cost_micros, self.prices.bound_micros) <= self.gap_max

    def is_done(self) -> bool:
        return self.is_proven() or self.is_cut()

    def report(self) -> None:
        self.tell(Progress(self.rounds, self.best.cost_micros, self.prices.bound_micros))

    def try_prices(self) -> None:
        """Plans made anew at the prices of the moment, and better; kept where they cost less than the best."""
        if self.is_done():
            return
        kept, self.search = self.search, PlanSearch(self.search.pool, self.seed + self.rounds)
        self.search.place(self.random.permutation(len(self.search.pool.most)), self.prices)
        self.improve()
        if self.search.cost_micros > self.best.cost_micros:
            self.search = kept

    def improve(self) -> None:
        """Chains from every order, until a pass saves little."""
        for _ in range(PASSES_MAX):
            before = self.search.cost_micros
            sequence = self.random.permutation(len(self.search.pool.most))
            for at in range(0, len(sequence), SLICE_ORDERS):
                if self.is_done():
                    return
                self.search.improve(sequence[at : at + SLICE_ORDERS], self.prices)
                self.keep()
            if before - self.search.cost_micros <= SMALLEST_SAVING * before:
                return

    def refine(self) -> None:
        """Ruin and recreate until it is proven, cut, or nothing gets better; on the way plans may be a little worse."""
        orders = len(self.search.pool.most)
        stalled, limit, turn = 0, max(STALLED_ROUNDS_MIN, STALLED_ROUNDS_PER_ORDER * orders), 0
        noted = self.best.cost_micros
        while orders > 1 and stalled < limit and not self.is_done():
            turn += 1
            # Wide steps in large pools are cheaper ones: an order's share of all costs is small there.
            worse = WORSE_MAX * (turn % WORSE_STEPS) / WORSE_STEPS * min(1.0, WORSE_ORDERS / orders)
            self.search.renew(RENEW_ROUNDS, self.prices, self.best.cost_micros, worse)
            self.keep()
            stalled += RENEW_ROUNDS
            if noted - self.best.cost_micros > SMALLEST_SAVING * noted:
                noted, stalled = self.best.cost_micros, 0
                self.report()

    def keep(self) -> None:
        if self.search.cost_micros < self.best.cost_micros:
            self.best = self.search.found()
