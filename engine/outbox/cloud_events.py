"""What the ledger records, as CloudEvents 1.0 in JSON: the events of orders, and what became of reservations and of supply.

Ids are made of what is recorded and of nothing else, so that an event that is told again, by whichever process, has its id.
Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson
from belofte.v1 import ledger_entry_pb2, types_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from engine.fulfilment.order_record import instant, order_in
from engine.inventory.effects import effects_in
from engine.ledger.follow import LogEntry
from engine.service.commit_events import commit_of
from engine.service.record import SOURCE_ORDER

TYPE_PREFIX, TYPE_SUFFIX = "belofte.", ".v1"
EVENT_PREFIX = "EVENT_TYPE_"
RESERVATION_CHANGED, INVENTORY_CHANGED = "RESERVATION_CHANGED", "INVENTORY_CHANGED"
EVENT_TYPES = frozenset(
    name.removeprefix(EVENT_PREFIX) for name, number in types_pb2.EventType.items() if number
) | {RESERVATION_CHANGED, INVENTORY_CHANGED}  # fmt: skip
"""Names of all types, as filters name them."""

INVENTORY_SUBJECT = "inventory"
MS_PER_MINUTE = 60_000
POSITIONS_EACH = 200
"""Positions in one event: a feed changes any number at once."""

FindOrder = Callable[[str, str], types_pb2.Order | None]
"""An order as it was left at a position; None where there is none."""


class Wanted(NamedTuple):
    """What a subscriber is told; what is empty bars nothing."""

    types: frozenset[str] = frozenset()
    location_ids: frozenset[str] = frozenset()

    def takes(self, event_type: str, location_ids: set[str]) -> bool:
        """Whether an event of a type, which concerns locations, is wanted."""
        is_there = not self.location_ids or bool(self.location_ids & location_ids)
        return is_there and (not self.types or event_type in self.types)


class CloudEvent(NamedTuple):
    """One event as it is sent. `lane`: events with the same one are delivered in the order of the log."""

    event_id: str
    lane: str
    body: bytes


def events_of(recorded: LogEntry, source: str, wanted: Wanted, find_order: FindOrder) -> Iterator[CloudEvent]:
    """The events of one entry that are wanted: of orders as they are recorded, then of reservations, then of supply.

    One that was overruled made no order and no reservation; what it did to supply, and what takes that back, are both told.
    """
    entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
    yield from _order_events(recorded, entry, source, wanted, find_order)
    if recorded.counts:
        yield from _reservation_events(recorded, entry, source, wanted)
    yield from _inventory_events(recorded, entry, source, wanted)


def _order_events(
    recorded: LogEntry, entry: ledger_entry_pb2.LedgerEntry, source: str, wanted: Wanted, find_order: FindOrder
) -> Iterator[CloudEvent]:
    commit = commit_of(recorded)
    for event in commit.events() if commit is not None else ():
        name = types_pb2.EventType.Name(event.type).removeprefix(EVENT_PREFIX)
        if wanted.types and name not in wanted.types:
            continue
        shipments = _shipments(event, recorded.position, entry, find_order)
        places = {event.location_id, *(place for each in shipments for place in (each.location_id, each.via_location_id))}
        if not wanted.takes(name, places - {""}):
            continue
        data = {**_json(event), "shipments": [_json(each) for each in shipments]}
        time = event.time if event.HasField("time") else instant(entry.decided_unix_ms)
        subject = event.order_id or event.item_id
        yield _event(event.event_id, name, source, subject, time.ToJsonString(), data)


def _shipments(
    event: types_pb2.OrderEvent, position: str, entry: ledger_entry_pb2.LedgerEntry, find_order: FindOrder
) -> list[types_pb2.Shipment]:
    """The shipments that an event is about as it left them, with their tracking links: its own, or all of its order."""
    if not event.order_id:
        return []
    if entry.order_id == event.order_id and (entry.HasField("order") or entry.method == SOURCE_ORDER):
        order: types_pb2.Order | None = order_in(entry)
    else:
        order = find_order(event.order_id, position)
    shipments = []
    for each in order.plan.shipments if order is not None else ():
        if not event.shipment_id or each.shipment_id == event.shipment_id:
            shipment = types_pb2.Shipment()
            shipment.CopyFrom(each)
            shipment.ClearField("cost")  # what it costs is nobody's business outside
            shipments.append(shipment)
    return shipments


def _reservation_events(
    recorded: LogEntry, entry: ledger_entry_pb2.LedgerEntry, source: str, wanted: Wanted
) -> Iterator[CloudEvent]:  # fmt: skip
    for each in entry.reservations:
        places = {shipment.location_id for shipment in each.plan.shipments}
        if not wanted.takes(RESERVATION_CHANGED, places):
            continue
        data = _json(each)
        # Who the customer is, and where the basket goes, stays inside.
        for name in ("basket", "plan"):
            data.pop(name, None)
        data["position"] = recorded.position
        event_id = f"{entry.request_id}-reservation-{each.reservation_id}"
        time = instant(entry.decided_unix_ms).ToJsonString()
        yield _event(event_id, RESERVATION_CHANGED, source, each.reservation_id, time, data)


def _inventory_events(
    recorded: LogEntry, entry: ledger_entry_pb2.LedgerEntry, source: str, wanted: Wanted
) -> Iterator[CloudEvent]:  # fmt: skip
    if wanted.types and INVENTORY_CHANGED not in wanted.types:
        return
    changed = [each for each in effects_in(entry)[0] if each.supply_delta or each.available_at_minute is not None]
    for number, first in enumerate(range(0, len(changed), POSITIONS_EACH), 1):
        positions = []
        for each in changed[first : first + POSITIONS_EACH]:
            if wanted.location_ids and each.location_id not in wanted.location_ids:
                continue
            row: dict[str, Any] = {
                "item_id": each.item_id, "location_id": each.location_id, "receipt_id": each.receipt_id, "pool": each.pool,
                "supply_delta": str(each.supply_delta),
            }  # fmt: skip
            if each.available_at_minute is not None:
                row["available_at"] = instant(each.available_at_minute * MS_PER_MINUTE).ToJsonString()
            positions.append(row)
        if positions:
            data = {"position": recorded.position, "method": entry.method, "positions": positions}
            event_id = f"{entry.request_id}-inventory-{number}"
            time = instant(entry.decided_unix_ms).ToJsonString()
            yield _event(event_id, INVENTORY_CHANGED, source, INVENTORY_SUBJECT, time, data)


def _event(event_id: str, name: str, source: str, subject: str, time: str, data: dict[str, Any]) -> CloudEvent:
    event = {
        "specversion": "1.0", "id": event_id, "source": source, "type": f"{TYPE_PREFIX}{name.lower()}{TYPE_SUFFIX}",
        "subject": subject, "time": time, "datacontenttype": "application/json", "data": data,
    }  # fmt: skip
    return CloudEvent(event_id, subject, orjson.dumps(event))


def _json(message: Message) -> dict[str, Any]:
    """As the JSON mapping of protobuf has it, with the contract's names: whole numbers of 64 bits are texts there."""
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found
