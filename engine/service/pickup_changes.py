"""MarkReadyForPickup and CollectShipment, and what is not collected in time: it is back in stock."""

from typing import TYPE_CHECKING, Any

from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.life import Action
from engine.fulfilment.draft import Draft, Shipment
from engine.fulfilment.order_record import instant
from engine.inventory.transaction import Cell
from engine.service.fields import Violations
from engine.service.life import (
    Doing,
    OrderMethod,
    check_future,
    check_line_quantities,
    check_past,
    check_shipment_id,
    ms_given,
    respond_with,
    wanted_of,
)
from engine.service.order_write import Made

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

NOT_COLLECTED = "NOT_COLLECTED"
DAY_MS = 86_400_000


def check_ready(h: "Handlers", request: Any, wrong: Violations) -> None:
    """A shipment, since when it is ready, and until when it is kept."""
    check_shipment_id(request, wrong)
    check_past(h, request, "ready_at", wrong)
    check_future(h, request, "keep_until", wrong)


def ready(doing: Doing) -> Made:
    """It waits for its customer; the stock stays theirs as long as it is kept."""
    draft, request, shipment = doing.draft, doing.request, doing.shipment()
    draft.check(Action.READY)
    happened = ms_given(request, "ready_at")
    if shipment.route == types_pb2.ROUTE_PICKUP:
        draft.check_there(shipment)
    draft.move_on(shipment, Action.READY, happened)
    place = place_of(shipment)
    keep_until = ms_given(request, "keep_until")
    if keep_until is None:
        at = doing.h.image.location_index.get(place)
        days = doing.h.image.locations[at].keep_days if at is not None else 1
        keep_until = draft.now_unix_ms + days * DAY_MS
    shipment.keep_until.CopyFrom(instant(keep_until))
    draft.tell(
        types_pb2.EVENT_TYPE_SHIPMENT_READY, f"{shipment.shipment_id} can be collected at {place}", shipment, (), happened,
        pickup_location_id=place, keep_until=shipment.keep_until.ToJsonString(),
    )  # fmt: skip
    return Made(respond_with(order_service_pb2.MarkReadyForPickupResponse))


def check_collect(h: "Handlers", request: Any, wrong: Violations) -> None:
    """A shipment, when it was collected, and how much of it."""
    check_shipment_id(request, wrong)
    check_line_quantities(h, request.lines, wrong)
    check_past(h, request, "collected_at", wrong)


def collect(doing: Doing) -> Made:
    """The customer has it. What is left goes on waiting, as a shipment of its own."""
    draft, request, shipment = doing.draft, doing.request, doing.shipment()
    draft.check(Action.COLLECT)
    part = draft.divide(shipment, wanted_of(request.lines), keeps_id=True)
    happened = ms_given(request, "collected_at")
    draft.move_on(part, Action.COLLECT, happened)
    part.ClearField("keep_until")
    if part.route == types_pb2.ROUTE_PICKUP:
        # What came by a transfer has left its stock when it was sent.
        draft.leave(part)
    draft.tell(
        types_pb2.EVENT_TYPE_SHIPMENT_COLLECTED, f"{part.shipment_id} was collected at {place_of(part)}", part,
        dict.fromkeys(line.line_id for line in part.lines), happened, quantity=sum(line.quantity for line in part.lines),
    )  # fmt: skip
    return Made(respond_with(order_service_pb2.CollectShipmentResponse), happened_unix_ms=happened)


def lapse(draft: Draft) -> list[Shipment]:
    """Shipments that were kept long enough: back in stock, and their lines cancelled and to be paid back."""
    lapsed = [
        each for each in draft.order.plan.shipments
        if each.state == types_pb2.SHIPMENT_STATE_READY_FOR_PICKUP and each.HasField("keep_until")
        and each.keep_until.ToMilliseconds() <= draft.now_unix_ms
    ]  # fmt: skip
    lines = {line.line_id: line for line in draft.order.basket.lines}
    for shipment in lapsed:
        draft.check(Action.LAPSE)
        if shipment.route == types_pb2.ROUTE_PICKUP:
            draft.free(shipment)
        else:
            draft.put += [(Cell(part.item_id, place_of(shipment), "", ""), part.quantity) for part in shipment.lines]
        units = draft.whole(shipment)
        draft.move_on(shipment, Action.LAPSE)
        shipment.ClearField("keep_until")
        text = f"{shipment.shipment_id} was not collected in time and is back in stock"
        for line_id, count in units:
            draft.cancel(lines[line_id], count, NOT_COLLECTED, text)
        draft.tell(
            types_pb2.EVENT_TYPE_ORDER_CANCELLED, text, shipment, [line_id for line_id, _ in units], reason=NOT_COLLECTED
        )
        draft.refund([(lines[line_id], count) for line_id, count in units], NOT_COLLECTED)
    return lapsed


def place_of(shipment: Shipment) -> str:
    """Where its customer collects it."""
    return shipment.via_location_id or shipment.location_id


READY = OrderMethod(
    "MarkReadyForPickup", order_service_pb2.MarkReadyForPickupRequest, order_service_pb2.MarkReadyForPickupResponse,
    check_ready, ready,
)  # fmt: skip
COLLECT = OrderMethod(
    "CollectShipment",
    order_service_pb2.CollectShipmentRequest,
    order_service_pb2.CollectShipmentResponse,
    check_collect,
    collect,
)
