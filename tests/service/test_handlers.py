"""The room behind the desk, with a clock of its own: what must hold when time passes between two calls."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from belofte.v1 import inventory_service_pb2, order_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.service import handlers
from tests.network.small_network import small_records
from tests.service.room import ADJUST, ANSWER_SECONDS_MAX, AVAILABILITY, SOURCE, Room, running

EVENTS = "/belofte.v1.OrderService/ListOrderEvents"
QUOTE = "/belofte.v1.PromiseService/QuotePromise"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with running(tmp_path, small_records()) as made:
        yield made


@pytest.fixture
def room_of_one_a_day(tmp_path: Path) -> Iterator[Room]:
    """`ams` takes one order a day."""
    records = small_records()
    limited = replace(records.locations[0], capacity_per_day=1)
    with running(tmp_path, replace(records, locations=(limited, *records.locations[1:]))) as made:
        yield made


def stocked(room: Room, quantity: int) -> None:
    record = types_pb2.InventoryRecord(
        item_id="bolt", location_id="ams", quantity=quantity, kind=types_pb2.INVENTORY_KIND_ON_HAND
    )
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[record])
    assert isinstance(room.ask(ADJUST, request.SerializeToString()), bytes)


def order(request_id: str, latest_unix_seconds: int, quantity: int = 1) -> bytes:
    line = types_pb2.BasketLine(
        line_id="1", item_id="bolt", quantity=quantity, latest_date=Timestamp(seconds=latest_unix_seconds)
    )
    basket = types_pb2.Basket(lines=[line], destination=types_pb2.Destination(country_code="NL", postal_code="1012"))
    request = sourcing_service_pb2.SourceOrderRequest(
        request_id=request_id, order=types_pb2.Order(order_id="A-1", basket=basket)
    )
    return request.SerializeToString()


def test_an_order_repeated_after_its_latest_date_gets_its_recorded_answer(room: Room) -> None:
    """Ten days of room when it was asked; eleven days later it could not be asked any more, and is answered all the same."""
    stocked(room, 5)
    message = order(uuid7(), room.clock.unix_ms() // 1000 + 10 * 86_400)
    first = room.ask(SOURCE, message)
    assert isinstance(first, bytes)
    room.clock.ahead_minutes = 11 * 1_440
    again = sourcing_service_pb2.SourceOrderResponse.FromString(bytes(room.ask(SOURCE, message)))  # type: ignore[arg-type]
    assert again.duplicate
    again.duplicate = False
    assert again == sourcing_service_pb2.SourceOrderResponse.FromString(first)


def test_an_order_that_was_never_recorded_is_refused_for_its_latest_date(room: Room) -> None:
    refusal = room.ask(SOURCE, order(uuid7(), room.clock.unix_ms() // 1000 - 3_600))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.INVALID_FIELD
    assert [v.field for v in refusal.violations] == ["order.basket.lines[0].latest_date"]


def asked_for(room: Room, minutes_from_now: int, order_id: str) -> bytes | Refusal:
    """An order of one bolt, decided for an instant so far from the engine's now."""
    request = sourcing_service_pb2.SourceOrderRequest.FromString(order(uuid7(), 2**32))
    request.order.order_id = order_id
    request.order.basket.lines[0].ClearField("latest_date")
    seconds = room.clock.unix_ms() // 1000 + 60 * minutes_from_now
    request.order.basket.request_time.CopyFrom(Timestamp(seconds=seconds))
    return room.ask(SOURCE, request.SerializeToString())


@pytest.mark.parametrize(("minutes", "is_taken"), [(-59, True), (-62, False), (30 * 1_440 - 1, True), (30 * 1_440 + 2, False)])
def test_request_time_lies_within_an_hour_ago_and_the_horizon(room: Room, minutes: int, is_taken: bool) -> None:
    """The network's horizon is 30 days. The minute is rounded up on both sides: one may begin while this runs."""
    stocked(room, 5)
    answer = asked_for(room, minutes, "A-1")
    if is_taken:
        assert isinstance(answer, bytes), answer
    else:
        assert isinstance(answer, Refusal)
        assert answer.reason is Reason.INVALID_FIELD
        assert [v.field for v in answer.violations] == ["order.basket.request_time"]


@pytest.mark.parametrize("days_later", [0, 300, 3_000])
def test_full_day_at_the_end_of_the_horizon_moves_orders_to_the_next(room_of_one_a_day: Room, days_later: int) -> None:
    """Also in an engine that has run for years: its table of capacity moves on, and it does not contend with itself."""
    room = room_of_one_a_day
    stocked(room, 5)
    room.clock.ahead_minutes = days_later * 1_440
    until = time.monotonic() + ANSWER_SECONDS_MAX
    while room.engine._path.stock.first_day < room.clock.unix_ms() // 86_400_000 - 9:  # type: ignore[union-attr]
        assert time.monotonic() < until, "an idle desk moves the table on"
        time.sleep(0.01)
    answers = [asked_for(room, 30 * 1_440 - 1, f"A-{n}") for n in range(3)]
    assert [type(answer) for answer in answers] == [bytes] * 3, answers
    stock = room.engine._path.stock
    assert stock is not None
    (taken,) = stock.capacity_used[stock.location_index["ams"]].nonzero()
    assert [int(day - taken[0]) for day in taken] == [0, 1, 2]
    last = (room.clock.unix_ms() // 60_000 + 30 * 1_440) // 1_440
    assert stock.first_day + int(taken[0]) in (last, last + 1), "the day of Amsterdam may be the next already"


@pytest.mark.parametrize("token", ["abc", "-1", "0", "01", "1" * 11, "1" * 5_000, "٣", " 1", "1\n", "1.0"])
def test_page_token_of_nobody_is_named(room: Room, token: str) -> None:
    stocked(room, 1)
    assert isinstance(asked_for(room, 0, "A-1"), bytes)
    for order_id in ("A-1", "unknown"):
        request = order_service_pb2.ListOrderEventsRequest(order_id=order_id, page_token=token)
        refusal = room.ask(EVENTS, request.SerializeToString())
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.INVALID_FIELD
        assert [v.field for v in refusal.violations] == ["page_token"]


def test_page_token_of_the_page_before_is_taken(room: Room) -> None:
    stocked(room, 1)
    assert isinstance(asked_for(room, 0, "A-1"), bytes)
    for token, count in (("", 1), ("1", 0), ("9999999999", 0)):
        request = order_service_pb2.ListOrderEventsRequest(order_id="A-1", page_token=token)
        answer = room.ask(EVENTS, request.SerializeToString())
        assert isinstance(answer, bytes)
        page = order_service_pb2.ListOrderEventsResponse.FromString(answer)
        assert (len(page.events), page.next_page_token) == (count, "")


@pytest.mark.parametrize(("method", "is_stale"), [(EVENTS, False), (AVAILABILITY, False), (QUOTE, True), (SOURCE, True)])
def test_only_a_fault_while_planning_asks_for_a_fresh_copy_of_the_stock(
    room: Room, monkeypatch: pytest.MonkeyPatch, method: str, is_stale: bool
) -> None:
    """A fault in a read must not stop the writes of everybody."""

    def fail(*_: object) -> bytes:
        raise RuntimeError("a fault made by the test")

    monkeypatch.setitem(handlers.METHODS, method, replace(handlers.METHODS[method], handle=fail))
    # Otherwise the fresh copy may be there before the test has looked.
    monkeypatch.setattr(room.engine._path, "catch_up", lambda: not room.engine._path.stale)
    answer = room.ask(method, b"")
    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.FAULT
    assert room.engine._path.stale == is_stale
