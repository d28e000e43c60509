"""Parts of lines against loops over subsets of parts: bits, sums, lateness, and the prices that are sure."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from engine.kernels import asked as a
from engine.kernels.divided import count_parts, is_divisible, lower_prices, part_bits, spread_bits, sum_late, sum_parts
from engine.kernels.offers import E_BITS, E_LOCATION, LATE_MAX, NEVER_MINUTE
from engine.kernels.score import ANY_SHIFT
from tests.kernels.drawn_worlds import empty_offers
from tests.kernels.test_staircase import arrays, drawn_breaks, price_of

SEEDS = range(150)


def drawn(rng: random.Random, per_day: int = 0) -> tuple[a.Asked, np.ndarray, int]:
    n, first = rng.randint(1, 4), rng.randint(0, 2)
    lines = np.zeros((a.LINE_FIELDS, first + n), np.int64)
    lines[a.L_QUANTITY] = [rng.choice([1, 2, 3, 9]) for _ in range(first + n)]
    lines[a.L_MOST] = [rng.choice([1, 2, 2**31]) for _ in range(first + n)]
    lines[a.L_GRAMS] = [rng.choice([0, 7, 2**40]) for _ in range(first + n)]
    lines[a.L_LATEST] = [rng.choice([0, 5_000, 5_001, 9_000, NEVER_MINUTE]) for _ in range(first + n)]
    return a.Asked(0, n, first, 100, 1, per_day, 10**6, 2**62), lines, rng.randrange(1 << n)


def held_lines(asked: a.Asked, held: int) -> list[int]:
    return [j for j in range(asked.n) if held >> j & 1]


def parts(asked: a.Asked, lines: np.ndarray, held: int) -> list[tuple[int, int]]:
    """(line, its part) by number: two of a line that may be divided, one of the others (−1)."""
    found = []
    for j in held_lines(asked, held):
        q, most = lines[[a.L_QUANTITY, a.L_MOST], asked.first_line + j].tolist()
        found += [(j, 0), (j, 1)] if q > 1 and most > 1 else [(j, -1)]
    return found


def amounts(lines: np.ndarray, asked: a.Asked, of: list[tuple[int, int]], subset: int) -> Iterator[tuple[int, int]]:
    """(line, units) of a subset of parts: one unit for a part, all for both of them or for a line that is whole."""
    for j in dict.fromkeys(line for line, _ in of):
        taken = [part for k, (line, part) in enumerate(of) if line == j and subset >> k & 1]
        if taken:
            yield j, 1 if taken in ([0], [1]) else int(lines[a.L_QUANTITY, asked.first_line + j])


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_of_parts(seed: int) -> None:
    rng = random.Random(seed)
    asked, lines, held = drawn(rng)
    of = parts(asked, lines, held)
    assert count_parts(asked, lines, held) == len(of)
    for j in held_lines(asked, held):
        assert is_divisible(lines, asked.first_line + j) == ((j, 0) in of)
    size = 1 << len(of)
    for per_unit in (-2, -1, a.L_GRAMS):
        out = np.full(size, -7)
        sum_parts(asked, lines, held, per_unit, out)
        for s in range(size):
            inside = list(amounts(lines, asked, of, s))
            if per_unit == -2:
                # Lines of a whole line count once, also where it stands as two parts.
                assert out[s] == len(inside)
            else:
                grams = {j: 1 if per_unit == -1 else int(lines[a.L_GRAMS, asked.first_line + j]) for j, _ in inside}
                assert out[s] == sum(units * grams[j] for j, units in inside)


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_that_a_location_has(seed: int) -> None:
    rng = random.Random(seed)
    asked, lines, held = drawn(rng)
    of, places = parts(asked, lines, held), 5

    def drawn_bits() -> int:
        some = rng.randrange(1 << asked.n)
        return some << ANY_SHIFT | some & rng.randrange(1 << asked.n)

    def expected(bits: int) -> int:
        return sum(1 << k for k, (j, part) in enumerate(of) if bits >> (j if part < 0 else ANY_SHIFT + j) & 1)

    for bits in (0, drawn_bits(), drawn_bits()):
        assert part_bits(asked, lines, held, bits) == expected(bits)
    offers = empty_offers(places, 1, 1, 1, 6)
    offers.bits[0][:] = now = [rng.choice([0, drawn_bits()]) for _ in range(places)]
    offers.clock[1] = count = rng.randint(0, 6)
    offers.parts[0][:] = -7
    later = [(rng.randrange(places), rng.choice([0, drawn_bits()])) for _ in range(6)]
    offers.entries[E_LOCATION], offers.entries[E_BITS] = [place for place, _ in later], [bits for _, bits in later]
    spread_bits(asked, lines, held, offers)
    for place in range(places):
        bits = [expected(now[place]), *(expected(each) for at, each in later[:count] if at == place)]
        assert offers.parts[0, place] == np.bitwise_or.reduce(bits)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_divided_line_is_late_once(seed: int) -> None:
    rng = random.Random(seed)
    per_day = rng.choice([1, 700, LATE_MAX // 5, LATE_MAX // 4, LATE_MAX // 4 + 1, 2**61])
    asked, lines, held = drawn(rng, per_day)
    latest = rng.choice([0, 4_999, 5_000, 5_001, 5_760])
    of, days = parts(asked, lines, held), {}
    for j in held_lines(asked, held):
        due = int(lines[a.L_LATEST, asked.first_line + j])
        days[j] = 0 if due >= NEVER_MINUTE else -(-max(0, latest - due) // 1440)
    late = np.full(1 << len(of), -7)
    fits = all(each * per_day <= LATE_MAX for each in days.values())
    assert sum_late(asked, lines, held, latest, late) == fits
    if fits:
        for s in range(1 << len(of)):
            # The second part alone may be anything that is no more than what the line pays: no plan takes it without the first.
            inside = {j for k, (j, part) in enumerate(of) if s >> k & 1 and part != 1}
            assert late[s] == sum(days[j] * per_day for j in inside)


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_that_are_sure_of_parts(seed: int) -> None:
    """Where more weight may cost less, and a part may stand for more than a unit, the least of the row."""
    rng = random.Random(seed)
    asked, lines, held = drawn(rng)
    of, zones = parts(asked, lines, held), [[], drawn_breaks(rng), drawn_breaks(rng)]
    zone = [rng.choice([-1, 1, 2]) for _ in range(2)]
    rows = np.array([zone, [0, 0], [0, 0], [rng.randint(0, 9), rng.randint(0, 9)]])
    table = np.array([[rng.randint(10, 99) for _ in range(1 << len(of))] for _ in zone])
    before = table.tolist()
    lower_prices(len(of), asked, lines, held, rows, 2, *arrays(*zones), table)
    counted = all(lines[a.L_QUANTITY, asked.first_line + j] <= 2 or (j, -1) in of for j in held_lines(asked, held))
    for r, z in enumerate(zone):
        edges = [] if z < 0 else [each.max_grams for each in zones[z][:-1]]
        falls = any((price_of(e, 10**6, 2**40, zones[z]) or 0) > (price_of(e + 1, 10**6, 2**40, zones[z]) or 0) for e in edges)
        lowered = [before[r][0]] + [int(rows[3, r])] * ((1 << len(of)) - 1)
        assert table[r].tolist() == (lowered if falls and not counted else before[r])
