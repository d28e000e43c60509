"""Rows of a feed that one engine commits and has recorded in a second: AdjustInventory in batches of 1,000, durably."""

import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from belofte.v1 import inventory_service_pb2, types_pb2

from benchmarks.bench_commit import sidecar
from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.service.desk import Call
from engine.service.engine import Engine
from engine.service.garbage import spare_what_stays
from engine.service.settings import Settings
from engine.service.valkey import EmbeddedValkey
from loaders.large_network import large_network
from loaders.write import write_folder

ADJUST = "/belofte.v1.InventoryService/AdjustInventory"
LOCATIONS, ITEMS = 1_000, 2_000
ROWS, REQUESTS, REQUESTS_FIRST, IN_HAND = 1_000, 60, 10, 4
ROUNDS = 3


def feed_recorded_per_second(seed: int) -> float:
    """The median of several rounds; rows are of random positions, with source and sequence as a feed has them."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="bf", dir="/tmp") as folder, EmbeddedValkey(Path(folder)) as valkey:
        write_folder(large_network(LOCATIONS, 10, 10, seed), Path(folder) / "network")
        settings = Settings(
            data_dir=Path(folder), network=Path(folder) / "network", redis_url=valkey.url, partition="bench",
            record_wait_ms_max=60_000,
        )  # fmt: skip
        records = large_network(LOCATIONS, ITEMS, 1, seed)
        with sidecar(settings):
            engine = Engine(settings, valkey.url, records, SystemClock())
            try:
                engine.open(lambda done, rows: None)
                spare_what_stays()
                engine._desk.start()
                items = [item.item_id for item in records.items]
                places = [location.location_id for location in records.locations]
                sent = 0
                rates = []
                for count in (REQUESTS_FIRST, *[REQUESTS] * ROUNDS):
                    messages = [_message(items, places, sent + n * ROWS, rng) for n in range(count)]
                    sent += count * ROWS
                    rates.append(count * ROWS / _seconds(engine, messages))
            finally:
                engine.close()
    return sorted(rates[1:])[ROUNDS // 2]


def _message(items: list[str], places: list[str], sent: int, rng: np.random.Generator) -> bytes:
    chosen = zip(rng.integers(0, len(items), ROWS).tolist(), rng.integers(0, len(places), ROWS).tolist(), strict=True)
    records = [
        types_pb2.InventoryRecord(
            item_id=items[item], location_id=places[place], quantity=sent % 100 + n % 50, source="erp", sequence=sent + n,
            kind=types_pb2.INVENTORY_KIND_ON_HAND,
        )
        for n, (item, place) in enumerate(chosen, 1)
    ]  # fmt: skip
    return inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=records).SerializeToString()


def _seconds(engine: Engine, messages: list[bytes]) -> float:
    room, done = threading.Semaphore(IN_HAND), threading.Semaphore(0)
    wrong: list[object] = []

    def answer(value: bytes | Refusal) -> None:
        if isinstance(value, Refusal):
            wrong.append(value)
        elif (told := inventory_service_pb2.AdjustInventoryResponse.FromString(value)).rejected_count:
            wrong.append(next(result for result in told.results if not result.accepted))
        room.release()
        done.release()

    started = time.perf_counter()
    for message in messages:
        room.acquire()
        engine._desk.submit(Call(ADJUST, message, 2**62, answer))
    for _ in messages:
        done.acquire()
    assert not wrong, wrong[0]
    return time.perf_counter() - started


if __name__ == "__main__":
    print(feed_recorded_per_second(1))
