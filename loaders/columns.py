"""What a file of the network folder is made of: columns, each with its kind, and the key its rows may have only once."""

from dataclasses import MISSING, dataclass, fields
from typing import Any, Final

from loaders.kinds import Kind

_RECORD_DEFAULT: Final = object()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file. `field` is the record's field when it is named otherwise; `refers_to` the file of its ids.

    `suggests`: the id nearest to one that the file does not have is named too.
    """

    name: str
    kind: Kind
    required: bool = False
    default: Any = _RECORD_DEFAULT
    field: str = ""
    refers_to: str = ""
    suggests: bool = False

    @property
    def field_name(self) -> str:
        """The record's field that holds the column."""
        return self.field or self.name


@dataclass(frozen=True, slots=True)
class Table:
    """A file of the folder. `record` is the class of its rows; `key` the columns that together may come only once."""

    stem: str
    record: type | None
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = True

    def column(self, name: str) -> Column:
        """The column of that name, which must be one of its own."""
        return next(column for column in self.columns if column.name == name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of its columns, in the order they are written."""
        return tuple(column.name for column in self.columns)

    def default(self, column: Column) -> Any:
        """What an empty cell of the column holds; None where a required column has none."""
        if column.default is not _RECORD_DEFAULT:
            return column.default
        if self.record is None or column.required:
            return None
        default = next(f.default for f in fields(self.record) if f.name == column.field_name)
        assert default is not MISSING, f"{self.stem}.{column.name} has no default"
        return default
