"""The stock in memory compared with the store, some items at a time, while an engine has nothing else to do.

A position that differs is a fault: it is written to the log by name, and the stock is loaded anew, so that nobody is promised
what is not there for longer than it takes to come round.
"""

from collections.abc import Mapping

import structlog

from engine.inventory.client import StoreAway, StoreGap
from engine.inventory.live import LiveStock
from engine.inventory.sharded_store import ShardedStore
from engine.inventory.store import StockStore
from engine.inventory.transaction import Cell

POSITIONS_EACH = 1_000
"""Positions in one look, and at least one item: neither the store nor the engine does anything else meanwhile."""

NAMED_MAX = 20
"""Positions named in one line of the log."""


class LiveAuditor:
    """Goes round the items of one engine. Used by the desk's thread."""

    def __init__(self, store: StockStore | ShardedStore) -> None:
        """Begins with the first item."""
        self._store = store
        self._next = 0
        self._index: Mapping[str, int] | None = None
        self._items: tuple[str, ...] = ()
        self._log = structlog.get_logger("auditor")
        self.rounds = 0
        """How often it has come round."""

    def look(self, stock: LiveStock) -> bool:
        """Compare the next items; False where they differ. What another engine did meanwhile is waited for. Raises nothing."""
        if self._index is not stock.item_index:
            self._index, self._items, self._next = stock.item_index, tuple(stock.item_index), 0
        items = self._items
        if self._next >= len(items):
            self._next, self.rounds = 0, self.rounds + 1
        some = self._some(items, stock)
        try:
            position, units = self._store.units_of(some)
        except (StoreAway, StoreGap):
            return True  # whoever follows the log has met it too
        if position != stock.matrix.position:
            return True
        wanted = {cell: both for cell, both in units.items() if any(both) and cell.location_id in stock.location_index}
        found = units_in(stock, some)
        self._next += len(some)
        if wanted == found:
            return True
        differ = [cell for cell in wanted.keys() | found.keys() if wanted.get(cell) != found.get(cell)]
        named = {
            "|".join(c): {"store": wanted.get(c, (0, 0)), "memory": found.get(c, (0, 0))} for c in sorted(differ)[:NAMED_MAX]
        }
        self._log.error("stock in memory differs from the store", position=position, count=len(differ), positions=named)
        return False

    def _some(self, items: tuple[str, ...], stock: LiveStock) -> tuple[str, ...]:
        """The next items, as many as have so many positions."""
        left, end = POSITIONS_EACH, self._next
        while end < len(items) and (left > 0 or end == self._next):
            # A hash that holds nothing is asked for as well.
            left -= 1 + int(stock.matrix.row_count[stock.item_index[items[end]]])
            end += 1
        return items[self._next : end]


def units_in(stock: LiveStock, items: tuple[str, ...]) -> dict[Cell, tuple[int, int]]:
    """(supply, demand) of each position of some items that has any."""
    locations = list(stock.location_index)
    found: dict[Cell, tuple[int, int]] = {}
    for item_id in items:
        for location, slot, supply, demand in stock.matrix.rows(stock.item_index[item_id]):
            if supply or demand:
                found[Cell(item_id, locations[location], slot.receipt_id, slot.pool)] = supply, demand
    return found
