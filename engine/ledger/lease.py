"""Which sidecar works, where several are started: the others wait. It only saves useless work: the fence decides."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

POLL_SECONDS = 0.2
ADVISORY_LOCK = 0x62656C6F667465
"""The project's name in ASCII: a number that no other program locks by accident."""


class Lease:
    """Held by one process on this ledger; the kernel, or the database, lets go of it with the process."""

    def __init__(self, ledger_url: str) -> None:
        """Takes nothing yet."""
        self._url = make_url(ledger_url)
        self._fd = -1
        self._engine: Engine | None = None
        self._connection: Connection | None = None

    def wait(self, is_stopping: Callable[[], bool]) -> bool:
        """Wait for the lease; False when asked to stop before it came."""
        try_lease = self._try_file if self._url.get_backend_name() == "sqlite" else self._try_database
        while not try_lease():
            if is_stopping():
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _try_file(self) -> bool:
        if self._fd < 0:
            assert self._url.database
            path = Path(self._url.database + ".lease")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _try_database(self) -> bool:
        try:
            if self._connection is None:
                url = self._url.set(drivername="postgresql+psycopg")
                self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
                self._connection = self._engine.connect()
            return bool(self._connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": ADVISORY_LOCK}).scalar_one())
        except OperationalError:
            self._connection = None
            return False

    def release(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._connection is not None:
            self._connection.close()
