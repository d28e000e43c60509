"""Prices agree with packing one package after the other, at the edges of weight breaks and of int64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.partition import NEVER
from engine.kernels.subsets import sum_subsets
from engine.kernels.tariffs import price_subsets, shipment_micros, tariff_micros, weigh, weigh_price
from tests.naive import tariffs as naive
from tests.naive.tariffs import Break

Tables = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

money = st.integers(0, 50) | st.integers(0, 10**12)
breaks = st.lists(st.tuples(st.integers(1, 40), money, st.just(0) | st.integers(0, 10**9)), max_size=4).map(
    lambda rows: [Break(sum(r[0] for r in rows[: i + 1]), *row[1:]) for i, row in enumerate(rows)]
)


def tables(*zones: list[Break]) -> Tables:
    """Weight breaks as the kernels take them."""
    start = np.cumsum([0, *map(len, zones)])
    rows = np.array([row for zone in zones for row in zone], np.int64).reshape(-1, 3)
    return start, *(np.ascontiguousarray(rows[:, f]) for f in range(3))


ONE_ZONE = tables([Break(5, 40, 0), Break(10, 50, 1500)])


@pytest.mark.parametrize(("grams", "micros"), [(0, 40), (5, 40), (6, 59), (7, 61), (10, 65), (11, NEVER)])
def test_the_first_weight_break_that_holds_a_package(grams: int, micros: int) -> None:
    # From 6 g on 50 + ⌈1.5 · grams⌉.
    assert tariff_micros(grams, 0, *ONE_ZONE) == micros


@pytest.mark.parametrize(
    ("grams", "volume", "divisor", "most", "micros"),
    [
        (0, 0, 0, 10, 40),
        (10, 0, 0, 10, 65),
        (11, 0, 0, 10, 65 + 40),
        (20, 0, 0, 10, 65 + 65),
        (26, 0, 0, 10, 65 + 65 + 59),
        (3, 60, 10, 10, 59),  # 60 mm³ ÷ 10 = 6 g
        (3, 61, 10, 10, 61),  # 6.1 g are billed as 7
        (3, 10**6, 0, 10, 40),  # a divisor of 0: volume does not count
        (12, 0, 0, 12, NEVER),  # one package of 12 g, which no break holds
        (25, 0, 0, 12, NEVER),
    ],
)
def test_shipments_by_hand(grams: int, volume: int, divisor: int, most: int, micros: int) -> None:
    assert shipment_micros(grams, volume, 0, divisor, most, *ONE_ZONE) == micros


def test_no_carrier_costs_nothing_and_no_tariff_carries_nothing() -> None:
    assert shipment_micros(9, 9, -1, 1, 5, *ONE_ZONE) == 0
    assert shipment_micros(9, 9, 0, 1, 5, *tables([])) == NEVER


def test_prices_at_the_end_of_int64() -> None:
    # A million tonnes at a million a kilo: 10^9 kg · 10^12 micros do not fit, 10^5 kg · 10^12 do.
    dear = tables([Break(10**15, 7, 10**12)])
    assert tariff_micros(10**12, 0, *dear) == NEVER
    assert tariff_micros(10**8 + 1, 0, *dear) == 7 + 10**17 + 10**9
    many = tables([Break(1, 10**12, 0)])
    assert shipment_micros(10**6, 0, 0, 0, 1, *many) == 10**18
    assert shipment_micros(2**52, 0, 0, 0, 1, *many) == NEVER


@pytest.mark.parametrize(
    ("raw", "weight", "micros"),
    [
        (10**12, 1_000_000, 10**12),
        (7, 1_500_000, 10),
        (1_999_999, 333_333, 333_333 + 333_332),  # 999,999 · 0.333333 = 333,332.67
        (10**12, 1_000_000_000, 10**15),
        (10**15, 10**9, 10**18),
        (123, 0, 0),
    ],
)
def test_weights(raw: int, weight: int, micros: int) -> None:
    assert weigh(raw, weight) == weigh_price(raw, weight) == naive.weigh(raw, weight) == micros


def test_a_weighed_price_never_leaves_int64() -> None:
    assert weigh_price(NEVER, 0) == weigh_price(NEVER, 10**9) == weigh_price(10**17, 10**9) == NEVER


@settings(max_examples=500, derandomize=True, deadline=None)
@given(breaks, st.integers(0, 300), st.integers(0, 3000), st.integers(0, 12), st.integers(1, 60))
def test_shipments_agree_with_packing(rows: list[Break], grams: int, volume: int, divisor: int, most: int) -> None:
    expected = naive.shipment_micros(grams, volume, divisor, most, rows)
    assert shipment_micros(grams, volume, 0, divisor, most, *tables(rows)) == (NEVER if expected is None else expected)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    zones=st.lists(breaks, min_size=2, max_size=2),
    rows=st.lists(st.tuples(st.integers(-1, 2), st.sampled_from([0, 7]), st.sampled_from([9, 25, 2**62])), min_size=1),
    lines=st.lists(st.tuples(st.integers(0, 30) | st.integers(0, 2**52), st.integers(0, 200)), min_size=1, max_size=4),
    weight_ppm=st.sampled_from([0, 333_333, 1_000_000, 2_500_000]),
)
def test_a_table_of_subsets_agrees_with_packing_each(
    zones: list[list[Break]], rows: list[tuple[int, int, int]], lines: list[tuple[int, int]], weight_ppm: int
) -> None:
    # The third zone repeats the breaks of the first at other prices.
    zones = [*zones, [Break(limit, price + 1, 0) for limit, price, _ in zones[0]]]
    n, size = len(lines), 1 << len(lines)
    grams, volume, step, full = np.empty((4, size), np.int64)
    sum_subsets(n, np.array([line[0] for line in lines], np.int64), 0, grams)
    sum_subsets(n, np.array([line[1] for line in lines], np.int64), 0, volume)
    zone, divisor, most = (np.array([0, *(row[f] for row in rows)], np.int64) for f in range(3))
    out = np.full((len(rows), size), -7)
    price_subsets(size, len(rows), 1, zone, divisor, most, weight_ppm, grams, volume, *tables(*zones), step, full, out)
    for r, (z, d, m) in enumerate(rows):
        assert out[r, 0] == 0
        for s in range(1, size):
            # Packing one after the other takes too long where there are very many.
            if z < 0 or max(grams[s], volume[s]) > 10_000:
                expected = shipment_micros(grams[s], volume[s], z, d, m, *tables(*zones))
            else:
                packed = naive.shipment_micros(int(grams[s]), int(volume[s]), d, m, zones[z])
                expected = NEVER if packed is None else packed
            assert out[r, s] == weigh_price(expected, weight_ppm)
