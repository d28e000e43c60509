"""Rows of a feed on stock in memory: reservations that wait for a receipt, and feeds that follow each other in one tick."""

import random
import time
from collections.abc import Iterator, Sequence

import pytest
from belofte.v1 import types_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.effects import PositionChange
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.holds import HeldUnits, Hold
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Cell, TextTable
from engine.network.image import compile_image
from engine.service.feed_book import Book, feed_name, names_of
from engine.service.feed_orders import FeedOrders, OrderBooks
from engine.service.feed_rows import mark_name, row_of
from tests.network.small_network import small_records

IMAGE = compile_image(small_records())
NOW = int(time.time() * 1_000)
RECEIPT, ON_HAND = Cell("bolt", "ams", "po1", ""), Cell("bolt", "ams", "", "")
NO_ORDERS = OrderBooks(lambda order_ids: {}, lambda order_id: {})


def stock_of(*changes: PositionChange) -> LiveStock:
    stock = LiveStock(IMAGE.item_index, IMAGE.location_index, frozenset(), 0)
    stock.load(changes)
    return stock


def book_of(stock: LiveStock, texts: FeedTexts, *records: types_pb2.InventoryRecord) -> Book:
    """A book with the rows applied, each of them accepted."""
    orders = FeedOrders(records, NO_ORDERS)
    rows = [row_of(record) for record in records]
    texts.need(names_of(rows))
    book = Book(IMAGE, stock, texts, orders, NOW, uuid7())
    for i, each in enumerate(rows):
        assert book.apply(i, each).accepted
    return book


def row(kind: "types_pb2.InventoryKind", quantity: int, receipt_id: str = "") -> types_pb2.InventoryRecord:
    return types_pb2.InventoryRecord(
        item_id="bolt", location_id="ams", quantity=quantity, kind=kind, receipt_id=receipt_id
    )  # fmt: skip


def no_texts(parts: Sequence[Sequence[TextName]]) -> Iterator[list[str]]:
    return ([""] * len(names) for names in parts)


def received(quantity: int) -> types_pb2.InventoryRecord:
    return row(types_pb2.INVENTORY_KIND_RECEIVED, quantity, "po1")


def test_receipt_goes_to_orders_before_reservations_and_these_then_hold_what_is_on_hand() -> None:
    """9 promised of 10: 3 of them to orders, 4 and 2 held. 5 come in: 3 for the orders, 2 for the first reservation."""
    stock = stock_of(PositionChange(*RECEIPT, 10, 9, NOW // 60_000 + 999))
    first = Hold("r1", 1, NOW + 9, "shop", False, True, (HeldUnits("1", RECEIPT, 4),), ())
    second = Hold("r2", 1, NOW + 9, "shop", False, True, (HeldUnits("1", RECEIPT, 2),), ())
    stock.holds.load({"r1": first.text(), "r2": second.text()})
    book = book_of(stock, FeedTexts(no_texts), received(5))
    assert [(move.receipt_id, move.quantity) for move in book.moves] == [("po1", 3)]
    changes = {change.cell: (change.supply_delta, change.demand_delta) for change in book.cells()}
    assert changes == {ON_HAND: (5, 5), RECEIPT: (-5, -5)}
    (moved,) = [text for text in book.texts() if text.table is TextTable.HOLDS]
    assert (moved.field, moved.expected) == ("r1", first.text())
    assert Hold.parse("r1", moved.text).units == (HeldUnits("1", RECEIPT, 2), HeldUnits("1", ON_HAND, 2))
    # All the rest in one request, row by row.
    book = book_of(stock, FeedTexts(no_texts), received(5), received(1), received(4))
    holds = {text.field: Hold.parse(text.field, text.text).units for text in book.texts() if text.table is TextTable.HOLDS}
    assert holds == {"r1": (HeldUnits("1", ON_HAND, 4),), "r2": (HeldUnits("1", ON_HAND, 2),)}
    assert sum(move.quantity for move in book.moves) == 3


def test_feeds_of_one_tick_see_each_other_also_where_no_position_is_open() -> None:
    stock = stock_of()
    asked: list[TextName] = []

    def read(parts: Sequence[Sequence[TextName]]) -> Iterator[list[str]]:
        for names in parts:
            asked.extend(names)
            yield [""] * len(names)

    texts = FeedTexts(read)
    add = row(types_pb2.INVENTORY_KIND_ADJUST, 3)
    first = book_of(stock, texts, add)
    changed = {TextName(each.table, each.item_id, each.field): each.text for each in first.texts()}
    texts.hold(changed, first.pending())
    second = book_of(stock, texts, add, add)
    (text,) = second.texts()
    assert (text.expected, second.pending()) == (changed[mark_name(ON_HAND)], {ON_HAND: (9, 0)})
    (change,) = second.cells()
    assert (change.supply_delta, change.supply_expected) == (6, None)
    assert len(asked) == 1, "a text is read once a tick"
    texts.hold({mark_name(ON_HAND): text.text}, second.pending())
    texts.release()
    texts.release()
    texts.expect([])
    third = book_of(stock, texts, add)
    assert third.pending() == {ON_HAND: (3, 0)}
    assert len(asked) == 2, "what another engine did since is read anew"


def test_texts_that_were_not_read_are_asked_for_by_who_needs_them() -> None:
    """The store goes away while a round's texts are read: who needs them is refused, and who comes later may have them."""
    asked: list[int] = []

    def read(parts: Sequence[Sequence[TextName]]) -> Iterator[list[str]]:
        for names in parts:
            asked.append(len(names))
            if len(asked) == 2:
                raise Refusal(Reason.STORE_RECOVERING, "away")
            yield [name.field for name in names]

    texts = FeedTexts(read)
    parts = [[feed_name(name) for name in names] for names in ("ab", "bc", "d", "e")]
    texts.expect(parts)
    texts.need(parts[0])
    assert asked == [2]
    with pytest.raises(Refusal):
        texts.need(parts[1])
    texts.need([*parts[2], *parts[0]])
    assert [texts.get(feed_name(name)) for name in "abd"] == ["a", "b", "d"]
    assert asked == [2, 1, 1], "c was expected after a and b, and d by itself"


KINDS = (
    types_pb2.INVENTORY_KIND_ON_HAND, types_pb2.INVENTORY_KIND_ADJUST, types_pb2.INVENTORY_KIND_RECEIVED,
    types_pb2.INVENTORY_KIND_INBOUND,
)  # fmt: skip
days = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 9)), min_size=1, max_size=15)


def in_order(day: list[tuple[int, int]]) -> tuple[int, int]:
    """(on hand, still expected of the receipt) after rows in the order in which they happened."""
    on_hand = expected = 0
    for kind, quantity in day:
        match kind:
            case types_pb2.INVENTORY_KIND_ON_HAND:
                on_hand = quantity
            case types_pb2.INVENTORY_KIND_ADJUST:
                on_hand += quantity
            case types_pb2.INVENTORY_KIND_RECEIVED:
                on_hand += quantity
                expected -= quantity
            case types_pb2.INVENTORY_KIND_INBOUND:
                expected = quantity
    return on_hand, max(0, expected)


@settings(deadline=None)
@given(days, st.randoms(use_true_random=False))
def test_receipts_and_counts_leave_the_same_in_any_order_and_replayed(day: list[tuple[int, int]], draw: random.Random) -> None:
    rows = []
    for number, (kind, quantity) in enumerate(day, 1):
        receipt = "po1" if kind in KINDS[2:] else ""
        made = row(kind, quantity, receipt)  # type: ignore[arg-type]
        made.source, made.sequence = "wms", number
        made.as_of.FromMilliseconds(NOW - 1_000 + number)
        if kind == types_pb2.INVENTORY_KIND_INBOUND:
            made.available_at.FromMilliseconds(NOW + 86_400_000)
        rows.append(made)
    stock = stock_of()
    kept: dict[TextName, str] = {}
    texts = FeedTexts(lambda parts: ([kept.get(name, "") for name in names] for names in parts))
    for made in draw.sample(rows, len(rows)) + draw.sample(rows, len(rows)):
        orders = FeedOrders([made], NO_ORDERS)
        texts.expect([names_of([row_of(made)])])
        texts.need(names_of([row_of(made)]))
        book = Book(IMAGE, stock, texts, orders, NOW, uuid7())
        book.open([row_of(made)])
        book.apply(0, row_of(made))
        kept |= {TextName(each.table, each.item_id, each.field): each.text for each in book.texts()}
        for change in book.cells():
            stock.apply_change(
                PositionChange(*change.cell, change.supply_delta, change.demand_delta, change.available_at_minute)
            )
    item, ams = IMAGE.item_index["bolt"], IMAGE.location_index["ams"]
    found = {slot.receipt_id: supply for location, slot, supply, _ in stock.matrix.rows(item) if location == ams}
    assert (found.get("", 0), found.get("po1", 0)) == in_order(day)
