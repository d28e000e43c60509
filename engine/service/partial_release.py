"""A part of what a reservation holds given back, by the lines of its basket."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from belofte.v1 import reservation_service_pb2, types_pb2
from google.protobuf.message import Message

from engine.domain.ids import BACKORDER
from engine.domain.reasons import FieldViolation, invalid
from engine.fulfilment.line_units import Ratios, count_of
from engine.inventory.holds import HeldCapacity, HeldUnits, Hold
from engine.inventory.transaction import Cell
from engine.kernels.subsets import capacity_need
from engine.network.image import NetworkImage
from engine.service.hold_writes import Wire

LineQuantity = reservation_service_pb2.ReservationLineQuantity
OverRelease = reservation_service_pb2.OverRelease
Copied = TypeVar("Copied", bound=Message)


def units_released(
    hold: Hold, asked: Iterable[LineQuantity], kits: Ratios
) -> tuple[tuple[HeldUnits, ...], list[OverRelease]]:  # fmt: skip
    """Units that lines give back, the last of each line first, and lines of which more is asked back than is held."""
    gone: list[HeldUnits] = []
    over: list[OverRelease] = []
    for i, line in enumerate(asked):
        if not any(each.line_id == line.line_id for each in hold.units):
            expected = f"a line of the reservation was expected, not {line.line_id!r}"
            raise invalid([FieldViolation(f"lines[{i}].line_id", expected)])
        held = [each for each in less(hold.units, gone) if each.line_id == line.line_id]
        there = sum(each.quantity for each in held)
        if line.line_id in kits and line.quantity:
            expected = "0 was expected, for all of it: the line is a kit, which is given back whole"
            raise invalid([FieldViolation(f"lines[{i}].quantity", expected)])
        left = min(line.quantity or there, there)
        if line.quantity > there:
            over.append(OverRelease(line_id=line.line_id, requested_quantity=line.quantity, released_quantity=there))
        for each in reversed(held):
            taken = min(left, each.quantity)
            if taken:
                gone.append(each._replace(quantity=taken))
            left -= taken
    return tuple(gone), over


def less(units: Sequence[HeldUnits], gone: Sequence[HeldUnits]) -> tuple[HeldUnits, ...]:
    """What is left of units."""
    taken: dict[tuple[str, Cell], int] = {}
    for each in gone:
        key = each.line_id, each.cell
        taken[key] = taken.get(key, 0) + each.quantity
    left = [each._replace(quantity=each.quantity - taken.get((each.line_id, each.cell), 0)) for each in units]
    return tuple(each for each in left if each.quantity)


def capacity_left(
    image: NetworkImage, hold: Hold, units: Sequence[HeldUnits]
) -> tuple[tuple[HeldCapacity, ...], tuple[HeldCapacity, ...]]:  # fmt: skip
    """Capacity that a hold still takes for fewer units, and what it gives back: as its location counts."""
    kept: list[HeldCapacity] = []
    back: list[HeldCapacity] = []
    for use in hold.capacities:
        there = [each for each in units if each.cell.location_id == use.location_id]
        location = image.location_index.get(use.location_id)
        need = use.quantity
        if location is not None:
            kind, lines = image.capacity_unit.item(location), len({each.line_id for each in there})
            need = int(capacity_need(kind, lines, sum(each.quantity for each in there)))
        left = min(use.quantity, need) if there else 0
        if left:
            kept.append(use._replace(quantity=left))
        if left < use.quantity:
            back.append(use._replace(quantity=use.quantity - left))
    return tuple(kept), tuple(back)


def shrink(wire: Wire, before: Wire, hold: Hold, kits: Ratios) -> None:
    """Take out of basket and plan what is held no more; the plan's costs stay those of the whole.

    What was short of a line stays so, unless nothing of the line is held any more: then it is gone.
    """
    gone = {each.line_id for each in before.lines} - {each.line_id for each in wire.lines}
    kept = [copy_of(line) for line in wire.basket.lines if line.line_id not in gone]
    for line in kept:
        line.quantity -= count_of(before.lines, line.line_id, kits) - count_of(wire.lines, line.line_id, kits)
    del wire.basket.lines[:]
    wire.basket.lines.extend(kept)
    short = [copy_of(each) for each in wire.plan.short_lines if each.line_id not in gone]
    del wire.plan.short_lines[:]
    wire.plan.short_lines.extend(short)
    left = {(each.line_id, each.cell): each.quantity for each in hold.units}
    come_in: list[tuple[types_pb2.Shipment, types_pb2.ShipmentLine]] = []
    for shipment in wire.plan.shipments:
        for part in shipment.lines:
            receipt_id = "" if part.receipt_id == BACKORDER else part.receipt_id
            planned, key = part.quantity, (part.line_id, Cell(part.item_id, shipment.location_id, receipt_id, part.pool))
            part.quantity = take_from(left, key, planned)
            if receipt_id and part.quantity < planned:
                rest = copy_of(part)
                rest.quantity = planned - part.quantity
                rest.ClearField("receipt_id")
                come_in.append((shipment, rest))
    # Of a receipt that has come in meanwhile, units are held on hand.
    for shipment, rest in come_in:
        key = rest.line_id, Cell(rest.item_id, shipment.location_id, "", rest.pool)
        rest.quantity = take_from(left, key, rest.quantity)
        shipment.lines.append(rest)
    for shipment in wire.plan.shipments:
        parts = [copy_of(part) for part in shipment.lines if part.quantity]
        del shipment.lines[:]
        shipment.lines.extend(parts)
    shipments = [copy_of(each) for each in wire.plan.shipments if each.lines]
    del wire.plan.shipments[:]
    wire.plan.shipments.extend(shipments)


def take_from(left: dict[tuple[str, Cell], int], key: tuple[str, Cell], quantity: int) -> int:
    """Take so many units of what is left at a position for a line, or as many as there are."""
    taken = min(quantity, left.get(key, 0))
    left[key] = left.get(key, 0) - taken
    return taken


def copy_of(message: Copied) -> Copied:
    """A message of its own: what a list of a message holds goes with the list."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
