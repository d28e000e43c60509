"""Does an inventory matrix of 20 million positions hold what it promises: memory, loading, feeds, quotes?

200,000 items stand at 100 of 1,000 locations each. They are loaded from a real Valkey, where they lie as a rebuild leaves
them, into the stock of an engine; what is counted is all from the first question to the store until the stock could be sold
from. A feed is entries of the log with 1,000 changes each, of random positions; what is counted is from an entry's bytes to the
matrix. Quotes are of three lines of random items: how much longer they take than in a network of 2,000 items, each in a
process whose caches are as warm as random items leave them. A restart is a process of its own, from its start to the answer
to its first quote, where the matrix lies in shared memory as another one left it. What is recorded is a feed that one engine
takes in, commits and has recorded in the ledger. `--small` runs a hundredth of it.
"""

import json
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from belofte.v1 import ledger_entry_pb2

from benchmarks.feed_recording import feed_rates
from benchmarks.matrix_stock import StockPlan, fill_store, plan_stock
from benchmarks.report import Report
from engine.domain.basket import Basket, BasketLine, DestinationKey
from engine.inventory.arena import ArenaFile
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import add_effects, effects_of
from engine.inventory.live import LiveStock
from engine.inventory.store import StockImage, StockStore
from engine.inventory.transaction import Cell, CellChange
from engine.network.image import NetworkImage, compile_image
from engine.promise.quote import quote_promise
from engine.service.valkey import EmbeddedValkey
from loaders.large_network import large_network

SEED = 20260805
LOCATIONS = 1_000
ITEMS, ITEMS_FEW = 200_000, 2_000
SMALL = 100
"""By so much are a small run's networks smaller."""

FEED_ENTRIES, FEED_ROUNDS = 200, 5
ROWS_PER_ENTRY = 1_000
QUOTES, QUOTE_ROUNDS = 200, 15
LINES = 3
OPTIONS_MAX, NODES_MAX = 3, 1_000
MINUTE = 29_700_600
PARTITION = "bench"
RESTARTS = 3
SHARED_MEMORY = Path("/dev/shm")


class Engine(NamedTuple):
    """What one needs to quote."""

    image: NetworkImage
    stock: LiveStock
    plan: StockPlan


def network(item_count: int) -> tuple[NetworkImage, StockPlan]:
    """A network of so many items, and where they stand."""
    image = compile_image(large_network(LOCATIONS, item_count, 0, SEED))
    return image, plan_stock(image.item_ids, image.location_ids, SEED)


def open_store(url: str, plan: StockPlan) -> StockStore:
    """An engine's connection."""
    return StockStore(
        url, PARTITION, record_lag_entries_max=10_000, record_lag_ms_max=1_000, item_ids=plan.item_ids,
        location_ids=plan.location_ids,
    )  # fmt: skip


def loaded(image: NetworkImage, plan: StockPlan, url: str) -> tuple[LiveStock, StockImage, float, float]:
    """The stock as an engine loads it, what was read for it, and the seconds that took: to read it, and to lay it out."""
    store = open_store(url, plan)
    started = time.perf_counter()
    found = store.load()
    read = time.perf_counter()
    stock = LiveStock(
        image.item_index, image.location_index, frozenset(), MINUTE // 1_440, position_count_expected=found.stored.count
    )  # fmt: skip
    found.fill(stock)
    done = time.perf_counter()
    store.close()
    return stock, found, read - started, done - read


def restart_seconds(image: NetworkImage, found: StockImage, url: str) -> dict[str, float]:
    """Seconds from the start of a process to its first answer, on a matrix left in shared memory; the median of several."""
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as folder:
        file = ArenaFile(Path(folder) / "arena", image.version)
        stock = LiveStock(image.item_index, image.location_index, frozenset(), MINUTE // 1_440, found.stored.count, arena=file)
        found.fill(stock)
        del stock
        file.close()
        runs = [restarted(url, file.path, len(image.item_ids)) for _ in range(RESTARTS)]
    return sorted(runs, key=lambda run: run["all"])[len(runs) // 2]


def restarted(url: str, path: Path, item_count: int) -> dict[str, float]:
    """Seconds of each step of one restart, and of all of it with the start of the process."""
    command = [sys.executable, "-m", "benchmarks.matrix_restart", url, str(path), str(item_count)]
    started = time.perf_counter()
    output = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True).stdout
    return {**json.loads(output), "all": time.perf_counter() - started}


def arena_bytes(stock: LiveStock) -> int:
    """Bytes of the matrix, with all its room."""
    matrix = stock.matrix
    columns = (
        matrix.row_start, matrix.row_count, matrix.row_room, matrix.location, matrix.slot, matrix.supply, matrix.demand,
        matrix.slot_available_at, matrix.slot_pool, matrix.slot_sellable,
    )  # fmt: skip
    return sum(column.nbytes for column in columns)


def feed_entries(plan: StockPlan, rng: np.random.Generator) -> list[bytes]:
    """Entries of a feed, each with a request and an answer of the usual size."""
    entries = []
    for _ in range(FEED_ENTRIES):
        cells = []
        for item, j, delta in zip(
            rng.integers(0, len(plan.item_ids), ROWS_PER_ENTRY).tolist(), rng.integers(0, 100, ROWS_PER_ENTRY).tolist(),
            rng.integers(-3, 9, ROWS_PER_ENTRY).tolist(), strict=True,
        ):  # fmt: skip
            location_id = plan.location_ids[plan.locations_of(item)[j]]
            cells.append(CellChange(Cell(plan.item_ids[item], location_id, "", ""), delta, 0, None, None, None))
        entry = ledger_entry_pb2.LedgerEntry(method="AdjustInventory", request=bytes(40_000), response=bytes(12_000))
        add_effects(entry, cells, ())
        entries.append(entry.SerializeToString())
    return entries


def feed_seconds(stock: LiveStock, entries: list[bytes]) -> float:
    """How long the log takes from its bytes to the matrix."""
    started = time.perf_counter()
    for number, entry in enumerate(entries):
        stock.apply(LogRecord(f"1-{number}", *effects_of(entry)))
    return time.perf_counter() - started


def baskets(engine: Engine, rng: np.random.Generator) -> list[Basket]:
    """Baskets of random items."""
    found = []
    for _ in range(QUOTES):
        items = rng.choice(len(engine.plan.item_ids), LINES, replace=False).tolist()
        lines = tuple(BasketLine(f"{n}", item, 1) for n, item in enumerate(items))
        found.append(Basket(lines, MINUTE, DestinationKey("DE", f"{int(rng.integers(0, 95)):02}500")))
    return found


def quote_seconds(engine: Engine, asked: list[Basket]) -> float:
    """Seconds a quote."""
    started = time.perf_counter()
    for basket in asked:
        assert quote_promise(engine.image, engine.stock, basket, OPTIONS_MAX, NODES_MAX).options
    return (time.perf_counter() - started) / len(asked)


def quote_times(few: Engine, many: Engine, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Seconds a quote with few positions and with many, in turn, so that both meet the same machine."""
    for engine in (few, many):
        quote_seconds(engine, baskets(engine, rng))
    return [(quote_seconds(few, baskets(few, rng)), quote_seconds(many, baskets(many, rng))) for _ in range(QUOTE_ROUNDS)]


def with_store(plan: StockPlan, report: Report, use: Callable[[str], Engine]) -> Engine:
    """Fill a Valkey with a plan and use it."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder)) as valkey:
        steps = iter(report.track(range(len(plan.item_ids)), "Items written"))

        def advance(count: int) -> None:
            for _ in range(count):
                next(steps, None)

        fill_store(valkey.url, PARTITION, plan, advance)
        return use(valkey.url)


def main(arguments: Sequence[str]) -> None:
    """Run the benchmark."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a hundredth of the items")
    scale = SMALL if parser.parse_args(arguments).small else 1
    report = Report("matrix", "Inventory matrix: memory, loading, feeds and quotes, by the number of positions")
    rng = np.random.default_rng(SEED)
    engines, seconds, restart = [], [], dict[str, float]()
    for item_count in (ITEMS_FEW // scale, ITEMS // scale):
        image, plan = network(item_count)

        def load(url: str, image: NetworkImage = image, plan: StockPlan = plan) -> Engine:
            stock, found, read, laid_out = loaded(image, plan, url)
            seconds.append((read, laid_out))
            if len(seconds) == 2:
                restart.update(restart_seconds(image, found, url))
            return Engine(image, stock, plan)

        engines.append(with_store(plan, report, load))
    few, many = engines
    positions = many.plan.position_count()
    assert int(many.stock.matrix.row_count.sum()) == positions
    entries = feed_entries(many.plan, rng)
    feed_seconds(many.stock, entries[:10])
    feed = [feed_seconds(many.stock, entries) for _ in range(FEED_ROUNDS)]
    rows = FEED_ENTRIES * ROWS_PER_ENTRY
    times = quote_times(few, many, rng)
    read, laid_out = seconds[-1]
    report.table(
        f"{positions:,} positions", ["", "seconds", "positions a second"],
        [["read from Valkey", read, positions / read], ["laid out", laid_out, positions / laid_out],
         ["feed applied, median", float(np.median(feed)), rows / float(np.median(feed))]],
    )  # fmt: skip
    report.table(
        "Quotes", ["positions", "microseconds, median"],
        [[f"{engine.plan.position_count():,}", float(np.median([time[at] for time in times])) * 1e6]
         for at, engine in enumerate(engines)],
    )  # fmt: skip
    report.table("Restart on the matrix in shared memory, median", ["", "seconds"], [*restart.items()])
    recorded, poisoned_share = feed_rates(SEED)
    report.say(
        f"AdjustInventory in batches of 1,000 rows, committed and recorded: {recorded:,.0f} rows a second, median; healthy rows"
        f" with 1 % poison among them at {poisoned_share:.2f} of that (0.95 is the aim)."
    )
    figures = {
        "positions": positions,
        "bytes_per_position": arena_bytes(many.stock) / positions,
        "load_positions_per_second": positions / (read + laid_out),
        "feed_applied_per_second": rows / float(np.median(feed)),
        "feed_recorded_per_second": recorded,
        "feed_poisoned_share": poisoned_share,
        "quote_time_ratio": float(np.median([large / small for small, large in times])),
        "seconds_to_first_answer": restart["all"],
        "microseconds_per_quote": float(np.median([large for _, large in times])) * 1e6,
    }
    report.finish({key: round(value, 4) for key, value in figures.items()})


if __name__ == "__main__":
    main(sys.argv[1:])
