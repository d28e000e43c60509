"""Snapshots and retention: what is begun from a snapshot is what the whole log leaves, and nothing is cut that is needed."""

import random
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import orjson
import pytest
from belofte.v1 import ledger_entry_pb2, reservation_service_pb2
from sqlalchemy import Engine, select, update

from engine.domain.ids import uuid7
from engine.domain.life import OrderState
from engine.fulfilment.order_record import order_of
from engine.inventory.gate import ORIGIN
from engine.inventory.keys import DataKeys
from engine.ledger import retention
from engine.ledger.copying import copy_ledger
from engine.ledger.database import open_database, write_to
from engine.ledger.ledger import Ledger
from engine.ledger.order_list import OrderFilter
from engine.ledger.projection import project_anew
from engine.ledger.recorder import Recorder, replay
from engine.ledger.retention import Kept, cut
from engine.ledger.snapshot_sums import begin, take_snapshot
from engine.ledger.snapshots import SnapshotError, cut_until, listed
from engine.ledger.sums import Sums
from engine.ledger.tables import cuts, entries, erasures, letters, metadata, snapshots, subscribers
from engine.tools.stock_then import BrokenChainError, verify_chain
from tests.acceptance.server import ROOT
from tests.ledger.conftest import Database
from tests.ledger.cut_killed import STEPS
from tests.ledger.test_order_list import LOCATIONS, Recalled, drawn_entry, recorded
from tests.ledger.test_order_list import listed as listed_orders
from tests.ledger.told_clock import ToldClock

DAY_MS = 86_400_000
START = 1_900_000_000_000
LedgerEntry = ledger_entry_pb2.LedgerEntry
KEYS = DataKeys("x:", 1)


class Past:
    """A ledger that was recorded over many days, by a clock that is told."""

    def __init__(self, database: Database, seed: int) -> None:
        self.clock, self.draw, self.number = ToldClock(START), random.Random(seed), 0
        self.recorder = Recorder.take_over(database.url, self.clock)
        self.known: dict[str, list[LedgerEntry]] = {}
        self.held: dict[str, int] = {}

    def record(self, count: int) -> None:
        """What comes in: orders, their changes, stock, capacity, texts, receipts, reservations."""
        self.put([self.drawn() for _ in range(count)])

    def put(self, batch: list[LedgerEntry]) -> None:
        for entry in batch:
            entry.decided_unix_ms = entry.decided_unix_ms or self.clock.now
        recorded(self.recorder, batch)

    def drawn(self) -> LedgerEntry:
        self.number += 1
        draw = self.draw
        if draw.random() < 0.2:
            return self.drawn_stock()
        if draw.random() < 0.15:
            return self.drawn_hold()
        entry = drawn_entry(draw, self.number, self.known)
        if entry.method == "AdjustInventory":
            entry.ClearField("order_id")
        return entry

    def drawn_stock(self) -> LedgerEntry:
        entry = LedgerEntry(request_id=uuid7(self.clock.now), method="AdjustInventory", request_digest=self.draw.randbytes(32))
        for _ in range(self.draw.randrange(1, 4)):
            receipt = self.draw.choice(("", "po1", "po2"))
            entry.positions.add(
                item_id=self.draw.choice(("bolt", "nut")), location_id=self.draw.choice(LOCATIONS), receipt_id=receipt,
                supply_delta=self.draw.randrange(-3, 9), available_at_minute=self.number if receipt else None,
            )  # fmt: skip
        entry.capacities.add(location_id="ams", day=self.draw.randrange(3), quantity_delta=self.draw.choice((1, -1)))
        entry.texts.add(table="feeds", field=self.draw.choice("ab"), text=self.draw.choice(("", "1", "2")))
        return entry

    def drawn_hold(self) -> LedgerEntry:
        """A reservation made, or the end of one."""
        entry = LedgerEntry(request_id=uuid7(self.clock.now), method="CreateReservation")
        if self.held and self.draw.random() < 0.7:
            name = self.draw.choice(sorted(self.held))
            entry.method, version = "ReleaseReservation", self.held.pop(name) + 1
            entry.reservations.add(
                reservation_id=name, version=version, state=reservation_service_pb2.RESERVATION_STATE_RELEASED
            )
        else:
            name = f"r{self.number}"
            self.held[name] = 1
            made = entry.reservations.add(
                reservation_id=name, version=1, state=reservation_service_pb2.RESERVATION_STATE_ACTIVE
            )
            made.basket.lines.add(line_id="1", item_id="bolt", quantity=1)
        entry.order_id = f"@reservation/{name}"
        return entry

    def end_orders(self) -> None:
        """All that were made are over."""
        batch = []
        for order_id, parts in self.known.items():
            left = order_of([Recalled(each) for each in parts])
            if left.state in (OrderState.COMPLETED.value, OrderState.CANCELLED.value):
                continue
            entry = LedgerEntry(request_id=uuid7(self.clock.now), method="CancelOrder", order_id=order_id)
            entry.order.order_id, entry.order.state = order_id, OrderState.CANCELLED.value
            parts.append(entry)
            batch.append(entry)
        for name, version in self.held.items():
            entry = LedgerEntry(request_id=uuid7(self.clock.now), method="ReleaseReservation", order_id=f"@reservation/{name}")
            entry.reservations.add(
                reservation_id=name, version=version + 1, state=reservation_service_pb2.RESERVATION_STATE_RELEASED
            )
            batch.append(entry)
        self.held.clear()
        if batch:
            self.put(batch)

    def days(self, count: int) -> None:
        self.clock.now += count * DAY_MS

    def snapshot(self) -> str:
        return take_snapshot(self.recorder.database, self.clock).position


@contextmanager
def past(database: Database, seed: int = 1) -> Iterator[Past]:
    made = Past(database, seed)
    try:
        yield made
    finally:
        made.recorder.close()


def whole(database: Engine, now: int) -> Sums:
    sums = Sums(now)
    for each in replay(database):
        sums.add(each)
    return sums


def hashes(sums: Sums) -> dict[str, Any]:
    """All that a store is rebuilt of."""
    found: dict[str, Any] = {}
    for key, fields, expiry in sums.hashes(KEYS):
        found[key] = dict(fields), expiry
    return found


def begun(database: Engine, now: int) -> tuple[str, Sums]:
    sums = Sums(now)
    snapshot = begin(database, sums)
    for each in replay(database, snapshot.position):
        sums.add(each)
    return snapshot.position, sums


def made_tables(database: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """What is made of entries."""
    names = (
        "pegs", "order_entries", "orders", "order_shipments", "returns", "order_returns", "decline_counts", "reservations",
    )  # fmt: skip
    with database.connect() as connection:
        return {name: sorted(tuple(row) for row in connection.execute(select(metadata.tables[name]))) for name in names}


def all_left(database: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything but instants of cutting."""
    with database.connect() as connection:
        return {
            table.name: sorted(
                tuple(value for column, value in zip(table.c, row, strict=True) if column.name not in MOMENTS) for row in rows
            )
            for table in metadata.sorted_tables if (rows := connection.execute(select(table)).all()) is not None
        }  # fmt: skip


MOMENTS = ("erased_unix_ms", "since_unix_ms")


@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_and_what_came_after_are_the_whole_log(database: Database, seed: int) -> None:
    with past(database, seed) as log:
        engine = log.recorder.database
        assert log.snapshot() == ORIGIN
        positions = []
        for _ in range(4):
            log.record(30)
            log.clock.now += 7 * 3_600_000  # requests are remembered for a day
            positions.append(log.snapshot())
            assert log.snapshot() == positions[-1], "there is one already"
            log.record(log.draw.randrange(20))
            at, sums = begun(engine, log.clock.now)
            assert at == positions[-1]
            assert hashes(sums) == hashes(whole(engine, log.clock.now))
        # One that is not sound is passed over.
        for left in (positions[2], positions[1]):
            with write_to(engine) as connection:
                epoch, sequence = map(int, begun(engine, 0)[0].split("-"))
                of_it = (snapshots.c.epoch == epoch) & (snapshots.c.sequence == sequence)
                spoilt = {"content": b"x"} if left == positions[2] else {"chain": bytes(32)}
                connection.execute(update(snapshots).where(of_it).values(spoilt))
            at, sums = begun(engine, log.clock.now)
            assert at == left
            assert hashes(sums) == hashes(whole(engine, log.clock.now))


def test_a_snapshot_after_an_opening_is_of_the_last_entry(database: Database) -> None:
    """A server that was started and has done nothing yet: what is kept is sound, and kept once."""
    with past(database) as log:
        engine = log.recorder.database
        log.recorder.open_epoch()
        assert log.snapshot() == ORIGIN
        log.record(20)
        last = log.recorder.last.position
        started = Recorder.take_over(database.url, log.clock)
        started.open_epoch()
        assert started.last.position == "2-0"
        for _ in range(2):
            assert log.snapshot() == last
        at, sums = begun(engine, log.clock.now)
        assert (at, hashes(sums)) == (last, hashes(whole(engine, log.clock.now)))
        started.close()


def test_no_snapshot_is_taken_of_a_history_that_is_broken(database: Database) -> None:
    with past(database) as log:
        engine = log.recorder.database
        log.record(20)
        with write_to(engine) as connection:
            connection.execute(update(entries).where(entries.c.sequence == 7).values(entry=b""))
        with pytest.raises(SnapshotError, match="entry 1-7 is not what was recorded"):
            log.snapshot()


def long_ago(log: Past) -> None:
    """Two months: orders that are over, then some that straddle snapshots, then what is recent."""
    for month in range(3):
        for _ in range(3):
            log.record(25)
            log.days(3)
            log.snapshot()
        if month < 2:
            log.end_orders()
            log.known.clear()
        log.days(20)
        log.snapshot()


@pytest.mark.parametrize("seed", range(3))
def test_what_nobody_needs_is_cut_and_all_else_stays(database: Database, seed: int) -> None:
    with past(database, seed) as log:
        engine, ledger = log.recorder.database, Ledger(database.url)
        long_ago(log)
        before, orders_before = hashes(whole(engine, log.clock.now)), listed_orders(ledger, OrderFilter(), 100)
        known, last = set(log.known), log.recorder.last.position
        done = cut(engine, log.clock, 30, lambda seconds: None)
        assert done.cut_count > 60 and done.until != ORIGIN

        # The chain is whole, and so is the store that is rebuilt, at once and after more.
        verify_chain(engine, last)
        assert hashes(begun(engine, log.clock.now)[1]) == before
        log.record(10)
        log.snapshot()
        assert hashes(begun(engine, log.clock.now)[1])["x:orders"] == hashes(whole_ids(engine, log.clock.now))["x:orders"]

        # Orders that are open or were touched are there, with all of their entries; others are in no list.
        left = set(listed_orders(ledger, OrderFilter(), 100))
        assert known <= left and len(left) < len(orders_before)
        for order_id in left:
            assert all(each.entry for each in ledger.find_order(order_id))
        gone = set(orders_before) - left
        assert gone and all(ledger.find_order(order_id) == () for order_id in gone)
        assert all(ledger.has_record(order_id) for order_id in gone)

        # Tables dropped and made anew are as they were.
        tables = made_tables(engine)
        with write_to(engine) as connection:
            project_anew(connection)
        assert made_tables(engine) == tables

        # A change of what was cut is named all the same.
        with write_to(engine) as connection:
            connection.execute(update(entries).where(entries.c.sequence == 3).values(request_id=uuid7(log.clock.now)))
        with pytest.raises(BrokenChainError, match="entry 1-3 is not"):
            verify_chain(engine, last)
        ledger.close()


def whole_ids(database: Engine, now: int) -> Sums:
    """Of the entries' ids alone, which are never cut."""
    sums = Sums(now)
    with database.connect() as connection:
        made = select(entries.c.created_id, entries.c.request_id).where(entries.c.created_id.is_not(None))
        sums.orders.update((row.created_id, row.request_id) for row in connection.execute(made))
    return sums


def test_whatever_ends_a_cut_the_next_one_goes_on(database: Database, tmp_path: Any) -> None:
    """Killed at each of its steps: nothing that counts is another, and in the end all is as if it had not been killed."""
    with past(database, 4) as log:
        engine = log.recorder.database
        long_ago(log)
        before, expected = hashes(whole(engine, log.clock.now)), None
        for name in STEPS:
            for calls in (1, 2) if name in ("_cut_rows", "drop") else (1,):
                copy = f"sqlite:///{tmp_path}/{name}-{calls}.db" if engine.dialect.name == "sqlite" else database.url
                other = open_database(copy)
                if copy != database.url:
                    copy_ledger(engine, other)
                arguments = [copy, str(log.clock.now), "30", name, str(calls)]
                killed = subprocess.run(
                    [sys.executable, "-m", "tests.ledger.cut_killed", *arguments], cwd=ROOT, check=False, timeout=60,
                    capture_output=True, text=True,
                )  # fmt: skip
                if copy != database.url:
                    assert killed.returncode == -9, killed.stderr
                verify_chain(other, log.recorder.last.position)
                assert hashes(begun(other, log.clock.now)[1]) == before, name
                if copy != database.url:
                    cut(other, log.clock, 30, lambda seconds: None)
                    assert hashes(begun(other, log.clock.now)[1]) == before
                    expected = expected or all_left(other)
                    assert all_left(other) == expected
                    with write_to(other) as connection:
                        tables = made_tables(other)
                        project_anew(connection)
                    assert made_tables(other) == tables
                other.dispose()
        cut(engine, log.clock, 30, lambda seconds: None)
        assert hashes(begun(engine, log.clock.now)[1]) == before
        verify_chain(engine, log.recorder.last.position)


def test_a_change_that_was_on_its_way_keeps_everything(database: Database) -> None:
    with past(database, 2) as log:
        engine, ledger = log.recorder.database, Ledger(database.url)
        long_ago(log)
        made = [each.created_id for each in replay(engine) if each.created_id.startswith("order-")]
        victim = made[0]
        assert ledger.find_order(victim)
        count = sum(1 for each in replay(engine) if not each.entry)

        def meanwhile(seconds: float) -> None:
            assert ledger.find_order(victim) == (), "nobody begins a change of it any more"
            late = LedgerEntry(request_id=uuid7(log.clock.now), method="CreateReturn", order_id=victim)
            late.order.order_id, late.order.state = victim, OrderState.COMPLETED.value
            log.put([late])

        done = cut(engine, log.clock, 30, meanwhile)
        assert (done.until, done.cut_count) == (ORIGIN, 0)
        assert done.kept is not None and victim in done.kept.why
        assert ledger.find_order(victim)
        assert sum(1 for each in replay(engine) if not each.entry) == count
        ledger.close()


def test_what_the_outbox_has_not_delivered_is_kept(database: Database) -> None:
    with past(database, 3) as log:
        engine = log.recorder.database
        long_ago(log)
        with write_to(engine) as connection:
            connection.execute(subscribers.insert().values(name="erp", holder=1, epoch=1, sequence=40))
        cut(engine, log.clock, 30, lambda seconds: None)
        with engine.connect() as connection:
            assert int(cut_until(connection).split("-")[1]) <= 40
        with write_to(engine) as connection:
            connection.execute(update(subscribers).values(sequence=10_000))
            letter = {"subscriber": "erp", "epoch": 1, "sequence": 70, "event_id": "e", "state": 1, "attempts": 9}
            connection.execute(letters.insert().values(**letter, due_unix_ms=5, status=500, why="HTTP 500"))
        done = cut(engine, log.clock, 30, lambda seconds: None)
        assert done.kept == Kept("1-70", "subscriber erp has not been told, or has dead letters")
        assert all(each.entry for each in replay(engine, "1-69"))


def test_a_snapshot_that_is_not_what_entries_leave_takes_no_entry_s_place(database: Database) -> None:
    with past(database, 5) as log:
        engine = log.recorder.database
        long_ago(log)
        with write_to(engine) as connection:
            for each in connection.execute(select(snapshots)).all():
                content = orjson.loads(zlib.decompress(each.content))
                if not content["supply"]:
                    continue
                content["supply"][0][4] += 1
                data = zlib.compress(orjson.dumps(content))
                of_it = (snapshots.c.epoch == each.epoch) & (snapshots.c.sequence == each.sequence)
                changed = {"content": data, "content_hash": sha256(data).digest()}
                connection.execute(update(snapshots).where(of_it).values(changed))
        with pytest.raises(SnapshotError, match="is not what the entries leave: nothing was cut"):
            cut(engine, log.clock, 30, lambda seconds: None)
        assert all(each.entry for each in replay(engine))
        with engine.connect() as connection:
            assert connection.execute(select(cuts)).all() == []


def test_a_ledger_that_was_cut_begins_nowhere_without_its_snapshot(database: Database) -> None:
    with past(database, 6) as log:
        engine = log.recorder.database
        long_ago(log)
        cut(engine, log.clock, 30, lambda seconds: None)
        with write_to(engine) as connection:
            assert len(listed(connection)) > 1
            connection.execute(update(snapshots).values(content=b""))
        with pytest.raises(SnapshotError, match="was cut by retention, and the snapshot of"):
            begin(engine, Sums(log.clock.now))


def test_a_ledger_that_was_cut_is_copied_and_erased_like_any(database: Database, tmp_path: Any) -> None:
    with past(database, 7) as log:
        engine = log.recorder.database
        long_ago(log)
        cut(engine, log.clock, 30, lambda seconds: None)
        other = open_database(f"sqlite:///{tmp_path}/copy.db")
        copy_ledger(engine, other)
        assert all_left(other) == all_left(engine)
        with other.connect() as connection:
            assert connection.execute(select(erasures.c.sequence)).first() is not None
        other.dispose()


def test_days_are_kept_and_entries_cut_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ENTRIES_EACH", 10)
    with past(database, 8) as log:
        engine = log.recorder.database
        long_ago(log)
        none = cut(engine, log.clock, 3_650, lambda seconds: None)
        assert (none.until, none.cut_count) == (ORIGIN, 0)
        assert none.kept is not None and none.kept.why == "no snapshot is as old as that"
        told: list[int] = []
        done = cut(engine, log.clock, 30, lambda seconds: None, lambda: told.append(1))
        assert done.cut_count > 20 and len(told) > 2 * done.cut_count - 1
        again = cut(engine, log.clock, 30, lambda seconds: None)
        assert (again.until, again.cut_count) == (done.until, 0)
