"""Floors and the grain of costs: below every price, and what every plan is a multiple of."""

import math
import random

import numpy as np
import pytest

from engine.kernels.long_order import (
    FIXED,
    GRAIN,
    GRAMS,
    ROW,
    SHORT,
    SPLIT,
    VOLUME,
    WEIGHT_PPM,
    ZONE,
    build_floor,
    build_rows,
    common_divisor,
    common_grain,
)
from engine.kernels.partition import NEVER
from engine.kernels.staircase import SLOPES_MAX, least_rate
from engine.kernels.tariffs import PPM
from engine.optimizer.problem import Tariffs
from engine.optimizer.search_tables import long_order
from tests.kernels.long_instances import drawn_long
from tests.naive.long_orders import package_price
from tests.naive.plans import cost_of
from tests.optimizer.problems import hand_made

SEEDS = range(200)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_and_floors(seed: int) -> None:
    problem = drawn_long(seed)
    if problem is None:
        return
    t = long_order(problem)
    n = problem.line_count
    before = t.handling.copy()
    same = build_rows(t, problem.zone, problem.divisor, problem.package_grams_max)
    for r in range(len(problem.zone)):
        by_volume = problem.divisor[r] > 0 and t.lines[VOLUME].sum() // problem.divisor[r] > t.lines[GRAMS].sum()
        assert t.weight[r].tolist() == (t.lines[VOLUME] // problem.divisor[r] if by_volume else t.lines[GRAMS]).tolist()
        assert (t.slopes[r] > 0) == (t.steps[r] > 0)
        zone = int(problem.zone[r])
        assert t.rate[r] == (0 if zone < 0 else least_rate(zone, int(t.rules[WEIGHT_PPM]), t.start, t.per_kg))
        heaviest = int(t.limit[r, t.steps[r] - 1]) if t.steps[r] else -1
        prices = [package_price(problem, r, grams) for grams in range(int(t.lines[GRAMS].sum()) + 1)]
        assert not same or len(set(prices)) == 1
        assert all(price is None for price in prices[heaviest + 1 :])
        for k in range(t.slopes[r]):
            # One slope for all lines.
            rises, weights = t.rise[r * SLOPES_MAX + k], t.weight[r]
            heavy = int(weights.argmax())
            assert (rises * weights[heavy] == rises[heavy] * weights).all()
    build_floor(t)
    for c in range(problem.column_count):
        row = int(t.columns[ROW, c])
        for j in range(n):
            cost = NEVER if t.steps[row] == 0 else int(before[c, j])
            assert t.handling[c, j] == cost
            assert t.floor[c, j] == min(cost + int(t.rate[row] * t.weight[row, j]), NEVER)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_plan_costs_a_multiple_of_the_grain(seed: int) -> None:
    problem = drawn_long(seed)
    if problem is None:
        return
    rng, times = random.Random(seed), random.Random(seed).choice([1, 10, 2_500])
    tariffs = problem.tariffs
    problem = problem._replace(
        carrier_weight_ppm=rng.choice([PPM, PPM, 333_333]), short_micros=problem.short_micros * times,
        fixed=problem.fixed * times, line_micros=problem.line_micros * times, unit_micros=problem.unit_micros * times,
        split_micros=problem.split_micros * times,
        tariffs=tariffs._replace(price_micros=tariffs.price_micros * times,
                                 per_kg_micros=tariffs.per_kg_micros * rng.choice([0, 1])),
    )  # fmt: skip
    t = long_order(problem)
    grain = common_grain(t)
    assert grain == t.rules[GRAIN]
    parts = [t.rules[SPLIT], *t.lines[SHORT], *t.columns[FIXED], *t.handling[t.handling < NEVER]]
    for zone in set(t.columns[ZONE].tolist()) - {-1}:
        breaks = slice(t.start[zone], t.start[zone + 1])
        parts += [p if k == 0 else 1 for p, k in zip(t.price[breaks], t.per_kg[breaks], strict=True)]
    expected = max(1, math.gcd(*map(int, parts))) if t.rules[WEIGHT_PPM] == PPM else 1
    assert grain == expected
    for _ in range(60):
        where = [rng.choice([-1, *np.flatnonzero(t.handling[:, j] < NEVER).tolist()]) for j in range(problem.line_count)]
        assert (cost_of(problem, where) or 0) % grain == 0


def test_divisors_of_large_numbers() -> None:
    rng = random.Random(5)
    for _ in range(300):
        a, b, c = rng.randint(0, 2**20), rng.randint(0, 2**30), rng.choice([1, 7, 2**31])
        assert common_divisor(a * c, b * c) == math.gcd(a, b) * c
    assert common_divisor(0, 0) == 0


def test_where_nothing_costs_anything_the_grain_is_one() -> None:
    t = long_order(hand_made([[1]], [1], fixed=[0], short_micros=[0], split_micros=0))
    assert common_grain(t) == t.rules[GRAIN] == 1


def test_a_rate_that_would_leave_the_range_counts_nothing() -> None:
    """10^12 a kilo is 10^9 a gram: of 2^28 g that is beyond 2^60 ÷ 16, of 2^20 g it is not."""
    for grams, rate in ((2**28, 0), (2**20, 10**9)):
        tariffs = Tariffs(np.array([0, 1]), np.array([2**40]), np.array([5]), np.array([10**12]))
        t = long_order(hand_made([[1]], [1], grams=[grams], tariffs=tariffs))
        assert t.rate.tolist() == [rate]
        assert t.floor[0, 0] == rate * grams
