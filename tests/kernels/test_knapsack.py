"""What fits in a room and is worth most, against every choice of lines."""

import random
from itertools import combinations

import numpy as np
import pytest

from engine.kernels.knapsack import LINES_MAX, NO_BETTER, TOO_LONG, fill_room, relaxed

LOOKS_MAX = 10**6


def by_density(rng: random.Random, count: int, most: int) -> tuple[list[int], list[int]]:
    """Worth and weight of drawn lines, the best per weight first."""
    lines = [(rng.randint(1, most), rng.choice([0, rng.randint(0, most)])) for _ in range(count)]
    lines.sort(key=lambda line: -line[0] / line[1] if line[1] else -1e18)
    return [worth for worth, _ in lines], [weight for _, weight in lines]


def best_choice(room: int, worth: list[int], weight: list[int]) -> int:
    sums = [
        sum(worth[k] for k in chosen)
        for size in range(len(worth) + 1)
        for chosen in combinations(range(len(worth)), size)
        if sum(weight[k] for k in chosen) <= room
    ]
    return max(sums)


@pytest.mark.parametrize("seed", range(400))
def test_the_most_that_fits(seed: int) -> None:
    rng = random.Random(seed)
    worth, weight = by_density(rng, rng.randint(0, 9), rng.choice([3, 20, 10**6, 2**50]))
    room = rng.choice([0, rng.randint(0, max(1, sum(weight))), sum(weight)])
    arrays = np.array(worth, np.int64), np.array(weight, np.int64)
    best = best_choice(room, worth, weight)
    assert relaxed(0, len(worth), room, *arrays) >= best
    known = best + rng.choice([-best - 1, -1, 0, 1])
    most, which = fill_room(len(worth), room, *arrays, known, LOOKS_MAX)
    if known >= best:
        assert (most, which) == (known, NO_BETTER)
        return
    chosen = [k for k in range(len(worth)) if which >> k & 1]
    assert most == best == sum(worth[k] for k in chosen)
    assert sum(weight[k] for k in chosen) <= room


@pytest.mark.parametrize("seed", range(100))
def test_a_search_that_takes_too_long_gives_a_bound(seed: int) -> None:
    rng = random.Random(seed)
    worth, weight = by_density(rng, 8, 30)
    room, arrays = rng.randint(1, sum(weight) + 1), (np.array(worth), np.array(weight))
    best = best_choice(room, worth, weight)
    for looks in range(1, 40):
        most, which = fill_room(8, room, *arrays, -1, looks)
        if which != TOO_LONG:
            assert most == best
            break
        assert most == relaxed(0, 8, room, *arrays) >= best
    assert which != TOO_LONG or looks == 39


def test_as_many_lines_as_a_number_has_bits() -> None:
    ones = np.ones(LINES_MAX, np.int64)
    assert fill_room(LINES_MAX, LINES_MAX, ones, ones, 0, 10) == (LINES_MAX, 2**LINES_MAX - 1)
    # Beyond the range of worth times room the last line counts whole in a bound.
    assert relaxed(0, 1, 2**40, np.array([2**50]), np.array([2**41])) == 2**50
    assert relaxed(0, 1, 3, np.array([10]), np.array([4])) == 7
