"""Orders after they are sourced: shipped in parts, held, cancelled, listed; what is not allowed is told and changes nothing."""

import time

import pytest
from belofte.v1 import inventory_service_pb2, order_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    adjust,
    available,
    lines,
    order_request,
    put,
    record,
    send,
    source,
    stock_of,
    stocked,
)
from tests.acceptance.asking import basket as basket_of
from tests.acceptance.living import do, events, listed, order, state, states, told, units, wrong
from tests.acceptance.server import Server
from tests.acceptance.test_feeds_orders import ship as shipped_row


def test_shipping_a_part_leaves_the_rest_allocated_in_a_shipment_of_its_own(server: Server) -> None:
    """Case 20: ship 50 of 80 allocated with 100 on hand."""
    item = stocked(server, A=100)
    made = source(server, (item, 80))
    answer = do(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-1", lines=[("1", 50)])
    assert stock_of(server, item) == (50, 30, 20)
    assert states(answer.order) == [("1", "A", "SHIPPED", 50), ("2", "A", "PLANNED", 30)]
    assert units(answer.order) == {"1": {"PLANNED": 30, "SHIPPED": 50}}
    assert (answer.order.state, answer.order.version) == (types_pb2.ORDER_STATE_IN_FULFILLMENT, 2)
    assert order(server, made.order_id) == answer.order
    do(server, "AcceptShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-2")
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-2", tracking_number="3SABC",
       tracking_url="https://post.example/3SABC")  # fmt: skip
    assert stock_of(server, item) == (20, 0, 20)
    for number in (1, 2):
        do(server, "DeliverShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-{number}")
    assert state(server, made.order_id) == "COMPLETED"
    assert told(server, made.order_id) == [
        "ORDER_SOURCED", "SHIPMENT_SHIPPED", "SHIPMENT_ACCEPTED", "SHIPMENT_SHIPPED", "SHIPMENT_DELIVERED",
        "SHIPMENT_DELIVERED",
    ]  # fmt: skip
    last = events(server, made.order_id)[3]
    assert (last.attributes["tracking_url"], last.location_id) == ("https://post.example/3SABC", "A")
    assert order(server, made.order_id).version == 6


def test_what_a_feed_says_was_shipped_is_seen_in_the_order(server: Server) -> None:
    item = stocked(server, A=10)
    made = source(server, (item, 8))
    assert adjust(server, shipped_row(item, made, 3)).accepted_count == 1
    found = order(server, made.order_id)
    assert states(found) == [("1", "A", "SHIPPED", 3), ("2", "A", "PLANNED", 5)]
    assert found.state == types_pb2.ORDER_STATE_IN_FULFILLMENT
    do(server, "CancelOrder", order_id=made.order_id)
    assert stock_of(server, item) == (7, 0, 7)
    # What was cancelled cannot leave any more, whoever says so.
    assert adjust(server, shipped_row(item, made, 1)).results[0].reason == "WRONG_STATE"
    assert units(order(server, made.order_id)) == {"1": {"SHIPPED": 3, "CANCELLED": 5}}


def test_shipped_at_before_a_count_releases_demand_only(server: Server) -> None:
    """The count has seen that the units were gone."""
    item = stocked(server, A=10)
    made = source(server, (item, 4))
    before = Timestamp(seconds=int(time.time()) - 60)
    put(server, item, {"A": 6})
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-1", shipped_at=before)
    assert stock_of(server, item) == (6, 0, 6)


def test_cancelling_gives_stock_back_and_what_has_left_stays(server: Server) -> None:
    one, other = stocked(server, A=10), stocked(server, A=10)
    wanted = lines((one, 6), (other, 2), unit_price_micros=5_000_000)
    made = send(server, order_request(basket_of(wanted)))
    first = f"{made.order_id}-1"
    answer = do(server, "CancelOrder", order_id=made.order_id, lines=[("1", 2)], reason="CHANGED_MIND")
    assert stock_of(server, one) == (10, 4, 6)
    assert states(answer.order) == [("1", "A", "PLANNED", 6), ("2", "A", "CANCELLED", 2)]
    assert [(each.line_id, each.short_quantity, each.reason) for each in answer.order.cancelled_lines] == [
        ("1", 2, "CHANGED_MIND")
    ]
    refunds = [each for each in events(server, made.order_id) if each.type == types_pb2.EVENT_TYPE_LINES_REFUNDED]
    assert refunds[0].attributes["refund_micros"] == "10000000"
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=first, lines=[("1", 3)])
    answer = do(server, "CancelOrder", order_id=made.order_id)
    assert units(answer.order) == {"1": {"SHIPPED": 3, "CANCELLED": 3}, "2": {"CANCELLED": 2}}
    assert (stock_of(server, one), stock_of(server, other)) == ((7, 0, 7), (10, 0, 10))
    refused = wrong(server, "CancelOrder", order_id=made.order_id)
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
    do(server, "DeliverShipment", order_id=made.order_id, shipment_id=first)
    assert state(server, made.order_id) == "COMPLETED"


def test_an_order_cancelled_as_a_whole_is_cancelled(server: Server) -> None:
    item = stocked(server, A=5)
    made = source(server, (item, 5))
    assert do(server, "CancelOrder", order_id=made.order_id).order.state == types_pb2.ORDER_STATE_CANCELLED
    assert stock_of(server, item) == (5, 0, 5)
    refused = wrong(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-1")
    assert refused.reason == "WRONG_STATE" and "CANCELLED" in refused.message


def test_a_hold_keeps_stock_and_stops_release(server: Server) -> None:
    item = stocked(server, A=5)
    made = source(server, (item, 3))
    held = do(server, "HoldOrder", order_id=made.order_id, hold_reason="FRAUD_CHECK").order
    assert (held.state, held.hold_reason) == (types_pb2.ORDER_STATE_HELD, "FRAUD_CHECK")
    assert stock_of(server, item) == (5, 3, 2)
    for method in ("AcceptShipment", "ShipShipment"):
        refused = wrong(server, method, order_id=made.order_id, shipment_id=f"{made.order_id}-1")
        assert refused.reason == "WRONG_STATE" and "HELD" in refused.message
    assert wrong(server, "HoldOrder", order_id=made.order_id, hold_reason="PAYMENT").reason == "WRONG_STATE"
    released = do(server, "ReleaseOrder", order_id=made.order_id).order
    assert (released.state, released.hold_reason) == (types_pb2.ORDER_STATE_SOURCED, "")
    assert wrong(server, "ReleaseOrder", order_id=made.order_id).reason == "WRONG_STATE"
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-1")
    assert stock_of(server, item) == (2, 0, 2)


def test_a_repeated_change_is_done_once_and_answered_alike(server: Server) -> None:
    item = stocked(server, A=5)
    made = source(server, (item, 4))
    request_id = uuid7()
    fields = {"order_id": made.order_id, "shipment_id": f"{made.order_id}-1", "lines": [("1", 1)]}
    first = do(server, "ShipShipment", request_id=request_id, **fields)
    again = do(server, "ShipShipment", request_id=request_id, **fields)
    assert again.duplicate and not first.duplicate
    assert (again.order, again.position) == (first.order, first.position)
    assert stock_of(server, item) == (4, 3, 1)
    assert wrong(server, "ShipShipment", request_id=request_id, **{**fields, "lines": [("1", 2)]}).reason == "REQUEST_ID_REUSED"


def test_many_at_once_ship_no_more_than_was_allocated(server: Server) -> None:
    item = stocked(server, A=30)
    made = source(server, (item, 12))
    kind = order_service_pb2.CancelOrderRequest
    requests = [
        kind(request_id=uuid7(), order_id=made.order_id, lines=[order_service_pb2.LineQuantity(line_id="1", quantity=1)])
        for _ in range(20)
    ]
    futures = [server.order.CancelOrder.future(request, timeout=CALL_SECONDS_MAX) for request in requests]
    done = sum(future.exception() is None for future in futures)
    assert all(future.exception() is None or future.code().name in ("FAILED_PRECONDITION", "ABORTED") for future in futures)
    found = order(server, made.order_id)
    assert stock_of(server, item) == (30, 12 - done, 18 + done)
    assert units(found)["1"].get("CANCELLED", 0) == done and 1 <= done <= 12
    assert found.version == 1 + done


@pytest.mark.parametrize(
    ("method", "fields", "code", "reason", "field"),
    [
        ("ShipShipment", {"order_id": "nobody", "shipment_id": "x"}, "NOT_FOUND", "UNKNOWN_ORDER", "order_id"),
        ("ShipShipment", {"shipment_id": "x"}, "NOT_FOUND", "UNKNOWN_SHIPMENT", "shipment_id"),
        ("ShipShipment", {}, "INVALID_ARGUMENT", "INVALID_FIELD", "shipment_id"),
        ("ShipShipment", {"n": 1, "lines": [("9", 1)]}, "NOT_FOUND", "UNKNOWN_LINE", "lines[0]"),
        ("ShipShipment", {"n": 1, "lines": [("1", 6)]}, "FAILED_PRECONDITION", "WRONG_STATE", "lines[0]"),
        ("ShipShipment", {"n": 1, "lines": [("2", 1)]}, "FAILED_PRECONDITION", "WRONG_STATE", "lines[0]"),
        ("ShipShipment", {"n": 1, "lines": [("1", 1), ("1", 1)]}, "INVALID_ARGUMENT", "INVALID_FIELD", "lines[1]"),
        ("ShipShipment", {"n": 1, "lines": [("1", -1)]}, "INVALID_ARGUMENT", "INVALID_FIELD", "lines[0].quantity"),
        ("ShipShipment", {"n": 1, "tracking_url": "x"}, "INVALID_ARGUMENT", "INVALID_FIELD", "tracking_url"),
        ("ShipShipment", {"n": 1, "expected_version": 7}, "FAILED_PRECONDITION", "WRONG_STATE", "expected_version"),
        ("DeliverShipment", {"n": 1}, "FAILED_PRECONDITION", "WRONG_STATE", ""),
        ("ReleaseOrder", {}, "FAILED_PRECONDITION", "WRONG_STATE", ""),
        ("HoldOrder", {}, "INVALID_ARGUMENT", "INVALID_FIELD", "hold_reason"),
        ("CancelOrder", {"lines": [("1", 6)]}, "FAILED_PRECONDITION", "WRONG_STATE", "lines[0].quantity"),
        ("CancelOrder", {"lines": [("7", 1)]}, "NOT_FOUND", "UNKNOWN_LINE", "lines[0]"),
        ("CancelOrder", {"expected_version": 3}, "FAILED_PRECONDITION", "WRONG_STATE", "expected_version"),
    ],
)
def test_bad_changes_are_named_and_change_nothing(
    server: Server, method: str, fields: dict[str, object], code: str, reason: str, field: str
) -> None:
    one, other = stocked(server, A=5), stocked(server, B=5)
    made = source(server, (one, 5), (other, 2))
    before = order(server, made.order_id)
    at_a = next(each.shipment_id for each in made.plan.shipments if each.location_id == "A")
    fields = dict(fields)
    if fields.pop("n", 0):
        fields["shipment_id"] = at_a
    refused = wrong(server, method, **{"order_id": made.order_id, **fields})
    assert (refused.code, refused.reason) == (code, reason), refused
    assert not field or field in refused.fields
    assert order(server, made.order_id) == before
    assert (stock_of(server, one), available(server, other)["B"]) == ((5, 5, 0), 3)


def test_lists_by_state_place_customer_and_date(server: Server) -> None:
    item, customer = stocked(server, A=10, B=10), f"customer {uuid7()}"
    at_a = [
        send(server, order_request(basket_of(lines((item, 1), preassigned_location_id="A"), customer_id=customer))).order_id
        for _ in range(3)
    ]
    at_b = send(server, order_request(basket_of(lines((item, 1), preassigned_location_id="B"), customer_id=customer))).order_id
    assert listed(server, customer_id=customer) == [at_b, *reversed(at_a)]
    assert listed(server, customer_id=customer, page_size=1) == [at_b, *reversed(at_a)]
    do(server, "ShipShipment", order_id=at_a[1], shipment_id=f"{at_a[1]}-1")
    do(server, "HoldOrder", order_id=at_a[2], hold_reason="PAYMENT")
    of_customer = {"customer_id": customer}
    assert listed(server, states=[types_pb2.ORDER_STATE_HELD], **of_customer) == [at_a[2]]
    assert listed(server, location_ids=["A"], **of_customer) == [at_a[2], at_a[1], at_a[0]]
    planned = [types_pb2.SHIPMENT_STATE_PLANNED]
    assert listed(server, location_ids=["A"], shipment_states=planned, **of_customer) == [at_a[2], at_a[0]]
    assert listed(server, location_ids=["B"], shipment_states=planned, item_ids=[item]) == [at_b]
    shipped = [types_pb2.SHIPMENT_STATE_SHIPPED]
    assert listed(server, shipment_states=shipped, **of_customer) == [at_a[1]]
    created = order(server, at_b).created_at
    assert listed(server, created_from=created, **of_customer) == [at_b]
    assert listed(server, created_to=created, **of_customer) == [at_a[2], at_a[1], at_a[0]]
    assert at_b in listed(server, location_ids=["A", "B"], states=[types_pb2.ORDER_STATE_SOURCED])
    (page,) = [do(server, "ListOrders", customer_id=customer, page_size=1)]
    assert page.orders[0] == order(server, at_b)


def test_bad_lists_are_named(server: Server) -> None:
    refused = wrong(server, "ListOrders", page_token="x", page_size=-1, location_ids=["nowhere"], states=[99])
    assert refused.code == "INVALID_ARGUMENT"
    assert set(refused.fields) >= {"page_token", "page_size", "states[0]"}
    assert wrong(server, "ListOrders", location_ids=["nowhere"]).reason == "UNKNOWN_LOCATION"


def test_units_of_a_receipt_leave_once_it_has_come_in(server: Server) -> None:
    item = server.item()
    arrival = Timestamp(seconds=int(time.time()) + 3 * 86_400)
    inbound = record(item, "A", 10, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-9", available_at=arrival)
    assert adjust(server, inbound).accepted_count == 1
    made = source(server, (item, 4))
    first = f"{made.order_id}-1"
    refused = wrong(server, "ShipShipment", order_id=made.order_id, shipment_id=first)
    assert refused.reason == "WRONG_STATE" and "PO-9" in refused.message
    do(server, "CancelOrder", order_id=made.order_id, lines=[("1", 1)])
    assert adjust(server, record(item, "A", 2, kind=types_pb2.INVENTORY_KIND_RECEIVED, receipt_id="PO-9")).accepted_count == 1
    # Two of three are on hand by now, whatever was written when they were promised.
    left = do(server, "ShipShipment", order_id=made.order_id, shipment_id=first, lines=[("1", 2)]).order
    assert units(left) == {"1": {"SHIPPED": 2, "PLANNED": 1, "CANCELLED": 1}}
    assert [line.receipt_id for line in left.plan.shipments[-1].lines] == ["PO-9"]
    do(server, "CancelOrder", order_id=made.order_id)
    assert stock_of(server, item, by_date=Timestamp(seconds=arrival.seconds + 86_400)) == (0, 0, 8)


def test_receipts_come_in_while_orders_change(server: Server) -> None:
    """Side by side: whichever comes first, no unit is lost and none is counted twice."""
    item = server.item()
    arrival = Timestamp(seconds=int(time.time()) + 3 * 86_400)
    inbound = record(item, "A", 12, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-8", available_at=arrival)
    assert adjust(server, inbound).accepted_count == 1
    made = [source(server, (item, 3)) for _ in range(4)]
    coming = record(item, "A", 1, kind=types_pb2.INVENTORY_KIND_RECEIVED, receipt_id="PO-8")
    futures = []
    for each in made:
        feed = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[coming])
        futures.append(server.inventory.AdjustInventory.future(feed, timeout=CALL_SECONDS_MAX))
        request = order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=each.order_id)
        request.lines.add(line_id="1", quantity=2)
        futures.append(server.order.CancelOrder.future(request, timeout=CALL_SECONDS_MAX))
    assert [future.exception() for future in futures] == [None] * 8
    later = Timestamp(seconds=arrival.seconds + 86_400)
    assert stock_of(server, item).on_hand == 4 and stock_of(server, item, by_date=later).available == 12 - 4
    for each in made:
        do(server, "CancelOrder", order_id=each.order_id)
    assert stock_of(server, item, by_date=later) == (4, 0, 12)
