"""Feeds and reservations together: what was held is shipped for the order that it became, and moves with its receipt."""

import time

from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.acceptance.asking import adjust, record, stock_rows, stocked
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
