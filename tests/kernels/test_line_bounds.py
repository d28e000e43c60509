"""Least costs of lines and shipments against trying every quantity and every pair, up to the ends of their ranges."""

import random

import numpy as np
import pytest

from engine.kernels.bounds import divided_bound, least_row_prices, line_bounds, product, within
from engine.kernels.partition import NEVER
from tests.naive.bounds import line_costs, two_openings
from tests.naive.tariffs import weigh

QUANTITY_MAX = 2**31 - 1


@pytest.mark.parametrize("quantity", [1, 2, 3, 1000, QUANTITY_MAX])
def test_products_without_the_product(quantity: int) -> None:
    for most in (0, 1, 2**31, 2**52, NEVER):
        edge = most // quantity
        for per_unit in {0, 1, 7, max(0, edge - 1), edge, edge + 1, most, 2**62}:
            assert within(per_unit, quantity, most) == (per_unit * quantity <= most)
            assert product(per_unit, quantity) == min(per_unit * quantity, NEVER)


@pytest.mark.parametrize("seed", range(100))
def test_the_least_of_a_price_row(seed: int) -> None:
    rng = random.Random(seed)
    zones = [[rng.choice([0, 3, 10**12, NEVER]) for _ in range(rng.randint(0, 3))] for _ in range(3)]
    start = np.cumsum([0, *map(len, zones)])
    zone = [rng.randint(-1, 2) for _ in range(rng.randint(0, 4))]
    ppm = rng.choice([0, 333_333, 1_000_000, 10**9])
    out = np.full(len(zone), -7)
    least_row_prices(np.array(zone, np.int64), ppm, start, np.array([price for each in zones for price in each], np.int64), out)
    for z, found in zip(zone, out.tolist(), strict=True):
        least = min(zones[z], default=NEVER) if z >= 0 else 0
        assert found == (NEVER if least >= NEVER else weigh(least, ppm))


@pytest.mark.parametrize("seed", range(300))
def test_what_lines_cost_at_the_least(seed: int) -> None:
    rng = random.Random(seed)
    n, columns, money = rng.randint(1, 4), rng.randint(0, 4), rng.choice([3, 50, 10**12])
    quantity = [rng.randint(1, 5) for _ in range(n)]
    short, most = [rng.randint(0, money) for _ in range(n)], [rng.choice([1, 2, 2**31]) for _ in range(n)]
    allowed = [[rng.random() < 0.6 for _ in range(columns)] for _ in range(n)]
    line = [[rng.randint(0, money) for _ in range(columns)] for _ in range(n)]
    unit = [rng.randint(0, money) for _ in range(columns)]
    least, extra = np.full((2, n), -7)
    line_bounds(
        np.array(quantity), np.array(short), np.array(most), np.array(allowed, np.bool_).reshape(n, columns),
        np.array(line, np.int64).reshape(n, columns), np.array(unit, np.int64), least, extra,
    )  # fmt: skip
    for j in range(n):
        may = [c for c in range(columns) if allowed[j][c]]
        costs = line_costs(quantity[j], short[j], [line[j][c] for c in may], [unit[c] for c in may])
        assert least[j] == min(costs)
        divided = costs[1:-1] if most[j] > 1 else []
        assert extra[j] == min((cost - min(costs) for cost in divided), default=NEVER)


def test_a_line_of_the_largest_quantity_and_price_costs_never() -> None:
    least, extra = np.zeros((2, 1), np.int64)
    ones = np.array([2])
    line_bounds(
        np.array([QUANTITY_MAX]), np.array([2**50]), ones, np.array([[True]]), np.array([[2**56]]), np.array([2**50]), least,
        extra,
    )  # fmt: skip
    assert least[0] == NEVER
    assert extra[0] > 0


@pytest.mark.parametrize("seed", range(300))
def test_plans_that_divide_a_line(seed: int) -> None:
    rng = random.Random(seed)
    columns, n, money = rng.randint(1, 5), rng.randint(1, 3), rng.choice([2, 9, 10**15])
    location = [rng.randint(0, 2) for _ in range(columns)]
    split = rng.randint(0, money)
    fixed, row = [split + rng.randint(0, money) for _ in location], [rng.randint(0, 1) for _ in location]
    row_price = [rng.randint(0, money), rng.choice([0, money])]
    least, extra = [rng.randint(0, money) for _ in range(n)], [rng.choice([rng.randint(0, money), NEVER]) for _ in range(n)]
    opening = [cost + row_price[r] for cost, r in zip(fixed, row, strict=True)]
    both = two_openings(location, opening)
    ways = [min(opening) + min(extra)] if min(extra) < NEVER else []
    ways += [both] if both is not None else []
    found = divided_bound(
        split, np.array(location), np.array(fixed), np.array(row), np.array(row_price), np.array(least), np.array(extra)
    )
    if ways:
        assert found == sum(least) + min(ways) - split
    else:
        assert found >= NEVER
