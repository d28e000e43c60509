"""Milestones: by when a shipment must have gone on for its promise to hold, and which of them an order has missed.

They are counted back from the promised date when it is planned: what a carrier or a truck takes must be handed over before it
leaves, what is collected must be ready when the customer may come.
"""

from collections.abc import Iterator
from typing import NamedTuple

from belofte.v1 import types_pb2

from engine.domain.life import ShipmentState, Way
from engine.fulfilment.order_record import Order

PICK, HANDOVER, TRANSFER, READY = "PICK_BY", "HANDOVER_BY", "TRANSFER_BY", "READY_BY"
NOT_LEFT = (ShipmentState.PLANNED.value, ShipmentState.ACCEPTED.value)
BY_TRUCK = (Way.SHIP_TO_STORE.value, Way.CONSOLIDATION.value)


class Milestone(NamedTuple):
    """What must be done of a shipment by an instant."""

    unix_ms: int
    name: str
    shipment: types_pb2.Shipment


def milestones(plan: types_pb2.Plan) -> Iterator[Milestone]:
    """The next one of each shipment that has one ahead."""
    for shipment in plan.shipments:
        if not shipment.lines:
            continue
        # Plain numbers: this is asked of every order that is recorded.
        way, state = int(shipment.route), int(shipment.state)
        if state in NOT_LEFT and way != Way.DIGITAL and shipment.HasField("handover_by"):
            name = PICK if way == Way.PICKUP else TRANSFER if way in BY_TRUCK else HANDOVER
            yield Milestone(shipment.handover_by.seconds * 1_000, name, shipment)
        elif state == ShipmentState.SHIPPED and way == Way.SHIP_TO_STORE and shipment.HasField("delivery_latest"):
            yield Milestone(shipment.delivery_latest.seconds * 1_000, READY, shipment)


def first_milestone(order: Order, plan: types_pb2.Plan) -> int:
    """When the next is due, in Unix milliseconds; 0: none is, or the order is known to be at risk."""
    if order.HasField("at_risk_since"):
        return 0
    return min((max(1, each.unix_ms) for each in milestones(plan)), default=0)


def missed(plan: types_pb2.Plan, now_unix_ms: int) -> list[Milestone]:
    """Those that have passed."""
    return [each for each in milestones(plan) if each.unix_ms < now_unix_ms]
