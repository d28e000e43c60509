"""What a column answers to the prices of lines: what its shipment costs at the least, less what the lines it serves are worth.

By the lines below the staircase of its carrier's prices, quickly; step by step, a knapsack each, where that may pay; and
where it still pays then, by lines that are served whole. Each is no more than the next, and all are bounds.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.knapsack import LINES_MAX, TOO_LONG, fill_room
from engine.kernels.long_order import DIVIDED, DIVISOR, FIXED, FREE, PLAIN, ROW, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import GRAMS_ON, VOLUME_ON, PlanState
from engine.kernels.search_state import BY_LINE, BY_WHOLE_LINES, Search
from engine.kernels.staircase import SLOPES_MAX

Ints = NDArray[np.int64]

WORTH_MAX, WEIGHT_MAX = 2**40, 2**22
"""Micros, and billable grams, of one line: the product of both stays in the range of numbers."""

LOOKS_MAX = 200
"""Bounds for one step of one column; beyond that, what it answers with the last line in part has to do."""


@kernel
def answer(t: LongOrder, s: Search, plan: PlanState, c: int) -> None:
    """What an undecided column answers to the prices: by a line below its staircase, and where that pays, step by step."""
    by_line = value_column(t, s, c)
    s.below[c], s.value[c], s.rate_at[c] = by_line, by_line, BY_LINE
    if by_line < 0 and t.steps[t.columns[ROW, c]] > 1:
        count = list_worth(t, s, plan, c)
        by_steps, rate = value_steps(t, s, plan, c, count, 0)
        by_steps += t.columns[FIXED, c]
        if by_steps > by_line:
            s.value[c], s.rate_at[c] = by_steps, rate
        if s.value[c] < 0 and t.rules[DIVIDED] == 0 and s.price.shape[0] <= LINES_MAX:
            answer_whole(t, s, c, count)


@kernel
def reward(s: Search, k: int, c: int) -> int:
    """Σ max(0, shifted price − cost): what serving lines from a column is worth along one slope."""
    total = 0
    for j in range(s.shifted.shape[1]):
        total += max(0, s.shifted[k, j] - s.cost[c, j])
    return total


@kernel
def value_column(t: LongOrder, s: Search, c: int) -> int:
    """fixed + the best line below the staircase − reward; concave in the slope, so that climbing finds the best."""
    row = t.columns[ROW, c]
    first = row * SLOPES_MAX
    at = s.slope_at[c]
    best: int = t.base[row, at] - reward(s, first + at, c)
    for way in (1, -1):
        while 0 <= at + way < t.slopes[row]:
            value = t.base[row, at + way] - reward(s, first + at + way, c)
            if value <= best:
                break
            best = value
            at += way
    s.slope_at[c] = at
    best += t.columns[FIXED, c]
    return best


@kernel
def answer_whole(t: LongOrder, s: Search, c: int, count: int) -> None:
    """What a column answers where no line of those listed is served in part: exact, or as it was where that takes too long."""
    row = t.columns[ROW, c]
    for k in range(count):
        j = s.answer[k]
        s.worth[k], s.heavy[k] = s.price[j] - s.cost[c, j], t.weight[row, j]
        if s.worth[k] > WORTH_MAX or s.heavy[k] > WEIGHT_MAX:
            # Lines beyond are not put in order exactly, on which the search of a knapsack relies.
            return
    # Whatever it serves, a column that ships is worth no more than nothing less this.
    best, which = -t.columns[FIXED, c] - t.step[row, 0], 0
    for i in range(t.steps[row]):
        price = t.columns[FIXED, c] + t.step[row, i]
        most, bits = fill_room(count, t.limit[row, i], s.worth, s.heavy, best + price, LOOKS_MAX)
        if bits == TOO_LONG:
            return
        if bits >= 0:
            best, which = most - price, bits
    if -best > s.value[c]:
        s.value[c], s.rate_at[c], s.served[c] = -best, BY_WHOLE_LINES, 0
        for k in range(count):
            s.served[c] |= ((which >> k) & 1) << s.answer[k]


@kernel
def value_open(t: LongOrder, s: Search, plan: PlanState, c: int) -> int:
    """What an open column asks for its carrier and gains from free lines, at the least; adds to `covered`.

    Its fixed cost and handling are sunk.
    """
    n = s.price.shape[0]
    if t.rules[PLAIN] == 1:
        total = 0
        for j in range(n):
            if plan.column_of[j] == FREE and s.price[j] > s.cost[c, j]:
                total -= s.price[j] - s.cost[c, j]
                s.covered[j] += 1
        return total
    row = t.columns[ROW, c]
    on = 0
    for j in range(n):
        if plan.column_of[j] == c:
            on += t.weight[row, j]
    least, rate = value_steps(t, s, plan, c, list_worth(t, s, plan, c), on)
    cover_by_rate(t, s, plan, c, rate)
    lowest: int = min(least + t.rate[row] * on, NEVER)
    return lowest


@kernel
def cover_by_rate(t: LongOrder, s: Search, plan: PlanState, c: int, rate: int) -> None:
    """Add to `covered` the free lines that a column serves at so many micros per unit of weight."""
    row = t.columns[ROW, c]
    for j in range(s.price.shape[0]):
        served = plan.column_of[j] == FREE and s.price[j] - s.cost[c, j] > rate * t.weight[row, j]
        s.covered[j] += served


@kernel
def value_steps(t: LongOrder, s: Search, plan: PlanState, c: int, count: int, on: int) -> tuple[int, int]:
    """(least, rate): what a column with `on` on it asks for its carrier less what the lines listed are worth, and by what rate.

    For each step of the staircase that still holds what is on it: its price less the most that fits in, the knapsack
    relaxed by its best rate per unit of weight (whole, so that the bound stays exact).
    """
    row = t.columns[ROW, c]
    worth = 0
    weight = 0
    for k in range(count):
        j = s.answer[k]
        worth += s.price[j] - s.cost[c, j]
        weight += t.weight[row, j]
    least = NEVER
    best_rate = 0
    billable = plan.load[GRAMS_ON, c]
    divisor = t.columns[DIVISOR, c]
    if divisor > 0:
        billable = max(billable, (plan.load[VOLUME_ON, c] + divisor - 1) // divisor)
    for i in range(t.steps[row]):
        room = t.limit[row, i] - on
        if t.limit[row, i] < billable:
            continue
        rate = 0
        value = t.step[row, i] - worth
        if room < weight:
            rate = critical_rate(t, s, row, c, count, room)
            value = t.step[row, i] - rate * room
            for k in range(count):
                j = s.answer[k]
                value -= max(0, s.price[j] - s.cost[c, j] - rate * t.weight[row, j])
        if value < least:
            least = value
            best_rate = rate
        if room >= weight:
            break
    return least, best_rate


@kernel
def list_worth(t: LongOrder, s: Search, plan: PlanState, c: int) -> int:
    """answer = the free lines that column c serves for less than their price, the most worth per weight first; how many."""
    count = 0
    for j in range(s.price.shape[0]):
        if plan.column_of[j] == FREE and s.price[j] > s.cost[c, j]:
            s.answer[count] = j
            count += 1
    sort_by_density(t, s, t.columns[ROW, c], c, count)
    return count


@kernel
def sort_by_density(t: LongOrder, s: Search, row: int, c: int, count: int) -> None:
    """answer[:count] by worth per weight, the best first, weightless ones before all; exact within WORTH_MAX, WEIGHT_MAX."""
    for i in range(1, count):
        j = s.answer[i]
        worth, weight = s.price[j] - s.cost[c, j], t.weight[row, j]
        k = i
        while k > 0:
            other = s.answer[k - 1]
            if (s.price[other] - s.cost[c, other]) * weight >= worth * t.weight[row, other]:
                break
            s.answer[k] = other
            k -= 1
        s.answer[k] = j


@kernel
def critical_rate(t: LongOrder, s: Search, row: int, c: int, count: int, room: int) -> int:
    """Micros per gram of the first line that no longer fits; any rate is valid, this one is the best."""
    filled = 0
    for k in range(count):
        j = s.answer[k]
        filled += t.weight[row, j]
        if filled > room:
            rate: int = (s.price[j] - s.cost[c, j]) // max(t.weight[row, j], 1)
            return rate if rate <= NEVER // 4 // max(room, 1) else 0
    return 0
