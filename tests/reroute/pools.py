"""Small pools by chance, with what is rare in large ones: items in two lines, dear splits, overweight, full locations."""

import numpy as np

from engine.kernels.partition import NEVER
from engine.kernels.pool_tables import Pool
from engine.reroute.pool import new_pool


def random_pool(rng: np.random.Generator, orders: int = 3, locations: int = 3, items: int = 3, lines_max: int = 3) -> Pool:
    """A pool whose positions are (item, location); some subsets have no price."""
    counts = rng.integers(1, lines_max + 1, orders)
    first_line = np.concatenate(([0], np.cumsum(counts)))
    quantity = rng.integers(1, 4, int(first_line[-1]))
    first_way, first_entry, way_slot, way_price, lines, positions, prices = [0], [0], [], [], [], [], []
    for n in counts.tolist():
        wanted = rng.integers(0, items, n)
        for location in range(locations):
            able = np.flatnonzero(rng.random(n) < 0.7).tolist()
            if not able:
                continue
            lines += able
            positions += [int(wanted[j]) * locations + location for j in able]
            first_entry.append(len(lines))
            way_slot.append(location if rng.random() < 0.8 else -1)
            way_price.append(len(prices))
            table = rng.integers(1, 2_000, 1 << n)
            table[rng.random(1 << n) < 0.05] = NEVER
            prices += table.tolist()
        first_way.append(len(way_slot))
    ways, line_count = len(way_slot), int(first_line[-1])
    return new_pool(
        first_line=first_line, first_way=np.array(first_way), split_micros=rng.integers(0, 300, orders),
        most=rng.integers(1, lines_max + 1, orders), quantity=quantity, short_micros=rng.integers(500, 6_000, line_count),
        way_slot=np.array(way_slot), way_fixed=rng.integers(300, 900, ways), way_price=np.array(way_price),
        first_entry=np.array(first_entry), entry_line=np.array(lines), entry_position=np.array(positions),
        entry_micros=rng.integers(0, 500, len(lines)), prices=np.array(prices),
        position_units=rng.integers(0, 5, items * locations), position_item=np.repeat(np.arange(items), locations),
        slot_left=rng.integers(0, 4, locations), slot_kind=rng.integers(0, 3, locations),
    )  # fmt: skip
