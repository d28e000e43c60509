"""Events as they are told outside: CloudEvents of everything an entry changes, with ids that stay, and tracking links."""

import json
import re
from typing import Any

from belofte.v1 import reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.inventory.effects import add_effects
from engine.ledger.follow import LogEntry
from engine.outbox import cloud_events
from engine.outbox.cloud_events import EVENT_TYPES, Wanted, events_of
from engine.outbox.sender import message_id
from tests.service.recorded_log import Entry
from tests.stores import change

LINK = "https://post.example/t/3SABC"
DECIDED = 1_700_000_000_123
ALL = Wanted()


def shipped_order() -> types_pb2.Order:
    """An order of two shipments, the first of them on its way."""
    order = types_pb2.Order(order_id="o1", basket=types_pb2.Basket(customer_id="anna"))
    order.plan.shipments.add(shipment_id="s1", location_id="ams", tracking_number="3SABC", tracking_url=LINK)
    order.plan.shipments[0].cost.total_micros = 5
    order.plan.shipments.add(shipment_id="s2", location_id="rtm", via_location_id="utr")
    return order


def entry_of(*events: types_pb2.OrderEvent, **fields: Any) -> Entry:
    return Entry(request_id=uuid7(), events=events, decided_unix_ms=DECIDED, **fields)


def event_of(number: int = 1, **fields: Any) -> types_pb2.OrderEvent:
    return types_pb2.OrderEvent(event_id=f"e-{number}", order_id="o1", **fields)


def told(
    entry: Entry, wanted: Wanted = ALL, at_risk: tuple[tuple[int, str], ...] = (), order: types_pb2.Order | None = None
) -> list[dict[str, Any]]:  # fmt: skip
    """The events of an entry, parsed."""

    def find_order(order_id: str, position: str) -> types_pb2.Order | None:
        assert position == "3-7"
        return order if order is not None and order.order_id == order_id else None

    recorded = LogEntry("3-7", entry.SerializeToString(), at_risk, "3-7")
    found = list(events_of(recorded, "urn:belofte:test", wanted, find_order))
    parsed = [json.loads(each.body) for each in found]
    assert [(each.event_id, each.lane) for each in found] == [(each["id"], each["subject"]) for each in parsed]
    return parsed


def test_an_event_has_what_the_specification_asks_for() -> None:
    event = event_of(type=types_pb2.EVENT_TYPE_SHIPMENT_SHIPPED, shipment_id="s1", location_id="ams", line_ids=["a"])
    event.time.FromMilliseconds(DECIDED + 1)
    (found,) = told(entry_of(event, order_id="o1", order=shipped_order()))
    assert found == {
        "specversion": "1.0", "id": "e-1", "source": "urn:belofte:test", "type": "belofte.shipment_shipped.v1", "subject": "o1",
        "time": "2023-11-14T22:13:20.124Z", "datacontenttype": "application/json",
        "data": {
            "event_id": "e-1", "order_id": "o1", "position": "3-7", "type": "EVENT_TYPE_SHIPMENT_SHIPPED", "shipment_id": "s1",
            "time": "2023-11-14T22:13:20.124Z", "line_ids": ["a"], "location_id": "ams",
            "shipments": [
                {"shipment_id": "s1", "location_id": "ams", "tracking_number": "3SABC", "tracking_url": LINK},
            ],
        },
    }  # fmt: skip


def test_a_later_event_carries_the_tracking_link_of_the_order_as_it_was_left() -> None:
    event = event_of(type=types_pb2.EVENT_TYPE_SHIPMENT_DELIVERED, shipment_id="s1")
    (found,) = told(entry_of(event), order=shipped_order())
    assert [each["tracking_url"] for each in found["data"]["shipments"]] == [LINK]
    assert found["time"] == "2023-11-14T22:13:20.123Z"


def test_the_event_of_a_sourced_order_has_its_shipments_and_nothing_of_the_customer() -> None:
    request = sourcing_service_pb2.SourceOrderRequest(order=shipped_order()).SerializeToString()
    response = sourcing_service_pb2.SourceOrderResponse(plan=shipped_order().plan).SerializeToString()
    event = event_of(type=types_pb2.EVENT_TYPE_ORDER_SOURCED)
    (found,) = told(entry_of(event, order_id="o1", method="SourceOrder", request=request, response=response))
    assert [each["shipment_id"] for each in found["data"]["shipments"]] == ["s1", "s2"]
    assert "anna" not in json.dumps(found)
    assert "cost" not in json.dumps(found)


def test_every_order_at_risk_is_told_under_an_id_of_its_own() -> None:
    entry = entry_of()
    entry.risks.add(event=types_pb2.OrderEvent(type=types_pb2.EVENT_TYPE_PROMISE_AT_RISK))
    found = told(entry, at_risk=((0, "a.1"), (0, "b")))
    assert [(each["id"], each["subject"]) for each in found] == [
        (f"{entry.request_id}-risk-1-a.1", "a.1"), (f"{entry.request_id}-risk-1-b", "b"),
    ]  # fmt: skip
    assert message_id(found[0]["id"]) == f"{entry.request_id}-risk-1-a%2E1"


def test_reservations_and_supply_are_told_as_well() -> None:
    entry = entry_of(method="AdjustInventory")
    held = entry.reservations.add(reservation_id="r1", state=reservation_service_pb2.RESERVATION_STATE_ACTIVE, version=1)
    held.basket.customer_id = "anna"
    held.plan.shipments.add(location_id="ams")
    add_effects(entry, (change(3), change(0, 2, "lamp"), change(-4, 0, "nut", "rtm", "po-1", "vip", minute=28_333_333)), ())
    reservation, supply = told(entry)
    assert (reservation["type"], reservation["subject"]) == ("belofte.reservation_changed.v1", "r1")
    assert reservation["data"] == {
        "reservation_id": "r1", "state": "RESERVATION_STATE_ACTIVE", "version": "1", "position": "3-7",
    }  # fmt: skip
    assert (supply["type"], supply["subject"]) == ("belofte.inventory_changed.v1", "inventory")
    assert supply["data"] == {
        "position": "3-7", "method": "AdjustInventory",
        "positions": [
            {"item_id": "bolt", "location_id": "ams", "receipt_id": "", "pool": "", "supply_delta": "3"},
            {"item_id": "nut", "location_id": "rtm", "receipt_id": "po-1", "pool": "vip", "supply_delta": "-4",
             "available_at": "2023-11-14T22:13:00Z"},
        ],
    }  # fmt: skip
    (only,) = told(entry, Wanted(location_ids=frozenset({"rtm"})))
    assert only["id"] == supply["id"]
    assert only["data"]["positions"] == supply["data"]["positions"][1:]
    assert not told(entry, Wanted(location_ids=frozenset({"utr"})))


def test_many_positions_are_told_in_parts() -> None:
    entry = entry_of()
    add_effects(entry, tuple(change(1, item=f"i{n}") for n in range(cloud_events.POSITIONS_EACH + 1)), ())
    found = told(entry)
    assert [each["id"] for each in found] == [f"{entry.request_id}-inventory-{n}" for n in (1, 2)]
    assert [row["item_id"] for each in found for row in each["data"]["positions"]] == [f"i{n}" for n in range(201)]


def test_a_filter_takes_types_and_locations_of_events_and_of_their_shipments() -> None:
    events = (
        event_of(1, type=types_pb2.EVENT_TYPE_ORDER_SOURCED), event_of(2, type=types_pb2.EVENT_TYPE_ORDER_HELD),
        event_of(3, type=types_pb2.EVENT_TYPE_SHIPMENT_READY, shipment_id="s1", location_id="ams"),
    )  # fmt: skip
    entry = entry_of(*events, order_id="o1", order=shipped_order())

    def ids(types: tuple[str, ...] = (), locations: tuple[str, ...] = ()) -> list[str]:
        return [each["id"] for each in told(entry, Wanted(frozenset(types), frozenset(locations)))]

    assert ids() == ["e-1", "e-2", "e-3"]
    assert ids(("ORDER_HELD", "SHIPMENT_READY")) == ["e-2", "e-3"]
    assert ids(locations=("ams",)) == ["e-1", "e-2", "e-3"]
    assert ids(locations=("utr",)) == ["e-1", "e-2"]
    assert ids(("SHIPMENT_READY",), ("rtm",)) == []


def test_types_are_those_of_the_contract() -> None:
    assert "ORDER_SOURCED" in EVENT_TYPES and "UNSPECIFIED" not in EVENT_TYPES
    assert all(re.fullmatch(r"[A-Z_]+", name) for name in EVENT_TYPES)
