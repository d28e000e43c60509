"""Webhooks delivered to a real HTTP server that fails, hangs, and is killed, by an outbox that is killed as well."""

import base64
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from belofte.v1 import types_pb2

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.ledger.database import open_database, write_to
from engine.ledger.post import Post, Standing, resend_letters, standings
from engine.ledger.recorder import Fenced
from engine.outbox import courier
from engine.outbox.courier import Backoff
from engine.outbox.outbox import Outbox
from engine.outbox.subscribers import Subscriber, read_subscribers
from tests.ledger.conftest import Database
from tests.outbox.receiver import SECRET, Receiver, verify
from tests.service.recorded_log import Entry, RecordedLog
from tests.sidecars import wait_until

ORDERS = 15
in_one = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What no database decides."""

DELIVERED_SECONDS_MAX = 60.0


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(tmp_path) as started:
        yield started


def happening(order_id: str) -> Entry:
    """An entry that changes an order, with one event."""
    request_id = uuid7()
    event = types_pb2.OrderEvent(event_id=f"{request_id}-1", order_id=order_id, type=types_pb2.EVENT_TYPE_ORDER_CHANGED)
    return Entry(request_id=request_id, events=[event])


def subscribers_file(receiver: Receiver, **options: object) -> Path:
    path = receiver.folder / "subscribers.toml"
    lines = [f'url = "{receiver.url}"', f'secret = "whsec_{base64.b64encode(SECRET).decode()}"', "timeout_seconds_max = 1"]
    lines += [f"{name} = {str(value).lower()}" for name, value in options.items()]
    path.write_text("[erp]\n" + "\n".join(lines))
    return path


@contextmanager
def outbox(url: str, *subscribers: Subscriber, backoff: Backoff | None = None) -> Iterator[Outbox]:
    """An outbox in a thread."""
    running = Outbox(url, "urn:belofte:test", subscribers, SystemClock(), backoff or Backoff(0.02, 0.1), random.Random(1))
    ready = threading.Event()
    ended: list[BaseException] = []

    def run() -> None:
        try:
            running.run(ready.set)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    try:
        yield running
    finally:
        running.stop()
        thread.join(20)
        assert not thread.is_alive()
    assert not ended, ended


def check_taken(receiver: Receiver, told: dict[str, list[str]]) -> None:
    """Every event of every order was taken, each first in the order of the log, signed, under one id."""
    taken = receiver.taken()
    for note in taken:
        verify(note)
        assert note["headers"]["webhook-id"] == note["event"]["id"]
        assert note["headers"]["content-type"] == "application/cloudevents+json; charset=utf-8"
        assert note["path"] == "/hooks?from=belofte"
    by_order: dict[str, list[str]] = {order_id: [] for order_id in told}
    for note in taken:
        ids = by_order[note["event"]["subject"]]
        if note["event"]["id"] not in ids:
            ids.append(note["event"]["id"])
    assert by_order == told


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True)
def test_nothing_is_lost_and_orders_keep_their_order_whatever_fails(database: Database, receiver: Receiver) -> None:
    path = subscribers_file(receiver, from_beginning=True)
    log = RecordedLog(database.url)
    told: dict[str, list[str]] = {f"o{n}": [] for n in range(ORDERS)}
    processes: list[subprocess.Popen[bytes]] = []

    def start_outbox() -> None:
        processes.append(subprocess.Popen([sys.executable, "-m", "tests.outbox.outbox_process", database.url, str(path)]))

    def kill_outbox() -> None:
        processes[-1].kill()
        processes[-1].wait()

    def record(count: int) -> None:
        entries = [happening(order_id) for _ in range(count) for order_id in told]
        for entry in entries:
            told[entry.events[0].order_id].append(entry.events[0].event_id)
        log.record(*entries)

    def wait_for(share: float) -> None:
        wanted = share * sum(map(len, told.values()))
        wait_until(lambda: len(set(receiver.taken_ids())) >= wanted, DELIVERED_SECONDS_MAX)

    try:
        start_outbox()
        receiver.mode("mixed")
        record(3)
        wait_for(0.3)
        kill_outbox()
        record(2)
        start_outbox()
        wait_for(0.5)
        receiver.kill()
        record(2)
        time.sleep(0.5)
        kill_outbox()
        start_outbox()
        receiver.mode("hang")
        receiver.start()
        time.sleep(0.5)
        receiver.mode("fail")
        record(1)
        time.sleep(0.3)
        receiver.mode("mixed")
        wait_for(0.9)
        receiver.mode("ok")
        wait_for(1.0)
    finally:
        kill_outbox()
        log.close()
    check_taken(receiver, told)


def test_a_restart_goes_on_where_it_was(database: Database, receiver: Receiver) -> None:
    log = RecordedLog(database.url)
    log.record(happening("before"))
    (subscriber,) = read_subscribers(subscribers_file(receiver))
    with outbox(database.url, subscriber):
        first = [happening("o1") for _ in range(20)]
        log.record(*first)
        wait_until(lambda: len(receiver.taken()) == len(first))
    second = [happening("o1") for _ in range(20)]
    log.record(*second)
    with outbox(database.url, subscriber):
        wait_until(lambda: len(receiver.taken()) >= len(first) + len(second))
    log.close()
    # Who is new is told nothing of before; an orderly stop repeats nothing.
    assert receiver.taken_ids() == [entry.events[0].event_id for entry in first + second]


@in_one
def test_one_order_that_cannot_be_taken_holds_up_no_other(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(courier, "WINDOW_MAX", 40)
    (subscriber,) = read_subscribers(subscribers_file(receiver, attempts_max=3))
    log = RecordedLog(database.url)
    receiver.mode("refuse:bad")
    with outbox(database.url, subscriber):
        bad = [happening("bad") for _ in range(2)]
        others = [happening(f"o{n}") for n in range(200)]
        log.record(*bad, *others)
        wait_until(lambda: len(receiver.taken()) == len(others))
        wait_until(lambda: standing(database).dead == 2)
        assert "bad" not in {note["event"]["subject"] for note in receiver.taken()}
        assert given_up(database) == [(each.events[0].event_id, 3, 500) for each in bad]

        receiver.mode("ok")
        engine = open_database(database.url)
        with write_to(engine) as connection:
            assert resend_letters(connection, "erp", ["nobody"]) == 0
            assert resend_letters(connection, "someone", ()) == 0
            assert resend_letters(connection, "erp", ()) == 2
        engine.dispose()
        wait_until(lambda: len(receiver.taken()) == len(others) + 2)
        wait_until(lambda: standing(database)[1:] == (last_position(database), 0, 0))
    log.close()
    assert receiver.taken_ids()[-2:] == [each.events[0].event_id for each in bad]


@in_one
def test_a_receiver_that_answers_again_is_sent_at_once_what_waits(database: Database, receiver: Receiver) -> None:
    (subscriber,) = read_subscribers(subscribers_file(receiver))
    log = RecordedLog(database.url)
    receiver.mode("503")
    # Each waits for minutes after its third attempt; the one that came last, for a second.
    with outbox(database.url, subscriber, backoff=Backoff(1.0, 600.0)):
        log.record(*(happening(f"o{n}") for n in range(8)))
        wait_until(lambda: standing(database).waiting == 8)
        time.sleep(4.5)
        receiver.mode("ok")
        log.record(happening("late"))
        wait_until(lambda: len(receiver.taken()) == 9, 2.0)
    log.close()


@in_one
def test_what_a_receiver_is_done_with_is_not_sent_again(database: Database, receiver: Receiver) -> None:
    (subscriber,) = read_subscribers(subscribers_file(receiver))
    log = RecordedLog(database.url)
    receiver.mode("410")
    with outbox(database.url, subscriber):
        gone = happening("o1")
        log.record(gone)
        wait_until(lambda: standing(database).dead == 1)
    log.close()
    assert given_up(database) == [(gone.events[0].event_id, 1, 410)]


@in_one
def test_redirections_are_failures(database: Database, receiver: Receiver) -> None:
    (subscriber,) = read_subscribers(subscribers_file(receiver, attempts_max=1))
    log = RecordedLog(database.url)
    receiver.mode("302")
    with outbox(database.url, subscriber):
        log.record(happening("o1"))
        wait_until(lambda: standing(database).dead == 1)
    log.close()
    assert not receiver.taken()


def test_who_was_overtaken_stores_nothing(database: Database) -> None:
    RecordedLog(database.url).close()
    engine = open_database(database.url)
    first, second = Post(engine), Post(engine)
    assert first.take_over("erp", "0-0") == ("0-0", [])
    first.save("erp", "1-5", [], [])
    assert second.take_over("erp", "7-7") == ("1-5", [])
    with pytest.raises(Fenced):
        first.save("erp", "1-9", [], [])
    assert standing(database).position == "1-5"
    engine.dispose()


def standing(database: Database) -> Standing:
    engine = open_database(database.url)
    with engine.connect() as connection:
        (found,) = standings(connection)
    engine.dispose()
    return found


def given_up(database: Database) -> list[tuple[str, int, int]]:
    engine = open_database(database.url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT event_id, attempts, status FROM letters WHERE state = 1 ORDER BY epoch, sequence"
        ).all()
    engine.dispose()
    return [tuple(row) for row in rows]


def last_position(database: Database) -> str:
    engine = open_database(database.url)
    with engine.connect() as connection:
        epoch, sequence = connection.exec_driver_sql("SELECT last_epoch, last_sequence FROM fence").one()
    engine.dispose()
    return f"{epoch}-{sequence}"
