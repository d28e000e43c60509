"""Large quotes are planned beside the desk: as if in its thread, on the stock of one moment, and without a trace in it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from belofte.v1 import promise_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.optimizer.cut import never_cut
from engine.promise.quote import quote_promise
from engine.service import quotes
from engine.service.aside import stock_as_it_is
from engine.service.decode import decode_quote
from engine.service.encode import encode_quote
from engine.service.fields import Violations
from engine.service.work import LIGHT_LINES_MAX
from loaders.large_network import large_network
from tests.service.room import SOURCE, Room, running

QUOTE = "/belofte.v1.PromiseService/QuotePromise"
LOCATIONS, ITEMS, LINES = 3, 40, 11
HOME = types_pb2.Destination(country_code="DE", postal_code="45500")


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    records = large_network(LOCATIONS, ITEMS, LOCATIONS * ITEMS, seed=5)
    with tempfile.TemporaryDirectory(prefix="ba", dir="/tmp") as folder, running(Path(folder), records) as made:
        yield made


def request(first: int, lines: int = LINES, **fields: object) -> promise_service_pb2.QuotePromiseRequest:
    basket = types_pb2.Basket(
        lines=[
            types_pb2.BasketLine(line_id=str(n), item_id=f"I{(first + n) % ITEMS:08d}", quantity=1 + n % 2)
            for n in range(lines)
        ],
        destination=HOME,
    )  # fmt: skip
    return promise_service_pb2.QuotePromiseRequest(basket=basket, **fields)  # type: ignore[arg-type]


def response(answer: bytes | Refusal) -> promise_service_pb2.QuotePromiseResponse:
    assert isinstance(answer, bytes), answer
    found = promise_service_pb2.QuotePromiseResponse.FromString(answer)
    for option in found.options:
        option.plan.certificate.ClearField("solve_micros")
        # What holds a quote is signed by who answers, not by who plans.
        option.ClearField("quote_token")
        option.ClearField("valid_until")
    return found


def test_answer_is_that_of_the_ordinary_way_and_leaves_no_trace(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "cut_for", lambda clock, deadline_unix_ms: never_cut)
    handlers = room.engine._handlers
    stock, image = handlers.path.stock, handlers.image
    assert stock is not None and LINES > LIGHT_LINES_MAX
    demand, capacity = stock.matrix.demand.copy(), stock.capacity_used.copy()
    for first in range(5):
        asked = request(first, omit_frontier=first % 2 == 0)
        found = response(room.ask(QUOTE, asked.SerializeToString()))
        basket = decode_quote(asked, image, handlers.now_minute(), 500, Violations())
        # On a copy: the engine's own thread audits the stock meanwhile.
        copy = stock_as_it_is(stock, sorted({line.item for line in basket.lines}))
        quote = quote_promise(image, copy, basket, 0, 100_000, with_frontier=not asked.omit_frontier)
        expected = response(encode_quote(quote, found.position, False, 0).SerializeToString())
        assert found.options and found == expected
    assert np.array_equal(stock.matrix.demand, demand) and np.array_equal(stock.capacity_used, capacity)


def test_copy_of_the_stock_and_the_stock_do_not_see_each_other(room: Room) -> None:
    stock = room.engine._handlers.path.stock
    assert stock is not None
    copy = stock_as_it_is(stock, [3, 5, 3])
    for item in (3, 5):
        rows, home = copy.matrix.row(item), stock.matrix.row(item)
        assert np.array_equal(copy.matrix.supply[rows.start : rows.stop], stock.matrix.supply[home.start : home.stop])
        copy.hold([(rows.start, 1)], [(0, stock.first_day, 1)])
        assert copy.matrix.demand[rows.start] == stock.matrix.demand[home.start] + 1
    assert copy.used_on(0, stock.first_day) == stock.used_on(0, stock.first_day) + 2


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        (lambda b: setattr(b.lines[9], "quantity", 0), "INVALID_FIELD", "basket.lines[9].quantity"),
        (lambda b: setattr(b.lines[10], "item_id", "nothing"), "UNKNOWN_ITEM", "basket.lines[10].item_id"),
        (lambda b: setattr(b.destination, "country_code", "FR"), "UNKNOWN_POSTAL_CODE", "basket.destination.postal_code"),
        (lambda b: setattr(b, "policy_id", "none"), "UNKNOWN_POLICY", "basket.policy_id"),
    ],
)  # fmt: skip
def test_large_baskets_are_refused_as_small_ones_are(room: Room, change: object, reason: str, field: str) -> None:
    asked = request(0)
    change(asked.basket)  # type: ignore[operator]
    answer = room.ask(QUOTE, asked.SerializeToString())
    assert isinstance(answer, Refusal)
    assert (answer.reason.value, [violation.field for violation in answer.violations]) == (reason, [field])


def test_large_and_small_ones_and_orders_at_once_are_all_answered(room: Room) -> None:
    calls = []
    for n in range(60):
        calls.append((QUOTE, request(n, LINES if n % 3 == 0 else 3).SerializeToString()))
        request_id = uuid7()
        order = types_pb2.Order(order_id=f"O-{request_id}", basket=request(n, 1).basket)
        calls.append((SOURCE, sourcing_service_pb2.SourceOrderRequest(request_id=request_id, order=order).SerializeToString()))
    answers = room.ask_all(calls)
    assert all(isinstance(answer, bytes) for answer in answers[::2])
    sourced = [answer for answer in answers[1::2] if isinstance(answer, bytes)]
    assert len(sourced) > 30
    assert not room.engine._handlers.aside._in_hand
