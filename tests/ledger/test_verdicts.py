"""What counts of two shards' logs, in both databases: one decision of each hold, one entry of each request and record."""

import threading
from collections.abc import Iterator

import pytest
from belofte.v1 import ledger_entry_pb2

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.client import ordinal
from engine.inventory.effects import add_effects
from engine.inventory.gate import LogEntry, link_of
from engine.inventory.parts import Decision
from engine.inventory.recorded import Overruled
from engine.inventory.shards import Shards
from engine.ledger.ledger import Ledger
from engine.ledger.recorder import Recorder
from tests.ledger.conftest import Database
from tests.stores import change

SHARDS = Shards(2)
RACES = 20


class ShardLog:
    """One shard's log, written as its sidecar writes it."""

    def __init__(self, url: str, shard: int) -> None:
        self.recorder = Recorder.take_over(url, SystemClock(), 0, shard, SHARDS)

    def record(self, *entries: ledger_entry_pb2.LedgerEntry, created_id: str = "", log_ids: tuple[str, ...] = ()) -> list[str]:
        """What waiters are told of each. `log_ids`: under which ids they stand in the log, where these are others."""
        last, log = self.recorder.last, []
        position, link = last.position, last.link
        for n, entry in enumerate(entries):
            epoch, sequence = ordinal(position)
            at = f"{self.recorder.epoch}-{sequence + 1 if epoch == self.recorder.epoch else 1}"
            content, request_id = entry.SerializeToString(), log_ids[n] if log_ids else entry.request_id
            link = link_of(link, at, request_id, content)
            log.append(LogEntry(at, position, request_id, created_id, link, content))
            position = at
        return [told for _, told in self.recorder.record(log)]


def entry(request_id: str = "", order_id: str = "", demand: int = 1) -> ledger_entry_pb2.LedgerEntry:
    made = ledger_entry_pb2.LedgerEntry(request_id=request_id or uuid7(), order_id=order_id)
    add_effects(made, (change(0, demand),) if demand else (), ())
    return made


def decision(request_id: str, hold_id: str, parts: list[str], order_id: str = "") -> ledger_entry_pb2.LedgerEntry:
    made = entry(request_id, order_id, demand=0)
    made.decision.hold_id, made.decision.created_id = hold_id, order_id
    made.decision.part_ids.extend(parts)
    return made


@pytest.fixture
def logs(database: Database) -> Iterator[list[ShardLog]]:
    made = [ShardLog(database.url, shard) for shard in range(SHARDS.count)]
    yield made
    for each in made:
        each.recorder.close()


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    made = Ledger(database.url, SHARDS)
    yield made
    made.close()


def held(logs: list[ShardLog]) -> tuple[str, list[str], list[str]]:
    """A hold whose parts are recorded: its id, the parts' ids, and where they stand."""
    parts = [entry() for _ in logs]
    positions = [log.record(part)[0] for log, part in zip(logs, parts, strict=True)]
    return uuid7(), [part.request_id for part in parts], positions


def test_epochs_tell_the_shard(database: Database) -> None:
    for above in (0, 0, 6, 7, 40):
        for shard in (1, 0):
            recorder = Recorder.take_over(database.url, SystemClock(), above, shard, SHARDS)
            recorder.close()
            assert recorder.epoch > above and recorder.epoch % 2 == shard


def test_confirmed_where_every_part_is_recorded(logs: list[ShardLog], ledger: Ledger) -> None:
    hold_id, parts, positions = held(logs)
    request_id = uuid7()
    (told,) = logs[0].record(decision(request_id, hold_id, parts, "order-1"), log_ids=(hold_id,))
    at = f"{logs[0].recorder.epoch}-2"
    # Of its own log the decision is the later one; both logs are told.
    assert sorted(told.split(",")) == sorted([at, positions[1]])
    assert ledger.find_requests([request_id])[request_id].position == told
    assert ledger.find_positions([request_id, hold_id]) == {request_id: told, hold_id: told}
    assert len(ledger.find_order("order-1")) == 1
    assert ledger.decide_expired(hold_id) is Decision.CONFIRMED, "who sweeps obeys"
    assert ledger.not_undone(10) == []


def test_expired_where_a_part_is_missing(logs: list[ShardLog], ledger: Ledger) -> None:
    hold_id, request_id = uuid7(), uuid7()
    part, late = entry(), entry()
    logs[0].record(part)
    parts = [part.request_id, late.request_id]
    assert logs[0].record(decision(request_id, hold_id, parts, "order-1"), log_ids=(hold_id,)) == [Overruled.PARTS]
    logs[1].record(late)
    assert ledger.decide_expired(hold_id) is Decision.EXPIRED
    assert ledger.find_order("order-1") == () and ledger.find_requests([request_id]) == {}
    assert ledger.find_positions([hold_id]) == {hold_id: Overruled.PARTS}
    # It is as if it had not been tried.
    hold_id, parts, _ = held(logs)
    (told,) = logs[1].record(decision(request_id, hold_id, parts, "order-1"), log_ids=(hold_id,))
    assert ledger.find_requests([request_id])[request_id].position == told


def test_expired_where_somebody_was_faster(logs: list[ShardLog], ledger: Ledger) -> None:
    hold_id, parts, _ = held(logs)
    assert ledger.decide_expired(hold_id) is Decision.EXPIRED
    assert logs[0].record(decision(uuid7(), hold_id, parts), log_ids=(hold_id,)) == [Overruled.PARTS]
    assert ledger.decide_expired(hold_id) is Decision.EXPIRED


def test_a_sweeper_races_the_confirmation(logs: list[ShardLog], ledger: Ledger) -> None:
    """Whoever is first, both obey the same decision."""
    for n in range(RACES):
        hold_id, parts, _ = held(logs)
        swept: list[Decision] = []
        start = threading.Barrier(2)

        def sweep(hold_id: str = hold_id, swept: list[Decision] = swept, start: threading.Barrier = start) -> None:
            start.wait()
            swept.append(ledger.decide_expired(hold_id))

        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        start.wait()
        (told,) = logs[n % 2].record(decision(uuid7(), hold_id, parts, f"order-{n}"), log_ids=(hold_id,))
        sweeper.join()
        assert swept == [Decision.EXPIRED if told == Overruled.PARTS else Decision.CONFIRMED]
        assert bool(ledger.find_order(f"order-{n}")) == (swept == [Decision.CONFIRMED])


@pytest.mark.parametrize("what", ["request", "record"])
def test_two_shards_record_the_same_at_once(logs: list[ShardLog], ledger: Ledger, what: str) -> None:
    """One of them counts, and the other is to be undone."""
    for n in range(RACES):
        request_id, order_id = uuid7(), f"order-{n}"
        told: dict[int, str] = {}
        start = threading.Barrier(2)

        def record(
            shard: int, request_id: str = request_id, order_id: str = order_id, told: dict[int, str] = told,
            start: threading.Barrier = start,
        ) -> None:  # fmt: skip
            same = what == "request"
            made = entry(request_id if same else "", f"{order_id}-{shard}" if same else order_id)
            start.wait()
            (told[shard],) = logs[shard].record(made, created_id=made.order_id)

        threads = [threading.Thread(target=record, args=(shard,)) for shard in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        why = Overruled.REQUEST if what == "request" else Overruled.RECORD
        loser = next(shard for shard in range(2) if told[shard] == why)
        assert SHARDS.of_position(told[1 - loser]) == 1 - loser
        (left,) = ledger.not_undone(10)
        assert SHARDS.of_position(left.position) == loser
        logs[loser].record(ledger_entry_pb2.LedgerEntry(request_id=uuid7(), undoes=left.position))
        assert ledger.not_undone(10) == []


def test_what_one_batch_repeats_is_overruled(logs: list[ShardLog], ledger: Ledger) -> None:
    """Of the decisions of one request that two engines made, the first counts."""
    request_id = uuid7()
    holds = [held(logs) for _ in range(2)]
    told = logs[1].record(
        *(decision(request_id, hold_id, parts, "order-1") for hold_id, parts, _ in holds),
        log_ids=tuple(hold_id for hold_id, _, _ in holds),
    )  # fmt: skip
    assert told[0] == ledger.find_requests([request_id])[request_id].position and told[1] == Overruled.REQUEST
    assert [ledger.decide_expired(hold_id) for hold_id, _, _ in holds] == [Decision.CONFIRMED, Decision.EXPIRED]


def test_tokens_are_recorded_where_every_log_is(logs: list[ShardLog], ledger: Ledger) -> None:
    first, second = logs[0].record(entry())[0], logs[1].record(entry())[0]
    assert ledger.has_recorded(f"{first},{second}")
    epoch, sequence = ordinal(second)
    assert not ledger.has_recorded(f"{first},{epoch}-{sequence + 1}")
    assert sorted(ledger.last_position().split(",")) == sorted([first, second])
