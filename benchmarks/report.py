"""What every benchmark prints and keeps: a header, tables for people, results as JSON, and the figures as the last line."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table

T = TypeVar("T")

RESULTS = Path(__file__).parent / "results"
GIB = 2**30


class Report:
    """One run of a benchmark, from its header to its last line."""

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.console = Console(width=max(100, Console().width))
        self.run = {
            "name": name,
            "command": " ".join(["python", *sys.orig_argv[1:]]),
            "commit": commit(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
        }
        self.console.rule(title)
        self.console.print(f"{self.run['machine']}, commit {self.run['commit']}, {self.run['date']}", highlight=False)

    def say(self, text: str) -> None:
        """A sentence about how something was measured."""
        self.console.print(text, highlight=False)

    def track(self, steps: Iterable[T], label: str, count: int | None = None) -> Iterable[T]:
        """The steps, with a progress bar where a person looks on."""
        return track(steps, label, total=count, console=self.console, transient=True, disable=not self.console.is_terminal)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table: the first column is what the row is about, the others are numbers."""
        table = Table(title=title, title_justify="left")
        for index, column in enumerate(columns):
            table.add_column(column, justify="right" if index else "left")
        for row in rows:
            table.add_row(*(shown(value) for value in row))
        self.console.print(table)

    def finish(self, figures: dict[str, float | None]) -> None:
        """Keep the figures in results/NAME.json and print them as the last line; what was not measured is null."""
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.json").write_text(json.dumps({**self.run, "figures": figures}, indent=2) + "\n", "utf-8")
        print(json.dumps({"name": self.name, "figures": figures}), flush=True)


def shown(value: Any) -> str:
    """A value in a table: floats in four digits, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def commit() -> str:
    """The commit that ran, with + when files differ from it; "unknown" outside a repository."""
    command = ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
    answer = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def machine() -> str:
    """Processor, cores, memory and Python."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
