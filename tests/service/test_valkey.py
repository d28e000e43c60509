"""The embedded Valkey with a real server: what was written survives its end, and nobody else writes in its folder."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from engine.service import valkey as valkey_module
from engine.service.process import StartError
from engine.service.supervisor import Announcements, Supervisor
from engine.service.valkey import SOCKET_PATH_BYTES_MAX, EmbeddedValkey, FolderInUseError, FolderLock

WAIT_SECONDS_MAX = 20.0

HOLD = """
import subprocess, sys, time
from pathlib import Path
from engine.service.valkey import FolderLock
FolderLock(Path(sys.argv[1])).acquire()
child = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(1000)
"""

SERVE = """
import sys
from pathlib import Path
from engine.service.supervisor import Supervisor
from engine.service.valkey import EmbeddedValkey
child = EmbeddedValkey(Path(sys.argv[1])).child()
sys.exit(Supervisor([child], lambda said: print("ready", flush=True)).run())
"""


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with room for a socket below it."""
    folder = Path(tempfile.mkdtemp(prefix="b", dir="/tmp")).resolve()
    yield folder
    shutil.rmtree(folder)


def client_of(valkey: EmbeddedValkey) -> "redis.Redis":
    return redis.Redis.from_url(valkey.url, decode_responses=True)


def write_durably(valkey: EmbeddedValkey, key: str, value: str) -> None:
    """Write, and wait until the append-only file is synced."""
    with client_of(valkey) as client:
        client.set(key, value)
        assert client.execute_command("WAITAOF", 1, 0, 5_000)[0] == 1


def read(valkey: EmbeddedValkey, key: str) -> str | None:
    with client_of(valkey) as client:
        value = client.get(key)
        assert value is None or isinstance(value, str)
        return value


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def pid_of(valkey: EmbeddedValkey) -> int:
    with client_of(valkey) as client:
        return int(client.info("server")["process_id"])


def test_data_is_there_after_a_stop(short_path: Path) -> None:
    valkey = EmbeddedValkey(short_path / "data")
    with valkey:
        pid = pid_of(valkey)
        with client_of(valkey) as client:
            client.set("k", "v")
    assert not psutil.pid_exists(pid)
    valkey.start()
    assert read(valkey, "k") == "v"
    assert valkey.stop() == 0


def test_server_is_set_up_for_stock(short_path: Path) -> None:
    """On a socket of this user alone, with an append-only file, and evicting nothing."""
    with EmbeddedValkey(short_path / "data") as valkey, client_of(valkey) as client:
        expected = {
            "port": "0", "appendonly": "yes", "appendfsync": "everysec", "aof-use-rdb-preamble": "yes", "save": "",
            "maxmemory-policy": "noeviction", "dir": str(short_path / "data" / "valkey"), "databases": "1",
        }  # fmt: skip
        assert {name: client.config_get(name)[name] for name in expected} == expected
        assert valkey.socket_path == short_path / "data" / "valkey" / "valkey.sock"
        assert stat.S_IMODE(valkey.socket_path.stat().st_mode) == 0o700
        assert stat.S_IMODE(valkey.folder.stat().st_mode) == 0o700
        (process,) = [p for p in psutil.Process().children() if p.pid == pid_of(valkey)]
        assert process.net_connections("inet") == []


@pytest.mark.parametrize("name", ["x" * 120, "deep/" * 30 + "data", "with 'quotes', \"spaces\" é and %41?#"])
def test_any_data_folder_works(short_path: Path, name: str) -> None:
    valkey = EmbeddedValkey(short_path / name)
    with valkey:
        write_durably(valkey, "k", "v")
    with EmbeddedValkey(short_path / name) as again:
        assert read(again, "k") == "v"
        assert again.socket_path == valkey.socket_path
        assert len(os.fsencode(again.socket_path)) <= SOCKET_PATH_BYTES_MAX
        assert stat.S_IMODE(again.socket_path.parent.stat().st_mode) == 0o700
    assert (short_path / name / "valkey" / "appendonlydir").is_dir()
    if valkey.socket_path.parent != valkey.folder:
        valkey.socket_path.parent.rmdir()


def test_socket_avoids_a_temporary_folder_that_is_deep_too(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short_path / ("t" * 100)))
    valkey = EmbeddedValkey(short_path / ("x" * 120))
    assert valkey.socket_path.parent.parent == Path("/tmp")


def test_socket_folder_of_somebody_else_is_refused(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user could have made it first, to take our connections."""
    monkeypatch.setattr(tempfile, "tempdir", str(short_path))
    valkey = EmbeddedValkey(short_path / ("x" * 120))
    folder = valkey.socket_path.parent
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(StartError, match=rf"^{folder} is not a folder of this user alone: remove it, or choose a data folder"):
        valkey.start()
    folder.rmdir()
    (short_path / "elsewhere").mkdir()
    folder.symlink_to(short_path / "elsewhere")
    with pytest.raises(StartError, match="is not a folder of this user alone"):
        valkey.start()


def test_server_that_cannot_read_its_data_is_named_with_its_log(short_path: Path) -> None:
    with EmbeddedValkey(short_path) as valkey:
        write_durably(valkey, "k", "v")
    (manifest,) = (short_path / "valkey" / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(StartError, match=r"(?s)^valkey ended with code 1; its log .*/valkey\.log ends with:.*AOF manifest"):
        EmbeddedValkey(short_path).start()


def test_second_server_on_the_folder_is_refused_by_pid(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey_module, "FOLDER_WAIT_SECONDS_MAX", 0.1)
    with EmbeddedValkey(short_path) as valkey:
        with pytest.raises(FolderInUseError, match=f"in use by process {pid_of(valkey)}: stop that process, or choose another"):
            EmbeddedValkey(short_path).start()
        write_durably(valkey, "k", "v")
        assert read(valkey, "k") == "v"


def test_folder_is_locked_until_its_holder_is_gone(tmp_path: Path) -> None:
    """By the holder alone: what it has started does not hold the lock in its place."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        left_behind = psutil.Process(int(holder.stdout.readline()))
        try:
            with pytest.raises(FolderInUseError) as caught:
                FolderLock(tmp_path).acquire()
            assert str(caught.value) == (
                f"the data folder {tmp_path} is in use by process {holder.pid}: "
                "stop that process, or choose another folder with BELOFTE_DATA_DIR"
            )
            holder.kill()
            holder.wait()
            assert left_behind.is_running()
            with FolderLock(tmp_path):
                assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
        finally:
            left_behind.kill()


def test_lock_is_free_after_its_release_and_waited_for_before(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    threading.Timer(0.1, lock.release).start()
    other = FolderLock(tmp_path)
    other.acquire(wait_seconds_max=WAIT_SECONDS_MAX)
    other.release()


def test_killed_server_is_restarted_with_its_data(short_path: Path) -> None:
    valkey = EmbeddedValkey(short_path)
    seen: list[object] = []

    def crash() -> None:
        pid = pid_of(valkey)
        write_durably(valkey, "k", "v")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: valkey.socket_path.exists() and answers_with_another_pid(pid))
        seen.append(read(valkey, "k"))

    def answers_with_another_pid(pid: int) -> bool:
        try:
            return pid_of(valkey) != pid
        except redis.RedisError:
            return False

    def crash_then_stop() -> None:
        try:
            crash()
        finally:
            supervisor.stop()

    def ready(announcements: Announcements) -> None:
        threading.Thread(target=crash_then_stop).start()

    supervisor = Supervisor([valkey.child()], ready)
    assert supervisor.run() == 0
    assert seen == ["v"]


def test_kill_of_its_supervisor_ends_it_and_the_next_takes_over(short_path: Path) -> None:
    valkey = EmbeddedValkey(short_path)
    supervisor = subprocess.Popen([sys.executable, "-c", SERVE, str(short_path)], stdout=subprocess.PIPE, text=True)
    with supervisor:
        try:
            assert supervisor.stdout is not None
            assert any(line == "ready\n" for line in supervisor.stdout)
            write_durably(valkey, "k", "v")
            server = psutil.Process(pid_of(valkey))
        finally:
            supervisor.kill()
    try:
        with valkey:
            assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
            assert read(valkey, "k") == "v"
            assert pid_of(valkey) != server.pid
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.kill()
