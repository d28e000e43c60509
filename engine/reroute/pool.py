"""A pool of open orders, checked where it is made: kernels believe what they are told."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_tables import Pool
from engine.kernels.subsets import SUBSET_LINES_MAX

Ints = NDArray[np.int64]

COST_MAX = 2**52
"""What all of an order may cost at the most, in micros: prices come on top of it, and sums over a pool stay in int64."""

TYPES: dict[str, type[np.signedinteger[Any]]] = {
    "most": np.int32, "way_slot": np.int32, "entry_line": np.int32, "entry_position": np.int32, "position_item": np.int32,
}  # fmt: skip


def new_pool(**tables: NDArray[Any]) -> Pool:
    """A pool of its tables by name. Entries of a way are of different lines."""
    pool = Pool(**{name: np.ascontiguousarray(table, TYPES.get(name, np.int64)) for name, table in tables.items()})
    ways, lines, entries = len(pool.way_fixed), len(pool.quantity), len(pool.entry_line)
    for first, count in ((pool.first_line, lines), (pool.first_way, ways), (pool.first_entry, entries)):
        assert first[0] == 0 and first[-1] == count and (np.diff(first) >= 0).all(), "rows follow each other"
    line_counts = np.diff(pool.first_line)
    assert line_counts.min(initial=1) >= 1 and line_counts.max(initial=1) <= SUBSET_LINES_MAX, "lines of an order"
    assert pool.quantity.min(initial=1) >= 1 and pool.most.min(initial=1) >= 1, "an order asks for something"
    order_of_way = np.repeat(np.arange(len(line_counts)), np.diff(pool.first_way))
    of_entry = np.repeat(order_of_way, np.diff(pool.first_entry))
    assert (pool.entry_line >= 0).all() and (pool.entry_line < line_counts[of_entry]).all(), "an entry's line is its order's"
    assert ((pool.entry_position >= 0) & (pool.entry_position < len(pool.position_units))).all(), "a position there is"
    assert ((pool.way_slot >= -1) & (pool.way_slot < len(pool.slot_left))).all(), "a slot there is"
    assert (pool.way_price + (1 << line_counts[order_of_way]) <= len(pool.prices)).all(), "a price for each subset"
    assert pool.position_units.min(initial=0) >= 0 and pool.slot_left.min(initial=0) >= 0, "what is there is not negative"
    assert len(pool.position_item) == len(pool.position_units) and pool.position_item.min(initial=0) >= 0, "an item each"
    money = (pool.short_micros, pool.way_fixed, pool.entry_micros, pool.split_micros)
    assert all(table.min(initial=0) >= 0 and table.max(initial=0) <= COST_MAX for table in money), "costs are in range"
    return pool


def price_max(pool: Pool) -> int:
    """What a unit of a position or slot may cost at the most, so that sums stay in int64."""
    return 2**56 // max(1, int(pool.quantity.max(initial=1))) // SUBSET_LINES_MAX
