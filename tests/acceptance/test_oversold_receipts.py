"""What is missing on hand is made good by receipts before they promise anything: to a date, to an order, to a reservation.

Asked on Thursday 3 January 2030 at noon; the receipt of 10 lands on the 9th.
"""

from typing import Any

import pytest
from belofte.v1 import types_pb2

from tests.acceptance.asking import (
    adjust,
    basket,
    instant,
    lines,
    order_request,
    put,
    record,
    refusal,
    send,
    source,
    stock_of,
    stock_rows,
)
from tests.acceptance.server import Server

ASKED, LANDED, DUE = instant("2030-01-03T12:00"), instant("2030-01-09T08:00"), instant("2030-01-20T21:00")


def expect(server: Server, item: str, quantity: int) -> None:
    """A receipt on its way to A."""
    adjust(server, record(
        item, "A", quantity, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id=f"PO-{item}", available_at=LANDED
    ))  # fmt: skip


def wanted(item: str, quantity: int, **wishes: Any) -> types_pb2.Basket:
    return basket(lines((item, quantity), latest_date=DUE, **wishes), request_time=ASKED)


def by_landing(server: Server, item: str) -> int:
    return stock_of(server, item, by_date=LANDED).available


@pytest.mark.parametrize(("counted", "left"), [(6, 6), (10, 10), (0, 0), (1, 1)])
def test_what_a_count_does_not_find_is_not_sold_of_a_receipt(server: Server, counted: int, left: int) -> None:
    item = server.item()
    put(server, item, {"A": 10})
    source(server, (item, 10))
    expect(server, item, 10)
    adjust(server, record(item, "A", counted, kind=types_pb2.INVENTORY_KIND_COUNT))
    assert by_landing(server, item) == left
    assert refusal(lambda: send(server, order_request(wanted(item, left + 1)))).reason == "NO_STOCK"
    if left:
        answer = send(server, order_request(wanted(item, left)))
        assert [line.receipt_id for s in answer.plan.shipments for line in s.lines] == [f"PO-{item}"]
    assert by_landing(server, item) == 0
    adjust(server, record(
        item, "A", 10, kind=types_pb2.INVENTORY_KIND_RECEIVED, receipt_id=f"PO-{item}"
    ))  # fmt: skip
    # Nothing changes for anybody as it comes in: all that there is has been promised, and not once more.
    found = stock_of(server, item)
    assert (found.on_hand, found.allocated, found.available) == (10 + counted, 10 + left, 0)


def test_another_location_pays_nothing(server: Server) -> None:
    item = server.item()
    put(server, item, {"A": 10})
    source(server, (item, 10))
    adjust(server, record(item, "A", 6, kind=types_pb2.INVENTORY_KIND_COUNT))
    put(server, item, {"B": 10})
    assert {row.location_id: row.available for row in stock_rows(server, item)} == {"A": -4, "B": 10}
    assert len(source(server, (item, 10)).plan.shipments) == 1
    assert refusal(lambda: source(server, (item, 1))).reason == "NO_STOCK"


def test_safety_stock_is_filled_first(server: Server) -> None:
    """Fifty of `scarce` stay at A: of ten that land where there are 45, five are for sale, before and after."""
    put(server, "scarce", {"A": 45})
    expect(server, "scarce", 10)
    assert (stock_of(server, "scarce").available, by_landing(server, "scarce")) == (0, 5)
    assert refusal(lambda: send(server, order_request(wanted("scarce", 6)))).reason == "NO_STOCK"
    send(server, order_request(wanted("scarce", 5)))
    assert by_landing(server, "scarce") == 0
    adjust(server, record(
        "scarce", "A", 10, kind=types_pb2.INVENTORY_KIND_RECEIVED, receipt_id="PO-scarce"
    ))  # fmt: skip
    assert stock_of(server, "scarce") == (55, 5, 0)


def test_what_is_backordered_is_not_sold_of_a_receipt(server: Server) -> None:
    """Ten of `late9` may be sold beyond stock; the receipt makes six of them good, and four of it are left."""
    item = "late9"
    put(server, item, {"A": 0})
    taken = send(
        server, order_request(basket(lines((item, 6), allow_backorder=True), request_time=ASKED))
    )  # fmt: skip
    assert [line.receipt_id for s in taken.plan.shipments for line in s.lines] == ["BACKORDER"]
    expect(server, item, 10)
    assert by_landing(server, item) == 4
    assert refusal(lambda: send(server, order_request(wanted(item, 5)))).reason == "NO_STOCK"
    # Four more may be sold beyond stock, and four of the receipt.
    assert refusal(lambda: send(server, order_request(wanted(item, 9, allow_backorder=True)))).reason == "NO_STOCK"
    answer = send(server, order_request(wanted(item, 8, allow_backorder=True)))
    units = {line.receipt_id: line.quantity for s in answer.plan.shipments for line in s.lines}
    assert units == {"BACKORDER": 4, f"PO-{item}": 4}
