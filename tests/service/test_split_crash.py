"""kill -9 over three shards on three nodes of a cluster: afterwards each hold is confirmed with its order, or given back.

`BELOFTE_CRASH_CYCLES` and `BELOFTE_CRASH_SEED` repeat what was found elsewhere.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2
from sqlalchemy import select

from engine.inventory.effects import effects_in
from engine.inventory.parts import END_PART, HOLD_PART, Decision
from engine.inventory.shards import Shards
from engine.inventory.transaction import CALLER_MARK
from engine.ledger.database import open_database
from engine.ledger.recorder import replay
from engine.ledger.sidecar import RETRY_SECONDS
from engine.ledger.tables import decisions, entries
from tests.cluster import NODES, Cluster
from tests.ledger import crash_sidecar
from tests.ledger.landscape import Landscape, writers
from tests.service import split_killed, split_writer
from tests.service.room import opened
from tests.service.split_room import SplitRoom, sidecars, split_records
from tests.service.split_writer import CAPACITY, ITEMS, RECORD_WAIT_MS, SHARDS
from tests.service.test_split_orders import ended, methods
from tests.sidecars import wait_until
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

CYCLES = int(os.environ.get("BELOFTE_CRASH_CYCLES", "3"))
CYCLES_LONG = 50
SEED = int(os.environ.get("BELOFTE_CRASH_SEED", "1"))
CYCLE_SECONDS = 0.5, 2.0
START_SECONDS_MAX = 1_400.0
"""The first start on a machine compiles the kernels."""

BACK_SECONDS_MAX = 90.0
VICTIMS = (
    "writer-0",
    "node-1 sidecar-2",
    "sidecar-0",
    "node-0",
    "writer-1 node-2",
    "sidecar-1 sidecar-2",
    "writer-0 sidecar-1",
)
SPLIT = Shards(SHARDS)


class SplitLandscape(Landscape):
    """Writers, a sidecar a shard, and the nodes of a cluster."""

    def __init__(self, cluster: Cluster, partition: str, ledger_url: str, folder: Path, seed: int) -> None:
        super().__init__(None, ledger_url, folder, seed)  # type: ignore[arg-type]
        self.cluster, self.partition = cluster, partition

    def start(self, name: str) -> None:
        kind, _, number = name.partition("-")
        if kind == "node":
            self.cluster.start(int(number))
            return
        # Any node leads to the one that has the shard.
        url = self.cluster.url(int(number) % NODES)
        if kind == "sidecar":
            arguments = [crash_sidecar.__name__, url, self.ledger_url, self.partition, number, str(SHARDS)]
        else:
            notes = self.folder / f"{name}.notes"
            arguments = [split_writer.__name__, url, self.ledger_url, self.partition, str(notes), str(self.seed)]
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", *arguments]
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self, name: str, draw: random.Random) -> None:
        if name.startswith("node"):
            self.cluster.kill(int(name[-1]))
        else:
            super().kill(name, draw)


def partition_over(cluster: Cluster) -> str:
    """A partition whose shards lie on different nodes."""
    names = (f"split{n}" for n in range(1_000))
    return next(name for name in names if len({cluster.owner(SPLIT.partition(name, s)) for s in range(SHARDS)}) == NODES)


@pytest.mark.parametrize(
    ("cycles", "seed"),
    [(CYCLES, SEED), pytest.param(CYCLES_LONG, SEED + 1, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])],
)
def test_each_hold_is_confirmed_or_given_back(tmp_path: Path, cycles: int, seed: int) -> None:
    draw = random.Random(seed)
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    with Cluster() as cluster:
        partition = partition_over(cluster)
        landscape = SplitLandscape(cluster, partition, ledger_url, tmp_path, seed)
        try:
            for name in (*(f"sidecar-{shard}" for shard in range(SHARDS)), *writers()):
                landscape.start(name)
            wait_until(lambda: landscape.done() > 40, START_SECONDS_MAX)
            for n in range(cycles):
                time.sleep(draw.uniform(*CYCLE_SECONDS))
                victims = VICTIMS[n % len(VICTIMS)].split()
                for name in victims:
                    landscape.kill(name, draw)
                time.sleep(draw.choice((0, 0, RETRY_SECONDS)))
                for name in victims:
                    landscape.start(name)
                before = landscape.done()
                wait_until(lambda before=before: landscape.done() > before + 30, BACK_SECONDS_MAX)
            for name in writers():
                landscape.kill(name, draw)
        finally:
            landscape.end()
        assert "a fault" not in landscape.log_text() and "the desk failed" not in landscape.log_text()
        with room_after(cluster.url(0), ledger_url, tmp_path, partition) as room:
            wait_until(lambda: ended(room) and not len(room.room.engine._path.stock.holds), BACK_SECONDS_MAX)
            room.audit()
            check(room, landscape)


@contextmanager
def room_after(url: str, ledger_url: str, folder: Path, partition: str = PARTITION) -> Iterator[SplitRoom]:
    """An engine and sidecars after all others are gone."""
    settings = {"shards": SHARDS, "partition": partition, "record_wait_ms_max": RECORD_WAIT_MS}
    with (
        sidecars(url, ledger_url, SPLIT, partition),
        opened(url, ledger_url, folder, split_records(capacity=CAPACITY), **settings) as room,
    ):
        yield SplitRoom(room, SPLIT, url, ledger_url, partition)


def check(room: SplitRoom, landscape: SplitLandscape) -> None:
    """What was answered is recorded; what orders have is what is taken, unit by unit; nothing was oversold at any time."""
    database = open_database(room.ledger_url)
    ordered: Counter[str] = Counter()
    ids: list[str] = []
    with database.connect() as connection:
        for row in connection.execute(select(entries.c.request_id, entries.c.order_id, entries.c.entry)):
            ids.append(row.request_id)
            message = ledger_entry_pb2.LedgerEntry.FromString(bytes(row.entry))
            if message.method == "SourceOrder" and row.order_id:
                plan = sourcing_service_pb2.SourceOrderResponse.FromString(message.response).plan
                for shipment in plan.shipments:
                    ordered.update({line.item_id: line.quantity for line in shipment.lines})
        decided = Counter(row.decision for row in connection.execute(select(decisions.c.decision)))
    assert decided[Decision.CONFIRMED] > 20
    lost = landscape.noted("done").keys() - set(ids)
    assert not lost, "acknowledged, and not in the ledger"
    assert not landscape.noted("none").keys() & set(ids), "refused for good, and done"
    assert len(ids) == len(set(ids))
    assert {item: promised for item, (_, promised) in room.available().items() if promised} == dict(ordered)
    held = 0
    for shard in range(SHARDS):
        units: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
        charged = 0
        for each in replay(database, shard=shard, shards=SPLIT):
            message = ledger_entry_pb2.LedgerEntry.FromString(each.entry)
            held += message.method == HOLD_PART
            changes, uses = effects_in(message)
            for change in changes:
                cell = units[change[:4]]
                cell[0] += change.supply_delta
                cell[1] += change.demand_delta
                assert 0 <= cell[1] <= cell[0], f"oversold at {each.position}: {change}"
            charged += sum(use.quantity_delta for use in uses if use.location_id.startswith(CALLER_MARK))
        assert not charged, "no reservation is active"
    assert held >= 2 * decided[Decision.CONFIRMED]
    database.dispose()


@pytest.mark.parametrize("where", ["parts", "decision", "end"])
def test_an_engine_that_dies_in_the_middle_of_an_order(tmp_path: Path, where: str) -> None:
    """What it held is the order's where that was decided, and else may be had again."""
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    with ValkeyServer() as valkey, room_after(valkey.url, ledger_url, tmp_path) as room:
        # A part in each shard, as the order's.
        room.adjust(dict.fromkeys(ITEMS, 5))
        arguments = [split_killed.__name__, valkey.url, ledger_url, str(tmp_path / "killed"), where, "of-the-dead"]
        ended_by = subprocess.run([sys.executable, "-m", *arguments], check=False, timeout=START_SECONDS_MAX).returncode
        assert ended_by == -signal.SIGKILL
        is_order = bool(room.room.engine._ledger.find_order("of-the-dead"))
        assert is_order == (where == "end")
        taken = {"bolt": 1, "lamp": 2, "i1": 3}
        wait_until(lambda: all(log.count(HOLD_PART) == log.count(END_PART) == 2 for log in methods(room)))
        wait_until(lambda: ended(room))
        assert {item: room.available()[item] for item in ITEMS} == {item: (5, taken[item] * is_order) for item in ITEMS}
        room.audit()
        again = room.source(taken, "of-the-dead")
        assert not hasattr(again, "plan") if is_order else len(again.plan.shipments) == 1
