"""How far reading has come: told to whoever asked, drawn on a terminal or not at all."""

from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class ProgressReporter(Protocol):
    """Told of each file as it is read."""

    def begin(self, file: str, bytes_total: int) -> None:
        """A file is opened."""
        ...

    def advance(self, file: str, bytes_done: int, rows_done: int) -> None:
        """So many bytes and rows of it have been read so far."""
        ...


class SilentProgress:
    """Tells nobody."""

    def begin(self, file: str, bytes_total: int) -> None:
        """A file is opened."""

    def advance(self, file: str, bytes_done: int, rows_done: int) -> None:
        """So many bytes and rows of it have been read so far."""


class TerminalProgress:
    """A bar a file with rows a second and the time remaining; draws nothing where `console` is no terminal.

    Use it as a context: the bars are finished on leaving.
    """

    def __init__(self, console: Console) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[rows]:,} rows"),
            _RowRateColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task_by_file: dict[str, TaskID] = {}

    def __enter__(self) -> "TerminalProgress":
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def begin(self, file: str, bytes_total: int) -> None:
        """Draw a bar for the file."""
        if file in self._task_by_file:  # JSON Lines may be read a second time
            self._bars.reset(self._task_by_file[file], rows=0)
        else:
            self._task_by_file[file] = self._bars.add_task(file, total=bytes_total, rows=0)

    def advance(self, file: str, bytes_done: int, rows_done: int) -> None:
        """Move the file's bar."""
        self._bars.update(self._task_by_file[file], completed=bytes_done, rows=rows_done)


class _RowRateColumn(ProgressColumn):
    """Rows a second since the file was opened."""

    def render(self, task: Task) -> Text:
        if not task.elapsed:
            return Text("")
        return Text(f"{task.fields['rows'] / task.elapsed:,.0f} rows/s")
