"""An engine that is killed in the middle of an order over shards: split_killed.py REDIS_URL LEDGER_URL FOLDER WHERE ORDER_ID.

WHERE: `parts` when all are committed, `decision` when all are recorded and before it is committed, `end` when it is recorded.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from engine.inventory.two_phase import DecisionWrite, EndWrite
from tests.service.room import SOURCE, opened
from tests.service.split_room import source_request, split_records
from tests.service.split_writer import RECORD_WAIT_MS, SHARDS


def die(*_: Any) -> None:
    """As by kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(redis_url: str, ledger_url: str, folder: str, where: str, order_id: str) -> None:
    """Ask for one order, and die."""
    settings = {"shards": SHARDS, "record_wait_ms_max": RECORD_WAIT_MS}
    with opened(redis_url, ledger_url, Path(folder), split_records(), **settings) as room:
        two_phase = room.engine._split._two_phase
        hand, fatal = two_phase._hand, {"decision": DecisionWrite, "end": EndWrite}.get(where)
        if fatal is None:
            two_phase.begin = die  # type: ignore[method-assign]
        two_phase._hand = lambda write: die() if fatal is not None and isinstance(write, fatal) else hand(write)
        room.ask(SOURCE, source_request({"bolt": 1, "lamp": 2, "i1": 3}, order_id).SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
