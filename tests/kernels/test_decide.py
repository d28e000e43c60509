"""What a decision begins with: weights and sums in range, who may ship, prices of every subset."""

import random

import numpy as np
import pytest

from engine.kernels import asked as a
from engine.kernels.assign import GRAMS_MAX
from engine.kernels.cheapest import COST_MAX
from engine.kernels.decide import clear_offers, keep_eligible, price_rows, weigh_order
from engine.kernels.offers import GRAM_SUM, LATE, LATE_MAX, UNIT_COUNT, VOLUME_SUM
from engine.kernels.partition import NEVER
from engine.kernels.runs import FIXED_MAX, HANDLING_MAX, SIZE_FIELDS
from tests.kernels.drawn_worlds import SIZE, decided, drawn_world
from tests.naive.offers import columns_of, may_ship
from tests.naive.tariffs import shipment_micros, weigh


@pytest.mark.parametrize("seed", range(300))
def test_sums_of_subsets_within_range(seed: int) -> None:
    rng = random.Random(seed)
    n, first = rng.randint(1, 4), rng.randint(0, 2)
    lines, sizes = np.zeros((a.LINE_FIELDS, first + n), np.int64), np.zeros((2, SIZE_FIELDS), np.int64)
    quantity = [rng.choice([1, 2, 2**20, 2**31 - 1]) for _ in range(n)]
    grams, volume = [[rng.choice([0, 3, GRAMS_MAX // q, GRAMS_MAX // q + 1]) for q in quantity] for _ in range(2)]
    lines[a.L_QUANTITY, first:], lines[a.L_GRAMS, first:], lines[a.L_VOLUME, first:] = quantity, grams, volume
    units = sum(quantity) + n
    handling = [0, 5, min(2**31 - 1, COST_MAX // 4 // units), COST_MAX // 4 // units + 1, 2**31]
    sizes[1, FIXED_MAX], sizes[1, HANDLING_MAX] = rng.choice([0, COST_MAX // 4, COST_MAX // 4 + 1]), rng.choice(handling)
    subsets = np.full((14, 1 << n), -7)
    fits = all(max(g, v) * q <= GRAMS_MAX for g, v, q in zip(grams, volume, quantity, strict=True))
    fits &= sizes[1, FIXED_MAX] <= COST_MAX // 4 and sizes[1, HANDLING_MAX] <= min(2**31 - 1, COST_MAX // 4 // units)
    assert weigh_order(n, first, 1, lines, sizes, subsets) == fits
    if not fits:
        return
    for s in range(1 << n):
        inside = [j for j in range(n) if s >> j & 1]
        assert subsets[UNIT_COUNT, s] == sum(quantity[j] for j in inside)
        assert subsets[GRAM_SUM, s] == sum(quantity[j] * grams[j] for j in inside)
        assert subsets[VOLUME_SUM, s] == sum(quantity[j] * volume[j] for j in inside)


@pytest.mark.parametrize("seed", range(150))
def test_who_may_ship(seed: int) -> None:
    world = drawn_world(seed)
    places = len(world.costs)
    bits = np.random.default_rng(seed).integers(0, 2**20, places).astype(np.int32)
    world.offers.bits[0][:] = bits
    keep_eligible(world.orders[0], world.wishes, world.limits.country, world.runs.places, world.offers)
    for place in range(places):
        may = may_ship(world, place)
        assert world.offers.may_serve[place] == may
        assert world.offers.bits[0, place] == (int(bits[place]) & int(world.wishes[1, place]) if may else 0)


@pytest.mark.parametrize("seed", range(100))
def test_prices_of_every_zone_and_subset(seed: int) -> None:
    world = drawn_world(seed)
    decided(world)
    count, size, ppm = int(world.runs.sizes[1, 1]), 1 << world.n, world.order(a.O_CARRIER_PPM)
    prices, rows = np.full(len(world.breaks) * SIZE, -7), np.full((4, len(world.breaks)), -7)
    price_rows(world.n, 1, ppm, world.runs, world.limits.services, *world.tariffs, world.subsets, prices, rows)
    for r in range(count):
        zone, service = world.runs.zones[1, :, r].tolist()
        divisor, package = world.limits.services[:, service].tolist()
        least = min((each.price_micros for each in world.breaks[zone]), default=None)
        assert rows[:, r].tolist() == [zone, divisor, package, NEVER if least is None else weigh(least, ppm)]
        for s in range(1, size):
            weights = int(world.subsets[GRAM_SUM, s]), int(world.subsets[VOLUME_SUM, s])
            raw = shipment_micros(*weights, divisor, package, world.breaks[zone])
            assert prices[r * size + s] == (NEVER if raw is None else weigh(raw, ppm))
    assert (prices[count * size :] == -7).all()


def test_nothing_is_offered_at_first() -> None:
    world = drawn_world(1)
    world.offers.cost[:], world.offers.tally[:], world.subsets[LATE] = 5, 5, 5
    clear_offers(world.n, world.subsets, world.offers)
    size = 1 << world.n
    assert (world.offers.cost[:, :size] == NEVER).all()
    assert (world.offers.cost[:, size:] == 5).all()
    assert (world.subsets[LATE, :size] == 0).all()
    assert (world.offers.tally == [[0, 0, NEVER]] * len(world.offers.tally)).all()


def test_what_is_out_of_range_is_not_decided() -> None:
    """Too heavy a line, a location too dear, lateness without end: nothing is told but that."""
    for field, value in ((a.L_GRAMS, GRAMS_MAX + 1), (a.L_VOLUME, GRAMS_MAX + 1)):
        world = drawn_world(3)
        world.lines[field, -1] = value
        assert (decided(world)[0][:, a.R_STATUS] == a.OUT_OF_RANGE).all()
    for field in (FIXED_MAX, HANDLING_MAX):
        world = drawn_world(3)
        world.runs.sizes[1, field] = COST_MAX
        assert (decided(world)[0][:, a.R_STATUS] == a.OUT_OF_RANGE).all()


def test_lateness_without_end_is_not_decided() -> None:
    """Days late times its price beyond 2^40: known as soon as a source is late, now or when a receipt lands."""
    refused = 0
    for seed in range(150):
        world = drawn_world(seed)
        world.orders[0, a.O_LATE_PER_DAY] = LATE_MAX
        world.lines[a.L_LATEST] = 0
        columns = columns_of(world, int(np.bitwise_or.reduce(world.options)))
        results, _ = decided(world)
        # Every date is more than a day after the first minute of 1970.
        late = any(column.latest > 1440 for column in columns)
        if late:
            assert (results[:, a.R_STATUS] == a.OUT_OF_RANGE).all(), seed
        refused += late
    assert refused > 50
