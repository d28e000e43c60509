"""WatchEvents: everything that is recorded, once each and in order, from any position on."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from belofte.v1 import order_service_pb2, reservation_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    adjust,
    basket,
    instant,
    lines,
    put,
    record,
    refusal,
    refused,
    source,
    stocked,
)
from tests.acceptance.server import Server

WATCH_SECONDS_MAX = 60.0
SOURCED = types_pb2.EVENT_TYPE_ORDER_SOURCED
EXPIRED = types_pb2.EVENT_TYPE_RESERVATION_EXPIRED
AT_RISK = types_pb2.EVENT_TYPE_PROMISE_AT_RISK
Request, Response = order_service_pb2.WatchEventsRequest, order_service_pb2.WatchEventsResponse
Event = types_pb2.OrderEvent


class Watch:
    """A stream that stands: its first message has come."""

    def __init__(self, server: Server, **fields: Any) -> None:
        self.call = server.order.WatchEvents(Request(**fields), timeout=WATCH_SECONDS_MAX)
        self.first = next(iter(self.call))
        self.position = self.first.position
        self.events: list[Event] = list(self.first.events)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *error: object) -> None:
        self.call.cancel()

    def until(self, is_enough: Callable[[list[Event]], bool]) -> list[Event]:
        """All events so far, once they are enough."""
        while not is_enough(self.events):
            message = next(iter(self.call))
            self.events += message.events
            self.position = message.position
        return self.events


def events_of(server: Server, order_id: str) -> list[Event]:
    request = order_service_pb2.ListOrderEventsRequest(order_id=order_id)
    return list(server.order.ListOrderEvents(request, timeout=CALL_SECONDS_MAX).events)


def at_least(count: int) -> Callable[[list[Event]], bool]:
    return lambda events: len(events) >= count


def place(position: str) -> tuple[int, int]:
    epoch, _, sequence = position.partition("-")
    return int(epoch), int(sequence)


def check_order(events: Sequence[Event]) -> None:
    """In the order of the log, and each once."""
    places = [place(event.position) for event in events]
    assert places == sorted(places)
    ids = [event.event_id for event in events]
    assert len(set(ids)) == len(ids)


def test_orders_are_told_as_they_are_listed(server: Server) -> None:
    item = stocked(server, A=50)
    with Watch(server) as watch:
        assert not watch.events, "from now on"
        orders = [source(server, (item, 1)).order_id for _ in range(10)]
        told = watch.until(lambda events: {event.order_id for event in events} >= set(orders))
    expected = list(itertools.chain(*(events_of(server, order_id) for order_id in orders)))
    assert [event for event in told if event.order_id in orders] == expected
    check_order(told)


def test_first_message_says_from_where_on_events_are_told(server: Server) -> None:
    """A watcher that is cut off before anything happened goes on from there, and has missed nothing."""
    item = stocked(server, A=5)
    with Watch(server) as watch:
        position = watch.position
    order = source(server, (item, 1)).order_id
    with Watch(server, from_position=position) as watch:
        assert [event.order_id for event in watch.until(at_least(1))] == [order]


def test_resumes_after_any_position(server: Server) -> None:
    """From each position that was told, what comes is what came after it."""
    item = stocked(server, A=50)
    with Watch(server) as watch:
        start = watch.position
        orders = [source(server, (item, 1)).order_id for _ in range(6)]
        told = list(watch.until(at_least(6)))
    assert [event.order_id for event in told] == orders
    for position, rest in [(start, told), *((event.position, told[n + 1 :]) for n, event in enumerate(told[:-1]))]:
        with Watch(server, from_position=position) as again:
            assert again.until(at_least(len(rest))) == rest
    with Watch(server, from_position=told[-1].position) as again:
        assert not again.events and place(again.position) >= place(told[-1].position)


def test_from_the_beginning_every_recorded_order_is_there(server: Server) -> None:
    item = stocked(server, A=50)
    orders = [source(server, (item, 1)).order_id for _ in range(3)]
    with Watch(server, from_position="0-0") as watch:
        told = watch.until(lambda events: {event.order_id for event in events} >= set(orders))
        check_order(told)
        for order_id in orders:
            assert [event for event in told if event.order_id == order_id] == events_of(server, order_id)


def test_filters(server: Server) -> None:
    item = stocked(server, A=50)
    with Watch(server) as everything:
        start = everything.position
        first, second = (source(server, (item, 1)).order_id for _ in range(2))
        everything.until(at_least(2))
    with Watch(server, from_position=start, order_ids=[second, "not-yet-there"]) as watch:
        assert [event.order_id for event in watch.until(at_least(1))] == [second]
    with Watch(server, from_position=start, types=[SOURCED]) as watch:
        assert [event.order_id for event in watch.until(at_least(2))] == [first, second]
    # Of an order of its own: reservations of other tests may expire meanwhile.
    with Watch(server, from_position=start, types=[EXPIRED], order_ids=[first]) as watch:
        assert not watch.events
        # What is left out moves the position all the same: nothing of it is read again.
        message = next(iter(watch.call))
        assert not message.events and place(message.position) > place(start)


def test_orders_at_risk_are_told(server: Server) -> None:
    """One event for each order that waits for the late receipt, as ListOrderEvents has it."""
    item = server.item()
    receipt = record(
        item, "A", 9, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id=f"PO-{item}", available_at=instant("2030-03-01T08:00")
    )
    assert adjust(server, receipt).accepted_count == 1
    with Watch(server, types=[AT_RISK], location_ids=["A"]) as watch:
        orders = sorted(source(server, (item, 1)).order_id for _ in range(3))
        receipt.available_at.CopyFrom(instant("2030-03-09T08:00"))
        assert adjust(server, receipt).accepted_count == 1
        told = watch.until(at_least(3))
    assert sorted(event.order_id for event in told) == orders
    assert len({event.position for event in told}) == 1
    for event in told:
        assert events_of(server, event.order_id)[-1] == event


def test_expired_reservation_is_told(server: Server) -> None:
    item = stocked(server, A=5)
    with Watch(server, types=[EXPIRED]) as watch:
        request = reservation_service_pb2.CreateReservationRequest(
            request_id=uuid7(), reservation_id=f"R-{item}", basket=basket(lines((item, 2)))
        )
        request.time_to_live.FromMilliseconds(1_000)
        server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX)
        (event,) = watch.until(at_least(1))
    assert event.attributes["reservation_id"] == f"R-{item}"
    assert not event.order_id


def test_sign_of_life_when_nothing_happens(server: Server) -> None:
    with Watch(server, order_ids=["nobody"]) as watch:
        started = time.monotonic()
        message = next(iter(watch.call))
        assert not message.events and message.position
        assert time.monotonic() - started < 10.0


def test_fifty_watchers_are_told_the_same(server: Server) -> None:
    item = stocked(server, A=50)
    watches = [Watch(server) for _ in range(50)]
    try:
        orders = [source(server, (item, 1)).order_id for _ in range(5)]
        for watch in watches:
            assert [event.order_id for event in watch.until(at_least(5))] == orders
    finally:
        for watch in watches:
            watch.call.cancel()


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"from_position": "x"}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "from_position"),
        ({"from_position": "1-"}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "from_position"),
        ({"min_position": "-1-3"}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "min_position"),
        ({"types": [0]}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "types[0]"),
        ({"types": [SOURCED, 77]}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "types[1]"),
        ({"order_ids": ["a b"]}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "order_ids[0]"),
        ({"order_ids": ["a"] * 1_001}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "order_ids"),
        ({"location_ids": ["A"] * 1_001}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "location_ids"),
        ({"location_ids": ["A", "moon"]}, ("NOT_FOUND", "UNKNOWN_LOCATION"), "location_ids[1]"),
        ({"network_id": "elsewhere"}, ("NOT_FOUND", "UNKNOWN_NETWORK"), "network_id"),
        ({"from_position": "1-999999999"}, ("ABORTED", "POSITION_LOST"), "from_position"),
        ({"from_position": "99-1"}, ("ABORTED", "POSITION_LOST"), "from_position"),
        ({"min_position": "99-1"}, ("ABORTED", "POSITION_LOST"), "min_position"),
    ],
)
def test_bad_question_is_named(server: Server, fields: dict[str, Any], error: tuple[str, str], named: str) -> None:
    call = server.order.WatchEvents(Request(**fields), timeout=CALL_SECONDS_MAX)
    found = refusal(lambda: list(call))
    assert (found.code, found.reason, found.fields) == (*error, (named,))


def test_deadline_ends_the_stream(server: Server) -> None:
    call = server.order.WatchEvents(Request(), timeout=1.0)
    assert refusal(lambda: list(call)).code == "DEADLINE_EXCEEDED"


# -- with a server that is killed or stopped


def follow(server: Server, position: str, known: list[Event]) -> Iterator[None]:
    """Go on from a position, again and again whatever happens; what comes is added to `known`."""
    while True:
        try:
            for message in server.order.WatchEvents(Request(from_position=position), timeout=WATCH_SECONDS_MAX):
                known += message.events
                position = message.position
                yield
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), error
            time.sleep(0.1)
            yield


def test_killed_engine_loses_and_repeats_nothing(folder: Path) -> None:
    with Server(folder) as victim:
        item = victim.item()
        put(victim, item, {"A": 100})
        with Watch(victim) as watch:
            start = watch.position
        told: list[Event] = []
        following = follow(victim, start, told)
        orders = [source(victim, (item, 1)).order_id for _ in range(5)]
        while len(told) < 5:
            next(following)
        victim.kill_child("engine")
        until = time.monotonic() + WATCH_SECONDS_MAX
        while len(orders) < 10:
            try:
                orders.append(source(victim, (item, 1), policy_id="cost").order_id)
            except grpc.RpcError as error:
                assert time.monotonic() < until, error
                time.sleep(0.1)
        while len(told) < 10:
            next(following)
        check_order(told)
        assert {event.order_id for event in told} >= set(orders)
        for order_id in orders:
            assert [event for event in told if event.order_id == order_id] == events_of(victim, order_id)


def test_stop_ends_streams_so_that_clients_come_back(folder: Path) -> None:
    with Server(folder) as server:
        watch = Watch(server)
        started = time.monotonic()
        ended: list[grpc.RpcError] = []

        def await_end() -> None:
            with pytest.raises(grpc.RpcError) as caught:
                watch.until(lambda events: False)
            ended.append(caught.value)

        assert server.terminate(await_end) == 0
        found = refused(ended[0])
        assert (found.code, found.reason) == ("UNAVAILABLE", "ENGINE_STOPPING")
        assert found.retry_after_ms > 0
        assert time.monotonic() - started < 20.0
