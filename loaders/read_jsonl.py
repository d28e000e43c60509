"""JSON Lines: one object a line. Read in blocks through Arrow; what Arrow cannot take is read again line by line.

Arrow refuses a whole file for one cell of another type, so the second way exists to name that cell; it also takes what
is fine but mixed, such as numbers as ids.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as arrow_json
from numpy.typing import NDArray

from loaders.columns import Table
from loaders.errors import ErrorLog, Fault
from loaders.progress import ProgressReporter
from loaders.raw_sheet import RawSheet, count_from_one, encode, known_columns

BLOCK_BYTES = 1 << 24
CHUNK_ROWS = 1 << 16


def read_jsonl(path: Path, table: Table, log: ErrorLog, progress: ProgressReporter) -> RawSheet:
    """The file's cells. Lines that are no object, and keys given twice in one, are logged."""
    try:
        sheet, names = _read_blocks(path, table, progress)
    except pa.ArrowException:
        sheet, names = _read_lines(path, table, log, progress)
    if sheet.row_count:
        known_columns(path.name, names, table, log)
    return sheet


def _read_blocks(path: Path, table: Table, progress: ProgressReporter) -> tuple[RawSheet, list[str]]:
    schema = pa.schema([(column.name, column.kind.arrow) for column in table.columns])
    progress.begin(path.name, path.stat().st_size)
    source = pa.OSFile(str(path))
    chunks: dict[str, list[pa.DictionaryArray]] = {name: [] for name in table.column_names}
    unknown: dict[str, None] = {}
    row_count = 0
    with arrow_json.open_json(
        source,
        arrow_json.ReadOptions(block_size=BLOCK_BYTES),
        arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer"),
    ) as reader:
        for batch in reader:
            row_count += batch.num_rows
            unknown |= dict.fromkeys(name for name in batch.schema.names if name not in chunks)
            for name in chunks:
                chunks[name].append(encode(batch.column(name)))
            progress.advance(path.name, source.tell(), row_count)
    there = {name: arrays for name, arrays in chunks.items() if any(a.null_count < len(a) for a in arrays)}
    return RawSheet(path.name, row_count, there, count_from_one), [*there, *unknown]


def _read_lines(path: Path, table: Table, log: ErrorLog, progress: ProgressReporter) -> tuple[RawSheet, list[str]]:
    progress.begin(path.name, path.stat().st_size)
    chunks: dict[str, list[pa.DictionaryArray]] = {name: [] for name in table.column_names}
    cells: dict[str, list[str | None]] = {name: [] for name in chunks}
    names: dict[str, None] = {}
    numbers: list[int] = []
    number = bytes_done = 0
    with path.open("rb") as file:
        for line in file:
            bytes_done += len(line)
            if not line.strip():
                continue
            number += 1
            record = _object(line, path.name, number, log)
            if record is None:
                continue
            numbers.append(number)
            names |= dict.fromkeys(record)
            for name, column in cells.items():
                column.append(record.get(name))
            if len(numbers) % CHUNK_ROWS == 0:
                _flush(cells, chunks)
                progress.advance(path.name, bytes_done, len(numbers))
    _flush(cells, chunks)
    progress.advance(path.name, bytes_done, len(numbers))
    there = {name: arrays for name, arrays in chunks.items() if name in names}
    number_of_row: NDArray[np.int64] = np.array(numbers, np.int64)
    return RawSheet(path.name, len(numbers), there, number_of_row.__getitem__), list(names)


def _flush(cells: dict[str, list[str | None]], chunks: dict[str, list[pa.DictionaryArray]]) -> None:
    for name, column in cells.items():
        chunks[name].append(encode(pa.array(column, pa.string())))
        column.clear()


def _object(line: bytes, file: str, number: int, log: ErrorLog) -> dict[str, str | None] | None:
    """The cells of one line as text; None, and logged, when it is not one object with each key once."""
    try:
        pairs = json.loads(
            line.decode("utf-8", "replace"), object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
        )
    except (ValueError, RecursionError) as error:
        log.add(file, number, "", None, Fault.UNREADABLE, f"one JSON object a line ({error})")
        return None
    if not isinstance(pairs, _Pairs):
        log.add(file, number, "", line.decode("utf-8", "replace").strip(), Fault.UNREADABLE, "one JSON object a line")
        return None
    record: dict[str, str | None] = {}
    for name, value in pairs:
        if _whole_text(name) in record:
            log.add(file, number, name, value, Fault.DUPLICATE, "each key once in a line")
            return None
        record[_whole_text(name)] = _cell(value)
    return record


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of an object in order, so that a key given twice is seen."""


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Pairs):
        return f"\ufffd{dict(value)}"  # no kind of cell takes U+FFFD, so an object as a cell is named as malformed
    return _whole_text(";".join(str(part) for part in value) if isinstance(value, list) else value)


def _whole_text(text: str) -> str:
    """`text` with U+FFFD for halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
