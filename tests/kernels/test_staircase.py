"""Staircases and lines below carrier prices, held against the price of every weight."""

import random
from itertools import combinations

import numpy as np
import pytest

from engine.kernels.partition import NEVER
from engine.kernels.staircase import (
    SLOPES_MAX,
    STEPS_MAX,
    billable_parts,
    least_rate,
    merge_steps,
    price_steps,
    slopes_below,
)
from tests.naive.tariffs import Break, shipment_micros, weigh

PPMS = [0, 333_333, 1_000_000, 2_500_000]


def drawn_breaks(rng: random.Random) -> list[Break]:
    money, limit, rows = rng.choice([3, 20, 10**12]), 0, []
    for _ in range(rng.randint(0, 4)):
        limit += rng.randint(1, 8)
        rows.append(Break(limit, rng.randint(0, money), rng.choice([0, 0, rng.randint(0, 5_000)])))
    return rows


def arrays(*zones: list[Break]) -> tuple[np.ndarray, ...]:
    table = np.array([row for zone in zones for row in zone], np.int64).reshape(-1, 3)
    return np.cumsum([0, *map(len, zones)]), *(np.ascontiguousarray(table[:, f]) for f in range(3))


@pytest.mark.parametrize("seed", range(200))
def test_parts_of_the_billable_weight(seed: int) -> None:
    """Of any lines, what they weigh together is the sum of their parts at the least; of all lines it is told."""
    rng = random.Random(seed)
    n, divisor, most = rng.randint(0, 5), rng.choice([0, 1, 3, 5_000]), rng.choice([4, 50, 2**52])
    grams, volume = [rng.randint(0, most) for _ in range(n)], [rng.randint(0, most) for _ in range(n)]
    out = np.full(n, -7)
    total = billable_parts(n, divisor, np.array(grams, np.int64), np.array(volume, np.int64), out)
    for count in range(n + 1):
        for lines in combinations(range(n), count):
            billable = sum(grams[j] for j in lines)
            if divisor:
                billable = max(billable, -(-sum(volume[j] for j in lines) // divisor))
            assert sum(int(out[j]) for j in lines) <= billable
            assert count < n or total == billable
    by_volume = divisor and sum(volume) // divisor > sum(grams)
    assert out.tolist() == ([v // divisor for v in volume] if by_volume else grams)


@pytest.mark.parametrize("seed", range(100))
def test_the_rate_of_every_weight_break(seed: int) -> None:
    rng = random.Random(seed)
    per_kg = [rng.choice([0, 999, 1_000, 5_500, 10**9, 10**12, 10**12 + 1, NEVER]) for _ in range(4)]
    start, ppm = np.array([0, rng.randint(0, 2), rng.randint(2, 4)]), rng.choice(PPMS)
    zone = rng.randrange(2)
    least = min(per_kg[start[zone] : start[zone + 1]], default=NEVER)
    expected = 0 if least > 10**12 else weigh(least // 1000, ppm)
    assert least_rate(zone, ppm, start, np.array(per_kg)) == expected


def price_of(grams: int, ppm: int, most: int, breaks: list[Break]) -> int | None:
    raw = shipment_micros(grams, 0, 0, most, breaks)
    return None if raw is None else weigh(raw, ppm)


@pytest.mark.parametrize("seed", range(400))
def test_no_step_lies_above_a_price(seed: int) -> None:
    """Also of more packages than steps; one step for all is the price itself; what no package holds has no step."""
    rng = random.Random(seed)
    breaks, ppm = drawn_breaks(rng), rng.choice(PPMS)
    most, heaviest = rng.choice([1, 2, 5, 13, 2**40]), rng.choice([0, 1, 9, 60, 150])
    tables = arrays([Break(5, 1, 0)], breaks)
    limit, step = np.full((2, STEPS_MAX + 1), -7)
    rate = rng.choice([0, least_rate(1, ppm, tables[0], tables[3])])
    count, exact = price_steps(heaviest, 1, 0, most, ppm, rate, *tables, limit, step)
    limits, steps = limit[:count].tolist(), step[:count].tolist()
    assert limits == sorted(set(limits))
    assert steps == sorted(set(steps))
    prices = [price_of(grams, ppm, most, breaks) for grams in range(heaviest + 1)]
    for grams, price in enumerate(prices):
        at = int(np.searchsorted(limits, grams))
        if at == count:
            assert price is None
            continue
        stair = rate * grams + steps[at]
        assert price is None or stair <= price
        assert not exact or stair == price
    if count:
        # Some price is met, so that no step can be higher everywhere.
        assert any(price is not None and price == rate * g + steps[int(np.searchsorted(limits, g))]
                   for g, price in enumerate(prices) if g <= limits[-1])  # fmt: skip
    # One price for all, in one package: the staircase is the price.
    one_price = len(set(prices)) == 1 and prices[0] is not None and most >= heaviest
    if one_price and not any(each.per_kg_micros for each in breaks):
        assert exact
    first = min((grams for grams in range(heaviest + 1) if prices[grams] is not None), default=None)
    assert (first is None) == (count == 0)


@pytest.mark.parametrize("breaks_each", [5, 7, STEPS_MAX - 1, STEPS_MAX, STEPS_MAX + 30])
@pytest.mark.parametrize("spare", [0, 10])
def test_what_lies_beyond_the_steps_is_never_priced_too_high(breaks_each: int, spare: int) -> None:
    """Steps run out within a package or at its end; with `spare`, a package may be heavier than any price there is."""
    rng = random.Random(breaks_each)
    prices = sorted(rng.randint(100, 10_000) for _ in range(breaks_each))
    breaks = [Break(3 * k + 3, price, 0) for k, price in enumerate(prices)]
    most = 3 * breaks_each + spare
    heaviest = most * (2 * STEPS_MAX // breaks_each + 2)
    limit, step = np.full((2, STEPS_MAX + 1), -7)
    count, _ = price_steps(heaviest, 0, 0, most, 10**6, 0, *arrays(breaks), limit, step)
    limits, steps = limit[:count].tolist(), step[:count].tolist()
    shipped = [(grams, price) for grams in range(heaviest + 1) if (price := price_of(grams, 10**6, most, breaks)) is not None]
    for grams, price in shipped:
        assert steps[int(np.searchsorted(limits, grams))] <= price
    assert limits[-1] >= shipped[-1][0]


def test_without_a_carrier_one_step_of_nothing_holds_all() -> None:
    limit, step = np.zeros((2, STEPS_MAX + 1), np.int64)
    assert price_steps(77, -1, 0, 5, 10**6, 0, *arrays([]), limit, step) == (1, True)
    assert (limit[0], step[0]) == (77, 0)


def test_prices_at_the_end_of_their_range() -> None:
    """Packages of one gram at 10^12: of so many that they cost more than can be told nothing ships, and nothing wraps."""
    limit, step = np.zeros((2, STEPS_MAX + 1), np.int64)
    tables = arrays([Break(1, 10**12, 0)])
    count, exact = price_steps(2**52, 0, 0, 1, 10**6, 0, *tables, limit, step)
    assert not exact
    # From one package to as many as there are steps; the last is of all beyond: one package more, and what the cheapest adds.
    assert step[: count - 1].tolist() == [10**12 * packages for packages in range(1, count)]
    assert 0 < step[count - 1] <= 2**52 * 10**12
    assert limit[count - 1] == 2**52
    count, _ = price_steps(10**6, 0, 0, 1, 10**12, 0, *tables, limit, step)
    assert (step[:count] >= 0).all()
    assert (np.diff(step[:count]) > 0).all()


@pytest.mark.parametrize("seed", range(200))
def test_steps_ascend_and_are_joined(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(0, 8)
    limits = sorted(rng.sample(range(50), count))
    steps = [rng.choice([0, 1, 2, 5, NEVER]) for _ in range(count)]
    limit, step = np.array([*limits, -7]), np.array([*steps, -7])
    kept = merge_steps(count, limit, step)
    lowest = [min(steps[i:]) for i in range(count)]
    by_price = {price: top for price, top in zip(lowest, limits, strict=True) if price < NEVER}
    assert list(zip(step[:kept].tolist(), limit[:kept].tolist(), strict=True)) == sorted(by_price.items())


@pytest.mark.parametrize("seed", range(300))
def test_lines_lie_below_every_step_and_touch_one(seed: int) -> None:
    rng = random.Random(seed)
    count, far, money = rng.randint(1, 12), rng.choice([30, 2**40, 2**52]), rng.choice([9, 500, 2**55])
    limits = sorted(rng.sample(range(30), count)) if far == 30 else sorted({rng.randint(0, far) for _ in range(count)})
    steps = sorted({rng.randint(0, money) for _ in limits})
    limits = limits[: len(steps)]
    slope, base = np.full((2, SLOPES_MAX), -7)
    lines = slopes_below(len(limits), np.array(limits), np.array(steps), slope, base)
    assert 1 <= lines <= SLOPES_MAX
    assert (slope[0], base[0]) == (0, steps[0])
    assert slope[:lines].tolist() == sorted(set(slope[:lines].tolist()))
    for along, begin in zip(slope[:lines].tolist(), base[:lines].tolist(), strict=True):
        # A step holds up to its limit, where the line is highest.
        assert min(price - along * top - begin for top, price in zip(limits, steps, strict=True)) == 0


def test_lines_along_the_lower_hull() -> None:
    # (2, 5), (3, 9), (5, 14), (6, 18): from (2, 5) to (5, 14) by 3 a gram, from there to (6, 18) by 4.
    slope, base = np.zeros((2, SLOPES_MAX), np.int64)
    assert slopes_below(4, np.array([2, 3, 5, 6]), np.array([5, 9, 14, 18]), slope, base) == 3
    assert (slope[:3].tolist(), base[:3].tolist()) == ([0, 3, 4], [5, -1, -6])


def test_no_line_is_steeper_than_its_sums_allow() -> None:
    """2^40 a gram over 2^52 grams would leave int64: the flat line is left, and one along the hull that can be told."""
    slope, base = np.full((2, SLOPES_MAX), -7)
    limits, steps = [0, 1, 2**52], [0, 2**40, 2**55]
    lines = slopes_below(3, np.array(limits), np.array(steps), slope, base)
    for along, begin in zip(slope[:lines].tolist(), base[:lines].tolist(), strict=True):
        assert min(price - along * top - begin for top, price in zip(limits, steps, strict=True)) == 0
        assert abs(along * limits[-1]) <= NEVER
