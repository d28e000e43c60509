"""The room behind the desk, with a clock of its own: what must hold when time passes between two calls."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from belofte.v1 import inventory_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.service.desk import Call
from engine.service.engine import Engine
from engine.service.settings import Settings
from tests.network.small_network import small_records
from tests.sidecars import RunningSidecar
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

SOURCE = "/belofte.v1.SourcingService/SourceOrder"
ADJUST = "/belofte.v1.InventoryService/AdjustInventory"
ANSWER_SECONDS_MAX = 10.0


@dataclass
class MovedClock(SystemClock):
    """The machine's clock, some minutes on."""

    ahead_minutes: int = 0

    def unix_ms(self) -> int:
        return super().unix_ms() + self.ahead_minutes * 60_000


@dataclass
class Room:
    """An engine without desk and front."""

    engine: Engine
    clock: MovedClock
    answers: list[bytes | Refusal] = field(default_factory=list)

    def ask(self, method: str, message: bytes) -> bytes | Refusal:
        answered = threading.Event()

        def answer(value: bytes | Refusal) -> None:
            self.answers.append(value)
            answered.set()

        self.engine._handlers.decide([Call(method, message, 2**62, answer)])
        assert answered.wait(ANSWER_SECONDS_MAX)
        return self.answers[-1]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    with ValkeyServer() as valkey, RunningSidecar(valkey.url, ledger_url):
        settings = Settings(data_dir=tmp_path, redis_url=valkey.url, ledger_url=ledger_url, partition=PARTITION)
        clock = MovedClock()
        engine = Engine(settings, valkey.url, small_records(), clock)
        try:
            assert engine.open(lambda done, rows: None)
            engine._desk.start()
            yield Room(engine, clock)
        finally:
            engine.close()


def stocked(room: Room, quantity: int) -> None:
    record = types_pb2.InventoryRecord(
        item_id="bolt", location_id="ams", quantity=quantity, kind=types_pb2.INVENTORY_KIND_ON_HAND
    )
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[record])
    assert isinstance(room.ask(ADJUST, request.SerializeToString()), bytes)


def order(request_id: str, latest_unix_seconds: int, quantity: int = 1) -> bytes:
    line = types_pb2.BasketLine(
        line_id="1", item_id="bolt", quantity=quantity, latest_date=Timestamp(seconds=latest_unix_seconds)
    )
    basket = types_pb2.Basket(lines=[line], destination=types_pb2.Destination(country_code="NL", postal_code="1012"))
    request = sourcing_service_pb2.SourceOrderRequest(
        request_id=request_id, order=types_pb2.Order(order_id="A-1", basket=basket)
    )
    return request.SerializeToString()


def test_an_order_repeated_after_its_latest_date_gets_its_recorded_answer(room: Room) -> None:
    """Ten days of room when it was asked; eleven days later it could not be asked any more, and is answered all the same."""
    stocked(room, 5)
    message = order(uuid7(), room.clock.unix_ms() // 1000 + 10 * 86_400)
    first = room.ask(SOURCE, message)
    assert isinstance(first, bytes)
    room.clock.ahead_minutes = 11 * 1_440
    again = sourcing_service_pb2.SourceOrderResponse.FromString(bytes(room.ask(SOURCE, message)))  # type: ignore[arg-type]
    assert again.duplicate
    again.duplicate = False
    assert again == sourcing_service_pb2.SourceOrderResponse.FromString(first)


def test_an_order_that_was_never_recorded_is_refused_for_its_latest_date(room: Room) -> None:
    refusal = room.ask(SOURCE, order(uuid7(), room.clock.unix_ms() // 1000 - 3_600))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.INVALID_FIELD
    assert [v.field for v in refusal.violations] == ["order.basket.lines[0].latest_date"]
