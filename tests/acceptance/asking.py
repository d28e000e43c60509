"""What acceptance tests ask, in few words: stock set, baskets quoted, orders sourced, refusals read."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import grpc
from belofte.v1 import (
    inventory_service_pb2,
    order_service_pb2,
    promise_service_pb2,
    sourcing_service_pb2,
    types_pb2,
)
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from engine.domain.ids import uuid7
from tests.acceptance.server import Server

CALL_SECONDS_MAX = 20.0
AMSTERDAM = "Europe/Amsterdam"
HOME = types_pb2.Destination(country_code="NL", postal_code="1012 AB")
COMMIT, PREVIEW = sourcing_service_pb2.SOURCE_MODE_COMMIT, sourcing_service_pb2.SOURCE_MODE_PREVIEW

Answer = sourcing_service_pb2.SourceOrderResponse


class Refused(NamedTuple):
    """An error as a caller reads it: its code by name, its reason, the fields it names, and whether to come back."""

    code: str
    reason: str
    fields: tuple[str, ...]
    message: str
    retry_after_ms: int


class Stock(NamedTuple):
    """Base units of one item over the network."""

    on_hand: int
    allocated: int
    available: int


def instant(text: str, zone: str = AMSTERDAM) -> Timestamp:
    """A local time such as 2030-03-29T17:00 as an instant; the first of the two where it exists twice."""
    return Timestamp(seconds=int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()))


def local(stamp: Timestamp, zone: str = AMSTERDAM) -> str:
    """An instant as a local time, such as Fri 2030-03-29 17:00."""
    return f"{datetime.fromtimestamp(stamp.seconds, ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


def record(item: str, location: str, quantity: int, **fields: Any) -> types_pb2.InventoryRecord:
    fields.setdefault("kind", types_pb2.INVENTORY_KIND_ON_HAND)
    return types_pb2.InventoryRecord(item_id=item, location_id=location, quantity=quantity, **fields)


def adjust(server: Server, *records: types_pb2.InventoryRecord) -> inventory_service_pb2.AdjustInventoryResponse:
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=records)
    return server.inventory.AdjustInventory(request, timeout=CALL_SECONDS_MAX)


def put(server: Server, item: str, stock: Mapping[str, int]) -> None:
    """Set what is on hand of an item, location by location in the order given."""
    answer = adjust(server, *(record(item, location, quantity) for location, quantity in stock.items()))
    assert (answer.accepted_count, answer.rejected_count) == (len(stock), 0), answer


SHARED_PLACES = ("A", "B", "X", "Y", "Z", "corner")
"""Where tests put items of the network's own, which all of them share."""


def put_available(server: Server, item: str, stock: Mapping[str, int]) -> None:
    """Set what can be promised of an item of the network's own, nothing elsewhere: what orders of other tests hold of it is
    put on top.
    """
    enough = 1_000
    stock = {**dict.fromkeys(SHARED_PLACES, 0), **stock}
    put(server, item, dict.fromkeys(stock, enough))
    found = available(server, item)
    put(server, item, {location: quantity + enough - found[location] for location, quantity in stock.items()})


def stocked(server: Server, **stock: int) -> str:
    """A new item with this much on hand at each location."""
    item = server.item()
    if stock:
        put(server, item, stock)
    return item


def stock_rows(server: Server, *items: str, **asked: Any) -> list[inventory_service_pb2.Availability]:
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=items, **asked)
    return list(server.inventory.GetAvailability(request, timeout=CALL_SECONDS_MAX).availabilities)


def stock_of(server: Server, item: str, **asked: Any) -> Stock:
    """On hand, allocated and available of an item over the network."""
    (row,) = stock_rows(server, item, group_by=inventory_service_pb2.GROUP_BY_NETWORK, **asked)
    return Stock(row.on_hand, row.allocated, row.available)


def available(server: Server, item: str) -> dict[str, int]:
    """Available to promise of an item, location by location."""
    return {row.location_id: row.available for row in stock_rows(server, item)}


def lines(*wanted: tuple[str, int], **wishes: Any) -> list[types_pb2.BasketLine]:
    """Lines 1, 2 … of (item, quantity), each with the same wishes."""
    return [
        types_pb2.BasketLine(line_id=f"{n}", item_id=item, quantity=quantity, **wishes)
        for n, (item, quantity) in enumerate(wanted, 1)
    ]


def basket(wanted: Sequence[types_pb2.BasketLine], **fields: Any) -> types_pb2.Basket:
    fields.setdefault("destination", HOME)
    fields.setdefault("policy_id", "cost")
    return types_pb2.Basket(lines=wanted, **fields)


def order_request(
    wanted: types_pb2.Basket, mode: "sourcing_service_pb2.SourceMode" = COMMIT, order_id: str = ""
) -> sourcing_service_pb2.SourceOrderRequest:
    """A request under an id of its own."""
    request_id = uuid7()
    order = types_pb2.Order(order_id=order_id or f"O-{request_id}", basket=wanted)
    return sourcing_service_pb2.SourceOrderRequest(request_id=request_id, order=order, mode=mode)


def send(server: Server, request: sourcing_service_pb2.SourceOrderRequest) -> Answer:
    return server.sourcing.SourceOrder(request, timeout=CALL_SECONDS_MAX)


def source(server: Server, *wanted: tuple[str, int], **fields: Any) -> Answer:
    """An order of these (item, quantity) lines, taken."""
    return send(server, order_request(basket(lines(*wanted), **fields)))


def preview(server: Server, *wanted: tuple[str, int], **fields: Any) -> Answer:
    """The same, planned only."""
    return send(server, order_request(basket(lines(*wanted), **fields), PREVIEW))


def quote(server: Server, wanted: types_pb2.Basket, **fields: Any) -> promise_service_pb2.QuotePromiseResponse:
    request = promise_service_pb2.QuotePromiseRequest(basket=wanted, **fields)
    return server.promise.QuotePromise(request, timeout=CALL_SECONDS_MAX)


def order_of(server: Server, order_id: str) -> types_pb2.Order:
    request = order_service_pb2.GetOrderRequest(order_id=order_id)
    return server.order.GetOrder(request, timeout=CALL_SECONDS_MAX).order


def shipped(plan: types_pb2.Plan) -> dict[str, dict[str, int]]:
    """Units by location and line."""
    units: dict[str, dict[str, int]] = {}
    for shipment in plan.shipments:
        of_location = units.setdefault(shipment.location_id, {})
        for line in shipment.lines:
            of_location[line.line_id] = of_location.get(line.line_id, 0) + line.quantity
    return units


def without_timings(answer: Answer) -> Answer:
    """An answer as it may be compared with its repetition: without duplicate, position and timings."""
    same = Answer()
    same.CopyFrom(answer)
    same.ClearField("duplicate")
    same.ClearField("position")
    same.plan.certificate.ClearField("solve_micros")
    return same


def refusal(call: Callable[[], object]) -> Refused:
    """The error that a call ends with; it must end with one."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return refused(error)
    raise AssertionError(f"no error, but {answer}")


def refused(error: grpc.RpcError) -> Refused:
    """An error in parts; what it lacks is empty."""
    assert isinstance(error, grpc.Call)
    reason, fields, retry_after_ms = "", (), 0
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            assert info.domain == "belofte"
            reason = info.reason
        elif detail.Unpack(bad):
            fields = tuple(violation.field for violation in bad.field_violations)
        elif detail.Unpack(retry):
            retry_after_ms = retry.retry_delay.ToMilliseconds()
    return Refused(error.code().name, reason, fields, error.details() or "", retry_after_ms)
