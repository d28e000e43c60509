"""JSON Lines: one object a line. Read in blocks through Arrow; what Arrow cannot take is read again line by line.

Arrow refuses a whole file for one cell of another type, so the second way exists to name that cell; it also takes what
is fine but mixed, such as numbers as ids.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as arrow_json
from numpy.typing import NDArray

from loaders.columns import Table
from loaders.errors import ErrorLog, Fault
from loaders.progress import ProgressReporter
from loaders.raw_sheet import NO_CELL, RawSheet, count_from_one, encode, known_columns

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
    takes_lists = {column.name: column.kind.takes_lists for column in table.columns}
    names: dict[str, None] = {}
    numbers: list[int] = []
    number = bytes_done = 0
    with path.open("rb") as file:
        for line in file:
            bytes_done += len(line)
            if not line.strip():
                continue
            number += 1
            record = _object(line, takes_lists, path.name, number, log)
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


def _object(
    line: bytes, takes_lists: Mapping[str, bool], file: str, number: int, log: ErrorLog
) -> dict[str, str | None] | None:
    """The cells of one line as text; None, and logged, when it is not one object with each key once."""
    text = line.decode("utf-8", "replace")
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        log.add(file, number, "", None, Fault.UNREADABLE, f"one JSON object a line ({error})")
        return None
    if not isinstance(pairs, _Pairs):
        log.add(file, number, "", text.strip(), Fault.UNREADABLE, "one JSON object a line")
        return None
    record: dict[str, str | None] = {}
    spelt: list[str] = []
    for i, (given, value) in enumerate(pairs):
        name = _whole_text(given)
        is_cell = not isinstance(value, list) or (takes_lists.get(name, False) and _is_of_parts(value))
        if not is_cell:
            spelt = spelt or list(_values_as_spelt(text))
        cell = _cell(value) if is_cell else NO_CELL + spelt[i]
        if name in record:
            shown = None if cell is None else cell.removeprefix(NO_CELL)
            log.add(file, number, name, shown, Fault.DUPLICATE, "each key once in a line")
            return None
        record[name] = cell
    return record


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of an object in order, so that a key given twice is seen."""


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _whole_text(";".join(value) if isinstance(value, list) else value)


def _is_of_parts(value: list[Any]) -> bool:
    """Whether a value is a list of texts and numbers, which are read as text; an object is a list of pairs."""
    return not isinstance(value, _Pairs) and all(isinstance(part, str) for part in value)


def _values_as_spelt(text: str) -> Iterator[str]:
    """The values of an object as they stand in its line, in order. `text` has been read as JSON before."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    end = _after_blanks(text, 0)
    while text[end] != "}":
        _, end = decoder.raw_decode(text, _after_blanks(text, end + 1))
        start = _after_blanks(text, _after_blanks(text, end) + 1)
        _, end = decoder.raw_decode(text, start)
        yield text[start:end]
        end = _after_blanks(text, end)


def _after_blanks(text: str, start: int) -> int:
    while text[start].isspace():
        start += 1
    return start


def _whole_text(text: str) -> str:
    """`text` with U+FFFD for halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
