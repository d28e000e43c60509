"""The ledger as who follows it reads it, over both databases: page by page, in order, with the orders at risk."""

import random
from dataclasses import dataclass

import pytest
from belofte.v1 import types_pb2

from engine.domain.clock import SystemClock
from engine.inventory.shards import Shards
from engine.ledger.ledger import Ledger
from engine.ledger.recorder import Recorder
from engine.ledger.tables import order_entries
from tests.ledger.conftest import Database
from tests.service.recorded_log import Entry, RecordedLog, sourced

RECEIPT = {"item_id": "bolt", "location_id": "ams", "receipt_id": "po"}


def waiting(order_id: str) -> Entry:
    entry = sourced(order_id)
    entry.positions.add(**RECEIPT, demand_delta=1)  # type: ignore[arg-type]
    return entry


def test_entries_come_in_pages_over_epochs(database: Database) -> None:
    ledger = Ledger(database.url)
    log = RecordedLog(database.url)
    assert (ledger.last_position(), ledger.entries_after("0-0", 10)) == ("0-0", [])
    # More than nine of an epoch: 10 comes after 9.
    positions = log.record(*(sourced(f"a{n}") for n in range(12)))
    log.close()
    log = RecordedLog(database.url)
    positions += log.record(*(sourced(f"b{n}") for n in range(3)))
    assert positions[11:13] == ["1-12", "2-1"]
    assert ledger.last_position() == "2-3"
    for first in range(len(positions)):
        page = ledger.entries_after(positions[first], 5)
        assert [each.position for each in page] == positions[first + 1 : first + 6]
        assert all(each.at_risk == () for each in page)
    assert ledger.entries_after("1-99", 1)[0].position == "2-1"
    log.close()
    ledger.close()


@dataclass
class TestClock(SystemClock):
    """A clock that a test sets."""

    __test__ = False
    now: int = 1_790_000_000_000

    def unix_ms(self) -> int:
        return self.now


@pytest.mark.parametrize("seed", range(2))
def test_logs_of_shards_come_as_one(database: Database, seed: int) -> None:
    """In pages of any size, from any place that was told, over openings of each; by when they were recorded."""
    draw, clock, shards = random.Random(seed), TestClock(), Shards(3)
    logs = [RecordedLog(database.url, shard, shards, clock) for shard in range(shards.count)]
    expected: list[str] = []
    for n in range(24):
        clock.now += 1
        shard = draw.randrange(shards.count)
        if draw.random() < 0.2:
            for _ in range(draw.randrange(1, 4)):  # of those between nothing is recorded
                logs[shard].close()
                logs[shard] = RecordedLog(database.url, shard, shards, clock)
        expected += logs[shard].record(*(sourced(f"o{n}-{k}") for k in range(draw.randrange(1, 4))))
    ledger = Ledger(database.url, shards)
    for count in (2, 7, 1_000):
        found, at, places = [], "0-0", ["0-0"]
        while page := ledger.entries_after(at, count):
            assert len(page) == min(count, len(expected) - len(found))
            found += [each.position for each in page]
            at = page[-1].after
            places.append(at)
            assert ledger.has_recorded(at) and not ledger.is_lost(at)
        assert (found, at) == (expected, ledger.last_position())
    first = draw.randrange(len(expected))
    page = ledger.entries_after(places[0], first + 1)
    assert [each.position for each in ledger.entries_after(page[-1].after, 1_000)] == expected[first + 1 :]
    assert (each := ledger.entry_at(expected[first])) is not None and each == page[-1]._replace(after=expected[first])
    for log in logs:
        log.close()
    ledger.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_each_log_of_shards_keeps_its_order_where_a_clock_goes_back(database: Database) -> None:
    clock, shards = TestClock(), Shards(2)
    logs = [RecordedLog(database.url, shard, shards, clock) for shard in range(2)]
    written: list[list[str]] = [[], []]
    for n, now in enumerate((50, 70, 60, 10, 80, 20)):
        clock.now = now
        written[n % 2] += logs[n % 2].record(sourced(f"o{n}"))
    ledger = Ledger(database.url, shards)
    found = [each.position for each in ledger.entries_after("0-0", 10)]
    assert [[each for each in found if shards.of_position(each) == shard] for shard in range(2)] == written
    # A caller may know of one log alone: the others are told from their beginning.
    assert [each.position for each in ledger.entries_after(written[0][1], 10)] == [
        each for each in found if each not in written[0][:2]
    ]
    # An epoch that nothing more will be recorded of, of one log: the other one is where it was.
    for each in logs:
        each.close()
    logs[0] = RecordedLog(database.url, 0, shards, clock)
    logs[0].record(sourced("later"))
    beyond = [f"{epoch}-{int(sequence) + 1}" for epoch, sequence in (each[-1].split("-") for each in written)]
    assert [ledger.is_lost(f"{written[0][-1]},{beyond[1]}"), ledger.is_lost(f"{beyond[0]},{written[1][-1]}")] == [False, True]
    logs[0].close()
    ledger.close()


def test_orders_at_risk_come_with_their_entry(database: Database) -> None:
    """By risk, then by order, whatever order the database has for text."""
    ledger = Ledger(database.url)
    log = RecordedLog(database.url)
    start = log.record(*(waiting(order_id) for order_id in ("b", "A", "a:1", "_x", "a-2")))[-1]
    late = Entry()
    event = types_pb2.OrderEvent(type=types_pb2.EVENT_TYPE_PROMISE_AT_RISK)
    late.risks.add(**RECEIPT, event=event)  # type: ignore[arg-type]
    late.risks.add(**RECEIPT, left_quantity=4, event=event)  # type: ignore[arg-type]
    log.record(late, sourced("last"))
    first, second = ledger.entries_after(start, 5)
    assert first.at_risk == (*((0, order_id) for order_id in sorted(("b", "A", "a:1", "_x", "a-2"))), (1, "a-2"))
    assert second.at_risk == ()
    log.close()
    ledger.close()


def test_index_that_came_later_is_made_in_a_ledger_that_is_there(database: Database) -> None:
    log = RecordedLog(database.url)
    (index,) = order_entries.indexes
    with log._recorder.database.begin() as connection:
        index.drop(connection)
    log.close()
    recorder = Recorder.take_over(database.url, SystemClock())
    with recorder.database.begin() as connection:
        index.drop(connection)  # it is there again
    recorder.close()
