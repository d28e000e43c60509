"""BatchSourceOrders: many orders in one call, each all or nothing by itself, planned in the order given."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from belofte.v1 import sourcing_service_pb2

from engine.domain.reasons import Refusal
from engine.inventory.shards import ORIGIN, Shards
from engine.service.desk import Call
from engine.service.errors import refusal_message
from engine.service.fields import begin_read, check_request_id, parse

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

Request = sourcing_service_pb2.BatchSourceOrdersRequest
Result = sourcing_service_pb2.BatchSourceOrdersResult
SOURCE_METHOD = "/belofte.v1.SourcingService/SourceOrder"
REQUESTS_MAX = 1_000
SLICE_ORDERS, SLICE_LINES = 128, 500
"""Planned before others have their turn: so many orders, and no more of them once they have so many lines."""


@dataclass(slots=True)
class Batch:
    """A call between two slices: what is asked, what each order got, and who is told when all have."""

    requests: list[sourcing_service_pb2.SourceOrderRequest]
    lines: list[int]
    answer: Callable[[bytes | Refusal], None]
    shards: Shards
    sent: int = 0
    results: dict[int, Result] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def told(self, index: int, outcome: bytes | Refusal) -> None:
        """What became of one order; from any thread."""
        result = Result(index=index)
        if isinstance(outcome, Refusal):
            result.refusal.CopyFrom(refusal_message(outcome))
        else:
            result.response.MergeFromString(outcome)
        with self.lock:
            self.results[index] = result
            is_done = len(self.results) == len(self.requests)
        if is_done:
            self.answer(self._encoded())

    def _encoded(self) -> bytes:
        ordered = [self.results[index] for index in range(len(self.requests))]
        position = ORIGIN
        for result in ordered:
            if result.response.position:
                position = self.shards.latest(position, result.response.position)
        told = sourcing_service_pb2.BatchSourceOrdersResponse(results=ordered, position="" if position == ORIGIN else position)
        return told.SerializeToString()

    def next_slice(self) -> list[int]:
        """The next orders to plan."""
        found: list[int] = []
        lines = 0
        while self.sent < len(self.requests) and len(found) < SLICE_ORDERS and lines < SLICE_LINES:
            found.append(self.sent)
            lines += self.lines[self.sent]
            self.sent += 1
        return found


def source_batch(h: "Handlers", call: Call) -> None:
    """A slice of the orders; what is not planned yet comes back after those that wait."""
    batch = call.found
    if not isinstance(batch, Batch):
        batch = begin_batch(h, call)
    calls = [
        Call(
            SOURCE_METHOD, batch.requests[index].SerializeToString(), call.deadline_unix_ms, partial(batch.told, index),
            caller=call.caller,
        )
        for index in batch.next_slice()
    ]  # fmt: skip
    h.decide(calls)
    if batch.sent < len(batch.requests):
        h.decide_again(replace(call, found=batch))


def begin_batch(h: "Handlers", call: Call) -> Batch:
    """What holds of the call as a whole. Raises `Refusal`."""
    request = parse(Request, call.message)
    wrong = begin_read(request, h.image)
    check_request_id(request.request_id, h.clock.unix_ms(), wrong)
    if not 1 <= len(request.requests) <= REQUESTS_MAX:
        wrong.add("requests", f"1 to {REQUESTS_MAX} requests were expected, not {len(request.requests)}")
    for i, each in enumerate(request.requests[:REQUESTS_MAX]):
        if each.network_id not in ("", request.network_id or h.image.network.name):
            wrong.add(f"requests[{i}].network_id", "none was expected, or that of the batch")
        if each.min_position:
            wrong.add(f"requests[{i}].min_position", "none was expected, the batch has one")
    wrong.check()
    h.stock(request.min_position)
    lines = [len(each.order.basket.lines) for each in request.requests]
    return Batch(list(request.requests), lines, call.answer, h.shards)
