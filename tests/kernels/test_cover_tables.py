"""What a search of covers stands on and goes on with, against sets of Python: no cover that is cheap enough is lost."""

import random
from itertools import combinations, product

import numpy as np
import pytest

from engine.kernels.bit_sets import WORD
from engine.kernels.cover_options import affordable_words, count_left, enter_level, is_allowed, option_last
from engine.kernels.cover_tables import (
    AT,
    COLUMN,
    END,
    LEAST_VALUE,
    MOST_LINES,
    SIZE,
    SLOPE,
    SUM,
    VALUE,
    Covers,
    hand_down,
    join_column,
    lay_out,
    rank_columns,
)
from engine.kernels.lagrange import ascend
from engine.kernels.long_order import CAPACITY, FIXED, KIND, ROW, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.search_state import ALIVE, BEST, GOAL, LEAST, MOST, Search
from engine.kernels.staircase import SLOPES_MAX
from engine.optimizer.search_tables import empty_covers
from tests.kernels.long_instances import begun
from tests.naive.long_orders import bits
from tests.optimizer.problems import hand_made

Made = tuple[random.Random, LongOrder, Search, Covers, int]


def laid(seed: int, lines: int, columns: int) -> Made | None:
    """Columns of little room that carry lines here and there, ranked at some prices."""
    rng = np.random.default_rng(seed)
    draw = random.Random(seed)
    carried = rng.random((lines, columns)) < rng.uniform(0.2, 0.9, columns)
    problem = hand_made(
        carried.astype(np.int64), [1] * lines, allowed=carried, fixed=rng.integers(0, 900, columns), zone=[-1],
        line_micros=rng.integers(20, 200, (lines, columns)), line_locations_max=[1] * lines,
        short_micros=np.where(rng.random(lines) < 0.2, 50, 5_000), capacity_kind=rng.integers(0, 3, columns),
        capacity_left=rng.integers(1, 4, columns) + (0 if seed % 2 else 2**40),
    )  # fmt: skip
    t, s, plan, _ = begun(problem)
    s.now[LEAST], s.now[MOST] = 1, lines
    s.now[BEST] = s.now[GOAL] = draw.randint(2_000, 40_000)
    bound, _ = ascend(t, s, plan, draw.choice([0, 3]))
    v = empty_covers(lines, columns)
    if bound >= s.now[GOAL]:
        return None
    lay_out(t, s, v, bound)
    return draw, t, s, v, bound


def lines_left(v: Covers, level: int) -> set[int]:
    return set(bits(v.uncovered[level].tolist(), WORD))


def ranks(v: Covers, row: np.ndarray, level: int) -> set[int]:
    return {r for r in bits(row[level].tolist(), WORD) if r // WORD < v.levels[END, level]}


def carried_by(v: Covers, r: int) -> set[int]:
    return set(bits(v.carried[:, r].tolist(), WORD))


def can_cover(v: Covers, chosen: tuple[int, ...], lines: set[int]) -> bool:
    """Whether every line has one of the columns, none with more lines than it can carry."""
    if any(not any(i in carried_by(v, r) for r in chosen) for i in lines):
        return False
    choices = [[r for r in chosen if i in carried_by(v, r)] for i in sorted(lines)]
    return any(all(where.count(r) <= v.ranked[MOST_LINES, r] for r in chosen) for where in product(*choices))


@pytest.mark.parametrize("seed", range(120))
def test_columns_ranked_and_lines_as_bits(seed: int) -> None:
    """Also of more columns and lines than a word has bits."""
    lines, columns = (70, 9) if seed % 10 == 0 else (6, 150) if seed % 10 == 1 else (6, 7)
    made = laid(seed, lines, columns)
    if made is None:
        return
    draw, t, s, v, bound = made
    alive = s.alive[: s.now[ALIVE]].tolist()
    ranked = sorted(alive, key=lambda c: (s.value[c], c))
    size = len(ranked)
    assert v.cursor[SIZE] == size
    assert v.ranked[COLUMN, :size].tolist() == ranked
    assert v.ranked[VALUE, :size].tolist() == s.value[ranked].tolist()
    assert v.ranked[SLOPE, :size].tolist() == s.slope_at[ranked].tolist()
    needed = [j for j in range(lines) if bound + t.lines[SHORT, j] - s.price[j] >= s.now[GOAL]]
    needed.sort(key=lambda j: sum(t.handling[c, j] < NEVER for c in ranked))
    assert v.line_order[: len(needed)].tolist() == needed
    assert lines_left(v, 0) == set(range(len(needed)))
    assert count_left(v, 0) == len(needed)
    for r, c in enumerate(ranked):
        carried = {i for i, j in enumerate(needed) if t.handling[c, j] < NEVER}
        assert carried_by(v, r) == carried
        assert all(r in set(bits(v.carriers[i].tolist(), WORD)) for i in carried)
        most = int(t.columns[CAPACITY, c]) if t.columns[KIND, c] > 0 else len(needed)
        assert v.ranked[MOST_LINES, r] == most
        assert (v.listed[0, r], v.most[0, r]) == (r, most)
        assert v.masks[0, :, r].tolist() == v.carried[:, r].tolist()
    assert sum(len(set(bits(row.tolist(), WORD))) for row in v.carriers) == sum(len(carried_by(v, r)) for r in range(size))
    assert v.reach[0, : len(needed) + 2].tolist() == [size] * (len(needed) + 1) + [0]
    assert ranks(v, v.allowed, 0) == set(range(size)) == {r for r in range(size + 70) if is_allowed(v, r, 0)}
    assert v.levels[SUM, 0] == s.price.sum()
    assert (v.served[0] == s.price).all()
    for most in (draw.randint(-900, 900), *s.value[ranked[:2]].tolist()):
        words = affordable_words(v, size, most)
        assert words == len({r // WORD for r in range(size) if v.ranked[VALUE, r // WORD * WORD] < most})
    if size == 0:
        return

    r = draw.randrange(size)
    v.levels[END, 0] = words = draw.randint(1, int(v.levels[END, 0]))
    hand_down(v, 0, r)
    assert lines_left(v, 1) == lines_left(v, 0) - carried_by(v, r)
    assert v.allowed[1, :words].tolist() == v.allowed[0, :words].tolist()
    assert v.levels[[SUM, END, LEAST_VALUE], 1].tolist() == [
        int(v.levels[SUM, 0] + v.ranked[VALUE, r]), words, int(v.levels[LEAST_VALUE, 0]),
    ]  # fmt: skip
    c = ranked[r]
    row, slope = int(t.columns[ROW, c]), int(s.slope_at[c])
    joined = [
        min(int(p), int(cost + up)) for p, cost, up in zip(s.price, s.cost[c], t.rise[row * SLOPES_MAX + slope], strict=True)
    ]
    cost = join_column(t, s, v, r, 0)
    assert v.served[1].tolist() == joined
    assert cost == int(t.columns[FIXED, c] + t.base[row, slope]) - sum(int(p) - q for p, q in zip(s.price, joined, strict=True))


@pytest.mark.parametrize("seed", range(60))
def test_ranks_of_many_equal_columns(seed: int) -> None:
    """Sorted with every gap there is: 2,000 columns of few values."""
    made = laid(seed, 1, 2_000 if seed % 20 == 0 else 40)
    if made is None:
        return
    draw, _, s, v, _ = made
    alive = s.alive[: s.now[ALIVE]].tolist()
    for c in alive:
        s.value[c] = draw.randint(-2, 2)
    rank_columns(s, v)
    assert v.ranked[COLUMN, : len(alive)].tolist() == sorted(alive, key=lambda c: (s.value[c], c))


@pytest.mark.parametrize("seed", range(250))
def test_every_cover_that_is_cheap_enough_goes_on_with_one_of_the_options(seed: int) -> None:
    """Level after level; a column that was tried at a level is in no later cover of it."""
    made = laid(seed, *((5, 7) if seed % 2 else (8, 9)))
    if made is None:
        return
    draw, _, _, v, _ = made
    size, k = int(v.cursor[SIZE]), draw.randint(1, 4)
    goal = int(v.levels[SUM, 0]) + draw.choice([-500, 0, 300, 2_000, NEVER // 2])
    for level in range(k):
        rest = k - level
        allowed = {r for r in range(size) if is_allowed(v, r, level)}
        lines, spent = lines_left(v, level), int(v.levels[SUM, level])
        covers = [
            chosen
            for chosen in combinations(sorted(allowed), rest)
            if can_cover(v, chosen, lines) and spent + sum(int(v.ranked[VALUE, r]) for r in chosen) < goal
        ]
        some = enter_level(v, level, rest, goal)
        assert some or not covers
        if not some:
            return
        assert {r for r in range(size) if is_allowed(v, r, level)} <= allowed
        options = ranks(v, v.options, level)
        assert options <= allowed
        assert v.levels[AT, level] == -1
        assert all(options & set(chosen) for chosen in covers)
        if rest == 1:
            assert options == {r for r in allowed if lines <= carried_by(v, r)}
            assert option_last(v, level) == bool(options) or not lines
        tried = draw.sample(sorted(options), min(len(options), draw.randint(0, 1)))
        for r in tried:
            v.allowed[level, r // WORD] &= ~(1 << (r % WORD))
        left = sorted(options - set(tried))
        if not left or rest == 1:
            return
        r = draw.choice(left)
        v.allowed[level, r // WORD] &= ~(1 << (r % WORD))
        hand_down(v, level, r)
