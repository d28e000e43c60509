"""A caller that asks for a position: what was lost is told, what may yet come is waited for until the deadline."""

import threading
import time
from pathlib import Path

from belofte.v1 import inventory_service_pb2, types_pb2

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.arena import remove_arena
from engine.service.arena_place import arena_path
from engine.service.desk import Call
from engine.service.engine import Engine
from engine.service.settings import Settings
from tests.network.small_network import small_records
from tests.sidecars import RunningSidecar, wait_until
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

ADJUST = "/belofte.v1.InventoryService/AdjustInventory"
AVAILABILITY = "/belofte.v1.InventoryService/GetAvailability"
ANSWER_SECONDS_MAX = 60.0


class Asked:
    """A call on its way to an answer."""

    def __init__(self, engine: Engine, method: str, message: bytes, wait_ms: int) -> None:
        self.answer: bytes | Refusal | None = None
        self._answered = threading.Event()
        engine._desk.submit(Call(method, message, SystemClock().unix_ms() + wait_ms, self._take))

    def _take(self, answer: bytes | Refusal) -> None:
        self.answer = answer
        self._answered.set()

    @property
    def is_answered(self) -> bool:
        return self._answered.is_set()

    def result(self) -> bytes | Refusal:
        assert self._answered.wait(ANSWER_SECONDS_MAX)
        assert self.answer is not None
        return self.answer


def adjust(engine: Engine, quantity: int) -> str:
    """Put stock there; the position of the record."""
    record = types_pb2.InventoryRecord(
        item_id="bolt", location_id="ams", quantity=quantity, kind=types_pb2.INVENTORY_KIND_ADJUST
    )
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[record])
    answer = Asked(engine, ADJUST, request.SerializeToString(), 30_000).result()
    assert isinstance(answer, bytes), answer
    return inventory_service_pb2.AdjustInventoryResponse.FromString(answer).position


def availability(engine: Engine, min_position: str, wait_ms: int = 30_000) -> Asked:
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=["bolt"], min_position=min_position)
    return Asked(engine, AVAILABILITY, request.SerializeToString(), wait_ms)


def reason_of(asked: Asked) -> Reason | None:
    answer = asked.result()
    return answer.reason if isinstance(answer, Refusal) else None


def next_of(position: str) -> str:
    epoch, sequence = position.split("-")
    return f"{epoch}-{int(sequence) + 1}"


def test_positions_are_waited_for_and_what_was_lost_is_told(tmp_path: Path) -> None:
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    with ValkeyServer() as valkey, RunningSidecar(valkey.url, ledger_url) as sidecar:
        settings = Settings(data_dir=tmp_path, redis_url=valkey.url, ledger_url=ledger_url, partition=PARTITION)
        engine = Engine(settings, valkey.url, small_records(), SystemClock())
        try:
            engine.open(lambda done, rows: None)
            engine._desk.start()
            known = adjust(engine, 5)
            assert reason_of(availability(engine, known)) is None
            assert reason_of(availability(engine, next_of(known))) is Reason.POSITION_LOST
            valkey.kill()
            wait_until(lambda: engine._path.stale)
            assert reason_of(availability(engine, known)) is None, "memory has seen it"
            assert reason_of(availability(engine, next_of(known), wait_ms=300)) is Reason.DEADLINE_EXCEEDED
            waiting = availability(engine, next_of(known))
            time.sleep(0.5)
            assert not waiting.is_answered
            valkey.start()
            sidecar.wait_open(2)
            assert reason_of(waiting) is Reason.POSITION_LOST, "the epoch ended without it"
            later = adjust(engine, 1)
            assert reason_of(availability(engine, later)) is None
            assert reason_of(availability(engine, known)) is None, "of an epoch that has ended, and recorded"
            assert reason_of(availability(engine, next_of(known))) is Reason.POSITION_LOST, "never recorded in that epoch"
        finally:
            engine.close()
            remove_arena(arena_path(tmp_path))
