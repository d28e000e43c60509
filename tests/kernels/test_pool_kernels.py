"""Kernels of pools against every plan of every order, one by one."""

import numpy as np
import pytest

from engine.kernels.partition import NEVER
from engine.kernels.pool_orders import plan_micros
from engine.reroute.workers import Workers
from tests.naive import pools as naive
from tests.reroute.pools import random_pool


@pytest.mark.parametrize("seed", range(60))
def test_best_plans_at_prices_are_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pool = random_pool(rng, orders=4, lines_max=3 + seed % 2)
    position, slot = rng.integers(0, 800, len(pool.position_units)), rng.integers(0, 800, len(pool.slot_left))
    with Workers(pool, 2) as workers:
        asked = workers.price(position, slot)
    for o in range(len(pool.most)):
        plans = naive.all_parts(pool, o)
        expected = min(naive.priced_micros(pool, o, parts, position.tolist(), slot.tolist()) for parts in plans)
        assert asked.value[o] == expected
        parts = naive.parts_of(pool, asked.plan.tolist(), o)
        if all(naive.part_micros(pool, w, mask) < NEVER for w, mask in parts):
            # What one way would ship in two parts is one shipment here, which costs another sum.
            assert plan_micros(o, pool, asked.plan, pool.first_line[o]) == naive.parts_micros(pool, o, parts)
        else:
            assert plan_micros(o, pool, asked.plan, pool.first_line[o]) == NEVER
    assert asked.total == sum(asked.value.tolist())


@pytest.mark.parametrize("seed", range(40))
def test_shares_are_those_of_all_plans(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pool = random_pool(rng, orders=3)
    # Limits to the number of shipments are left out of the smooth picture.
    pool = pool._replace(most=np.full(3, 9, np.int32))
    position, slot = rng.uniform(0, 800, len(pool.position_units)), rng.uniform(0, 800, len(pool.slot_left))
    tau = float(rng.choice([60.0, 200.0, 1_000.0]))
    with Workers(pool, 2) as workers:
        position_use, slot_use, doubt = workers.soften(position, slot, tau)
    expected = [naive.softened(pool, o, position.tolist(), slot.tolist(), tau) for o in range(3)]
    for found, at in ((position_use, 0), (slot_use, 1)):
        whole = np.zeros(len(found))
        for each in expected:
            for place, use in each[at].items():
                whole[place] += use
        np.testing.assert_allclose(found, whole, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(doubt, [each[2] for each in expected], rtol=1e-6, atol=1e-9)
