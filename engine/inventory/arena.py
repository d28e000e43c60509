"""The memory of an inventory matrix: header, row tables and columns in one piece, which may be a file that others map.

One process writes. It says so before it changes anything (`dirty`) and takes that back when the matrix stands at a position of
the log again, so that what a kill left in the middle of a change is never taken up. Files are of one boot of the machine:
nobody knows in what order a disk got the pages of a machine that stopped.
"""

import contextlib
import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Column = NDArray[np.int32]
Bytes = NDArray[np.uint8]

LAYOUT = 0x42454C4F_00000002
"""BELO, and the version of the layout below."""

HEADER_BYTES = 4_096
(H_LAYOUT, H_ITEMS, H_LOCATIONS, H_ROOM, H_USED, H_DIRTY, H_MOVED, H_EPOCH, H_POSITION_EPOCH, H_POSITION_SEQUENCE,
 H_SLOT_BYTES, H_STALE, H_BEAT_NS, H_CAPACITY, H_CHANGES) = range(15)  # fmt: skip
C_DAYS, C_LOCATIONS, C_FIRST_DAY, C_VERSION, CAPACITY_HEADER = 0, 1, 2, 3, 8
"""Numbers before the table of capacity; its version is odd while it moves on to other days."""

STAMP_AT, STAMP_BYTES = 1_024, 256
"""Where in the header it says of which network and which boot it is."""

NOWHERE = -1
"""Epoch of the position of an arena that was not loaded yet."""

COPIED_EACH = 1 << 18
"""Positions, or one row, in one step of a copy: as many indexes are in memory at once."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Arena(NamedTuple):
    """Views of the memory. Row tables [items]: start, count and room of each row, and its version, see `row_locks.py`."""

    header: Ints
    stamp: Bytes
    row_start: Ints
    row_count: Ints
    row_room: Ints
    row_version: Ints
    location: Column
    slot: Column
    supply: Column
    demand: Column


def position_in(arena: Arena) -> str:
    """The position of the log that an arena stands at; empty where nothing was loaded yet."""
    epoch, sequence = arena.header[[H_POSITION_EPOCH, H_POSITION_SEQUENCE]].tolist()
    return "" if epoch == NOWHERE else f"{epoch}-{sequence}"


def remove_arena(path: Path) -> None:
    """Take away what an arena's file and what belongs to it occupy; who has it mapped keeps it."""
    for suffix in ("", ".slots", ".capacity", ".lock", ".new", ".sock"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def rooms_of(row_count: Ints) -> Ints:
    """Room of each row in an arena without holes: its positions and an eighth, at least one more; none where there are none."""
    return row_count + np.where(row_count > 0, np.maximum(row_count // 8, 1), 0)


def bytes_of(item_count: int, room: int) -> int:
    """Size of an arena."""
    return HEADER_BYTES + 4 * 8 * item_count + 4 * 4 * room


def view(memory: Bytes, item_count: int, room: int) -> Arena:
    """The parts of a piece of memory."""
    assert len(memory) == bytes_of(item_count, room)
    tables = memory[HEADER_BYTES:]
    row_bytes, column_bytes = 8 * item_count, 4 * room
    start, count, room_of, version = (tables[at * row_bytes : (at + 1) * row_bytes].view(np.int64) for at in range(4))
    rest = tables[4 * row_bytes :]
    location, slot, supply, demand = (rest[at * column_bytes : (at + 1) * column_bytes].view(np.int32) for at in range(4))
    header, stamp = memory[:STAMP_AT].view(np.int64), memory[STAMP_AT : STAMP_AT + STAMP_BYTES]
    return Arena(header, stamp, start, count, room_of, version, location, slot, supply, demand)


def new_arena(item_count: int, location_count: int, room: int) -> Arena:
    """An empty arena of this process alone."""
    arena = view(np.zeros(bytes_of(item_count, room), np.uint8), item_count, room)
    _begin(arena, item_count, location_count, room)
    return arena


def _begin(arena: Arena, item_count: int, location_count: int, room: int) -> None:
    arena.header[H_LAYOUT] = LAYOUT
    arena.header[H_ITEMS], arena.header[H_LOCATIONS], arena.header[H_ROOM] = item_count, location_count, room
    arena.header[H_DIRTY], arena.header[H_POSITION_EPOCH] = 1, NOWHERE


class ArenaInUseError(Exception):
    """Another process writes the file."""


class ArenaFile:
    """A file for arenas, one after the other; the one process that may write it holds its lock."""

    def __init__(self, path: Path, network_version: str) -> None:
        """Take the lock. Raises ArenaInUseError, OSError."""
        self.path = path
        self._slots_path = path.with_suffix(".slots")
        self._stamp = stamp_of(network_version)
        self._lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise ArenaInUseError(f"another process writes {path}") from error
        self._slots = -1

    def close(self) -> None:
        """Let go of the lock; what was handed out stays mapped."""
        if self._slots >= 0:
            os.close(self._slots)
        self._slots = -1  # its number may become another file's: whoever still adds a slot is told so
        os.close(self._lock)

    def kept(self, item_count: int, location_count: int) -> Arena | None:
        """The arena that is there, if it is whole, of this boot and of this network."""
        arena = _mapped(self.path, writable=True)
        if arena is None or bytes(arena.stamp) != self._stamp or not self._stamp.strip(b"\0"):
            return None
        header = arena.header
        if header[H_DIRTY] or header[H_MOVED] or (header[H_ITEMS], header[H_LOCATIONS]) != (item_count, location_count):
            return None
        self._open_slots(int(header[H_SLOT_BYTES]))
        return arena

    def create(self, item_count: int, location_count: int, room: int, before: Arena | None = None) -> Arena:
        """A new arena in place of the one before, dirty; its slots stay. Raises OSError where there is no room for it."""
        temporary = self.path.with_suffix(".new")
        size = bytes_of(item_count, room)
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _allocate(descriptor, size)
            arena = view(np.frombuffer(mmap.mmap(descriptor, size), np.uint8), item_count, room)
        finally:
            os.close(descriptor)
        _begin(arena, item_count, location_count, room)
        arena.stamp[:] = np.frombuffer(self._stamp, np.uint8)
        replaced = before or _mapped(self.path, writable=True)
        if before is not None:
            copy_arena(before, arena)
        else:
            if replaced is not None:
                # Told first: who still reads it must not take the new slots for its own.
                replaced.header[H_MOVED] = 1
            self._open_slots(0)
        temporary.replace(self.path)
        if replaced is not None:
            replaced.header[H_MOVED] = 1
        return arena

    def add_slot(self, arena: Arena, slot: tuple[str, str, int, bool]) -> None:
        """Keep a slot, before any position has it."""
        line = orjson.dumps(tuple(slot)) + b"\n"
        os.write(self._slots, line)
        arena.header[H_SLOT_BYTES] += len(line)

    def new_capacity(self, arena: Arena, days: int, location_count: int) -> tuple[Ints, Ints]:
        """Header and table [days, locations] of the capacity used: zeros, in a file that takes the last one's place.

        Raises OSError where there is no room for it.
        """
        path = self.path.with_suffix(".capacity")
        path.unlink(missing_ok=True)  # who reads the one before keeps it
        size = 8 * (CAPACITY_HEADER + days * location_count)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _allocate(descriptor, size)
            numbers = np.frombuffer(mmap.mmap(descriptor, size), np.int64)
        finally:
            os.close(descriptor)
        numbers[[C_DAYS, C_LOCATIONS]] = days, location_count
        arena.header[H_CAPACITY] += 1
        return numbers[:CAPACITY_HEADER], numbers[CAPACITY_HEADER:].reshape(days, location_count)

    def _open_slots(self, size: int) -> None:
        """Keep so many bytes of the slots; none: another file, so that who reads the one before still finds its own."""
        if size == 0:
            self._slots_path.unlink(missing_ok=True)
        if self._slots >= 0:
            os.close(self._slots)
        self._slots = os.open(self._slots_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._slots, size)


def read_slots(path: Path, arena: Arena) -> Iterator[tuple[str, str, int, bool]]:
    """The slots of the arena of a file, in their order."""
    with path.with_suffix(".slots").open("rb") as file:
        lines = file.read(int(arena.header[H_SLOT_BYTES])).splitlines()
    for line in lines:
        receipt_id, pool, minute, sellable = orjson.loads(line)
        yield receipt_id, pool, minute, sellable


def open_capacity(path: Path) -> tuple[Ints, Ints] | None:
    """Header and table [days, locations] of the capacity used, which is not written here; None where there is none."""
    try:
        descriptor = os.open(path.with_suffix(".capacity"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        size = os.fstat(descriptor).st_size
        if size < 8 * CAPACITY_HEADER:
            return None
        # Not as an array that cannot be written: kernels that take it would be compiled once more for that.
        numbers = np.frombuffer(mmap.mmap(descriptor, size), np.int64)
    days, locations = numbers[[C_DAYS, C_LOCATIONS]].tolist()
    if len(numbers) != CAPACITY_HEADER + days * locations or not days:
        return None
    return numbers[:CAPACITY_HEADER], numbers[CAPACITY_HEADER:].reshape(days, locations)


def open_arena(path: Path) -> Arena | None:
    """The arena of a file, to be read; None where there is none."""
    return _mapped(path, writable=False)


def stamp_of(network_version: str) -> bytes:
    """What a file of this network and this boot begins with; empty where boots cannot be told apart."""
    try:
        boot = BOOT_ID.read_text("ascii").strip()
    except OSError:
        return bytes(STAMP_BYTES)
    stamp = f"{boot} {network_version}".encode()
    assert len(stamp) <= STAMP_BYTES
    return stamp.ljust(STAMP_BYTES, b"\0")


def version_in(arena: Arena) -> str | None:
    """The network of an arena of this boot; None where it is of another."""
    boot, _, version = bytes(arena.stamp).rstrip(b"\0").decode().partition(" ")
    return version if boot and stamp_of(version) == bytes(arena.stamp) else None


def _mapped(path: Path, *, writable: bool) -> Arena | None:
    try:
        descriptor = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        size = os.fstat(descriptor).st_size
        if size < HEADER_BYTES:
            return None
        memory = np.frombuffer(
            mmap.mmap(descriptor, size, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ), np.uint8
        )  # fmt: skip
    header = memory[:STAMP_AT].view(np.int64)
    item_count, room = int(header[H_ITEMS]), int(header[H_ROOM])
    if header[H_LAYOUT] != LAYOUT or size != bytes_of(item_count, room):
        return None
    return view(memory, item_count, room)


def _allocate(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        # All of it now: a page that finds no room later ends the process.
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)


def copy_arena(before: Arena, after: Arena) -> None:
    """Copy rows one behind the other, each with the room of `rooms_of`; the header but for what is its own.

    A row that is being changed stays so: whoever changes it goes on in the copy.
    """
    rooms = rooms_of(before.row_count)
    after.row_start[:] = np.cumsum(rooms) - rooms
    after.row_count[:], after.row_room[:], after.row_version[:] = before.row_count, rooms, before.row_version
    # [items + 1]: positions before each item's row.
    ends = np.concatenate(([0], np.cumsum(before.row_count)))
    first = 0
    while first < len(rooms):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + COPIED_EACH, side="right")) - 1)
        _copy_rows(before, after, slice(first, last), ends[first:last] - ends[first])
        first = last
    for field in (H_EPOCH, H_POSITION_EPOCH, H_POSITION_SEQUENCE, H_SLOT_BYTES, H_STALE, H_BEAT_NS, H_CAPACITY):
        after.header[field] = before.header[field]
    after.header[H_USED] = rooms.sum()


def _copy_rows(before: Arena, after: Arena, items: slice, at: Ints) -> None:
    """Rows of some items that follow each other. at [items]: how many positions of theirs come before each."""
    counts = before.row_count[items]
    places = np.arange(int(counts.sum()))
    source = np.repeat(before.row_start[items] - at, counts) + places
    target = np.repeat(after.row_start[items] - at, counts) + places
    for name in ("location", "slot", "supply", "demand"):
        getattr(after, name)[target] = getattr(before, name)[source]
