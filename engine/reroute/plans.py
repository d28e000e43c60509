"""Feasible plans of a pool, and the search that makes them cheaper. See `kernels.pool_moves`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_moves import CHAIN_MAX, STATE_FIELDS, TRIED_MAX, Journal, improve_orders, place_orders, renew_orders
from engine.kernels.pool_moves import J_RANDOM as RANDOM
from engine.kernels.pool_plans import Plans, adopt_plans
from engine.kernels.pool_tables import Pool
from engine.reroute.prices import Prices
from engine.reroute.workers import new_scratch

Ints = NDArray[np.int64]

RENEWED_MAX = 24
"""Orders that lose their plans at once at the most."""

FULL_WEIGHT = 256
"""A price as it is, in the 256ths that kernels weigh with."""


class Found(NamedTuple):
    """Plans of all orders as they are at one moment: the way of each line, −1: short."""

    plan: Ints
    cost_micros: int


class PlanSearch:
    """Plans that are feasible at every moment. `seed` decides what chance decides."""

    def __init__(self, pool: Pool, seed: int) -> None:
        """From leaving everything short."""
        lines, orders = len(pool.quantity), len(pool.most)
        self.pool = pool
        self.plans = Plans(
            plan=np.full(lines, -1, np.int64), cost=np.zeros(orders, np.int64), units_left=pool.position_units.copy(),
            slot_left=pool.slot_left.copy(), position_head=np.full(len(pool.position_units), -1, np.int64),
            position_next=np.zeros(lines, np.int64), position_before=np.zeros(lines, np.int64),
            slot_head=np.full(len(pool.slot_left), -1, np.int64), slot_next=np.zeros(lines, np.int64),
            slot_before=np.zeros(lines, np.int64), line_order=np.repeat(np.arange(orders), np.diff(pool.first_line)),
            is_barred=np.zeros(len(pool.position_units), np.bool_), is_slot_barred=np.zeros(len(pool.slot_left), np.bool_),
        )  # fmt: skip
        moves = 4 * RENEWED_MAX * CHAIN_MAX
        most = int(np.diff(pool.first_line).max(initial=1))
        self._journal = Journal(
            np.zeros(STATE_FIELDS, np.int64), np.zeros(moves, np.int64), np.zeros(moves, np.int64),
            np.zeros((moves, most), np.int64), np.zeros(CHAIN_MAX + 1, np.int64), np.zeros(CHAIN_MAX + 1, np.int64),
            np.zeros(TRIED_MAX, np.int64),
        )  # fmt: skip
        self._journal.state[RANDOM] = seed
        self._chosen = np.zeros(RENEWED_MAX + 1, np.int64)
        self._scratch = new_scratch(pool)
        self.adopt(self.plans.plan.copy())

    def adopt(self, plan: Ints) -> None:
        """Have a plan, after none: as much of it as is feasible, order by order and in each line by line."""
        adopt_plans(self.pool, self.plans, plan)

    @property
    def cost_micros(self) -> int:
        """What all plans cost."""
        return int(self.plans.cost.sum())

    def found(self) -> Found:
        """The plans of the moment."""
        return Found(self.plans.plan.copy(), self.cost_micros)

    def place(self, sequence: Ints, prices: Prices, weight: int = FULL_WEIGHT) -> None:
        """Each order, in sequence, has the best plan at the prices on what is left for it."""
        place_orders(
            sequence, 0, len(sequence), weight, self.pool, prices.position_micros, prices.slot_micros, self.plans,
            self._scratch,
        )  # fmt: skip

    def place_short(self, prices: Prices) -> None:
        """As `place`, of the orders of which a line is short, those first that have most of them."""
        short = (
            np.add.reduceat(self.plans.plan < 0, self.pool.first_line[:-1]) if len(self.pool.most) else np.zeros(0, np.int64)
        )
        self.place(np.argsort(-short, kind="stable")[: np.count_nonzero(short)], prices)

    def improve(self, sequence: Ints, prices: Prices) -> int:
        """Chains from orders, in sequence; returns what they save."""
        return improve_orders(
            sequence, 0, len(sequence), self.pool, prices.position_micros, prices.slot_micros, self.plans, self._journal,
            self._scratch,
        )  # fmt: skip

    def renew(self, rounds: int, prices: Prices, best_micros: int, worse: float) -> None:
        """Rounds of ruin and recreate, which end with the first plans that cost less than the best known.

        worse: by what share they may cost more than that meanwhile.
        """
        size = min(RENEWED_MAX, len(self.pool.most))
        renew_orders(
            rounds, max(2, size), self.cost_micros - best_micros, int(worse * best_micros), self.pool, prices.position_micros,
            prices.slot_micros, self.plans, self._journal, self._chosen, self._scratch,
        )  # fmt: skip
