"""A whole server as its users start it, by `server.py serve`, and empty ones to measure against, each a process of its own."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.network.records import NetworkRecords
from loaders.write import write_folder

ROOT = Path(__file__).parent.parent
READY_SECONDS_MAX = 1_800.0
STOP_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that takes calls."""

    address: str
    pid: int
    seconds_to_start: float
    """From the command to the address it printed."""


@contextmanager
def running_server(records: NetworkRecords, **settings: str) -> Iterator[RunningServer]:
    """Serve a network in a folder of its own, under `settings`."""
    with tempfile.TemporaryDirectory(prefix="be", dir="/tmp") as name:
        folder = Path(name)
        write_folder(records, folder / "network", "parquet")
        with served(folder, **settings) as server:
            yield server


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[RunningServer]:
    """Serve the network in a folder, on what its data folder holds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_") or name == "BELOFTE_CACHE"}
    given = {f"BELOFTE_{name.upper()}": value for name, value in settings.items()}
    command = [
        sys.executable, str(ROOT / "server.py"), "serve", "--network", str(folder / "network"), "--data-dir",
        str(folder / "data"), "--port", "0",
    ]  # fmt: skip
    started = time.monotonic()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, env={**kept, "BELOFTE_LOG_LEVEL": "warning", **given, "COLUMNS": "200"}, stdout=subprocess.PIPE, stderr=log
        )
    try:
        address = _printed(process, folder)
        yield RunningServer(address, process.pid, time.monotonic() - started)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)
        assert process.stdout is not None
        process.stdout.close()


def _printed(process: "subprocess.Popen[bytes]", folder: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"Belofte serves on (\S+)", line.decode())
        if found:
            return found[1]
    raise AssertionError(f"the server ended: {(folder / 'log').read_text()[-4_000:]}")


@contextmanager
def echo_server(kind: str, answer_bytes: int) -> Iterator[str]:
    """An empty server, `aio` or `native`, that answers with so many bytes; its address."""
    command = [sys.executable, str(ROOT / "benchmarks" / "echo_servers.py"), kind, str(answer_bytes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)
        assert process.stdout is not None
        process.stdout.close()
