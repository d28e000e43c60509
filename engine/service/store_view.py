"""What a store sees: shipments that leave its location or are handed over there, and nothing else of an order."""

from dataclasses import replace
from typing import TYPE_CHECKING

from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.service.desk import Call
from engine.service.fields import parse

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

GET_ORDER, LIST_ORDERS = "/belofte.v1.OrderService/GetOrder", "/belofte.v1.OrderService/ListOrders"
NETWORK_WIDE = frozenset({"/belofte.v1.InventoryService/GetAvailability", "/belofte.v1.NetworkService/GetNetwork",
                          "/belofte.v1.NetworkService/GetCapacity"})  # fmt: skip
"""Methods that tell nothing of orders."""


def seen_by_store(h: "Handlers", call: Call) -> Call | Refusal:
    """A store's call as it is to be worked on; refused where it is about what is not its own."""
    if call.method in NETWORK_WIDE or call.method == GET_ORDER:
        return call
    if call.method == LIST_ORDERS:
        return _own_orders(call)
    # Every change of a shipment names order and shipment in the same two fields.
    request = parse(order_service_pb2.AcceptShipmentRequest, call.message)
    for order in h.ledger.find_orders([request.order_id]):
        for shipment in order.plan.shipments:
            if shipment.shipment_id == request.shipment_id and _is_own(shipment, call):
                return call
    message = f"shipment_id: order {request.order_id!r} has no shipment {request.shipment_id!r} of this store"
    return Refusal(Reason.UNKNOWN_SHIPMENT, message, (FieldViolation("shipment_id", message),))


def shown_to_store(call: Call, answer: bytes) -> bytes | Refusal:
    """An answer without what is not the store's own."""
    if call.method == GET_ORDER:
        found = order_service_pb2.GetOrderResponse.FromString(answer)
        if not _cut(found.order, call):
            message = f"order_id: no order {found.order.order_id!r} has a shipment of this store"
            return Refusal(Reason.UNKNOWN_ORDER, message, (FieldViolation("order_id", message),))
        del found.returns[:]
        return found.SerializeToString()
    if call.method == LIST_ORDERS:
        listed = order_service_pb2.ListOrdersResponse.FromString(answer)
        own = [order for order in listed.orders if _cut(order, call)]
        del listed.orders[:]
        listed.orders.extend(own)
        return listed.SerializeToString()
    return answer


def _own_orders(call: Call) -> Call | Refusal:
    """The list as it was asked for, of the store's locations alone."""
    request = parse(order_service_pb2.ListOrdersRequest, call.message)
    others = set(request.location_ids) - call.caller.store_locations
    if others:
        message = f"location_ids: {', '.join(sorted(others))} is no location of this store"
        return Refusal(Reason.PERMISSION_DENIED, message, (FieldViolation("location_ids", message),))
    if not request.location_ids:
        request.location_ids.extend(sorted(call.caller.store_locations))
    return replace(call, message=request.SerializeToString())


def _cut(order: types_pb2.Order, call: Call) -> bool:
    """Leave of an order what is the store's; whether anything is."""
    own = [shipment for shipment in order.plan.shipments if _is_own(shipment, call)]
    lines = {line.line_id for shipment in own for line in shipment.lines}
    basket_lines = [line for line in order.basket.lines if line.line_id in lines]
    units = [each for each in order.line_units if each.line_id in lines]
    plan = types_pb2.Plan(shipments=own)
    order.plan.CopyFrom(plan)
    del order.basket.lines[:], order.cancelled_lines[:], order.line_units[:]
    order.basket.lines.extend(basket_lines)
    order.line_units.extend(units)
    order.ClearField("value_micros")
    return bool(own)


def _is_own(shipment: types_pb2.Shipment, call: Call) -> bool:
    return bool({shipment.location_id, shipment.via_location_id} & call.caller.store_locations)
