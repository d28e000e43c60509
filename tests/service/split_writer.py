"""One engine's process of the crash test over shards: asks an engine of its own, and notes what was answered.

    split_writer.py REDIS_URL LEDGER_URL PARTITION NOTES SEED

Notes are those of `tests/ledger/crash_writer.py`.
"""

import random
import sys
import time
from pathlib import Path

from belofte.v1 import inventory_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from tests.ledger.crash_writer import REPEAT_SECONDS, Notes
from tests.service.room import ADJUST, RESERVATIONS, SOURCE, opened
from tests.service.split_room import basket, source_request, split_records

BATCH_MAX = 8
SHARDS = 3
ITEMS = ("bolt", "lamp", "i1")
"""One of each shard."""

CAPACITY = 1_000_000
RECORD_WAIT_MS = 1_000
FINAL = {Reason.NO_STOCK, Reason.ORDER_EXISTS, Reason.RESERVATION_EXISTS}
"""Refusals after which the id is not tried again; all others say: try again."""

ANSWERS = {
    "put": inventory_service_pb2.AdjustInventoryResponse, "take": sourcing_service_pb2.SourceOrderResponse,
    "hold": reservation_service_pb2.CreateReservationResponse,
}  # fmt: skip


def drawn(draw: random.Random) -> list[str]:
    """A request in words: of one to three items, and so of as many shards."""
    kind = draw.choices(("put", "take", "hold"), (3, 5, 2))[0]
    return [kind, str(draw.randrange(1, 4)), *draw.sample(ITEMS, draw.randrange(1, 4))]


def call_of(request_id: str, words: list[str]) -> tuple[str, bytes]:
    """The call that the words stand for."""
    kind, quantity, *items = words
    units = dict.fromkeys(items, int(quantity))
    if kind == "put":
        records = [
            types_pb2.InventoryRecord(item_id=item, location_id="ams", quantity=n, kind=types_pb2.INVENTORY_KIND_ADJUST)
            for item, n in units.items()
        ]
        put = inventory_service_pb2.AdjustInventoryRequest(request_id=request_id, records=records)
        return ADJUST, put.SerializeToString()
    if kind == "take":
        return SOURCE, source_request(units, request_id=request_id).SerializeToString()
    hold = reservation_service_pb2.CreateReservationRequest(
        request_id=request_id, reservation_id=f"r-{request_id}", basket=basket(units)
    )
    hold.time_to_live.seconds = 1
    return RESERVATIONS + "CreateReservation", hold.SerializeToString()


def main(redis_url: str, ledger_url: str, partition: str, notes_path: str, seed: str) -> None:
    """Ask until killed."""
    path = Path(notes_path)
    notes, draw = Notes(path), random.Random(f"{seed}-{time.time_ns()}")
    settings = {"shards": SHARDS, "partition": partition, "record_wait_ms_max": RECORD_WAIT_MS}
    with opened(redis_url, ledger_url, path.parent, split_records(capacity=CAPACITY), **settings) as room:
        while True:
            batch = dict(list(notes.open_requests.items())[:BATCH_MAX])
            while len(batch) < BATCH_MAX:
                request_id, words = uuid7(), drawn(draw)
                notes.note("sent", request_id, *words)
                notes.open_requests[request_id] = batch[request_id] = words
            answers = room.ask_all([call_of(request_id, words) for request_id, words in batch.items()])
            for (request_id, words), answer in zip(batch.items(), answers, strict=True):
                if not isinstance(answer, Refusal):
                    notes.note("done", request_id, ANSWERS[words[0]].FromString(answer).position)
                elif answer.reason in FINAL:
                    notes.note("none", request_id, answer.reason)
                else:
                    continue
                del notes.open_requests[request_id]
            if len(notes.open_requests) >= BATCH_MAX:
                time.sleep(REPEAT_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
