"""Retention: entries that nobody needs any more lose their content. That they were, and when, stays.

What is cut is a beginning of the log, up to a snapshot that stands for it. An entry keeps its ids, and the hash of what was
recorded: the chain is whole from the first entry on, no request is done again, and no id of an order is given twice. Nothing is
cut that anything needs:

- recovery and audit go on from the snapshot, which is proven against the entries before any of them is cut;
- an order is kept with all of its entries until it is over and was not touched for as long as is asked for, so are
  reservations; and with an order the stock that it was decided on;
- what the outbox has not delivered is kept, and what it has given up.

Each step is a transaction of its own and may be the last one: the next run goes on. What is about to be cut is gone for who
reads before it is cut, so that a change of it that was on its way shows in between: then nothing is cut.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, and_, delete, insert, select, tuple_, union, update

from engine.domain.clock import Clock
from engine.domain.life import OrderState
from engine.inventory.client import ordinal
from engine.inventory.gate import ORIGIN
from engine.ledger.database import write_to
from engine.ledger.projection import drop
from engine.ledger.snapshot_sums import Advance, add_up, begin_cut, differs
from engine.ledger.snapshots import (
    ANNOUNCED,
    BEGUN,
    RESERVATION,
    RETURN,
    Snapshot,
    SnapshotError,
    cut_until,
    listed,
    may_be_cut,
)
from engine.ledger.sums import Sums
from engine.ledger.tables import (
    cuts,
    entries,
    erasures,
    letters,
    order_entries,
    orders,
    reservations,
    returns,
    snapshots,
    subscribers,
)

ENTRIES_EACH = 500
"""Cut in one transaction: the sidecar records between two of them."""

GRACE_SECONDS = 30.0
"""After which a change that had read an order before it was announced is recorded, or never will be."""

BASIS_MS_MAX = 600_000
"""A decision is made on stock that is at most so old."""

ACTIVE = 1
"""The wire's state of a reservation that holds."""

CUT = b""
CUT_HASH = sha256(CUT).digest()

Place = tuple[int, int]


class Kept(NamedTuple):
    """What keeps later entries: the first that is needed, and why."""

    position: str
    why: str


@dataclass(slots=True)
class Outcome:
    """What a run did. `until`: the snapshot up to which entries are cut; `kept`: what keeps those after it."""

    until: str
    cut_count: int
    kept: Kept | None


def cut(
    database: Engine, clock: Clock, days: int, sleep: Callable[[float], None] = time.sleep, advance: Advance = lambda: None
) -> Outcome:  # fmt: skip
    """Cut what was recorded more than so many days ago and nobody needs; the server may run. Raises SnapshotError."""
    assert days > 0
    before = clock.unix_ms() - days * 86_400_000
    snapshot, kept = choose(database, before)
    if snapshot is not None:
        _prove(database, snapshot, advance)
        agreed = None
        _announce(database, snapshot, clock.unix_ms())
        try:
            sleep(GRACE_SECONDS)
            still, kept = choose(database, before)
            agreed = snapshot if still == snapshot else None
        finally:
            _begin(database, agreed)
    with database.connect() as connection:
        until = cut_until(connection)
    count = _cut_entries(database, clock, ordinal(until), advance) if until != ORIGIN else 0
    return Outcome(until, count, kept)


def choose(database: Engine, before_unix_ms: int) -> tuple[Snapshot | None, Kept | None]:
    """The latest snapshot that stands for everything before it; None: no later one than was cut to. And what keeps the rest."""
    with database.connect() as connection:
        known = [each for each in listed(connection) if ordinal(each.position) > ordinal(cut_until(connection))]
        old = [each for each in known if each.taken_unix_ms <= before_unix_ms]
        if not old:
            return None, Kept(known[-1].position if known else ORIGIN, "no snapshot is as old as that")
        kept, recorded_unix_ms = _first_needed(connection, ordinal(old[0].position))
        for each in old:
            is_before = kept is None or ordinal(each.position) < ordinal(kept.position)
            if is_before and (not recorded_unix_ms or each.taken_unix_ms <= recorded_unix_ms - BASIS_MS_MAX):
                return each, kept
        return None, kept


def _first_needed(connection: Connection, settled: Place) -> tuple[Kept | None, int]:
    """The first entry that is needed where records that were not touched after a place are settled; when it was recorded."""
    place = entries.c.epoch, entries.c.sequence
    columns = (*place, entries.c.recorded_unix_ms, entries.c.created_id)
    is_left = tuple_(*place) > tuple_(*ordinal(cut_until(connection)))
    found: list[tuple[Place, int, str]] = []
    for wanted in (_touched(settled), _open_orders(), _open_reservations()):
        first = select(*columns).where(entries.c.created_id.in_(wanted), may_be_cut(entries.c.created_id), is_left)
        row = connection.execute(first.order_by(*place).limit(1)).one_or_none()
        if row is not None:
            found.append(((row.epoch, row.sequence), row.recorded_unix_ms, f"{row.created_id} is open, or was touched since"))
    for table, name in ((subscribers, "name"), (letters, "subscriber")):
        of_it = table.c.epoch, table.c.sequence
        first_of = select(*of_it, table.c[name].label("name")).order_by(*of_it).limit(1)
        for at_epoch, at_sequence, subscriber in connection.execute(first_of):
            # Where a subscriber stands was delivered; a letter was not.
            at = (at_epoch, at_sequence + (table is subscribers))
            found.append((at, 0, f"subscriber {subscriber} has not been told, or has dead letters"))
    if not found:
        return None, 0
    at, _, why = min(found)
    return Kept(f"{at[0]}-{at[1]}", why), min((ms for _, ms, _ in found if ms), default=0)


def _touched(settled: Place) -> Select[Any]:
    """Records that an entry after a place is of, and reservations and returns of such orders."""
    own = select(entries.c.order_id).where(tuple_(entries.c.epoch, entries.c.sequence) > tuple_(*settled))
    told = select(order_entries.c.order_id).where(tuple_(order_entries.c.epoch, order_entries.c.sequence) > tuple_(*settled))
    ids = union(own.where(entries.c.order_id.is_not(None)), told).subquery()
    held = select(RESERVATION + reservations.c.reservation_id).where(reservations.c.order_id.in_(select(ids.c.order_id)))
    sent = select(RETURN + returns.c.return_id).where(returns.c.order_id.in_(select(ids.c.order_id)))
    return select(union(select(ids.c.order_id), held, sent).subquery())


def _open_orders() -> Select[Any]:
    over = OrderState.COMPLETED.value, OrderState.CANCELLED.value
    open_ones = select(orders.c.order_id).where(orders.c.state.not_in(over)).subquery()
    held = select(RESERVATION + reservations.c.reservation_id).where(reservations.c.order_id.in_(select(open_ones.c.order_id)))
    return select(union(select(open_ones.c.order_id), held).subquery())


def _open_reservations() -> Select[Any]:
    return select(RESERVATION + reservations.c.reservation_id).where(reservations.c.state == ACTIVE)


def _prove(database: Engine, snapshot: Snapshot, advance: Advance) -> None:
    """Raise SnapshotError unless the entries before a snapshot are what was recorded, and leave what it holds."""
    sums = Sums(snapshot.taken_unix_ms)
    begun = begin_cut(database, sums)
    add_up(database, sums, begun, snapshot.position, advance)
    if differs(database, snapshot, sums):
        raise SnapshotError(f"the snapshot of {snapshot.position} is not what the entries leave: nothing was cut")


def _announce(database: Engine, snapshot: Snapshot, now_unix_ms: int) -> None:
    epoch, sequence = ordinal(snapshot.position)
    with write_to(database) as connection:
        connection.execute(delete(cuts).where(cuts.c.id == ANNOUNCED))
        connection.execute(insert(cuts).values(id=ANNOUNCED, epoch=epoch, sequence=sequence, since_unix_ms=now_unix_ms))


def _begin(database: Engine, snapshot: Snapshot | None) -> None:
    """What was announced is cut from now on; None: it is withdrawn."""
    with write_to(database) as connection:
        if snapshot is not None:
            connection.execute(delete(cuts).where(cuts.c.id == BEGUN))
            connection.execute(update(cuts).where(cuts.c.id == ANNOUNCED).values(id=BEGUN))
            older = tuple_(snapshots.c.epoch, snapshots.c.sequence) < tuple_(*ordinal(snapshot.position))
            connection.execute(delete(snapshots).where(older))
        connection.execute(delete(cuts).where(cuts.c.id == ANNOUNCED))


def _cut_entries(database: Engine, clock: Clock, until: Place, advance: Advance) -> int:
    """Take the content of entries up to a place, the first ones first; how many had any."""
    place = entries.c.epoch, entries.c.sequence
    after, count = (0, 0), 0
    while True:
        wanted = and_(tuple_(*place) > tuple_(*after), tuple_(*place) <= tuple_(*until), may_be_cut(entries.c.order_id))
        some = select(*place, entries.c.created_id, entries.c.entry).where(wanted, entries.c.entry != CUT)
        with write_to(database) as connection:
            rows = connection.execute(some.order_by(*place).limit(ENTRIES_EACH)).all()
            _cut_rows(connection, rows, clock.unix_ms())
            drop(connection, [row.created_id for row in rows if row.created_id])
        for _ in rows:
            advance()
        count += len(rows)
        if len(rows) < ENTRIES_EACH:
            return count
        after = rows[-1].epoch, rows[-1].sequence


def _cut_rows(connection: Connection, rows: Sequence[Any], now_unix_ms: int) -> None:
    """Beside what is cut the hash stays that the chain is over: that of an entry which was erased from is there already."""
    if not rows:
        return
    places = [(row.epoch, row.sequence) for row in rows]
    first, last = tuple_(*places[0]), tuple_(*places[-1])
    of_it = tuple_(erasures.c.epoch, erasures.c.sequence)
    erased = connection.execute(select(*erasures.c).where(of_it >= first, of_it <= last)).all()
    recorded = {(row.epoch, row.sequence): bytes(row.recorded_hash) for row in erased}
    kept = [
        {
            "epoch": row.epoch, "sequence": row.sequence, "left_hash": CUT_HASH, "erased_unix_ms": now_unix_ms,
            "recorded_hash": recorded.get((row.epoch, row.sequence)) or sha256(row.entry).digest(),
        }
        for row in rows
    ]  # fmt: skip
    connection.execute(delete(erasures).where(of_it.in_(places)))
    connection.execute(insert(erasures), kept)
    at = tuple_(entries.c.epoch, entries.c.sequence)
    connection.execute(update(entries).where(at.in_(places)).values(entry=CUT))
