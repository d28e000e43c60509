"""Segments: stock ring-fenced for them in the network folder, and the items they take from their own stock alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import frozen, index_of
from engine.network.records import Inventory, NetworkRecords, Segment
from engine.network.safety_stock import SafetyStocks

FLOORS_MAX = 1024

Int64s = NDArray[np.int64]


class CommonBar(NamedTuple):
    """What a segment may not take from the common pool: everything, or these items, by index."""

    everything: bool
    items: frozenset[int]


class RingFenced(NamedTuple):
    """Inventory with every segment's stock in a pool of its own name.

    `cut` names rows of `segments` that give item and location and ask for more than there is: (row, units it got).
    """

    inventory: Inventory
    cut: tuple[tuple[int, int], ...]


NO_BAR = CommonBar(False, frozenset())


def common_bars(rows: Sequence[Segment], item_index: Mapping[str, int]) -> dict[str, CommonBar]:
    """Per segment with a row that does not consume common stock; a row bars its item, one without an item all of them.

    What one row bars no other allows again. Such a row counts at every location, whichever it names.
    """
    everything: set[str] = set()
    items: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if not row.consumes_common and row.item_id is None:
            everything.add(row.segment)
        elif not row.consumes_common and row.item_id is not None:
            items[row.segment].add(item_index[row.item_id])
    return {
        segment: CommonBar(segment in everything, frozenset(() if segment in everything else items[segment]))
        for segment in everything | items.keys()
    }


def ring_fence(records: NetworkRecords) -> RingFenced:
    """Move what `segments` ring-fences from common stock on hand into the pools of the segments.

    Per segment the most specific row counts at each position (see `Segment`). No more is moved than is on hand, for sale
    and above the safety stock that every channel leaves; what is short goes to segments in the order of their names. A
    pool's own rows of `inventory` come on top of what is moved.
    """
    inventory = records.inventory
    common = np.flatnonzero((inventory.pool_index == 0) & inventory.sellable)
    asked = _asked(records, inventory.item_index[common], inventory.location_index[common])
    left = _left(records, common, asked)
    pools = list(inventory.pools)
    moved: list[tuple[Int64s, int, Int64s]] = []
    for segment in sorted(asked):
        quantity = np.minimum(asked[segment], left)
        left -= quantity
        rows = np.flatnonzero(quantity)
        if segment not in pools:
            pools.append(segment)
        moved.append((common[rows], pools.index(segment), quantity[rows]))
    fenced = _move(inventory, len(records.locations), tuple(pools), moved)
    return RingFenced(fenced, _cut(records, {pools[pool]: (rows, units) for rows, pool, units in moved}))


def _cut(records: NetworkRecords, moved: Mapping[str, tuple[Int64s, Int64s]]) -> tuple[tuple[int, int], ...]:
    """Rows of `segments` for one position that got less than they ask for, and what they got."""
    inventory, location_count = records.inventory, len(records.locations)
    item_index = index_of(each.item_id for each in records.items)
    location_index = index_of(each.location_id for each in records.locations)
    wanted: dict[str, dict[int, int]] = defaultdict(dict)
    for n, row in enumerate(records.segments):
        if row.item_id is not None and row.location_id is not None and row.quantity:
            wanted[row.segment][item_index[row.item_id] * location_count + location_index[row.location_id]] = n
    got = {n: 0 for by_place in wanted.values() for n in by_place.values()}
    for segment, by_place in wanted.items():
        rows, units = moved.get(segment, (np.empty(0, np.int64), np.empty(0, np.int64)))
        places = inventory.item_index[rows].astype(np.int64) * location_count + inventory.location_index[rows]
        held = np.isin(places, list(by_place))
        for place, quantity in zip(places[held].tolist(), units[held].tolist(), strict=True):
            got[by_place[place]] = quantity
    return tuple((n, units) for n, units in sorted(got.items()) if units < records.segments[n].quantity)


def _asked(records: NetworkRecords, item: NDArray[np.int32], location: NDArray[np.int32]) -> dict[str, Int64s]:
    """Per segment the units asked for at each common position, the most specific row last."""
    item_index = index_of(each.item_id for each in records.items)
    location_index = index_of(each.location_id for each in records.locations)
    order = np.argsort(item, kind="stable")
    bounds = np.searchsorted(item[order], np.arange(len(records.items) + 1))
    asked: dict[str, Int64s] = {}
    for row in sorted(records.segments, key=lambda each: (each.item_id is not None, each.location_id is not None)):
        quantity = asked.setdefault(row.segment, np.zeros(len(item), np.int64))
        at = order
        if row.item_id is not None:
            index = item_index[row.item_id]
            at = order[bounds[index] : bounds[index + 1]]
        if row.location_id is not None:
            at = at[location[at] == location_index[row.location_id]]
        quantity[at] = row.quantity
    return {segment: quantity for segment, quantity in asked.items() if quantity.any()}


def _left(records: NetworkRecords, common: Int64s, asked: Mapping[str, Int64s]) -> Int64s:
    """What may be moved of each common position that anything is asked of."""
    inventory, locations, items = records.inventory, records.locations, records.items
    left = np.zeros(len(common), np.int64)
    if not asked:
        return left
    rows = np.flatnonzero(np.any([quantity > 0 for quantity in asked.values()], axis=0))
    index = index_of(each.location_id for each in locations)
    safety = SafetyStocks(records.safety_stock, items, locations, index, FLOORS_MAX)
    item, location = inventory.item_index[common[rows]], inventory.location_index[common[rows]]
    floor = np.array([safety.floor(i, "")[place] for i, place in zip(item.tolist(), location.tolist(), strict=True)], np.int64)
    left[rows] = np.maximum(0, inventory.quantity[common[rows]] - floor)
    return left


def _move(
    inventory: Inventory, location_count: int, pools: tuple[str, ...], moved: list[tuple[Int64s, int, Int64s]]
) -> Inventory:
    """The inventory with `moved` (common rows, pool, units) taken from its common rows and added to the pools' rows."""
    if not any(len(rows) for rows, _, _ in moved):
        return inventory
    rows = np.concatenate([rows for rows, _, _ in moved])
    pool = np.concatenate([np.full(len(rows), pool, np.int32) for rows, pool, _ in moved])
    units = np.concatenate([units for _, _, units in moved])
    kept = inventory.quantity.copy()
    np.subtract.at(kept, rows, units)
    item = np.concatenate((inventory.item_index, inventory.item_index[rows]))
    location = np.concatenate((inventory.location_index, inventory.location_index[rows]))
    pool = np.concatenate((inventory.pool_index, pool))
    key = (item.astype(np.int64) * location_count + location) * len(pools) + pool
    # The first of equal keys is the folder's own row, whose status holds for the whole position.
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    quantity = np.zeros(len(first), np.int64)
    np.add.at(quantity, place.reshape(-1), np.concatenate((kept, units)))
    sellable = np.concatenate((inventory.sellable, np.ones(len(rows), np.bool_)))
    return Inventory(
        frozen(item[first]), frozen(location[first]), frozen(quantity), frozen(pool[first]), frozen(sellable[first]), pools
    )
