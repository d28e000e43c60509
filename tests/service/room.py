"""An engine without its front, over a real store and ledger, with a clock that tests move."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from engine.domain.clock import SystemClock
from engine.domain.reasons import Refusal
from engine.inventory.arena import remove_arena
from engine.network.records import NetworkRecords
from engine.service.arena_place import arena_path
from engine.service.desk import Call
from engine.service.engine import Engine
from engine.service.settings import Settings
from tests.sidecars import RunningSidecar
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

SOURCE = "/belofte.v1.SourcingService/SourceOrder"
ADJUST = "/belofte.v1.InventoryService/AdjustInventory"
AVAILABILITY = "/belofte.v1.InventoryService/GetAvailability"
RESERVATIONS = "/belofte.v1.ReservationService/"
ANSWER_SECONDS_MAX = 600.0
"""The first call on a machine compiles the kernels."""


@dataclass
class MovedClock(SystemClock):
    """The machine's clock, some minutes on."""

    ahead_minutes: float = 0

    def unix_ms(self) -> int:
        return super().unix_ms() + round(self.ahead_minutes * 60_000)


@dataclass
class Room:
    """An engine without its front."""

    engine: Engine
    clock: MovedClock
    answers: list[bytes | Refusal] = field(default_factory=list)

    def ask(self, method: str, message: bytes) -> bytes | Refusal:
        """One call, and its answer."""
        self.answers += self.ask_all([(method, message)])
        return self.answers[-1]

    def ask_all(self, calls: Sequence[tuple[str, bytes]]) -> list[bytes | Refusal]:
        """Calls that are on their way together, and the answer to each."""
        answers: dict[int, bytes | Refusal] = {}
        answered = threading.Semaphore(0)

        def note(n: int, value: bytes | Refusal) -> None:
            assert n not in answers, "answered twice"
            answers[n] = value
            answered.release()

        # By the desk: its thread alone may touch the stock.
        self.engine._desk.submit_all([
            Call(method, message, 2**62, partial(note, n)) for n, (method, message) in enumerate(calls)
        ])  # fmt: skip
        for _ in calls:
            assert answered.acquire(timeout=ANSWER_SECONDS_MAX), "nobody answered"
        return [answers[n] for n in range(len(calls))]


@contextmanager
def opened(redis_url: str, ledger_url: str, folder: Path, records: NetworkRecords, **settings: Any) -> Iterator[Room]:
    """A room over a store and a ledger that there are. However much is asked at once, it is not too much."""
    settings.setdefault("wait_ms_max", 300_000)
    settings = {"partition": PARTITION, **settings}
    folder.mkdir(exist_ok=True)
    given = Settings(data_dir=folder, redis_url=redis_url, ledger_url=ledger_url, **settings)
    clock = MovedClock()
    engine = Engine(given, redis_url, records, clock)
    try:
        engine.open(lambda done, rows: None)
        engine._desk.start()
        yield Room(engine, clock)
    finally:
        engine.close()
        remove_arena(arena_path(folder))


@contextmanager
def two_rooms(folder: Path, records: NetworkRecords, **settings: Any) -> Iterator[tuple[Room, Room]]:
    """Two engines over one store and one ledger of their own."""
    ledger_url = f"sqlite:///{folder / 'ledger.sqlite3'}"
    with (
        ValkeyServer() as valkey,
        RunningSidecar(valkey.url, ledger_url),
        opened(valkey.url, ledger_url, folder / "a", records, **settings) as first,
        opened(valkey.url, ledger_url, folder / "b", records, **settings) as second,
    ):
        yield first, second


@contextmanager
def running(folder: Path, records: NetworkRecords) -> Iterator[Room]:
    """A room over a store and a ledger of its own."""
    ledger_url = f"sqlite:///{folder / 'ledger.sqlite3'}"
    with (
        ValkeyServer() as valkey,
        RunningSidecar(valkey.url, ledger_url),
        opened(valkey.url, ledger_url, folder, records) as room,
    ):
        yield room
