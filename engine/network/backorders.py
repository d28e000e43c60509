"""Backorders: what of an item may be sold beyond stock at each location, and how long it takes to come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import frozen
from engine.network.records import Backorder, Item

CAPS_MAX = 1024


class BackorderCaps(NamedTuple):
    """Of one item at every location [L]; arrays are read-only."""

    quantity: NDArray[np.int64]
    """How far below zero what can be promised may go there."""
    lead_time_days: NDArray[np.int64]
    is_named: NDArray[np.bool_]
    """Whether the location is named: elsewhere the item must have a position for it to count."""


class Backorders:
    """The rows of `backorders`, found by item; see `Backorder` for which one counts."""

    def __init__(self, rows: Sequence[Backorder], items: Sequence[Item], location_index: Mapping[str, int]) -> None:
        """The records, in the order of the image's indexes."""
        self._items = items
        self._location_index = location_index
        self._by_item: dict[str | None, list[Backorder]] = defaultdict(list)
        for row in rows:
            self._by_item[row.item_id].append(row)
        self._found = lru_cache(maxsize=CAPS_MAX)(self._build)

    def caps(self, item: int) -> BackorderCaps | None:
        """What may be backordered of an item, by index; None: nothing anywhere."""
        if not self._by_item:
            return None
        item_id = self._items[item].item_id
        return self._found(item_id if item_id in self._by_item else None)

    def _build(self, item_id: str | None) -> BackorderCaps | None:
        rows = {(row.item_id, row.location_id): row for key in {None, item_id} for row in self._by_item.get(key, ())}
        quantity, days = np.zeros((2, len(self._location_index)), np.int64)
        is_named = np.zeros(len(self._location_index), np.bool_)
        for row in sorted(rows.values(), key=lambda row: (row.item_id is not None, row.location_id is not None)):
            place = slice(None) if row.location_id is None else self._location_index[row.location_id]
            quantity[place], days[place], is_named[place] = row.quantity, row.lead_time_days, row.location_id is not None
        return BackorderCaps(frozen(quantity), frozen(days), frozen(is_named)) if quantity.any() else None
