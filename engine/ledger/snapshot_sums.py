"""Snapshots made of entries, and what is begun from them: a store that is rebuilt, an audit, the stock of a past decision.

A snapshot holds what a store is made of, to the byte, and those tables made of entries that follow from more than one order's
own. Which records there have been is told by the entries themselves: their ids are never cut. Of a network that is not split.
"""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, Engine, select, tuple_

from engine.domain.clock import Clock
from engine.domain.ids import unix_ms_of
from engine.inventory.client import ordinal
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import CapacityUse, PositionChange, TextEffect
from engine.inventory.keys import HOUR_MS, date_field
from engine.inventory.transaction import Cell
from engine.ledger.database import one_instant, write_to
from engine.ledger.recorder import replay
from engine.ledger.snapshots import NOTHING_YET, Content, Snapshot, SnapshotError, content_of, cut_until, keep, sound
from engine.ledger.sums import Sums
from engine.ledger.tables import decline_counts, entries, pegs

ROWS_MAX = 10_000

MATRIX = ("supply", "demand", "capacity", "dates", "texts")

Advance = Callable[[], None]


def take_snapshot(database: Engine, clock: Clock, advance: Advance = lambda: None) -> Snapshot:
    """Keep what all entries recorded by now leave; the server may run. `advance` is told of each entry that was read.

    The entries since the last snapshot are proven by their chain. Raises SnapshotError.
    """
    with one_instant(database) as reading:
        # Of the last entry: an opening after it has changed nothing, and is no entry that the snapshot could be proven by.
        last = select(entries.c.epoch, entries.c.sequence, entries.c.chain)
        row = reading.execute(last.order_by(entries.c.epoch.desc(), entries.c.sequence.desc()).limit(1)).one_or_none()
        if row is None:
            return NOTHING_YET
        position, chain = f"{row.epoch}-{row.sequence}", bytes(row.chain)
        tables: Content = {
            "pegs": sorted([list(each) for each in reading.execute(select(pegs))]),
            "decline_counts": sorted([list(each) for each in reading.execute(select(decline_counts))]),
        }
    now = clock.unix_ms()
    sums = Sums(now)
    begun = begin(database, sums, position)
    if begun.position == position:
        return begun
    add_up(database, sums, begun, position, advance)
    content = {**matrix_of(sums), "requests": sorted(map(list, sums.requests.items())), **tables}
    with write_to(database) as connection:
        return keep(connection, position, chain, now, content)


def add_up(database: Engine, sums: Sums, begun: Snapshot, until: str, advance: Advance = lambda: None) -> None:
    """Add the entries after a snapshot to its sums, each proven to follow. Raises SnapshotError."""
    chain = begun.chain
    for each in replay(database, begun.position, until):
        chain = each.chain_after(chain)
        if chain != each.chain:
            raise SnapshotError(f"entry {each.position} is not what was recorded: nothing was kept, and nothing cut")
        sums.add(each)
        advance()


def begin(database: Engine, sums: Sums, until: str | None = None) -> Snapshot:
    """Bring empty sums to the newest sound snapshot, of `until` at the latest. `NOTHING_YET`: every entry is to be added.

    Raises SnapshotError where entries were cut, and no snapshot after them is sound.
    """
    with database.connect() as connection:
        for found, content in sound(connection, until):
            fill(sums, content)
            sums.orders.update(_records(connection, found.position))
            return found
    return NOTHING_YET


def begin_cut(database: Engine, sums: Sums) -> Snapshot:
    """Bring empty sums to the oldest snapshot that there are whole entries after. `NOTHING_YET`: none was cut.

    Raises SnapshotError where that snapshot is not sound.
    """
    with database.connect() as connection:
        until = cut_until(connection)
    return begin(database, sums, until) if until != NOTHING_YET.position else NOTHING_YET


def differs(database: Engine, snapshot: Snapshot, sums: Sums) -> bool:
    """Whether a snapshot is not what was kept, or not what entries up to its position leave of the matrix."""
    with database.connect() as connection:
        try:
            content = content_of(connection, snapshot)
        except SnapshotError:
            return True
    return {name: content[name] for name in MATRIX} != matrix_of(sums)


def stock_at(database: Engine, until: str) -> LogRecord | None:
    """The newest sound snapshot of a position at the latest, as a record that brings empty stock there; None: there is none.

    Raises SnapshotError where entries were cut that would be needed.
    """
    with database.connect() as connection:
        for found, content in sound(connection, until):
            return LogRecord(found.position, *_effects(content))
    return None


def matrix_of(sums: Sums) -> Content:
    """Stock, capacity, dates and texts, in an order that is the same wherever they come from."""
    return {
        "supply": sorted([*cell, quantity] for cell, quantity in sums.supply.items()),
        "demand": sorted([*cell, quantity] for cell, quantity in sums.demand.items()),
        "capacity": sorted([*use, quantity] for use, quantity in sums.capacity.items()),
        "dates": sorted(map(list, sums.dates.items())),
        "texts": sorted([*key, text] for key, text in sums.texts.items()),
    }


def fill(sums: Sums, content: Content) -> None:
    """Bring empty sums to what a snapshot holds. Requests that are too old by now are left out."""
    for units, name in ((sums.supply, "supply"), (sums.demand, "demand")):
        units.update({(item, location, receipt, pool): n for item, location, receipt, pool, n in content[name]})
    sums.capacity.update({(location, day): n for location, day, n in content["capacity"]})
    sums.dates.update(dict(content["dates"]))
    sums.texts.update({(table, item, field): text for table, item, field, text in content["texts"]})
    oldest = sums.oldest_hour
    sums.requests.update({each: digest for each, digest in content["requests"] if unix_ms_of(each) // HOUR_MS >= oldest})


def _records(connection: Connection, until: str) -> Iterator[tuple[str, str]]:
    """(record, request that created it) up to a position."""
    place = tuple_(entries.c.epoch, entries.c.sequence)
    made = select(entries.c.created_id, entries.c.request_id).where(
        entries.c.created_id.is_not(None), place <= tuple_(*ordinal(until))
    )
    with connection.execute(made.execution_options(yield_per=ROWS_MAX)) as result:
        for row in result:
            yield row.created_id, row.request_id


def _effects(content: Content) -> tuple[Sequence[PositionChange], tuple[CapacityUse, ...], tuple[TextEffect, ...]]:
    minutes = dict(content["dates"])
    supply, demand = ({Cell(*cell): quantity for *cell, quantity in content[name]} for name in ("supply", "demand"))
    changes = [
        PositionChange(
            *cell, supply.get(cell, 0), demand.get(cell, 0),
            minutes.get(date_field(cell.item_id, cell.location_id, cell.receipt_id)) if cell.receipt_id else None,
        )
        for cell in dict.fromkeys([*supply, *demand])
    ]  # fmt: skip
    uses = tuple(CapacityUse(location, day, quantity) for location, day, quantity in content["capacity"])
    return changes, uses, tuple(TextEffect(*each) for each in content["texts"])
