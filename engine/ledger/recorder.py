"""The ledger as it is written: fencing, and the log's entries with their place in it, in one transaction.

Who may record is decided here and nowhere else: taking over raises the epoch in the fence, and each recording moves the
last position from exactly the one that its sidecar knows. Who was overtaken changes no row, and nothing is recorded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2
from sqlalchemy import Connection, Engine, case, func, insert, inspect, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from engine.domain.clock import Clock
from engine.inventory.client import ordinal
from engine.inventory.gate import NO_LINK, ORIGIN, LogEntry, link_of
from engine.ledger.database import open_database, write_to
from engine.ledger.insert import insert_rows
from engine.ledger.projection import Projected, project, project_anew
from engine.ledger.tables import OLDEST_VERSION, SCHEMA_VERSION, entries, fence, metadata

REPLAY_ROWS_MAX = 1_000
NO_CHAIN = bytes(32)
TABLES_LOCK = 0x62656C6F667466
"""Next to the number of the lease."""


class Fenced(Exception):  # noqa: N818 - an outcome, not an error of the program
    """Another sidecar has taken over: nothing was recorded."""


class BrokenLog(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The store's log does not continue what is recorded."""


class Last(NamedTuple):
    """The last entry that is recorded."""

    position: str
    link: str
    chain: bytes


class Replayed(NamedTuple):
    """One recorded entry, for rebuilding."""

    position: str
    request_id: str
    created_id: str
    entry: bytes
    chain: bytes


@dataclass(slots=True)
class Recorder:
    """One sidecar's hold on the ledger."""

    database: Engine
    clock: Clock
    epoch: int
    last: Last

    @classmethod
    def take_over(cls, url: str, clock: Clock, above: int = 0) -> "Recorder":
        """Begin a new epoch: committed before anything of the ledger is read. Makes the tables where there are none.

        `above`: an epoch that the new one must exceed as well.
        """
        database = open_database(url)
        with write_to(database) as connection:
            prepare_tables(connection)
        newest = case((fence.c.epoch < above, above), else_=fence.c.epoch)
        with write_to(database) as connection:
            epoch = connection.execute(update(fence).values(epoch=newest + 1).returning(fence.c.epoch)).scalar_one()
        with database.connect() as connection:
            row = connection.execute(select(fence)).one()
        last = Last(f"{row.last_epoch}-{row.last_sequence}", row.link, bytes(row.chain))
        return cls(database, clock, epoch, last)

    def close(self) -> None:
        """Disconnect."""
        self.database.dispose()

    def record(self, log: Sequence[LogEntry]) -> None:
        """Record entries that follow the last one, all in one transaction. Raises Fenced, BrokenLog."""
        assert log, "there is something to record"
        rows, projected, last = self._rows_of(log)
        epoch, sequence = ordinal(last.position)
        known_epoch, known_sequence = ordinal(self.last.position)
        moved = (
            update(fence)
            .where(fence.c.epoch == self.epoch, fence.c.last_epoch == known_epoch, fence.c.last_sequence == known_sequence)
            .values(last_epoch=epoch, last_sequence=sequence, link=last.link, chain=last.chain)
        )
        try:
            with write_to(self.database) as connection:
                if connection.execute(moved).rowcount != 1:
                    raise Fenced(f"epoch {self.epoch} was overtaken")
                insert_rows(connection, entries, rows)
                project(connection, projected)
        except IntegrityError as error:
            # The store forgot a request or an order that is recorded. To read this entry again would change nothing.
            raise BrokenLog(f"the log repeats what is recorded: {error.orig}") from error
        self.last = last

    def replay(self) -> Iterator[Replayed]:
        """Every recorded entry, oldest first."""
        return replay(self.database)

    def _rows_of(self, log: Sequence[LogEntry]) -> tuple[list[tuple[object, ...]], list[Projected], Last]:
        now = self.clock.unix_ms()
        rows: list[tuple[object, ...]] = []
        projected: list[Projected] = []
        last = self.last
        for each in log:
            check_follows(last, each)
            epoch, sequence = ordinal(each.position)
            chain = chain_of(last.chain, each)
            message = ledger_entry_pb2.LedgerEntry.FromString(each.entry)
            rows.append((
                epoch, sequence, each.request_id, each.created_id or None, message.order_id or None, each.link, chain, now,
                each.entry,
            ))  # fmt: skip
            projected.append(Projected(epoch, sequence, each.created_id, message))
            last = Last(each.position, each.link, chain)
        return rows, projected, last


def replay(database: Engine, after: str = ORIGIN, until: str | None = None) -> Iterator[Replayed]:
    """Recorded entries after a position, oldest first; up to another one, included."""
    place = tuple_(entries.c.epoch, entries.c.sequence)
    columns = select(
        entries.c.epoch, entries.c.sequence, entries.c.request_id, entries.c.created_id, entries.c.entry, entries.c.chain
    ).where(place > tuple_(*ordinal(after)))  # fmt: skip
    if until is not None:
        columns = columns.where(place <= tuple_(*ordinal(until)))
    columns = columns.order_by(entries.c.epoch, entries.c.sequence).execution_options(yield_per=REPLAY_ROWS_MAX)
    with database.connect() as connection, connection.execute(columns) as result:
        for row in result:
            yield Replayed(
                f"{row.epoch}-{row.sequence}", row.request_id, row.created_id or "", bytes(row.entry), bytes(row.chain)
            )


def prepare_tables(connection: Connection) -> None:
    """Make the tables and the one row of the fence, or check that they are of this version."""
    if connection.dialect.name == "postgresql":
        # Two that make tables at once would both find none. SQLite has one writer anyway.
        connection.execute(select(func.pg_advisory_xact_lock(TABLES_LOCK)))
    if not inspect(connection).has_table(fence.name):
        metadata.create_all(connection)
        first = {"id": 1, "schema_version": SCHEMA_VERSION, "epoch": 0, "last_epoch": 0, "last_sequence": 0}
        connection.execute(insert(fence).values(**first, link=NO_LINK, chain=NO_CHAIN))
    version = connection.execute(select(fence.c.schema_version)).scalar_one()
    assert OLDEST_VERSION <= version <= SCHEMA_VERSION, f"the ledger is of version {version}, this program of {SCHEMA_VERSION}"
    if version < SCHEMA_VERSION:
        # Entries are what they were; all other tables are made of them.
        metadata.create_all(connection)
        project_anew(connection)
        connection.execute(update(fence).values(schema_version=SCHEMA_VERSION))
    # An index may come later than the tables of its version: nothing reads otherwise without it, only slower.
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def check_follows(last: Last, entry: LogEntry) -> None:
    """Raise BrokenLog unless the entry is the next one: no gap in sequences, and the same lineage."""
    epoch, sequence = ordinal(entry.position)
    last_epoch, last_sequence = ordinal(last.position)
    is_next = sequence == (last_sequence + 1 if epoch == last_epoch else 1) and epoch >= last_epoch
    if not is_next or entry.previous != last.position:
        raise BrokenLog(f"{entry.position} follows {entry.previous}, the last recorded is {last.position}")
    if entry.link != link_of(last.link, entry.position, entry.request_id, entry.entry):
        raise BrokenLog(f"{entry.position} has another past than the ledger")


def chain_of(previous_chain: bytes, entry: LogEntry) -> bytes:
    """SHA-256 of (chain before, position, request id, SHA-256 of the entry): changing any entry changes all after it."""
    text = f"{entry.position} {entry.request_id} {sha256(entry.entry).hexdigest()}".encode()
    return sha256(previous_chain + text).digest()
