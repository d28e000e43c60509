"""Units of an order's lines in its shipments: how many there are, and taking some of them out. A kit counts as one."""

from collections.abc import Iterable, Mapping
from typing import Protocol, cast

from belofte.v1 import types_pb2

from engine.domain.life import ENDED, ShipmentState
from engine.network.image import NetworkImage
from engine.network.kits import components

Ratios = Mapping[str, Mapping[str, int]]
"""By line that is a kit: units of each item in one of it."""

STATES = {
    ShipmentState.PLANNED: types_pb2.LINE_STATE_PLANNED,
    ShipmentState.ACCEPTED: types_pb2.LINE_STATE_ACCEPTED,
    ShipmentState.READY_FOR_PICKUP: types_pb2.LINE_STATE_READY_FOR_PICKUP,
    ShipmentState.SHIPPED: types_pb2.LINE_STATE_SHIPPED,
    ShipmentState.DELIVERED: types_pb2.LINE_STATE_DELIVERED,
    ShipmentState.COLLECTED: types_pb2.LINE_STATE_COLLECTED,
}


def ratios_of(image: NetworkImage, basket: types_pb2.Basket) -> Ratios:
    """The kits of a basket, as the network knows them."""
    found: dict[str, dict[str, int]] = {}
    for line in basket.lines:
        item = image.item_index.get(line.item_id, -1)
        parts = components(image, item) if item >= 0 else {}
        if parts:
            found[line.line_id] = {image.item_ids[part]: ratio for part, ratio in parts.items()}
    return found


class Part(Protocol):
    """Units of one item for a line: of a shipment, or held."""

    line_id: str
    item_id: str
    quantity: int


def count_of(parts: Iterable[Part], line_id: str, ratios: Ratios) -> int:
    """Units of a line among parts; of a kit as many as all its components are there for."""
    units: dict[str, int] = {}
    for part in parts:
        if part.line_id == line_id:
            units[part.item_id] = units.get(part.item_id, 0) + part.quantity
    kit = ratios.get(line_id)
    if not kit:
        return sum(units.values())
    return min(units.get(item_id, 0) // ratio for item_id, ratio in kit.items())


def short_of(plan: types_pb2.Plan, line_id: str, ratios: Ratios) -> int:
    """Units of a line that are short; of a kit as many as any component is missing for."""
    kit = ratios.get(line_id, {})
    short = [-(-each.short_quantity // kit.get(each.item_id, 1)) for each in plan.short_lines if each.line_id == line_id]
    if not short:
        return 0
    return max(short) if kit else sum(short)


def take_units(
    shipment: types_pb2.Shipment, line_id: str, quantity: int, ratios: Ratios, *, on_hand_first: bool = True
) -> list[types_pb2.ShipmentLine]:  # fmt: skip
    """Take units of a line out of a shipment that has them: from what is on hand first, or from what is not there yet."""
    taken: list[types_pb2.ShipmentLine] = []
    kit = ratios.get(line_id, {})
    left: dict[str, int] = {}
    for part in shipment.lines:
        if part.line_id == line_id:
            left.setdefault(part.item_id, quantity * kit.get(part.item_id, 1))
    parts = sorted(
        (part for part in shipment.lines if part.line_id == line_id), key=lambda part: bool(part.receipt_id) is on_hand_first
    )
    for part in parts:
        units = min(part.quantity, left[part.item_id])
        if units:
            moved = types_pb2.ShipmentLine()
            moved.CopyFrom(part)
            moved.quantity = units
            taken.append(moved)
            part.quantity -= units
            left[part.item_id] -= units
    assert not any(left.values()), "there were as many"
    return taken


def units_by_state(order: types_pb2.Order, ratios: Ratios) -> list[types_pb2.LineUnits]:
    """Units of each line by where they are in their life, none of which there are none."""
    found: list[types_pb2.LineUnits] = []
    for line in order.basket.lines:
        units: dict[int, int] = {}
        short = short_of(order.plan, line.line_id, ratios)
        if short:
            units[types_pb2.LINE_STATE_SHORT] = short
        for shipment in order.plan.shipments:
            state = ShipmentState(shipment.state)
            count = 0 if state in ENDED else count_of(shipment.lines, line.line_id, ratios)
            if count:
                units[STATES[state]] = units.get(STATES[state], 0) + count
        cancelled = sum(each.short_quantity for each in order.cancelled_lines if each.line_id == line.line_id)
        if cancelled:
            units[types_pb2.LINE_STATE_CANCELLED] = cancelled
        found += [
            types_pb2.LineUnits(line_id=line.line_id, state=cast("types_pb2.LineState", state), quantity=quantity)
            for state, quantity in sorted(units.items())
        ]
    return found
