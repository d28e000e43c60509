"""How fast are stock scored and a whole order decided, by the number of locations?

What is counted: a *combo* is one location × one line whose position is read from a matrix larger than the last-level
cache, every item standing at every location; a position is 16 bytes. The scoring pass gives for each combo the units
available less safety stock, and whether the location may and can carry the line. What a location costs is not summed
there: it lies ready in integer micros, in order of cost, for each destination, laid out when it was first asked for. The
limit is a plain vectorised pass that does nothing but read the same rows. A decision is the scoring pass, the best
location per subset of lines, the program over subsets, weight breaks and dates, for two carrier services.
Each time is the best of several rounds over other random baskets, in one thread, for a batch of orders a call.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from benchmarks.report import Report
from engine.domain.basket import Basket, BasketLine, DestinationKey
from engine.inventory.live import LiveStock
from engine.kernels.asked import (
    L_ROW_COUNT,
    L_ROW_START,
    PLACED_FIELDS,
    R_STATUS,
    RESULT_FIELDS,
    SOLVED,
)
from engine.kernels.decide import decide_orders, keep_eligible, score_order
from engine.kernels.jit import kernel
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import compile_image
from engine.optimizer.direct import Request, batch_tables
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.workspace import Workspace
from loaders.large_network import large_network

SEED = 20260805
LOCATIONS = (1_000, 10_000)
LINES = 3
POSITIONS = 8_000_000
"""128 MB of matrix."""
BYTES_PER_POSITION = 16
COMBOS_PER_BATCH = 600_000
ROUNDS = 12
MINUTE = 29_700_600


class Batch(NamedTuple):
    """One batch of orders, with the arguments of both kernels."""

    orders: Any
    lines: Any
    decide: tuple[Any, ...]


@kernel
def score_batch(orders, lines, pool_allowed, floor, wishes, arena, limits, runs, offers):  # type: ignore[no-untyped-def]
    """The scoring pass of each order; returns a number that depends on all of it."""
    total = 0
    for o in range(orders.shape[0]):
        total += score_order(o, orders, lines, pool_allowed, floor, arena, offers)
        keep_eligible(orders[o], wishes, limits.country, runs.places, offers)
        total += offers.bits[0, o % offers.bits.shape[1]]
    return total


@kernel
def read_rows(lines, at_location, at_slot, supply, demand):  # type: ignore[no-untyped-def]
    """Only reads the rows: the limit."""
    total = 0
    for line in range(lines.shape[1]):
        begin = np.uint64(lines[L_ROW_START, line])
        mixed = np.int32(0)
        for i in range(lines[L_ROW_COUNT, line]):
            at = begin + np.uint64(i)
            mixed ^= at_location[at] ^ at_slot[at] ^ supply[at] ^ demand[at]
        total += mixed
    return total


def best_seconds(run: Callable[[Batch], Any], batches: list[Batch]) -> float:
    """The shortest time of a round; each has its own random rows."""
    run(batches[0])
    best = math.inf
    for batch in batches:
        started = time.perf_counter()
        run(batch)
        best = min(best, time.perf_counter() - started)
    return best


def measure(location_count: int) -> dict[str, float]:
    """The figures of one size."""
    rng = np.random.default_rng(SEED)
    scene, space = network(location_count, rng)
    order_count = COMBOS_PER_BATCH // location_count // LINES
    batches = [random_batch(scene, space, order_count, rng) for _ in range(ROUNDS)]
    matrix = scene.stock.matrix

    def score(batch: Batch) -> int:
        _, _, _, wishes, pools, floor, arena, limits, runs, *_ = batch.decide
        return int(score_batch(batch.orders, batch.lines, pools, floor, wishes, arena, limits, runs, space.offers))

    def read(batch: Batch) -> int:
        return int(read_rows(batch.lines, matrix.location, matrix.slot, matrix.supply, matrix.demand))

    score_seconds, read_seconds = best_seconds(score, batches), best_seconds(read, batches)
    decide_seconds = best_seconds(lambda batch: decide_orders(*batch.decide), batches)
    solved = np.mean([(batch.decide[-2][:, R_STATUS] == SOLVED).mean() for batch in batches])
    combos = order_count * location_count * LINES
    return {
        "limit_share": read_seconds / score_seconds,
        "combos_per_second": combos / score_seconds,
        "bytes_per_second": combos * BYTES_PER_POSITION / score_seconds,
        "bytes_per_second_limit": combos * BYTES_PER_POSITION / read_seconds,
        "microseconds_per_scoring": score_seconds / order_count * 1e6,
        "microseconds_per_decision": decide_seconds / order_count * 1e6,
        "decided_share": float(solved),
    }


def network(location_count: int, rng: np.random.Generator) -> tuple[Scene, Workspace]:
    """A large network whose every item stands at every location, and a workspace for it."""
    item_count = POSITIONS // location_count
    image = compile_image(large_network(location_count, item_count, 0, SEED))
    stock = LiveStock(image.item_index, image.location_index, frozenset(), MINUTE // 1440)
    zeros = np.zeros(POSITIONS, np.int32)
    item = np.repeat(np.arange(item_count, dtype=np.int32), location_count)
    location = np.tile(np.arange(location_count, dtype=np.int32), item_count)
    stock.matrix.load(item, location, zeros, rng.geometric(1 / 3, POSITIONS) - 1, zeros.astype(np.int64))
    basket = Basket((BasketLine("1", 0, 1),), MINUTE, DestinationKey("DE", "00500"))
    return set_scene(image, stock, basket), Workspace(image)


def random_batch(scene: Scene, space: Workspace, order_count: int, rng: np.random.Generator) -> Batch:
    """Orders of three random items, one or two units each, to random postal areas."""
    requests = []
    for _ in range(order_count):
        items = rng.choice(len(scene.image.items), LINES, replace=False).tolist()
        lines = tuple(BasketLine(str(j), item, int(rng.integers(1, 3))) for j, item in enumerate(items))
        area = int(rng.integers(min(space.row_count, 100)))
        basket = replace(scene.basket, lines=lines, destination=DestinationKey("DE", f"{area:02}500"))
        each = set_scene(scene.image, scene.stock, basket)
        assert each.lanes is not None
        requests.append(Request(each, each.lanes, tuple(range(LINES)), (each.services,)))
    results = np.zeros((order_count, RESULT_FIELDS), np.int64)
    placed = np.zeros((order_count, SUBSET_LINES_MAX, PLACED_FIELDS), np.int64)
    arguments = (*batch_tables(requests, space), results, placed)
    return Batch(arguments[0], arguments[1], arguments)


def main() -> None:
    """Run the benchmark."""
    report = Report("kernel", "Kernel: stock scored and whole orders decided, by the number of locations")
    by_size = {count: measure(count) for count in report.track(LOCATIONS, "Locations")}
    small, large = (by_size[count] for count in LOCATIONS)
    decades = math.log10(LOCATIONS[1] / LOCATIONS[0])
    figures = {
        "limit_share": min(small["limit_share"], large["limit_share"]),
        "combos_per_second": min(small["combos_per_second"], large["combos_per_second"]),
        "growth_exponent": math.log10(large["microseconds_per_scoring"] / small["microseconds_per_scoring"]) / decades,
        "growth_exponent_decision": math.log10(large["microseconds_per_decision"] / small["microseconds_per_decision"])
        / decades,
        "microseconds_per_decision": small["microseconds_per_decision"],
    }
    for count, measured in by_size.items():
        figures |= {f"{key}_{count}": value for key, value in measured.items()}
    report.table("By size", ["", *(f"{count:,} locations" for count in LOCATIONS)],
                 [[key, *(by_size[count][key] for count in LOCATIONS)] for key in small])  # fmt: skip
    report.finish({key: round(value, 4) for key, value in figures.items()})


if __name__ == "__main__":
    main()
