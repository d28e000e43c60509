"""Collected of stock there, or once a transfer is there: acceptance case 30, and ship to store, in the life of an order.

`corner` is open Monday to Friday from 10:00 to 18:00, on Saturday from 12:00 to 16:00. A truck leaves A at 20:00 and is there
the next working day; one leaves B at 12:00, is there two working days later at 14:00, and costs less. Days of 2030, by hand.
"""

import pytest
from belofte.v1 import types_pb2

from tests.acceptance.asking import (
    adjust,
    available,
    basket,
    instant,
    lines,
    local,
    order_of,
    order_request,
    quote,
    record,
    refusal,
    send,
    stocked,
)
from tests.acceptance.server import Server

PICKUP, TO_STORE = types_pb2.DELIVERY_METHOD_PICKUP, types_pb2.DELIVERY_METHOD_SHIP_TO_STORE
AT_CORNER = {"delivery_method": PICKUP, "pickup_location_id": "corner"}
SENT_TO_CORNER = {"delivery_method": TO_STORE, "pickup_location_id": "corner"}


def by_route(plan: types_pb2.Plan) -> list[types_pb2.Shipment]:
    """What is at the store already first."""
    return sorted(plan.shipments, key=lambda shipment: shipment.route)


@pytest.mark.parametrize(
    ("asked", "departure", "ready"),
    [
        ("2030-03-27T15:00", "Wed 2030-03-27 20:00", "Thu 2030-03-28 10:00"),
        # At the minute the truck leaves, and one later.
        ("2030-03-27T20:00", "Wed 2030-03-27 20:00", "Thu 2030-03-28 10:00"),
        ("2030-03-27T20:01", "Thu 2030-03-28 20:00", "Fri 2030-03-29 10:00"),
        # No truck drives on a weekend, over which the clocks go forward.
        ("2030-03-29T20:01", "Mon 2030-04-01 20:00", "Tue 2030-04-02 10:00"),
        # Good Friday and Easter Monday are holidays of the truck.
        ("2030-04-18T15:00", "Thu 2030-04-18 20:00", "Tue 2030-04-23 10:00"),
    ],
)
def test_a_line_that_is_elsewhere_is_transferred(server: Server, asked: str, departure: str, ready: str) -> None:
    """Case 30: one line is at the store, the other comes by transfer; the order is ready when both are."""
    here, there = stocked(server, corner=1), stocked(server, A=1)
    wanted = basket(lines((here, 1), (there, 1), **AT_CORNER), request_time=instant(asked))
    wanted.ClearField("destination")
    (option,) = quote(server, wanted).options
    assert local(option.delivery_latest) == ready
    own, moved = by_route(option.plan)
    assert (own.location_id, own.route, own.via_location_id) == ("corner", types_pb2.ROUTE_PICKUP, "")
    assert (moved.location_id, moved.route, moved.via_location_id) == ("A", types_pb2.ROUTE_SHIP_TO_STORE, "corner")
    assert (local(moved.handover_by), local(moved.delivery_earliest)) == (departure, ready)
    assert {term.term: term.raw_micros for term in moved.cost.terms} == {"transfer": 2_100_000}
    assert option.plan.certificate.status == types_pb2.CERTIFICATE_STATUS_OPTIMAL
    taken = send(server, order_request(wanted))
    assert [s.route for s in by_route(taken.plan)] == [types_pb2.ROUTE_PICKUP, types_pb2.ROUTE_SHIP_TO_STORE]
    assert available(server, there)["A"] == available(server, here)["corner"] == 0
    _, kept = by_route(order_of(server, taken.order_id).plan)
    assert (kept.via_location_id, kept.via_by, kept.delivery_latest) == ("corner", moved.via_by, moved.delivery_latest)


def test_the_dearer_truck_is_taken_for_a_date_and_the_frontier_tells_both(server: Server) -> None:
    item = stocked(server, A=1, B=1)
    wanted = basket(lines((item, 1), **AT_CORNER), request_time=instant("2030-03-27T11:00"))
    answer = quote(server, wanted)
    # B: half a euro, there on Friday at 14:00. A: two euros and ten cents, there on Thursday at 10:00.
    assert [(local(point.delivery_latest), point.cost_micros) for point in answer.frontier] == [
        ("Thu 2030-03-28 10:00", 2_100_000), ("Fri 2030-03-29 14:00", 500_000),
    ]  # fmt: skip
    (option,) = answer.options
    assert option.plan.shipments[0].location_id == "B"
    for line in wanted.lines:
        line.latest_date.CopyFrom(instant("2030-03-29T13:59"))
    (option,) = quote(server, wanted).options
    assert (option.plan.shipments[0].location_id, option.cost_micros) == ("A", 2_100_000)


def test_ship_to_store_leaves_the_store_its_stock(server: Server) -> None:
    item = stocked(server, corner=5, A=1)
    wanted = basket(lines((item, 1), **SENT_TO_CORNER))
    (shipment,) = send(server, order_request(wanted)).plan.shipments
    assert (shipment.location_id, shipment.route) == ("A", types_pb2.ROUTE_SHIP_TO_STORE)
    assert available(server, item) == {"corner": 5, "A": 0}
    refused = refusal(lambda: send(server, order_request(wanted)))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NO_ROUTE")
    assert available(server, item) == {"corner": 5, "A": 0}


def test_a_receipt_at_the_center_is_transferred_when_it_lands(server: Server) -> None:
    item = server.item()
    adjust(server, record(
        item, "A", 1, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO", available_at=instant("2030-04-03T09:00")
    ))  # fmt: skip
    wanted = basket(lines((item, 1), **AT_CORNER), request_time=instant("2030-03-27T11:00"))
    (option,) = quote(server, wanted).options
    assert local(option.delivery_latest) == "Thu 2030-04-04 10:00"


def test_no_truck_in_time_is_what_binds(server: Server) -> None:
    item = stocked(server, A=1)
    early = basket(
        lines((item, 1), latest_date=instant("2030-03-28T09:59"), **AT_CORNER), request_time=instant("2030-03-27T11:00")
    )
    answer = quote(server, early)
    assert not answer.options
    (line,) = answer.unavailable
    assert (line.reason, list(line.restricted_by)) == ("PROMISE_UNREACHABLE", ["lines[0].latest_date"])


def test_what_must_arrive_as_one_is_put_together(server: Server) -> None:
    """One line at A, one at B: apart by post; together at `hub`, to which both have lanes, on the day after the later truck."""
    one, two = stocked(server, A=1), stocked(server, B=1)
    asked = {"request_time": instant("2030-03-27T11:00")}
    apart = quote(server, basket(lines((one, 1), (two, 1)), **asked)).options[0]
    assert {s.route for s in apart.plan.shipments} == {types_pb2.ROUTE_SHIP}
    whole = types_pb2.Constraints(ship_complete=types_pb2.FlagConstraint(value=True))
    wanted = basket(lines((one, 1), (two, 1)), constraints=whole, **asked)
    (option,) = quote(server, wanted).options
    # A's truck leaves on Wednesday at 20:00 and is there on Thursday, B's is there on Wednesday; the parcel leaves at 18:00.
    assert local(option.delivery_latest) == "Fri 2030-03-29 21:00"
    taken = send(server, order_request(wanted)).plan
    for shipment in taken.shipments:
        assert (shipment.route, shipment.via_location_id) == (types_pb2.ROUTE_CONSOLIDATION, "hub")
        assert (shipment.carrier_service_id, local(shipment.delivery_latest)) == ("POST", "Fri 2030-03-29 21:00")
    costs = {term.term: term.raw_micros for term in taken.cost.terms}
    assert costs == {"carrier": 4_950_000, "transfer": 300_000}
    assert available(server, one)["A"] == available(server, two)["B"] == 0


def test_what_is_digital_is_there_at_once(server: Server) -> None:
    """A licence and something to collect: neither needs a destination."""
    licence, here = stocked(server, A=2), stocked(server, corner=1)
    asked = instant("2030-03-27T15:00")
    wanted = basket([
        types_pb2.BasketLine(line_id="1", item_id=licence, quantity=2, delivery_method=types_pb2.DELIVERY_METHOD_DIGITAL),
        types_pb2.BasketLine(line_id="2", item_id=here, quantity=1, **AT_CORNER),
    ], request_time=asked)  # fmt: skip
    wanted.ClearField("destination")
    (option,) = quote(server, wanted).options
    assert option.order_by.seconds < asked.seconds + 86_400  # that of the line that is collected
    alone = basket(wanted.lines[:1], request_time=asked)
    assert not quote(server, alone).options[0].HasField("order_by")
    assert [(s.route, s.delivery_latest) for s in option.plan.shipments if s.route == types_pb2.ROUTE_DIGITAL] == [
        (types_pb2.ROUTE_DIGITAL, asked)
    ]
    request = order_request(wanted)
    request.quote_token = option.quote_token
    taken = send(server, request)
    assert {s.route for s in taken.plan.shipments} == {types_pb2.ROUTE_DIGITAL, types_pb2.ROUTE_PICKUP}
    assert available(server, licence)["A"] == 0
    refused = refusal(lambda: send(server, order_request(wanted)))
    assert refused.reason == "NO_STOCK"
