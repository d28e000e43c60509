"""DeclineShipmentLines: a location cannot, or will not, send what it was given. It is sourced elsewhere at once.

A location that has declined a line is not asked for it again. Where no other has it, the line is cancelled and to be paid
back, or waits as a backorder: as the policy says.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.enums import DeclinedLines
from engine.domain.life import Action
from engine.fulfilment.draft import Draft, Shipment, Wanted
from engine.service.fields import Violations
from engine.service.life import (
    Doing,
    OrderMethod,
    check_line_quantities,
    check_name,
    check_shipment_id,
    respond_with,
    wanted_of,
)
from engine.service.order_write import Made
from engine.service.source_anew import Asked, add_cost, excluded_by_declines, short_units, source_anew

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

DAMAGED, NOT_FOUND, TOO_BUSY, NOT_ACCEPTED = "DAMAGED", "NOT_FOUND", "TOO_BUSY", "NOT_ACCEPTED"
OF_STOCK = (DAMAGED, NOT_FOUND)
"""Reasons for which the units are not there to be sold to anybody else."""


class Declined(NamedTuple):
    """Units of a line that are declined, why, and whether they do not exist."""

    wanted: Wanted
    reason: str
    is_lost: bool


def check_decline(h: "Handlers", request: Any, wrong: Violations) -> None:
    """A shipment, and lines of it with a reason each."""
    check_shipment_id(request, wrong)
    check_line_quantities(h, request.lines, wrong, needs_some=True)
    for i, line in enumerate(request.lines[: h.limits.lines_max]):
        check_name(line.reason, f"lines[{i}].reason", wrong, is_needed=True)


def decline(doing: Doing) -> Made:
    """Exclude the location for these lines, correct its stock, and source them anew."""
    request, shipment = doing.request, doing.shipment()
    doing.draft.check(Action.DECLINE)
    declined = [
        Declined(wanted, line.reason, line.remove_supply or line.reason in OF_STOCK)
        for wanted, line in zip(wanted_of(request.lines), request.lines, strict=True)
    ]
    made = Made(respond_with(order_service_pb2.DeclineShipmentLinesResponse))
    cancelled = decline_lines(doing, shipment, declined, made)

    def respond(order: types_pb2.Order) -> order_service_pb2.DeclineShipmentLinesResponse:
        return order_service_pb2.DeclineShipmentLinesResponse(order=order, cancelled_lines=cancelled)

    made.respond = respond
    return made


def decline_lines(
    doing: Doing, shipment: Shipment, declined: Sequence[Declined], made: Made
) -> list[types_pb2.ShortLine]:  # fmt: skip
    """What a decline does to the order, and what it takes anew; the lines that nobody else can send."""
    draft = doing.draft
    promised = shipment.delivery_latest if shipment.HasField("delivery_latest") else None
    cost = types_pb2.CostBreakdown()
    cost.CopyFrom(shipment.cost)
    part = draft.divide(shipment, [each.wanted for each in declined], keeps_id=False)
    if part is shipment:
        # Nothing of the shipment is left that its cost is the cost of.
        add_cost(draft.order.plan.cost, cost, -1)
    draft.move_on(part, Action.DECLINE)
    draft.free(part)
    lost = {each.wanted.line_id for each in declined if each.is_lost}
    draft.lose(part, lost)
    units = dict(draft.whole(part))
    reasons = {each.wanted.line_id: each.reason for each in declined}
    told = ", ".join(f"{count} of line {line_id} ({reasons[line_id]})" for line_id, count in units.items())
    draft.tell(
        types_pb2.EVENT_TYPE_SHIPMENT_DECLINED, f"{part.location_id} declined {told}", part, units,
        reason=next(iter(reasons.values())), quantity=sum(units.values()),
    )  # fmt: skip
    made.frees_capacity = True
    return place_elsewhere(doing, units, promised, made, f"declined by {part.location_id}")


def place_elsewhere(
    doing: Doing, units: dict[str, int], promised_until: Any, made: Made, why: str
) -> list[types_pb2.ShortLine]:  # fmt: skip
    """Source units anew; the lines that are cancelled because nobody else has them."""
    draft, order = doing.draft, doing.draft.order
    policy = doing.h.image.policies.choose(policy_id=order.policy_id, minute=doing.h.now_minute())
    waits = policy is not None and policy.declined_lines is DeclinedLines.BACKORDER
    excluded = excluded_by_declines(draft)
    before = len(order.plan.shipments)
    promised = dict.fromkeys(units, promised_until) if promised_until is not None else {}
    plan = source_anew(doing, Asked(units, excluded, promised, allow_backorder=waits), made)
    found = order.plan.shipments[before:]
    if found:
        places = ", ".join(f"{each.shipment_id} from {each.location_id}" for each in found)
        lines = dict.fromkeys(part.line_id for each in found for part in each.lines)
        draft.tell(
            types_pb2.EVENT_TYPE_ORDER_RESOURCED, f"{why}, sourced anew: {places}", None, lines, shipments=len(found),
            cost_micros=plan.cost.total_micros,
        )  # fmt: skip
        late = max((each.delivery_latest.seconds for each in found), default=0)
        if promised_until is not None and late > promised_until.seconds:
            latest = max(found, key=lambda each: each.delivery_latest.seconds)
            draft.tell(
                types_pb2.EVENT_TYPE_ORDER_REPROMISED, f"{latest.shipment_id} arrives later than was promised", latest, (),
                promised=promised_until.ToJsonString(), delivery_latest=latest.delivery_latest.ToJsonString(),
            )  # fmt: skip
    if waits:
        order.plan.short_lines.extend(plan.short_lines)
        return []
    return cancel_short(draft, plan, why)


def cancel_short(draft: Draft, plan: types_pb2.Plan, why: str) -> list[types_pb2.ShortLine]:
    """Cancel what a plan is short of, and say that it is to be paid back."""
    lines = {line.line_id: line for line in draft.order.basket.lines}
    short = short_units(draft, plan)
    if not short:
        return []
    cancelled = [
        draft.cancel(lines[line_id], count, first.reason, f"{why}; {first.message}")
        for line_id, (count, first) in short.items()
    ]
    gone = [(lines[line_id], count) for line_id, (count, _) in short.items()]
    count = sum(units for _, units in gone)
    draft.tell(
        types_pb2.EVENT_TYPE_ORDER_CANCELLED, f"{count} units cancelled: {why}, and nobody else has them", None, short,
        reason=cancelled[0].reason, quantity=count,
    )  # fmt: skip
    draft.refund(gone, cancelled[0].reason)
    return cancelled


DECLINE = OrderMethod(
    "DeclineShipmentLines", order_service_pb2.DeclineShipmentLinesRequest, order_service_pb2.DeclineShipmentLinesResponse,
    check_decline, decline,
)  # fmt: skip
