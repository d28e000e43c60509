"""Inventory prices as arrays: what taking a unit of an item from a location costs besides work, where it costs any."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import frozen
from engine.network.records import InventoryPrices

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PositionPrices:
    """P priced pairs of item and location, ascending; read-only. Those of an item: first[i] … first[i + 1]."""

    first: Int64s  # [I + 1]
    location: Int32s  # [P], index
    stock_out_micros: Int64s  # [P], per unit taken
    markdown_micros: Int64s  # [P], per unit that stays

    def has(self, item: int) -> bool:
        """Whether an item has a price at any location."""
        return self.first.item(item) < self.first.item(item + 1)

    def of(self, item: int, location: Int64s) -> tuple[Int64s, Int64s]:
        """(stock-out, markdown) in micros of taking a unit of an item from each location [c]; neither is below zero.

        What stays elsewhere is marked down: taking a unit costs the item's highest markdown less what it saves where it lay.
        """
        rows = slice(self.first.item(item), self.first.item(item + 1))
        held, markdown = self.location[rows], self.markdown_micros[rows]
        if not len(held):
            return np.zeros(len(location), np.int64), np.zeros(len(location), np.int64)
        at = np.minimum(np.searchsorted(held, location), len(held) - 1)
        is_held = held[at] == location
        stock_out: Int64s = np.where(is_held, self.stock_out_micros[rows][at], 0)
        regret: Int64s = markdown.max() - np.where(is_held, markdown[at], 0)
        return stock_out, regret

    def at(self, item: int, location_count: int) -> tuple[Int64s, Int64s]:
        """([L] stock-out, [L] markdown) in micros of an item, as they are given; 0 where there is no row."""
        rows = slice(self.first.item(item), self.first.item(item + 1))
        stock_out, markdown = np.zeros((2, location_count), np.int64)
        stock_out[self.location[rows]] = self.stock_out_micros[rows]
        markdown[self.location[rows]] = self.markdown_micros[rows]
        return stock_out, markdown


def compile_inventory_prices(rows: InventoryPrices, item_count: int, location_count: int) -> PositionPrices:
    """The prices of checked rows, in whatever order they are; rows without any are left out."""
    columns: tuple[NDArray[Any], ...] = (
        rows.item_index, rows.location_index, rows.stock_out_micros, rows.markdown_micros,
    )  # fmt: skip
    key = rows.item_index.astype(np.int64) * location_count + rows.location_index
    is_priced = (rows.stock_out_micros > 0) | (rows.markdown_micros > 0)
    if not (is_priced.all() and np.all(key[1:] > key[:-1])):
        # Else the arrays are shared with the records, for there may be many millions of rows.
        order = np.argsort(key, kind="stable")
        order = order[is_priced[order]]
        columns = tuple(column[order] for column in columns)
    item, location, stock_out, markdown = columns
    first: Int64s = np.searchsorted(item, np.arange(item_count + 1)).astype(np.int64)
    return PositionPrices(frozen(first), frozen(location), frozen(stock_out), frozen(markdown))
