"""kill -9 of writers, sidecar and Valkey under load: nothing acknowledged is lost, sold twice or done twice.

`BELOFTE_CRASH_CYCLES` and `BELOFTE_CRASH_SEED` repeat what was found elsewhere.
"""

import os
import random
import time
from pathlib import Path

import pytest

from engine.ledger.sidecar import RETRY_SECONDS
from tests.ledger import crash_writer
from tests.ledger.conftest import Database
from tests.ledger.landscape import Landscape, check_history, check_store, writers
from tests.sidecars import wait_until
from tests.stores import LOCATIONS, contents, empty_stock, stock_of, stock_store
from tests.valkey_server import ValkeyServer

CYCLES = int(os.environ.get("BELOFTE_CRASH_CYCLES", "6"))
CYCLES_LONG = 50
SEED = int(os.environ.get("BELOFTE_CRASH_SEED", "1"))
CYCLE_SECONDS = 0.5, 1.5
VICTIMS = ("writer-0", "torn", "sidecar", "writer-1 valkey", "sidecar torn", "writer-0 sidecar")
"""Who is killed in one cycle. `torn` is Valkey too, whose file has lost its end when it is started again."""


@pytest.mark.parametrize(
    ("cycles", "seed"),
    [(CYCLES, SEED), pytest.param(CYCLES_LONG, SEED + 1, marks=[pytest.mark.long, pytest.mark.timeout(900)])],
)
def test_nothing_acknowledged_is_lost_or_done_twice(
    server: ValkeyServer, database: Database, tmp_path: Path, cycles: int, seed: int
) -> None:
    draw = random.Random(seed)
    if database.url.startswith("postgresql"):
        cycles = -(-cycles // 3)  # what is killed knows nothing of the database
    landscape = Landscape(server, database.url, tmp_path, seed)
    try:
        for name in ("sidecar", *writers()):
            landscape.start(name)
        wait_until(lambda: landscape.done() > 20, 60)
        order = [VICTIMS[i % len(VICTIMS)] for i in range(cycles)]
        draw.shuffle(order)
        for victims in order:
            time.sleep(draw.uniform(*CYCLE_SECONDS))
            for name in victims.split():
                landscape.kill(name, draw)
            time.sleep(draw.choice((0, 0, RETRY_SECONDS)))
            for name in victims.split():
                landscape.start(name)
            before = landscape.done()
            wait_until(lambda before=before: landscape.done() > before + 10, 30)
        for name in writers():
            landscape.kill(name, draw)
        time.sleep(0.5)
        landscape.kill("sidecar", draw)
    finally:
        landscape.end()
    check(server, landscape)


def check(server: ValkeyServer, landscape: Landscape) -> None:
    """Every promise, from the notes of the writers, the ledger, the store and a fresh copy in memory."""
    replayed = check_history(server.url, landscape)
    assert {each.request_id for each in replayed} <= landscape.noted("sent").keys()
    stock = empty_stock()
    check_store(server, replayed, stock, crash_writer.CAPACITY_MAX)
    store = stock_store(server.url, locations=LOCATIONS)
    assert contents(stock_of(store.load())) == contents(stock)
    store.close()
