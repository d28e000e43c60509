"""A file of the folder as it was read: known columns as Arrow dictionaries, and the number of each row for its errors.

A dictionary holds each distinct cell once, so parsing and its messages cost per distinct value, not per row.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from loaders.columns import Table
from loaders.errors import ErrorLog, Fault, nearest

# Stands before the text of a cell that a typed file gives as an object or a list where no kind of cell takes one.
NO_CELL = "\ufffd\x00"

RowNumbers = Callable[[NDArray[np.int64]], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class RawSheet:
    """A file as read. `chunks` has the known columns that are there, each a list of dictionary arrays.

    `row_numbers` turns row indexes (0 the first record) into the numbers a person sees.
    """

    file: str
    row_count: int
    chunks: dict[str, list[pa.DictionaryArray]]
    row_numbers: RowNumbers


def count_from_one(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row numbers of a format without a header."""
    return rows + 1


def known_columns(file: str, names: Sequence[str], table: Table, log: ErrorLog, row: int | None = None) -> list[str]:
    """The columns of `names` that the table has; logs unknown and repeated ones, and required ones that lack."""
    known = set(table.column_names)
    for name in dict.fromkeys(names):
        if name not in known:
            hint = nearest(name, known)
            log.add(file, row, name, None, Fault.UNKNOWN_COLUMN, f"one of {', '.join(table.column_names)}{hint}")
    for name, count in Counter(names).items():
        if count > 1:
            log.add(file, row, name, None, Fault.DUPLICATE, "each column once")
    for column in table.columns:
        if column.required and column.name not in names:
            log.add(file, row, column.name, None, Fault.MISSING_COLUMN, f"a column holding {column.kind.expected}")
    return [name for name in dict.fromkeys(names) if name in known]


def encode(array: Any) -> pa.DictionaryArray:
    """An Arrow array as a dictionary array with int32 codes, lists joined by ``;`` and times cut to microseconds.

    Raises `pa.ArrowException` for text that is not UTF-8 and for types that have no dictionary.
    """
    if pa.types.is_dictionary(array.type) and array.type.index_type != pa.int32():
        array = array.cast(array.type.value_type)
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        array = _joined(array.cast(pa.list_(pa.string())))
    elif pa.types.is_null(kind):
        array = array.cast(pa.string())
    elif pa.types.is_float16(kind):
        array = array.cast(pa.float32())
    elif pa.types.is_timestamp(kind):
        array = array.cast(pa.timestamp("us", kind.tz), safe=False)
    elif pa.types.is_time64(kind):
        array = array.cast(pa.time64("us"), safe=False)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    encoded.dictionary.validate(full=True)
    return encoded


def _joined(lists: pa.ListArray) -> pa.StringArray:
    """Each list as one text. Arrow makes all of a list null for one null part, as if the cell were empty: no id is `(null)`."""
    parts = pa.ListArray.from_arrays(lists.offsets, lists.values.fill_null("(null)"))
    return pc.if_else(lists.is_valid(), pc.binary_join(parts, ";"), None)
