"""A matrix in a file: what is kept and what is not, and readers beside a writer that is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from engine.inventory import arena as arena_module
from engine.inventory.arena import H_DIRTY, ArenaFile, ArenaInUseError
from engine.inventory.client import StoreGap
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import PositionChange
from engine.inventory.gate import ORIGIN
from engine.inventory.live import LiveStock
from engine.inventory.matrix_reader import MatrixAwayError, MatrixReader
from tests.inventory.arena_writer import ITEMS, LOCATIONS, MIRRORED_UNITS, VERSION, stock_in
from tests.inventory.test_store import drawn
from tests.stores import FIRST_DAY, contents, open_store, stock_of, stock_store
from tests.stores import ITEMS as STORE_ITEMS
from tests.stores import LOCATIONS as STORE_LOCATIONS
from tests.valkey_server import ValkeyServer

WAIT_SECONDS_MAX = 20.0


def put(item: str, location: str, supply: int, receipt: str = "", minute: int | None = None) -> PositionChange:
    return PositionChange(item, location, receipt, "", supply, 0, minute)


def closed(stock: LiveStock) -> None:
    assert stock.matrix._file is not None
    stock.matrix._file.close()


def rows(stock: LiveStock) -> list[object]:
    return [stock.matrix.rows(item) for item in range(stock.matrix.item_count)]


def test_what_stands_at_a_position_is_kept_with_its_slots(tmp_path: Path) -> None:
    """Rows that grew, an arena that was moved, a receipt with a date."""
    first = stock_in(tmp_path / "a")
    for number in range(1, 300):
        first.apply(LogRecord(f"1-{number}", [put("item-3", f"at-{number}", number), put("item-4", "at-1", 1, "po1", 500)], ()))
    expected, slots = rows(first), list(first.matrix.slots)
    closed(first)
    second = stock_in(tmp_path / "a")
    assert second.matrix.position == "1-299"
    assert (rows(second), second.matrix.slots) == (expected, slots)
    second.apply(LogRecord("1-300", [put("item-3", "at-300", 7, "po2", 900)], ()))
    closed(second)
    third = stock_in(tmp_path / "a")
    assert third.matrix.rows(3)[-1][1:] == (third.matrix.slots[-1], 7, 0)
    assert third.matrix.slots[-1].available_at_minute == 900


@pytest.mark.parametrize("what", ["dirty", "network", "boot", "no boot", "items", "torn", "layout"])
def test_what_is_not_whole_or_of_another_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    stock = stock_in(tmp_path / "a")
    stock.apply(LogRecord("1-1", [put("item-3", "at-3", 3)], ()))
    version, items = VERSION, ITEMS
    match what:
        case "dirty":
            stock.matrix.begin_changes()
        case "network":
            version = "another"
        case "boot" | "no boot":
            if what == "boot":
                (tmp_path / "boot").write_text("another")
            monkeypatch.setattr(arena_module, "BOOT_ID", tmp_path / "boot")
        case "items":
            items += 1
        case "torn":
            os.truncate(tmp_path / "a", (tmp_path / "a").stat().st_size - 1)
        case "layout":
            stock.matrix.arena.header[0] += 1
    closed(stock)
    file = ArenaFile(tmp_path / "a", version)
    assert file.kept(items, LOCATIONS) is None
    file.create(items, LOCATIONS, 64)
    assert file.kept(items, LOCATIONS) is None, "it was not loaded yet"
    file.close()


def test_file_has_one_writer(tmp_path: Path) -> None:
    stock = stock_in(tmp_path / "a")
    with pytest.raises(ArenaInUseError, match="another process writes"):
        ArenaFile(tmp_path / "a", VERSION)
    closed(stock)
    ArenaFile(tmp_path / "a", VERSION).close()


def test_entry_that_fails_leaves_the_file_dirty(tmp_path: Path) -> None:
    stock = stock_in(tmp_path / "a")
    stock.apply(LogRecord("1-1", [put("item-3", "at-3", 3)], ()))
    with pytest.raises(AssertionError, match="range of int32"):
        stock.apply(LogRecord("1-2", [put("item-3", "at-3", 2**31)], ()))
    assert stock.matrix.arena.header[H_DIRTY]
    with pytest.raises(MatrixAwayError):
        MatrixReader(tmp_path / "a", VERSION).row(3, 0.01)
    assert len(MatrixReader(tmp_path / "a", VERSION).row(2, 0.01).supply) == 0
    closed(stock)


def test_reader_follows_the_writer_to_a_new_arena_and_to_a_new_matrix(tmp_path: Path) -> None:
    reader = MatrixReader(tmp_path / "a", VERSION)
    with pytest.raises(MatrixAwayError):
        reader.row(3, 0.01)
    stock = stock_in(tmp_path / "a")
    assert reader.position == "", "it was not loaded yet"
    for number in range(1, 300):
        stock.apply(LogRecord(f"1-{number}", [put("item-3", f"at-{number}", number, f"po{number % 3}", 100 + number % 3)], ()))
        row = reader.row(3, 1.0)
        assert row.supply.tolist() == list(range(1, number + 1))
        assert [reader.slot(slot) for slot in row.slot] == [slot for _, slot, _, _ in stock.matrix.rows(3)]
        assert reader.position == f"1-{number}"
        assert reader.is_settled()
    stock.matrix.begin_changes()
    closed(stock)
    another = stock_in(tmp_path / "a")
    another.apply(LogRecord("2-1", [put("item-3", "at-9", 9, "po9", 900)], ()))
    row = reader.row(3, 1.0)
    assert (row.supply.tolist(), reader.slot(int(row.slot[0])).receipt_id, reader.position) == ([9], "po9", "2-1")
    assert MatrixReader(tmp_path / "a", "another").position == ""
    closed(another)


@contextmanager
def writer(path: Path, seed: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.inventory.arena_writer", str(path), str(seed)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_rows_are_never_torn_beside_a_writer_that_is_killed(tmp_path: Path) -> None:
    """Every row read sums to the units that were there first; what a kill leaves whole is taken up, the rest begins anew."""
    path, draw = tmp_path / "a", random.Random(7)
    reader = MatrixReader(path, VERSION)
    read = kept = begun = 0
    for seed in range(8):
        with writer(path, seed):
            stop_at = time.monotonic() + draw.uniform(0.2, 1.0)
            before = reader.position
            while time.monotonic() < stop_at:
                row = reader.row(draw.randrange(ITEMS), WAIT_SECONDS_MAX)
                mirrored = row.location < 2
                assert int(row.supply[mirrored].sum()) == MIRRORED_UNITS
                assert (np.diff(row.location) >= 0).all()
                read += 1
            assert reader.position != before
        stock = stock_in(path)
        if stock.matrix.position:
            kept += 1
            for item in range(ITEMS):
                assert sum(supply for location, _, supply, _ in stock.matrix.rows(item) if location < 2) == MIRRORED_UNITS
                assert stock.matrix.row_version[item] % 2 == 0
        else:
            begun += 1
            stock.apply(LogRecord("1-1", [put(f"item-{i}", "at-0", MIRRORED_UNITS) for i in range(ITEMS)], ()))
        closed(stock)
    assert read > 500
    assert begun, "the writer does little else than to change rows"
    assert kept + begun == 8


def test_kept_stock_goes_on_from_its_position_in_the_log(server: ValkeyServer, tmp_path: Path) -> None:
    draw = random.Random(3)
    open_store(server.url)
    store = stock_store(server.url)
    store.load()

    def attached() -> LiveStock:
        file = ArenaFile(tmp_path / "a", VERSION)
        kept = file.kept(len(STORE_ITEMS), len(STORE_LOCATIONS))
        return LiveStock(
            {name: i for i, name in enumerate(STORE_ITEMS)}, {name: i for i, name in enumerate(STORE_LOCATIONS)}, frozenset(),
            FIRST_DAY, arena=file, kept=kept,
        )  # fmt: skip

    store.commit([drawn(draw) for _ in range(40)], 1, ORIGIN)
    first = attached()
    store.load().fill(first)
    assert first.matrix.epoch == 1
    closed(first)
    store.commit([drawn(draw) for _ in range(40)], 1, "1-40")
    second = attached()
    assert second.matrix.position == "1-40"
    image = store.load(second.matrix.epoch, second.matrix.position)
    assert image.stored.count == 0
    image.fill(second)
    assert contents(second) == contents(stock_of(store.load()))
    assert second.matrix.position == "1-80"
    closed(second)
    with pytest.raises(StoreGap, match="epoch 7, the store of 1"):
        store.load(7, "7-9")
    with server.client() as client:
        client.xtrim("{test}:log", minid="1-60", approximate=False)
    with pytest.raises(StoreGap):
        store.load(1, "1-40")
