"""Sets of columns that carry all lines: as many at the least as trying them all shows, and no cheaper plan of k left out."""

import random
from itertools import combinations

import numpy as np
import pytest

from engine.kernels.begin import begin, start_prices
from engine.kernels.covers import fewest_columns, search_covers
from engine.kernels.lagrange import ascend
from engine.kernels.long_order import FIXED, LOCATION, LOCATIONS_MAX, PLAIN, SHORT
from engine.kernels.partition import NEVER
from engine.kernels.search import PAUSED
from engine.kernels.search_state import ALIVE, BEST, GOAL, LEAST, MOST, NODES, NODES_MAX, PAUSE_AT
from engine.optimizer.long_orders import LongSearch
from engine.optimizer.problem import Problem, Tariffs
from engine.optimizer.search_tables import WINDOWS_MAX, empty_covers, empty_plan, empty_search, long_order
from tests.kernels.test_search import all_plans
from tests.naive.long_orders import cheapest_set
from tests.naive.plans import cost_of
from tests.optimizer.problems import hand_made

SEEDS = range(150)


def thin(seed: int, lines: int, columns: int, share: float) -> Problem:
    """An order whose lines are carried here and there; some of them are better left short."""
    rng = np.random.default_rng(seed)
    carried = rng.random((lines, columns)) < rng.uniform(share / 2, share, columns)
    return hand_made(
        carried.astype(np.int64), [1] * lines, allowed=carried, fixed=rng.integers(500, 900, columns), zone=[-1],
        location=rng.integers(0, max(1, columns * 3 // 4), columns), line_micros=rng.integers(20, 200, (lines, columns)),
        short_micros=np.where(rng.random(lines) < 0.2, 50, 5_000), line_locations_max=[1] * lines,
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_every_plan_of_k_shipments_that_could_be_cheaper_is_looked_at(seed: int) -> None:
    problem = thin(seed, random.Random(seed).randint(1, 8), random.Random(seed + 1).randint(1, 9), 0.9)
    t = long_order(problem)
    assert t.rules[PLAIN] == 1
    able = (t.handling < NEVER).any(axis=1)
    fixed, location = t.columns[[FIXED, LOCATION]][:, able].tolist()
    tables = fixed, location, t.handling[able].tolist(), t.lines[SHORT].tolist()
    for k in range(1, min(4, int(t.rules[LOCATIONS_MAX])) + 1):
        search = LongSearch(t, 10**6)
        search.s.now[LEAST] = k
        assert search.search_exactly(k) == NEVER
        least = cheapest_set(*tables, k)
        assert least is None or search.cost <= least
        assert search.cost >= min(cost for size in range(able.sum() + 1) if (cost := cheapest_set(*tables, size)))


@pytest.mark.parametrize("seed", SEEDS)
def test_as_few_columns_as_carry_all_that_cannot_be_short(seed: int) -> None:
    """Also where lines take more than one word of bits: 70 of them."""
    lines = 70 if seed % 10 == 0 else random.Random(seed).randint(2, 12)
    problem = thin(seed, lines, 12, 0.8)
    t = long_order(problem)
    s, plan, covers = empty_search(t), empty_plan(t), empty_covers(*t.handling.T.shape)
    begin(t, s, plan, empty_plan(t), 10**6)
    start_prices(t, s)
    s.now[LEAST], s.now[MOST] = 1, lines
    s.now[BEST] = s.now[GOAL] = random.Random(seed).randint(3_000, 40_000)
    bound, _ = ascend(t, s, plan, 3)
    if bound >= s.now[GOAL]:
        return
    needed = [j for j in range(lines) if bound + t.lines[SHORT, j] - s.price[j] >= s.now[GOAL]]
    columns = [c for c in range(12) if (t.handling[c] < NEVER).any()]
    fewest = next(
        (
            k
            for k in range(1, WINDOWS_MAX)
            if any(all((t.handling[list(chosen), j] < NEVER).any() for j in needed) for chosen in combinations(columns, k))
        ),
        WINDOWS_MAX,
    )
    assert fewest_columns(t, s, covers, bound, WINDOWS_MAX) == fewest
    assert s.now[NODES_MAX] == 10**6


def test_a_location_with_room_for_few_lines_covers_no_more() -> None:
    """Seven lines, everywhere; a shipment holds three of them: three shipments."""
    problem = hand_made([[1] * 5] * 7, [1] * 7, capacity_kind=[1] * 5, capacity_left=[3] * 5, short_micros=[10**6] * 7)
    t = long_order(problem)
    s, plan, covers = empty_search(t), empty_plan(t), empty_covers(7, 5)
    begin(t, s, plan, empty_plan(t), 10**6)
    start_prices(t, s)
    s.now[LEAST], s.now[MOST] = 1, 7
    s.now[BEST] = s.now[GOAL] = 2_000
    bound, _ = ascend(t, s, plan, 3)
    assert fewest_columns(t, s, covers, bound, WINDOWS_MAX) == 3


@pytest.mark.parametrize("seed", range(60))
def test_a_search_in_slices_and_within_a_budget(seed: int) -> None:
    """Also where weight costs something, so that each set is searched by itself: what is proven holds, however it is cut."""
    rng = random.Random(seed)
    problem = thin(seed, rng.randint(2, 5), rng.randint(2, 6), 0.9)
    if seed % 2:
        problem = problem._replace(
            zone=np.array([0]), grams=np.array([rng.randint(1, 4) for _ in problem.grams]),
            tariffs=Tariffs(np.array([0, 2]), np.array([3, 10**6]), np.array([10, 300]), np.array([0, 0])),
        )  # fmt: skip
    t = long_order(problem)
    assert t.rules[PLAIN] == 1 or seed % 2
    plans = [(used, cost) for used, cost in all_plans(problem, t.handling) if used]
    for k in range(1, min(problem.line_count, 3) + 1):
        least = min((cost for used, cost in plans if used == k), default=NEVER)
        for nodes_max, slice_nodes in ((10**6, 1), (10**6, 40), (3, 1)):
            search = LongSearch(t, nodes_max)
            s = search.s
            s.now[LEAST] = s.now[MOST] = k
            bound, _ = search.ascend(0)
            if search.closed(bound):
                assert search.cost <= least
                continue
            alive, price = s.alive[: s.now[ALIVE]].tolist(), s.price.copy()
            while True:
                s.now[PAUSE_AT] = s.now[NODES] + slice_nodes
                found = search_covers(*search.state(), search.covers, k, bound)
                if found != PAUSED:
                    break
            assert search.cost == cost_of(problem, search.best.column_of.tolist())
            if found >= NEVER:
                assert search.cost <= least, seed
            else:
                assert found == bound <= least, seed
                assert nodes_max == 3
            assert sorted(s.alive[: s.now[ALIVE]].tolist()) == sorted(alive)
            assert (s.price == price).all()


def test_fewer_columns_than_shipments_make_no_plan() -> None:
    t = long_order(hand_made([[1, 1]] * 3, [1] * 3, location=[0, 1]))
    search = LongSearch(t, 100)
    search.s.now[LEAST] = search.s.now[MOST] = 3
    assert search_covers(*search.state(), search.covers, 3, 0) == NEVER
