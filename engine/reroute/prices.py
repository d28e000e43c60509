"""Prices at which orders, each for itself, ask for as much of every position and slot as there is.

Each round asks how often everything is wanted at the prices of the moment (`kernels.pool_soften`) and moves each price by
τ · log(wanted ÷ there); then that of all positions of an item together, which is what changes slowest one by one. The
temperature τ falls level by level, and with it how far the smooth picture is from the true one. What is proven comes from
the true one alone: integer prices, exact plans of every order (`kernels.pool_orders`).
Method: Sinkhorn's scaling of an entropic dual, with momentum, steps that shrink where they overshoot (Riedmiller and Braun
1993), and a coarse correction by item.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_tables import Pool
from engine.optimizer.cut import IsCut, never_cut
from engine.reroute.pool import price_max
from engine.reroute.workers import Asked, Workers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ROUNDS_A_LEVEL = 10
TAU_FIRST, TAU_LAST, TAU_FALL = 1.0, 0.0015, 0.6
"""Of what an order costs on average without any price."""

MOMENTUM = 0.6
STEP_FIRST, STEP_MAX, ITEM_STEP_MAX = 0.5, 2.0, 20.0
GROW, SHRINK, ITEM_GROW, ITEM_SHRINK = 1.1, 0.7, 1.2, 0.5
LOG_MIN, LOG_MAX = -1.0, 3.0
"""A price moves by no more than so many steps of τ at once."""


class Prices(NamedTuple):
    """Micros per unit of each position and slot, and what the whole costs at the least with them."""

    position_micros: Ints
    slot_micros: Ints
    bound_micros: int
    asked: Asked


def free_prices(workers: Workers) -> Prices:
    """Nothing has a price: every order has the best that there is, as if it were alone."""
    pool = workers.pool
    return bounded(workers, np.zeros(len(pool.position_units), np.int64), np.zeros(len(pool.slot_left), np.int64))


def bounded(workers: Workers, position_micros: Ints, slot_micros: Ints) -> Prices:
    """Prices with the bound that they prove: what every order asks at them, less what all that is there is worth."""
    pool = workers.pool
    asked = workers.price(position_micros, slot_micros)
    worth = weighed(position_micros, pool.position_units) + weighed(slot_micros, pool.slot_left)
    return Prices(position_micros, slot_micros, asked.total - worth, asked)


def weighed(micros: Ints, units: Ints) -> int:
    """Σ micros · units, beyond int64 where it has to be."""
    priced = np.flatnonzero(micros)
    return sum(int(m) * int(u) for m, u in zip(micros[priced].tolist(), units[priced].tolist(), strict=True))


def priced_levels(workers: Workers, free: Prices, is_cut: IsCut = never_cut) -> Iterator[Prices]:
    """Prices level by level, each a finer picture than the one before; none after the clock has cut."""
    search = _Search(workers.pool, max(1.0, free.asked.total / max(1, len(free.asked.value))))
    best = free
    tau, last = search.mean_micros * TAU_FIRST, search.mean_micros * TAU_LAST
    while tau > last:
        for _ in range(ROUNDS_A_LEVEL):
            if is_cut():
                return
            position, slot = search.ahead()
            position_use, slot_use, _ = workers.soften(position, slot, tau)
            search.move(position_use, slot_use, tau)
        prices = bounded(workers, *search.whole())
        yield prices
        if prices.bound_micros > best.bound_micros:
            best = prices
        else:
            # So coarse a picture says nothing of this pool.
            search.restart(best)
            tau *= TAU_FALL
        tau *= TAU_FALL


def scarce_items(pool: Pool) -> NDArray[np.bool_]:
    """[items]: whether less is there, everywhere together, than is asked for."""
    item_of_line = np.full(len(pool.quantity), -1, np.int64)
    order_of_way = np.repeat(np.arange(len(pool.most)), np.diff(pool.first_way))
    first = pool.first_line[np.repeat(order_of_way, np.diff(pool.first_entry))]
    item_of_line[first + pool.entry_line] = pool.position_item[pool.entry_position]
    count = int(pool.position_item.max(initial=0)) + 1
    is_asked = item_of_line >= 0
    asked = np.bincount(item_of_line[is_asked], pool.quantity[is_asked], count)
    return asked > np.bincount(pool.position_item, pool.position_units, count)


class _Steps:
    """How far each number of a row moves: less after each turn, more after each step on."""

    def __init__(self, count: int, most: float, grow: float, shrink: float) -> None:
        self._size, self._before = np.full(count, STEP_FIRST), np.zeros(count)
        self._most, self._grow, self._shrink = most, grow, shrink

    def of(self, slope: Floats) -> Floats:
        turn = slope * self._before
        grown = np.minimum(self._most, self._size * self._grow)
        self._size = np.where(turn < 0, self._size * self._shrink, np.where(turn > 0, grown, self._size))
        self._before = slope
        return self._size * slope


class _Search:
    """Prices on their way: those of positions, then those of slots."""

    def __init__(self, pool: Pool, mean_micros: float) -> None:
        self.mean_micros = mean_micros
        self._positions = len(pool.position_units)
        self._there = np.concatenate((pool.position_units, pool.slot_left)).astype(np.float64)
        self._item = pool.position_item
        self._items = int(pool.position_item.max(initial=0)) + 1
        self._is_scarce = scarce_items(pool)[self._item]
        self._most = price_max(pool)
        self._prices = np.zeros(len(self._there))
        self._before = self._prices
        self._at = self._prices
        self._steps = _Steps(len(self._there), STEP_MAX, GROW, SHRINK)
        self._item_steps = _Steps(self._items, ITEM_STEP_MAX, ITEM_GROW, ITEM_SHRINK)

    def restart(self, prices: Prices) -> None:
        """Go on from prices that were better."""
        self._prices = np.concatenate((prices.position_micros, prices.slot_micros)).astype(np.float64)
        self._before = self._prices

    def ahead(self) -> tuple[Floats, Floats]:
        """Where momentum leads: (prices of positions, of slots) to ask at."""
        self._at = np.maximum(0.0, self._prices + MOMENTUM * (self._prices - self._before))
        return self._at[: self._positions], self._at[self._positions :]

    def move(self, position_use: Floats, slot_use: Floats, tau: float) -> None:
        """One round: prices move from where was asked."""
        use = np.concatenate((position_use, slot_use))
        step = self._steps.of(_slope(use, self._there))
        step[: self._positions] += self._by_item(use)
        self._before = self._prices
        self._prices = np.clip(self._at + tau * step, 0.0, self._most)

    def whole(self) -> tuple[Ints, Ints]:
        """The prices of the moment as integers."""
        prices = np.rint(self._prices).astype(np.int64)
        return prices[: self._positions], prices[self._positions :]

    def _by_item(self, use: Floats) -> Floats:
        """What all positions of a scarce item that have a price, or should have one, move by together."""
        use, there = use[: self._positions], self._there[: self._positions]
        is_priced = self._is_scarce & ((self._at[: self._positions] > 0) | (use > there))
        item = self._item[is_priced]
        wanted: Floats = np.bincount(item, use[is_priced], self._items).astype(np.float64)
        had: Floats = np.bincount(item, there[is_priced], self._items).astype(np.float64)
        slope = np.where(wanted + had > 0, _slope(wanted, had), 0.0)
        return np.where(is_priced, self._item_steps.of(slope)[self._item], 0.0)


def _slope(wanted: Floats, there: Floats) -> Floats:
    """log(wanted ÷ there), within limits."""
    slope: Floats = np.clip(np.log(np.maximum(wanted, 1e-9) / np.maximum(there, 1e-3)), LOG_MIN, LOG_MAX)
    return slope
