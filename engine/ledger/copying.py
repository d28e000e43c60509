"""A ledger copied whole into an empty database of either kind, in one transaction there, and proven by its hash chain."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, Engine, Table, delete, func, insert, inspect, select

from engine.ledger.database import one_instant, write_to
from engine.ledger.insert import insert_rows
from engine.ledger.migrations import check_version, prepare_tables
from engine.ledger.recorder import Chains, replay
from engine.ledger.tables import entries, fence, metadata, networks, snapshots

ROWS_EACH = 1_000
LARGE = networks, snapshots
"""Tables of which one row is a lot."""

Advance = Callable[[int, int], None]


class CopyError(RuntimeError):
    """A ledger that was not copied, and why."""


def copy_ledger(source: Engine, target: Engine, advance: Advance = lambda done, all_of_it: None) -> int:
    """Copy every table; how many entries there are. `advance` is told (done, all) rows, each copied and then proven.

    What the source holds at one instant is copied, while its server goes on. Raises CopyError where the target is no empty
    ledger or the copy is not equal, LedgerVersionError.
    """
    with one_instant(source) as reading:
        check_version(reading)
        # A table may come later than the others of its version.
        known = set(inspect(reading).get_table_names())
        counts = {
            table: reading.execute(select(func.count()).select_from(table)).scalar_one() if table.name in known else 0
            for table in _tables()
        }
        rows = sum(counts.values()) + counts[entries]
        done = 0
        with write_to(target) as writing:
            prepare_tables(writing)
            if writing.execute(select(func.count()).select_from(entries)).scalar_one():
                raise CopyError("the database that was named holds a ledger already: name an empty one")
            for table in _tables():
                writing.execute(delete(table))
                for some in _rows(reading, table) if table.name in known else ():
                    _insert(writing, table, some)
                    done += len(some)
                    advance(done, rows)
    _prove(target, {table.name: count for table, count in counts.items()}, lambda n: advance(done + n, rows))
    return counts[entries]


def _tables() -> Sequence[Table]:
    return metadata.sorted_tables


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[tuple[object, ...]]]:
    count = 1 if table in LARGE else ROWS_EACH
    with connection.execute(select(table).execution_options(yield_per=count)) as result:
        for some in result.partitions():
            yield [tuple(row) for row in some]


def _insert(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    if table is fence:
        connection.execute(insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in rows])
    else:
        insert_rows(connection, table, rows)


def _prove(target: Engine, counts: dict[str, int], advance: Callable[[int], None]) -> None:
    """Raise CopyError unless every entry that was copied follows from those before it, and nothing is missing."""
    chains = Chains(target)
    for number, each in enumerate(replay(target), 1):
        if not chains.follows(each):
            raise CopyError(f"entry {each.position} is not what was recorded, in the source or since: do not use the copy")
        advance(number)
    if not chains.are_whole:
        raise CopyError("entries at the end are missing, in the source or in the copy: do not use it")
    with target.connect() as connection:
        there = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _tables()
        }  # fmt: skip
    if there != counts:
        raise CopyError(f"the copy has other numbers of rows than its source: {there}, not {counts}")
