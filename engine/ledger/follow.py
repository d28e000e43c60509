"""The ledger as who follows it reads it: entries in the order of the log, or of several logs in the order of their record.

Whoever follows several logs has a place in each, written as one consistency token. What was recorded first is told first; what
follows from another entry was committed after that was recorded, so that causes come before what they led to, whatever the
logs. All of a page is read at one instant, since an entry must not be seen without what it follows from.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, select, tuple_

from engine.inventory.client import ordinal
from engine.inventory.shards import Shards
from engine.ledger.tables import CHANGED, entries, fence, order_entries, overruled

EPOCHS_MAX = 500
"""Epochs in one question: databases limit the parameters of a statement."""

_PLACE = entries.c.epoch, entries.c.sequence
_ENTRY: Select[tuple[Any, ...]] = select(*_PLACE, entries.c.entry, entries.c.recorded_unix_ms)


class LogEntry(NamedTuple):
    """An entry as who follows the log reads it. `at_risk`: (risk, order) by which of its risks, then by order."""

    position: str
    entry: bytes
    at_risk: tuple[tuple[int, str], ...]
    after: str
    """Consistency token of who has been told all up to this one, and it."""
    counts: bool = True
    """False: it was overruled when it was recorded. It made no order, but did change stock."""
    recorded_unix_ms: int = 0


def entries_after(database: Engine, shards: Shards, position: str, count: int) -> list[LogEntry]:
    """The first entries after a position, oldest first, `count` at the most; none only where there are none."""
    with _one_instant(database, shards) as connection:
        if shards.count == 1:
            rows = _after(connection, tuple_(*_PLACE) > tuple_(*ordinal(position)), count)
        else:
            rows = _merged(_of_logs(connection, shards, position, count), count)
        return _told(connection, shards, position, rows)


def entry_at(database: Engine, shards: Shards, position: str) -> LogEntry | None:
    """One entry; None where there is none."""
    with _one_instant(database, shards) as connection:
        epoch, sequence = ordinal(position)
        rows = connection.execute(_ENTRY.where(entries.c.epoch == epoch, entries.c.sequence == sequence)).all()
        return next(iter(_told(connection, shards, position, rows)), None)


@contextmanager
def _one_instant(database: Engine, shards: Shards) -> Iterator[Connection]:
    with database.connect() as connection:
        if shards.count > 1 and connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def _after(connection: Connection, where: Any, count: int) -> Sequence[Row[Any]]:
    return connection.execute(_ENTRY.where(where).order_by(*_PLACE).limit(count)).all()


def _of_logs(connection: Connection, shards: Shards, position: str, count: int) -> list[list[Row[Any]]]:
    """The first entries of each log after a place in it, `count` of each at the most."""
    ends = {row.id - 1: row.last_epoch for row in connection.execute(select(fence.c.id, fence.c.last_epoch))}
    logs = []
    for shard, at in enumerate(shards.parse(position)):
        rows: list[Row[Any]] = []
        epoch, sequence = ordinal(at)
        later = range(epoch + (shard - epoch) % shards.count or shards.count, ends[shard] + 1, shards.count)
        # Epoch by epoch: those of the other logs lie between them.
        for each in _with_entries(connection, later):
            first = sequence if each == epoch else 0
            rows += _after(connection, (entries.c.epoch == each) & (entries.c.sequence > first), count - len(rows))
            if len(rows) == count:
                break
        logs.append(rows)
    return logs


def _with_entries(connection: Connection, epochs: Sequence[int]) -> Iterator[int]:
    """Those epochs that have entries; the first of an epoch has the sequence 1."""
    for first in range(0, len(epochs), EPOCHS_MAX):
        some = entries.c.epoch.in_(epochs[first : first + EPOCHS_MAX])
        found = select(entries.c.epoch).where(some, entries.c.sequence == 1).order_by(entries.c.epoch)
        yield from connection.execute(found).scalars().all()


def _merged(logs: Iterable[Sequence[Row[Any]]], count: int) -> list[Row[Any]]:
    """By when they were recorded, each log in its own order: a clock may have gone back."""

    def dated(rows: Sequence[Row[Any]]) -> Iterator[tuple[int, int, int, Row[Any]]]:
        latest = 0
        for row in rows:
            latest = max(latest, row.recorded_unix_ms)
            yield latest, row.epoch, row.sequence, row

    return [row for *_, row in islice(merge(*map(dated, logs), key=lambda each: each[:3]), count)]


def _told(connection: Connection, shards: Shards, position: str, rows: Sequence[Row[Any]]) -> list[LogEntry]:
    """With what the tables beside the entries tell of them."""
    sequences: dict[int, list[int]] = {}
    for row in rows:
        sequences.setdefault(row.epoch, []).append(row.sequence)
    at_risk: dict[tuple[int, int], list[tuple[int, str]]] = {}
    not_counted: set[tuple[int, int]] = set()
    for epoch, those in sequences.items():
        told, within = order_entries.c, order_entries.c.sequence.between(min(those), max(those))
        risks = select(told.sequence, told.risk, told.order_id).where(told.epoch == epoch, within, told.risk != CHANGED)
        for sequence, risk, order_id in connection.execute(risks):
            at_risk.setdefault((epoch, sequence), []).append((risk, order_id))
        if shards.count > 1:
            within = overruled.c.sequence.between(min(those), max(those))
            found = select(overruled.c.sequence).where(overruled.c.epoch == epoch, within)
            not_counted.update((epoch, sequence) for sequence in connection.execute(found).scalars())
    entries_told = []
    for row in rows:
        place = row.epoch, row.sequence
        own = f"{row.epoch}-{row.sequence}"
        position = shards.latest(position, own)
        # Sorted here: databases order text each in their own way.
        risks_of_it = tuple(sorted(at_risk.get(place, ())))
        counts = place not in not_counted
        entries_told.append(LogEntry(own, bytes(row.entry), risks_of_it, position, counts, row.recorded_unix_ms))
    return entries_told
