"""Rows of a feed that one engine commits and has recorded in a second: AdjustInventory in batches of 1,000, durably."""

import numpy as np
from belofte.v1 import inventory_service_pb2, types_pb2

from benchmarks.running_engine import running_engine
from engine.domain.ids import uuid7
from loaders.large_network import large_network

ADJUST = "/belofte.v1.InventoryService/AdjustInventory"
LOCATIONS, ITEMS = 1_000, 2_000
ROWS, REQUESTS, REQUESTS_FIRST, IN_HAND = 1_000, 60, 10, 4
ROUNDS = 3


def feed_recorded_per_second(seed: int) -> float:
    """The median of several rounds; rows are of random positions, with source and sequence as a feed has them."""
    rng = np.random.default_rng(seed)
    records = large_network(LOCATIONS, ITEMS, 1, seed)
    with running_engine(records, seed, record_wait_ms_max=60_000) as running:
        items = [item.item_id for item in records.items]
        places = [location.location_id for location in records.locations]
        sent = 0
        rates = []
        for count in (REQUESTS_FIRST, *[REQUESTS] * ROUNDS):
            messages = [_message(items, places, sent + n * ROWS, rng) for n in range(count)]
            sent += count * ROWS
            rates.append(count * ROWS / running.seconds(ADJUST, messages, IN_HAND, _rejected))
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


def _rejected(answer: bytes) -> object:
    told = inventory_service_pb2.AdjustInventoryResponse.FromString(answer)
    return next((result for result in told.results if not result.accepted), None) if told.rejected_count else None


if __name__ == "__main__":
    print(feed_recorded_per_second(1))
