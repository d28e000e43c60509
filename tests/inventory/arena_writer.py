"""A process that writes a shared matrix until it is killed: run by test_arena.py.

Every entry leaves each item's sum over two mirrored positions as it was, and opens positions, so that rows and arena grow.
"""

import random
import sys
import time
from itertools import count
from pathlib import Path

from engine.inventory.arena import ArenaFile
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import PositionChange, changes_of
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Cell, CellChange

ITEMS, LOCATIONS = 12, 400
MIRRORED_UNITS = 1_000
VERSION = "network"
COMPILED_AFTER = 500


def stock_in(path: Path) -> LiveStock:
    """The stock in the file, as it was left or with nothing in it."""
    file = ArenaFile(path, VERSION)
    kept = file.kept(ITEMS, LOCATIONS)
    return LiveStock(
        {f"item-{i}": i for i in range(ITEMS)},
        {f"at-{i}": i for i in range(LOCATIONS)},
        frozenset(),
        20_000,
        arena=file,
        kept=kept,
    )


def cells_of(draw: random.Random, number: int) -> list[CellChange]:
    """Units moved between the first two locations, and a position that may be new."""
    cells = []
    for _ in range(draw.choice((1, 2, 30))):
        item, units = f"item-{draw.randrange(ITEMS)}", draw.randrange(1, 50)
        other = f"at-{draw.randrange(2, LOCATIONS)}"
        receipt = draw.choice(("", "", f"po{number % 50}"))
        for location, receipt_id, delta in (("at-0", "", units), (other, receipt, 1), ("at-1", "", -units)):
            cells.append(CellChange(Cell(item, location, receipt_id, ""), delta, 0, None, None, None))
    return cells


def main(path: Path, seed: int) -> None:
    """Write until killed; says `ready` once there is nothing left to compile."""
    stock = stock_in(path)
    if not stock.matrix.position:
        first = [PositionChange(f"item-{i}", "at-0", "", "", MIRRORED_UNITS, 0, None) for i in range(ITEMS)]
        stock.apply(LogRecord("1-1", first, ()))
        stock.matrix.epoch = 1
    draw, is_ready = random.Random(seed), False
    for number in count(int(stock.matrix.position.partition("-")[2]) + 1):
        stock.matrix.beat(False, time.monotonic_ns())
        stock.apply(LogRecord(f"1-{number}", changes_of(cells_of(draw, number)), ()))
        if not is_ready and number % COMPILED_AFTER == 0:
            is_ready = True
            print("ready", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
