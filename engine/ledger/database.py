"""Connections to the ledger's database, set to lose nothing that was answered, and read back to be sure of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

SQLITE_BUSY_MS = 20_000
SQLITE_PAGE_BYTES = 8_192
"""Twice the usual: a tenth less work for a batch of orders, and no more for a few of them."""

SQLITE_FULL = 2
"""What `PRAGMA synchronous` reads as when each commit waits for the disk."""

WRITES = "belofte_writes"


def open_database(url: str) -> Engine:
    """An engine whose every connection waits for the disk at commit. Raises AssertionError where that cannot be set."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        assert parsed.database, "the settings ask for a path"
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # By default the driver begins transactions only before the first write: a read before it would not be part of it.
        engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_MS / 1000})
        event.listen(engine, "connect", _set_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    event.listen(engine, "connect", _set_postgresql)
    return engine


@contextmanager
def write_to(database: Engine) -> Iterator[Connection]:
    """A transaction that writes. SQLite waits at its beginning for who writes already; later it would refuse at once."""
    with database.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def one_instant(database: Engine) -> Iterator[Connection]:
    """A transaction that sees what there is at its beginning, whatever is recorded meanwhile."""
    with database.connect() as connection:
        if database.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def _set_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # Of a new file. An order is some 2 KB here, and a page that is half full is read and written whole.
    cursor.execute(f"PRAGMA page_size={SQLITE_PAGE_BYTES}")
    mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    cursor.execute("PRAGMA synchronous=FULL")
    synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
    cursor.close()
    assert (mode, synchronous) == ("wal", SQLITE_FULL), f"the ledger would not be durable: {mode}, {synchronous}"


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES) else "BEGIN")


def _set_postgresql(connection: Any, record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
        cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('fsync')")
        found = cursor.fetchone()
    connection.commit()
    assert found == ("on", "on"), f"the ledger would not be durable: synchronous_commit and fsync are {found}"
