"""WatchAvailability: what a watcher has been told is what GetAvailability answers, from the first picture on."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from belofte.v1 import inventory_service_pb2, network_service_pb2, reservation_service_pb2, types_pb2

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
    stock_rows,
    stocked,
)
from tests.acceptance.server import Server

WATCH_SECONDS_MAX = 60.0
NETWORK = inventory_service_pb2.GROUP_BY_NETWORK
INBOUND, ADJUST = types_pb2.INVENTORY_KIND_INBOUND, types_pb2.INVENTORY_KIND_ADJUST
Request, Row = inventory_service_pb2.WatchAvailabilityRequest, inventory_service_pb2.Availability
Response = inventory_service_pb2.WatchAvailabilityResponse
Key = tuple[str, str, str]


class Watch:
    """A stream, and the rows as it has told them."""

    def __init__(self, server: Server, **fields: Any) -> None:
        self.call = server.inventory.WatchAvailability(Request(**fields), timeout=WATCH_SECONDS_MAX)
        self.rows: dict[Key, Row] = {}
        self.position = fields.get("from_position", "")
        self.told: list[Response] = []
        while self.read() and not self.position:
            """Until the first picture is complete."""

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *error: object) -> None:
        self.call.cancel()

    def read(self) -> Response:
        message: Response = next(iter(self.call))
        self.told.append(message)
        for row in message.availabilities:
            self.rows[row.item_id, row.location_id, row.pool] = row
        self.position = message.position or self.position
        return message

    def until(self, is_enough: Callable[[], bool]) -> None:
        while not is_enough():
            self.read()

    def until_seen(self, position: str) -> None:
        self.until(lambda: bool(self.position) and place(self.position) >= place(position))

    def available(self, item: str) -> dict[str, int]:
        return {location: row.available for (item_id, location, _), row in self.rows.items() if item_id == item}


def place(position: str) -> tuple[int, int]:
    epoch, _, sequence = position.partition("-")
    return int(epoch), int(sequence)


def same(row: Row) -> Row:
    """Without what moves on by itself: where it was seen, and from when it holds."""
    copy = Row()
    copy.CopyFrom(row)
    copy.ClearField("position")
    for window in copy.windows[:1]:
        getattr(window, "from").Clear()
    return copy


def asked(server: Server, *items: str, **fields: Any) -> dict[Key, Row]:
    rows = stock_rows(server, *items, **fields)
    return {(row.item_id, row.location_id, row.pool): same(row) for row in rows}


def told(watch: Watch) -> dict[Key, Row]:
    return {key: same(row) for key, row in watch.rows.items()}


def set_to(server: Server, item: str, **stock: int) -> str:
    answer = adjust(server, *(record(item, location, quantity) for location, quantity in stock.items()))
    assert answer.rejected_count == 0
    return answer.position


def test_first_picture_and_each_change(server: Server) -> None:
    first, second, other = stocked(server, A=5, B=3), server.item(), stocked(server, A=7)
    with Watch(server, item_ids=[first, second]) as watch:
        assert len(watch.told) == 1
        assert told(watch) == asked(server, first, second)
        order = source(server, (first, 2))
        watch.until_seen(order.position)
        set_to(server, other, A=9)
        position = set_to(server, second, A=4)
        watch.until_seen(position)
        assert told(watch) == asked(server, first, second)
        # Only rows that changed came: nothing of another item, and of the order's item its one location.
        changed = [row for message in watch.told[1:] for row in message.availabilities]
        assert [(row.item_id, row.location_id) for row in changed] == [
            (first, order.plan.shipments[0].location_id), (second, "A"),
        ]  # fmt: skip
        assert all(place(row.position) <= place(watch.position) for row in changed)


def test_reserved_becomes_allocated(server: Server) -> None:
    """A reservation that becomes an order changes no demand, and its row all the same."""
    item = stocked(server, A=5)
    with Watch(server, item_ids=[item]) as watch:
        request = reservation_service_pb2.CreateReservationRequest(
            request_id=uuid7(), reservation_id=f"R-{item}", basket=basket(lines((item, 2)))
        )
        made = server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX)
        watch.until_seen(made.position)
        (row,) = watch.rows.values()
        assert (row.reserved, row.allocated, row.available) == (2, 0, 3)
        between = watch.position
        confirm = reservation_service_pb2.ConfirmReservationRequest(
            request_id=uuid7(), reservation_id=f"R-{item}", order=types_pb2.Order(order_id=f"O-{item}")
        )
        confirmed = server.reservation.ConfirmReservation(confirm, timeout=CALL_SECONDS_MAX)
        watch.until_seen(confirmed.position)
        (row,) = watch.rows.values()
        assert (row.reserved, row.allocated, row.available) == (0, 2, 3)
    with Watch(server, item_ids=[item], from_position=between) as again:
        again.until(lambda: bool(again.rows))
        assert told(again) == asked(server, item)


def test_expired_reservation_gives_back(server: Server) -> None:
    item = stocked(server, A=5)
    with Watch(server, item_ids=[item], group_by=NETWORK) as watch:
        request = reservation_service_pb2.CreateReservationRequest(request_id=uuid7(), basket=basket(lines((item, 2))))
        request.time_to_live.FromMilliseconds(700)
        server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX)
        watch.until(lambda: [row.available for row in watch.rows.values()] == [3])
        watch.until(lambda: [row.available for row in watch.rows.values()] == [5])


def test_locations_pools_and_network(server: Server) -> None:
    item = stocked(server, A=5, B=3, X=2)
    views: list[dict[str, Any]] = [
        {"location_ids": ["B", "Y"]}, {"segment": "vip"}, {"group_by": NETWORK}, {"group_by": NETWORK, "segment": "vip"},
        {"group_by": NETWORK, "location_ids": ["A", "B"]},
    ]  # fmt: skip
    watches = [Watch(server, item_ids=[item], **view) for view in views]
    for watch, view in zip(watches, views, strict=True):
        assert told(watch) == asked(server, item, **view), view
    adjust(server, record(item, "A", 4, pool="vip"), record(item, "B", -9, kind=ADJUST))
    adjust(server, record(item, "X", 6, kind=INBOUND, receipt_id=f"PO-{item}", available_at=instant("2030-01-01T00:00")))
    source(server, (item, 3))
    position = set_to(server, item, Y=1)
    for watch, view in zip(watches, views, strict=True):
        watch.until_seen(position)
        assert told(watch) == asked(server, item, **view), view
        watch.call.cancel()


def test_safety_stock_of_the_network_counts(server: Server) -> None:
    """`kept` keeps 50 back at A."""
    with Watch(server, item_ids=["kept"], location_ids=["A"]) as watch:
        position = set_to(server, "kept", A=70)
        watch.until_seen(position)
        (row,) = watch.rows.values()
        # Other tests have orders of it.
        assert (row.on_hand, row.safety_stock, row.available) == (70, 50, 20 - row.reserved - row.allocated)
        assert told(watch) == asked(server, "kept", location_ids=["A"])


def test_thresholds_by_location(server: Server) -> None:
    """Falling to it or below, rising above it; all that lies between comes once each, in the order it is crossed."""
    item = stocked(server, A=20, B=20)
    with Watch(server, item_ids=[item], thresholds=[5, 10]) as watch:
        assert watch.available(item) == {"A": 20, "B": 20}
        steps = [("A", 11), ("A", 10), ("B", 3), ("A", 9), ("B", 5), ("B", 6), ("A", 30), ("B", 11)]
        for location, quantity in steps:
            watch.until_seen(set_to(server, item, **{location: quantity}))
        crossed = [
            (message.threshold, row.location_id, row.available)
            for message in watch.told[1:] if message.HasField("threshold") for row in message.availabilities
        ]  # fmt: skip
        assert crossed == [(10, "A", 10), (10, "B", 3), (5, "B", 3), (5, "B", 6), (10, "A", 30), (10, "B", 11)]
        assert all(message.HasField("threshold") == bool(message.availabilities) for message in watch.told[1:])


def test_thresholds_over_the_network(server: Server) -> None:
    """Sold out is 0: it is fallen to, and risen above. A location that owes counts as 0."""
    item = stocked(server, A=2, B=3)
    with Watch(server, item_ids=[item], thresholds=[0, 4], group_by=NETWORK) as watch:
        (row,) = watch.rows.values()
        assert row.available == 5
        for change in ({"A": 0}, {"B": 1}, {"B": 0}, {"A": 1}, {"B": 9}):
            watch.until_seen(set_to(server, item, **change))
        crossed = [
            (message.threshold, message.availabilities[0].available)
            for message in watch.told[1:]
            if message.HasField("threshold")
        ]
        assert crossed == [(4, 3), (0, 0), (0, 1), (4, 10)]


def test_goes_on_from_a_position_with_what_changed(server: Server) -> None:
    item, other, untouched = stocked(server, A=20, B=4), stocked(server, A=5), stocked(server, A=5)
    with Watch(server, item_ids=[item, other, untouched]) as watch:
        position = watch.position
    set_to(server, item, A=3)
    source(server, (other, 2))
    with Watch(server, item_ids=[item, other, untouched], from_position=position) as again:
        again.until(lambda: len(again.rows) == 2)
        expected = asked(server, item, other)
        del expected[item, "B", ""]
        assert told(again) == expected
        again.until_seen(set_to(server, untouched, A=9))
        assert again.available(untouched) == {"A": 9}
    with Watch(server, item_ids=[item], from_position=position, thresholds=[10, 2]) as crossed:
        crossed.until(lambda: bool(crossed.rows))
        (message,) = [message for message in crossed.told if message.availabilities]
        assert (message.threshold, crossed.available(item)) == (10, {"A": 3})
    with Watch(server, item_ids=[item], from_position=again.position) as nothing:
        assert not nothing.told[0].availabilities, "a sign of life: it stands, and there is nothing to tell"


def test_everything_is_watched(server: Server) -> None:
    """All items: the whole picture in several messages, then no more than what changes."""
    some = [stocked(server, A=n + 1) for n in range(3)]
    with Watch(server) as watch:
        assert len(watch.rows) > 3
        for item in some:
            assert {key: row for key, row in told(watch).items() if key[0] == item} == asked(server, item)
        before = len(watch.told)
        watch.until_seen(set_to(server, some[1], B=9))
        changed = [row for message in watch.told[before:] for row in message.availabilities]
        assert [(row.item_id, row.location_id, row.available) for row in changed] == [(some[1], "B", 9)]
        assert all(message.position == "" for message in watch.told[: before - 1])


def test_fifty_watchers_are_told_the_same(server: Server) -> None:
    item = stocked(server, A=50)
    watches = [Watch(server, **({"item_ids": [item]} if n % 2 else {})) for n in range(50)]
    position = ""
    for n in range(20):
        position = set_to(server, item, A=n, B=2 * n)
    for watch in watches:
        watch.until_seen(position)
        assert watch.available(item) == {"A": 19, "B": 38}
        watch.call.cancel()


def test_random_changes_told_are_what_is_answered(server: Server) -> None:
    """Ten watchers of different views, some of which come later: each has at the end what is answered to its question."""
    draw = random.Random(11)
    items = [stocked(server, A=30, B=30) for _ in range(4)]
    watches: list[tuple[Watch, list[str], dict[str, Any]]] = []
    position = ""
    for n in range(60):
        if n % 6 == 0:
            view: dict[str, Any] = draw.choice([{}, {"group_by": NETWORK}, {"location_ids": ["A", "X"]}])
            wanted = draw.sample(items, draw.randrange(1, 4))
            watches.append((Watch(server, item_ids=wanted, **view), wanted, view))
        item, location = draw.choice(items), draw.choice("ABX")
        if draw.random() < 0.4:
            position = source(server, (item, 1), (draw.choice([each for each in items if each != item]), 1)).position
        else:
            position = adjust(server, record(item, location, draw.randrange(-2, 9), kind=ADJUST)).position
    for watch, wanted, view in watches:
        watch.until_seen(position)
        assert told(watch) == asked(server, *wanted, **view), view
        watch.call.cancel()


def test_sign_of_life_when_nothing_happens(server: Server) -> None:
    with Watch(server, item_ids=[stocked(server, A=1)]) as watch:
        started = time.monotonic()
        message = watch.read()
        assert not message.availabilities and not message.HasField("threshold") and message.position
        assert time.monotonic() - started < 10.0


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"item_ids": ["nothing"]}, ("NOT_FOUND", "UNKNOWN_ITEM"), "item_ids[0]"),
        ({"item_ids": ["i0", "a b"]}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "item_ids[1]"),
        ({"item_ids": ["i0"] * 1_001}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "item_ids"),
        ({"location_ids": ["moon"]}, ("NOT_FOUND", "UNKNOWN_LOCATION"), "location_ids[0]"),
        ({"location_ids": ["A"] * 1_001}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "location_ids"),
        ({"thresholds": list(range(11))}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "thresholds"),
        ({"group_by": 7}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "group_by"),
        ({"segment": "a\nb"}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "segment"),
        ({"channel": "é" * 129}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "channel"),
        ({"from_position": "x"}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "from_position"),
        ({"min_position": "1-x"}, ("INVALID_ARGUMENT", "INVALID_FIELD"), "min_position"),
        ({"from_position": "99-1"}, ("ABORTED", "POSITION_LOST"), "from_position"),
        ({"min_position": "99-1"}, ("ABORTED", "POSITION_LOST"), "min_position"),
        ({"network_id": "elsewhere"}, ("NOT_FOUND", "UNKNOWN_NETWORK"), "network_id"),
    ],
)
def test_bad_question_is_named(server: Server, fields: dict[str, Any], error: tuple[str, str], named: str) -> None:
    call = server.inventory.WatchAvailability(Request(**fields), timeout=CALL_SECONDS_MAX)
    found = refusal(lambda: list(call))
    assert (found.code, found.reason, found.fields) == (*error, (named,))


# -- with a server of their own, whose network changes or whose processes are killed


def test_reloaded_network_ends_the_stream(folder: Path) -> None:
    """What is kept back may have changed without a commit: whoever watches starts anew."""
    with Server(folder) as server:
        watch = Watch(server, item_ids=["kept"], location_ids=["A"])
        (folder / "network" / "safety_stock.csv").write_text("item_id,location_id,quantity\nkept,A,7\n")
        request = network_service_pb2.ReloadNetworkRequest(request_id=uuid7())
        server.network.ReloadNetwork(request, timeout=WATCH_SECONDS_MAX)
        with pytest.raises(grpc.RpcError) as caught:
            watch.until(lambda: False)
        found = refused(caught.value)
        assert (found.code, found.reason) == ("ABORTED", "POSITION_LOST")
        with Watch(server, item_ids=["kept"], location_ids=["A"]) as again:
            assert [row.safety_stock for row in again.rows.values()] == [7]


def insist(change: Callable[[], str]) -> str:
    until = time.monotonic() + WATCH_SECONDS_MAX
    while True:
        try:
            return change()
        except grpc.RpcError as error:
            assert time.monotonic() < until, error
            time.sleep(0.1)


def test_stock_that_is_loaded_anew_is_told_as_it_is(folder: Path) -> None:
    """The store is killed and comes back in another epoch: the stream goes on. Then the engine: a new stream goes on."""
    with Server(folder) as victim:
        item, other = victim.item(), victim.item()
        put(victim, item, {"A": 10})
        put(victim, other, {"A": 10})
        watch = Watch(victim, item_ids=[item, other])
        before = watch.position
        victim.kill_child("valkey")
        position = insist(lambda: set_to(victim, item, A=4))
        assert place(position)[0] > place(before)[0]
        watch.until_seen(position)
        assert told(watch) == asked(victim, item, other)
        position = watch.position
        victim.kill_child("engine")
        with pytest.raises(grpc.RpcError):
            watch.until(lambda: False)
        insist(lambda: set_to(victim, other, B=7))
        insist(lambda: str(watch.__init__(victim, item_ids=[item, other], from_position=position)))  # type: ignore[misc]
        watch.until(lambda: bool(watch.rows))
        assert told(watch) == {(other, "B", ""): asked(victim, other)[other, "B", ""]}
        watch.call.cancel()
