"""Parquet: read in batches through Arrow, each column in the type the file gives it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as arrow_parquet

from loaders.columns import Table
from loaders.errors import ErrorLog, Fault
from loaders.progress import ProgressReporter
from loaders.raw_sheet import RawSheet, count_from_one, encode, known_columns

BATCH_ROWS = 1 << 20


def read_parquet(path: Path, table: Table, log: ErrorLog, progress: ProgressReporter) -> RawSheet | None:
    """The file's cells; None when it cannot be read, which is logged. A column that cannot hold cells is logged too."""
    try:
        schema = arrow_parquet.read_schema(path)
        names = known_columns(path.name, schema.names, table, log)
        if len(set(schema.names)) < len(schema.names):
            return None
        texts = [name for name in names if pa.types.is_string(schema.field(name).type)]
        with arrow_parquet.ParquetFile(path, read_dictionary=texts) as file:
            return _read(path, file, names, table, log, progress)
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
                expected = next(column.kind.expected for column in table.columns if column.name == name)
                log.add(path.name, None, name, batch.schema.field(name).type, Fault.MALFORMED, expected)
        progress.advance(path.name, bytes_total * row_count // max(1, row_count_total), row_count)
    return RawSheet(path.name, row_count, chunks, count_from_one)
