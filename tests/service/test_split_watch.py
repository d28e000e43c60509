"""Who follows a network over shards, on a real cluster of three nodes: events, webhooks and stock of all logs as one.

Also while one of the nodes is away: what is recorded is told, nothing is lost or repeated, and streams go on when it is back.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from belofte.v1 import inventory_service_pb2, order_service_pb2, types_pb2

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.shards import Shards
from engine.ledger.database import open_database
from engine.ledger.post import standings
from engine.network.records import Item
from engine.outbox.courier import Backoff
from engine.outbox.outbox import Outbox
from engine.outbox.subscribers import read_subscribers
from engine.service.desk import Call
from tests.cluster import Cluster
from tests.outbox.receiver import Receiver
from tests.outbox.test_delivery import subscribers_file
from tests.service.room import AVAILABILITY, opened
from tests.service.split_room import ITEMS, SplitRoom, sidecars, split_records
from tests.service.stream_reader import StreamReader
from tests.service.test_split_crash import SPLIT, partition_over
from tests.service.test_split_orders import ORDERS, ended
from tests.sidecars import wait_until

WATCH_EVENTS, WATCH_STOCK = f"{ORDERS}WatchEvents", "/belofte.v1.InventoryService/WatchAvailability"
BACK_SECONDS_MAX = 90.0
PAIR = Item("pair", components=(("bolt", 1), ("lamp", 2)))
"""A kit whose components are in two shards."""

IN_ONE, IN_TWO, IN_ALL = {"bolt": 1}, {"bolt": 1, "lamp": 1}, dict.fromkeys(ITEMS, 1)


@dataclass
class Followed:
    """A network over a cluster, and its events as webhooks."""

    cluster: Cluster
    room: SplitRoom
    receiver: Receiver
    outbox: Outbox

    def node_of(self, shard: int) -> int:
        return self.cluster.owner(SPLIT.partition(self.room.partition, shard))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    folder = tmp_path_factory.mktemp("watch")
    ledger_url = f"sqlite:///{folder / 'ledger.sqlite3'}"
    with Cluster() as cluster, Receiver(folder) as receiver:
        partition = partition_over(cluster)
        records = split_records()
        records = replace(records, items=(*records.items, PAIR))
        subscribers = read_subscribers(subscribers_file(receiver, from_beginning=True))
        outbox = Outbox(ledger_url, "urn:belofte:test", subscribers, SystemClock(), Backoff(0.02, 0.2), shards=SPLIT)
        with (
            sidecars(cluster.url(0), ledger_url, SPLIT, partition),
            opened(
                cluster.url(0), ledger_url, folder, records, shards=SPLIT.count, partition=partition,
                record_wait_ms_max=5_000,
            ) as room,
        ):  # fmt: skip
            split = SplitRoom(room, SPLIT, cluster.url(0), ledger_url, partition)
            thread = threading.Thread(target=outbox.run, args=(lambda: None,))
            thread.start()
            try:
                assert {SPLIT.of_item(item) for item in ITEMS} == set(range(SPLIT.count))
                answer = split.adjust(dict.fromkeys(ITEMS, 1_000))
                assert not isinstance(answer, Refusal), answer
                yield Followed(cluster, split, receiver, outbox)
            finally:
                outbox.stop()
                thread.join(30)


class Reader(StreamReader):
    """A stream of the room and who reads it."""

    def __init__(self, followed: Followed, method: str, kind: Any, **fields: object) -> None:
        responses = {
            WATCH_EVENTS: order_service_pb2.WatchEventsResponse, WATCH_STOCK: inventory_service_pb2.WatchAvailabilityResponse
        }  # fmt: skip
        super().__init__(responses[method].FromString, stalled_seconds_max=300.0)
        self.answer: list[Any] = []
        answered = threading.Event()

        def answer(value: Any) -> None:
            self.answer.append(value)
            answered.set()

        message = kind(**fields).SerializeToString()
        followed.room.room.engine._desk.submit(Call(method, message, 2**62, answer, flow=self.flow))
        assert answered.wait(60)

    def wait_past(self, position: str, shards: Shards = SPLIT) -> None:
        """Read until everything up to a place in each log was told."""

        def is_there() -> bool:
            while self.read():
                pass
            return bool(self.position) and not shards.is_ahead(position, self.position)

        wait_until(is_there, BACK_SECONDS_MAX)

    @property
    def events(self) -> list[types_pb2.OrderEvent]:
        return [event for message in self.messages for event in message.events]


def events(followed: Followed, **fields: object) -> Reader:
    return Reader(followed, WATCH_EVENTS, order_service_pb2.WatchEventsRequest, **fields)


def stock(followed: Followed, **fields: object) -> Reader:
    return Reader(followed, WATCH_STOCK, inventory_service_pb2.WatchAvailabilityRequest, **fields)


def cancel(followed: Followed, order_id: str) -> None:
    request = order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=order_id)
    answer = followed.room.ask(f"{ORDERS}CancelOrder", request, order_service_pb2.CancelOrderResponse)
    assert not isinstance(answer, Refusal), answer


def recorded(followed: Followed) -> str:
    """The place in each log up to which everything is recorded, once nothing is on its way."""
    wait_until(lambda: ended(followed.room), BACK_SECONDS_MAX)
    position: str = followed.room.room.engine._ledger.last_position()
    return position


def of_order(followed: Followed, order_id: str) -> list[str]:
    """Ids of the events of an order, as ListOrderEvents has them."""
    request = order_service_pb2.ListOrderEventsRequest(order_id=order_id)
    answer = followed.room.ask(f"{ORDERS}ListOrderEvents", request, order_service_pb2.ListOrderEventsResponse)
    return [event.event_id for event in answer.events]


def check_told(followed: Followed, told: list[types_pb2.OrderEvent], order_ids: list[str]) -> None:
    """Every event of these orders, once, those of an order in the order of its record."""
    for order_id in order_ids:
        assert [event.event_id for event in told if event.order_id == order_id] == of_order(followed, order_id)
    assert len({event.event_id for event in told}) == len(told)


def test_events_of_all_shards_come_once_from_any_position(followed: Followed) -> None:
    before = recorded(followed)
    live = events(followed)
    order_ids = [f"told-{n}" for n in range(9)]
    for n, order_id in enumerate(order_ids):
        assert not isinstance(followed.room.source((IN_ONE, IN_TWO, IN_ALL)[n % 3], order_id), Refusal)
    for order_id in order_ids[::2]:
        cancel(followed, order_id)
    end = recorded(followed)
    live.wait_past(end)
    check_told(followed, live.events, order_ids)
    whole = events(followed, from_position=before)
    whole.wait_past(end)
    ids = [event.event_id for event in whole.events]
    assert sorted(ids) == sorted(event.event_id for event in live.events)
    for message in (whole.messages[0], whole.messages[len(whole.messages) // 2], whole.messages[-1]):
        rest = events(followed, from_position=message.position)
        rest.wait_past(end)
        at = next((n for n, each in enumerate(whole.messages) if each is message))
        assert [event.event_id for event in rest.events] == [
            event.event_id for each in whole.messages[at + 1 :] for event in each.events
        ]


def test_what_was_overruled_is_not_told(followed: Followed) -> None:
    """One order id at two shards, each of which commits: the ledger lets one of them be, and one is told."""
    live = events(followed)
    answers = [followed.room.source({item: 1}, "twice") for item in ("bolt", "lamp", "nut")]
    refused = [each for each in answers if isinstance(each, Refusal)]
    assert len(refused) == 2 and {each.reason for each in refused} == {Reason.ORDER_EXISTS}
    end = recorded(followed)
    live.wait_past(end)
    check_told(followed, live.events, ["twice"])
    assert [event.type for event in live.events] == [types_pb2.EVENT_TYPE_ORDER_SOURCED]


def test_stock_of_all_shards_is_watched(followed: Followed) -> None:
    """The picture, then changes, then from a position on: each time what is told last is what there is."""
    seen = stock(followed)
    assert seen.answer == [b""]
    seen.wait_past(recorded(followed))
    for units in (IN_ONE, IN_TWO, IN_ALL):
        assert not isinstance(followed.room.source(units), Refusal)
    followed.room.reserve(IN_ALL, "watched")
    end = recorded(followed)
    seen.wait_past(end)
    check_rows(followed, seen)
    middle = seen.position
    assert not isinstance(followed.room.source(IN_TWO), Refusal)
    later = stock(followed, from_position=middle)
    later.wait_past(recorded(followed))
    assert {row.item_id for message in later.messages for row in message.availabilities} == {*IN_TWO, "pair"}
    check_rows(followed, seen, later)
    crossing = stock(followed, item_ids=["nut"], thresholds=[500])
    crossing.wait_past(recorded(followed))
    followed.room.adjust({"nut": -700, "cup": -1})
    crossing.wait_past(recorded(followed))
    told = [message for message in crossing.messages if message.HasField("threshold")]
    assert [(message.threshold, row.item_id) for message in told for row in message.availabilities] == [(500, "nut")]
    followed.room.adjust({"nut": 700, "cup": 1})


def test_a_kit_of_components_in_two_shards_is_watched(followed: Followed) -> None:
    """About 1,000 bolts and as many lamps are 500 pairs: 250 without 500 lamps, and then a few without 980 bolts."""
    assert len({SPLIT.of_item(part) for part, _ in PAIR.components}) == 2
    reader, crossing = stock(followed, item_ids=["pair"]), stock(followed, item_ids=["pair"], thresholds=[300, 100])
    for units in ({}, {"lamp": -500}, {"bolt": -980}, {"bolt": 980}, {"lamp": 500}):
        if units:
            followed.room.adjust(units)
        for each in (reader, crossing):
            each.wait_past(recorded(followed))
    told = [message for message in crossing.messages if message.HasField("threshold")]
    assert [message.threshold for message in told] == [300, 100, 100, 300]
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=["pair"])
    (row,) = followed.room.ask(AVAILABILITY, request, inventory_service_pb2.GetAvailabilityResponse).availabilities
    shown = [row for message in reader.messages for row in message.availabilities]
    assert shown[-1].available == told[-1].availabilities[0].available == row.available > 300


def check_rows(followed: Followed, *readers: Reader) -> None:
    """What was told last of each item is what GetAvailability says."""
    shown: dict[str, tuple[int, int]] = {}
    for message in (message for reader in readers for message in reader.messages):
        for row in message.availabilities:
            if row.location_id == "ams" and row.item_id in ITEMS:
                shown[row.item_id] = row.on_hand, row.allocated + row.reserved
    assert shown == followed.room.available()


@pytest.mark.parametrize("token", ["2-1,5-1", "1-1,2-1,4-1"])
def test_a_token_with_two_positions_of_a_log_is_none(followed: Followed, token: str) -> None:
    for reader in (events(followed, from_position=token), stock(followed, from_position=token)):
        (answer,) = reader.answer
        assert isinstance(answer, Refusal) and answer.reason is Reason.INVALID_FIELD and "from_position" in answer.message


def test_a_position_of_one_log_is_the_beginning_of_the_others(followed: Followed) -> None:
    """Whoever has the position of an order in one shard misses nothing of the others."""
    answer = followed.room.source(IN_ONE)
    assert len(answer.position.split(",")) == 1
    end = recorded(followed)
    reader = events(followed, from_position=answer.position)
    reader.wait_past(end)
    own = SPLIT.of_position(answer.position)
    whole = events(followed, from_position="0-0")
    whole.wait_past(end)
    ids = [event.event_id for event in whole.events if SPLIT.of_position(event.position) != own]
    assert [event.event_id for event in reader.events] == ids


def test_streams_go_on_over_the_loss_of_a_node(followed: Followed) -> None:
    before = recorded(followed)
    told, seen = events(followed), stock(followed)
    seen.wait_past(before)
    lost = followed.node_of(SPLIT.of_item("bolt"))
    followed.cluster.kill(lost)
    wait_until(lambda: followed.room.room.engine._path.stale, BACK_SECONDS_MAX)
    answer = followed.room.source(IN_TWO, "refused")
    assert isinstance(answer, Refusal) and answer.reason is Reason.STORE_RECOVERING
    # Who comes meanwhile is told what is recorded, of every shard.
    meanwhile = events(followed, from_position="0-0")
    meanwhile.wait_past(before)
    assert not (told.ending or seen.ending or meanwhile.ending)
    followed.cluster.start(lost)

    def is_back() -> bool:
        answer = followed.room.source(IN_ALL, "after", request_id)
        return not isinstance(answer, Refusal)

    request_id = uuid7()
    wait_until(is_back, BACK_SECONDS_MAX)
    end = recorded(followed)
    for reader in (told, seen, meanwhile):
        reader.wait_past(end)
        assert not reader.ending
    check_told(followed, [event for event in told.events if event.order_id == "after"], ["after"])
    assert len({event.event_id for event in meanwhile.events}) == len(meanwhile.events)
    check_rows(followed, seen)
    followed.room.audit()


def test_webhooks_tell_all_that_the_streams_tell(followed: Followed) -> None:
    """Each event of orders at least once, in the order of its order, and the subscriber stands at a place in each log."""
    end = recorded(followed)
    reader = events(followed, from_position="0-0")
    reader.wait_past(end)
    wanted = {event.event_id for event in reader.events}
    wait_until(lambda: wanted <= set(followed.receiver.taken_ids()), BACK_SECONDS_MAX)
    by_order: dict[str, list[str]] = {}
    for note in followed.receiver.taken():
        event = note["event"]
        if event["id"] in wanted and event["id"] not in by_order.setdefault(event["subject"], []):
            by_order[event["subject"]].append(event["id"])
    for order_id, ids in by_order.items():
        assert ids == [event.event_id for event in reader.events if event.order_id == order_id]
    database = open_database(followed.room.ledger_url)

    def stands() -> bool:
        with database.connect() as connection:
            (standing,) = standings(connection)
        return standing.position == end and not (standing.waiting or standing.dead)

    wait_until(stands, BACK_SECONDS_MAX)
    database.dispose()
