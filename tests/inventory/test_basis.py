"""What decisions were made on, kept with them: so that the stock each saw can be made again, also where others were faster."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import ledger_entry_pb2

from engine.inventory.basis import RoundBasis
from engine.inventory.transaction import Committed, Refused, Seen
from engine.inventory.write_path import Recorded
from engine.ledger.database import open_database
from engine.tools.stock_then import Then, fill_stock
from tests.sidecars import RunningSidecar, TestEngine
from tests.stores import change, empty_stock, transaction, use
from tests.valkey_server import ValkeyServer
from tests.writes import Take, on_hand, put

Entry = ledger_entry_pb2.LedgerEntry


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def engines(server: ValkeyServer, ledger_url: str) -> Iterator[tuple[TestEngine, TestEngine]]:
    with (
        RunningSidecar(server.url, ledger_url), TestEngine(server.url, ledger_url) as first,
        TestEngine(server.url, ledger_url) as second,
    ):  # fmt: skip
        first.path.engine, second.path.engine = 7, 8
        yield first, second


def recorded(engine: TestEngine, take: Take) -> tuple[Entry, str]:
    assert isinstance(take.outcome, Recorded)
    found = engine.ledger.find_requests([take.request_id])[take.request_id]
    return Entry.FromString(found.entry), found.position


def test_what_is_added_merges_with_the_entry() -> None:
    entry = Entry(order_id="o1", basis=ledger_entry_pb2.DecisionBasis(start_minute=29_000_000))
    for place in (0, 1, 127, 128, 70_000):
        content = entry.SerializeToString() + RoundBasis("3-9", 2**63 - 1).of(place)
        merged = Entry.FromString(content)
        assert merged.order_id == "o1"
        assert (merged.basis.position, merged.basis.engine, merged.basis.place) == ("3-9", 2**63 - 1, place)
        assert merged.basis.start_minute == 29_000_000


def test_in_vain_is_what_a_later_committed_write_may_have_seen() -> None:
    bolt, lamp, nut = (transaction(change(0, 1, item=item)) for item in ("bolt", "lamp", "nut"))
    day = transaction(capacities=[use(1, 9)])
    basis = RoundBasis("1-1", 7)
    done, not_done, repeat = Committed("1-2"), Refused(()), Seen()

    def places(*pairs: tuple[object, object]) -> list[int]:
        found = basis.in_vain([pair[0] for pair in pairs], [pair[1] for pair in pairs])  # type: ignore[misc]
        assert all(each.position == "1-1" for each in found)
        return [each.place for each in found]

    assert places((bolt, not_done), (bolt, done)) == [0]
    assert places((bolt, repeat), (lamp, not_done), (bolt, done), (lamp, not_done)) == [0]
    assert places((bolt, done), (bolt, not_done)) == []
    assert places((bolt, not_done), (lamp, done), (nut, None)) == []
    assert places((day, not_done), (lamp, done), (day, done)) == [0]


def test_stock_that_a_decision_saw_is_made_again(engines: tuple[TestEngine, TestEngine], ledger_url: str) -> None:
    engine, other = engines
    assert engine.path.catch_up()
    engine.path.run([put(change(9)), put(change(9, location="ehv"))])
    other.path.catch_up()
    seen: dict[int, tuple[int, int]] = {}

    def note(take: Take) -> None:
        assert engine.path.stock is not None
        seen[id(take)] = on_hand(engine.path.stock)

    def race(take: Take) -> None:
        if take.attempts == [1]:
            faster = Take(6)
            other.path.run([faster])
            assert isinstance(faster.outcome, Recorded)

    # The second of the round sees what the first took in vain; the third what both did.
    first = Take(5, locations=("ams", "ehv"), after_plan=race)
    second, third = Take(1, before_plan=note), Take(1, before_plan=note)
    engine.path.run([first, second, third])
    assert (first.attempts, first.taken_from) == ([1, 2], "ehv")
    assert (seen[id(second)], seen[id(third)]) == ((9, 5), (9, 6))
    again, _ = recorded(engine, first)
    (told,) = again.in_vain
    assert (told.position, told.place, told.positions[0].demand_delta) == ("1-2", 0, 5)

    database = open_database(ledger_url)
    for take in (second, third):
        entry, position = recorded(engine, take)
        assert entry.basis.engine == 7
        then = Then(entry.basis.position, entry.basis.engine, entry.basis.place, position)
        assert on_hand(fill_stock(empty_stock(), database, then)) == seen[id(take)]
    database.dispose()
    last = Take(1)
    engine.path.run([last])
    assert not recorded(engine, last)[0].in_vain, "it is told once"
