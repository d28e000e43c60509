"""Stock for bench_matrix: every item at so many of the locations, in a Valkey as an engine finds it there."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.client import connect
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate
from engine.inventory.keys import DataKeys, Layout, blocks_for

POSITIONS_PER_ITEM = 100
STRIDE = 7
"""From one location of an item to its next; it has no divisor in common with their number, so that none comes twice."""

DEMAND_ITEMS = 20
"""Of so many items one has demand, at each of its locations: most of what is sold stands in few items."""

ITEMS_PER_STEP = 200
EPOCH = 1


class StockPlan(NamedTuple):
    """Where which item stands. first_location [items]."""

    item_ids: tuple[str, ...]
    location_ids: tuple[str, ...]
    first_location: NDArray[np.int64]

    def locations_of(self, item: int) -> list[int]:
        """Locations of an item, by index."""
        count = len(self.location_ids)
        first = int(self.first_location[item])
        return [(first + STRIDE * j) % count for j in range(POSITIONS_PER_ITEM)]

    def position_count(self) -> int:
        """How many positions there are."""
        return len(self.item_ids) * POSITIONS_PER_ITEM


def plan_stock(item_ids: tuple[str, ...], location_ids: tuple[str, ...], seed: int) -> StockPlan:
    """Items at random locations."""
    assert np.gcd(STRIDE, len(location_ids)) == 1 and len(location_ids) >= POSITIONS_PER_ITEM
    return StockPlan(item_ids, location_ids, np.random.default_rng(seed).integers(0, len(location_ids), len(item_ids)))


def fill_store(url: str, partition: str, plan: StockPlan, advance: Any) -> None:
    """Write the stock as a rebuild would leave it, past the scripts. Nothing of it is written to disk."""
    gate = StoreGate(url, partition)
    layout = Layout(EPOCH, blocks_for(len(plan.location_ids)))
    gate.close(EPOCH)
    client = connect(url, gate.keys)
    client.config_set("appendonly", "no")
    connection = client.connection_pool.get_connection()
    for commands in hset_commands(plan, gate.keys.data(layout)):
        connection.send_packed_command([b"".join(commands)])
        for _ in commands:
            connection.read_response()
        advance(ITEMS_PER_STEP)
    client.connection_pool.release(connection)
    client.close()
    gate.open(EPOCH, ORIGIN, NO_LINK, layout)
    gate.disconnect()


def hset_commands(plan: StockPlan, keys: DataKeys) -> Iterator[list[bytes]]:
    """Serialized commands, those of ITEMS_PER_STEP items at a time."""
    block_of = [keys.block(location_id) for location_id in plan.location_ids]
    names = [location_id.encode() for location_id in plan.location_ids]
    for begin in range(0, len(plan.item_ids), ITEMS_PER_STEP):
        commands = []
        for item in range(begin, min(begin + ITEMS_PER_STEP, len(plan.item_ids))):
            blocks: list[list[bytes]] = [[] for _ in range(keys.blocks)]
            for location in plan.locations_of(item):
                blocks[block_of[location]] += (names[location], b"%d" % supply_of(item, location))
            item_id = plan.item_ids[item]
            for block, pairs in enumerate(blocks):
                if pairs:
                    commands.append(packed(b"HSET", keys.supply(item_id, block).encode(), *pairs))
                if pairs and item % DEMAND_ITEMS == 0:
                    ones = [part if at % 2 == 0 else b"1" for at, part in enumerate(pairs)]
                    commands.append(packed(b"HSET", keys.demand(item_id, block).encode(), *ones))
        yield commands


def supply_of(item: int, location: int) -> int:
    """Units there."""
    return 2 + (item + location) % 90


def packed(*parts: bytes) -> bytes:
    """A command as it is sent."""
    return b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%s\r\n" % (len(part), part) for part in parts])
