"""ChangeOrder: lines, address, or the way they reach the customer. Only what must move moves, and all of it or nothing.

A line that asks for more is sourced for what is more; one that asks for less gives back what was planned last. Where an address
or a way changes, what has not left of the line is sourced anew as if it were free.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from belofte.v1 import order_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.life import ALLOCATED, ENDED, Action, ShipmentState
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.draft import Draft, Wanted, line_states
from engine.fulfilment.line_units import ratios_of, short_of
from engine.service.decode import decode_basket
from engine.service.fields import Violations, check_count, check_id
from engine.service.life import Doing, OrderMethod, check_name, respond_with
from engine.service.order_changes import cancel_units
from engine.service.order_write import Made
from engine.service.source_anew import Asked, add_cost, excluded_by_declines, source_given_back

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

CHANGED = "CHANGED"
Line = types_pb2.BasketLine


def check_change(h: "Handlers", request: Any, wrong: Violations) -> None:
    """Something to change; what it is must make sense in the order, and is looked at there."""
    check_name(request.reason, "reason", wrong)
    check_count(request.lines, "lines", h.limits.lines_max, wrong)
    if check_count(request.removed_line_ids, "removed_line_ids", h.limits.lines_max, wrong):
        for i, line_id in enumerate(request.removed_line_ids):
            check_id(line_id, f"removed_line_ids[{i}]", wrong)
    named = [line.line_id for line in request.lines] + list(request.removed_line_ids)
    if len(named) > len(set(named)):
        wrong.add("lines", "each line once was expected, among lines and removed_line_ids")
    if not (named or request.HasField("destination")):
        wrong.add("lines", "lines, removed_line_ids or a destination was expected")


def change(doing: Doing) -> Made:
    """Bring the order to what it is to be."""
    draft, request = doing.draft, doing.request
    doing.check_order_version()
    draft.check(Action.CHANGE)
    before = {line.line_id: Line.FromString(line.SerializeToString()) for line in draft.order.basket.lines}
    to_move = lines_to_move(draft, request, before)
    fixed = {line_id: _fixed(draft, line_id) for line_id in before}
    less: dict[str, int] = {}
    asked_for: dict[str, int] = {}
    promised: dict[str, Timestamp] = {}
    for i, line_id in enumerate(request.removed_line_ids):
        if line_id not in before:
            draft.line(Wanted(line_id, 0, f"removed_line_ids[{i}]"))
        _refuse_gone(draft, line_id, fixed[line_id], 0, f"removed_line_ids[{i}]")
        less[line_id] = _open(draft, line_id) + short_of(draft.order.plan, line_id, draft.ratios)
        cancel_units(draft, line_id, less[line_id])
    short = {line_id: short_of(draft.order.plan, line_id, draft.ratios) for line_id in before}
    for line_id in to_move:
        open_units = _open(draft, line_id)
        promised |= _promised(draft, line_id)
        _free_open(draft, line_id)
        if any(line.line_id == line_id for line in request.lines):
            draft.drop_short(line_id, 2**31)
        asked_for[line_id] = open_units
    _take_over(doing, before)
    for i, line in enumerate(request.lines):
        target = line.quantity - fixed.get(line.line_id, 0)
        _refuse_gone(draft, line.line_id, fixed.get(line.line_id, 0), line.quantity, f"lines[{i}].quantity")
        if line.line_id in to_move:
            less[line.line_id] = max(0, asked_for[line.line_id] + short[line.line_id] - target)
            asked_for[line.line_id] = target
            continue
        there = _open(draft, line.line_id) + short.get(line.line_id, 0)
        if target < there:
            less[line.line_id] = there - target
            cancel_units(draft, line.line_id, there - target)
        elif target > there:
            asked_for[line.line_id] = target - there
            promised |= _promised(draft, line.line_id)
    made = Made(respond_with(order_service_pb2.ChangeOrderResponse), frees_capacity=True)
    asked_for = {line_id: units for line_id, units in asked_for.items() if units}
    if asked_for:
        _source(doing, asked_for, {} if request.allow_repromise else promised, made)
    draft.tell(
        types_pb2.EVENT_TYPE_ORDER_CHANGED, _said(request), None,
        [line.line_id for line in request.lines] + list(request.removed_line_ids), reason=request.reason,
    )  # fmt: skip
    refunds = [(before[line_id], units) for line_id, units in less.items() if units]
    if refunds:
        draft.refund(refunds, request.reason or CHANGED)
    return made


def lines_to_move(draft: Draft, request: order_service_pb2.ChangeOrderRequest, before: Mapping[str, Line]) -> list[str]:
    """Lines that what has not left of must be sourced anew: another item, way or wish, or another address; and their sets."""
    asked = {line.line_id: line for line in request.lines}
    found = {line_id for line_id, line in asked.items() if line_id in before and _is_other(before[line_id], line)}
    if request.HasField("destination") and request.destination != draft.order.basket.destination:
        collected = (types_pb2.DELIVERY_METHOD_PICKUP, types_pb2.DELIVERY_METHOD_SHIP_TO_STORE)
        found |= {line_id for line_id, line in before.items() if asked.get(line_id, line).delivery_method not in collected}
    sets = {before[line_id].ship_set for line_id in found} - {""}
    found |= {line_id for line_id, line in before.items() if line.ship_set in sets}
    return [line_id for line_id in before if line_id in found and line_id not in request.removed_line_ids]


def _is_other(before: Line, after: Line) -> bool:
    """Whether a line asks for something else than more or fewer units, at whatever price."""
    plain = []
    for line in (before, after):
        copy = Line.FromString(line.SerializeToString())
        copy.quantity = copy.unit_price_micros = 0
        copy.delivery_method = copy.delivery_method or types_pb2.DELIVERY_METHOD_SHIP
        for name in ("gift_wrap", "tags"):
            copy.ClearField(name)
        plain.append(copy)
    return plain[0] != plain[1]


def _take_over(doing: Doing, before: Mapping[str, Line]) -> None:
    """The basket as it is to be, checked like that of an order; what was cancelled of a line before is not asked for."""
    draft, request, h = doing.draft, doing.request, doing.h
    basket = draft.order.basket
    asked = {line.line_id: Line.FromString(line.SerializeToString()) for line in request.lines}
    for line_id, line in asked.items():
        if line_id in before:
            line.unit_price_micros = line.unit_price_micros or before[line_id].unit_price_micros
    removed = frozenset(request.removed_line_ids)
    lines = [asked.get(line_id, line) for line_id, line in before.items() if line_id not in removed]
    lines += [line for line_id, line in asked.items() if line_id not in before]
    for line_id, line in asked.items():
        is_other = line_id in before and (line.item_id, line.unit_price_micros) != (
            before[line_id].item_id, before[line_id].unit_price_micros
        )  # fmt: skip
        # What has left was sold as it was, at its price: that is what is paid back where it returns.
        if is_other and _fixed(draft, line_id):
            _refuse_gone(draft, line_id, _fixed(draft, line_id), 0, "lines")
    del basket.lines[:]
    basket.lines.extend(lines)
    if request.HasField("destination"):
        basket.destination.CopyFrom(request.destination)
    checked = types_pb2.Basket()
    checked.CopyFrom(basket)
    checked.ClearField("request_time")
    for line in checked.lines:
        if line.line_id not in asked:
            line.ClearField("latest_date")
    wrong = Violations()
    if lines:
        decode_basket(checked, "order.basket", h.image, h.now_minute(), h.limits.lines_max, wrong)
    wrong.check()
    kept = [
        types_pb2.ShortLine.FromString(each.SerializeToString()) for each in draft.order.cancelled_lines
        if each.line_id not in asked and each.line_id not in removed
    ]  # fmt: skip
    del draft.order.cancelled_lines[:]
    draft.order.cancelled_lines.extend(kept)
    draft.ratios = ratios_of(draft.image, basket)


def _source(doing: Doing, units: dict[str, int], promised: dict[str, Timestamp], made: Made) -> None:
    draft, order = doing.draft, doing.draft.order
    count = len(order.plan.shipments)
    asked = Asked(units, excluded_by_declines(draft), promised, is_strict=True, field="order.basket")
    plan = source_given_back(doing, asked, made)
    order.plan.short_lines.extend(plan.short_lines)
    found = order.plan.shipments[count:]
    places = ", ".join(f"{each.shipment_id} from {each.location_id}" for each in found)
    draft.tell(
        types_pb2.EVENT_TYPE_ORDER_RESOURCED, f"sourced anew: {places}", None, units, shipments=len(found),
        cost_micros=plan.cost.total_micros,
    )  # fmt: skip


def _free_open(draft: Draft, line_id: str) -> None:
    """What has not left of a line is given back, to be had otherwise."""
    for shipment in [each for each in draft.order.plan.shipments if ShipmentState(each.state) in ALLOCATED]:
        if not draft.count(shipment, line_id):
            continue
        cost = types_pb2.CostBreakdown.FromString(shipment.cost.SerializeToString())
        part = draft.divide(shipment, [Wanted(line_id, 0, "lines")], keeps_id=False)
        if part is shipment:
            add_cost(draft.order.plan.cost, cost, -1)
        draft.move_on(part, Action.CHANGE)
        draft.free(part)


def _open(draft: Draft, line_id: str) -> int:
    """Units of a line that are allocated and can still be changed."""
    return sum(
        draft.count(each, line_id) for each in draft.order.plan.shipments if ShipmentState(each.state) in ALLOCATED
    )  # fmt: skip


def _fixed(draft: Draft, line_id: str) -> int:
    """Units of a line that have left, or wait for the customer."""
    return sum(
        draft.count(each, line_id) for each in draft.order.plan.shipments
        if ShipmentState(each.state) not in ALLOCATED and ShipmentState(each.state) not in ENDED
    )  # fmt: skip


def _promised(draft: Draft, line_id: str) -> dict[str, Timestamp]:
    """Until when what has not left of a line was promised; empty: nothing of it was."""
    order = draft.order
    if order.promise.HasField("delivery_latest"):
        return {line_id: order.promise.delivery_latest}
    stamps = [
        each.delivery_latest for each in order.plan.shipments
        if ShipmentState(each.state) in ALLOCATED and draft.count(each, line_id)
    ]  # fmt: skip
    return {line_id: Timestamp(seconds=max(each.seconds for each in stamps))} if stamps else {}


def _refuse_gone(draft: Draft, line_id: str, fixed: int, wanted: int, field: str) -> None:
    if wanted >= fixed:
        return
    states = line_states(draft.order, line_id, draft.ratios)
    text = f"{field}: {fixed} units of line {line_id!r} cannot be changed any more: {states}"
    raise Refusal(Reason.WRONG_STATE, text, (FieldViolation(field, text),))


def _said(request: order_service_pb2.ChangeOrderRequest) -> str:
    parts = [f"line {line.line_id}: {line.quantity} of {line.item_id}" for line in request.lines]
    parts += [f"line {line_id} taken out" for line_id in request.removed_line_ids]
    if request.HasField("destination"):
        parts.append("another address")
    return "changed: " + "; ".join(parts)[:400]


CHANGE = OrderMethod(
    "ChangeOrder", order_service_pb2.ChangeOrderRequest, order_service_pb2.ChangeOrderResponse, check_change, change
)
