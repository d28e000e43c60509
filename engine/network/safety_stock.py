"""Safety stock: what of an item is never sold at each location, for a channel."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import frozen
from engine.network.records import Item, Location, SafetyStock


class SafetyStocks:
    """The rows of `safety_stock`, found by item.

    The most specific row counts: one that names the item before one that names its class before the rest; among
    those one that names the location before one that names a group; then one that names the channel. Between rows
    equal in this (two groups of one location) the larger quantity counts, which never oversells. A row that names both
    item and class goes by its item, one that names both location and group by its location.
    """

    def __init__(
        self,
        rows: Sequence[SafetyStock],
        items: Sequence[Item],
        locations: Sequence[Location],
        location_index: Mapping[str, int],
        floors_max: int,
    ) -> None:
        """`floors_max` arrays are kept, the least used go first."""
        self._items = items
        self._location_count = len(locations)
        self._location_index = location_index
        self._members: dict[str, list[int]] = defaultdict(list)
        for index, location in enumerate(locations):
            for group in location.groups:
                self._members[group].append(index)
        self._by_item: dict[str, list[SafetyStock]] = defaultdict(list)
        self._by_class: dict[str, list[SafetyStock]] = defaultdict(list)
        self._of_all: list[SafetyStock] = []
        for row in rows:
            if row.item_id is not None:
                self._by_item[row.item_id].append(row)
            elif row.item_class is not None:
                self._by_class[row.item_class].append(row)
            else:
                self._of_all.append(row)
        self._channels = {row.channel for row in rows}
        self._floor = lru_cache(maxsize=floors_max)(self._build)

    @property
    def is_one(self) -> bool:
        """Whether all items and channels have the same."""
        return not (self._by_item or self._by_class or self._channels - {None})

    def floor(self, item: int, channel: str) -> NDArray[np.int64]:
        """int64[L], read-only: units of the item that the channel leaves at each location."""
        item_id, item_class = self._items[item].item_id, self._items[item].item_class
        # Items and channels without rows of their own share one array.
        return self._floor(
            item_id if item_id in self._by_item else None,
            item_class if item_class in self._by_class else None,
            channel if channel in self._channels else None,
        )

    def _build(self, item_id: str | None, item_class: str | None, channel: str | None) -> NDArray[np.int64]:
        rows = list(self._of_all)
        if item_class is not None:
            rows += self._by_class[item_class]
        if item_id is not None:
            rows += self._by_item[item_id]
        floor = np.zeros(self._location_count, np.int64)
        for row in sorted((row for row in rows if row.channel in (None, channel)), key=_specificity):
            floor[self._places(row)] = row.quantity
        return frozen(floor)

    def _places(self, row: SafetyStock) -> list[int] | slice:
        if row.location_id is not None:
            return [self._location_index[row.location_id]]
        return slice(None) if row.location_group is None else self._members.get(row.location_group, [])


def _specificity(row: SafetyStock) -> tuple[bool, bool, bool, bool, bool, int]:
    return (
        row.item_id is not None,
        row.item_class is not None,
        row.location_id is not None,
        row.location_group is not None,
        row.channel is not None,
        row.quantity,
    )
