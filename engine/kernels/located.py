"""Of a long order, location by location: what it could send, and what every plan that uses it costs at the least."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.lagrange import ascend, bound_now, drop_columns
from engine.kernels.long_order import QUANTITY, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, clear_plan, fits, joining_cost, plan_cost, put_line
from engine.kernels.search_state import ALIVE, GOAL, Search

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@kernel
def bound_each(t: LongOrder, s: Search, plan: PlanState, rounds: int, least: Ints) -> None:
    """least[c] = bound + what it rises by when column c ships, NEVER where that is not possible.

    The bound of `lagrange`, after steps of ascent towards GOAL; columns dropped on the way are taken in again, since plans
    above it count here.
    """
    size = s.now[ALIVE]
    ascend(t, s, plan, rounds)
    s.now[ALIVE], s.now[GOAL] = size, NEVER
    bound, _ = bound_now(t, s, plan)
    least[:] = NEVER
    if bound >= NEVER:
        return
    drop_columns(t, s, bound)
    for i in range(size):
        c = s.alive[i]
        least[c] = bound + s.extra[c]


@kernel
def send_each(
    t: LongOrder, plan: PlanState, order: Ints, carries: Bools, sends: Bools, units: Ints, micros: Ints
) -> None:  # fmt: skip
    """carries[c, j]: whether column c can carry line j alone; sends[c, j]: the lines that it takes one after the other.

    order [n]: lines in the order in which they are put on; units, micros [m]: what is sent, and what all of it costs.
    """
    for c in range(t.handling.shape[0]):
        clear_plan(plan)
        units[c] = 0
        for i in range(order.shape[0]):
            j = order[i]
            # Nothing is on the column yet.
            carries[c, j] = fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER
        for i in range(order.shape[0]):
            j = order[i]
            sends[c, j] = carries[c, j] and fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER
            if sends[c, j]:
                put_line(t, plan, j, c)
                units[c] += t.lines[QUANTITY, j]
        micros[c] = plan_cost(t, plan)
