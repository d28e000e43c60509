"""An engine's start on a matrix that another process has left in a file: run by bench_matrix, prints what took how long."""

import json
import sys
import time

STARTED = time.time()

from pathlib import Path  # noqa: E402 - what is imported counts

from benchmarks import bench_matrix  # noqa: E402
from engine.domain.basket import Basket, BasketLine, DestinationKey  # noqa: E402
from engine.inventory.arena import ArenaFile  # noqa: E402
from engine.inventory.live import LiveStock  # noqa: E402
from engine.promise.quote import quote_promise  # noqa: E402


def main(url: str, path: Path, item_count: int) -> None:
    """Take the file up, follow the log from its position, answer a quote."""
    imported = time.time()
    image, plan = bench_matrix.network(item_count)
    compiled = time.time()
    file = ArenaFile(path, image.version)
    kept = file.kept(len(image.item_ids), len(image.location_ids))
    assert kept is not None, "it was left clean"
    stock = LiveStock(
        image.item_index, image.location_index, frozenset(), bench_matrix.MINUTE // 1_440, arena=file, kept=kept
    )  # fmt: skip
    store = bench_matrix.open_store(url, plan)
    store.load(stock.matrix.epoch, stock.matrix.position).fill(stock)
    attached = time.time()
    basket = Basket((BasketLine("1", 0, 1),), bench_matrix.MINUTE, DestinationKey("DE", "00500"))
    assert quote_promise(image, stock, basket, bench_matrix.OPTIONS_MAX, bench_matrix.NODES_MAX).options
    answered = time.time()
    steps = {"import": imported - STARTED, "network": compiled - imported, "stock": attached - compiled,
             "answer": answered - attached}  # fmt: skip
    print(json.dumps(steps))
    file.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
