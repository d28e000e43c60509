"""The record of an order: what the entries that made and changed it leave, oldest first."""

from collections.abc import Sequence
from typing import Protocol, cast

from belofte.v1 import ledger_entry_pb2, order_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import BACKORDER
from engine.domain.life import GONE, ShipmentState, Way, holds_stock, order_state
from engine.inventory.transaction import Cell

Order = types_pb2.Order
Entry = ledger_entry_pb2.LedgerEntry
Return = order_service_pb2.Return
Capacities = tuple[tuple[str, int, int], ...]
"""(location, local day, quantity) that an order takes for what has not left."""


class RecordedEntry(Protocol):
    """An entry as the ledger gives it back."""

    @property
    def position(self) -> str:
        """`epoch-sequence`."""
        ...

    @property
    def entry(self) -> bytes:
        """A serialized LedgerEntry."""
        ...


def instant(unix_ms: int) -> Timestamp:
    """Unix milliseconds as an instant."""
    return Timestamp(seconds=unix_ms // 1000, nanos=unix_ms % 1000 * 1_000_000)


def order_of(entries: Sequence[RecordedEntry]) -> Order:
    """The order as its entries leave it, oldest first."""
    assert entries
    return order_left([Entry.FromString(each.entry) for each in entries])


def order_left(messages: Sequence[Entry]) -> Order:
    """As `order_of`, of entries that are read already."""
    last = next((n for n in reversed(range(len(messages))) if messages[n].HasField("order")), 0)
    order = order_in(messages[last])
    for later in messages[last + 1 :]:
        note_shipped(order, later)
    order.version = len(messages)
    order.created_at.CopyFrom(instant(messages[0].decided_unix_ms))
    order.updated_at.CopyFrom(instant(messages[-1].decided_unix_ms))
    return order


def order_in(entry: Entry) -> Order:
    """The order that an entry made, or left: a message of its own."""
    order = Order()
    if entry.HasField("order"):
        order.CopyFrom(entry.order)
        return order
    request = sourcing_service_pb2.SourceOrderRequest.FromString(entry.request)
    response = sourcing_service_pb2.SourceOrderResponse.FromString(entry.response)
    order.CopyFrom(request.order)
    order.version = 1
    order.state = response.state
    order.plan.CopyFrom(response.plan)
    # Set by the service alone, as all that follows.
    order.reservation_id = ""
    order.ClearField("at_risk_since")
    del order.cancelled_lines[:], order.line_units[:]
    order.created_at.CopyFrom(instant(entry.decided_unix_ms))
    order.updated_at.CopyFrom(instant(entry.decided_unix_ms))
    order.currency = response.currency
    order.policy_id = response.policy_id
    order.network_version = response.network_version
    order.policy_version = response.policy_version
    return order


def capacities_left(messages: Sequence[Entry]) -> Capacities:
    """Capacity that an order takes for what has not left."""
    last = next((each for each in reversed(messages) if each.HasField("order")), None)
    # What lies in several shards is told apart from what the order takes: see `inventory/parts.py`.
    known = messages[0] if last is None else last
    uses = known.order_capacities if last is not None or known.HasField("decision") else known.capacities
    return tuple((use.location_id, use.day, use.quantity_delta) for use in uses)


def returns_left(messages: Sequence[Entry]) -> dict[str, Return]:
    """Returns of an order as its entries leave them, by id, in the order of their announcement."""
    return {each.return_id: each for message in messages for each in message.returns}


def note_shipped(order: Order, entry: Entry) -> None:
    """Units that a feed says have left: their shipments are split into what went and what is still there."""
    left = [each for each in entry.pegs if each.order_id == order.order_id and each.quantity_delta < 0]
    if not left:
        return
    named = {
        (event.item_id, event.location_id): event.shipment_id for event in entry.events
        if event.order_id == order.order_id and event.shipment_id
    }  # fmt: skip
    since = instant(entry.decided_unix_ms)
    gone: dict[str, types_pb2.Shipment] = {}
    for peg in left:
        cell = Cell(peg.item_id, peg.location_id, peg.receipt_id, peg.pool)
        units = -peg.quantity_delta
        name = named.get((peg.item_id, peg.location_id))
        open_ones = [each for each in order.plan.shipments if is_held(each) and each.location_id == cell.location_id]
        parts = [(shipment, line) for shipment in open_ones for line in shipment.lines]
        # Units of a receipt that has come in are on hand, whatever was written when they were promised.
        parts = [(shipment, line) for shipment, line in parts if (line.item_id, line.pool) == (cell.item_id, cell.pool)]
        parts.sort(key=lambda part: (part[0].shipment_id != name, cell_of(*part) != cell))
        for shipment, line in parts:
            taken = min(units, line.quantity)
            if taken:
                line.quantity -= taken
                units -= taken
                add_units(gone.setdefault(shipment.shipment_id, types_pb2.Shipment()), line, taken)
    for shipment in [each for each in order.plan.shipments if each.shipment_id in gone]:
        rest = drop_empty(shipment)
        part = gone[shipment.shipment_id]
        if rest:
            kept = order.plan.shipments.add()
            kept.CopyFrom(shipment)
            kept.shipment_id, kept.version = next_shipment_id(order), 1
            kept.ClearField("cost")
        del shipment.lines[:]
        shipment.lines.extend(part.lines)
        is_collected = shipment.route == types_pb2.ROUTE_PICKUP
        shipment.state = types_pb2.SHIPMENT_STATE_COLLECTED if is_collected else types_pb2.SHIPMENT_STATE_SHIPPED
        shipment.version += 1
        shipment.state_since.CopyFrom(since)
    order.state = state_of(order)


def state_of(order: Order) -> "types_pb2.OrderState":
    """Its state, as its shipments and what is short say."""
    states = [ShipmentState(each.state) for each in order.plan.shipments if each.lines]
    found = order_state(states, is_held=bool(order.hold_reason), is_short=bool(order.plan.short_lines))
    return cast("types_pb2.OrderState", int(found))


def is_held(shipment: types_pb2.Shipment) -> bool:
    """Whether its units are still demand where it comes from."""
    return holds_stock(ShipmentState(shipment.state), Way(shipment.route or Way.SHIP))


def has_left(shipment: types_pb2.Shipment) -> bool:
    """Whether it is on its way to the customer, or there."""
    return ShipmentState(shipment.state) in GONE


def cell_of(shipment: types_pb2.Shipment, line: types_pb2.ShipmentLine) -> Cell:
    """The position that units of a shipment are demand of; what is sold beyond stock is demand of what is on hand."""
    receipt_id = "" if line.receipt_id == BACKORDER else line.receipt_id
    return Cell(line.item_id, shipment.location_id, receipt_id, line.pool)


def add_units(shipment: types_pb2.Shipment, line: types_pb2.ShipmentLine, quantity: int) -> None:
    """Add units of a line to a shipment, to those of the same receipt and pool where it has some."""
    for each in shipment.lines:
        if (each.line_id, each.item_id, each.receipt_id, each.pool) == (
            line.line_id, line.item_id, line.receipt_id, line.pool,
        ):  # fmt: skip
            each.quantity += quantity
            return
    added = shipment.lines.add()
    added.CopyFrom(line)
    added.quantity = quantity


def drop_empty(shipment: types_pb2.Shipment) -> bool:
    """Without lines that nothing is left of; whether any is left."""
    kept = [types_pb2.ShipmentLine.FromString(line.SerializeToString()) for line in shipment.lines if line.quantity]
    del shipment.lines[:]
    shipment.lines.extend(kept)
    return bool(kept)


def next_shipment_id(order: Order) -> str:
    """An id for one shipment more: none is ever taken out of an order."""
    taken = {each.shipment_id for each in order.plan.shipments}
    number = len(taken) + 1
    while f"{order.order_id}-{number}" in taken:
        number += 1
    return f"{order.order_id}-{number}"
