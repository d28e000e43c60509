"""What of a message is a plain order, by the generated classes and nothing else."""

from collections.abc import Mapping
from typing import NamedTuple

from belofte.v1 import sourcing_service_pb2, types_pb2
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from engine.domain.ids import is_id, is_uuid7, unix_ms_of

LINE_FIELDS = {"line_id", "item_id", "quantity", "unit_price_micros"}


class PlainLine(NamedTuple):
    """A line, its item by index; price 0: none was given."""

    line_id: str
    item: int
    quantity: int
    price_micros: int


class PlainOrder(NamedTuple):
    """What it says; `tail` is its basket without lines, as it is written."""

    request_id: str
    unix_ms: int
    order_id: str
    lines: tuple[PlainLine, ...]
    tail: bytes


def plain_order(message: bytes, network: str, items: Mapping[str, int], lines_max: int) -> PlainOrder | None:
    """The order, None where it is not plain."""
    try:
        request = sourcing_service_pb2.SourceOrderRequest.FromString(message)
    except DecodeError:
        return None
    order, basket = request.order, request.order.basket
    if request.SerializeToString(deterministic=True) != message:
        return None
    if any(UnknownFieldSet(each) for each in (request, order, basket, *basket.lines)):
        return None
    if names(request) - {"network_id", "mode"} != {"request_id", "order"} or names(order) != {"order_id", "basket"}:
        return None
    if request.network_id not in ("", network) or request.mode not in (0, sourcing_service_pb2.SOURCE_MODE_COMMIT):
        return None
    if not is_uuid7(request.request_id) or request.request_id != request.request_id.lower() or not is_id(order.order_id):
        return None
    lines = plain_lines(basket, items, lines_max)
    if lines is None:
        return None
    return PlainOrder(request.request_id, unix_ms_of(request.request_id), order.order_id, lines, tail_of(basket))


def plain_lines(basket: types_pb2.Basket, items: Mapping[str, int], lines_max: int) -> tuple[PlainLine, ...] | None:
    """The lines of a basket, None where they are not plain."""
    lines = [
        PlainLine(line.line_id, items.get(line.item_id, -1), line.quantity, line.unit_price_micros) for line in basket.lines
    ]
    if not 1 <= len(lines) <= lines_max or any(names(line) - LINE_FIELDS for line in basket.lines):
        return None
    if not all(
        is_id(line.line_id) and line.item >= 0 and 1 <= line.quantity < 2**31 and 0 <= line.price_micros <= 10**12
        for line in lines
    ):
        return None
    if len({line.line_id for line in lines}) < len(lines) or len({line.item for line in lines}) < len(lines):
        return None
    return tuple(lines) if sum(line.quantity * line.price_micros for line in lines) <= 10**18 else None


def tail_of(basket: types_pb2.Basket) -> bytes:
    """What a basket says besides its lines, as it is written."""
    tail = types_pb2.Basket()
    tail.CopyFrom(basket)
    del tail.lines[:]
    return tail.SerializeToString(deterministic=True)


def names(message: Message) -> set[str]:
    return {field.name for field, _ in message.ListFields()}


def is_canonical_basket(tail: bytes) -> bool:
    """Whether what a basket says besides its lines is written as the generated class would write it."""
    try:
        basket = types_pb2.Basket.FromString(tail)
    except DecodeError:
        return False
    return not UnknownFieldSet(basket) and basket.SerializeToString(deterministic=True) == tail
