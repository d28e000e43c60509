"""The least of a run agrees with looking at every location for every subset, sorted or not, tiled or one by one."""

import random

import numpy as np
import pytest

from engine.kernels.cheapest import (
    BARRED,
    SHORT_RUN,
    TILE,
    TILE_ROWS,
    cheapest_opening,
    find_sorted,
    first_position,
    gather_bits,
    scan_run,
)
from engine.kernels.entries import sort_distinct
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import sum_subsets


@pytest.mark.parametrize("seed", range(200))
def test_least_of_a_run(seed: int) -> None:
    rng = random.Random(seed)
    n, count = rng.randint(1, 7), rng.choice([0, 1, SHORT_RUN - 1, SHORT_RUN, TILE, 2 * TILE + 5])
    begin, is_sorted, most = rng.choice([0, 3]), seed % 2 == 0, rng.choice([2, 2**31 - 1])
    size, end = begin + count, begin + count
    quantity = [rng.choice([1, 2, most]) for _ in range(n)]
    cost = [rng.randint(0, most) for _ in range(size)]
    pick, unit = [rng.randint(0, most) for _ in range(size)], [rng.randint(0, 3) for _ in range(size)]
    if is_sorted:
        cost[begin:], pick, unit = sorted(cost[begin:]), pick[:1] * size, unit[:1] * size
    share = rng.choice([0.1, 0.6, 1.0])
    bits = [sum(1 << j | 1 << (ANY_SHIFT + j) for j in range(n) if rng.random() < share) for _ in range(size)]
    position = rng.sample(range(size), size)
    by_location, places = np.zeros(size, np.int32), np.zeros((2, 1, size), np.int32)
    places[1, 0], by_location[position] = position, bits
    fixed = np.array([[0] * size, cost], np.int64)
    handling = np.array([[[9] * size] * 2, [pick, unit]], np.int32)
    lines, units = np.empty((2, 1 << n), np.int64)
    sum_subsets(n, np.ones(n, np.int64), 0, lines)
    sum_subsets(n, np.array(quantity, np.int64), 0, units)
    least, found, at = np.full((2, 1 << n), -7), np.full(1 << n, -7), np.full(size, -7, np.int32)
    seen = gather_bits(begin, end, 1, places, by_location, at)
    assert at[begin:].tolist() == bits[begin:]
    assert seen == np.bitwise_or.reduce(np.array(bits[begin:] or [0]))
    tile = np.full((TILE_ROWS, TILE), -5)
    scan_run(begin, end, 1, n, 1, np.array([99, *quantity]), lines, units, fixed, handling, at, tile, least[0])
    opening = cheapest_opening(begin, end, 1, fixed, at)
    if is_sorted:
        first = find_sorted(begin, end, 1, n, lines, units, places, fixed, handling, by_location, least[1], found)
        assert first == opening
    assert opening == min((c for c in range(begin, end) if bits[c]), key=lambda c: (cost[c], c), default=end)
    for s in range(1, 1 << n):
        offers = [
            (cost[c] + sum(pick[c] + unit[c] * quantity[j] for j in range(n) if s >> j & 1), c)
            for c in range(begin, end)
            if bits[c] & s == s
        ]
        if not offers:
            assert least[0, s] >= BARRED
            assert not is_sorted or least[1, s] >= BARRED
            continue
        assert least[0, s] == min(offers)[0]
        assert first_position(begin, end, 1, s, lines, units, fixed, handling, at) == min(offers)[1]
        if is_sorted:
            assert (least[1, s], found[s]) == min(offers)


@pytest.mark.parametrize("seed", range(30))
def test_keys_sorted_and_distinct(seed: int) -> None:
    rng = random.Random(seed)
    keys = [rng.randint(0, 50 if seed % 2 else 2**60) for _ in range(rng.choice([0, 1, 2, 40, 1500]))]
    array = np.array([99, *keys, 5], np.int64)
    last = sort_distinct(array, 1, 1 + len(keys))
    assert array[1:last].tolist() == sorted(set(keys))
    assert (array[0], array[-1]) == (99, 5)
