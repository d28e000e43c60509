"""Snapshots of the inventory matrix as the ledger keeps them: what all entries up to a position leave.

A snapshot is anchored in the history by the chain of the entry that it is of, and known by the hash of its content. How it is
made of entries, and stock of it, is in `snapshot_sums.py`; entries that are not needed for it are cut in `retention.py`.
"""

import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, and_, insert, not_, or_, select, tuple_

from engine.inventory.client import ordinal
from engine.inventory.gate import ORIGIN
from engine.ledger.tables import NO_CHAIN, cuts, entries, snapshots

BEGUN, ANNOUNCED = 1, 2
"""Rows of `cuts`."""

NOT_AN_ORDER, RESERVATION, RETURN = "@", "@reservation/", "@return/"
"""Begins the ids of records that are no orders: what these have is known of the store, and moves there. Reservations and
returns may be cut as orders are; others are always needed."""

Content = dict[str, Any]
"""Lists of rows by name; quantities in base units, or in the capacity unit of a location."""


class SnapshotError(RuntimeError):
    """Nothing sound to begin from, or an entry that is not what was recorded; the message names it."""


class Snapshot(NamedTuple):
    """What is known of a snapshot without its content."""

    position: str
    chain: bytes
    taken_unix_ms: int
    content_hash: bytes


NOTHING_YET = Snapshot(ORIGIN, NO_CHAIN, 0, b"")
"""Before the first entry."""


def keep(connection: Connection, position: str, chain: bytes, taken_unix_ms: int, content: Content) -> Snapshot:
    """Keep what entries up to a position leave."""
    epoch, sequence = ordinal(position)
    data = zlib.compress(orjson.dumps(content), level=6)
    content_hash = sha256(data).digest()
    row = {"epoch": epoch, "sequence": sequence, "chain": chain, "taken_unix_ms": taken_unix_ms}
    connection.execute(insert(snapshots).values(**row, content_hash=content_hash, content=data))
    return Snapshot(position, chain, taken_unix_ms, content_hash)


def listed(connection: Connection) -> list[Snapshot]:
    """All that are kept, the newest first."""
    columns = [column for column in snapshots.c if column.name != "content"]
    newest = select(*columns).order_by(snapshots.c.epoch.desc(), snapshots.c.sequence.desc())
    return [
        Snapshot(f"{row.epoch}-{row.sequence}", bytes(row.chain), row.taken_unix_ms, bytes(row.content_hash))
        for row in connection.execute(newest)
    ]


def cut_until(connection: Connection) -> str:
    """The position up to which entries may have lost their content; `ORIGIN`: none has."""
    row = connection.execute(select(cuts.c.epoch, cuts.c.sequence).where(cuts.c.id == BEGUN)).one_or_none()
    return ORIGIN if row is None else f"{row.epoch}-{row.sequence}"


def may_be_cut(record_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a record is an order, a reservation or a return; none at all: an entry of stock alone."""
    kinds = (record_id.startswith(each, autoescape=True) for each in (RESERVATION, RETURN))
    return or_(record_id.is_(None), not_(record_id.startswith(NOT_AN_ORDER)), *kinds)


def is_gone(record_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Of a row of `entries` that makes a record: whether it is cut, or may be soon."""
    until = tuple_(cuts.c.epoch, cuts.c.sequence) >= tuple_(entries.c.epoch, entries.c.sequence)
    return and_(select(cuts.c.id).where(until).exists(), may_be_cut(record_id))


def content_of(connection: Connection, snapshot: Snapshot) -> Content:
    """What a snapshot holds. Raises SnapshotError where that is not what was kept, or the history not its own."""
    place = ordinal(snapshot.position)
    of_it = tuple_(snapshots.c.epoch, snapshots.c.sequence) == tuple_(*place)
    data = bytes(connection.execute(select(snapshots.c.content).where(of_it)).scalar_one())
    at = select(entries.c.chain).where(entries.c.epoch == place[0], entries.c.sequence == place[1])
    chain = connection.execute(at).scalar_one_or_none()
    if sha256(data).digest() != snapshot.content_hash or chain is None or bytes(chain) != snapshot.chain:
        raise SnapshotError(f"the snapshot of {snapshot.position} is not what was kept")
    content: Content = orjson.loads(zlib.decompress(data))
    return content


def sound(connection: Connection, until: str | None = None) -> Iterator[tuple[Snapshot, Content]]:
    """Sound snapshots, of a position at the latest, the newest first; those that are not sound are passed over.

    None: every entry is still whole. Raises SnapshotError after the last one where that is not so.
    """
    cut = ordinal(cut_until(connection))
    why = "no snapshot is of that position or before it"
    for each in listed(connection):
        if until is not None and ordinal(each.position) > ordinal(until):
            continue
        if ordinal(each.position) < cut:
            break
        try:
            yield each, content_of(connection, each)
        except SnapshotError as error:
            why = str(error)
    if cut > ordinal(ORIGIN):
        raise SnapshotError(f"what the ledger had up to {cut[0]}-{cut[1]} was cut by retention, and {why}")
