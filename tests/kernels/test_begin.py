"""How a search begins: what carries nothing is out, all is short, and no column gains by its prices."""

import numpy as np
import pytest

from engine.kernels.begin import begin, start_prices
from engine.kernels.long_order import FIXED, FREE, GRAIN, LEFT_SHORT, ROW, SHORT, SPLIT
from engine.kernels.partition import NEVER
from engine.kernels.search_state import ALIVE, BEST, DEPTH, GOAL, NODES, NODES_MAX, PAUSE_AT, SUNK
from engine.optimizer.search_tables import empty_plan, empty_search, long_order
from tests.kernels.long_instances import drawn_long


@pytest.mark.parametrize("seed", range(200))
def test_the_state_before_the_first_node(seed: int) -> None:
    problem = drawn_long(seed)
    if problem is None:
        return
    t = long_order(problem)
    s, plan, best = empty_search(t), empty_plan(t), empty_plan(t)
    s.now[:], plan.column_of[:], best.load[:] = 77, 5, 9
    begin(t, s, plan, best, 123)
    n, m = problem.line_count, problem.column_count
    able = [c for c in range(m) if (t.floor[c] < NEVER).any()]
    assert s.alive[: s.now[ALIVE]].tolist() == able
    assert sorted(s.alive.tolist()) == list(range(m))
    assert s.rank[s.alive].tolist() == list(range(m))
    assert (s.cost == t.floor).all()
    assert plan.column_of.tolist() == [FREE] * n
    assert best.column_of.tolist() == [LEFT_SHORT] * n
    short = int(t.rules[SPLIT] + t.lines[SHORT].sum())
    assert s.now[[BEST, GOAL]].tolist() == [short, short - int(t.rules[GRAIN]) + 1]
    assert s.now[[NODES_MAX, PAUSE_AT, DEPTH, NODES, SUNK]].tolist() == [123, NEVER, -1, 0, 0]
    assert (s.price_max == t.lines[SHORT]).all()
    start_prices(t, s)
    for j in range(n):
        shares = [
            int(t.floor[c, j]) + int(t.columns[FIXED, c] + t.base[t.columns[ROW, c], 0]) // int((t.floor[c] < NEVER).sum())
            for c in able
        ]
        assert s.price[j] == min([int(t.lines[SHORT, j]), *shares])
    for c in able:
        gain = np.maximum(0, s.price - t.floor[c]).sum()
        assert gain <= t.columns[FIXED, c] + t.base[t.columns[ROW, c], 0]
