"""How long is nothing sold after Valkey was emptied, and how long until an engine that is started again answers?

A ledger of orders of three lines is recorded as the sidecar records them; Valkey then holds nothing. What is counted is from
the start of a sidecar's epoch until its gate is open, with every entry read, added up and written: seconds per million
entries, by the larger of two ledgers and by what the larger takes more than the smaller. An engine's start is a process of its
own, from its start to the answer to its first quote, on a matrix of 20 million positions that the engine before it has left
in shared memory. `--small` takes a tenth of the entries and a hundredth of the positions.
"""

import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from belofte.v1 import ledger_entry_pb2

from benchmarks import bench_matrix
from benchmarks.bench_ledger import order_entry
from benchmarks.report import Report
from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.effects import add_effects
from engine.inventory.gate import LogEntry, link_of
from engine.inventory.transaction import CapacityChange, Cell, CellChange
from engine.ledger.recorder import Last, Recorder
from engine.ledger.sidecar import Sidecar
from engine.service.valkey import EmbeddedValkey

SEED = 20261129
ENTRIES = 100_000, 400_000
BATCH = 1_000
ITEMS, LOCATIONS, DAYS = 200_000, 1_000, 30
LINES = 3
TARGET_SECONDS = 10.0
OPEN_SECONDS_MAX = 600.0


def orders(last: Last, count: int, rng: np.random.Generator) -> Iterator[list[LogEntry]]:
    """Entries of orders, as the log would have them after a position, some at a time."""
    position, link = last.position, last.link
    # What was asked and answered takes as much room in each; what it changes is its own.
    like = ledger_entry_pb2.LedgerEntry.FromString(order_entry(0, rng)[1])
    batch: list[LogEntry] = []
    for sequence in range(1, count + 1):
        request_id = uuid7()
        items, location = rng.integers(0, ITEMS, LINES).tolist(), f"l{int(rng.integers(LOCATIONS))}"
        cells = [CellChange(Cell(f"item-{item}", location, "", ""), 0, 1, None, None, None) for item in items]
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=request_id, method="SourceOrder", request_digest=bytes(32), order_id=f"O-{request_id}",
            request=like.request, response=like.response,
        )  # fmt: skip
        add_effects(entry, cells, [CapacityChange(location, 20_000 + int(rng.integers(DAYS)), 1, 2**40)])
        content = entry.SerializeToString()
        at = f"1-{sequence}"
        link = link_of(link, at, request_id, content)
        batch.append(LogEntry(at, position, request_id, f"O-{request_id}", link, content))
        position = at
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def recovery_seconds(folder: Path, count: int, report: Report) -> float:
    """Seconds from an empty store to an open gate, over a ledger of so many entries."""
    url = f"sqlite:///{folder / 'ledger.sqlite3'}"
    recorder = Recorder.take_over(url, SystemClock())
    rng = np.random.default_rng(SEED)
    for batch in report.track(orders(recorder.last, count, rng), "entries recorded", -(-count // BATCH)):
        recorder.record(batch)
    recorder.close()
    with EmbeddedValkey(folder) as valkey:
        opened = threading.Event()
        sidecar = Sidecar(valkey.url, "bench", url, SystemClock(), lambda: LOCATIONS)
        thread = threading.Thread(target=sidecar.run, args=(opened.set,))
        started = time.perf_counter()
        thread.start()
        try:
            assert opened.wait(OPEN_SECONDS_MAX), "the gate did not open"
            return time.perf_counter() - started
        finally:
            sidecar.stop()
            thread.join()


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="fewer entries and positions")
    is_small = parser.parse_args().small
    report = Report("recovery", "Recovery: the store rebuilt from the ledger, and an engine started again")
    counts = [count // (10 if is_small else 1) for count in ENTRIES]
    seconds = []
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="br", dir="/tmp") as folder:
            seconds.append(recovery_seconds(Path(folder), count, report))
    more = (seconds[1] - seconds[0]) / (counts[1] - counts[0]) * 1e6
    restart = restart_seconds(bench_matrix.ITEMS // (bench_matrix.SMALL if is_small else 1), report)
    report.table(
        "Valkey emptied", ["ledger entries", "seconds to gate open", "seconds per million"],
        [[f"{count:,}", took, took / count * 1e6] for count, took in zip(counts, seconds, strict=True)],
    )  # fmt: skip
    report.table("Engine started again", ["step", "seconds"], [[name, took] for name, took in restart.items()])
    report.say(f"Target: an engine answers within {TARGET_SECONDS:g} s of its start at 20 million positions.")
    report.finish({
        "seconds_per_million_entries": seconds[1] / counts[1] * 1e6, "seconds_per_million_entries_more": more,
        "seconds_to_first_answer": restart["all"],
    })  # fmt: skip


def restart_seconds(item_count: int, report: Report) -> dict[str, float]:
    """Seconds of each step of an engine's start over so many items, and of all of it."""
    image, plan = bench_matrix.network(item_count)
    found: dict[str, float] = {}

    def use(url: str) -> bench_matrix.Engine:
        stock, stored, _, _ = bench_matrix.loaded(image, plan, url)
        found.update(bench_matrix.restart_seconds(image, stored, url))
        return bench_matrix.Engine(image, stock, plan)

    bench_matrix.with_store(plan, report, use)
    return found


if __name__ == "__main__":
    main()
