"""A fork of stock: what differs, what stays, and what becomes of the stock it is of."""

import numpy as np

from engine.inventory.effects import PositionChange
from engine.inventory.fork import Beyond, ForkedItem, StockFork, home_index, home_slot, is_beyond
from engine.inventory.live import LiveStock
from engine.inventory.matrix import Slot

BOLT, LAMP = 0, 1


def live_stock() -> LiveStock:
    """Bolts: 5 less 1 in ams, 6 more on the 200th minute; 3 in ehv. Lamps: 4 in ams."""
    stock = LiveStock({"bolt": BOLT, "lamp": LAMP}, {"ams": 0, "ehv": 1, "nyc": 2}, frozenset(), 0)
    for item, location, receipt, supply, demand, minute in (
        ("bolt", "ams", "", 5, 1, None), ("bolt", "ams", "po", 6, 2, 200), ("bolt", "ehv", "", 3, 0, None),
        ("lamp", "ams", "", 4, 0, None),
    ):  # fmt: skip
        stock.apply_change(PositionChange(item, location, receipt, "", supply, demand, minute))
    return stock


def beyond(*rows: tuple[int, int, int]) -> Beyond:
    return Beyond(*np.array(rows, np.int64).T)


def contents(stock: LiveStock, item: int) -> list[tuple[int, str, int, int, int]]:
    return [
        (place, s.receipt_id, s.available_at_minute, supply, demand) for place, s, supply, demand in stock.matrix.rows(item)
    ]


def test_rows_are_copied_and_those_of_other_items_are_not_there() -> None:
    live = live_stock()
    fork = StockFork(live, [ForkedItem(BOLT)])
    assert contents(fork, BOLT) == contents(live, BOLT)
    assert contents(fork, LAMP) == []


def test_inbound_is_left_out_where_it_does_not_count() -> None:
    live = live_stock()
    fork = StockFork(live, [ForkedItem(BOLT, inbound=np.array([False, True, True]))])
    assert contents(fork, BOLT) == [(0, "", 0, 5, 1), (1, "", 0, 3, 0)]
    assert contents(StockFork(live, [ForkedItem(BOLT, inbound=np.array([True, False, True]))]), BOLT) == contents(live, BOLT)


def test_units_beyond_stock_stand_in_the_order_of_arrival_and_are_at_home_on_hand() -> None:
    """They come before the receipt in ams, and where there is no position at all: nothing can be held there yet."""
    live = live_stock()
    slots = list(live.matrix.slots)
    fork = StockFork(live, [ForkedItem(BOLT, beyond=beyond((0, 10, 100), (2, 7, 300))), ForkedItem(LAMP)])
    rows = [
        (0, "", 0, 5, 1),
        (0, "BACKORDER", 100, 0, -10),
        (0, "po", 200, 6, 2),
        (1, "", 0, 3, 0),
        (2, "BACKORDER", 300, 0, -7),
    ]
    assert contents(fork, BOLT) == rows
    assert live.matrix.slots == slots
    start = int(fork.matrix.row_start[BOLT])
    homes = [home_index(fork, start + n) for n in range(len(rows))]
    on_hand, inbound, ehv = (live.matrix.find(BOLT, place, slot) for place, slot in ((0, 0), (0, 1), (1, 0)))
    assert homes == [on_hand, on_hand, inbound, ehv, -1]
    own = [int(slot) for slot in fork.matrix.slot[start : start + len(rows)]]
    assert [is_beyond(fork, slot) for slot in own] == [False, True, False, False, True]
    assert [home_slot(fork, slot) for slot in own] == [
        Slot(receipt, "", 200 * bool(receipt), True) for receipt in ("", "", "po", "", "")
    ]
    assert contents(fork, LAMP) == contents(live, LAMP)


def test_what_is_held_on_a_fork_stays_there_but_capacity_is_shared() -> None:
    live = live_stock()
    fork = StockFork(live, [ForkedItem(BOLT)])
    at = int(fork.matrix.row_start[BOLT])
    fork.hold([(at, 3)], [(1, 4, 2)])
    assert contents(fork, BOLT)[0] == (0, "", 0, 5, 4)
    assert contents(live, BOLT)[0] == (0, "", 0, 5, 1)
    assert live.used_on(1, 4) == 2
    fork.release([(at, 3)], [(1, 4, 2)])
    assert contents(fork, BOLT) == contents(live, BOLT)
    assert live.used_on(1, 4) == 0


def test_stock_itself_is_its_own_home() -> None:
    live = live_stock()
    assert (home_index(live, 3), home_slot(live, 1), is_beyond(live, 1)) == (3, live.matrix.slots[1], False)
