"""Rows of a feed that one engine commits and has recorded in a second: AdjustInventory in batches of 1,000, durably.

And with poison among them: of each batch one row in a hundred is of an item or a location that there is not, of a quantity
below zero or beyond what is counted, or of no kind. What is counted then is the healthy rows.
"""

from typing import NamedTuple

import numpy as np
from belofte.v1 import inventory_service_pb2, types_pb2

from benchmarks.running_engine import running_engine
from engine.domain.ids import uuid7
from loaders.large_network import large_network

ADJUST = "/belofte.v1.InventoryService/AdjustInventory"
LOCATIONS, ITEMS = 1_000, 2_000
ROWS, REQUESTS, REQUESTS_FIRST, IN_HAND = 1_000, 60, 10, 4
ROUNDS = 3
POISONED = 10
"""Rows of a batch that are refused."""

POISON: tuple[dict[str, object], ...] = (
    {"item_id": "nowhere-known"}, {"location_id": "nowhere-known"}, {"quantity": 2**62}, {"item_id": ""}, {"location_id": ""},
)  # fmt: skip


class FeedRates(NamedTuple):
    """Rows a second, medians. `poisoned_share`: of healthy rows among poison, ÷ of a feed without it, by rounds in turn."""

    recorded: float
    poisoned_share: float


def feed_rates(seed: int) -> FeedRates:
    """By several rounds; rows are of random positions, with source and sequence as a feed has them."""
    rng = np.random.default_rng(seed)
    records = large_network(LOCATIONS, ITEMS, 1, seed)
    with running_engine(records, seed, record_wait_ms_max=60_000) as running:
        items = [item.item_id for item in records.items]
        places = [location.location_id for location in records.locations]
        sent = 0

        def rate(count: int, poisoned: int) -> float:
            nonlocal sent
            messages = [_message(items, places, sent + n * ROWS, rng, poisoned) for n in range(count)]
            sent += count * ROWS
            seconds = running.seconds(ADJUST, messages, IN_HAND, lambda answer: _wrong(answer, poisoned))
            return count * (ROWS - poisoned) / seconds

        for poisoned in (0, POISONED):
            rate(REQUESTS_FIRST, poisoned)
        rounds = [(rate(REQUESTS, 0), rate(REQUESTS, POISONED)) for _ in range(ROUNDS)]
    return FeedRates(
        sorted(clean for clean, _ in rounds)[ROUNDS // 2], sorted(among / clean for clean, among in rounds)[ROUNDS // 2]
    )


def _message(items: list[str], places: list[str], sent: int, rng: np.random.Generator, poisoned: int) -> bytes:
    chosen = zip(rng.integers(0, len(items), ROWS).tolist(), rng.integers(0, len(places), ROWS).tolist(), strict=True)
    records = [
        types_pb2.InventoryRecord(
            item_id=items[item], location_id=places[place], quantity=sent % 100 + n % 50, source="erp", sequence=sent + n,
            kind=types_pb2.INVENTORY_KIND_ON_HAND,
        )
        for n, (item, place) in enumerate(chosen, 1)
    ]  # fmt: skip
    for n in range(poisoned):
        row = records[n * ROWS // poisoned + 7]
        for name, value in POISON[n % len(POISON)].items():
            setattr(row, name, value)
    return inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=records).SerializeToString()


def _wrong(answer: bytes, poisoned: int) -> object:
    """What is not as it must be: each row is taken but those, which are named."""
    told = inventory_service_pb2.AdjustInventoryResponse.FromString(answer)
    if told.rejected_count == poisoned:
        return None
    return next((result for result in told.results if not result.accepted), f"{told.rejected_count} rows were refused")


if __name__ == "__main__":
    print(feed_rates(1))
