"""What tests of the life of an order ask, in few words: a method by its name, events, lists."""

from typing import Any

from belofte.v1 import order_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import CALL_SECONDS_MAX, Refused, refusal
from tests.acceptance.server import Server

State = types_pb2.OrderState
PLANNED, ACCEPTED, DECLINED = (
    types_pb2.SHIPMENT_STATE_PLANNED, types_pb2.SHIPMENT_STATE_ACCEPTED, types_pb2.SHIPMENT_STATE_DECLINED
)  # fmt: skip
READY, SHIPPED, DELIVERED = (
    types_pb2.SHIPMENT_STATE_READY_FOR_PICKUP, types_pb2.SHIPMENT_STATE_SHIPPED, types_pb2.SHIPMENT_STATE_DELIVERED
)  # fmt: skip
COLLECTED, CANCELLED = types_pb2.SHIPMENT_STATE_COLLECTED, types_pb2.SHIPMENT_STATE_CANCELLED


def do(server: Server, method: str, **fields: Any) -> Any:
    """One call of OrderService, or ReassignShipment, under a request id of its own; lines are (line, quantity)."""
    module, stub = order_service_pb2, server.order
    if method == "ReassignShipment":
        module, stub = sourcing_service_pb2, server.sourcing  # type: ignore[assignment]
    kind = getattr(module, method + "Request")
    if "request_id" in kind.DESCRIPTOR.fields_by_name:
        fields.setdefault("request_id", uuid7())
    request = kind(**{name: value for name, value in fields.items() if name != "lines"})
    for line in fields.get("lines", ()):
        request.lines.append(
            order_service_pb2.LineQuantity(line_id=line[0], quantity=line[1]) if isinstance(line, tuple) else line
        )
    return getattr(stub, method)(request, timeout=CALL_SECONDS_MAX)


def wrong(server: Server, method: str, **fields: Any) -> Refused:
    """The same, which must be refused."""
    return refusal(lambda: do(server, method, **fields))


def order(server: Server, order_id: str) -> types_pb2.Order:
    found: types_pb2.Order = do(server, "GetOrder", order_id=order_id).order
    return found


def state(server: Server, order_id: str) -> str:
    return State.Name(order(server, order_id).state).removeprefix("ORDER_STATE_")


def states(found: types_pb2.Order) -> list[tuple[str, str, str, int]]:
    """(id after the order's, location, state, units) of each shipment."""
    return [
        (
            each.shipment_id.removeprefix(f"{found.order_id}-"), each.location_id,
            types_pb2.ShipmentState.Name(each.state).removeprefix("SHIPMENT_STATE_"),
            sum(line.quantity for line in each.lines),
        )
        for each in found.plan.shipments
    ]  # fmt: skip


def units(found: types_pb2.Order) -> dict[str, dict[str, int]]:
    """Units of each line by state."""
    by_line: dict[str, dict[str, int]] = {}
    for each in found.line_units:
        name = types_pb2.LineState.Name(each.state).removeprefix("LINE_STATE_")
        by_line.setdefault(each.line_id, {})[name] = each.quantity
    return by_line


def events(server: Server, order_id: str) -> list[types_pb2.OrderEvent]:
    return list(do(server, "ListOrderEvents", order_id=order_id).events)


def told(server: Server, order_id: str) -> list[str]:
    """Kinds of its events, oldest first."""
    return [types_pb2.EventType.Name(each.type).removeprefix("EVENT_TYPE_") for each in events(server, order_id)]


def listed(server: Server, **fields: Any) -> list[str]:
    """Ids of all orders that a list names, page after page."""
    found: list[str] = []
    token = ""
    while True:
        answer = do(server, "ListOrders", page_token=token, **fields)
        found += [each.order_id for each in answer.orders]
        token = answer.next_page_token
        if not token:
            return found
