"""Writes for tests of the write path: units taken as an order takes them, and supply put there."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND
from engine.inventory.transaction import CapacityChange, CellChange, Transaction
from engine.inventory.write_path import Recorded
from tests.stores import FIRST_DAY, change, transaction, use
from tests.valkey_server import START_SECONDS_MAX

Hook = Callable[["Take"], None]


@dataclass
class Take:
    """Units of an item on hand at the first location that has them all, and one unit of capacity there a day."""

    quantity: int = 1
    item: str = "bolt"
    locations: tuple[str, ...] = ("ams",)
    capacity_max: int = 0
    order_id: str = ""
    request_id: str = field(default_factory=uuid7)
    before_plan: Hook | None = None
    after_plan: Hook | None = None
    attempts: list[int] = field(default_factory=list, init=False)
    outcomes: list[Recorded | Refusal] = field(default_factory=list, init=False)
    taken_from: str = field(default="", init=False)
    _held: list[tuple[int, int]] = field(default_factory=list, init=False)
    _settled: threading.Event = field(default_factory=threading.Event, init=False)

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        self.attempts.append(attempt)
        if self.before_plan:
            self.before_plan(self)
        item = stock.item_index[self.item]
        for location_id in self.locations:
            location = stock.location_index[location_id]
            at = stock.matrix.find(item, location, stock.slot_of(item, location, "", ""))
            if at < 0 or stock.matrix.supply[at] - stock.matrix.demand[at] < self.quantity:
                continue
            if self.capacity_max and stock.used_on(location, FIRST_DAY) >= self.capacity_max:
                continue
            self._held, self.taken_from = [(at, self.quantity)], location_id
            planned = transaction(
                change(0, self.quantity, self.item, location_id, floor=0), capacities=self._capacities(location_id),
                request_id=self.request_id, order_id=self.order_id,
            )  # fmt: skip
            if self.after_plan:
                self.after_plan(self)
            return planned
        raise Refusal(Reason.NO_STOCK, f"{self.quantity} of {self.item} were wanted")

    def _capacities(self, location_id: str) -> tuple[CapacityChange, ...]:
        return (use(1, self.capacity_max, location_id),) if self.capacity_max else ()

    def hold(self, stock: LiveStock) -> None:
        stock.hold(self._held, [(stock.location_index[self.taken_from], FIRST_DAY, 1)] if self.capacity_max else [])

    def release(self, stock: LiveStock) -> None:
        stock.release(self._held, [(stock.location_index[self.taken_from], FIRST_DAY, 1)] if self.capacity_max else [])

    def settle(self, outcome: Recorded | Refusal) -> None:
        self.outcomes.append(outcome)
        self._settled.set()

    @property
    def outcome(self) -> Recorded | Refusal:
        """How it ended; waits for it."""
        assert self._settled.wait(START_SECONDS_MAX), "nobody told"
        assert len(self.outcomes) == 1, self.outcomes
        return self.outcomes[0]

    @property
    def reason(self) -> Reason | None:
        """Why it was refused."""
        return self.outcome.reason if isinstance(self.outcome, Refusal) else None


@dataclass
class Put(Take):
    """Any changes, without looking at the stock."""

    cells: tuple[CellChange, ...] = ()

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        self.attempts.append(attempt)
        if self.before_plan:
            self.before_plan(self)
        return transaction(*self.cells, request_id=self.request_id, order_id=self.order_id)

    def hold(self, stock: LiveStock) -> None:
        """Nothing is shown."""

    def release(self, stock: LiveStock) -> None:
        """Nothing was."""


def put(*cells: CellChange) -> Put:
    """Changes as one write."""
    return Put(cells=cells)


def on_hand(stock: LiveStock | None, item: str = "bolt", location: str = "ams") -> tuple[int, int]:
    """(supply, demand) of a position in memory."""
    assert stock is not None
    at = stock.matrix.find(stock.item_index[item], stock.location_index[location], 0)
    assert at < 0 or stock.matrix.slots[0].available_at_minute == ON_HAND
    return (int(stock.matrix.supply[at]), int(stock.matrix.demand[at])) if at >= 0 else (0, 0)
