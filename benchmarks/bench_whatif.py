"""How long does it take to copy the stock for a what-if, and how fast are orders sourced on the copy?

A fork holds the rows of the items that its orders ask for. FORK_ITEMS of them over all LOCATIONS are 20 million positions, the
most that a matrix is tried with; orders are sourced on a fork of their own items by the decisions of `SimulateSourcing`.
"""

import time
from dataclasses import replace

import numpy as np

from benchmarks.bench_explain import AREAS, LINES, LOCATIONS, NODES_MAX, baskets
from benchmarks.report import Report
from engine.inventory.live import LiveStock
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.decide import decide_basket
from engine.service.reroute_orders import fork_of

SEED = 20260808
FORK_ITEMS, FORK_RUNS = 20_000, 3
TARGET_SECONDS = 1.0


def full_stock(rng: np.random.Generator) -> LiveStock:
    """Every item on hand at every location."""
    items, locations = FORK_ITEMS, LOCATIONS
    stock = LiveStock(
        {f"i{n}": n for n in range(items)}, {f"l{n}": n for n in range(locations)}, frozenset(), 0, items * locations
    )
    slot = stock.slot_of(0, 0, "", "")
    places = np.arange(locations, dtype=np.int32)
    for item in range(items):
        same = np.full(locations, item, np.int32)
        supply = rng.integers(0, 9, locations)
        stock.matrix.load(same, places, np.full(locations, slot, np.int32), supply, np.zeros(locations, np.int64))
    return stock


def main() -> None:
    report = Report("whatif", "A fork of the stock, and orders sourced on it")
    rng = np.random.default_rng(SEED)
    stock = full_stock(rng)
    positions = int(stock.matrix.row_count.sum())
    seconds = []
    for _ in range(FORK_RUNS):
        started = time.perf_counter()
        fork = fork_of(stock, range(FORK_ITEMS))
        seconds.append(time.perf_counter() - started)
        assert int(fork.matrix.row_count.sum()) == positions
        del fork
    del stock
    scenes = baskets(rng)
    fork = fork_of(scenes[0].stock, {line.item for scene in scenes for line in scene.basket.lines})
    for scene in scenes[:AREAS]:
        decide_basket(replace(scene, stock=fork), scene.services, NODES_MAX)
    started = time.perf_counter()
    for scene in scenes:
        forked = replace(scene, stock=fork)
        for shipment in decide_basket(forked, forked.services, NODES_MAX).shipments:
            fork.hold(*shipment_hold(shipment))
    rate = len(scenes) / (time.perf_counter() - started)
    report.table(
        f"{positions:,} positions; {len(scenes):,} orders of {LINES} lines over {LOCATIONS:,} locations", ["", "measured"],
        [["seconds a fork", min(seconds)], ["orders a second, one thread", rate]],
    )  # fmt: skip
    report.say(f"Target: a fork of 20 million positions takes at most {TARGET_SECONDS:g} s.")
    report.finish({"fork_seconds": min(seconds), "positions": positions, "orders_simulated_per_second": rate})


if __name__ == "__main__":
    main()
