"""CSV: comma-separated, UTF-8, a header line; read in blocks through Arrow, every cell as text."""

import csv
import io
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from loaders.columns import Table
from loaders.errors import ErrorLog, Fault
from loaders.progress import ProgressReporter
from loaders.raw_sheet import RawSheet, encode, known_columns

BLOCK_BYTES = 1 << 24

_TEXT = pa.dictionary(pa.int32(), pa.string())


def read_csv(path: Path, table: Table, log: ErrorLog, progress: ProgressReporter) -> RawSheet | None:
    """The file's cells; None when nothing of it can be read, which is logged. Rows of another width are logged."""
    header = _header(path)
    if not header:
        log.add(path.name, None, "", None, Fault.UNREADABLE, "a header line naming the columns")
        return None
    names = known_columns(path.name, header, table, log, row=1)
    if not names or len(set(header)) < len(header):
        return None
    lines = _Lines(path, width=len(header))
    try:
        try:
            sheet = _read(path, _source(path), names, lines, progress)
        except pa.ArrowInvalid as error:
            if "UTF8" not in str(error):
                raise
            # Read on with U+FFFD for what is not UTF-8: no kind of cell takes it, so each such cell is named.
            sheet = _read(path, _replaced(path), names, lines, progress)
    except pa.ArrowException as error:
        log.add(path.name, lines.broken(), "", None, Fault.UNREADABLE, f"comma-separated text ({error})")
        return None
    for row, found in lines.ragged:
        log.add(path.name, row, "", f"{found} cells", Fault.MALFORMED, f"{len(header)} cells, as the header has")
    return sheet


def _read(path: Path, source: Any, names: list[str], lines: "_Lines", progress: ProgressReporter) -> RawSheet:
    progress.begin(path.name, path.stat().st_size)
    chunks: dict[str, list[pa.DictionaryArray]] = {name: [] for name in names}
    row_count = 0
    with arrow_csv.open_csv(
        source,
        arrow_csv.ReadOptions(block_size=BLOCK_BYTES),
        arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lines.skip),
        arrow_csv.ConvertOptions(include_columns=names, column_types=dict.fromkeys(names, _TEXT), strings_can_be_null=False),
    ) as reader:
        for batch in reader:
            row_count += batch.num_rows
            for name, array in zip(names, batch.columns, strict=True):
                chunks[name].append(encode(array))
            progress.advance(path.name, source.tell(), row_count)
    return RawSheet(path.name, row_count, chunks, lines.numbers)


def _header(path: Path) -> list[str]:
    with _text(path) as text:
        return next((row for row in csv.reader(text) if row), [])


def _source(path: Path) -> Any:
    return pa.OSFile(str(path))


def _replaced(path: Path) -> Any:
    return pa.BufferReader(path.read_bytes().decode("utf-8", "replace").encode())


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    with path.open("rb") as file:
        yield io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")


class _Lines:
    """Which line each row stands on; looked up only for a file that has errors.

    A row's line is its index + 2 unless the file has quotes, blank lines or rows of another width, which Arrow leaves
    out: then the lines are counted with the csv module.
    """

    def __init__(self, path: Path, width: int) -> None:
        self._path = path
        self._width = width
        self._skipped = 0
        self._counted: NDArray[np.int64] | None = None
        self._ragged: list[tuple[int, int]] = []

    def skip(self, row: Any) -> str:
        """Arrow's handler of a row of another width."""
        self._skipped += 1
        return "skip"

    @property
    def ragged(self) -> list[tuple[int, int]]:
        """Line and number of cells of each row of another width."""
        if self._skipped:
            self._count()
        return self._ragged

    def numbers(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lines of these rows."""
        if self._counted is None and (self._skipped or not self._one_line_a_row):
            self._count()
        return rows + 2 if self._counted is None else self._counted[rows]

    def broken(self) -> int | None:
        """The line of the first row that breaks the rules of CSV, such as one whose quote is never closed."""
        line = 0
        with _text(self._path) as text:
            reader = csv.reader(text, strict=True)
            try:
                for _ in reader:
                    line = reader.line_num
            except csv.Error:
                return line + 1
        return None

    @cached_property
    def _one_line_a_row(self) -> bool:
        """Whether nothing moves a row off its line: one pass over the file, not one for each bad row."""
        with self._path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content[:1] not in b"\r\n" and all(content.find(mark) < 0 for mark in (b'"', b"\n\n", b"\r\r", b"\n\r"))

    def _count(self) -> None:
        if self._counted is None:
            with _text(self._path) as text:
                self._counted = np.fromiter(self._lines_of_rows(text), np.int64)[1:]

    def _lines_of_rows(self, text: TextIO) -> Iterator[int]:
        reader = csv.reader(text)
        line = 1
        for row in reader:
            if len(row) == self._width:
                yield line
            elif row:
                self._ragged.append((line, len(row)))
            line = reader.line_num + 1
