"""ReassignShipment: a shipment that has not left goes to another location or carrier service, by hand."""

from typing import TYPE_CHECKING, Any

from belofte.v1 import sourcing_service_pb2, types_pb2

from engine.domain.life import Action
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.draft import Shipment, Wanted
from engine.service.fields import Violations, check_count, check_id, index_of_location
from engine.service.life import Doing, OrderMethod, check_name, check_shipment_id
from engine.service.order_write import Made
from engine.service.source_anew import Asked, add_cost, source_given_back

if TYPE_CHECKING:
    from engine.service.handlers import Handlers


def check_reassign(h: "Handlers", request: Any, wrong: Violations) -> None:
    """A shipment, or lines of it, and where it is to come from or go with."""
    check_shipment_id(request, wrong)
    check_name(request.reason, "reason", wrong)
    if not (request.location_id or request.carrier_service_id):
        wrong.add("location_id", "a location or a carrier service was expected")
    if request.location_id:
        index_of_location(request.location_id, "location_id", h.image, wrong)
    if request.carrier_service_id and request.carrier_service_id not in h.image.service_index:
        known = ", ".join(h.image.service_ids[:20])
        wrong.add("carrier_service_id", f"one of {known} was expected, not {request.carrier_service_id[:40]!r}")
    if check_count(request.line_ids, "line_ids", h.limits.lines_max, wrong):
        for i, line_id in enumerate(request.line_ids):
            check_id(line_id, f"line_ids[{i}]", wrong)


def reassign(doing: Doing) -> Made:
    """What it takes is given back and taken where it is to come from: all of it, or nothing is changed."""
    draft, request, shipment = doing.draft, doing.request, doing.shipment()
    draft.check(Action.REASSIGN)
    before = Shipment()
    before.CopyFrom(shipment)
    wanted = [Wanted(line_id, 0, f"line_ids[{i}]") for i, line_id in enumerate(request.line_ids)]
    part = draft.divide(shipment, wanted, keeps_id=False)
    if request.location_id == part.location_id and request.carrier_service_id in ("", part.carrier_service_id):
        text = f"location_id: shipment {part.shipment_id!r} comes from {part.location_id} already"
        raise Refusal(Reason.WRONG_STATE, text, (FieldViolation("location_id", text),))
    if part is shipment:
        add_cost(draft.order.plan.cost, before.cost, -1)
    draft.move_on(part, Action.REASSIGN)
    draft.free(part)
    units = dict(draft.whole(part))
    promised = dict.fromkeys(units, before.delivery_latest) if not request.allow_late else {}
    made = Made(lambda order: sourcing_service_pb2.ReassignShipmentResponse(), frees_capacity=True)
    asked = Asked(
        units, {}, promised, is_strict=True, location_id=request.location_id or part.location_id,
        service_id=request.carrier_service_id, field="order.basket",
    )  # fmt: skip
    count = len(draft.order.plan.shipments)
    plan = source_given_back(doing, asked, made)
    found = draft.order.plan.shipments[count:]
    draft.order.plan.short_lines.extend(plan.short_lines)
    places = ", ".join(f"{each.shipment_id} from {each.location_id}" for each in found)
    draft.tell(
        types_pb2.EVENT_TYPE_ORDER_RESOURCED, f"{part.shipment_id} moved by hand: {places}", part, units, reason=request.reason,
        shipments=len(found),
    )  # fmt: skip
    currency = doing.h.image.network.currency

    def respond(order: types_pb2.Order) -> sourcing_service_pb2.ReassignShipmentResponse:
        return sourcing_service_pb2.ReassignShipmentResponse(plan=order.plan, version=order.version, currency=currency)

    made.respond = respond
    return made


REASSIGN = OrderMethod(
    "ReassignShipment", sourcing_service_pb2.ReassignShipmentRequest, sourcing_service_pb2.ReassignShipmentResponse,
    check_reassign, reassign,
)  # fmt: skip
