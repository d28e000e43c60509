"""What the sidecar tells was on disk before: its system calls, as the kernel saw them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.ledger import crash_sidecar
from tests.sidecars import TestEngine, wait_until
from tests.stores import PARTITION, change
from tests.valkey_server import ValkeyServer
from tests.writes import put

WRITES = 20
CALLS = "pwrite64,fdatasync,fsync,sendto"
_TOLD = re.compile(r"sendto\(.*EVALSHA")
"""Commands of the sidecar that tell what was recorded; only they carry request ids to the store."""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: nobody else sees each call and its end")
def test_each_request_is_told_after_a_sync_of_its_own_transaction(server: ValkeyServer, tmp_path: Path) -> None:
    """Write-ahead log written, synced, and only then told; no telling shares the sync of an earlier one."""
    database, trace = tmp_path / "ledger.db", tmp_path / "trace"
    command = ["strace", "-f", "-y", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(trace)]
    command += [sys.executable, "-m", crash_sidecar.__name__, server.url, f"sqlite:///{database}", PARTITION]
    with (tmp_path / "out").open("wb") as out:
        sidecar = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        with TestEngine(server.url, f"sqlite:///{database}") as engine:
            wait_until(engine.path.catch_up, 60)
            ids = []
            for _ in range(WRITES):
                write = put(change(1))
                engine.path.run([write])
                assert write.reason is None
                ids.append(write.request_id)
    finally:
        # The tracer ends with what it traced.
        for traced in psutil.Process(sidecar.pid).children():
            traced.kill()
        sidecar.wait()
    check(trace.read_text(), f"{database}-wal", ids)


def check(trace: str, wal: str, ids: list[str]) -> None:
    """Each id is first sent once written and synced, with nothing written to the log of the database in between.

    It may be sent again: a store that has not seen the script yet asks for it, and the same command follows.
    """
    is_written = is_synced = False
    told, waiting = [], set()
    for line in trace.splitlines():
        process = line.split()[0]
        if wal in line and "pwrite64(" in line:
            is_written, is_synced = True, False
            waiting.clear()
        elif wal in line and "sync(" in line:
            is_synced = is_written and line.rstrip().endswith("= 0")
            if line.rstrip().endswith("<unfinished ...>"):
                waiting.add(process)
        elif process in waiting and "sync resumed>" in line:
            # Another thread's call came in between: the end stands on a line of its own.
            waiting.discard(process)
            is_synced = is_written and line.rstrip().endswith("= 0")
        elif _TOLD.search(line) and (found := [each for each in ids if each in line and each not in told]):
            assert is_synced, f"told without a sync of its own: {line[:200]}"
            told += found
            is_written = is_synced = False
    assert told == ids
