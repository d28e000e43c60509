"""What is wrong with a folder, for a person (tables on a terminal) and for a program (JSON)."""

import shlex
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loaders.errors import ERRORS_PER_FILE_MAX
from loaders.folder import Validation

# More rows than this nobody reads on a terminal: they are told by their kinds, and how to have them all.
ROWS_SHOWN_MAX = 1_000
VALUE_LENGTH_MAX = 40


def print_errors(validation: Validation, folder: Path, console: Console) -> None:
    """Every error; where they are too many, the first, how many there are of each kind, and what to type for all."""
    console.print(render_errors(validation))
    if validation.error_count > ROWS_SHOWN_MAX:
        console.print(render_counts(validation))
        _print_how_to_see_all(validation, folder, console)


def print_warnings(validation: Validation, folder: Path, console: Console) -> None:
    """Every warning, if there is any; where they are too many, the first, and what to type for all."""
    if validation.warnings:
        console.print(render_warnings(validation))
    if len(validation.warnings) > ROWS_SHOWN_MAX:
        _print_how_to_see_all(validation, folder, console)


def render_errors(validation: Validation) -> Table:
    """A table of the first errors, with the total under it. Cells of the folder are shown as text, never as markup."""
    caption = _caption(validation.error_count, "error")
    table = Table(title="What is wrong with the network folder", caption=caption)
    for heading in ("file", "row", "column", "value", "reason", "expected"):
        table.add_column(heading, justify="right" if heading == "row" else "left", overflow="fold")
    for error in validation.errors[:ROWS_SHOWN_MAX]:
        value = error.value if len(error.value) <= VALUE_LENGTH_MAX else f"{error.value[: VALUE_LENGTH_MAX - 1]}…"
        row = "" if error.row is None else str(error.row)
        _add_row(table, error.file, row, error.column, value, error.reason, error.expected)
    return table


def render_counts(validation: Validation) -> Table:
    """A table of how many errors there are by file, column and reason, the most first; those that were not kept too."""
    table = Table(title="How many errors of each kind", caption=_caption(len(validation.counts), "kind"))
    for heading in ("file", "column", "reason", "errors"):
        table.add_column(heading, justify="right" if heading == "errors" else "left", overflow="fold")
    for (file, column, reason), count in validation.counts.most_common(ROWS_SHOWN_MAX):
        _add_row(table, file, column, reason, f"{count:,}")
    return table


def render_warnings(validation: Validation) -> Table:
    """A table of what should be looked at, though the folder can be used."""
    caption = _caption(len(validation.warnings), "warning")
    table = Table(title="Worth a look", title_justify="left", caption=caption)
    for heading in ("file", "row", "column", "what"):
        table.add_column(heading, justify="right" if heading == "row" else "left", overflow="fold")
    for warning in validation.warnings[:ROWS_SHOWN_MAX]:
        row = "" if warning.row is None else str(warning.row)
        _add_row(table, warning.file, row, warning.column, warning.message)
    return table


def errors_json(validation: Validation) -> str:
    """The findings as one JSON object.

    `{"ok": …, "error_count": …, "errors_left_out": …, "errors": [{file, row, column, value, reason, expected} …],
    "warnings": [{file, row, column, message} …]}`; `errors_left_out` counts those beyond what is kept of one file.
    """
    document = {
        "ok": validation.ok,
        "error_count": validation.error_count,
        "errors_left_out": _left_out(validation),
        "errors": validation.errors,
        "warnings": validation.warnings,
    }
    return orjson.dumps(document).decode()


def _print_how_to_see_all(validation: Validation, folder: Path, console: Console) -> None:
    left_out = _left_out(validation)
    what = f"All but {left_out:,} of them ({ERRORS_PER_FILE_MAX:,} a file are kept)" if left_out else "All of them"
    # In one line, however narrow the terminal, so that it can be copied.
    command = f"python server.py validate {shlex.quote(str(folder))} --json"
    console.print(f"{what}: {command}", markup=False, highlight=False, soft_wrap=True)


def _left_out(validation: Validation) -> int:
    return validation.error_count - len(validation.errors)


def _caption(count: int, what: str) -> str:
    total = f"{count:,} {what if count == 1 else f'{what}s'}"
    return total if count <= ROWS_SHOWN_MAX else f"{total}, the first {ROWS_SHOWN_MAX:,} shown"


def _add_row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(_visible(cell)) for cell in cells))


def _visible(text: str) -> str:
    """Control characters spelt out, so that a cell cannot steer the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
