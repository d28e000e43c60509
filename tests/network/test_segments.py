"""Stock ring-fenced for segments moves into their pools: never more than there is, and nothing is made or lost."""

import random
from collections import Counter

import numpy as np
import pytest

from engine.network.image import compile_image
from engine.network.records import Inventory, Item, NetworkRecords, SafetyStock, Segment
from engine.network.segments import CommonBar, ring_fence
from engine.service.first_load import opening_changes
from tests.network.small_network import small_records

Rows = list[tuple[int, int, int, str, bool]]
ITEMS = (Item("bolt"), Item("lamp", item_class="light"))


def records_with(rows: Rows, *segments: Segment, safety: tuple[SafetyStock, ...] = ()) -> NetworkRecords:
    """rows: (item, location, units, pool, for sale)."""
    pools = ("", *sorted({pool for *_, pool, _ in rows if pool}))
    item, location, quantity, pool, sellable = zip(*rows, strict=True)
    inventory = Inventory(
        np.array(item, np.int32), np.array(location, np.int32), np.array(quantity, np.int64),
        np.array([pools.index(name) for name in pool], np.int32), np.array(sellable, np.bool_), pools,
    )  # fmt: skip
    return small_records(items=ITEMS, inventory=inventory, segments=segments, safety_stock=safety)


def contents(inventory: Inventory) -> dict[tuple[int, int, str], int]:
    rows = zip(inventory.item_index, inventory.location_index, inventory.pool_index, inventory.quantity, strict=True)
    return {(int(item), int(location), inventory.pools[pool]): int(quantity) for item, location, pool, quantity in rows}


def test_without_rows_inventory_is_left_as_it_is() -> None:
    records = records_with([(0, 0, 5, "", True)])
    assert ring_fence(records).inventory is records.inventory


def test_units_move_from_the_common_pool_on_top_of_the_pools_own() -> None:
    fenced = ring_fence(records_with([(0, 0, 10, "", True), (0, 0, 2, "gold", True)], Segment("gold", 4, "bolt", "ams")))
    assert contents(fenced.inventory) == {(0, 0, ""): 6, (0, 0, "gold"): 6}
    assert fenced.cut == ()


def test_the_most_specific_row_counts() -> None:
    """Item and location before item before location before all; ams is location 0, ehv 1."""
    rows: Rows = [(item, location, 9, "", True) for item in (0, 1) for location in (0, 1)]
    segments = (
        Segment("gold", 1),
        Segment("gold", 2, None, "ams"),
        Segment("gold", 3, "bolt"),
        Segment("gold", 4, "bolt", "ehv"),
    )
    for order in (segments, segments[::-1]):
        found = contents(ring_fence(records_with(rows, *order)).inventory)
        assert {key[:2]: units for key, units in found.items() if key[2]} == {(0, 0): 3, (0, 1): 4, (1, 0): 2, (1, 1): 1}


def test_no_more_than_is_on_hand_above_safety_stock_and_by_name_of_segment() -> None:
    """10 on hand, 3 never sold: gold gets its 5, silver 2 of its 4. The row for everything is no promise, so none is cut."""
    segments = (Segment("silver", 4, "bolt", "ams"), Segment("gold", 5, "bolt", "ams"), Segment("tin", 1))
    fenced = ring_fence(records_with([(0, 0, 10, "", True)], *segments, safety=(SafetyStock(3),)))
    assert contents(fenced.inventory) == {(0, 0, ""): 3, (0, 0, "gold"): 5, (0, 0, "silver"): 2}
    assert fenced.cut == ((0, 2),)


@pytest.mark.parametrize(("units", "sellable"), [(5, False), (0, True), (-4, True)])
def test_what_is_not_for_sale_or_not_there_is_left_alone(units: int, sellable: bool) -> None:
    fenced = ring_fence(records_with([(0, 0, units, "", sellable)], Segment("gold", 2, "bolt", "ams")))
    assert contents(fenced.inventory) == {(0, 0, ""): units}
    assert fenced.cut == ((0, 0),)


def naive(records: NetworkRecords) -> dict[tuple[int, int, str], int]:
    """Position by position, row by row."""
    image = compile_image(records)
    held: Counter[tuple[int, int, str]] = Counter()
    inventory = records.inventory
    for n in range(len(inventory.quantity)):
        item, location, pool = int(inventory.item_index[n]), int(inventory.location_index[n]), int(inventory.pool_index[n])
        units = int(inventory.quantity[n])
        held[item, location, inventory.pools[pool]] += units
        if pool or not inventory.sellable[n]:
            continue
        left = max(0, units - int(image.safety_stock(item, "")[location]))
        for segment in sorted({row.segment for row in records.segments}):
            fitting = [
                ((row.item_id is not None, row.location_id is not None), row.quantity)
                for row in records.segments
                if row.segment == segment
                and row.item_id in (None, image.item_ids[item])
                and row.location_id in (None, image.location_ids[location])
            ]
            moved = min(left, max(fitting)[1]) if fitting else 0
            if moved:
                left -= moved
                held[item, location, ""] -= moved
                held[item, location, segment] += moved
    return dict(held)


def totals(inventory: Inventory) -> Counter[tuple[int, int]]:
    """Units per item and location, whatever their pool."""
    units: Counter[tuple[int, int]] = Counter()
    for (item, location, _), quantity in contents(inventory).items():
        units[item, location] += quantity
    return units


@pytest.mark.parametrize("seed", range(60))
def test_as_position_by_position(seed: int) -> None:
    rng = random.Random(seed)
    places = [(item, location, pool) for item in (0, 1) for location in range(3) for pool in ("", "gold", "tin")]
    rows: Rows = [(*place[:2], rng.randint(-2, 12), place[2], rng.random() < 0.9) for place in places if rng.random() < 0.7]
    names, items, locations = ["gold", "iron"], [None, "bolt", "lamp"], [None, "ams", "nyc"]
    keys = {(rng.choice(names), rng.choice(items), rng.choice(locations)) for _ in range(6)}
    segments = tuple(Segment(segment, rng.randint(0, 6), item, location) for segment, item, location in sorted(keys, key=str))
    safety = tuple(SafetyStock(rng.randint(0, 3), item, channel=channel) for item, channel in (("bolt", None), (None, "web")))
    records = records_with(rows or [(0, 0, 1, "", True)], *segments, safety=safety)
    fenced = ring_fence(records)
    assert contents(fenced.inventory) == naive(records)
    assert totals(fenced.inventory) == totals(records.inventory)


def test_inventory_is_first_loaded_with_its_pools() -> None:
    changes = opening_changes(records_with([(0, 0, 10, "", True)], Segment("gold", 4, "bolt", "ams")))
    assert [(change.cell.pool, change.supply_delta) for change in changes] == [("", 6), ("gold", 4)]


def test_a_row_bars_its_own_item_and_a_row_without_one_all_items() -> None:
    image = compile_image(
        small_records(
            segments=(
                Segment("b2b", 1, "lamp", consumes_common=False), Segment("b2b", 1, "lamp", "ams"),
                Segment("tin", 1, consumes_common=False), Segment("tin", 1, "bolt"), Segment("gold", 1),
            )
        )
    )  # fmt: skip
    assert image.common_bar("b2b") == CommonBar(False, frozenset({1}))
    assert image.common_bar("tin") == CommonBar(True, frozenset())
    assert image.common_bar("gold") == image.common_bar("") == CommonBar(False, frozenset())
