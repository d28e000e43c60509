"""One engine's process of the crash test of reservations: asks an engine of its own, and notes what was answered.

    hold_writer.py REDIS_URL LEDGER_URL NOTES SEED

Notes are those of `tests/ledger/crash_writer.py`. All writers speak of the same few reservations, which last a few seconds.
"""

import random
import sys
import time
from pathlib import Path

from belofte.v1 import inventory_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.duration_pb2 import Duration

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from tests.ledger.crash_writer import REPEAT_SECONDS, Notes
from tests.network.small_network import small_records
from tests.service.room import ADJUST, RESERVATIONS, SOURCE, opened

BATCH_MAX = 8
ITEMS, LOCATIONS = ("bolt", "lamp"), ("ams", "ehv")
NAMES_A_SECOND = 2
"""Ids that reservations take turns with; each is spoken of for a few seconds."""

LIFE_MS = 200, 3_000
FINAL = {
    Reason.NO_STOCK, Reason.WRONG_STATE, Reason.UNKNOWN_RESERVATION, Reason.RESERVATION_EXISTS, Reason.ORDER_EXISTS,
}  # fmt: skip
"""Refusals after which the id is not tried again; all others say: try again."""

ANSWERS = {
    "put": inventory_service_pb2.AdjustInventoryResponse, "take": sourcing_service_pb2.SourceOrderResponse,
    "hold": reservation_service_pb2.CreateReservationResponse, "extend": reservation_service_pb2.ExtendReservationResponse,
    "free": reservation_service_pb2.ReleaseReservationResponse, "confirm": reservation_service_pb2.ConfirmReservationResponse,
}  # fmt: skip


def drawn(draw: random.Random) -> list[str]:
    """A request in words."""
    kind = draw.choices(("put", "take", "hold", "extend", "free", "confirm"), (2, 1, 5, 2, 3, 3))[0]
    if kind in ("put", "take"):
        return [kind, draw.choice(ITEMS), draw.choice(LOCATIONS), str(draw.randrange(1, 4))]
    name = f"r-{int(time.time() * NAMES_A_SECOND) - draw.randrange(3 * NAMES_A_SECOND)}"
    if kind == "hold":
        if draw.random() < 0.25:
            # Nobody else speaks of this one: it has to expire.
            name = f"own-{uuid7()}"
        scope = draw.choice(("LOCATION", "LOCATION", "NETWORK"))
        return [kind, name, draw.choice(ITEMS), str(draw.randrange(1, 4)), str(draw.randrange(*LIFE_MS)), scope]
    if kind == "extend":
        return [kind, name, str(draw.randrange(*LIFE_MS))]
    return [kind, name, str(draw.randrange(3))] if kind == "free" else [kind, name]


def call_of(request_id: str, words: list[str]) -> tuple[str, bytes]:
    """The call that the words stand for."""
    kind, name, *rest = words
    if kind == "put":
        record = types_pb2.InventoryRecord(
            item_id=name, location_id=rest[0], quantity=int(rest[1]), kind=types_pb2.INVENTORY_KIND_ADJUST
        )
        return ADJUST, inventory_service_pb2.AdjustInventoryRequest(request_id=request_id, records=[record]).SerializeToString()
    if kind == "take":
        order = types_pb2.Order(order_id=f"order-{request_id}", basket=basket(name, int(rest[1])))
        return SOURCE, sourcing_service_pb2.SourceOrderRequest(request_id=request_id, order=order).SerializeToString()
    about = {"request_id": request_id, "reservation_id": name}
    if kind == "hold":
        request = reservation_service_pb2.CreateReservationRequest(
            **about, basket=basket(rest[0], int(rest[1])), time_to_live=duration(int(rest[2])),
            scope=f"RESERVATION_SCOPE_{rest[3]}",
        )  # fmt: skip
        return RESERVATIONS + "CreateReservation", request.SerializeToString()
    if kind == "extend":
        extended = reservation_service_pb2.ExtendReservationRequest(**about, time_to_live=duration(int(rest[0])))
        return RESERVATIONS + "ExtendReservation", extended.SerializeToString()
    if kind == "free":
        # 0: all of it.
        part = reservation_service_pb2.ReservationLineQuantity(line_id="1", quantity=int(rest[0]))
        freed = reservation_service_pb2.ReleaseReservationRequest(**about, lines=[part] if int(rest[0]) else [])
        return RESERVATIONS + "ReleaseReservation", freed.SerializeToString()
    made = types_pb2.Order(order_id=f"order-{request_id}")
    confirmed = reservation_service_pb2.ConfirmReservationRequest(**about, order=made)
    return RESERVATIONS + "ConfirmReservation", confirmed.SerializeToString()


def basket(item: str, quantity: int) -> types_pb2.Basket:
    line = types_pb2.BasketLine(line_id="1", item_id=item, quantity=quantity)
    return types_pb2.Basket(lines=[line], destination=types_pb2.Destination(country_code="NL", postal_code="1012"))


def duration(milliseconds: int) -> Duration:
    made = Duration()
    made.FromMilliseconds(milliseconds)
    return made


def main(redis_url: str, ledger_url: str, notes_path: str, seed: str) -> None:
    """Ask until killed."""
    path = Path(notes_path)
    notes, draw = Notes(path), random.Random(f"{seed}-{time.time_ns()}")
    with opened(redis_url, ledger_url, path.parent, small_records(), record_wait_ms_max=2_000) as room:
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
