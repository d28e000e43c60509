"""Sets of columns against sets that are priced anew: the same changes, the same costs, and no single change is cheaper."""

import random

import numpy as np
import pytest

from engine.kernels.column_sets import cost_without, improve_set, set_cost, stands_with
from engine.kernels.long_order import FIXED, LOCATION, SHORT, LongOrder
from engine.kernels.partition import NEVER
from tests.kernels.long_instances import bare_order
from tests.naive.column_sets import Prices, cost_of_set, improved


def drawn(rng: random.Random) -> tuple[LongOrder, Prices]:
    n, m, money = rng.randint(1, 6), rng.randint(1, 9), rng.choice([2, 20, 10**12])
    t = bare_order(n, m, 1, 2)
    t.columns[FIXED] = [rng.randint(0, money) for _ in range(m)]
    t.columns[LOCATION] = [rng.randrange(max(1, m * 2 // 3)) for _ in range(m)]
    t.columns[2] = [rng.randrange(2) for _ in range(m)]
    t.base[:, 0] = rng.randint(0, money), rng.randint(0, money)
    t.handling[:] = [[rng.choice([rng.randint(0, money), NEVER]) for _ in range(n)] for _ in range(m)]
    t.lines[SHORT] = [rng.choice([0, money // 2, 3 * money]) for _ in range(n)]
    opening = (t.columns[FIXED] + t.base[t.columns[2], 0]).tolist()
    return t, Prices(opening, t.columns[LOCATION].tolist(), t.handling.tolist(), t.lines[SHORT].tolist())


@pytest.mark.parametrize("seed", range(300))
def test_what_a_set_costs_with_and_without_a_member(seed: int) -> None:
    rng = random.Random(seed)
    t, prices = drawn(rng)
    n, m = len(prices.short), len(prices.opening)
    members = rng.sample(range(m), rng.randint(0, m))
    cost = cost_of_set(prices, members)
    array = np.array([*members, 0], np.int64)
    assert set_cost(t, len(members), array) == (NEVER if cost is None else cost)
    for at in range(len(members) + 1):
        rest = np.full(n, -7)
        others = [c for k, c in enumerate(members) if k != at]
        assert cost_without(t, len(members), array, at, rest) == sum(prices.opening[c] for c in others)
        assert rest.tolist() == [
            min([short, *(prices.handling[c][j] for c in others)]) for j, short in enumerate(prices.short)
        ]  # fmt: skip
        for c in range(m):
            there = prices.location[c] in {prices.location[other] for other in others}
            assert stands_with(t, len(members), array, at, c) == there


@pytest.mark.parametrize("seed", range(300))
def test_sets_change_by_one_column_while_that_is_cheaper(seed: int) -> None:
    rng = random.Random(seed)
    t, prices = drawn(rng)
    m = len(prices.opening)
    by_location = {prices.location[c]: c for c in rng.sample(range(m), m)}
    members = rng.sample(list(by_location.values()), rng.randint(1, len(by_location)))
    most, offered = rng.randint(len(members), m), rng.sample(range(m), rng.randint(0, m))
    array = np.array([*members, *[-7] * (m + 1 - len(members))])
    k, cost = improve_set(
        t, len(members), most, array, len(offered), np.array([*offered, 0]), np.empty(len(prices.short), np.int64)
    )
    expected = improved(prices, members, most, offered)
    assert array[:k].tolist() == expected
    assert cost == cost_of_set(prices, expected)
