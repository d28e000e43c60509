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

from engine.domain.reasons import Reason, Refusal
from engine.inventory import arena as arena_module
from engine.inventory import shared_stock
from engine.inventory.arena import H_DIRTY, H_MOVED, ArenaFile, ArenaInUseError
from engine.inventory.client import StoreGap
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import CapacityUse, PositionChange
from engine.inventory.gate import ORIGIN
from engine.inventory.live import LiveStock
from engine.inventory.matrix import Slot
from engine.inventory.shared_stock import BEAT_NS_MAX, CHANGING_SECONDS_MAX, SharedMemory, SharedStock
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


def shared_memory(path: Path, version: str = VERSION) -> SharedMemory:
    return SharedMemory(path, version, {f"item-{i}": i for i in range(ITEMS)}, {f"at-{i}": i for i in range(LOCATIONS)})


def looked(memory: SharedMemory) -> SharedStock:
    memory.look()
    assert memory.stock is not None
    return memory.stock


def read(memory: SharedMemory, item: int) -> list[tuple[int, Slot, int, int]]:
    return looked(memory).still(np.array([item])).matrix.rows(item)


def left_half_way(path: Path) -> LiveStock:
    """Stock of 3 at one place whose writer failed in the middle of an entry: what it added is there, what it took is not."""
    stock = stock_in(path)
    stock.apply(LogRecord("1-1", [put("item-3", "at-3", 3), put("item-5", "at-3", 5)], ()))
    read(shared_memory(path), 3)  # compiled by now
    with pytest.raises(AssertionError, match="range of int32"):
        stock.apply(LogRecord("1-2", [put("item-3", "at-4", 1), put("item-3", "at-3", 2**31)], ()))
    assert stock.matrix.arena.header[H_DIRTY] and len(stock.matrix.rows(3)) == 2
    return stock


def refused_after(memory: SharedMemory, item: int) -> float:
    """Seconds until a read of a row was refused."""
    started = time.monotonic()
    with pytest.raises(Refusal) as refused:
        read(memory, item)
    assert refused.value.reason is Reason.STORE_RECOVERING
    return time.monotonic() - started


AT_ONCE_SECONDS = 0.1


@pytest.mark.parametrize("is_alive", [False, True])
def test_row_that_a_writer_has_left_half_way_is_refused_and_others_are_read(tmp_path: Path, is_alive: bool) -> None:
    """Killed, or alive and out of reach of the store after a fault: waited for once, a short while, until it begins anew."""
    stock, memory = left_half_way(tmp_path / "a"), shared_memory(tmp_path / "a")
    if is_alive:
        stock.matrix.beat(True, time.monotonic_ns())
    assert looked(memory).is_stale
    assert CHANGING_SECONDS_MAX <= refused_after(memory, 3) < CHANGING_SECONDS_MAX + 1.0
    assert refused_after(memory, 3) < AT_ONCE_SECONDS
    assert [supply for _, _, supply, _ in read(memory, 5)] == [5]
    closed(stock)
    another = stock_in(tmp_path / "a")
    assert another.matrix.position == "", "it is not taken up"
    another.apply(LogRecord("2-1", [put("item-3", "at-3", 7)], ()))
    assert [supply for _, _, supply, _ in read(memory, 3)] == [7]
    closed(another)


def test_row_that_a_living_writer_does_not_end_to_change_is_refused_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never read half-way, and nobody waits for good; when the change ends it is read."""
    monkeypatch.setattr(shared_stock, "WRITER_SECONDS_MAX", 0.6)
    stock = stock_in(tmp_path / "a")
    stock.apply(LogRecord("1-1", [put("item-3", "at-3", 3)], ()))
    memory, items = shared_memory(tmp_path / "a"), np.array([3])
    read(memory, 3)
    for change in range(2):
        stock.matrix.lock(items)
        stock.matrix.beat(False, time.monotonic_ns())
        assert 0.6 <= refused_after(memory, 3) < 1.6, change
        assert refused_after(memory, 3) < AT_ONCE_SECONDS
        stock.matrix.unlock(items)
        assert [supply for _, _, supply, _ in read(memory, 3)] == [3]
    closed(stock)


def test_matrix_that_is_loaded_anew_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_stock, "WRITER_SECONDS_MAX", 0.6)
    stock, memory = left_half_way(tmp_path / "a"), shared_memory(tmp_path / "a")
    memory.look()
    closed(stock)
    another = stock_in(tmp_path / "a")
    assert 0.6 <= refused_after(memory, 3) < 1.6
    assert refused_after(memory, 3) < AT_ONCE_SECONDS
    another.apply(LogRecord("2-1", [put("item-3", "at-3", 7)], ()))
    assert [supply for _, _, supply, _ in read(memory, 3)] == [7]
    closed(another)


def test_stock_is_stale_when_nobody_looks_after_it(tmp_path: Path) -> None:
    stock = stock_in(tmp_path / "a")
    stock.apply(LogRecord("1-1", [], ()))
    memory = shared_memory(tmp_path / "a")
    assert looked(memory).is_stale, "nobody has yet"
    stock.matrix.beat(False, time.monotonic_ns())
    assert not looked(memory).is_stale
    stock.matrix.beat(True, time.monotonic_ns())
    assert looked(memory).is_stale, "it says so itself"
    stock.matrix.beat(False, time.monotonic_ns() - BEAT_NS_MAX - 1)
    assert looked(memory).is_stale, "that was long ago"
    closed(stock)


def test_capacity_is_seen_as_it_is_taken_and_moves_on_with_the_days(tmp_path: Path) -> None:
    stock = stock_in(tmp_path / "a")
    stock.apply(LogRecord("1-1", [], [CapacityUse("at-2", 20_003, 5)]))
    memory = shared_memory(tmp_path / "a")
    first = looked(memory)
    assert [first.used_on(2, day) for day in (20_002, 20_003)] == [0, 5]
    stock.apply(LogRecord("1-2", [], [CapacityUse("at-2", 20_003, 2)]))
    stock.start_capacity(20_001)
    assert (first.first_day, first.used_on(2, 20_003)) == (20_001, 7)
    closed(stock)
    again = stock_in(tmp_path / "a")
    again.apply_capacity(CapacityUse("at-2", 20_003, 1))
    assert looked(memory).used_on(2, 20_003) == 1, "another engine counts what it has read itself"
    closed(again)


def test_reader_follows_the_writer_to_a_new_arena_and_to_a_new_matrix(tmp_path: Path) -> None:
    memory = shared_memory(tmp_path / "a")
    memory.look()
    assert memory.stock is None
    stock = stock_in(tmp_path / "a")
    memory.look()
    assert memory.stock is None, "it was not loaded yet"
    for number in range(1, 300):
        stock.apply(LogRecord(f"1-{number}", [put("item-3", f"at-{number}", number, f"po{number % 3}", 100 + number % 3)], ()))
        assert read(memory, 3) == stock.matrix.rows(3)
        assert looked(memory).matrix.position == f"1-{number}"
    stock.matrix.begin_changes()
    closed(stock)
    another = stock_in(tmp_path / "a")
    another.apply(LogRecord("2-1", [put("item-3", "at-9", 9, "po9", 900)], ()))
    assert [(slot.receipt_id, supply) for _, slot, supply, _ in read(memory, 3)] == [("po9", 9)]
    assert looked(memory).matrix.position == "2-1"
    other = shared_memory(tmp_path / "a", "another")
    other.look()
    assert (other.stock, other.is_other_network) == (None, True)
    closed(another)


def test_many_rows_are_read_at_once_and_each_of_them_once(tmp_path: Path) -> None:
    """More than there is room for at first, named twice and in any order."""
    stock, places = stock_in(tmp_path / "a"), range(LOCATIONS)
    receipts = [("", None), *((f"po{n}", 1_000 + n) for n in range(20))]
    changes = [
        put(f"item-{i}", f"at-{n}", i * 1_000 + n, *receipt) for i in range(ITEMS) for n in places for receipt in receipts
    ]  # fmt: skip
    stock.apply(LogRecord("1-1", changes, ()))
    still = looked(shared_memory(tmp_path / "a")).still(np.array([5, 3, 5, *range(ITEMS)]))
    assert [still.matrix.rows(item) for item in range(ITEMS)] == rows(stock)
    closed(stock)


def test_arena_that_is_left_in_the_middle_of_a_change_is_gone_on_in_with_the_same_rows_locked(tmp_path: Path) -> None:
    """Readers of the one before are told that it moved; what is locked stays so until the change is made."""
    stock = stock_in(tmp_path / "a")
    stock.apply(LogRecord("1-1", [put(f"item-{i}", f"at-{n}", i * 100 + n) for i in range(ITEMS) for n in range(9)], ()))
    matrix, memory, before = stock.matrix, shared_memory(tmp_path / "a"), rows(stock)
    assert read(memory, 3) == matrix.rows(3)
    matrix.begin_changes()
    matrix.lock(np.array([2, 3]))
    arena = matrix.arena
    matrix._reserve(len(matrix.location))
    assert (arena.header[H_MOVED], matrix.arena.header[H_DIRTY], matrix.arena.header[H_MOVED]) == (1, 1, 0)
    assert (matrix.row_version % 2).tolist() == [int(i in (2, 3)) for i in range(ITEMS)]
    assert (matrix.row_start[1:] == np.cumsum(matrix.row_room)[:-1]).all() and rows(stock) == before
    still = looked(memory).still(np.array([4]))
    assert still.matrix.rows(4) == matrix.rows(4), "it is not held up by what is locked"
    matrix.unlock(np.array([2, 3]))
    matrix.end_changes()
    assert read(memory, 3) == matrix.rows(3)
    closed(stock)
    again = stock_in(tmp_path / "a")
    assert (again.matrix.position, rows(again)) == ("1-1", before)
    closed(again)


def test_arena_that_finds_no_room_goes_on_in_memory_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stock = stock_in(tmp_path / "a")
    stock.apply(LogRecord("1-1", [put("item-3", f"at-{n}", n) for n in range(40)], ()))
    before, arena = rows(stock), stock.matrix.arena

    def full(descriptor: int, size: int) -> None:
        raise OSError("no room")

    monkeypatch.setattr(arena_module, "_allocate", full)
    stock.matrix._reserve(len(stock.matrix.location))
    assert (rows(stock), stock.matrix.is_shared, arena.header[H_MOVED]) == (before, False, 1)
    stock.apply(LogRecord("1-2", [put("item-3", "at-99", 7)], ()))
    assert stock.matrix.rows(3)[-1][2] == 7


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


def check_rows_left(memory: SharedMemory, monkeypatch: pytest.MonkeyPatch) -> int:
    """After a kill each row is whole, or refused; how many are."""
    count = 0
    with monkeypatch.context() as patch:
        patch.setattr(shared_stock, "BEAT_NS_MAX", 0)
        patch.setattr(shared_stock, "CHANGING_SECONDS_MAX", 0.01)
        patch.setattr(shared_stock, "WRITER_SECONDS_MAX", 0.01)
        for item in range(ITEMS):
            try:
                row = read(memory, item)
            except Refusal:
                count += 1
            else:
                assert sum(supply for location, _, supply, _ in row if location < 2) == MIRRORED_UNITS
    return count


def test_rows_are_never_torn_beside_a_writer_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row read sums to the units that were there first; what a kill leaves whole is taken up, the rest begins anew."""
    path, draw = tmp_path / "a", random.Random(7)
    memory = shared_memory(path)
    read_count = kept = begun = moved = refused = 0
    for seed in range(8):
        with writer(path, seed):
            stop_at = time.monotonic() + draw.uniform(0.2, 1.0)
            before, arena = looked(memory).matrix.position, looked(memory).matrix.arena
            while time.monotonic() < stop_at:
                row = read(memory, draw.randrange(ITEMS))
                assert sum(supply for location, _, supply, _ in row if location < 2) == MIRRORED_UNITS
                assert (np.diff([location for location, _, _, _ in row]) >= 0).all()
                read_count += 1
            moved += looked(memory).matrix.arena is not arena
            assert looked(memory).matrix.position != before
        refused += check_rows_left(memory, monkeypatch)
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
    assert read_count > 500
    assert moved, "rows outgrew their arena beside readers"
    assert begun and refused, "the writer does little else than to change rows"
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
