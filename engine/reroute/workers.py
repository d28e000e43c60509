"""Kernels over all orders of a pool, on every core: each thread has a range of orders and scratch of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.kernels.partition import TABLES_EACH
from engine.kernels.pool_orders import price_orders
from engine.kernels.pool_soften import SOFT_ROWS, soften_orders
from engine.kernels.pool_tables import S_WITHIN, Pool

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
T = TypeVar("T")


class Asked(NamedTuple):
    """Orders at prices: what each costs [N], the way of each line, and the sum."""

    value: Ints
    plan: Ints
    total: int


class Share(NamedTuple):
    """What a thread works on, and with."""

    at: int
    begin: int
    end: int
    scratch: Ints
    soft: Floats
    costs: Floats
    masks: NDArray[np.int32]
    position_use: Floats
    slot_use: Floats


def new_scratch(pool: Pool) -> Ints:
    """Scratch of one thread."""
    most = int(np.diff(pool.first_line).max(initial=1))
    return np.zeros((S_WITHIN + TABLES_EACH * (most + 1), max(16, 1 << most)), np.int64)


class Workers:
    """The threads of one pool. Use it as a context manager."""

    def __init__(self, pool: Pool, threads: int) -> None:
        self.pool = pool
        self._threads = ThreadPoolExecutor(threads, "reroute")
        self._shares = _shares(pool, threads)
        self._all = np.arange(len(pool.most))

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def price(self, position_micros: Ints, slot_micros: Ints) -> Asked:
        """The best plan of every order at the prices."""
        pool = self.pool
        value, plan = np.empty(len(pool.most), np.int64), np.empty(len(pool.quantity), np.int64)
        totals = self._each(lambda s: price_orders(s.begin, s.end, pool, position_micros, slot_micros, s.scratch, value, plan))
        return Asked(value, plan, sum(totals))

    def soften(
        self, position_micros: Floats, slot_micros: Floats, tau: float, orders: Ints | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """(use of positions, use of slots, doubt of each order) of some orders, or all, at the prices."""
        which = self._all if orders is None else orders
        doubt = np.zeros(len(which))

        def run(s: Share) -> None:
            s.position_use[:], s.slot_use[:] = 0.0, 0.0
            begin, end = s.begin, s.end
            if orders is not None:
                begin, end = (len(which) * at // len(self._shares) for at in (s.at, s.at + 1))
            soften_orders(
                which, begin, end, self.pool, position_micros, slot_micros, tau, s.scratch, s.soft, s.costs, s.masks,
                s.position_use, s.slot_use, doubt,
            )  # fmt: skip

        self._each(run)
        return (
            np.sum([s.position_use for s in self._shares], axis=0),
            np.sum([s.slot_use for s in self._shares], axis=0),
            doubt,
        )

    def run(self, call: Callable[[], T]) -> Any:
        """Something else in one of the threads: its future."""
        return self._threads.submit(call)

    def _each(self, call: Callable[[Share], T]) -> list[T]:
        return list(self._threads.map(call, self._shares))


def _shares(pool: Pool, threads: int) -> list[Share]:
    """As much work for each: entries are what takes time."""
    order_count = len(pool.most)
    entries = pool.first_entry[pool.first_way]
    ends = [int(np.searchsorted(entries, entries[-1] * (i + 1) // threads)) for i in range(threads - 1)]
    subsets = np.concatenate(([0], np.cumsum(1 << np.diff(pool.first_entry))))
    width = int(np.diff(subsets[pool.first_way]).max(initial=1))
    size = max(16, 1 << int(np.diff(pool.first_line).max(initial=1)))
    return [
        Share(
            at, begin, end, new_scratch(pool), np.zeros((SOFT_ROWS, size)), np.zeros(width), np.zeros(width, np.int32),
            np.zeros(len(pool.position_units)), np.zeros(len(pool.slot_left)),
        )
        for at, (begin, end) in enumerate(zip([0, *ends], [*ends, order_count], strict=True))
    ]  # fmt: skip
