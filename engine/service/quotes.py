"""Promises: one basket, and many, in slices between other work."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from belofte.v1 import promise_service_pb2
from numpy.typing import NDArray

from engine.domain.basket import Basket
from engine.domain.reasons import Refusal
from engine.inventory.live import LiveStock
from engine.kernels.quote_fields import BATCH_REQUESTS, RESULT_RESPONSE, RESULTS_RESULTS
from engine.kernels.read_batch import read_batch
from engine.network.image import NetworkImage
from engine.optimizer.explanation import Level
from engine.optimizer.scene import build_tables, cut_for
from engine.promise.quote import quote_promise
from engine.service.aside import stock_as_it_is
from engine.service.decode import decode_level, decode_options_max, decode_quote
from engine.service.desk import Call
from engine.service.encode import encode_quote
from engine.service.errors import refusal_message
from engine.service.explain import encode_explanation
from engine.service.fields import Violations, begin_read, parse
from engine.service.plain_quotes import TOGETHER_MAX, Moment
from engine.service.quote_tokens import QuoteSigner
from engine.service.work import LIGHT_LINES_MAX

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

Ints = NDArray[np.int64]

REQUESTS_MAX = 1_000
"""Baskets of one call."""

SLICE_NS = 5_000_000
"""How long a batch works before others have their turn."""

QUOTE_METHOD = "/belofte.v1.PromiseService/QuotePromise"


@dataclass(slots=True)
class Batch:
    """A batch between two slices: what is asked, what is answered so far, and where the stock stood at its start."""

    request: promise_service_pb2.BatchQuotePromisesRequest
    position: str
    begins: Ints
    """Where each of the requests lies in the call's message; none where that is not written as usual."""
    ends: Ints
    results: list[bytes] = field(default_factory=list)
    """Each a field of the answer, encoded."""


def quoted_together(h: "Handlers", calls: Sequence[Call]) -> list[bytes | None]:
    """Answers to quotes that are plain; None for the others, which go one by one."""
    if h.path.stock is None:
        return [None] * len(calls)
    return h.promises().answer([call.message for call in calls], h.path.stock, moment(h))


def moment(h: "Handlers") -> Moment:
    """When and where the stock stands."""
    return Moment(h.now_minute(), h.path.position, h.path.stale)


def quote(h: "Handlers", call: Call) -> bytes | None:
    """QuotePromise; None: its basket is large, and it is answered aside."""
    request = parse(promise_service_pb2.QuotePromiseRequest, call.message)
    wrong = begin_read(request, h.image)
    asked = read_quote(h, request, wrong)
    if len(asked.basket.lines) <= LIGHT_LINES_MAX:
        return plan_quote(h, asked, stock_for(h, request, asked), call).SerializeToString()
    stock = stock_as_it_is(h.stock(request.min_position), items_of(asked.basket))
    h.aside.run(call, lambda: plan_quote(h, asked, stock, call).SerializeToString())
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """A quote that is in order, and the network and the place in the log that it is made on."""

    basket: Basket
    options_max: int
    level: Level
    with_frontier: bool
    image: NetworkImage
    position: str
    stale: bool
    signer: QuoteSigner | None


def quoted(
    h: "Handlers", request: promise_service_pb2.QuotePromiseRequest, wrong: Violations, call: Call
) -> promise_service_pb2.QuotePromiseResponse:
    """The promise of one basket, on the stock of this moment. Raises `Refusal`."""
    asked = read_quote(h, request, wrong)
    return plan_quote(h, asked, stock_for(h, request, asked), call)


def stock_for(h: "Handlers", request: promise_service_pb2.QuotePromiseRequest, asked: Asked) -> LiveStock:
    """The stock of a basket's items, no older than its caller asks. Raises `Refusal`."""
    return h.stock(request.min_position).still(np.array(items_of(asked.basket), np.int64))


def items_of(basket: Basket) -> list[int]:
    """Items that a basket is asked for, and those that may come in their place."""
    return [item for line in basket.lines for item in (line.item, *line.substitutes)]


def read_quote(h: "Handlers", request: promise_service_pb2.QuotePromiseRequest, wrong: Violations) -> Asked:
    """What is asked. Raises `Refusal` where anything is wrong with it."""
    options_max = decode_options_max(request.max_options, wrong)
    basket = decode_quote(request, h.image, h.now_minute(), h.limits.lines_max, wrong)
    level = decode_level(request.explain, wrong)
    wrong.check()
    key, position = h.limits.quote_key, h.path.position
    signer = None
    if key.secret:
        signer = QuoteSigner(key, h.image, request.basket, basket.request_minute, position, h.now_minute())
    return Asked(basket, options_max, level, not request.omit_frontier, h.image, position, h.path.stale, signer)


def plan_quote(
    h: "Handlers", asked: Asked, stock: LiveStock, call: Call
) -> promise_service_pb2.QuotePromiseResponse:  # fmt: skip
    """The promise. Raises `Refusal`."""
    started = h.clock.monotonic_ns()
    build_tables(asked.image, asked.basket.request_minute, asked.basket.destination)
    is_cut = cut_for(h.clock, call.deadline_unix_ms)
    found = quote_promise(
        asked.image, stock, asked.basket, asked.options_max, h.limits.nodes_max, asked.level, is_cut,
        with_frontier=asked.with_frontier,
    )  # fmt: skip
    micros = (h.clock.monotonic_ns() - started) // 1_000
    answer = encode_quote(found, asked.position, asked.stale, micros, asked.signer)
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
    while len(batch.results) < len(requests):
        for index, answer in enumerate(plain_of_batch(h, batch, call), len(batch.results)):
            batch.results.append(told_of_batch(h, batch, index, answer, call))
            if answer is None and h.clock.monotonic_ns() >= until:
                break
        if h.clock.monotonic_ns() >= until:
            break
    if len(batch.results) < len(requests):
        h.decide_again(replace(call, found=batch))
        return None
    rest = promise_service_pb2.BatchQuotePromisesResponse(position=batch.position).SerializeToString()
    return b"".join(batch.results) + rest


def plain_of_batch(h: "Handlers", batch: Batch, call: Call) -> list[bytes | None]:
    """The answers to some of the requests that are not answered yet, at least one; None: by the ordinary way."""
    first = len(batch.results)
    stock = h.path.stock
    begins, ends = batch.begins[first : first + TOGETHER_MAX], batch.ends[first : first + TOGETHER_MAX]
    if not len(begins) or stock is None:
        return [None]
    begin, end = int(begins[0]), int(ends[-1])
    return h.promises().answer_within(call.message[begin:end], begins - begin, ends - begin, stock, moment(h))


def told_of_batch(h: "Handlers", batch: Batch, index: int, answer: bytes | None, call: Call) -> bytes:
    """The result of one basket, as a field of the answer to them all."""
    if answer is None:
        result = one_of_batch(h, batch.request.requests[index], index, batch.request.network_id, call)
    else:
        # Without being read: what the kernels wrote is put where it goes.
        result = promise_service_pb2.BatchQuotePromisesResult(index=index)
    told = result.SerializeToString() + (b"" if answer is None else length_field(RESULT_RESPONSE, answer))
    return length_field(RESULTS_RESULTS, told)


def length_field(tag: int, content: bytes) -> bytes:
    """A field with a tag of one byte and a length, as protobuf.dev/programming-guides/encoding has it."""
    length, rest = [], len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes((tag, *length, rest)) + content


def begin_batch(h: "Handlers", call: Call) -> Batch:
    """What holds of the call as a whole. Raises `Refusal`."""
    request = parse(promise_service_pb2.BatchQuotePromisesRequest, call.message)
    wrong = begin_read(request, h.image)
    count = len(request.requests)
    if not 1 <= count <= REQUESTS_MAX:
        wrong.add("requests", f"1 to {REQUESTS_MAX} requests were expected, not {count}")
    wrong.check()
    h.stock(request.min_position)
    return Batch(request, h.path.position, *request_spans(call.message, count))


def request_spans(message: bytes, count: int) -> tuple[Ints, Ints]:
    """(begins, ends) of the requests in a batch of so many; none where it is not written as usual."""
    begins, ends = np.empty((2, count), np.int64)
    found = read_batch(np.frombuffer(bytearray(message), np.uint8), BATCH_REQUESTS, begins, ends)
    return (begins, ends) if found == count else (begins[:0], ends[:0])


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
