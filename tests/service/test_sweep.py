"""What ends by itself, with a clock that is moved: holds, shipments kept for a customer, shipments that nobody accepted."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from belofte.v1 import inventory_service_pb2, order_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.fulfilment.milestones import milestones
from tests.network.small_network import small_records
from tests.service.room import ADJUST, ANSWER_SECONDS_MAX, AVAILABILITY, SOURCE, Room, running

ORDERS = "/belofte.v1.OrderService/"
HOME = types_pb2.Destination(country_code="NL", postal_code="1012")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """`ams` accepts within half an hour; `nyc` keeps what is to be collected for two days."""
    records = small_records()
    ams, ehv, nyc = records.locations
    locations = (replace(ams, accept_minutes=30), ehv, replace(nyc, keep_days=2))
    with running(tmp_path, replace(records, locations=locations)) as made:
        yield made


def stocked(room: Room, **units: int) -> None:
    records = [
        types_pb2.InventoryRecord(item_id="bolt", location_id=at, quantity=n, kind=types_pb2.INVENTORY_KIND_ON_HAND)
        for at, n in units.items()
    ]
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=records)
    assert isinstance(room.ask(ADJUST, request.SerializeToString()), bytes)


def source(room: Room, quantity: int, **fields: Any) -> str:
    order_id = f"O-{uuid7()}"
    line = types_pb2.BasketLine(line_id="1", item_id="bolt", quantity=quantity, **fields.pop("line", {}))
    order = types_pb2.Order(order_id=order_id, basket=types_pb2.Basket(lines=[line], destination=HOME), **fields)
    request = sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(room.clock.unix_ms()), order=order)
    answer = room.ask(SOURCE, request.SerializeToString())
    assert isinstance(answer, bytes), answer
    return order_id


def do(room: Room, method: str, **fields: Any) -> bytes | Refusal:
    kind = getattr(order_service_pb2, method + "Request")
    if "request_id" in kind.DESCRIPTOR.fields_by_name:
        fields["request_id"] = uuid7(room.clock.unix_ms())
    return room.ask(ORDERS + method, kind(**fields).SerializeToString())


def order(room: Room, order_id: str) -> types_pb2.Order:
    answer = do(room, "GetOrder", order_id=order_id)
    assert isinstance(answer, bytes)
    return order_service_pb2.GetOrderResponse.FromString(answer).order


def soon(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + ANSWER_SECONDS_MAX
    while not condition():
        assert time.monotonic() < until, "it did not come to an end"
        time.sleep(0.02)


def units_at(room: Room) -> dict[str, tuple[int, int]]:
    """(on hand, allocated) by location."""
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=["bolt"])
    answer = inventory_service_pb2.GetAvailabilityResponse.FromString(
        bytes(room.ask(AVAILABILITY, request.SerializeToString()))
    )
    return {row.location_id: (row.on_hand, row.allocated) for row in answer.availabilities}


def test_a_shipment_that_is_not_accepted_in_time_is_offered_elsewhere(room: Room) -> None:
    stocked(room, ams=2, ehv=5)
    waiting, accepted = source(room, 1, line={"preassigned_location_id": ""}), source(room, 1)
    assert {each.location_id for each in order(room, waiting).plan.shipments} == {"ams"}
    assert isinstance(do(room, "AcceptShipment", order_id=accepted, shipment_id=f"{accepted}-1"), bytes)
    room.clock.ahead_minutes = 31
    soon(lambda: len(order(room, waiting).plan.shipments) == 2)
    declined, elsewhere = order(room, waiting).plan.shipments
    assert (declined.state, elsewhere.location_id) == (types_pb2.SHIPMENT_STATE_DECLINED, "ehv")
    assert len(order(room, accepted).plan.shipments) == 1
    assert (units_at(room)["ams"], units_at(room)["ehv"]) == ((2, 1), (5, 1))
    events = order_service_pb2.ListOrderEventsResponse.FromString(bytes(do(room, "ListOrderEvents", order_id=waiting)))
    assert events.events[1].attributes["reason"] == "NOT_ACCEPTED"


def test_what_is_not_collected_in_time_is_back_in_stock(room: Room) -> None:
    stocked(room, nyc=3)
    order_id = source(room, 2, line={"delivery_method": types_pb2.DELIVERY_METHOD_PICKUP, "pickup_location_id": "nyc"})
    assert isinstance(do(room, "MarkReadyForPickup", order_id=order_id, shipment_id=f"{order_id}-1"), bytes)
    room.clock.ahead_minutes = 2 * 1_440 - 5
    time.sleep(1.2)
    assert units_at(room)["nyc"] == (3, 2)
    room.clock.ahead_minutes = 2 * 1_440 + 5
    soon(lambda: order(room, order_id).state == types_pb2.ORDER_STATE_CANCELLED)
    assert units_at(room)["nyc"] == (3, 0)
    (gone,) = order(room, order_id).cancelled_lines
    assert (gone.reason, gone.short_quantity) == ("NOT_COLLECTED", 2)
    refused = do(room, "CollectShipment", order_id=order_id, shipment_id=f"{order_id}-1")
    assert isinstance(refused, Refusal)


def test_a_hold_to_think_it_over_ends_by_itself(room: Room) -> None:
    """Held orders wait for nobody to accept them; once released they do."""
    stocked(room, ams=2, ehv=2)
    seconds = room.clock.unix_ms() // 1_000 + 3_600
    order_id = source(room, 1, hold_reason="REMORSE", hold_until={"seconds": seconds})
    room.clock.ahead_minutes = 50
    time.sleep(1.2)
    assert order(room, order_id).state == types_pb2.ORDER_STATE_HELD
    room.clock.ahead_minutes = 61
    soon(lambda: order(room, order_id).state == types_pb2.ORDER_STATE_SOURCED)
    found = order(room, order_id)
    assert (found.hold_reason, found.plan.shipments[0].location_id) == ("", "ams")
    room.clock.ahead_minutes = 95
    soon(lambda: order(room, order_id).plan.shipments[-1].location_id == "ehv")


def risks(room: Room, order_id: str) -> list[types_pb2.OrderEvent]:
    answer = order_service_pb2.ListOrderEventsResponse.FromString(bytes(do(room, "ListOrderEvents", order_id=order_id)))
    return [event for event in answer.events if event.type == types_pb2.EVENT_TYPE_PROMISE_AT_RISK]


def listed_at_risk(room: Room) -> set[str]:
    answer = do(room, "ListOrders", at_risk=True)
    assert isinstance(answer, bytes), answer
    return {each.order_id for each in order_service_pb2.ListOrdersResponse.FromString(answer).orders}


def test_a_milestone_that_passes_puts_the_promise_at_risk_once(room: Room) -> None:
    """Of two orders one is handed over in time: the other is listed, told once, and no more once it has left."""
    stocked(room, ehv=5)
    late, in_time = source(room, 1), source(room, 1)
    due = order(room, late).plan.shipments[0].handover_by.seconds
    assert isinstance(do(room, "AcceptShipment", order_id=in_time, shipment_id=f"{in_time}-1"), bytes)
    assert isinstance(do(room, "ShipShipment", order_id=in_time, shipment_id=f"{in_time}-1"), bytes)
    minutes = (due * 1_000 - room.clock.unix_ms()) // 60_000
    room.clock.ahead_minutes = minutes - 1
    time.sleep(1.2)
    assert not risks(room, late)
    room.clock.ahead_minutes = minutes + 1
    soon(lambda: order(room, late).HasField("at_risk_since"))
    time.sleep(1.2)
    (event,) = risks(room, late)
    assert (event.attributes["reason"], event.shipment_id, event.location_id) == ("HANDOVER_BY", f"{late}-1", "ehv")
    assert not risks(room, in_time)
    assert listed_at_risk(room) == {late}
    assert isinstance(do(room, "AcceptShipment", order_id=late, shipment_id=f"{late}-1"), bytes)
    soon(lambda: len(risks(room, late)) == 2)
    assert isinstance(do(room, "ShipShipment", order_id=late, shipment_id=f"{late}-1"), bytes)
    assert not order(room, late).HasField("at_risk_since")
    assert listed_at_risk(room) == set()
    time.sleep(1.2)
    assert len(risks(room, late)) == 2


@pytest.mark.parametrize(
    ("route", "at", "expected"),
    [
        (types_pb2.ROUTE_SHIP, "", "HANDOVER_BY"), (types_pb2.ROUTE_PICKUP, "ams", "PICK_BY"),
        (types_pb2.ROUTE_SHIP_TO_STORE, "ehv", "TRANSFER_BY"), (types_pb2.ROUTE_CONSOLIDATION, "ehv", "TRANSFER_BY"),
        (types_pb2.ROUTE_CONSOLIDATION, "ams", "HANDOVER_BY"),
    ],
)  # fmt: skip
def test_milestones_are_named_by_who_takes_it(route: int, at: str, expected: str) -> None:
    """What is put together at `ams` and lies there waits for the carrier; what lies elsewhere, for the truck."""
    line = types_pb2.ShipmentLine(line_id="1", item_id="bolt", quantity=1)
    shipment = types_pb2.Shipment(
        location_id="ams",
        via_location_id=at,
        route=route,
        state=types_pb2.SHIPMENT_STATE_PLANNED,
        lines=[line],
    )
    shipment.handover_by.FromSeconds(1_000)
    (found,) = milestones(types_pb2.Plan(shipments=[shipment]))
    assert (found.name, found.unix_ms) == (expected, 1_000_000)
