"""Followers of the ledger: nothing is lost or repeated, whoever is slow, starts late, or is many; nothing is kept of them."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.reasons import Reason
from engine.inventory.shards import WHOLE, Shards
from engine.ledger.ledger import Ledger
from engine.service import commit_events, outflow, recent_commits, watch_events
from engine.service.commit_events import EVERYTHING, Filter
from engine.service.watch_events import EventWatch, Watcher
from tests.service.recorded_log import Entry, RecordedLog, sourced
from tests.service.stream_reader import StreamReader
from tests.sidecars import wait_until

Response = order_service_pb2.WatchEventsResponse


class Reader(StreamReader):
    """A follower's stream and who reads it."""

    def __init__(self, **limits: float) -> None:
        super().__init__(Response.FromString, **limits)

    def read_until_at(self, position: str) -> list[str]:
        """Orders told, once everything up to a position was."""
        self.wait_for(position)
        return self.orders

    @property
    def orders(self) -> list[str]:
        return [event.order_id for message in self.messages for event in message.events]


class Following:
    """A ledger, who writes it and who follows it."""

    def __init__(self, url: str, shards: Shards = WHOLE) -> None:
        self.url = url
        self.logs = [RecordedLog(url, shard, shards) for shard in range(shards.count)]
        self.log = self.logs[0]
        self.ledger = Ledger(url, shards)
        self.watch = EventWatch(self.ledger)

    def close(self) -> None:
        self.watch.stop()
        self.ledger.close()
        for log in self.logs:
            log.close()

    def reader(self, position: str, wanted: Filter = EVERYTHING, proven: bool = True, **limits: float) -> Reader:
        reader = Reader(**limits)
        unproven = [] if proven else [("from_position", position)]
        self.watch.add(Watcher(reader.flow, wanted, position, unproven))
        return reader


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Following]:
    made = Following(f"sqlite:///{tmp_path}/ledger.db")
    yield made
    made.close()


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is kept in memory, little is read at once, and queues are short."""
    monkeypatch.setattr(recent_commits, "RECENT_COMMITS_MAX", 3)
    monkeypatch.setattr(watch_events, "PAGE_ENTRIES", 2)
    monkeypatch.setattr(watch_events, "FOLLOW_SECONDS_MIN", 0.0)
    monkeypatch.setattr(outflow, "MESSAGES_MAX", 2)


@pytest.mark.usefixtures("short_memory")
@pytest.mark.parametrize("seed", range(3))
def test_readers_of_any_speed_from_any_position_are_told_everything_once(following: Following, seed: int) -> None:
    """Ten of them, some of which take nothing for a while, while 120 entries are recorded, two of three with an event."""
    draw = random.Random(seed)
    positions, orders = ["0-0"], [""]
    readers: list[tuple[int, Reader]] = []
    for n in range(40):
        entries = [sourced(f"o{n}-{k}") if draw.random() < 0.67 else Entry() for k in range(3)]
        positions += following.log.record(*entries)
        orders += [entry.order_id for entry in entries]
        following.watch.wake()
        if n % 4 == 0:
            first = draw.randrange(len(positions))
            readers.append((first, following.reader(positions[first])))
        for _, reader in readers:
            if draw.random() < 0.3:
                for _ in range(draw.randrange(5)):
                    reader.read()
        time.sleep(0.002)
    following.log.record(sourced("last"))
    last = f"{positions[-1].split('-')[0]}-{int(positions[-1].split('-')[1]) + 1}"
    following.watch.wake()
    for first, reader in readers:
        assert reader.read_until_at(last) == [*filter(None, orders[first + 1 :]), "last"]


@pytest.mark.usefixtures("short_memory")
@pytest.mark.parametrize("seed", range(3))
def test_readers_of_several_logs_are_told_everything_once(tmp_path: Path, seed: int) -> None:
    """Each of its own place in three logs; what happened to one order in several comes in the order of its record."""
    draw, shards = random.Random(seed), Shards(3)
    following = Following(f"sqlite:///{tmp_path}/ledger.db", shards)
    places, told = ["0-0"], [("", "")]
    readers: list[tuple[int, Reader]] = []
    for n in range(60):
        log = draw.choice(following.logs)
        order_id = f"o{draw.randrange(8)}"
        entry = sourced(order_id)
        entry.order_id = ""  # which log made it is of no matter here
        (position,) = log.record(entry)
        places.append(shards.latest(places[-1], position))
        told.append((order_id, entry.events[0].event_id))
        following.watch.wake()
        if n % 5 == 0:
            first = draw.randrange(len(places))
            readers.append((first, following.reader(places[first], stalled_seconds_max=100.0)))
        for _, reader in readers:
            if draw.random() < 0.3:
                for _ in range(draw.randrange(5)):
                    reader.read()
        time.sleep(0.002)  # no two of them within one millisecond
    for first, reader in readers:
        reader.wait_for(places[-1])
        found = [(event.order_id, event.event_id) for message in reader.messages for event in message.events]
        assert sorted(found) == sorted(told[first + 1 :])
        for order_id in {order_id for order_id, _ in told}:
            assert [each for each in found if each[0] == order_id] == [e for e in told[first + 1 :] if e[0] == order_id]
        middle = draw.choice(reader.messages).position
        later = following.reader(middle)
        later.wait_for(places[-1])
        seen = [event.event_id for message in later.messages for event in message.events]
        after = {
            event.event_id for message in reader.messages for event in message.events
            if shards.is_ahead(event.position, middle)
        }  # fmt: skip
        assert len(seen) == len(after) and set(seen) == after
    following.close()


def test_resuming_from_each_message_gives_the_rest(following: Following) -> None:
    """Also in the middle of a commit with more orders at risk than a message holds: it is told again from its beginning."""
    count = 2 * commit_events.EVENTS_EACH + 1
    receipt = {"item_id": "bolt", "location_id": "ams", "receipt_id": "po"}
    waiting = []
    for n in range(count):
        entry = sourced(f"o{n:04}")
        entry.positions.add(**receipt, demand_delta=1)  # type: ignore[arg-type]
        waiting.append(entry)
    start = following.log.record(*waiting)[-1]
    late = sourced("another")
    late.risks.add(**receipt, event=types_pb2.OrderEvent(type=types_pb2.EVENT_TYPE_PROMISE_AT_RISK))  # type: ignore[arg-type]
    following.log.record(late)
    (last,) = following.log.record(sourced("after"))
    first = following.reader(start)
    all_told = ["another", *(f"o{n:04}" for n in range(count)), "after"]
    assert first.read_until_at(last) == all_told
    sizes = [len(message.events) for message in first.messages]
    assert sizes == [commit_events.EVENTS_EACH, commit_events.EVENTS_EACH, 2, 1]
    rests = [following.reader(message.position).read_until_at(last) for message in first.messages]
    assert rests == [all_told, all_told, ["after"], []]
    one = following.reader(start, Filter(order_ids=frozenset({"o0300", "after"})))
    assert one.read_until_at(last) == ["o0300", "after"]
    told = first.messages[1].events[0]
    assert told.event_id == f"{late.request_id}-risk-1-{told.order_id}"


def test_reader_that_takes_nothing_is_let_go_and_the_others_are_not(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outflow, "MESSAGES_MAX", 4)
    monkeypatch.setattr(watch_events, "POLL_SECONDS", 0.05)
    stalled, reader = following.reader("0-0", stalled_seconds_max=0.3), following.reader("0-0")
    last = following.log.record(*(sourced(f"o{n}") for n in range(100)))[-1]
    following.watch.wake()
    assert len(reader.read_until_at(last)) == 100
    wait_until(lambda: stalled.ending)
    assert stalled.ending is not None and stalled.ending.reason is Reason.SLOW_CONSUMER
    assert len(following.watch) == 1
    assert reader.ending is None


def test_what_waits_for_a_slow_reader_is_bounded(following: Following) -> None:
    """However much is recorded: 10,000 entries, of which a queue holds 64."""
    reader = following.reader("0-0")
    for n in range(10):
        last = following.log.record(*(sourced(f"o{n}-{k}") for k in range(1_000)))[-1]
        following.watch.wake()
    wait_until(lambda: not reader.flow.has_room)
    assert len(reader.flow._messages) <= outflow.MESSAGES_MAX
    assert len(following.watch._recent._commits) <= recent_commits.RECENT_COMMITS_MAX
    assert len(reader.read_until_at(last)) == 10_000


def test_one_reads_the_ledger_for_fifty(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entry is read once by those who keep up, not once by each."""
    readers = [following.reader("0-0") for _ in range(50)]
    wait_until(lambda: all(reader.read() or reader.messages for reader in readers))
    read, entries_after = [0], following.ledger.entries_after

    def counted(position: str, count: int) -> object:
        found = entries_after(position, count)
        read[0] += len(found)
        return found

    monkeypatch.setattr(following.ledger, "entries_after", counted)
    for n in range(20):
        (last,) = following.log.record(sourced(f"o{n}"))
        following.watch.wake()
    for reader in readers:
        assert reader.read_until_at(last) == [f"o{n}" for n in range(20)]
    assert read[0] == 20


def test_lost_position_ends_the_stream(following: Following) -> None:
    """The epoch ended before it was recorded; what was recorded of that epoch can be gone on from."""
    first, second = following.log.record(sourced("a"), sourced("b"))
    following.log.close()
    following.log = RecordedLog(following.url)
    (third,) = following.log.record(sourced("c"))
    lost = following.reader("1-3", proven=False)
    wait_until(lambda: lost.ending)
    assert lost.ending is not None and lost.ending.reason is Reason.POSITION_LOST
    assert [each.field for each in lost.ending.violations] == ["from_position"]
    assert following.reader(first, proven=False).read_until_at(third) == ["b", "c"]
    assert following.reader(second, proven=False).read_until_at(third) == ["c"]
    assert following.reader("0-0", proven=False).read_until_at(third) == ["a", "b", "c"]
    assert lost.messages == []


def test_position_ahead_of_the_ledger_is_waited_for(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer from memory names what is yet to be recorded; one that never is, is lost after a while."""
    following.log.record(sourced("a"))
    ahead = following.reader("1-2", proven=False)
    time.sleep(0.1)
    _, third = following.log.record(sourced("b"), sourced("c"))
    following.watch.wake()
    assert ahead.read_until_at(third) == ["c"]
    monkeypatch.setattr(watch_events, "RECORD_SECONDS_MAX", 0.1)
    never = following.reader("1-99", proven=False)
    wait_until(lambda: never.ending)
    assert never.ending is not None and never.ending.reason is Reason.POSITION_LOST


def test_ledger_that_cannot_be_asked_for_a_while_loses_nothing(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_events, "AGAIN_SECONDS", 0.05)
    (first,) = following.log.record(sourced("a"))
    reader = following.reader("0-0")
    assert reader.read_until_at(first) == ["a"]
    failed, entries_after = threading.Event(), following.ledger.entries_after

    def fails(position: str, count: int) -> object:
        if not failed.is_set():
            failed.set()
            raise OSError("gone")
        return entries_after(position, count)

    monkeypatch.setattr(following.ledger, "entries_after", fails)
    (second,) = following.log.record(sourced("b"))
    following.watch.wake()
    assert reader.read_until_at(second) == ["a", "b"]
    assert failed.is_set()


def test_nothing_is_left_of_watchers_that_are_gone(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the ledger asked when nobody watches; and who comes later is told everything all the same."""
    (first,) = following.log.record(sourced("a"))
    readers = [following.reader("0-0") for _ in range(20)]
    for reader in readers:
        reader.read_until_at(first)
    for reader in readers:
        reader.flow.close()
    assert len(following.watch) == 0
    wait_until(lambda: not following.watch._is_following)
    assert not following.watch._recent._commits
    asked = threading.Event()
    entries_after = following.ledger.entries_after
    monkeypatch.setattr(following.ledger, "entries_after", lambda *given: asked.set() or entries_after(*given))
    (second,) = following.log.record(sourced("b"))
    following.watch.wake()
    assert not asked.wait(2 * watch_events.POLL_SECONDS)
    assert following.reader(first).read_until_at(second) == ["b"]
    closed = Reader()
    closed.flow.close()
    following.watch.add(Watcher(closed.flow, EVERYTHING, "0-0", []))
    assert len(following.watch) == 1
