"""The audit of an engine's memory: equal to the ledger at its own position, also while it sells, or each difference by name."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from engine.domain.clock import SystemClock
from engine.inventory import arena as arena_module
from engine.inventory import memory_reader
from engine.inventory.arena import H_MOVED, ArenaFile, open_arena
from engine.inventory.keys import Keys
from engine.inventory.live import LiveStock
from engine.inventory.memory_reader import BEHIND, NOT_HERE, OTHER_NETWORK, SILENT_NS_MAX, MemoryReader
from engine.inventory.write_path import StoredStock
from engine.ledger.audit import Auditor, Difference, Report
from tests.ledger.conftest import Database
from tests.sidecars import RunningSidecar, TestEngine
from tests.stores import FIRST_DAY, ITEMS, LOCATIONS, PARTITION, change
from tests.valkey_server import ValkeyServer
from tests.writes import Take, put

KEYS = Keys(PARTITION)
VERSION = "network"


@contextmanager
def sharing(
    server: ValkeyServer, database: Database, path: Path, items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS
) -> Iterator[TestEngine]:
    """An engine whose matrix lies in a file."""
    engine = TestEngine(server.url, database.url, items=items, locations=locations)
    with RunningSidecar(server.url, database.url), engine as made:
        file = ArenaFile(path, VERSION)

        def stock_in_file(image: StoredStock) -> LiveStock:
            item_index, location_index = ({name: i for i, name in enumerate(names)} for names in (items, locations))
            stock = LiveStock(item_index, location_index, frozenset(), FIRST_DAY, arena=file)
            image.fill(stock)
            return stock

        made.path._load = stock_in_file
        assert made.path.catch_up()
        yield made
        file.close()


def fill(engine: TestEngine) -> None:
    writes = []
    for n in range(12):
        place = ITEMS[n % 3], LOCATIONS[n % 4]
        writes.append(put(change(5 + n, n % 2, *place), change(7, 1, *place, f"po{n % 2}", minute=29_000_000 + n)))
    writes.append(put(change(3, 1, "nut", "ams", pool="vip"), change(-6, 0, "bolt", "ehv"), change(6, 0, "bolt", "ehv")))
    engine.path.run(writes)
    for write in writes:
        assert write.reason is None


def audit(
    server: ValkeyServer, database: Database, path: Path, items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS,
    version: str = VERSION,
) -> Report:  # fmt: skip
    memory = MemoryReader(path, version, items, locations)
    return Auditor(server.url, PARTITION, database.url, SystemClock(), memory=memory).run()


def test_equal_memory_has_the_digest_of_the_ledger(server: ValkeyServer, database: Database, tmp_path: Path) -> None:
    with sharing(server, database, tmp_path / "a") as engine:
        fill(engine)
        report = audit(server, database, tmp_path / "a")
        assert report.is_clean and report.memory.reason == ""
        assert report.memory.position == engine.path.position
        assert report.memory.positions == 25, "12 on hand, 12 of receipts, one of a pool"
        assert report.memory.digest == report.memory.ledger_digest != ""
        engine.path.run([put(change(1))])
        assert audit(server, database, tmp_path / "a").memory.digest != report.memory.digest


def test_each_difference_of_the_memory_is_named(server: ValkeyServer, database: Database, tmp_path: Path) -> None:
    """Units that were changed, that are gone and that came from nowhere; where the store has them too they stand together."""
    with sharing(server, database, tmp_path / "a") as engine:
        fill(engine)
        stock = engine.path.stock
        assert stock is not None
        matrix, (bolt, lamp, nut) = stock.matrix, range(3)
        matrix.supply[matrix.find(bolt, 0, 0)] += 2
        matrix.supply[matrix.find(lamp, 1, 0)] = 0
        vip = next(at for at in matrix.run(nut, 0) if matrix.slots[matrix.slot[at]].pool == "vip")
        matrix.demand[vip] = 2
        matrix.change(nut, 2, 0, 4, 0)
        with server.client() as client:
            layout = client.get(KEYS.layout)
            assert isinstance(layout, bytes)
            there = int(matrix.supply[matrix.find(nut, 2, 0)])
            client.hset(f"{KEYS.tag}{int(layout.split()[0])}:supply:nut:0", "rtm", there + 4)
        report = audit(server, database, tmp_path / "a")
        assert not report.is_clean and report.memory.digest != report.memory.ledger_digest
        found = {(each.key, each.field): each for each in report.differences}
        assert report.difference_count == len(report.differences) == len(found)
        assert found["demand:nut:0", "ams||vip"] == Difference("demand:nut:0", "ams||vip", "1", None, "2")
        changed = found["supply:bolt:0", "ams"]
        assert changed.memory is not None and int(changed.memory) - int(changed.ledger) == 2 and changed.store is None
        assert found["supply:lamp:0", "ehv"].memory == ""
        both = found["supply:nut:0", "rtm"]
        assert both.memory is not None and both.store is not None
        assert (int(both.memory) - int(both.ledger), int(both.store) - int(both.ledger)) == (4, 8)
        assert len(found) == 4


def test_memory_that_is_sold_from_is_audited(server: ValkeyServer, database: Database, tmp_path: Path) -> None:
    """Plans are shown in it that are not committed, receipts move, and it goes on in other arenas."""
    locations = (*LOCATIONS, *(f"at-{n}" for n in range(400)))
    with sharing(server, database, tmp_path / "a", locations=locations) as engine:
        fill(engine)
        stop, arenas = threading.Event(), set()

        def write() -> None:
            n = 0
            while not stop.is_set():
                n += 1
                more = put(
                    change(2, 0, ITEMS[n % 3], locations[n % len(locations)]),
                    change(1, 0, ITEMS[n % 3], "ams", "po0", minute=29_000_000 + n),
                )
                takes = [Take(1, ITEMS[n % 3], locations[:4]) for _ in range(4)]
                engine.path.run([takes[0], *takes[1:], more])
                assert engine.path.stock is not None
                arenas.add(id(engine.path.stock.matrix.arena.header))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            reports = [audit(server, database, tmp_path / "a", locations=locations) for _ in range(10)]
        finally:
            stop.set()
            writer.join()
        for report in reports:
            assert report.is_clean, report.differences
            assert report.memory.reason == "" and report.memory.digest == report.memory.ledger_digest
        assert reports[0].memory.position != reports[-1].memory.position
        assert len(arenas) > 1


def test_what_is_shown_of_a_plan_is_waited_for(
    server: ValkeyServer, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_reader, "READ_SECONDS_MAX", 0.2)
    with sharing(server, database, tmp_path / "a") as engine:
        fill(engine)
        stock = engine.path.stock
        assert stock is not None
        stock.matrix.begin_changes()
        stock.matrix.demand[stock.matrix.find(0, 0, 0)] += 1
        report = audit(server, database, tmp_path / "a")
        assert (report.memory.reason, report.difference_count, report.is_clean) == (BEHIND, 0, True)
        stock.matrix.demand[stock.matrix.find(0, 0, 0)] -= 1
        stock.matrix.end_changes()
        assert audit(server, database, tmp_path / "a").memory.reason == ""


def test_part_that_was_changed_and_changed_back_meanwhile_does_not_count(
    server: ValkeyServer, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that was shown and taken back leaves position and rows as they were: the header has counted it."""
    with sharing(server, database, tmp_path / "a") as engine:
        fill(engine)
        stock = engine.path.stock
        assert stock is not None
        matrix, shown = stock.matrix, []
        repeat = np.repeat

        def planning(*of: np.ndarray) -> np.ndarray:
            if not shown:
                shown.append(True)
                matrix.begin_changes()
                matrix.demand[matrix.find(0, 0, 0)] += 1
                matrix.end_changes()
            return repeat(*of)

        monkeypatch.setattr(memory_reader.np, "repeat", planning)
        part = MemoryReader(tmp_path / "a", VERSION, ITEMS, LOCATIONS)._copied(matrix.arena, range(3))
        assert shown and part is None


def test_memory_that_cannot_be_read_is_no_error(
    server: ValkeyServer, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_reader, "READ_SECONDS_MAX", 0.2)
    path = tmp_path / "a"
    with sharing(server, database, path) as engine:
        fill(engine)
        stock = engine.path.stock
        assert stock is not None

        def reason(where: Path = path, version: str = VERSION) -> str:
            report = audit(server, database, where, version=version)
            assert report.is_clean
            return report.memory.reason

        assert reason(tmp_path / "none") == NOT_HERE
        assert reason(version="another") == OTHER_NETWORK
        with monkeypatch.context() as patch:
            (tmp_path / "boot").write_text("another")
            patch.setattr(arena_module, "BOOT_ID", tmp_path / "boot")
            assert reason() == NOT_HERE
        stock.matrix.begin_changes()
        stock.matrix.beat(False, time.monotonic_ns() - SILENT_NS_MAX)
        assert reason() == NOT_HERE, "nobody looks after it any more"
        stock.matrix.end_changes()
        assert reason() == ""
    without = Auditor(server.url, PARTITION, database.url, SystemClock())
    assert without.report.memory.reason == NOT_HERE


def test_what_the_engine_does_not_know_is_not_looked_for_in_its_memory(
    server: ValkeyServer, database: Database, tmp_path: Path
) -> None:
    items, locations = ITEMS[:2], LOCATIONS[1:]
    with sharing(server, database, tmp_path / "a", items, locations) as engine:
        fill(engine)
        report = audit(server, database, tmp_path / "a", items, locations)
        assert report.is_clean and report.memory.reason == ""
        assert 0 < report.memory.positions < 20
        arena = open_arena(tmp_path / "a")
        assert arena is not None and not arena.header[H_MOVED]
