"""Processes of a crash test on their servers, what becomes of them, and what must be true of ledger and store at the end."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from engine.domain.clock import SystemClock
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import effects_in, texts_in
from engine.inventory.keys import Keys, Layout
from engine.inventory.live import LiveStock
from engine.ledger.recorder import Recorder, Replayed
from engine.ledger.sums import Sums
from engine.ledger.tables import NO_CHAIN
from tests.ledger import crash_sidecar, crash_writer
from tests.sidecars import RunningSidecar
from tests.stores import PARTITION, dump
from tests.valkey_server import ValkeyServer

WRITERS = 2
BYTES_LOST_MAX = 60_000
KEYS = Keys(PARTITION)


@dataclass
class Landscape:
    """The processes, and what is killed is started again."""

    server: ValkeyServer
    ledger_url: str
    folder: Path
    seed: int
    writer: ModuleType = crash_writer
    addresses: dict[str, str] = field(default_factory=dict)
    """Where a process finds the store, for those that are not to ask the server itself."""
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> None:
        if name in ("valkey", "torn"):
            self.server.start()
            return
        module = crash_sidecar if name == "sidecar" else self.writer
        url = self.addresses.get(name, self.server.url)
        command = [sys.executable, "-m", module.__name__, url, self.ledger_url]
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

    def log_text(self) -> str:
        """All that the processes have said."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def noted(self, what: str) -> dict[str, str]:
        """Of every request that was `sent`, `done` or `none`: its kind, position or reason."""
        return {words[1]: words[2] for name in writers() for words in self.notes(name) if words[0] == what}

    def done(self) -> int:
        return sum(words[0] == "done" for name in writers() for words in self.notes(name))


def writers() -> list[str]:
    return [f"writer-{i}" for i in range(WRITERS)]


def check_history(url: str, landscape: Landscape) -> list[Replayed]:
    """Every promise about requests, from the notes of the writers and the ledger; the ledger's entries."""
    with RunningSidecar(url, landscape.ledger_url):
        recorder = Recorder.take_over(landscape.ledger_url, SystemClock())
        replayed = list(recorder.replay())
        last = recorder.last
        recorder.close()
    position_of = {each.request_id: each.position for each in replayed}
    acknowledged = landscape.noted("done")
    assert len(acknowledged) > 100
    lost = {each: position for each, position in acknowledged.items() if position_of.get(each) != position}
    assert not lost, "acknowledged, and not in the ledger where it was said to be"
    assert not landscape.noted("none").keys() & position_of.keys(), "refused for good, and done"
    assert max(Counter(each.request_id for each in replayed).values()) == 1
    created = Counter(each.created_id for each in replayed if each.created_id)
    assert max(created.values()) == 1
    chain = NO_CHAIN
    for each in replayed:
        chain = each.chain_after(chain)
    assert chain == last.chain
    return replayed


def check_store(server: ValkeyServer, replayed: list[Replayed], stock: LiveStock, capacity_max: int) -> None:
    """Nothing oversold at any position, and the store is the ledger's sum, field by field; `stock` becomes it as well."""
    units: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    used: Counter[tuple[str, int]] = Counter()
    sums = Sums(SystemClock().unix_ms())
    for each in replayed:
        message = sums.add(each)
        changes, uses = effects_in(message)
        stock.apply(LogRecord(each.position, changes, uses, texts_in(message)))
        for change in changes:
            cell = units[change[:4]]
            cell[0] += change.supply_delta
            cell[1] += change.demand_delta
            assert cell[1] <= cell[0], f"oversold at {each.position}: {change}"
        for use in uses:
            used[use.location_id, use.day] += use.quantity_delta
            assert used[use.location_id, use.day] <= capacity_max, f"over capacity at {each.position}"
    with server.client() as client:
        layout_text = client.get(KEYS.layout)
        assert layout_text is not None
        data = KEYS.data(Layout.parse(layout_text.decode()))
        in_store = dump(client, f"{data.prefix}*")
    assert in_store == {key: {name: str(value) for name, value in fields.items()} for key, fields, _ in sums.hashes(data)}
