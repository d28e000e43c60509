"""One engine in this process, without a front. Valkey and the ledger sidecar are processes of their own, as in a server."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.domain.clock import SystemClock
from engine.domain.reasons import Refusal
from engine.inventory.arena import remove_arena
from engine.network.records import NetworkRecords
from engine.service.arena_place import arena_path
from engine.service.desk import Call
from engine.service.engine import Engine
from engine.service.garbage import spare_what_stays
from engine.service.logs import configure_logs
from engine.service.settings import Settings
from engine.service.valkey import EmbeddedValkey
from loaders.large_network import large_network
from loaders.write import write_folder

PARTITION = "bench"
READY_SECONDS_MAX = 60.0

FIRST_IN_HAND = 256
TOGETHER_MAX = 64
"""Calls that a front hands over together at the most."""


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """An engine that is open, and the store that it commits to."""

    engine: Engine
    valkey_url: str

    def seconds(
        self, method: str, messages: Sequence[bytes], in_hand: int, wrong_in: Callable[[bytes], object] = lambda answer: None
    ) -> float:
        """Until every call was answered, at most `in_hand` of them at once; none may be refused, or have `wrong_in` it."""
        # Until it is known how long calls take, few may wait.
        first = min(in_hand, FIRST_IN_HAND)
        room, done = threading.Semaphore(first), threading.Semaphore(0)
        wrong: list[object] = []

        def answer(value: bytes | Refusal) -> None:
            if (found := value if isinstance(value, Refusal) else wrong_in(value)) is not None:
                wrong.append(found)
            room.release()
            done.release()

        started, at = time.perf_counter(), 0
        while at < len(messages):
            # As a front does: what has come meanwhile is handed over together.
            room.acquire()
            count = 1
            while count < min(TOGETHER_MAX, len(messages) - at) and room.acquire(blocking=False):
                count += 1
            self.engine._desk.submit_all([Call(method, message, 2**62, answer) for message in messages[at : at + count]])
            if at <= first < at + count and in_hand > first:
                room.release(in_hand - first)
            at += count
        for _ in messages:
            done.acquire()
        seconds = time.perf_counter() - started
        assert not wrong, wrong[0]
        return seconds


@contextmanager
def running_engine(records: NetworkRecords, seed: int, **limits: Any) -> Iterator[RunningEngine]:
    """Serve a network, under `limits` of the settings. Only errors are logged: who is told of every call measures that."""
    configure_logs("error", "json", "engine")
    with tempfile.TemporaryDirectory(prefix="be", dir="/tmp") as folder, EmbeddedValkey(Path(folder)) as valkey:
        network = Path(folder) / "network"
        # The sidecar asks the network for the number of its locations, and for nothing else.
        write_folder(large_network(len(records.locations), 10, 10, seed), network)
        settings = Settings(
            data_dir=Path(folder), network=network, redis_url=valkey.url, partition=PARTITION, wait_ms_max=300_000, **limits
        )  # fmt: skip
        with _sidecar(settings):
            engine = Engine(settings, valkey.url, records, SystemClock())
            try:
                engine.open(lambda done, rows: None)
                spare_what_stays()
                engine._desk.start()
                yield RunningEngine(engine, valkey.url)
            finally:
                engine.close()
                remove_arena(arena_path(settings.data_dir))


@contextmanager
def _sidecar(settings: Settings) -> Iterator[None]:
    names = ("redis_url", "data_dir", "partition", "network")
    variables = {f"BELOFTE_{name.upper()}": str(getattr(settings, name)) for name in names}
    environment = {**os.environ, **variables, "BELOFTE_LOG_LEVEL": "error"}
    command = [sys.executable, str(Path(__file__).parent.parent / "server.py"), "ledger"]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(READY_SECONDS_MAX)
