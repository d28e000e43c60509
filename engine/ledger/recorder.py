"""The ledger as it is written: fencing, and the log's entries with their place in it, in one transaction.

Who may record is decided here and nowhere else: taking over raises the epoch in the fence, and each recording moves the
last position from exactly the one that its sidecar knows. Who was overtaken changes no row, and nothing is recorded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from belofte.v1.ledger_entry_pb2 import LedgerEntry
from sqlalchemy import Connection, Engine, Select, case, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from engine.domain.clock import Clock
from engine.inventory.client import ordinal
from engine.inventory.gate import ORIGIN, LogEntry, link_over, opening_of
from engine.inventory.shards import WHOLE, Shards
from engine.ledger.database import open_database, write_to
from engine.ledger.insert import copy_entries
from engine.ledger.migrations import LedgerVersionError, WrongShards, prepare_tables
from engine.ledger.projection import MadeOrder, Projected, project
from engine.ledger.tables import NO_CHAIN, entries, erasures, fence, overruled
from engine.ledger.verdicts import Verdict, judge

REPLAY_ROWS_MAX = 1_000
TRIES_MAX = 3
"""How often entries are recorded anew that another shard was faster with."""


class Fenced(Exception):  # noqa: N818 - an outcome, not an error of the program
    """Another sidecar has taken over: nothing was recorded."""


class BrokenLog(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The store's log does not continue what is recorded."""


class Last(NamedTuple):
    """The last entry that is recorded, or the opening where none was since."""

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
    committed_as: str = ""
    """Request id in the shard's log, where that is another: it was overruled."""
    erased: tuple[bytes, bytes] | None = None
    """Where a customer was erased from it, or it was cut: SHA-256 of the entry as it was recorded, and as it was left."""

    def chain_after(self, previous_chain: bytes) -> bytes:
        """What `chain` is when the entry is what was recorded, but for what was erased of it or cut."""
        found = sha256(self.entry).digest()
        if self.erased is not None and self.erased[1] == found:
            found = self.erased[0]
        return _chained(previous_chain, self.position, self.request_id, found.hex())


@dataclass(slots=True)
class Recorder:
    """One sidecar's hold on the ledger."""

    database: Engine
    clock: Clock
    epoch: int
    last: Last
    shard: int = 0
    shards: Shards = WHOLE
    read_made: Callable[[Sequence[LogEntry]], Sequence[MadeOrder | None]] | None = None
    """Reads the entries of plain orders all together, see `made_orders.py`; None: the generated classes read all of them."""

    @classmethod
    def take_over(
        cls, url: str, clock: Clock, above: int = 0, shard: int = 0, shards: Shards = WHOLE
    ) -> "Recorder":  # fmt: skip
        """Begin a new epoch of a shard: committed before anything of the ledger is read. Makes tables where there are none.

        `above`: an epoch that the new one must exceed as well. Raises WrongShards, LedgerVersionError.
        """
        database = open_database(url)
        try:
            with write_to(database) as connection:
                prepare_tables(connection, shards.count)
        except (WrongShards, LedgerVersionError):
            database.dispose()
            raise
        own = fence.c.id == shard + 1
        next_one = case((fence.c.epoch < above, above), else_=fence.c.epoch) + 1
        # The next that leaves the shard as its remainder; a remainder of SQL has the sign of what is divided.
        next_one += ((shard - next_one) % shards.count + shards.count) % shards.count
        with write_to(database) as connection:
            taken = update(fence).where(own).values(epoch=next_one).returning(fence.c.epoch)
            epoch = connection.execute(taken).scalar_one()
        with database.connect() as connection:
            row = connection.execute(select(fence).where(own)).one()
        last = Last(f"{row.last_epoch}-{row.last_sequence}", row.link, bytes(row.chain))
        return cls(database, clock, epoch, last, shard, shards)

    def close(self) -> None:
        """Disconnect."""
        self.database.dispose()

    def record(self, log: Sequence[LogEntry]) -> list[tuple[str, str]]:
        """Record entries that follow the last one, all in one transaction. Raises Fenced, BrokenLog.

        What waiters are to be told: (request id, position, or why it was overruled) of each.
        """
        assert log, "there is something to record"
        hashes = [sha256(each.entry).hexdigest() for each in log]
        last = self.last
        for each, entry_hash in zip(log, hashes, strict=True):
            check_follows(last, each, entry_hash)
            last = Last(each.position, each.link, NO_CHAIN)
        is_split = self.shards.count > 1
        made = self.read_made(log) if self.read_made is not None and not is_split else [None] * len(log)
        messages = [order or LedgerEntry.FromString(each.entry) for each, order in zip(log, made, strict=True)]
        # What has one log is recorded as it stands there: all is made ready before anybody has to wait.
        ready = None if is_split else self._rows_of(log, messages, hashes)
        for again in reversed(range(TRIES_MAX if is_split else 1)):
            try:
                with write_to(self.database) as connection:
                    # Over shards the generated classes have read all of them.
                    whole = [each for each in messages if isinstance(each, LedgerEntry)] if is_split else []
                    verdicts = judge(connection, log, whole, self.shards) if is_split else None
                    rows, projected, last = ready or self._rows_of(log, messages, hashes, verdicts)
                    self._move_fence(connection, last)
                    copy_entries(connection, rows)
                    project(connection, projected, self.shards)
                break
            except IntegrityError as error:
                # Another shard has recorded the same meanwhile, which is seen when it is judged again.
                if not again:
                    # The store forgot a request or an order that is recorded. To read this entry again would change nothing.
                    raise BrokenLog(f"the log repeats what is recorded: {error.orig}") from error
        self.last = last
        if verdicts is None:
            return [(each.request_id, each.position) for each in log]
        return [(each.request_id, verdict.told) for each, verdict in zip(log, verdicts, strict=True)]

    def open_epoch(self) -> None:
        """Record that the epoch is opened: what older ones have left unrecorded never will be. Raises Fenced."""
        position, link = opening_of(self.epoch, self.last.link)
        opening = Last(position, link, self.last.chain)
        with write_to(self.database) as connection:
            self._move_fence(connection, opening)
        self.last = opening

    def _move_fence(self, connection: Connection, last: Last) -> None:
        epoch, sequence = ordinal(last.position)
        known_epoch, known_sequence = ordinal(self.last.position)
        moved = (
            update(fence)
            .where(fence.c.epoch == self.epoch, fence.c.last_epoch == known_epoch, fence.c.last_sequence == known_sequence)
            .values(last_epoch=epoch, last_sequence=sequence, link=last.link, chain=last.chain)
        )
        if connection.execute(moved).rowcount != 1:
            raise Fenced(f"epoch {self.epoch} was overtaken")

    def replay(self, after: str = ORIGIN) -> Iterator[Replayed]:
        """Every recorded entry of the shard after a position, oldest first."""
        return replay(self.database, after, shard=self.shard, shards=self.shards)

    def _rows_of(
        self,
        log: Sequence[LogEntry],
        messages: Sequence[LedgerEntry | MadeOrder],
        hashes: Sequence[str],
        verdicts: Sequence[Verdict] | None = None,
    ) -> tuple[list[tuple[object, ...]], list[Projected], Last]:
        now = self.clock.unix_ms()
        rows: list[tuple[object, ...]] = []
        projected: list[Projected] = []
        chain = self.last.chain
        for place, (each, message, entry_hash) in enumerate(zip(log, messages, hashes, strict=True)):
            position, _, request_id, created_id, link, entry = each
            counts = True
            if verdicts is not None:
                request_id, created_id, counts, _ = verdicts[place]
            epoch, sequence = ordinal(position)
            chain = _chained(chain, position, request_id, entry_hash)
            order_id = message.order_id if counts else ""
            rows.append((epoch, sequence, request_id, created_id or None, order_id or None, link, chain, now, entry))
            if counts:
                projected.append(Projected(epoch, sequence, created_id, message))
        return rows, projected, Last(log[-1].position, log[-1].link, chain)


def replay(
    database: Engine, after: str = ORIGIN, until: str | None = None, shard: int = 0, shards: Shards = WHOLE
) -> Iterator[Replayed]:  # fmt: skip
    """Recorded entries of a shard after a position, oldest first; up to another one, included."""
    place = tuple_(entries.c.epoch, entries.c.sequence)
    of_it = (erasures.c.epoch == entries.c.epoch) & (erasures.c.sequence == entries.c.sequence)
    columns: Select[tuple[Any, ...]] = select(
        entries.c.epoch, entries.c.sequence, entries.c.request_id, entries.c.created_id, entries.c.entry, entries.c.chain,
        erasures.c.recorded_hash, erasures.c.left_hash,
    ).select_from(entries.outerjoin(erasures, of_it)).where(place > tuple_(*ordinal(after)))  # fmt: skip
    if until is not None:
        columns = columns.where(place <= tuple_(*ordinal(until)))
    if shards.count > 1:
        columns = _with_overruled(columns).where(entries.c.epoch % shards.count == shard)
    columns = columns.order_by(entries.c.epoch, entries.c.sequence).execution_options(yield_per=REPLAY_ROWS_MAX)
    with database.connect() as connection, connection.execute(columns) as result:
        for row in result:
            erased = (bytes(row.recorded_hash), bytes(row.left_hash)) if row.recorded_hash is not None else None
            yield Replayed(
                f"{row.epoch}-{row.sequence}", row.request_id, row.created_id or "", bytes(row.entry), bytes(row.chain),
                row.committed_as or "" if shards.count > 1 else "", erased,
            )  # fmt: skip


def _with_overruled(columns: Select[tuple[Any, ...]]) -> Select[tuple[Any, ...]]:
    """With what an entry was committed as, where it was overruled: that is what its shard's store has."""
    place = (overruled.c.epoch == entries.c.epoch) & (overruled.c.sequence == entries.c.sequence)
    return (
        columns.with_only_columns(
            entries.c.epoch, entries.c.sequence, entries.c.request_id,
            func.coalesce(overruled.c.created_id, entries.c.created_id).label("created_id"), entries.c.entry, entries.c.chain,
            erasures.c.recorded_hash, erasures.c.left_hash, overruled.c.request_id.label("committed_as"),
        ).outerjoin(overruled, place)
    )  # fmt: skip


def check_follows(last: Last, entry: LogEntry, entry_hash: str) -> None:
    """Raise BrokenLog unless the entry is the next one: no gap in sequences, and the same lineage.

    Of older epochs none follows an opening: more of theirs comes from a server that was not opened, an old primary, say, that
    the store's name leads to again. Recorded, it would be missing from the store that is open.

    `entry_hash`: SHA-256 of its content, in hexadecimal.
    """
    epoch, sequence = ordinal(entry.position)
    last_epoch, last_sequence = ordinal(last.position)
    is_next = sequence == (last_sequence + 1 if epoch == last_epoch else 1) and epoch >= last_epoch
    if not is_next or entry.previous != last.position:
        raise BrokenLog(f"{entry.position} follows {entry.previous}, the last recorded is {last.position}")
    if entry.link != link_over(last.link, entry.position, entry.request_id, entry_hash):
        raise BrokenLog(f"{entry.position} has another past than the ledger")


class Chains:
    """The chains of a ledger, one a shard, followed from the first entry on in the order of `replay`."""

    def __init__(self, database: Engine) -> None:
        with database.connect() as connection:
            rows = connection.execute(select(fence.c.id, fence.c.chain)).all()
        self._ends = {row.id - 1: bytes(row.chain) for row in rows}
        self._now = dict.fromkeys(self._ends, NO_CHAIN)

    def follows(self, entry: Replayed) -> bool:
        """Whether the next entry is what was recorded after those before it."""
        shard = ordinal(entry.position)[0] % len(self._now)
        chain = self._now[shard] = entry.chain_after(self._now[shard])
        return chain == entry.chain

    @property
    def are_whole(self) -> bool:
        """Whether they have come to the last entries that the fence knows of."""
        return self._now == self._ends


def chain_of(previous_chain: bytes, entry: LogEntry) -> bytes:
    """SHA-256 of (chain before, position, request id, SHA-256 of the entry): changing any entry changes all after it."""
    return _chained(previous_chain, entry.position, entry.request_id, sha256(entry.entry).hexdigest())


def _chained(previous_chain: bytes, position: str, request_id: str, entry_hash: str) -> bytes:
    return sha256(previous_chain + f"{position} {request_id} {entry_hash}".encode()).digest()
