"""The shared store, and an engine's memory, compared with the ledger while all go on: every difference by name.

Both are read in parts, each together with the position of the log that it stands at. The ledger's entries are added up to
exactly that position before the part is compared, so that what is being sold from can be audited.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import redis
from belofte.v1 import ledger_entry_pb2
from sqlalchemy import Engine

from engine.domain.clock import Clock
from engine.inventory.client import StoreAway, connect, ordinal
from engine.inventory.effects import effects_in, texts_in
from engine.inventory.gate import OPENING_SEQUENCE, ORIGIN
from engine.inventory.keys import DataKeys, Keys, Layout, date_field, place_field, place_of
from engine.inventory.memory_reader import NOT_HERE, MemoryPart, MemoryReader, UnreadableMemory
from engine.inventory.shards import WHOLE, Shards
from engine.ledger.database import open_database
from engine.ledger.recorder import Replayed, replay
from engine.ledger.snapshot_sums import begin_cut, differs
from engine.ledger.snapshots import NOTHING_YET, Snapshot, SnapshotError, listed
from engine.ledger.sums import Sums, is_in_store
from engine.ledger.tables import NO_CHAIN

HASHES_EACH = 200
"""Hashes in one part: the store serves nobody else while it reads them."""

SCAN_KEYS = 1_000
RECORD_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
DIFFERENCES_MAX = 1_000
"""Differences that are kept by name; all are counted."""

NOT_COMPARED = ("requests:",)
"""What the store forgets by the hour."""

Tables = dict[str, dict[str, str]]


class Difference(NamedTuple):
    """A field of a hash that is not what the ledger says; "": it is not there. None: no difference was found there.

    The memory's positions have the names that the store has for them.
    """

    key: str
    field: str
    ledger: str
    store: str | None = None
    memory: str | None = None


@dataclass(slots=True)
class MemoryReport:
    """What was found of an engine's memory. Equal digests mean equal units; both are of the positions that hold anything."""

    reason: str = NOT_HERE
    """Why it was not compared, or not to the end; empty: it was."""
    position: str = ""
    positions: int = 0
    ledger_digest: str = ""
    digest: str = ""


@dataclass(slots=True)
class Report:
    """What an audit found. Equal digests mean equal contents; both are of the parts as they were compared."""

    position: str = ORIGIN
    entries: int = 0
    hashes: int = 0
    fields: int = 0
    ledger_digest: str = ""
    store_digest: str = ""
    memory: MemoryReport = field(default_factory=MemoryReport)
    differences: list[Difference] = field(default_factory=list)
    difference_count: int = 0
    broken_at: str = ""
    """The first entry whose hash does not follow from those before it; empty: the chain is whole."""
    broken_snapshots: list[str] = field(default_factory=list)
    """Positions of snapshots that are not what the entries before them leave."""

    @property
    def is_clean(self) -> bool:
        """Whether all that was compared is equal, the ledger's history is whole, and its snapshots are of that history."""
        return not self.difference_count and not self.broken_at and not self.broken_snapshots


class AuditRefusedError(RuntimeError):
    """The audit cannot be done, and why."""


class Auditor:
    """One audit of one partition: of a network over several, of one shard."""

    def __init__(
        self, redis_url: str, partition: str, ledger_url: str, clock: Clock, shard: int = 0, shards: Shards = WHOLE,
        memory: MemoryReader | None = None,
    ) -> None:  # fmt: skip
        """Connects when it runs. `partition`: the network's. `memory`: of an engine on this host, where there is one."""
        self._shard, self._shards = shard, shards
        self._keys = Keys(shards.partition(partition, shard))
        self._client = connect(redis_url, self._keys)
        self._ledger_url = ledger_url
        self._sums = Sums(clock.unix_ms())
        self._tables: Tables = {}
        self._data: DataKeys | None = None
        self._log: Iterator[Replayed] = iter(())
        self._read_to = ORIGIN
        self._chain = bytes(NO_CHAIN)
        self._begun = NOTHING_YET
        self._snapshots: dict[str, Snapshot] = {}
        self._database: Engine | None = None
        self._memory = memory
        self._named: dict[tuple[str, str, str], int] = {}
        self.report = Report()

    def run(self, advance: Callable[[int, int], None] = lambda done, all_of_it: None) -> Report:
        """Compare everything; `advance` is told (done, all) hashes and items. Raises AuditRefusedError, StoreAway."""
        database = open_database(self._ledger_url)
        digests = sha256(), sha256()
        try:
            self._data, start = self._layout()
            if self._shards.count == 1:
                self._begin(database, start)
            self._follow(database, start)
            self._tables = tables_of(self._sums, self._data)
            names = sorted(self._tables.keys() | set(self._stored()))
            self.report.hashes = len(names)
            total = len(names) + (self._memory.item_count if self._memory is not None else 0)
            for first in range(0, len(names), HASHES_EACH):
                part = names[first : first + HASHES_EACH]
                position, stored = self._read(part)
                self._follow(database, position)
                self._compare(part, stored, digests)
                advance(min(first + HASHES_EACH, len(names)), total)
            if self._memory is not None:
                self._compare_memory(self._memory, database, lambda items: advance(len(names) + items, total))
        except redis.RedisError as error:
            raise StoreAway(str(error)) from error
        finally:
            database.dispose()
            self._client.close()
        self.report.ledger_digest, self.report.store_digest = (digest.hexdigest() for digest in digests)
        return self.report

    def _layout(self) -> tuple[DataKeys, str]:
        layout, head = self._client.mget(self._keys.layout, self._keys.head)
        if layout is None or head is None:
            raise AuditRefusedError("the store holds nothing: it was never opened, or was emptied. Start the ledger sidecar")
        return self._keys.data(Layout.parse(layout.decode())), head.split()[0].decode()

    def _begin(self, database: Engine, start: str) -> None:
        """What entries that were cut have left is told by a snapshot; the others are added up, and prove each later one."""
        try:
            self._begun = begin_cut(database, self._sums)
        except SnapshotError as error:
            raise AuditRefusedError(str(error)) from error
        if ordinal(start) < ordinal(self._begun.position):
            raise AuditRefusedError(f"the store stands at {start}, before {self._begun.position}, up to which entries were cut")
        with database.connect() as connection:
            later = [each for each in listed(connection) if ordinal(each.position) > ordinal(self._begun.position)]
        self._snapshots = {each.position: each for each in later}
        self._database = database

    def _stored(self) -> Iterator[str]:
        """Every hash of the generation in use."""
        assert self._data is not None
        prefix = self._data.prefix
        for name in self._client.scan_iter(f"{prefix}*", SCAN_KEYS):
            if not name.decode().removeprefix(prefix).startswith(NOT_COMPARED):
                yield name.decode()

    def _read(self, names: Sequence[str]) -> tuple[str, list[dict[str, str]]]:
        pipe = self._client.pipeline(transaction=True)
        pipe.mget(self._keys.layout, self._keys.head)
        for name in names:
            pipe.hgetall(name)
        (layout, head), *rows = pipe.execute()
        if layout is None or self._keys.data(Layout.parse(layout.decode())).prefix != self._data.prefix:  # type: ignore[union-attr]
            raise AuditRefusedError("the store was rebuilt meanwhile; audit again")
        return head.split()[0].decode(), [{f.decode(): v.decode() for f, v in row.items()} for row in rows]

    def _follow(self, database: Engine, position: str) -> None:
        """Add up the ledger to a position, waiting until it is recorded."""
        give_up_at = time.monotonic() + RECORD_SECONDS_MAX
        while ordinal(self._read_to) < ordinal(position):
            for replayed in replay(database, self._read_to, position, self._shard, self._shards):
                self._add(replayed)
            if ordinal(position)[1] == OPENING_SEQUENCE:
                self._read_to = position  # an opening changes nothing, and is recorded before the store has it
            if ordinal(self._read_to) < ordinal(position):
                if time.monotonic() > give_up_at:
                    raise AuditRefusedError(
                        f"the store stands at {position}, the ledger has recorded {self._read_to} and nothing more for"
                        f" {RECORD_SECONDS_MAX:.0f} s: no sidecar records, or the two belong to different data"
                    )
                time.sleep(POLL_SECONDS)
        self.report.position = self._read_to

    def _add(self, replayed: Replayed) -> None:
        self.report.entries += 1
        self._read_to = replayed.position
        self._chain = replayed.chain_after(self._chain)
        if self._chain != replayed.chain and not self.report.broken_at:
            self.report.broken_at = replayed.position
        if ordinal(replayed.position) <= ordinal(self._begun.position):
            return
        message = self._sums.add(replayed)
        snapshot = self._snapshots.get(replayed.position)
        if snapshot is not None and self._database is not None and differs(self._database, snapshot, self._sums):
            self.report.broken_snapshots.append(snapshot.position)
        if self._tables and self._data is not None:
            update(self._tables, self._sums, self._data, replayed, message)

    def _compare(self, names: Sequence[str], stored: Sequence[dict[str, str]], digests: tuple[Any, Any]) -> None:
        for name, there in zip(names, stored, strict=True):
            wanted = {f: v for f, v in self._tables.get(name, {}).items() if v}
            self.report.fields += len(wanted)
            for key, each in self._differing(name, wanted, there, digests):
                self._name(Difference(key, each, wanted.get(each, ""), store=there.get(each, "")))

    def _differing(
        self, name: str, wanted: dict[str, str], there: dict[str, str], digests: tuple[Any, Any]
    ) -> Iterator[tuple[str, str]]:  # fmt: skip
        """(hash, field) of each field of a hash that differs; the digests take both in."""
        key = name.removeprefix(self._data.prefix)  # type: ignore[union-attr]
        for digest, fields in zip(digests, (wanted, there), strict=True):
            for each in sorted(fields):
                digest.update(f"{key}\0{each}\0{fields[each]}\n".encode())
        if wanted != there:
            yield from ((key, each) for each in sorted(wanted.keys() | there.keys()) if wanted.get(each) != there.get(each))

    def _name(self, found: Difference) -> None:
        """Count a difference; one in the memory where the store was found to differ from the same stands beside it."""
        differences = self.report.differences
        name = found.key, found.field, found.ledger
        at = self._named.get(name)
        if at is not None:
            differences[at] = differences[at]._replace(memory=found.memory)
            return
        self.report.difference_count += 1
        if len(differences) < DIFFERENCES_MAX:
            self._named[name] = len(differences)
            differences.append(found)

    def _compare_memory(self, memory: MemoryReader, database: Engine, advance: Callable[[int], None]) -> None:
        report, digests = self.report.memory, (sha256(), sha256())
        try:
            for items in memory.parts():
                part = memory.read(items, self._read_to)
                self._follow(database, part.position)
                self._compare_units(memory, items, part, digests)
                report.position, report.positions = part.position, report.positions + len(part.rows)
                advance(items.stop)
        except UnreadableMemory as error:
            report.reason = str(error)
            return
        report.reason = ""
        report.ledger_digest, report.digest = (digest.hexdigest() for digest in digests)

    def _compare_units(self, memory: MemoryReader, items: range, part: MemoryPart, digests: tuple[Any, Any]) -> None:
        """Positions of some items, by the names of the store's hashes; those without units are in no hash of either."""
        assert self._data is not None
        keys, found = self._data, _unit_tables(part, self._data)
        for item_id in memory.ids(items):
            for name in [key(item_id, block) for block in range(keys.blocks) for key in (keys.supply, keys.demand)]:
                wanted = {
                    f: v for f, v in self._tables.get(name, {}).items() if v != "0" and place_of(f)[0] in memory.location_ids
                }  # fmt: skip
                there = {f: str(units) for f, units in found.get(name, {}).items() if units}
                for key, each in self._differing(name, wanted, there, digests):
                    self._name(Difference(key, each, wanted.get(each, ""), memory=there.get(each, "")))


def _unit_tables(part: MemoryPart, keys: DataKeys) -> dict[str, dict[str, int]]:
    """Units of the memory as the store has them: by hash and field. A receipt that stands at two dates counts in all."""
    tables: dict[str, dict[str, int]] = {}
    for cell, *units in part.rows:
        block, place = keys.block(cell.location_id), place_field(cell.location_id, cell.receipt_id, cell.pool)
        for key, quantity in zip((keys.supply, keys.demand), units, strict=True):
            fields = tables.setdefault(key(cell.item_id, block), {})
            fields[place] = fields.get(place, 0) + quantity
    return tables


def tables_of(sums: Sums, keys: DataKeys) -> Tables:
    """The hashes that the ledger's sums make, but for those that the store forgets."""
    requests = keys.prefix + NOT_COMPARED[0]
    return {
        key: {name: str(value) for name, value in fields.items()}
        for key, fields, _ in sums.hashes(keys) if not key.startswith(requests)
    }  # fmt: skip


def update(
    tables: Tables, sums: Sums, keys: DataKeys, replayed: Replayed, message: ledger_entry_pb2.LedgerEntry
) -> None:  # fmt: skip
    """Bring the hashes to one entry more, which the sums have taken in already."""
    changes, uses = effects_in(message)
    for change in changes:
        cell = change.item_id, change.location_id, change.receipt_id, change.pool
        block, place = keys.block(change.location_id), place_field(change.location_id, change.receipt_id, change.pool)
        for name, units in ((keys.supply, sums.supply), (keys.demand, sums.demand)):
            if cell in units:
                tables.setdefault(name(change.item_id, block), {})[place] = str(units[cell])
        if change.available_at_minute is not None and change.receipt_id:
            date = date_field(change.item_id, change.location_id, change.receipt_id)
            tables.setdefault(keys.dates, {})[date] = str(sums.dates[date])
    for use in uses:
        tables.setdefault(keys.capacity(use.location_id), {})[str(use.day)] = str(sums.capacity[use.location_id, use.day])
    for text in texts_in(message):
        tables.setdefault(keys.text(text.table, text.item_id, text.field), {})[text.field] = text.text
    if is_in_store(replayed, message):
        tables.setdefault(keys.orders, {})[replayed.created_id] = str(sums.orders[replayed.created_id])
