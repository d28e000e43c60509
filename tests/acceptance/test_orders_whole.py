"""An order is taken whole or not at all, and once: acceptance cases 14 to 18 by way of SourceOrder."""

import random
import time
from collections.abc import Sequence

import grpc
import pytest
from belofte.v1 import inventory_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    COMMIT,
    PREVIEW,
    Answer,
    Refused,
    basket,
    lines,
    order_of,
    order_request,
    put,
    record,
    refusal,
    refused,
    send,
    source,
    stock_of,
    stocked,
    without_timings,
)
from tests.acceptance.server import Server

WAIT_SECONDS_MAX = 60.0


def fields(*numbers: int) -> tuple[str, ...]:
    return tuple(f"order.basket.lines[{n}].quantity" for n in numbers)


@pytest.mark.parametrize(
    ("stock", "quantities"),
    [({"A": 10}, (8, 8)), ({"A": 4, "B": 6}, (6, 5)), ({"A": 14}, (5, 5, 5)), ({"A": 1}, (1, 1)), ({}, (1, 1))],
)
def test_lines_of_one_item_count_together(server: Server, stock: dict[str, int], quantities: tuple[int, ...]) -> None:
    """Case 14. 8 + 8 of 10: each line alone could be had, both cannot. Both are named, and nothing is held."""
    item = stocked(server, **stock)
    before = stock_of(server, item)
    error = refusal(lambda: source(server, *((item, quantity) for quantity in quantities)))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "NO_STOCK")
    assert error.fields == fields(*range(len(quantities)))
    assert all(f"line '{n}'" in error.message for n in range(1, len(quantities) + 1))
    assert stock_of(server, item) == before


def test_lines_of_one_item_that_fit_are_taken(server: Server) -> None:
    """Case 14. 4 + 6 of 10 is not one too many."""
    item = stocked(server, A=10)
    source(server, (item, 4), (item, 6))
    assert stock_of(server, item) == (10, 10, 0)


@pytest.mark.parametrize(("stock", "need"), [(5, 2), (1, 1)])
def test_request_id_twice_is_one_order(server: Server, stock: int, need: int) -> None:
    """Case 15. The second time gets the first answer, says that it is a duplicate, and holds nothing more."""
    item = stocked(server, A=stock)
    request = order_request(basket(lines((item, need))))
    first, *again = [send(server, request) for _ in range(4)]
    assert not first.duplicate and all(answer.duplicate for answer in again)
    assert all(without_timings(answer) == without_timings(first) and answer.position == first.position for answer in again)
    assert stock_of(server, item) == (stock, need, stock - need)


def test_request_id_many_times_at_once_is_one_order(server: Server) -> None:
    """Case 15. A caller that retries in haste: 40 at once hold 3 of 100 once, and 39 say that they are duplicates."""
    item = stocked(server, A=100)
    answers = at_once(server, [order_request(basket(lines((item, 3))))] * 40)
    assert all(isinstance(answer, Answer) for answer in answers), answers
    assert sum(not answer.duplicate for answer in answers if isinstance(answer, Answer)) == 1
    assert len({without_timings(answer).SerializeToString(True) for answer in answers if isinstance(answer, Answer)}) == 1
    assert stock_of(server, item) == (100, 3, 97)


def test_request_id_in_capitals_is_the_same(server: Server) -> None:
    """Case 15. A UUID is the same in either case of its letters (RFC 9562): some libraries write capitals."""
    item = stocked(server, A=9)
    request = order_request(basket(lines((item, 2))))
    first = send(server, request)
    request.request_id = request.request_id.upper()
    assert without_timings(send(server, request)) == without_timings(first)
    assert stock_of(server, item) == (9, 2, 7)


@pytest.mark.parametrize("days", [2, 400])
def test_request_id_of_long_ago_is_known_by_the_ledger(server: Server, days: int) -> None:
    """Case 15. The store forgets request ids after a day; the ledger never does."""
    item = stocked(server, A=9)
    request = order_request(basket(lines((item, 2))))
    request.request_id = uuid7(int(time.time() * 1000) - days * 86_400_000)
    first, again = send(server, request), send(server, request)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert without_timings(again) == without_timings(first)
    assert stock_of(server, item) == (9, 2, 7)


def test_a_repeated_request_may_ask_for_another_explanation(server: Server) -> None:
    """Case 15. What is to be done is the same; no mode stands for COMMIT. An explanation is of the moment, and not kept."""
    item = stocked(server, A=9)
    request = order_request(basket(lines((item, 2))))
    request.explain = types_pb2.EXPLAIN_LEVEL_FULL
    first = send(server, request)
    request.explain = types_pb2.EXPLAIN_LEVEL_UNSPECIFIED
    request.mode = sourcing_service_pb2.SOURCE_MODE_UNSPECIFIED
    again = send(server, request)
    assert first.HasField("explanation") and again.duplicate
    first.ClearField("explanation")
    assert without_timings(again) == without_timings(first)
    assert stock_of(server, item) == (9, 2, 7)


@pytest.mark.parametrize("changed", ["quantity", "order", "line", "destination"])
def test_request_id_with_other_content_is_refused(server: Server, changed: str) -> None:
    """Case 15. Whatever the change, the second request is not the first one repeated."""
    item = stocked(server, A=9)
    request = order_request(basket(lines((item, 2))))
    first = send(server, request)
    if changed == "quantity":
        request.order.basket.lines[0].quantity = 3
    elif changed == "order":
        request.order.order_id += "-2"
    elif changed == "line":
        request.order.basket.lines.extend(lines((item, 1), (item, 1))[1:])
    else:
        request.order.basket.destination.postal_code = "1013"
    error = refusal(lambda: send(server, request))
    assert (error.code, error.reason, error.fields) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED", ("request_id",))
    assert stock_of(server, item) == (9, 2, 7)
    assert order_of(server, first.order_id).plan == first.plan


def test_order_id_under_another_request_is_refused(server: Server) -> None:
    item = stocked(server, A=9)
    first = source(server, (item, 2))
    for mode in (COMMIT, PREVIEW):
        again = order_request(basket(lines((item, 2))), mode, first.order_id)
        error = refusal(lambda again=again: send(server, again))  # type: ignore[misc]
        assert (error.code, error.reason, error.fields) == ("ALREADY_EXISTS", "ORDER_EXISTS", ("order.order_id",))
    assert stock_of(server, item) == (9, 2, 7)


@pytest.mark.parametrize(
    ("stocks", "quantities", "short"), [((5, 1), (2, 2), 1), ((0, 8, 8), (1, 8, 8), 0), ((7,) * 6, (7,) * 5 + (8,), 5)]
)
def test_one_short_line_leaves_no_hold(
    server: Server, stocks: tuple[int, ...], quantities: tuple[int, ...], short: int
) -> None:
    """Case 16. The line that is short is named; of the others, which could be had, nothing is held."""
    items = [stocked(server, A=stock) for stock in stocks]
    error = refusal(lambda: source(server, *zip(items, quantities, strict=True)))
    assert (error.code, error.reason, error.fields) == ("FAILED_PRECONDITION", "NO_STOCK", fields(short))
    assert [stock_of(server, item) for item in items] == [(stock, 0, stock) for stock in stocks]


def at_once(server: Server, requests: Sequence[sourcing_service_pb2.SourceOrderRequest]) -> list[Answer | Refused]:
    """All of them in flight together; answers in the order of the requests."""
    futures = [server.sourcing.SourceOrder.future(request, timeout=WAIT_SECONDS_MAX) for request in requests]
    answers: list[Answer | Refused] = []
    for future in futures:
        try:
            answers.append(future.result())
        except grpc.RpcError as error:
            answers.append(refused(error))
    return answers


@pytest.mark.parametrize(("stock", "requests", "quantity"), [({"A": 50}, 200, 1), ({"A": 20, "B": 21}, 60, 2)])
def test_parallel_orders_get_what_there_is_and_no_more(
    server: Server, stock: dict[str, int], requests: int, quantity: int
) -> None:
    """Case 17. 50 units, 200 orders of 1: 50 are taken, 150 told that there is no stock; demand is what was taken.

    With 20 + 21 units and orders of 2, split or not: 20 are taken, and 1 unit is left.
    """
    item = stocked(server, **stock)
    total = sum(stock.values())
    answers = at_once(server, [order_request(basket(lines((item, quantity)))) for _ in range(requests)])
    taken = [answer for answer in answers if isinstance(answer, Answer)]
    assert len(taken) == total // quantity
    assert {(a.code, a.reason) for a in answers if isinstance(a, Refused)} == {("FAILED_PRECONDITION", "NO_STOCK")}
    assert stock_of(server, item) == (total, total // quantity * quantity, total % quantity)


@pytest.mark.parametrize(("at_each", "quantity"), [(50, 1), (33, 2)])
def test_parallel_orders_in_opposite_order_do_not_block(server: Server, at_each: int, quantity: int) -> None:
    """Case 18. {A,B} and {B,A}, 100 of each at once, where there is enough for 50: exact sums, and all are answered."""
    a, b = stocked(server, A=at_each), stocked(server, A=at_each)
    wanted = [[(a, quantity), (b, quantity)], [(b, quantity), (a, quantity)]] * 100
    random.Random(18).shuffle(wanted)
    answers = at_once(server, [order_request(basket(lines(*each))) for each in wanted])
    taken = sum(isinstance(answer, Answer) for answer in answers)
    assert taken == at_each // quantity
    assert {(x.code, x.reason) for x in answers if isinstance(x, Refused)} == {("FAILED_PRECONDITION", "NO_STOCK")}
    assert stock_of(server, a) == stock_of(server, b) == (at_each, taken * quantity, at_each - taken * quantity)


def test_parallel_orders_and_counts_lose_no_update(server: Server) -> None:
    """Stock that arrives while orders come is neither lost nor counted twice: 10 + 20 × 2 units, 60 orders of 1."""
    item = stocked(server, A=10)
    futures = []
    for _ in range(20):
        futures.append(server.inventory.AdjustInventory.future(delta(item, 2), timeout=WAIT_SECONDS_MAX))
        futures += [
            server.sourcing.SourceOrder.future(order_request(basket(lines((item, 1)))), timeout=WAIT_SECONDS_MAX)
            for _ in range(3)
        ]
    taken = 0
    for future in futures:
        try:
            taken += isinstance(future.result(), Answer)
        except grpc.RpcError as error:
            assert refused(error).reason == "NO_STOCK"
    assert stock_of(server, item) == (50, taken, 50 - taken)
    put(server, item, {"A": 60})
    assert stock_of(server, item) == (60, taken, 60 - taken)


def delta(item: str, quantity: int) -> inventory_service_pb2.AdjustInventoryRequest:
    change = record(item, "A", quantity, kind=types_pb2.INVENTORY_KIND_ADJUST)
    return inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[change])
