"""What carrier services offer for every subset of lines, against every source by every service; and the columns of it."""

from collections import Counter

import numpy as np

from engine.kernels import asked as a
from engine.kernels.alternatives import C_DAY, C_FIXED, C_LATEST, C_LEFT, C_LOCATION, C_MASK, C_SERVICE, C_START, COLUMN_FIELDS
from engine.kernels.explained import columns_of_offers
from engine.kernels.offers import E_LOCATION, source_location
from engine.kernels.partition import NEVER
from engine.kernels.score import ANY_SHIFT
from tests.kernels.drawn_worlds import World, decided, drawn_world
from tests.naive.offers import Column, columns_of, fixed_micros, late_micros, preference, subset_micros

SEEDS = range(800)


def lines_in(subset: int) -> tuple[int, ...]:
    return tuple(j for j in range(10) if subset >> j & 1)


def cheapest(world: World, columns: list[Column], subset: int) -> tuple[int, Column] | None:
    """The least that any column asks, and the first of those by preference."""
    offers = [(cost, c) for c in columns if (cost := subset_micros(world, c, lines_in(subset))) is not None]
    if not offers:
        return None
    least = min(cost for cost, _ in offers)
    return least, min((c for cost, c in offers if cost == least), key=lambda c: preference(world, c))


def test_the_cheapest_source_of_every_subset_by_every_service() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        world = drawn_world(seed)
        decided(world)
        services = int(np.bitwise_or.reduce(world.options))
        columns = columns_of(world, services)
        for s in range(len(world.zone)):
            for subset in range(1, 1 << world.n):
                found = int(world.offers.cost[s, subset])
                expected = cheapest(world, [c for c in columns if c.service == s], subset)
                if expected is None:
                    assert found >= NEVER, (seed, s, subset)
                    seen["none"] += 1
                    continue
                cost, column = expected
                assert found == cost, (seed, s, subset)
                source = int(world.offers.source[s, subset])
                location = source_location(source, subset, 1, world.runs, world.subsets, world.offers)
                assert location == column.source.location, (seed, s, subset)
                is_entry = len(world.costs) <= source < len(world.offers.latest)
                assert not is_entry or world.offers.entries[E_LOCATION, source - len(world.costs)] == location
                seen["entry" if is_entry else "now"] += 1
    assert min(seen.values()) > 100, seen


def test_columns_of_an_order_that_was_decided() -> None:
    """One for each source and service that may carry a unit in time, none left out and none twice."""
    columns_seen = 0
    for seed in SEEDS:
        world = drawn_world(seed)
        results, _ = decided(world)
        if results[0, a.R_STATUS] == a.OUT_OF_RANGE:
            continue
        services, room = int(np.bitwise_or.reduce(world.options)), 400
        facts, handling = np.full((COLUMN_FIELDS, room), -7), np.full((world.n, room), -7)
        row_price = np.zeros(len(world.breaks), np.int64)
        count = columns_of_offers(
            world.orders[0], services, world.lines, world.limits, world.runs, world.tables, row_price, world.offers, facts,
            handling,
        )  # fmt: skip
        told = Counter(
            (*facts[[C_LOCATION, C_SERVICE, C_START, C_DAY, C_LEFT, C_LATEST, C_FIXED], c].tolist(),
             *sorted((j, int(handling[j, c])) for j in lines_in(int(facts[C_MASK, c]) & ((1 << ANY_SHIFT) - 1))))
            for c in range(count)
        )  # fmt: skip
        expected: Counter[tuple[object, ...]] = Counter()
        for column in columns_of(world, services):
            source, costs = column.source, world.costs[column.source.location]
            handled = [
                (j, costs.pick + costs.unit * world.line(a.L_QUANTITY, j) + late_micros(world, column, j)) for j in column.whole
            ]
            expected[
                (source.location, column.service, source.start, source.day, source.left, column.latest,
                 fixed_micros(world, column), *handled)
            ] += 1  # fmt: skip
        assert told == expected, seed
        columns_seen += count
    assert columns_seen > 500
