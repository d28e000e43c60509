"""Units of a reservation moved to another one, or to another location, without anybody else getting them meanwhile."""

from collections.abc import Sequence
from dataclasses import replace

from belofte.v1 import reservation_service_pb2, types_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.fulfilment.line_units import Ratios, count_of, ratios_of
from engine.inventory.holds import HeldCapacity, HeldUnits, Hold, merged, merged_capacity
from engine.inventory.live import LiveStock
from engine.inventory.transaction import CapacityChange, CellChange
from engine.network.image import NetworkImage
from engine.optimizer.kept import Asker, floor_for, rules_for
from engine.service.hold_writes import RECORD, RELEASED, Change, Wire, changed, ended, hold_of
from engine.service.partial_release import capacity_left, less, shrink, units_released
from engine.sourcing.reserve import charge_caller, end_charge, give_back, give_capacity_back

MINUTE_MS = 60_000

Request = reservation_service_pb2.TransferReservationRequest


def plan_transfer(
    image: NetworkImage, stock: LiveStock, request: Request, giver: Wire, taker: Wire | None, location: int, now_unix_ms: int,
    holds_max: int,
) -> Change:  # fmt: skip
    """What moves the units; `taker` None: into a new reservation, `location` −1: where they are. Raises `Refusal`.

    What was moved is held without a plan: an order is planned when one becomes of it. `holds_max`: reservations of a caller.
    """
    hold = hold_of(stock, giver, now_unix_ms, request.expected_version if request.HasField("expected_version") else None)
    kits = ratios_of(image, giver.basket)
    gone, over = units_released(hold, request.lines, kits) if request.lines else (hold.units, [])
    if over:
        place = next(i for i, line in enumerate(request.lines) if line.line_id == over[0].line_id)
        expected = f"at most {over[0].released_quantity} were expected, as many as are held"
        raise invalid([FieldViolation(f"lines[{place}].quantity", expected)])
    moved, cells = (gone, ()) if location < 0 else _placed(image, stock, gone, location, giver.basket, now_unix_ms)
    within = taker is not None and taker.reservation_id == giver.reservation_id
    units = less(hold.units, gone) + (moved if within else ())
    kept, back = capacity_left(image, hold, units)
    # What is moved where it is takes its capacity along.
    carried, back = (back, ()) if location < 0 else ((), back)
    left = (
        None if not units else replace(hold, version=hold.version + 1, units=merged(units), capacities=kept, is_planned=False)
    )
    response = reservation_service_pb2.TransferReservationResponse()
    if left is None:
        source, freed = ended(giver, hold, RELEASED), (*give_capacity_back(back), end_charge(hold))
    else:
        source, freed = changed(giver, left), give_capacity_back(back)
        if not within:
            shrink(source, giver, left, kits)
    _forget_plan(source)
    response.source.CopyFrom(source)
    if within:
        response.target.CopyFrom(source)
        return Change(((hold, left),), (source,), response, cells, freed)
    target, before, after, charge = _taken_over(
        stock, request, giver, taker, hold, moved, carried, now_unix_ms, holds_max, left is None, kits
    )  # fmt: skip
    response.target.CopyFrom(target)
    created = "" if taker is not None else RECORD + target.reservation_id
    return Change(((hold, left), (before, after)), (source, target), response, cells, (*freed, *charge), created)


def _placed(
    image: NetworkImage, stock: LiveStock, gone: Sequence[HeldUnits], location: int, basket: types_pb2.Basket, now_unix_ms: int
) -> tuple[tuple[HeldUnits, ...], tuple[CellChange, ...]]:  # fmt: skip
    """The units at another location, on hand there; and what gives them back where they were."""
    location_id = image.location_ids[location]
    _check_place(image, gone, location, basket)
    asker = Asker(basket.channel, basket.scenario_id, now_unix_ms // MINUTE_MS)
    collected = {line.line_id for line in basket.lines if line.delivery_method == types_pb2.DELIVERY_METHOD_PICKUP}
    moved = tuple(
        each._replace(cell=each.cell._replace(location_id=location_id, receipt_id="")) for each in gone
    )  # fmt: skip
    wanted: dict[tuple[str, str], int] = {}
    for each in moved:
        key = each.cell.item_id, each.cell.pool
        wanted[key] = wanted.get(key, 0) + each.quantity
    freed = {change.cell: change for change in give_back(gone)}
    for each in moved:
        units = wanted.pop((each.cell.item_id, each.cell.pool), 0)
        if not units:
            continue
        item = image.item_index[each.cell.item_id]
        rules = rules_for(image, item, asker)
        is_off = rules is not None and rules.available is not None and not rules.available[location]
        floor = 0 if each.cell.pool else floor_for(image, stock, item, asker, each.line_id in collected).item(location)
        before = freed.get(each.cell)
        at = stock.matrix.find(item, location, stock.slot_of(item, location, "", each.cell.pool))
        there = int(stock.matrix.supply[at]) - int(stock.matrix.demand[at]) if at >= 0 else 0
        delta = units + (before.demand_delta if before else 0)
        if is_off or not stock.open_of(image.active)[location] or (delta > 0 and there - delta < floor):
            text = f"{location_id} has {max(0, there - floor)} of {each.cell.item_id} to hold, {units} were asked for"
            raise Refusal(Reason.NO_STOCK, text, (FieldViolation("target_location_id", text),))
        freed[each.cell] = CellChange(each.cell, 0, delta, floor if delta > 0 else None, None, None)
    return moved, tuple(change for change in freed.values() if change.demand_delta)


def _check_place(image: NetworkImage, gone: Sequence[HeldUnits], location: int, basket: types_pb2.Basket) -> None:
    """Raise `Refusal` where no order of the basket could have the units of a line from a location."""
    location_id, moved = image.location_ids[location], {each.line_id for each in gone}
    for line in basket.lines:
        if line.line_id not in moved:
            continue
        is_collected = line.delivery_method == types_pb2.DELIVERY_METHOD_PICKUP
        is_barred = (
            location_id in line.excluded_location_ids
            or (line.allowed_location_ids and location_id not in line.allowed_location_ids)
            or line.preassigned_location_id not in ("", location_id)
            or not (image.ships[location] or (is_collected and location_id == line.pickup_location_id))
        )
        if is_barred:
            text = f"line {line.line_id!r} may not be sourced from {location_id}"
            raise Refusal(Reason.RESTRICTED, text, (FieldViolation("target_location_id", text),))


def _taken_over(
    stock: LiveStock, request: Request, giver: Wire, taker: Wire | None, hold: Hold, moved: Sequence[HeldUnits],
    carried: Sequence[HeldCapacity], now_unix_ms: int, holds_max: int, is_ended: bool, kits: Ratios,
) -> tuple[Wire, Hold | None, Hold, tuple[CapacityChange, ...]]:  # fmt: skip
    """The reservation that takes: its record, its hold before and after, and what its caller is charged.

    `is_ended`: the one that gives is not counted any more.
    """
    if taker is None:
        charge = charge_caller(stock, hold.caller, holds_max, ending=int(is_ended))
        after = replace(
            hold, reservation_id=request.request_id, version=1, units=merged(moved), capacities=tuple(carried), is_planned=False
        )
        wire = Wire()
        wire.CopyFrom(giver)
        wire = changed(wire, after)
        del wire.basket.lines[:]
        _add_lines(wire.basket, giver.basket, moved, kits)
        _forget_plan(wire)
        return wire, None, after, (charge,)
    before = hold_of(stock, taker, now_unix_ms, None)
    _check_lines(taker, before, giver, moved)
    after = replace(
        before, version=before.version + 1, units=merged((*before.units, *moved)), is_planned=False,
        capacities=merged_capacity((*before.capacities, *carried)),
    )  # fmt: skip
    wire = changed(taker, after)
    _add_lines(wire.basket, giver.basket, moved, kits)
    _forget_plan(wire)
    return wire, before, after, ()


def _check_lines(taker: Wire, before: Hold, giver: Wire, moved: Sequence[HeldUnits]) -> None:
    """Raise `Refusal` where a line of both is of one item here and of another one there."""
    asked = {line.line_id: line.item_id for line in giver.basket.lines}
    for line in taker.basket.lines:
        held = {each.cell.item_id for each in before.units if each.line_id == line.line_id}
        come = {each.cell.item_id for each in moved if each.line_id == line.line_id}
        if come and (asked[line.line_id] != line.item_id or (held and held != come)):
            found = ", ".join(sorted(held)) or line.item_id
            text = f"line {line.line_id!r} of reservation {taker.reservation_id!r} is of another item, {found}"
            raise Refusal(Reason.WRONG_STATE, text, (FieldViolation("target_reservation_id", text),))


def _add_lines(basket: types_pb2.Basket, giver: types_pb2.Basket, moved: Sequence[HeldUnits], kits: Ratios) -> None:
    """Lines of what was moved, with the wishes that they had."""
    parts = [types_pb2.ShipmentLine(line_id=each.line_id, item_id=each.cell.item_id, quantity=each.quantity) for each in moved]
    for line_id in dict.fromkeys(each.line_id for each in moved):
        line = next((line for line in basket.lines if line.line_id == line_id), None)
        if line is None:
            line = basket.lines.add()
            line.CopyFrom(next(line for line in giver.lines if line.line_id == line_id))
            line.quantity = 0
        line.quantity += count_of(parts, line_id, kits)


def _forget_plan(wire: Wire) -> None:
    """No plan holds any more, nor what was said of it."""
    for name in ("plan", "policy_id", "policy_version", "network_version"):
        wire.ClearField(name)
