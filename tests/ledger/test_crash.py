"""kill -9 of writers, sidecar and Valkey under load: nothing acknowledged is lost, sold twice or done twice.

`BELOFTE_CRASH_CYCLES` and `BELOFTE_CRASH_SEED` repeat what was found elsewhere.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.domain.clock import SystemClock
from engine.inventory.effects import effects_of
from engine.inventory.keys import Keys, Layout
from engine.inventory.store import LogRecord
from engine.ledger.rebuild import Sums
from engine.ledger.recorder import NO_CHAIN, Recorder, chain_of
from engine.ledger.sidecar import RETRY_SECONDS
from tests.ledger import crash_sidecar, crash_writer
from tests.ledger.conftest import Database
from tests.sidecars import RunningSidecar, wait_until
from tests.stores import LOCATIONS, PARTITION, contents, dump, empty_stock, stock_of, stock_store
from tests.valkey_server import ValkeyServer

CYCLES = int(os.environ.get("BELOFTE_CRASH_CYCLES", "6"))
CYCLES_LONG = 50
SEED = int(os.environ.get("BELOFTE_CRASH_SEED", "1"))
CYCLE_SECONDS = 0.5, 1.5
WRITERS = 2
VICTIMS = ("writer-0", "torn", "sidecar", "writer-1 valkey", "sidecar torn", "writer-0 sidecar")
"""Who is killed in one cycle. `torn` is Valkey too, whose file has lost its end when it is started again."""

BYTES_LOST_MAX = 60_000
KEYS = Keys(PARTITION)


@dataclass
class Landscape:
    """The processes, and what is killed is started again."""

    server: ValkeyServer
    ledger_url: str
    folder: Path
    seed: int
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> None:
        if name in ("valkey", "torn"):
            self.server.start()
            return
        module = crash_sidecar if name == "sidecar" else crash_writer
        command = [sys.executable, "-m", module.__name__, self.server.url, self.ledger_url]
        command += [PARTITION] if name == "sidecar" else [str(self.folder / f"{name}.notes"), str(self.seed)]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self, name: str, draw: random.Random) -> None:
        if name in ("valkey", "torn"):
            self.server.kill()
            if name == "torn":
                self.server.tear(draw.randrange(BYTES_LOST_MAX))
            return
        process = self.processes.pop(name)
        assert process.poll() is None, f"{name} ended by itself: {(self.folder / f'{name}.log').read_text()[-3000:]}"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    def notes(self, name: str) -> list[list[str]]:
        path = self.folder / f"{name}.notes"
        # The last line may have been cut by the kill; all others are whole.
        return (
            [line.split() for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
            if path.exists()
            else []
        )

    def done(self) -> int:
        return sum(words[0] == "done" for name in writers() for words in self.notes(name))


def writers() -> list[str]:
    return [f"writer-{i}" for i in range(WRITERS)]


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
    check(server, database, landscape)


def check(server: ValkeyServer, database: Database, landscape: Landscape) -> None:
    """Every promise, from the notes of the writers, the ledger, the store and a fresh copy in memory."""
    with RunningSidecar(server.url, database.url):
        recorder = Recorder.take_over(database.url, SystemClock())
        replayed = list(recorder.replay())
        last = recorder.last
        recorder.close()
    position_of = {each.request_id: each.position for each in replayed}
    acknowledged = {words[1]: words[2] for name in writers() for words in landscape.notes(name) if words[0] == "done"}
    sent = {words[1] for name in writers() for words in landscape.notes(name) if words[0] == "sent"}
    refused = {words[1] for name in writers() for words in landscape.notes(name) if words[0] == "none"}
    assert len(acknowledged) > 100
    lost = {each: position for each, position in acknowledged.items() if position_of.get(each) != position}
    assert not lost, "acknowledged, and not in the ledger where it was said to be"
    assert not refused & position_of.keys(), "refused for good, and done"
    assert position_of.keys() <= sent
    assert max(Counter(each.request_id for each in replayed).values()) == 1
    created = Counter(each.created_id for each in replayed if each.created_id)
    assert max(created.values()) == 1

    chain, stock = NO_CHAIN, empty_stock()
    units: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    used: Counter[tuple[str, int]] = Counter()
    sums = Sums(SystemClock().unix_ms())
    for each in replayed:
        chain = chain_of(chain, each)  # type: ignore[arg-type]
        sums.add(each)
        changes, uses = effects_of(each.entry)
        stock.apply(LogRecord(each.position, changes, uses))
        for change in changes:
            cell = units[change[:4]]
            cell[0] += change.supply_delta
            cell[1] += change.demand_delta
            assert cell[1] <= cell[0], f"oversold at {each.position}: {change}"
        for use in uses:
            used[use.location_id, use.day] += use.quantity_delta
            assert used[use.location_id, use.day] <= crash_writer.CAPACITY_MAX, f"over capacity at {each.position}"
    assert chain == last.chain

    with server.client() as client:
        layout_text = client.get(KEYS.layout)
        assert layout_text is not None
        data = KEYS.data(Layout.parse(layout_text.decode()))
        in_store = dump(client, f"{data.prefix}*")
    expected = {key: {name: str(value) for name, value in fields.items()} for key, fields, _ in sums.hashes(data)}
    assert in_store == expected
    store = stock_store(server.url, locations=LOCATIONS)
    assert contents(stock_of(store.load())) == contents(stock)
    store.close()
