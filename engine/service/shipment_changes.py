"""AcceptShipment, ShipShipment and DeliverShipment: what a location, or a carrier, says of one shipment."""

from typing import TYPE_CHECKING, Any

from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.life import Action
from engine.service.fields import Violations, check_count, check_id, check_range, check_text
from engine.service.life import (
    Doing,
    OrderMethod,
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

PACKAGES_MAX = 100
TRACKING_LENGTH_MAX = 128
URL_LENGTH_MAX = 2_000
SIZE_MAX = 10**9


def check_accept(h: "Handlers", request: Any, wrong: Violations) -> None:
    """A shipment."""
    check_shipment_id(request, wrong)


def accept(doing: Doing) -> Made:
    """Its location begins to pick."""
    draft, shipment = doing.draft, doing.shipment()
    draft.check(Action.ACCEPT)
    draft.move_on(shipment, Action.ACCEPT)
    text = f"{shipment.location_id} has accepted {shipment.shipment_id}"
    draft.tell(types_pb2.EVENT_TYPE_SHIPMENT_ACCEPTED, text, shipment)
    return Made(respond_with(order_service_pb2.AcceptShipmentResponse))


def check_ship(h: "Handlers", request: Any, wrong: Violations) -> None:
    """What was handed over, how it was packed, and where it can be followed."""
    check_shipment_id(request, wrong)
    check_line_quantities(h, request.lines, wrong)
    check_past(h, request, "shipped_at", wrong)
    check_text(request.tracking_number, "tracking_number", TRACKING_LENGTH_MAX, wrong)
    check_text(request.tracking_url, "tracking_url", URL_LENGTH_MAX, wrong)
    if request.tracking_url and not request.tracking_url.startswith(("http://", "https://")):
        wrong.add("tracking_url", "an address that begins with https:// or http:// was expected")
    if not check_count(request.packages, "packages", PACKAGES_MAX, wrong):
        return
    for i, package in enumerate(request.packages):
        path = f"packages[{i}]"
        check_id(package.package_id, f"{path}.package_id", wrong)
        check_text(package.tracking_number, f"{path}.tracking_number", TRACKING_LENGTH_MAX, wrong)
        for name in ("weight_grams", "billable_weight_grams", "length_mm", "width_mm", "height_mm"):
            check_range(getattr(package, name), f"{path}.{name}", 0, SIZE_MAX, wrong)


def ship(doing: Doing) -> Made:
    """It is handed over to its carrier: supply and demand go down together. What is left is a shipment of its own."""
    draft, request, shipment = doing.draft, doing.request, doing.shipment()
    draft.check(Action.SHIP)
    part = draft.divide(shipment, wanted_of(request.lines), keeps_id=True)
    happened = ms_given(request, "shipped_at")
    draft.move_on(part, Action.SHIP, happened)
    draft.leave(part)
    part.tracking_number, part.tracking_url = request.tracking_number, request.tracking_url
    del part.packages[:]
    part.packages.extend(request.packages)
    text = f"{part.shipment_id} left {part.location_id}"
    if part.carrier_service_id:
        text += f" by {part.carrier_service_id}"
    draft.tell(
        types_pb2.EVENT_TYPE_SHIPMENT_SHIPPED, text, part, dict.fromkeys(line.line_id for line in part.lines), happened,
        tracking_number=part.tracking_number, tracking_url=part.tracking_url, carrier_service_id=part.carrier_service_id,
        quantity=sum(line.quantity for line in part.lines),
    )  # fmt: skip
    return Made(respond_with(order_service_pb2.ShipShipmentResponse), happened_unix_ms=happened)


def check_deliver(h: "Handlers", request: Any, wrong: Violations) -> None:
    """A shipment, and when."""
    check_shipment_id(request, wrong)
    check_past(h, request, "delivered_at", wrong)


def deliver(doing: Doing) -> Made:
    """It has arrived."""
    draft, shipment = doing.draft, doing.shipment()
    draft.check(Action.DELIVER)
    happened = ms_given(doing.request, "delivered_at")
    draft.move_on(shipment, Action.DELIVER, happened)
    draft.tell(
        types_pb2.EVENT_TYPE_SHIPMENT_DELIVERED, f"{shipment.shipment_id} was delivered", shipment, (), happened,
        tracking_number=shipment.tracking_number,
    )  # fmt: skip
    return Made(respond_with(order_service_pb2.DeliverShipmentResponse))


ACCEPT = OrderMethod(
    "AcceptShipment", order_service_pb2.AcceptShipmentRequest, order_service_pb2.AcceptShipmentResponse, check_accept, accept
)
SHIP = OrderMethod(
    "ShipShipment", order_service_pb2.ShipShipmentRequest, order_service_pb2.ShipShipmentResponse, check_ship, ship
)
DELIVER = OrderMethod(
    "DeliverShipment",
    order_service_pb2.DeliverShipmentRequest,
    order_service_pb2.DeliverShipmentResponse,
    check_deliver,
    deliver,
)
