"""The shared store as an engine uses it: commit batches, follow the log, load all of it.

Redis or Valkey arbitrates between engines; the scripts beside this file do the work there, since only inside the store can
a guard and its effect be one step.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import redis
from belofte.v1 import ledger_entry_pb2

from engine.inventory.basis import RoundBasis
from engine.inventory.batch import CLOSED, encode_batch
from engine.inventory.client import StoreAway, StoreGap, connect, ordinal
from engine.inventory.commit_round import CommitResult, CommitRound, CommitWire, LogRecord
from engine.inventory.effects import CapacityUse, effects_in, texts_in
from engine.inventory.feed_texts import TextName
from engine.inventory.hash_reader import FieldNumbers, HashReader
from engine.inventory.keys import DataKeys, Keys, Layout, place_of
from engine.inventory.live import LiveStock
from engine.inventory.script_line import ScriptLine
from engine.inventory.scripts import script_text
from engine.inventory.stored import StoredPart, StoredPositions, join_units
from engine.inventory.transaction import Cell, TextTable, Transaction

TAIL_ENTRIES_MAX = 10_000
"""Log entries read at once."""

TEXT_PARTS_AHEAD = 4
"""Parts that are asked for before the first of them is answered."""

LOAD_KEYS_MAX = 512
"""Keys read in one step of a load: others wait for it."""

CAPACITY, DATES = "capacity", "dates"

ScanCursor = tuple[int, int]
"""How far a table's fields were read: the shard, and its store's own cursor."""

SCAN_BEGIN: ScanCursor = (0, 0)


class StoredField(NamedTuple):
    """A field of the store: of capacity (`owner`: the location), of dates, or of a table of texts that are not of an item."""

    table: str
    owner: str
    field: str


@dataclass(frozen=True, slots=True)
class StockImage:
    """All stock at one position of the log.

    Items are read in steps, each at its own position; `read_at` [steps] and `steps` (item → step) say which entries of
    `later` an item has seen already.
    """

    epoch: int
    position: str
    stored: StoredPositions
    capacities: Sequence[CapacityUse]
    read_at: Sequence[str]
    steps: Mapping[str, int]
    capacities_read_at: str
    later: Sequence[LogRecord]
    holds: Mapping[str, str]
    is_kept: bool = False
    """Whether the positions were kept from before, and are not in `stored`."""
    parts: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    @property
    def position_count(self) -> int:
        """Positions in it."""
        return self.stored.count

    def fill(self, stock: LiveStock) -> None:
        """Bring an empty stock, or one that was kept at the position it was read from, to this image."""
        stock.matrix.begin_changes()
        # Nobody reads rows that stand at no position yet; those that were kept are read until they change.
        self._add_stored(stock)
        with stock.changed_everywhere():
            self._add_later(stock)
            stock.matrix.position, stock.matrix.epoch = self.position, self.epoch

    def add_to(self, stock: LiveStock) -> None:
        """As `fill`, of a stock to which others may be added; readers are kept out meanwhile."""
        self._add_stored(stock)
        self._add_later(stock)

    def _add_stored(self, stock: LiveStock) -> None:
        if stock.matrix.position:
            # Kept from before: what it lacks comes with the log, which is read from its position on.
            stock.load_dates(self.stored.dates)
        else:
            stock.load_stored(self.stored)
        stock.holds.load(self.holds)
        stock.parts.load(self.parts)
        stock.add_places(self.closed, self.limits)
        for use in self.capacities:
            stock.apply_capacity(use)

    def _add_later(self, stock: LiveStock) -> None:
        for record in self.later:
            at = ordinal(record.position)
            for change in record.changes:
                step = self.steps.get(change.item_id)
                if step is not None and at > ordinal(self.read_at[step]):
                    stock.apply_change(change)
                elif change.available_at_minute is not None:
                    # Dates are read apart from units, so an entry whose units are known may tell the newer date.
                    stock.apply_change(change._replace(supply_delta=0, demand_delta=0))
            if at > ordinal(self.capacities_read_at):
                for use in record.capacities:
                    stock.apply_capacity(use)
            # Texts are replaced as a whole: one that was read later than this record comes again, with what follows.
            stock.apply_texts(record.texts)


class StockStore:
    """One engine's connection to the shared stock of one partition. Used by one thread."""

    def __init__(
        self, redis_url: str, partition: str, *, record_lag_entries_max: int, record_lag_ms_max: int,
        item_ids: Sequence[str], location_ids: Sequence[str],
    ) -> None:  # fmt: skip
        """Connects when first used. `item_ids` and `location_ids`: whose stock and capacity is loaded."""
        self._keys = Keys(partition)
        self._client = connect(redis_url, self._keys)
        self._lag = record_lag_entries_max, record_lag_ms_max
        self._items, self._locations = tuple(item_ids), tuple(location_ids)
        self._commit = ScriptLine(self._client, script_text("commit"))
        self._layout: Layout | None = None
        self._stamped = 0

    def serve(self, item_ids: Sequence[str], location_ids: Sequence[str]) -> None:
        """Load the stock and capacity of these from now on."""
        self._items, self._locations = tuple(item_ids), tuple(location_ids)

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def epoch_open(self) -> int | None:
        """The epoch whose gate is open; None while it is closed. Raises StoreAway.

        A gate that was opened on another run of the server is none: what it stands before may have gone back in time.
        """
        gate = self._asked(lambda: self._client.get(self._keys.gate))
        if gate is None:
            return None
        epoch, run_id, _ = gate.decode().split()
        return int(epoch) if self._asked(lambda: self._client.info("server"))["run_id"] == run_id else None

    def begin(self, epoch: int, basis: RoundBasis | None = None) -> CommitRound:
        """A round of commits; there is one at a time. `basis`: what its writes are planned on, kept with each."""
        self._commit.end()
        return CommitRound(self._wire(epoch), basis)

    def _wire(self, epoch: int) -> CommitWire:
        layout = self._layout
        if layout is None:
            return CommitWire(lambda batch, bases: None, lambda: CLOSED, self._commit.end, self.tail)
        keys, data = self._keys, self._keys.data(layout)
        fixed_keys = [keys.gate, keys.layout, keys.head, keys.recorded, keys.log, data.dates, data.orders]
        fixed = [str(epoch), str(layout), *map(str, self._lag)]

        def send(transactions: Sequence[Transaction], bases: Sequence[bytes]) -> None:
            batch = encode_batch(transactions, data, bases)
            self._asked(lambda: self._commit.send([*fixed_keys, *batch.keys], [*fixed, *batch.arguments]))

        return CommitWire(
            send,
            lambda: self._asked(self._commit.receive),
            self._commit.end,
            lambda position, until: self.tail(position, until),
        )

    def commit(self, transactions: Sequence[Transaction], epoch: int, position: str) -> CommitResult:
        """Commit in a round of its own; see `CommitRound.end`."""
        committing = self.begin(epoch)
        for transaction in transactions:
            committing.add(transaction)
        return committing.end(position)

    def tail(self, position: str, until: str = "+") -> list[LogRecord]:
        """Entries after `position`, at most TAIL_ENTRIES_MAX, oldest first; none only when the log ends there.

        `until`: a later position that the log has reached. Raises StoreAway, StoreGap.
        """

        def ask() -> Any:
            pipe = self._client.pipeline(transaction=True)
            for key in (self._keys.epoch, self._keys.layout, self._keys.head):
                pipe.get(key)
            pipe.xrange(self._keys.log, f"({position}", until, TAIL_ENTRIES_MAX)
            return pipe.execute()

        stamped, layout, head, rows = self._asked(ask)
        self._check_same(stamped, layout)
        records = []
        for at, fields in rows:
            if fields[b"previous"].decode() != position:
                raise StoreGap(f"the log continues {fields[b'previous']!r}, not {position}")
            position = at.decode()
            records.append(_record(position, fields[b"entry"]))
        if not rows and _position_of(head) != position:
            raise StoreGap(f"the log is at {head!r} and holds nothing after {position}")
        return records

    def seen(self, request_ids: Sequence[str]) -> set[str]:
        """Those ids under which something was committed, as far as the store remembers. Raises StoreAway, StoreGap."""
        data = self._loaded()

        def ask() -> Any:
            pipe = self._client.pipeline(transaction=True)
            for key in (self._keys.epoch, self._keys.layout):
                pipe.get(key)
            for request_id in request_ids:
                pipe.hexists(data.requests(request_id), request_id)
            return pipe.execute()

        stamped, layout, *found = self._asked(ask)
        self._check_same(stamped, layout)
        return {request_id for request_id, is_seen in zip(request_ids, found, strict=True) if is_seen}

    def texts(self, parts: Sequence[Sequence[TextName]]) -> Iterator[list[str]]:
        """The texts of each part in turn, "" where there is none; some are asked for ahead. Raises StoreAway, StoreGap."""
        data = self._loaded()
        line = ScriptLine(self._client, script_text("texts"))

        def ask(names: Sequence[TextName]) -> None:
            keys = [self._keys.epoch, self._keys.layout, *[data.text(*name) for name in names]]
            self._asked(lambda: line.send(keys, [name.field for name in names]))

        try:
            for names in parts[:TEXT_PARTS_AHEAD]:
                ask(names)
            for part in range(len(parts)):
                stamped, layout, texts = self._asked(line.receive)
                self._check_same(stamped, layout)
                if part + TEXT_PARTS_AHEAD < len(parts):
                    ask(parts[part + TEXT_PARTS_AHEAD])
                if part == len(parts) - 1:
                    # Its connection is another's while the last texts are worked on.
                    line.end()
                yield [text.decode() if text else "" for text in texts]
        finally:
            line.end()

    def units_of(self, items: Sequence[str]) -> tuple[str, dict[Cell, tuple[int, int]]]:
        """(supply, demand) of each position of some items, and where the log stood then. Raises StoreAway, StoreGap."""
        data = self._loaded()
        position, rows = self._read_at(lambda pipe: [pipe.hgetall(key) for key in self._unit_keys(data, items)])
        units: dict[Cell, tuple[int, int]] = {}
        for number, row in enumerate(rows):
            item_id = items[number // (2 * data.blocks)]
            for name, quantity in row.items():
                cell = Cell(item_id, *place_of(name.decode()))
                supply, demand = units.get(cell, (0, 0))
                units[cell] = (supply, int(quantity)) if number % 2 else (int(quantity), demand)
        return position, units

    def fields_of(self, names: Sequence[StoredField]) -> tuple[str, list[str]]:
        """Where the log stood, and what fields held then, "" where there was nothing. Raises StoreAway, StoreGap."""
        data = self._loaded()
        fields: dict[str, list[str]] = {}
        for name in names:
            fields.setdefault(_key_of(data, name.table, name.owner), []).append(name.field)
        position, rows = self._read_at(lambda pipe: [pipe.hmget(key, each) for key, each in fields.items()])
        found = {key: iter(row) for key, row in zip(fields, rows, strict=True)}
        values = [next(found[_key_of(data, name.table, name.owner)]) for name in names]
        return position, [value.decode() if value else "" for value in values]

    def scan(self, table: TextTable, cursor: ScanCursor, count: int) -> tuple[str, ScanCursor | None, dict[str, str]]:
        """Where the log stood, and about so many texts of a table as of then; None: there are no more to come.

        Whatever is there all the time is told, some of it more than once. Raises StoreAway, StoreGap.
        """
        key = self._loaded().text(table, "", "")
        position, ((next_one, texts),) = self._read_at(lambda pipe: pipe.hscan(key, cursor[1], count=count))
        return position, (cursor[0], int(next_one)) if int(next_one) else None, _decoded(texts)

    def _loaded(self) -> DataKeys:
        """Keys of what was loaded. Raises StoreGap."""
        if self._layout is None:
            raise StoreGap("nothing was loaded")
        return self._keys.data(self._layout)

    def _read_at(self, add: Callable[[Any], object]) -> tuple[str, list[Any]]:
        """Where the log stood, and what the commands that are added to a pipe found then. Raises StoreAway, StoreGap."""

        def ask() -> Any:
            pipe = self._client.pipeline(transaction=True)
            for key in (self._keys.epoch, self._keys.layout, self._keys.head):
                pipe.get(key)
            add(pipe)
            return pipe.execute()

        stamped, layout, head, *rows = self._asked(ask)
        self._check_same(stamped, layout)
        return _position_of(head), rows

    def _check_same(self, stamped: bytes | None, layout: bytes | None) -> None:
        if stamped is None or int(stamped) != self._stamped:
            raise StoreGap(f"epoch {stamped!r} has begun")
        if layout is None or Layout.parse(layout.decode()) != self._layout:
            raise StoreGap(f"the store was rebuilt as {layout!r}")

    def load(self, kept_epoch: int = 0, kept_position: str = "") -> StockImage:
        """All stock of the network's items. Raises StoreAway, StoreGap where the epoch changes meanwhile.

        Where positions are kept from an epoch, as of a position of its log, only what has happened since is read of them.
        Raises StoreGap where that epoch is over, or its log was trimmed: then loading without them helps.
        """
        start = self._asked(self._read_start)
        if start is None:
            raise StoreGap("the store has not been opened")
        epoch, layout, head = start
        if kept_position and epoch != kept_epoch:
            raise StoreGap(f"what is kept is of epoch {kept_epoch}, the store of {epoch}")
        self._layout, self._stamped = layout, epoch
        data = self._keys.data(layout)
        dates = self._dates(data)
        capacities_read_at, capacities = self._asked(lambda: self._read_capacities(data))
        holds, held, closed, limits = (
            self._asked(lambda table=table: self._client.hgetall(data.text(table, "", "")))
            for table in (TextTable.HOLDS, TextTable.PARTS, TextTable.CLOSED, TextTable.LIMITS)
        )
        reader = HashReader(self._client, FieldNumbers(self._locations))
        parts: list[StoredPart] = []
        read_at = [kept_position] if kept_position else []
        steps = dict.fromkeys(self._items, 0) if kept_position else {}
        items_each = max(1, LOAD_KEYS_MAX // (2 * data.blocks))
        firsts = range(0, 0 if kept_position else len(self._items), items_each)
        groups = (self._unit_keys(data, self._items[first : first + items_each]) for first in firsts)
        with _away():
            for first, (head_then, pairs) in zip(firsts, reader.read(self._keys.head, groups), strict=True):
                steps.update(dict.fromkeys(self._items[first : first + items_each], len(read_at)))
                read_at.append(_position_of(head_then))
                # Hashes of supply and demand in turn, as many of an item as there are blocks.
                item = first + pairs.owner // (2 * data.blocks)
                parts.append(join_units(item, pairs.field, pairs.value, pairs.owner % 2 == 1))
        stored = StoredPositions(self._items, reader.fields.texts, parts, dates)
        later: list[LogRecord] = []
        position = kept_position or head
        while more := self.tail(position):
            later += more
            position = more[-1].position
        return StockImage(
            epoch, position, stored, capacities, read_at, steps, capacities_read_at, later, _decoded(holds),
            bool(kept_position), _decoded(held), _decoded(closed), _decoded(limits),
        )  # fmt: skip

    def _read_start(self) -> tuple[int, Layout, str] | None:
        pipe = self._client.pipeline(transaction=True)
        for key in (self._keys.epoch, self._keys.layout, self._keys.head):
            pipe.get(key)
        epoch, layout, head = pipe.execute()
        if epoch is None or layout is None or head is None:
            return None
        return int(epoch), Layout.parse(layout.decode()), _position_of(head)

    def _dates(self, data: DataKeys) -> dict[str, int]:
        rows = self._asked(lambda: self._client.hgetall(data.dates))
        return {field.decode(): int(minute) for field, minute in rows.items()}

    def _read_capacities(self, data: DataKeys) -> tuple[str, list[CapacityUse]]:
        pipe = self._client.pipeline(transaction=True)
        pipe.get(self._keys.head)
        for location_id in self._locations:
            pipe.hgetall(data.capacity(location_id))
        head, *rows = pipe.execute()
        uses = [
            CapacityUse(location_id, int(day), int(quantity))
            for location_id, days in zip(self._locations, rows, strict=True)
            for day, quantity in days.items()
        ]
        return _position_of(head), uses

    def _unit_keys(self, data: DataKeys, items: Sequence[str]) -> list[str]:
        return [key(item_id, block) for item_id in items for block in range(data.blocks) for key in (data.supply, data.demand)]

    def _asked(self, question: Any) -> Any:
        with _away():
            return question()


def _key_of(data: DataKeys, table: str, owner: str) -> str:
    if table == CAPACITY:
        return data.capacity(owner)
    return data.dates if table == DATES else data.text(table, "", "")


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise StoreAway(str(error)) from error


def _position_of(head: bytes | None) -> str:
    if head is None:
        raise StoreGap("the store was emptied")
    return head.split()[0].decode()


def _record(position: str, entry: bytes) -> LogRecord:
    message = ledger_entry_pb2.LedgerEntry.FromString(entry)
    return LogRecord(position, *effects_in(message), texts_in(message))


def _decoded(texts: Mapping[bytes, bytes]) -> dict[str, str]:
    return {field.decode(): text.decode() for field, text in texts.items()}
