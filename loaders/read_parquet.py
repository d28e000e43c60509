"""Parquet: read in batches through Arrow, each column in the type the file gives it."""

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as arrow_parquet

from loaders.columns import Column, Table
from loaders.errors import ErrorLog, Fault
from loaders.progress import ProgressReporter
from loaders.raw_sheet import RawSheet, count_from_one, encode, known_columns

BATCH_ROWS = 1 << 20


def read_parquet(path: Path, table: Table, log: ErrorLog, progress: ProgressReporter) -> RawSheet | None:
    """The file's cells; None when it cannot be read, which is logged. One error for a column that cannot hold cells."""
    try:
        schema = arrow_parquet.read_schema(path)
        names = known_columns(path.name, schema.names, table, log)
        if len(set(schema.names)) < len(schema.names):
            return None
        texts = [name for name in names if pa.types.is_string(schema.field(name).type)]
        with arrow_parquet.ParquetFile(path, read_dictionary=texts) as file:
            refused = [name for name in names if not _holds_cells(schema.field(name).type, table.column(name))]
            for name in refused:
                _refuse(path, file, schema.field(name).type, table.column(name), log)
            return _read(path, file, [name for name in names if name not in refused], table, log, progress)
    except (pa.ArrowException, OSError) as error:
        log.add(path.name, None, "", None, Fault.UNREADABLE, f"a Parquet file ({error})")
        return None


def _read(
    path: Path,
    file: arrow_parquet.ParquetFile,
    names: list[str],
    table: Table,
    log: ErrorLog,
    progress: ProgressReporter,
) -> RawSheet:
    bytes_total = path.stat().st_size
    progress.begin(path.name, bytes_total)
    chunks: dict[str, list[pa.DictionaryArray]] = {name: [] for name in names}
    row_count, row_count_total = 0, file.metadata.num_rows
    for batch in file.iter_batches(BATCH_ROWS, columns=names):
        row_count += batch.num_rows
        for name in list(chunks):
            try:
                chunks[name].append(encode(batch.column(name)))
            except pa.ArrowException:
                del chunks[name]
                expected = table.column(name).kind.expected
                log.add(path.name, None, name, batch.schema.field(name).type, Fault.MALFORMED, expected)
        progress.advance(path.name, bytes_total * row_count // max(1, row_count_total), row_count)
    return RawSheet(path.name, row_count, chunks, count_from_one)


def _holds_cells(kind: pa.DataType, column: Column) -> bool:
    """Whether each value is one cell: none holds others, but for lists of parts where a cell has parts."""
    if column.kind.takes_lists and (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        kind = kind.value_type
    return not pa.types.is_nested(kind)


def _refuse(path: Path, file: arrow_parquet.ParquetFile, kind: pa.DataType, column: Column, log: ErrorLog) -> None:
    """Log a column of the wrong type, with the first row that has a value."""
    expected = f"{column.kind.expected}, not a column of type {kind}"
    rows_before = 0
    for batch in file.iter_batches(BATCH_ROWS, columns=[column.name]):
        row = pc.index(batch.column(0).is_valid(), True).as_py()
        if row >= 0:
            value = _spelt(batch.column(0)[row])
            log.add(path.name, rows_before + row + 1, column.name, value, Fault.MALFORMED, expected)
            return
        rows_before += batch.num_rows
    log.add(path.name, None, column.name, None, Fault.MALFORMED, expected)


def _spelt(value: Any) -> str:
    """A value that holds others, as JSON; empty for one that Python cannot hold, such as text that is not UTF-8."""
    try:
        return orjson.dumps(value.as_py(), default=str).decode()
    except (ValueError, OverflowError):
        return ""
