"""Milestones: by when a shipment must have gone on for its promise to hold, and which of them an order has missed.

They are counted back from the promised date when it is planned: what a carrier or a truck takes must be handed over before it
leaves, what is collected must be ready when the customer may come.
"""

from collections.abc import Iterator
from typing import NamedTuple

from belofte.v1 import types_pb2

from engine.domain.life import ShipmentState, Way

PICK, HANDOVER, TRANSFER, READY = "PICK_BY", "HANDOVER_BY", "TRANSFER_BY", "READY_BY"
NOT_LEFT = (ShipmentState.PLANNED.value, ShipmentState.ACCEPTED.value)
SHIPPED, DIGITAL, SHIP_TO_STORE = ShipmentState.SHIPPED.value, Way.DIGITAL.value, Way.SHIP_TO_STORE.value
BY_TRUCK = (SHIP_TO_STORE, Way.CONSOLIDATION.value)


class Milestone(NamedTuple):
    """What must be done of a shipment by an instant."""

    unix_ms: int
    name: str
    shipment: types_pb2.Shipment


def milestones(plan: types_pb2.Plan) -> Iterator[Milestone]:
    """The next one of each shipment that has one ahead."""
    for shipment in plan.shipments:
        if shipment.lines and (unix_ms := next_ms(shipment)) is not None:
            yield Milestone(unix_ms, _name(shipment), shipment)


def next_ms(shipment: types_pb2.Shipment) -> int | None:
    """When the next one of a shipment is due, in Unix milliseconds; None: it has none ahead."""
    # Plain numbers: this is asked of every order that is recorded.
    state, way = shipment.state, shipment.route
    if state in NOT_LEFT:
        if way != DIGITAL and shipment.HasField("handover_by"):
            return shipment.handover_by.seconds * 1_000
    elif state == SHIPPED and way == SHIP_TO_STORE and shipment.HasField("delivery_latest"):
        return shipment.delivery_latest.seconds * 1_000
    return None


def _name(shipment: types_pb2.Shipment) -> str:
    way = int(shipment.route)
    if shipment.state == SHIPPED:
        return READY
    if way == Way.PICKUP:
        return PICK
    # What is put together where it lies waits for the carrier there.
    return TRANSFER if way in BY_TRUCK and shipment.location_id != shipment.via_location_id else HANDOVER


def missed(plan: types_pb2.Plan, now_unix_ms: int) -> list[Milestone]:
    """Those that have passed."""
    return [each for each in milestones(plan) if each.unix_ms < now_unix_ms]
