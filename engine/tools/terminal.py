"""What all commands share: the two consoles, settings or a message that says what is wrong, a progress bar."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from engine.service.settings import Settings, SettingsError, read_settings

EXIT_REFUSED, EXIT_MISUSED = 1, 2

# Where there is no terminal, lines are as long as what is shown, not as a terminal that nobody has.
out, err = (Console(stderr=is_error, width=None if stream.isatty() else 110)
            for is_error, stream in ((False, sys.stdout), (True, sys.stderr)))  # fmt: skip

DataOption = Annotated[Path | None, typer.Option(help="What the embedded servers keep.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]


def settings_of(**options: object) -> Settings:
    """The settings, or a message that names each bad one."""
    try:
        return read_settings(**options)
    except SettingsError as error:
        fail(str(error), EXIT_MISUSED)


@contextmanager
def counted(title: str, total: int | None) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; elsewhere a line now and then. It is shown only once something is counted."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bars:
        task = bars.add_task(title, total=total, visible=False)
        told = 0

        def advance(done: int, all_: int) -> None:
            nonlocal told
            bars.update(task, completed=done, total=all_, visible=done < all_)
            if not err.is_terminal and done * 10 // max(1, all_) > told:
                told = done * 10 // all_
                err.print(f"{title}: {done:,} of {all_:,}")

        yield advance


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong, and end."""
    # Not broken into lines: what reads it may be a program, and a terminal does so itself.
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def print_json(found: object) -> None:
    """For a program."""
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
