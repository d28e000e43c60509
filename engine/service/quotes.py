"""Promises: one basket, many in slices between other work, and what a listing page shows of one item."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from belofte.v1 import promise_service_pb2

from engine.domain.reasons import Refusal
from engine.inventory.live import LiveStock
from engine.optimizer.scene import cut_for
from engine.promise.estimate import Estimate, estimate_delivery
from engine.promise.quote import quote_promise
from engine.service.decode import decode_estimate, decode_level, decode_options_max, decode_quote
from engine.service.desk import Call
from engine.service.encode import encode_quote, stamp
from engine.service.errors import refusal_message
from engine.service.explain import encode_explanation
from engine.service.fields import Violations, begin_read, parse

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

REQUESTS_MAX = 1_000
"""Baskets of one call."""

SLICE_NS = 5_000_000
"""How long a batch works before others have their turn."""


@dataclass(slots=True)
class Batch:
    """A batch between two slices: what is asked, what is answered so far, and where the stock stood at its start."""

    request: promise_service_pb2.BatchQuotePromisesRequest
    position: str
    results: list[promise_service_pb2.BatchQuotePromisesResult] = field(default_factory=list)


def quote(h: "Handlers", call: Call) -> bytes:
    """QuotePromise."""
    request = parse(promise_service_pb2.QuotePromiseRequest, call.message)
    wrong = begin_read(request, h.image)
    return quoted(h, request, wrong, call).SerializeToString()


def quoted(
    h: "Handlers", request: promise_service_pb2.QuotePromiseRequest, wrong: Violations, call: Call
) -> promise_service_pb2.QuotePromiseResponse:
    """The promise of one basket, on the stock of this moment. Raises `Refusal`."""
    image = h.image
    options_max = decode_options_max(request.max_options, wrong)
    basket = decode_quote(request, image, h.now_minute(), h.limits.lines_max, wrong)
    level = decode_level(request.explain, wrong)
    wrong.check()
    stock = h.stock(request.min_position)
    started = h.clock.monotonic_ns()
    is_cut = cut_for(h.clock, call.deadline_unix_ms)
    found = quote_promise(
        image, stock, basket, options_max, h.limits.nodes_max, level, is_cut, with_frontier=not request.omit_frontier
    )
    micros = (h.clock.monotonic_ns() - started) // 1_000
    answer = encode_quote(found, h.path.position, h.path.stale, micros)
    if found.explanation is not None:
        answer.explanation.CopyFrom(encode_explanation(found.explanation))
    return answer


def quote_batch(h: "Handlers", call: Call) -> bytes | None:
    """BatchQuotePromises, a slice of it: what is not done yet comes back after those that wait."""
    batch = call.found
    if not isinstance(batch, Batch):
        batch = begin_batch(h, call)
    until = h.clock.monotonic_ns() + SLICE_NS
    requests = batch.request.requests
    for index in range(len(batch.results), len(requests)):
        batch.results.append(one_of_batch(h, requests[index], index, batch.request.network_id, call))
        if h.clock.monotonic_ns() >= until:
            break
    if len(batch.results) < len(requests):
        h.decide_again(replace(call, found=batch))
        return None
    return promise_service_pb2.BatchQuotePromisesResponse(results=batch.results, position=batch.position).SerializeToString()


def begin_batch(h: "Handlers", call: Call) -> Batch:
    """What holds of the call as a whole. Raises `Refusal`."""
    request = parse(promise_service_pb2.BatchQuotePromisesRequest, call.message)
    wrong = begin_read(request, h.image)
    if not 1 <= len(request.requests) <= REQUESTS_MAX:
        wrong.add("requests", f"1 to {REQUESTS_MAX} requests were expected, not {len(request.requests)}")
    wrong.check()
    h.stock(request.min_position)
    return Batch(request, h.path.position)


def one_of_batch(
    h: "Handlers", request: promise_service_pb2.QuotePromiseRequest, index: int, network_id: str, call: Call
) -> promise_service_pb2.BatchQuotePromisesResult:
    """The result of one basket, whatever the others'."""
    wrong = Violations()
    if request.network_id not in ("", network_id or h.image.network.name):
        wrong.add("network_id", "none was expected, or that of the batch")
    if request.min_position:
        wrong.add("min_position", "none was expected, the batch has one")
    try:
        return promise_service_pb2.BatchQuotePromisesResult(index=index, response=quoted(h, request, wrong, call))
    except Refusal as refusal:
        return promise_service_pb2.BatchQuotePromisesResult(index=index, refusal=refusal_message(refusal))


def estimate(h: "Handlers", call: Call) -> bytes:
    """GetEstimatedDelivery."""
    request = parse(promise_service_pb2.GetEstimatedDeliveryRequest, call.message)
    image = h.image
    wrong = begin_read(request, image)
    asked = decode_estimate(request, image, h.now_minute(), wrong)
    wrong.check()
    stock: LiveStock = h.stock(request.min_position)
    found = estimate_delivery(image, stock, asked, h.limits.nodes_max, cut_for(h.clock, call.deadline_unix_ms))
    return promise_service_pb2.GetEstimatedDeliveryResponse(
        estimates=[encode_estimate(each, image.location_ids) for each in found], currency=image.network.currency,
        position=h.path.position, network_version=image.version, stale=h.path.stale,
    ).SerializeToString()  # fmt: skip


def encode_estimate(each: Estimate, location_ids: tuple[str, ...]) -> promise_service_pb2.DeliveryEstimate:
    """One way to have the item."""
    return promise_service_pb2.DeliveryEstimate(
        delivery_method=f"DELIVERY_METHOD_{each.method.name}", service_level=each.service_level,
        pickup_location_id=location_ids[each.pickup_location] if each.pickup_location >= 0 else "",
        delivery_earliest=stamp(each.earliest_minute), delivery_latest=stamp(each.latest_minute),
        order_by=stamp(each.order_by_minute), available_quantity=each.available,
    )  # fmt: skip
