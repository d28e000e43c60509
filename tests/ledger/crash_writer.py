"""One engine's process of the crash test: commits through the write path and notes what was acknowledged.

    crash_writer.py REDIS_URL LEDGER_URL NOTES SEED

Notes, one line each, written through at once: `sent ID KIND …` before a request is tried, `done ID POSITION` when it was
acknowledged, `none ID REASON` when it was refused for good. What was sent by a process that was killed is sent again
by the next one, under the same id.
"""

import os
import random
import sys
import time
from pathlib import Path

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason
from engine.inventory.write_path import Recorded
from tests.sidecars import TestEngine
from tests.stores import ITEMS, LOCATIONS, change
from tests.writes import Put, Take

BATCH_MAX = 8
REPEAT_SECONDS = 0.05
CAPACITY_MAX = 400
FINAL = {Reason.NO_STOCK, Reason.ORDER_EXISTS}
"""Refusals after which the id is not tried again; all others say: try again."""


class Notes:
    """What this writer and those before it know."""

    def __init__(self, path: Path) -> None:
        self.open_requests: dict[str, list[str]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                what, request_id, *rest = line.split()
                if what == "sent":
                    self.open_requests[request_id] = rest
                else:
                    self.open_requests.pop(request_id, None)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, *words: str) -> None:
        os.write(self._fd, (" ".join(words) + "\n").encode())


def drawn(draw: random.Random) -> list[str]:
    """A request in words: few units of few positions, so that everybody wants the same."""
    if draw.random() < 0.25:
        return ["put", draw.choice(ITEMS), draw.choice(LOCATIONS), str(draw.randrange(1, 6))]
    return ["take", draw.choice(ITEMS), draw.choice(LOCATIONS), str(draw.randrange(1, 3))]


def write_of(request_id: str, words: list[str]) -> Take:
    """The write that the words stand for."""
    kind, item, first, quantity = words
    if kind == "put":
        return Put(request_id=request_id, cells=(change(int(quantity), item=item, location=first),))
    locations = (first, *(name for name in LOCATIONS if name != first))
    return Take(
        int(quantity), item, locations, CAPACITY_MAX, order_id=f"order-{request_id}", request_id=request_id
    )  # fmt: skip


def main(redis_url: str, ledger_url: str, notes_path: str, seed: str) -> None:
    """Write until killed."""
    notes, draw = Notes(Path(notes_path)), random.Random(f"{seed}-{os.getpid()}")
    with TestEngine(redis_url, ledger_url, record_wait_ms_max=2_000) as engine:
        print("ready", flush=True)
        while True:
            batch = dict(list(notes.open_requests.items())[:BATCH_MAX])
            while len(batch) < BATCH_MAX:
                request_id, words = uuid7(), drawn(draw)
                notes.note("sent", request_id, *words)
                notes.open_requests[request_id] = batch[request_id] = words
            writes = [write_of(request_id, words) for request_id, words in batch.items()]
            engine.path.catch_up()
            engine.path.run(writes)
            for write in writes:
                outcome = write.outcome
                if isinstance(outcome, Recorded):
                    notes.note("done", write.request_id, outcome.position)
                elif outcome.reason in FINAL:
                    notes.note("none", write.request_id, outcome.reason)
                else:
                    continue
                del notes.open_requests[write.request_id]
            if len(notes.open_requests) >= BATCH_MAX:
                time.sleep(REPEAT_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
