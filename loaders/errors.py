"""What is wrong with a network folder: one record a bad cell, row, column or file, and the log that gathers them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

# Errors kept of one file; those beyond are counted. Far more than anyone mends by hand, in a few hundred MB: a file of
# 20 million bad rows must not cost 20 million records.
ERRORS_PER_FILE_MAX = 1_000_000


NEAREST = "; nearest: "
"""Before a known word that may have been meant, after what was expected."""


class Fault(StrEnum):
    """Why a cell, row, column or file is refused."""

    MISSING_FILE = "MISSING_FILE"
    UNKNOWN_FILE = "UNKNOWN_FILE"
    UNREADABLE = "UNREADABLE"
    MISSING_COLUMN = "MISSING_COLUMN"
    UNKNOWN_COLUMN = "UNKNOWN_COLUMN"
    EMPTY = "EMPTY"
    MALFORMED = "MALFORMED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    DUPLICATE = "DUPLICATE"
    UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE"
    CONTRADICTION = "CONTRADICTION"


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing that is wrong, where, and what was expected there.

    `row` is the line of a CSV file (the header is line 1) and counts records from 1 in the other formats; None for what
    belongs to the file as a whole. `column` is empty for what belongs to the row as a whole.
    """

    file: str
    row: int | None
    column: str
    value: str
    reason: Fault
    expected: str

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        subject = " ".join(part for part in (self.column, repr(self.value) if self.value else "") if part)
        return f"{place}: {subject}{': ' if subject else ''}{self.reason}, expected {self.expected}"


# What errors are counted by: file, column and reason.
ErrorKind = tuple[str, str, Fault]


@dataclass(frozen=True, slots=True)
class FolderWarning:
    """A finding that does not keep a folder from being used.

    `row` as of an error, None for a file as a whole; `column` may be a key, as `policy.peak.when`.
    """

    file: str
    row: int | None
    column: str
    message: str


class LoadError(ValueError):
    """A network folder was refused. `errors` are ordered by file and row; `counts` has those not kept too."""

    def __init__(self, errors: tuple[RowError, ...], counts: Counter[ErrorKind]) -> None:
        assert errors
        self.errors = errors
        self.counts = counts
        self.error_count = counts.total()
        more = "" if self.error_count == 1 else f" (and {self.error_count - 1} more)"
        super().__init__(f"{errors[0]}{more}")


class ErrorLog:
    """Gathers the errors of a folder; keeps at most `ERRORS_PER_FILE_MAX` of each file and counts all."""

    def __init__(self) -> None:
        self.error_count = 0
        self.counts: Counter[ErrorKind] = Counter()
        self._kept: dict[str, list[RowError]] = {}

    def add(self, file: str, row: int | None, column: str, value: object, reason: Fault, expected: str) -> None:
        """Log one error."""
        self.error_count += 1
        self.counts[file, column, reason] += 1
        kept = self._kept.setdefault(file, [])
        if len(kept) < ERRORS_PER_FILE_MAX:
            kept.append(RowError(file, row, column, "" if value is None else str(value), reason, expected))

    def count_unkept(self, file: str, column: str, reason: Fault, error_count: int) -> None:
        """Count errors that are not kept."""
        if error_count:
            self.error_count += error_count
            self.counts[file, column, reason] += error_count

    def errors(self, file_order: Iterable[str] = ()) -> tuple[RowError, ...]:
        """What was kept: files in the order given (others after them), rows ascending within a file."""
        order = {file: position for position, file in enumerate(file_order)}
        files = sorted(self._kept, key=lambda file: (order.get(file, len(order)), file))
        return tuple(e for file in files for e in sorted(self._kept[file], key=_row_and_column))


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint naming the known word nearest to `word`, to be put after what was expected; empty when none is near."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.strip().lower(), by_lower, n=1, cutoff=0.5)
    return f"{NEAREST}{by_lower[found[0]]}" if found else ""


def _row_and_column(error: RowError) -> tuple[int, str]:
    return (error.row or 0, error.column)
