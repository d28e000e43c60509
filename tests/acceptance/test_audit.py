"""`server.py audit` against a running server: clean, and after a hand was laid on its store."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import redis

from tests.acceptance.asking import source, stocked
from tests.acceptance.server import ROOT, Server
from tests.acceptance.test_reservations import hold

COMMAND_SECONDS_MAX = 120.0


def audited(server: Server, *options: str, shards: str = "1") -> "subprocess.CompletedProcess[str]":
    variables = {name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_")}
    variables["BELOFTE_SHARDS"] = shards
    command = [sys.executable, str(ROOT / "server.py"), "audit", "--data-dir", str(server.folder / "data"), *options]
    return subprocess.run(
        command, env=variables, cwd=server.folder, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX
    )  # fmt: skip


def report(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(audited(server, "--json").stdout)
    return found


def test_running_server_is_clean_until_a_hand_is_laid_on_its_store(folder: Path) -> None:
    with Server(folder, warm_up="short") as server:
        item = stocked(server, A=9)
        source(server, (item, 2))
        hold(server, (item, 3))
        done = audited(server)
        assert done.returncode == 0 and "equal" in done.stdout
        clean = report(server)
        assert clean["clean"] and clean["ledger_digest"] == clean["store_digest"] and clean["entries"] >= 4
        (socket,) = (folder / "data").rglob("*.sock")
        with redis.Redis(unix_socket_path=str(socket)) as client:
            (key,) = client.keys(f"*demand:{item}:0")
            client.hset(key, "A", 0)
        done = audited(server)
        assert done.returncode == 1 and f"demand:{item}:0" in done.stdout
        wrong = report(server)
        assert wrong["differences"] == [{"key": f"demand:{item}:0", "field": "A", "ledger": "5", "store": "0"}]


def test_stopped_server_is_told_from_a_wrong_one(folder: Path) -> None:
    done = audited(Server(folder))
    assert done.returncode == 1 and "cannot be reached" in done.stderr and "Traceback" not in done.stderr
