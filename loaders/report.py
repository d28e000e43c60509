"""What is wrong with a folder, for a person (a table on a terminal) and for a program (JSON)."""

import orjson
from rich.table import Table
from rich.text import Text

from loaders.folder import Validation

ROWS_SHOWN_MAX = 50
VALUE_LENGTH_MAX = 40


def render_errors(validation: Validation, rows_shown_max: int = ROWS_SHOWN_MAX) -> Table:
    """A table of the first errors, with the total under it. Cells of the folder are shown as text, never as markup."""
    table = Table(title="What is wrong with the network folder", caption=_caption(validation, rows_shown_max))
    for heading in ("file", "row", "column", "value", "reason", "expected"):
        table.add_column(heading, justify="right" if heading == "row" else "left", overflow="fold")
    for error in validation.errors[:rows_shown_max]:
        value = error.value if len(error.value) <= VALUE_LENGTH_MAX else f"{error.value[: VALUE_LENGTH_MAX - 1]}…"
        row = "" if error.row is None else str(error.row)
        cells = (error.file, row, error.column, value, str(error.reason), error.expected)
        table.add_row(*(Text(_visible(cell)) for cell in cells))
    return table


def render_warnings(validation: Validation, rows_shown_max: int = ROWS_SHOWN_MAX) -> Table:
    """A table of what should be looked at, though the folder can be used."""
    count = len(validation.warnings)
    caption = f"{count:,} warnings, the first {rows_shown_max} shown" if count > rows_shown_max else None
    table = Table(title="Worth a look", title_justify="left", caption=caption)
    for heading in ("file", "row", "column", "what"):
        table.add_column(heading, justify="right" if heading == "row" else "left", overflow="fold")
    for warning in validation.warnings[:rows_shown_max]:
        row = "" if warning.row is None else str(warning.row)
        table.add_row(*(Text(_visible(cell)) for cell in (warning.file, row, warning.column, warning.message)))
    return table


def errors_json(validation: Validation) -> str:
    """`{"ok": …, "error_count": …, "errors": [{file, row, column, value, reason, expected} …], "warnings": […]}`."""
    document = {
        "ok": validation.ok,
        "error_count": validation.error_count,
        "errors": [error.as_dict() for error in validation.errors],
        "warnings": [warning.as_dict() for warning in validation.warnings],
    }
    return orjson.dumps(document).decode()


def _caption(validation: Validation, rows_shown_max: int) -> str:
    shown = min(rows_shown_max, len(validation.errors))
    total = f"{validation.error_count:,} {'error' if validation.error_count == 1 else 'errors'}"
    return total if shown == validation.error_count else f"{total}, the first {shown} shown"


def _visible(text: str) -> str:
    """Control characters spelt out, so that a cell cannot steer the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
