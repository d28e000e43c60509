"""Which sidecar works, where several are started: the others wait. It only saves useless work: the fence decides.

The outbox has a lease of its own.
"""

import fcntl
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

POLL_SECONDS = 0.2
UNREACHABLE_POLL_SECONDS = 1.0
CONNECT_SECONDS_MAX = 5
TELL_AGAIN_SECONDS = 30.0
"""How often who waits says so."""

HOLDER_BYTES_MAX = 63
"""What PostgreSQL keeps of an application's name."""

POSTGRESQL_PORT = 5432
ADVISORY_LOCK = 0x62656C6F667465
"""The project's name in ASCII: a number that no other program locks by accident."""

OUTBOX_LOCK = 0x62656C6F667467
"""Next to that of the tables, which is next to this one."""

# The two halves of the number stand in columns of their own.
_HOLDER = text(
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted"
    " AND (classid::bigint << 32 | objid::bigint) = :n"
    " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

# PostgreSQL tells a client that may not connect why in words only. Words in another language are told, and tried again.
_FOR_GOOD = re.compile(
    r"password authentication failed|no password supplied|authentication failed for user|(database|role) \".*\" does not exist"
    r"|is not permitted to log in|no pg_hba.conf entry|permission denied for database"
)


class LedgerRefused(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The database will not let this process in, now or later: a password, role or name is wrong."""


class Lease:
    """Held by one process on this ledger; the kernel, or the database, lets go of it with the process."""

    def __init__(self, ledger_url: str, shard: int = 0, is_outbox: bool = False) -> None:
        """Takes nothing yet. Each shard of a network has a recorder, and a lease, of its own; so has the outbox."""
        self._url = make_url(ledger_url)
        self._shard, self._is_outbox = shard, is_outbox
        self._work = "delivers the events of" if is_outbox else "records"
        self._fd = -1
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._tell_at: dict[str, float] = {}
        self._log = structlog.get_logger("lease")

    def wait(self, is_stopping: Callable[[], bool]) -> bool:
        """Wait for the lease; False when asked to stop before it came. Raises LedgerRefused."""
        try_lease = self._try_file if self._url.get_backend_name() == "sqlite" else self._try_database
        while not try_lease():
            if is_stopping():
                return False
            time.sleep(POLL_SECONDS if self._connection or self._fd >= 0 else UNREACHABLE_POLL_SECONDS)
        if self._tell_at:
            self._log.info(f"this process {self._work} the ledger now")
        return True

    def _try_file(self) -> bool:
        if self._fd < 0:
            assert self._url.database
            name = ".outbox-lease" if self._is_outbox else ".lease" + (f"-{self._shard}" if self._shard else "")
            path = Path(self._url.database + name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._stand_by(os.pread(self._fd, HOLDER_BYTES_MAX, 0).decode(errors="replace"))
            return False
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, _own_name().encode(), 0)
        return True

    def _try_database(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connect()
            taken = self._connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": self._lock}).scalar_one()
            if not taken:
                self._stand_by(self._connection.execute(_HOLDER, {"n": self._lock}).scalar() or "")
            return bool(taken)
        except OperationalError as error:
            self._connection = None
            self._unreachable(" ".join(str(error.orig).split()))
            return False

    @property
    def _lock(self) -> int:
        """The shard's number: shards count down from it, since the one above it is another lock's."""
        return OUTBOX_LOCK if self._is_outbox else ADVISORY_LOCK - self._shard

    def _connect(self) -> Connection:
        url = self._url.set(drivername="postgresql+psycopg")
        ours = {"application_name": _own_name(), "connect_timeout": CONNECT_SECONDS_MAX}
        arguments = {name: value for name, value in ours.items() if name not in url.query}
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)
        return self._engine.connect()

    def _stand_by(self, holder: str) -> None:
        if self._is_time_to_tell("stand by"):
            self._log.info(
                f"another process {self._work} this ledger: this one stands by, and takes over when it ends", holder=holder
            )

    def _unreachable(self, why: str) -> None:
        where = self._where()
        if _FOR_GOOD.search(why):
            raise LedgerRefused(
                f"the ledger's database {where} refuses the connection: {why}. Mend BELOFTE_LEDGER_URL, or the database."
            )
        if self._is_time_to_tell("unreachable"):
            self._log.warning(
                f"the ledger's database {where} cannot be reached: trying again until it can. Start PostgreSQL there, or mend"
                " BELOFTE_LEDGER_URL.", error=why,
            )  # fmt: skip

    def _where(self) -> str:
        """Database, host and port, without user or password."""
        url, query = self._url, self._url.query
        host = url.host or str(query.get("host", "")) or "localhost"
        return f"{url.database!r} at {host}:{url.port or query.get('port', POSTGRESQL_PORT)}"

    def _is_time_to_tell(self, what: str) -> bool:
        now = time.monotonic()
        if now < self._tell_at.get(what, 0.0):
            return False
        self._tell_at[what] = now + TELL_AGAIN_SECONDS
        return True

    def release(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._connection is not None:
            self._connection.close()


def _own_name() -> str:
    """This process as others are told of it."""
    name = f"belofte-ledger {os.getpid()} on {socket.gethostname()}"
    return name.encode()[:HOLDER_BYTES_MAX].decode(errors="ignore")
