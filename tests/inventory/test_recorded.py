"""Waiters over a real Valkey: released by request id, once, whatever comes first and whoever else fails."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from engine.domain.ids import uuid7
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate
from engine.inventory.keys import Keys
from engine.inventory.recorded import ASK_POLL_SECONDS, RecordedWaiters, format_recorded, parse_recorded
from tests.stores import PARTITION, open_store
from tests.valkey_server import ValkeyServer

HEARD_SECONDS_MAX = 5.0
CHANNEL = Keys(PARTITION).recorded_channel


class Book:
    """What the ledger would answer, and what it was asked."""

    def __init__(self) -> None:
        self.positions: dict[str, str] = {}
        self.questions: list[list[str]] = []
        self.is_away = False

    def positions_of(self, request_ids: list[str]) -> Mapping[str, str]:
        self.questions.append(request_ids)
        if self.is_away:
            raise ConnectionError("the database is away")
        return {name: self.positions[name] for name in request_ids if name in self.positions}


class Told:
    """How often, and what, a write was told."""

    def __init__(self) -> None:
        self.positions: list[str | None] = []
        self._told = threading.Event()

    def __call__(self, position: str | None) -> None:
        self.positions.append(position)
        self._told.set()

    def wait(self) -> list[str | None]:
        assert self._told.wait(HEARD_SECONDS_MAX), "nobody told"
        return self.positions


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def gate(server: ValkeyServer) -> StoreGate:
    return open_store(server.url)


@pytest.fixture
def waiters(server: ValkeyServer, book: Book, gate: StoreGate) -> Iterator[RecordedWaiters]:
    waiting = RecordedWaiters(server.url, PARTITION, book.positions_of, record_wait_ms_max=60_000)
    waiting.start()
    until(lambda: listeners(server) == 1)
    yield waiting
    waiting.stop()


def listeners(server: ValkeyServer) -> int:
    with server.client() as client:
        return int(client.pubsub_numsub(CHANNEL)[0][1])


def until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + HEARD_SECONDS_MAX
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def tell(gate: StoreGate, *recorded: tuple[str, str]) -> None:
    gate.tell(1, ORIGIN, NO_LINK, recorded)


def test_message_is_read_as_it_was_written() -> None:
    pairs = [(uuid7(), f"3-{i}") for i in range(3)]
    assert parse_recorded(format_recorded(pairs).encode()) == dict(pairs)
    assert format_recorded([]) == ""


def test_released_by_its_id_and_by_no_other(waiters: RecordedWaiters, gate: StoreGate, book: Book) -> None:
    """A position may name two entries, one of a lineage that was lost."""
    one, other = uuid7(), uuid7()
    told, told_other = Told(), Told()
    waiters.arm(waiters.expect(one), told)
    waiters.arm(waiters.expect(other), told_other)
    tell(gate, (uuid7(), "1-1"), (one, "1-2"))
    assert told.wait() == ["1-2"]
    assert told_other.positions == []
    tell(gate, (one, "1-9"), (other, "1-3"))
    assert told_other.wait() == ["1-3"]
    assert told.positions == ["1-2"]
    assert book.questions == []


def test_record_published_before_the_commit_returned(waiters: RecordedWaiters, gate: StoreGate, book: Book) -> None:
    request_id = uuid7()
    waiter = waiters.expect(request_id)
    tell(gate, (request_id, "1-1"))
    until(lambda: waiter.position is not None)
    told = Told()
    waiters.arm(waiter, told)
    assert told.positions == ["1-1"]
    assert book.questions == []


def test_all_who_wait_for_one_id_are_released(waiters: RecordedWaiters, gate: StoreGate) -> None:
    request_id = uuid7()
    first, second = Told(), Told()
    waiters.arm(waiters.expect(request_id), first)
    armed_later = waiters.expect(request_id)
    forgotten = waiters.expect(request_id)
    waiters.forget(forgotten)
    tell(gate, (request_id, "1-1"))
    assert first.wait() == ["1-1"]
    waiters.arm(armed_later, second)
    assert second.wait() == ["1-1"]
    assert forgotten.position is None


def test_duplicate_of_what_was_recorded_long_ago_is_asked_for_at_once(waiters: RecordedWaiters, book: Book) -> None:
    request_id = uuid7()
    book.positions[request_id] = "1-1"
    told = Told()
    started = time.monotonic()
    waiters.arm(waiters.expect(request_id), told, ask_now=True)
    assert told.wait() == ["1-1"]
    assert time.monotonic() - started < 0.9


def test_duplicate_does_not_wait_for_the_next_look(waiters: RecordedWaiters, book: Book) -> None:
    """Twenty, one after the other: each would have waited for up to ASK_POLL_SECONDS, 2 s in all."""
    started = time.monotonic()
    for n in range(20):
        book.positions[request_id := uuid7()] = f"1-{n}"
        told = Told()
        waiters.arm(waiters.expect(request_id), told, ask_now=True)
        assert told.wait() == [f"1-{n}"]
    assert time.monotonic() - started < 20 * ASK_POLL_SECONDS / 2


def test_who_missed_the_message_is_asked_for_after_a_while(waiters: RecordedWaiters, book: Book) -> None:
    request_id, unknown = uuid7(), uuid7()
    book.positions[request_id] = "1-1"
    told, told_unknown = Told(), Told()
    waiters.arm(waiters.expect(request_id), told)
    waiters.arm(waiters.expect(unknown), told_unknown)
    assert told.wait() == ["1-1"]
    assert book.questions == [[request_id, unknown]]
    assert told_unknown.positions == []


def test_gives_up_at_its_time_and_is_told_once(server: ValkeyServer, gate: StoreGate, book: Book) -> None:
    waiters = RecordedWaiters(server.url, PARTITION, book.positions_of, record_wait_ms_max=300)
    waiters.start()
    request_id = uuid7()
    told = Told()
    started = time.monotonic()
    waiters.arm(waiters.expect(request_id), told)
    assert told.wait() == [None]
    assert 0.29 < time.monotonic() - started < 0.9
    tell(gate, (request_id, "1-1"))
    waiters.stop()
    assert told.positions == [None]


def test_ledger_that_cannot_be_asked_delays_nobody_who_hears_of_the_record(
    waiters: RecordedWaiters, gate: StoreGate, book: Book
) -> None:
    book.is_away = True
    one, other = uuid7(), uuid7()
    told, told_other = Told(), Told()
    waiters.arm(waiters.expect(one), told, ask_now=True)
    until(lambda: bool(book.questions))
    waiters.arm(waiters.expect(other), told_other)
    tell(gate, (other, "1-1"))
    assert told_other.wait() == ["1-1"]
    book.is_away, book.positions[one] = False, "1-2"
    assert told.wait() == ["1-2"]


def test_one_that_cannot_be_told_keeps_nobody_waiting(waiters: RecordedWaiters, gate: StoreGate) -> None:
    """A connection that broke while its answer was written must not end the thread that answers all others."""

    def broken(position: str | None) -> None:
        raise RuntimeError("the caller is gone")

    one, other, later = uuid7(), uuid7(), uuid7()
    told, told_later = Told(), Told()
    waiters.arm(waiters.expect(one), broken)
    waiters.arm(waiters.expect(other), told)
    tell(gate, (one, "1-1"), (other, "1-2"))
    assert told.wait() == ["1-2"]
    waiters.arm(waiters.expect(later), told_later)
    tell(gate, (later, "1-3"))
    assert told_later.wait() == ["1-3"]


def test_message_that_cannot_be_read_ends_nothing(waiters: RecordedWaiters, gate: StoreGate, server: ValkeyServer) -> None:
    with server.client() as client:
        client.publish(CHANNEL, b"\xff nonsense from somebody else")
    request_id = uuid7()
    told = Told()
    waiters.arm(waiters.expect(request_id), told)
    until(lambda: listeners(server) == 1)
    tell(gate, (request_id, "1-1"))
    give_up_at = time.monotonic() + HEARD_SECONDS_MAX
    while not told.positions and time.monotonic() < give_up_at:
        tell(gate, (request_id, "1-1"))
        time.sleep(0.05)
    assert told.positions == ["1-1"]


def test_stop_tells_those_who_wait_and_those_who_come_late(waiters: RecordedWaiters) -> None:
    waiting, late = Told(), Told()
    waiters.arm(waiters.expect(uuid7()), waiting)
    unarmed = waiters.expect(uuid7())
    waiters.stop()
    assert waiting.positions == [None]
    waiters.arm(unarmed, late)
    assert late.positions == [None]
    assert waiting.positions == [None]


def test_heard_again_after_the_store_was_away(book: Book) -> None:
    with ValkeyServer() as server:
        open_store(server.url)
        waiters = RecordedWaiters(server.url, PARTITION, book.positions_of, record_wait_ms_max=60_000)
        waiters.start()
        until(lambda: listeners(server) == 1)
        request_id, later = uuid7(), uuid7()
        told, told_later = Told(), Told()
        waiters.arm(waiters.expect(request_id), told)
        server.kill()
        book.positions[request_id] = "1-1"
        assert told.wait() == ["1-1"]
        server.start()
        until(lambda: listeners(server) == 1)
        with server.client() as client:
            client.flushall()
        waiters.arm(waiters.expect(later), told_later)
        tell(open_store(server.url), (later, "1-2"))
        assert told_later.wait() == ["1-2"]
        waiters.stop()
