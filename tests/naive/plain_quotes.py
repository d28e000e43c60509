"""What of a message is a plain quote, by the generated classes and nothing else."""

from collections.abc import Mapping
from typing import NamedTuple

from belofte.v1 import promise_service_pb2
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from tests.naive.plain_orders import PlainLine, names, plain_lines, tail_of


class PlainQuote(NamedTuple):
    """What it asks for; `tail` is its basket without lines, as it is written."""

    lines: tuple[PlainLine, ...]
    tail: bytes
    options_max: int
    with_frontier: bool


def plain_quote(message: bytes, network: str, items: Mapping[str, int], lines_max: int) -> PlainQuote | None:
    """The quote, None where it is not plain."""
    try:
        request = promise_service_pb2.QuotePromiseRequest.FromString(message)
    except DecodeError:
        return None
    if request.SerializeToString(deterministic=True) != message:
        return None
    if any(UnknownFieldSet(each) for each in (request, request.basket, *request.basket.lines)):
        return None
    if names(request) - {"network_id", "max_options", "omit_frontier"} != {"basket"}:
        return None
    if request.network_id not in ("", network) or not 0 <= request.max_options <= 10:
        return None
    lines = plain_lines(request.basket, items, lines_max)
    if lines is None:
        return None
    return PlainQuote(lines, tail_of(request.basket), request.max_options, not request.omit_frontier)
