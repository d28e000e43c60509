"""HoldOrder, ReleaseOrder and CancelOrder: what is done to an order as a whole, or to its lines wherever they are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.life import POOLED, Action, ShipmentState, Way, holds_stock
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.draft import Draft, Shipment, Wanted, check_distinct, line_states
from engine.fulfilment.line_units import short_of
from engine.fulfilment.order_record import instant
from engine.service.decode import check_hold_reason
from engine.service.fields import Violations
from engine.service.life import (
    Doing,
    OrderMethod,
    check_future,
    check_line_quantities,
    check_name,
    respond_with,
    wanted_of,
)
from engine.service.order_write import Made

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

Cancelled = tuple[types_pb2.BasketLine, int]
"""A line, and how many units of it."""

CANCELLED_REASON = "CANCELLED"
"""Where a caller gives none."""


def check_hold(h: "Handlers", request: Any, wrong: Violations) -> None:
    """A hold has a reason, and may end by itself."""
    check_name(request.hold_reason, "hold_reason", wrong, is_needed=True)
    check_hold_reason(request.hold_reason, "hold_reason", wrong)
    check_future(h, request, "hold_until", wrong)


def hold(doing: Doing) -> Made:
    """Keep what has not left from leaving; its stock stays allocated."""
    draft, request = doing.draft, doing.request
    doing.check_order_version()
    if draft.order.hold_reason == POOLED:
        # It leaves its pool: a hold that others set lasts until they release it.
        draft.order.ClearField("hold_until")
    else:
        draft.check(Action.HOLD)
    draft.order.hold_reason = request.hold_reason
    if request.HasField("hold_until"):
        draft.order.hold_until.CopyFrom(request.hold_until)
    until = request.hold_until.ToJsonString() if request.HasField("hold_until") else ""
    draft.tell(
        types_pb2.EVENT_TYPE_ORDER_HELD, f"held for {request.hold_reason}" + (f" until {until}" if until else ""),
        reason=request.hold_reason, hold_until=until,
    )  # fmt: skip
    return Made(respond_with(order_service_pb2.HoldOrderResponse))


def release(doing: Doing) -> Made:
    """Let an order go on."""
    doing.check_order_version()
    release_draft(doing.draft, "")
    return Made(respond_with(order_service_pb2.ReleaseOrderResponse))


def release_draft(draft: Draft, why: str) -> None:
    """Take the hold off an order."""
    draft.check(Action.RELEASE)
    reason = draft.order.hold_reason
    draft.order.hold_reason = ""
    draft.order.ClearField("hold_until")
    for shipment in draft.order.plan.shipments:
        if shipment.state == types_pb2.SHIPMENT_STATE_PLANNED:
            # Its location could not accept it before.
            shipment.state_since.CopyFrom(instant(draft.now_unix_ms))
    draft.tell(types_pb2.EVENT_TYPE_ORDER_RELEASED, f"released from {reason}{why}", reason=reason)


def leave_pool(draft: Draft) -> None:
    """Let an order go on that waits in a pool. Raises `Refusal` where it does not any more."""
    if draft.order.hold_reason != POOLED:
        raise Refusal(Reason.WRONG_STATE, f"order {draft.order.order_id!r} waits in no pool any more")
    release_draft(draft, ": its pool is closed")


def check_cancel(h: "Handlers", request: Any, wrong: Violations) -> None:
    """Lines to cancel."""
    check_line_quantities(h, request.lines, wrong)
    check_name(request.reason, "reason", wrong)


def cancel(doing: Doing) -> Made:
    """Cancel units that have not left: those short first, then those planned last."""
    draft, request = doing.draft, doing.request
    doing.check_order_version()
    draft.check(Action.CANCEL)
    wanted = wanted_of(request.lines)
    check_distinct(wanted)
    reason = request.reason or CANCELLED_REASON
    draft.refund(_cancel_lines(draft, wanted, reason, are_named=True) if wanted else call_off(draft, reason), reason)
    return Made(respond_with(order_service_pb2.CancelOrderResponse), frees_capacity=True)


def call_off(draft: Draft, reason: str) -> list[Cancelled]:
    """Cancel all of an order that has not left. Raises `Refusal` where that is nothing."""
    every_line = [Wanted(line.line_id, 0, "order_id") for line in draft.order.basket.lines]
    gone = _cancel_lines(draft, every_line, reason, are_named=False)
    if not gone:
        raise _nothing_left(draft)
    return gone


def _cancel_lines(draft: Draft, wanted: Sequence[Wanted], reason: str, *, are_named: bool) -> list[Cancelled]:
    """Cancel units of lines. `are_named`: raise `Refusal` where there is nothing of one."""
    gone: list[Cancelled] = []
    for each in wanted:
        line = draft.line(each)
        there = short_of(draft.order.plan, line.line_id, draft.ratios) + sum(
            draft.count(shipment, line.line_id) for shipment in cancellable(draft)
        )
        quantity = each.quantity or there
        if quantity > there or (not there and are_named):
            raise _too_many(draft, line, each, there)
        if quantity:
            cancel_units(draft, line.line_id, quantity)
            draft.cancel(line, quantity, reason, f"cancelled: {reason}")
            gone.append((line, quantity))
    if gone:
        count = sum(quantity for _, quantity in gone)
        draft.tell(
            types_pb2.EVENT_TYPE_ORDER_CANCELLED, f"{count} units cancelled: {reason}", None,
            [line.line_id for line, _ in gone], reason=reason, quantity=count,
        )  # fmt: skip
    return gone


def cancellable(draft: Draft) -> list[Shipment]:
    """Shipments that units may be cancelled of, the last first, those that are made ready last of all."""
    found = [
        each for each in draft.order.plan.shipments
        if each.lines and holds_stock(ShipmentState(each.state), Way(each.route or Way.SHIP))
    ]  # fmt: skip
    found.reverse()
    return sorted(found, key=lambda each: each.state)


def cancel_units(draft: Draft, line_id: str, quantity: int) -> None:
    """Take units of a line out of what is short and of shipments, as many as there are known to be."""
    left = quantity - draft.drop_short(line_id, quantity)
    for shipment in cancellable(draft):
        units = min(left, draft.count(shipment, line_id))
        if not units:
            continue
        part = draft.divide(shipment, [Wanted(line_id, units, "lines")], keeps_id=False)
        draft.free(part)
        draft.move_on(part, Action.CANCEL)
        left -= units
    assert not left, "there were as many"


def _too_many(draft: Draft, line: types_pb2.BasketLine, wanted: Wanted, there: int) -> Refusal:
    states = line_states(draft.order, line.line_id, draft.ratios)
    asked = f"not {wanted.quantity}" if wanted.quantity else "so that nothing is left to cancel"
    text = f"{wanted.field}.quantity: {there} units of line {line.line_id!r} can be cancelled, {asked}; of it are {states}"
    return Refusal(Reason.WRONG_STATE, text, (FieldViolation(f"{wanted.field}.quantity", text),))


def _nothing_left(draft: Draft) -> Refusal:
    states = "; ".join(
        f"{each.line_id}: {line_states(draft.order, each.line_id, draft.ratios)}" for each in draft.order.basket.lines
    )
    text = f"order_id: nothing of order {draft.order.order_id!r} can be cancelled any more: {states[:400]}"
    return Refusal(Reason.WRONG_STATE, text, (FieldViolation("order_id", text),))


HOLD = OrderMethod("HoldOrder", order_service_pb2.HoldOrderRequest, order_service_pb2.HoldOrderResponse, check_hold, hold)
RELEASE = OrderMethod(
    "ReleaseOrder", order_service_pb2.ReleaseOrderRequest, order_service_pb2.ReleaseOrderResponse,
    lambda h, request, wrong: None, release,
)  # fmt: skip
CANCEL = OrderMethod(
    "CancelOrder", order_service_pb2.CancelOrderRequest, order_service_pb2.CancelOrderResponse, check_cancel, cancel
)
