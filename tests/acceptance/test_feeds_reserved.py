"""Feeds and reservations together: what was held is shipped for the order that it became, and moves with its receipt."""

import time

import pytest
from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.acceptance.asking import adjust, record, refusal, stock_of, stock_rows, stocked
from tests.acceptance.living import do
from tests.acceptance.server import Server
from tests.acceptance.test_reservations import NETWORK, confirm, counts, hold, release

DAY_SECONDS = 86_400


def ship(server: Server, item: str, location: str, quantity: int, order_id: str) -> "types_pb2.InventoryRecord":
    sent = record(item, location, quantity, kind=types_pb2.INVENTORY_KIND_SHIPPED, order_id=order_id)
    return adjust(server, sent).results[0]


def test_confirmed_reservations_are_shipped(server: Server) -> None:
    """Of a plan that was held, and of one made when it was confirmed: each order has its units, and no more of them."""
    item = stocked(server, A=9)
    for made in (hold(server, (item, 3)), hold(server, (item, 2), scope=NETWORK)):
        order = confirm(server, made.reservation_id).order
        units = sum(line.quantity for line in made.lines)
        assert not ship(server, item, "A", units + 1, order.order_id).accepted
        assert ship(server, item, "A", units, order.order_id).accepted
        assert not ship(server, item, "A", 1, order.order_id).accepted
    assert counts(server, item) == (0, 0, 4)


def test_a_hold_moves_with_its_receipt(server: Server) -> None:
    """Held of what is to come; it comes, is held on hand, and is given back there."""
    item = stocked(server)
    soon = Timestamp(seconds=int(time.time()) + 2 * DAY_SECONDS)
    sent = record(item, "A", 5, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="po-held", available_at=soon)
    assert adjust(server, sent).accepted_count == 1
    made = hold(server, (item, 4))
    assert made.lines[0].receipt_id == "po-held"
    received = record(item, "A", 5, kind=types_pb2.INVENTORY_KIND_RECEIVED, receipt_id="po-held")
    assert adjust(server, received).accepted_count == 1
    (row,) = [row for row in stock_rows(server, item) if row.location_id == "A"]
    assert (row.on_hand, row.reserved, row.available) == (5, 4, 1)
    release(server, made.reservation_id)
    assert counts(server, item) == (0, 0, 5)


def inbound(server: Server, item: str, quantity: int, receipt_id: str, days: int = 2) -> None:
    soon = Timestamp(seconds=int(time.time()) + days * DAY_SECONDS)
    sent = record(item, "A", quantity, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id=receipt_id, available_at=soon)
    assert adjust(server, sent).accepted_count == 1


@pytest.mark.parametrize("come", [10, 3])
def test_a_part_is_released_after_the_receipt_has_come_in(server: Server, come: int) -> None:
    """6 are held of 10 to come; all or 3 of them come, 2 are released: the order has 4, wherever they are."""
    item = stocked(server)
    inbound(server, item, 10, "po-part")
    made = hold(server, (item, 6))
    received = record(item, "A", come, kind=types_pb2.INVENTORY_KIND_RECEIVED, receipt_id="po-part")
    assert adjust(server, received).accepted_count == 1
    left = release(server, made.reservation_id, ("1", 2)).reservation
    assert sum(line.quantity for line in left.lines) == 4
    planned = {
        (part.receipt_id, part.quantity) for shipment in left.plan.shipments for part in shipment.lines
    }  # fmt: skip
    assert planned == {(line.receipt_id, line.quantity) for line in left.lines}
    order = confirm(server, made.reservation_id).order
    assert sum(part.quantity for shipment in order.plan.shipments for part in shipment.lines) == 4
    later = Timestamp(seconds=int(time.time()) + 5 * DAY_SECONDS)
    assert stock_of(server, item, by_date=later).available == 6
    do(server, "CancelOrder", order_id=order.order_id)
    left_over = stock_of(server, item, by_date=later)
    assert (left_over.on_hand, left_over.available) == (come, 10)


def test_a_plan_is_made_anew_where_its_receipt_is_late_or_cut(server: Server) -> None:
    """What was reserved becomes an order that can be kept, or is refused by name: never the promise of before."""
    item, cut = stocked(server), stocked(server)
    for each in (item, cut):
        inbound(server, each, 4, f"po-{each}")
    late, less = hold(server, (item, 4)), hold(server, (cut, 4))
    before = max(each.delivery_latest.seconds for each in late.plan.shipments)
    inbound(server, item, 4, f"po-{item}", days=12)
    inbound(server, cut, 1, f"po-{cut}")
    order = confirm(server, late.reservation_id).order
    assert max(each.delivery_latest.seconds for each in order.plan.shipments) > before + 5 * DAY_SECONDS
    wrong = refusal(lambda: confirm(server, less.reservation_id))
    assert (wrong.code, wrong.reason) == ("FAILED_PRECONDITION", "NO_STOCK")
    release(server, less.reservation_id)
