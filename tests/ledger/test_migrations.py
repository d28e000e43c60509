"""A ledger of a released version becomes one of this version: nothing of it is lost, and its tables are those of a new one."""

import pytest
from sqlalchemy import Connection, inspect, select, update

from engine.domain.clock import SystemClock
from engine.inventory.gate import LogEntry, link_of
from engine.ledger.database import open_database, write_to
from engine.ledger.migrations import LedgerVersionError, check_version, prepare_tables
from engine.ledger.recorder import Recorder, chain_of
from engine.ledger.tables import NO_CHAIN, OLDEST_VERSION, SCHEMA_VERSION, fence, metadata
from tests.ledger.conftest import Database
from tests.stores import change, transaction

VERSION_2 = """
CREATE TABLE entries (epoch BIGINT NOT NULL, sequence BIGINT NOT NULL, request_id VARCHAR(36) NOT NULL,
 created_id VARCHAR(160), order_id VARCHAR(160), link VARCHAR(40) NOT NULL, chain BLOB NOT NULL,
 recorded_unix_ms BIGINT NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (epoch, sequence));
CREATE UNIQUE INDEX entries_created ON entries (created_id);
CREATE INDEX entries_order ON entries (order_id);
CREATE UNIQUE INDEX entries_request ON entries (request_id);
CREATE TABLE fence (id INTEGER NOT NULL, schema_version INTEGER NOT NULL, epoch BIGINT NOT NULL, last_epoch BIGINT NOT NULL,
 last_sequence BIGINT NOT NULL, link VARCHAR(40) NOT NULL, chain BLOB NOT NULL, PRIMARY KEY (id));
CREATE TABLE order_entries (order_id VARCHAR(160) NOT NULL, epoch BIGINT NOT NULL, sequence BIGINT NOT NULL,
 risk INTEGER NOT NULL, PRIMARY KEY (order_id, epoch, sequence, risk)) WITHOUT ROWID;
CREATE INDEX order_entries_place ON order_entries (epoch, sequence);
CREATE TABLE pegs (order_id VARCHAR(160) NOT NULL, item_id VARCHAR(128) NOT NULL, location_id VARCHAR(128) NOT NULL,
 receipt_id VARCHAR(128) NOT NULL, pool VARCHAR(128) NOT NULL, quantity BIGINT NOT NULL, epoch BIGINT NOT NULL,
 sequence BIGINT NOT NULL, PRIMARY KEY (order_id, item_id, location_id, receipt_id, pool)) WITHOUT ROWID;
CREATE INDEX pegs_receipt ON pegs (receipt_id, item_id, location_id) WHERE receipt_id <> '';
CREATE TABLE reservations (reservation_id VARCHAR(128) NOT NULL, version BIGINT NOT NULL, state INTEGER NOT NULL,
 expires_unix_ms BIGINT NOT NULL, customer_id VARCHAR(128) NOT NULL, order_id VARCHAR(128) NOT NULL, epoch BIGINT NOT NULL,
 sequence BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (reservation_id));
CREATE INDEX reservations_state ON reservations (state, expires_unix_ms, reservation_id);
"""
"""As version 2 was released, in SQLite's words."""


def fill_version_2(connection: Connection, log: list[LogEntry]) -> None:
    """Its tables, and entries as its sidecar recorded them."""
    ddl, mark = VERSION_2, "?"
    if connection.dialect.name == "postgresql":
        ddl, mark = ddl.replace("BLOB", "BYTEA").replace(" WITHOUT ROWID", ""), "%s"
    for statement in ddl.split(";"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    chain, position = NO_CHAIN, (0, 0)
    for each in log:
        chain = chain_of(chain, each)
        position = tuple(map(int, each.position.split("-")))  # type: ignore[assignment]
        row = (*position, each.request_id, each.created_id or None, None, each.link, chain, 5, each.entry)
        connection.exec_driver_sql(f"INSERT INTO entries VALUES ({', '.join([mark] * len(row))})", row)
    link = log[-1].link
    connection.exec_driver_sql(f"INSERT INTO fence VALUES (1, 2, 1, {position[0]}, {position[1]}, '{link}', {mark})", (chain,))


def entries_of_a_log(count: int) -> list[LogEntry]:
    log, position, link = [], "0-0", "0" * 40
    for sequence in range(1, count + 1):
        made = transaction(change(sequence))
        at = f"1-{sequence}"
        link = link_of(link, at, made.request_id, made.entry)
        log.append(LogEntry(at, position, made.request_id, "", link, made.entry))
        position = at
    return log


def shape(connection: Connection) -> dict[str, object]:
    """Every table with its columns, primary key and indexes."""
    seen = inspect(connection)
    found: dict[str, object] = {}
    for name in sorted(seen.get_table_names()):
        columns = [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)]
        indexes = [(each["name"] or "", tuple(each["column_names"]), bool(each["unique"])) for each in seen.get_indexes(name)]
        found[name] = columns, seen.get_pk_constraint(name)["constrained_columns"], sorted(indexes)
    return found


def test_a_released_ledger_goes_on_in_the_tables_of_a_new_one(database: Database) -> None:
    assert OLDEST_VERSION == 2
    log = entries_of_a_log(5)
    engine = open_database(database.url)
    with write_to(engine) as connection:
        fill_version_2(connection, log)
    with engine.connect() as connection, pytest.raises(LedgerVersionError, match="start the server once"):
        check_version(connection)

    recorder = Recorder.take_over(database.url, SystemClock())
    assert recorder.epoch == 2
    assert recorder.last.position == "1-5"
    assert [each.entry for each in recorder.replay()] == [each.entry for each in log]
    chain = NO_CHAIN
    for each in log:
        chain = chain_of(chain, each)
    assert recorder.last.chain == chain
    made = transaction(change(9))
    link = link_of(recorder.last.link, "2-1", made.request_id, made.entry)
    recorder.record([LogEntry("2-1", "1-5", made.request_id, "", link, made.entry)])
    recorder.close()

    with engine.connect() as connection:
        check_version(connection)
        migrated = shape(connection)
    with write_to(engine) as connection:
        metadata.drop_all(connection)
    with write_to(engine) as connection:
        prepare_tables(connection)
        assert shape(connection) == migrated
    engine.dispose()


def test_a_ledger_of_another_version_is_left_as_it_is(database: Database) -> None:
    Recorder.take_over(database.url, SystemClock()).close()
    engine = open_database(database.url)
    for version in (OLDEST_VERSION - 1, SCHEMA_VERSION + 1):
        with write_to(engine) as connection:
            connection.execute(update(fence).values(schema_version=version))
        with pytest.raises(LedgerVersionError, match=f"of version {version}"):
            Recorder.take_over(database.url, SystemClock())
        with engine.connect() as connection:
            assert connection.execute(select(fence.c.schema_version, fence.c.epoch)).one() == (version, 1)
    engine.dispose()


def test_an_empty_database_is_no_ledger_to_read(database: Database) -> None:
    engine = open_database(database.url)
    with engine.connect() as connection, pytest.raises(LedgerVersionError, match="there is no ledger"):
        check_version(connection)
    engine.dispose()
