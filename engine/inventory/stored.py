"""Positions as they were read of the store: many rows, in columns, still by the store's own fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.keys import date_field, place_of

Ints = NDArray[np.int64]
Column = NDArray[np.int32]


class Place(NamedTuple):
    """Where in an item's row a position stands. receipt_id "" is on hand, pool "" the common pool."""

    location_id: str
    receipt_id: str
    pool: str


class StoredPart(NamedTuple):
    """Distinct positions [rows] of some items: number of the item, number of the place, units."""

    item: Column
    place: Column
    supply: Column
    demand: Column

    def only(self, rows: NDArray[np.bool_]) -> "StoredPart":
        """Some of its rows."""
        return StoredPart(*(column[rows] for column in self))


@dataclass(frozen=True, slots=True)
class StoredPositions:
    """All positions of `item_ids`. No item stands in two parts.

    `fields`: text of each place. `dates`: UTC minute by item, location and receipt, as `keys.date_field` spells them.
    """

    item_ids: Sequence[str]
    fields: Sequence[str]
    parts: Sequence[StoredPart]
    dates: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many positions there are."""
        return sum(len(part.item) for part in self.parts)

    def places(self) -> list[Place]:
        """Each place by its number."""
        return [Place(*place_of(field)) for field in self.fields]

    def minute_of(self, item: int, place: Place) -> int | None:
        """From when on the receipt at a place can be used; None: it has no date."""
        return self.dates.get(date_field(self.item_ids[item], place.location_id, place.receipt_id))


def join_units(item: Ints, place: Ints, units: Ints, is_demand: NDArray[np.bool_]) -> StoredPart:
    """Supply and demand, read apart [rows], as one row a position; items ascend."""
    if is_demand.any():
        width = int(place.max(initial=0)) + 1
        order = np.argsort(item * width + place)
        item, place, units, is_demand = item[order], place[order], units[order], is_demand[order]
        is_first = (np.diff(item, prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0)
        firsts = np.flatnonzero(is_first)
        supply = np.add.reduceat(np.where(is_demand, 0, units), firsts)
        demand = np.add.reduceat(np.where(is_demand, units, 0), firsts)
        item, place = item[firsts], place[firsts]
    else:
        supply, demand = units, np.zeros(len(units), np.int64)
    return StoredPart(*(_narrow(column) for column in (item, place, supply, demand)))


def _narrow(column: Ints) -> Column:
    """As int32, which the commit script keeps units within."""
    narrow = column.astype(np.int32)
    assert (narrow == column).all(), "a position left the range of int32"
    return narrow
