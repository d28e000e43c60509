"""A file of the folder with its cells parsed: distinct values and a code a row, and which rows are bad."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from loaders.columns import Column, Table
from loaders.errors import ERRORS_PER_FILE_MAX, ErrorLog, Fault
from loaders.kinds import BadCellError
from loaders.raw_sheet import NO_CELL, RawSheet, RowNumbers, count_from_one

EMPTY = -1


@dataclass(frozen=True, slots=True)
class Cells:
    """A column: row r holds `values[codes[r]]`. Code −1 is an empty cell, and the last value is the column's default.

    `texts` are the distinct cells as they stand in the file, for messages.
    """

    codes: NDArray[np.int32]
    texts: list[Any]
    values: list[Any]

    def text(self, row: int) -> str:
        """The row's cell as it stands in the file."""
        code = self.codes[row]
        return "" if code == EMPTY else str(self.texts[code])


@dataclass(frozen=True, slots=True)
class Sheet:
    """A parsed file. `bad` rows have a cell that could not be read; they are logged and make no records.

    `absent` names the columns the file does not have.
    """

    table: Table
    file: str
    row_count: int
    cells: dict[str, Cells]
    bad: NDArray[np.bool_]
    row_numbers: RowNumbers
    absent: set[str]

    def good_rows(self) -> NDArray[np.int64]:
        """The indexes of the rows that can be read."""
        return np.flatnonzero(~self.bad)

    def values(self, name: str) -> list[Any]:
        """The column's values in the rows that can be read."""
        cells = self.cells[name]
        return [cells.values[code] for code in cells.codes[~self.bad].tolist()]

    def log_rows(self, log: ErrorLog, rows: NDArray[np.int64], column: str, reason: Fault, expected: str) -> None:
        """Log one error for each of the rows, with the column's cell as its value; those beyond the cap are counted."""
        if not len(rows):  # row numbers may cost a pass over the file
            return
        kept = rows[:ERRORS_PER_FILE_MAX]
        for row, number in zip(kept.tolist(), self.row_numbers(kept).tolist(), strict=True):
            log.add(self.file, number, column, self.cells[column].text(row), reason, expected)
        log.count_unkept(self.file, column, reason, len(rows) - len(kept))


def empty_sheet(table: Table) -> Sheet:
    """The sheet of a file that is not there."""
    cells = {column.name: _empty_cells(table, column, 0) for column in table.columns}
    return Sheet(table, table.stem, 0, cells, np.zeros(0, np.bool_), count_from_one, set())


def parse_sheet(raw: RawSheet, table: Table, log: ErrorLog) -> Sheet:
    """Parse every cell of a file; logs each that is empty though required, malformed or out of range."""
    absent = {column.name for column in table.columns if column.name not in raw.chunks}
    sheet = Sheet(table, raw.file, raw.row_count, {}, np.zeros(raw.row_count, np.bool_), raw.row_numbers, absent)
    for column in table.columns:
        if column.name in absent:
            sheet.cells[column.name] = _empty_cells(table, column, raw.row_count)
            # The lack of the column is logged once, for the file.
            sheet.bad[:] |= column.required
            continue
        faults = _parse_column(sheet, column, raw.chunks[column.name])
        if faults or column.required:
            _log_faults(sheet, column, faults, log)
    return sheet


def _empty_cells(table: Table, column: Column, row_count: int) -> Cells:
    return Cells(np.broadcast_to(np.int32(EMPTY), row_count), [], [table.default(column)])


def _parse_column(sheet: Sheet, column: Column, chunks: list[pa.DictionaryArray]) -> dict[int, BadCellError]:
    """Parse the distinct cells of a column into the sheet; returns what is wrong by code."""
    codes, texts = _merge(chunks)
    values: list[Any] = []
    faults: dict[int, BadCellError] = {}
    empty_codes: list[int] = []
    for code, text in enumerate(texts):
        value = None
        if text is None or text == "":
            empty_codes.append(code)
        elif isinstance(text, str) and text.startswith(NO_CELL):
            texts[code] = text.removeprefix(NO_CELL)
            faults[code] = BadCellError(Fault.MALFORMED)
        else:
            try:
                value = column.kind.parse(text)
            except BadCellError as error:
                faults[code] = error
        values.append(value)
    if empty_codes:
        codes = np.where(np.isin(codes, empty_codes), np.int32(EMPTY), codes)
    values.append(sheet.table.default(column))
    sheet.cells[column.name] = Cells(codes, texts, values)
    return faults


def _merge(chunks: list[pa.DictionaryArray]) -> tuple[NDArray[np.int32], list[Any]]:
    """The codes of all chunks over one dictionary; −1 where null."""
    if not chunks:
        return np.zeros(0, np.int32), []
    merged = pa.chunked_array(chunks).unify_dictionaries().chunks
    codes = [chunk.indices.fill_null(EMPTY).to_numpy(zero_copy_only=False) for chunk in merged]
    return np.concatenate(codes).astype(np.int32, copy=False), merged[-1].dictionary.to_pylist()


def _log_faults(sheet: Sheet, column: Column, faults: dict[int, BadCellError], log: ErrorLog) -> None:
    codes = sheet.cells[column.name].codes
    if column.required and len(rows := np.flatnonzero(codes == EMPTY)):
        sheet.bad[rows] = True
        sheet.log_rows(log, rows, column.name, Fault.EMPTY, column.kind.expected)
    if not faults:
        return
    is_fault = np.zeros(len(sheet.cells[column.name].values), np.bool_)
    is_fault[list(faults)] = True
    rows = np.flatnonzero(is_fault[codes])
    sheet.bad[rows] = True
    order = np.argsort(codes[rows], kind="stable")
    by_code = np.split(rows[order], np.flatnonzero(np.diff(codes[rows][order])) + 1)
    for group in by_code:
        fault = faults[int(codes[group[0]])]
        sheet.log_rows(log, group, column.name, fault.reason, column.kind.expected + fault.hint)
