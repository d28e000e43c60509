"""`server.py audit` against a running server: clean, and after a hand was laid on its store, or on its engine's memory."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from engine.inventory.arena import _mapped
from engine.service.arena_place import arena_path
from engine.service.audit import memory_of
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
        assert done.returncode == 0 and "Ledger, store and memory are equal" in done.stdout
        clean = report(server)
        assert clean["clean"] and clean["ledger_digest"] == clean["store_digest"] and clean["entries"] >= 4
        memory = clean["memory"]
        assert memory["reason"] == "" and memory["positions"] > 0 and memory["digest"] == memory["ledger_digest"]
        (socket,) = (folder / "data").rglob("*.sock")
        with redis.Redis(unix_socket_path=str(socket)) as client:
            (key,) = client.keys(f"*demand:{item}:0")
            client.hset(key, "A", 0)
        done = audited(server)
        assert done.returncode == 1 and f"demand:{item}:0" in done.stdout
        (wrong,) = report(server)["differences"]
        # The engine may have found it by itself, and have loaded what the store has.
        assert wrong.pop("memory") in (None, "")
        assert wrong == {"key": f"demand:{item}:0", "field": "A", "ledger": "5", "store": "0"}


def test_server_that_sells_is_clean_until_a_hand_is_laid_on_its_memory(folder: Path) -> None:
    with Server(folder, warm_up="short") as server:
        item = stocked(server, A=100_000, B=7)
        stop = threading.Event()

        def sell() -> None:
            while not stop.is_set():
                source(server, (item, 1))

        sellers = [threading.Thread(target=sell) for _ in range(4)]
        for each in sellers:
            each.start()
        try:
            reports = [report(server) for _ in range(3)]
        finally:
            stop.set()
            for each in sellers:
                each.join()
        for found in reports:
            assert found["clean"] and found["memory"]["reason"] == "", found
            assert found["memory"]["digest"] == found["memory"]["ledger_digest"]
        positions = {found["memory"]["position"] for found in reports}
        assert len(positions) == 3, "it sold meanwhile"
        with planted(folder, item):
            done = audited(server)
            wrong = report(server)["differences"]
        assert done.returncode == 1 and f"supply:{item}:0" in done.stdout
        assert {"key": f"supply:{item}:0", "field": "B", "ledger": "7", "store": None, "memory": "8"} in wrong


@contextmanager
def planted(folder: Path, item_id: str) -> Iterator[None]:
    """A unit more than an item's 7 at B in the engine's memory, again and again: it loads anew when it finds that."""
    ledger = folder / "data" / "ledger.sqlite3"
    memory = memory_of(folder / "data", f"sqlite:///{ledger}")
    assert memory is not None
    item, stop = list(memory.ids(range(memory.item_count))).index(item_id), threading.Event()

    def plant() -> None:
        while not stop.is_set():
            arena = _mapped(arena_path(folder / "data"), writable=True)
            if arena is not None:
                row = slice(arena.row_start[item], arena.row_start[item] + arena.row_count[item])
                arena.supply[row][arena.supply[row] == 7] = 8
            time.sleep(0.002)

    planter = threading.Thread(target=plant)
    planter.start()
    try:
        yield
    finally:
        stop.set()
        planter.join()


def test_stopped_server_is_told_from_a_wrong_one(folder: Path) -> None:
    done = audited(Server(folder))
    assert done.returncode == 1 and "cannot be reached" in done.stderr and "Traceback" not in done.stderr
