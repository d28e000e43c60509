"""Stock in memory by ids: receipts that move in time, capacity, holds, and what the network does not know."""

import pytest

from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import CapacityUse, PositionChange
from engine.inventory.live import CAPACITY_DAYS, LiveStock
from engine.inventory.matrix import ON_HAND
from engine.inventory.store import StockImage
from tests.stores import FIRST_DAY, contents, empty_stock, stored_of


def moved(
    supply: int, demand: int = 0, receipt: str = "", pool: str = "", minute: int | None = None, *,
    item: str = "bolt", location: str = "ams",
) -> PositionChange:  # fmt: skip
    return PositionChange(item, location, receipt, pool, supply, demand, minute)


def test_entry_brings_stock_to_its_position() -> None:
    stock = empty_stock()
    stock.apply(LogRecord("3-7", (moved(5, 1), moved(0, 1)), (CapacityUse("ehv", FIRST_DAY + 2, 4),)))
    assert contents(stock) == ({(0, 0, "", ""): (5, 2, ON_HAND)}, {(1, 2): 4})
    assert stock.matrix.position == "3-7"
    assert stock.used_on(1, FIRST_DAY + 2) == 4


def test_new_date_moves_a_receipt_in_every_pool_and_with_its_demand() -> None:
    stock = empty_stock()
    for change in (
        moved(5, 2, "po1", "", 100),
        moved(3, 1, "po1", "vip"),
        moved(9, 0, "po2", "", 100),
        moved(1, 0, location="ehv"),
    ):
        stock.apply_change(change)
    stock.apply_change(moved(0, 1, "po1", "", 700))
    cells, _ = contents(stock)
    assert cells == {
        (0, 0, "po1", ""): (5, 3, 700), (0, 0, "po1", "vip"): (3, 1, 700), (0, 0, "po2", ""): (9, 0, 100),
        (0, 1, "", ""): (1, 0, ON_HAND),
    }  # fmt: skip
    stock.apply_change(moved(0, 0, "po1", "", 100))
    assert contents(stock)[0][0, 0, "po1", ""] == (5, 3, 100)


def test_date_of_a_receipt_is_of_one_location() -> None:
    stock = empty_stock()
    stock.apply_change(moved(5, 0, "po1", "", 100))
    stock.apply_change(moved(5, 0, "po1", "", 200, location="ehv"))
    assert {key[1]: minute for key, (_, _, minute) in contents(stock)[0].items()} == {0: 100, 1: 200}


def test_receipt_without_a_date_counts_as_there_and_a_date_of_what_is_there_says_nothing() -> None:
    stock = empty_stock()
    stock.apply_change(moved(5, 0, "po1"))
    stock.apply_change(moved(4, 0, "", "", 900))
    assert {minute for _, _, minute in contents(stock)[0].values()} == {ON_HAND}


def test_unknown_ids_are_counted_and_left_alone() -> None:
    stock = empty_stock()
    stock.load([moved(5, item="gone"), moved(1)])
    stock.apply_change(moved(5, location="gone"))
    stock.apply_capacity(CapacityUse("gone", FIRST_DAY, 1))
    assert stock.unknown_count == 3
    assert contents(stock) == ({(0, 0, "", ""): (1, 0, ON_HAND)}, {})


def test_capacity_outside_the_table_is_past_or_yet_to_come() -> None:
    stock = empty_stock()
    for day in (FIRST_DAY - 1, FIRST_DAY + CAPACITY_DAYS - 1, FIRST_DAY + CAPACITY_DAYS):
        stock.apply_capacity(CapacityUse("ams", day, 5))
    assert contents(stock)[1] == {(0, CAPACITY_DAYS - 1): 5}
    assert [stock.used_on(0, FIRST_DAY + day) for day in (-1, CAPACITY_DAYS - 1, CAPACITY_DAYS)] == [0, 5, 5]


def test_capacity_table_moves_on_with_the_days_and_loses_nothing_to_come() -> None:
    """Days 0, 2 and the two after the table: moved on by two, day 0 is past and the later ones are in the table."""
    stock = empty_stock()
    table = stock.capacity_used
    for day, quantity in ((0, 1), (2, 2), (CAPACITY_DAYS, 3), (CAPACITY_DAYS + 1, 4), (CAPACITY_DAYS + 2, 5)):
        stock.apply_capacity(CapacityUse("ehv", FIRST_DAY + day, quantity))
    stock.start_capacity(FIRST_DAY + 2)
    assert stock.capacity_used is table, "kernels hold on to it"
    assert contents(stock)[1] == {(1, 0): 2, (1, CAPACITY_DAYS - 2): 3, (1, CAPACITY_DAYS - 1): 4}
    stock.apply_capacity(CapacityUse("ehv", FIRST_DAY + CAPACITY_DAYS + 2, 1))
    stock.start_capacity(FIRST_DAY)
    assert stock.first_day == FIRST_DAY + 2, "a clock that goes back forgets nothing"
    stock.start_capacity(FIRST_DAY + 2 * CAPACITY_DAYS + 2)
    assert contents(stock)[1] == {}
    assert stock.used_on(1, FIRST_DAY + CAPACITY_DAYS + 2) == 0


def test_capacity_far_ahead_comes_in_when_the_table_has_moved_far() -> None:
    stock = empty_stock()
    stock.apply_capacity(CapacityUse("ams", FIRST_DAY + 3 * CAPACITY_DAYS, 6))
    stock.start_capacity(FIRST_DAY + 3 * CAPACITY_DAYS - 1)
    assert contents(stock)[1] == {(0, 1): 6}


def test_hold_is_taken_back_whole() -> None:
    stock = empty_stock()
    stock.load([moved(5, 1), moved(7, 0, location="ehv")])
    before = contents(stock)
    pegs = [(stock.matrix.find(0, 0, 0), 3), (stock.matrix.find(0, 1, 0), 7), (stock.matrix.find(0, 0, 0), 1)]
    days = [(0, FIRST_DAY, 2), (0, FIRST_DAY - 5, 2)]
    stock.hold(pegs, days)
    assert contents(stock) == ({(0, 0, "", ""): (5, 5, 0), (0, 1, "", ""): (7, 7, 0)}, {(0, 0): 2})
    stock.release(pegs, days)
    assert contents(stock) == before


def test_unsellable_positions_have_a_slot_of_their_own() -> None:
    stock = LiveStock({"bolt": 0}, {"ams": 0, "ehv": 1}, frozenset({(0, 1, "")}), FIRST_DAY)
    stock.load([moved(5), moved(6, location="ehv"), moved(7, 0, "po1", "", 50, location="ehv")])
    sellable = {(location, slot.receipt_id): slot.sellable for location, slot, _, _ in stock.matrix.rows(0)}
    assert sellable == {(0, ""): True, (1, ""): False, (1, "po1"): False}


@pytest.mark.parametrize("read_at", ["1-1", "1-2", "1-3"])
def test_image_counts_each_entry_once(read_at: str) -> None:
    """An item read at some position has seen the entries up to it; its dates were read apart, before."""
    later = [
        LogRecord("1-2", (moved(1, 0), moved(0, 0, "po1", "", 800)), (CapacityUse("ams", FIRST_DAY, 1),)),
        LogRecord("1-3", (moved(2, 0), moved(1, 0, "po1")), (CapacityUse("ams", FIRST_DAY, 1),)),
    ]
    seen = int(read_at[-1]) - 1
    cells = [moved(10 + sum((1, 2)[:seen])), moved(5 + (seen == 2), 0, "po1", "", 300)]
    image = StockImage(
        epoch=1, position="1-3", stored=stored_of(cells), capacities=[CapacityUse("ams", FIRST_DAY, 7)], read_at=[read_at],
        steps={"bolt": 0}, capacities_read_at="1-2", later=later, holds={},
    )  # fmt: skip
    stock = empty_stock()
    image.fill(stock)
    assert contents(stock) == ({(0, 0, "", ""): (13, 0, ON_HAND), (0, 0, "po1", ""): (6, 0, 800)}, {(0, 0): 8})
    assert stock.matrix.position == "1-3"
