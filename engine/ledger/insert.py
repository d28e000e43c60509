"""Rows into tables, as fast as the drivers take them."""

from collections.abc import Sequence

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

from engine.ledger.tables import entries


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]], conflict: str = "") -> None:
    """Insert whole rows as the driver takes them, without a look at each value by name: it is done for every order."""
    names = [column.name for column in table.columns]
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    values = ", ".join([mark] * len(names))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values}) {conflict}"  # noqa: S608 - our own names
    connection.exec_driver_sql(statement, list(rows))


def copy_entries(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows of `entries`: PostgreSQL takes them as they are in binary, without a message for each.

    Raises IntegrityError where one is there already.
    """
    if connection.dialect.name != "postgresql":
        insert_rows(connection, entries, rows)
        return
    into = f"COPY {entries.name} ({', '.join(column.name for column in entries.columns)}) FROM STDIN (FORMAT BINARY)"
    try:
        with connection.connection.cursor() as cursor, cursor.copy(into) as copy:  # type: ignore[attr-defined]
            copy.set_types(["int8", "int8", "varchar", "varchar", "varchar", "varchar", "bytea", "int8", "bytea"])
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise IntegrityError(into, None, error) from error


def copy_rows(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows that are not there yet, thousands a second: PostgreSQL takes them as text. No id or name has tabs."""
    if connection.dialect.name != "postgresql":
        insert_rows(connection, table, rows)
        return
    lines = "".join(["\t".join(map(str, row)) + "\n" for row in rows])
    if "\\" in lines:
        # Names in callers' own words may hold what is a mark of this format.
        lines = lines.replace("\\", "\\\\")
    into = f"COPY {table.name} ({', '.join(column.name for column in table.columns)}) FROM STDIN"
    with connection.connection.cursor() as cursor, cursor.copy(into) as copy:  # type: ignore[attr-defined]
        copy.write(lines)
