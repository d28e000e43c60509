"""A Lagrangian lower bound of a long order: 'each line is served once' is relaxed, at an integer price per line.

bound = Σ sunk + Σ price_j + Σ over locations in use of (fixed + carrier − Σ max(0, price_j − cost_j)).
Each location answers the prices alone, and the cheapest answers within the limits on how many ship are taken: least costs
of a facility location problem, whole numbers throughout, so that the bound is exact as it stands.
Method: Held & Karp 1971; Beasley 1993, Lagrangean heuristics for location problems.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.knapsack import LINES_MAX, fill_room
from engine.kernels.long_order import DIVISOR, FIXED, FREE, LOCATION, PLAIN, ROW, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import GRAMS_ON, VOLUME_ON, PlanState
from engine.kernels.staircase import SLOPES_MAX

Ints = NDArray[np.int64]

NOW_FIELDS = 12
"""`now`: ALIVE, how many columns are still undecided; SUNK, what the decided part costs (without carrier prices unless
these are plain); BEST, what the cheapest plan known costs; GOAL, a bound that leaves nothing cheaper; NODES, bounds taken,
and NODES_MAX; LEAST and MOST, how many locations ship; CREDIT, what the dearest location taken gives way for; PAUSE_AT, the
nodes at which a search gives control back; DEPTH, where it goes on, −1 where it begins anew; ENTERING, 1 where the node
there has not been met yet."""
ALIVE, SUNK, BEST, GOAL, NODES, NODES_MAX, LEAST, MOST, CREDIT, PAUSE_AT, DEPTH, ENTERING = range(NOW_FIELDS)

STEP_PARTS = 16
STALLS_MAX = 4
BY_LINE, BY_WHOLE_LINES = -1, -2
"""Instead of a rate: a column answers by one line below its staircase; by lines served whole."""

LOOKS_MAX = 200
"""Bounds for one step of one column; beyond that, what it answers with the last line in part has to do."""


class Search(NamedTuple):
    """The state of a search: what is decided, and the prices; n lines, m columns, r rows."""

    now: Ints
    cost: Ints
    """[m, n]: `floor`, NEVER where the search has ruled the pair out."""
    price: Ints
    price_max: Ints
    best_price: Ints
    covered: Ints
    """[n]: how many of the locations taken serve the line."""
    shifted: Ints
    """[r · SLOPES_MAX, n]: price less the rise of the carrier's price, −1 for lines that are decided."""
    alive: Ints
    """[m]: undecided columns in front; the others behind, in the order in which they left."""
    rank: Ints
    """[m]: where a column stands in `alive`."""
    value: Ints
    """[m]: what each undecided column answers."""
    extra: Ints
    """[m]: by how much the bound rises when the column ships."""
    slope_at: Ints
    """[m]: the line below its row's staircase by which a column answers most."""
    below: Ints
    """[m]: what each undecided column answers by that line alone; `value` is more where the steps tell more."""
    rate_at: Ints
    """[m]: micros per unit of weight by which the steps answer, or BY_LINE, or BY_WHOLE_LINES."""
    at_location: Ints
    """[locations]: the column that answers for a location."""
    taken: Ints
    """[m]: 1 for the columns taken."""
    picked: Ints
    opened: Ints
    """[m]: columns in use in the order in which they opened; how many is `plan.used`."""
    ranked: Ints
    """[m]: the undecided columns that answer least, for local search."""
    served: Ints
    """[m]: the lines that a column serves by BY_WHOLE_LINES, as bits."""
    answer: Ints
    worth: Ints
    heavy: Ints
    """[n]: scratch."""


@kernel
def copy_values(source: Ints, target: Ints) -> None:
    """target = source; assigning slices asks first whether they overlap, and makes an array where they do."""
    for i in range(source.shape[0]):
        target[i] = source[i]


@kernel
def remove(s: Search, c: int) -> None:
    """Take a column out of the undecided ones; it comes back when ALIVE is what it was."""
    last = s.now[ALIVE] - 1
    at = s.rank[c]
    other = s.alive[last]
    s.alive[at], s.alive[last] = other, c
    s.rank[other], s.rank[c] = at, last
    s.now[ALIVE] = last


@kernel
def shift_prices(t: LongOrder, s: Search, plan: PlanState) -> int:
    """Fill `shifted`; returns Σ price of the free lines."""
    total: int = 0
    for j in range(s.price.shape[0]):
        s.covered[j] = 0
        free = plan.column_of[j] == FREE
        if free:
            total += s.price[j]
        for r in range(t.slopes.shape[0]):
            for k in range(r * SLOPES_MAX, r * SLOPES_MAX + t.slopes[r]):
                s.shifted[k, j] = s.price[j] - t.rise[k, j] if free else -1
    return total


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
    least, rate = value_steps(t, s, plan, c, on)
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
def value_steps(t: LongOrder, s: Search, plan: PlanState, c: int, on: int) -> tuple[int, int]:
    """What a column that carries `on` asks for its carrier less what free lines are worth to it, at the least; and by what rate.

    For each step of the staircase that still holds what is on it: its price less the most that fits in, the knapsack
    relaxed by its best rate per unit of weight (whole, so that the bound stays exact).
    """
    row = t.columns[ROW, c]
    count = 0
    worth = 0
    weight = 0
    for j in range(s.price.shape[0]):
        if plan.column_of[j] == FREE and s.price[j] > s.cost[c, j]:
            s.answer[count] = j
            count += 1
            worth += s.price[j] - s.cost[c, j]
            weight += t.weight[row, j]
    sort_by_density(t, s, row, c, count)
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
def sort_by_density(t: LongOrder, s: Search, row: int, c: int, count: int) -> None:
    """answer[:count] by worth per gram, the best first; doubles do, since the order decides no bound."""
    for i in range(1, count):
        j = s.answer[i]
        density = float(s.price[j] - s.cost[c, j]) / float(t.weight[row, j] + 1)
        k = i
        while k > 0:
            other = s.answer[k - 1]
            if float(s.price[other] - s.cost[c, other]) / float(t.weight[row, other] + 1) >= density:
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


@kernel
def take_answers(t: LongOrder, s: Search, opened: int) -> tuple[int, int]:
    """Σ value of the locations taken, and how many: those that pay, as few and as many as may ship; (NEVER, 0) if too few."""
    size = s.now[ALIVE]
    for i in range(size):
        s.at_location[t.columns[LOCATION, s.alive[i]]] = -1
    for i in range(size):
        c = s.alive[i]
        place = t.columns[LOCATION, c]
        d = s.at_location[place]
        if d < 0 or s.value[c] < s.value[d] or (s.value[c] == s.value[d] and c < d):
            s.at_location[place] = c
    least, most = s.now[LEAST] - opened, s.now[MOST] - opened
    count = 0
    others = 0
    total = 0
    for i in range(size):
        c = s.alive[i]
        s.taken[c] = 0
        if s.at_location[t.columns[LOCATION, c]] != c:
            continue
        if s.value[c] < 0:
            s.taken[c] = 1
            s.picked[count] = c
            count += 1
            total += s.value[c]
        elif others < least or (others > 0 and s.value[c] <= s.value[s.ranked[others - 1]]):
            others = insert_column(s, c, others, least)
    while count > most:
        worst = 0
        for k in range(1, count):
            if s.value[s.picked[k]] > s.value[s.picked[worst]]:
                worst = k
        c = s.picked[worst]
        total -= s.value[c]
        s.taken[c] = 0
        count -= 1
        s.picked[worst] = s.picked[count]
    if count + others < least:
        return NEVER, 0
    for k in range(max(0, least - count)):
        c = s.ranked[k]
        s.taken[c] = 1
        s.picked[count + k] = c
        total += s.value[c]
    count = max(count, least)
    s.now[CREDIT] = 0
    dearest = -NEVER
    for k in range(count):
        dearest = max(dearest, s.value[s.picked[k]])
    if count > 0 and (count == most or (count == least and dearest > 0)):
        s.now[CREDIT] = dearest
    return total, count


@kernel
def insert_column(s: Search, c: int, count: int, most: int) -> int:
    """Put a column where it stands among the `count` that answer least in `ranked`, the first given before its equals.

    Returns how many there are then, `most` at the most.
    """
    if count == most:
        last = s.ranked[count - 1]
        if s.value[c] > s.value[last] or (s.value[c] == s.value[last] and c > last):
            return count
        count -= 1
    k = count
    while k > 0:
        other = s.ranked[k - 1]
        if s.value[other] < s.value[c] or (s.value[other] == s.value[c] and other < c):
            break
        s.ranked[k] = other
        k -= 1
    s.ranked[k] = c
    return count + 1


@kernel
def answer(t: LongOrder, s: Search, plan: PlanState, c: int) -> None:
    """What an undecided column answers to the prices: by a line below its staircase, and where that pays, step by step."""
    by_line = value_column(t, s, c)
    s.below[c], s.value[c], s.rate_at[c] = by_line, by_line, BY_LINE
    if by_line < 0 and t.rules[PLAIN] == 0 and t.steps[t.columns[ROW, c]] > 1:
        by_steps, rate = value_steps(t, s, plan, c, 0)
        by_steps += t.columns[FIXED, c]
        if by_steps > by_line:
            s.value[c], s.rate_at[c] = by_steps, rate
        if s.value[c] < 0 and s.price.shape[0] <= LINES_MAX:
            answer_whole(t, s, plan, c)


@kernel
def answer_whole(t: LongOrder, s: Search, plan: PlanState, c: int) -> None:
    """What a column answers where no line is served in part: exact, or as it was where that takes too long."""
    row = t.columns[ROW, c]
    count = 0
    for j in range(s.price.shape[0]):
        if plan.column_of[j] == FREE and s.price[j] > s.cost[c, j]:
            s.answer[count] = j
            count += 1
    sort_by_density(t, s, row, c, count)
    for k in range(count):
        j = s.answer[k]
        s.worth[k], s.heavy[k] = s.price[j] - s.cost[c, j], t.weight[row, j]
    # Whatever it serves, a column that ships is worth no more than nothing less this.
    best, which = -t.columns[FIXED, c] - t.step[row, 0], 0
    for i in range(t.steps[row]):
        price = t.columns[FIXED, c] + t.step[row, i]
        most, bits = fill_room(count, t.limit[row, i], s.worth, s.heavy, best + price, LOOKS_MAX)
        if bits == -2:
            return
        if bits >= 0:
            best, which = most - price, bits
    if -best > s.value[c]:
        s.value[c], s.rate_at[c], s.served[c] = -best, BY_WHOLE_LINES, 0
        for k in range(count):
            s.served[c] |= ((which >> k) & 1) << s.answer[k]


@kernel
def bound_now(t: LongOrder, s: Search, plan: PlanState) -> tuple[int, int]:
    """The bound at the prices as they stand, and how many undecided columns it takes (in `picked`)."""
    s.now[NODES] += 1
    total: int = s.now[SUNK] + shift_prices(t, s, plan)
    opened = plan.used[0]
    for k in range(opened):
        value = value_open(t, s, plan, s.opened[k])
        if value >= NEVER:
            return NEVER, 0
        total += value
    for i in range(s.now[ALIVE]):
        answer(t, s, plan, s.alive[i])
    answers, count = take_answers(t, s, opened)
    if answers >= NEVER:
        return NEVER, 0
    for k in range(count):
        c = s.picked[k]
        if s.rate_at[c] == BY_WHOLE_LINES:
            for j in range(s.covered.shape[0]):
                s.covered[j] += (s.served[c] >> j) & 1
            continue
        if s.rate_at[c] >= 0:
            cover_by_rate(t, s, plan, c, s.rate_at[c])
            continue
        line = t.columns[ROW, c] * SLOPES_MAX + s.slope_at[c]
        for j in range(s.covered.shape[0]):
            s.covered[j] += s.shifted[line, j] > s.cost[c, j]
    return total + answers, count


@kernel
def drop_columns(t: LongOrder, s: Search, bound: int) -> None:
    """Remove every column whose use would lift the bound to the best plan; note in `extra` what the others would add."""
    i = s.now[ALIVE] - 1
    while i >= 0:
        c = s.alive[i]
        extra = 0
        if s.taken[c] == 0:
            first = s.at_location[t.columns[LOCATION, c]]
            instead = s.value[first] if s.taken[first] == 1 else s.now[CREDIT]
            extra = max(0, s.value[c] - instead)
        s.extra[c] = extra
        if bound + extra >= s.now[GOAL]:
            remove(s, c)
        i -= 1


@kernel
def ascend(t: LongOrder, s: Search, plan: PlanState, rounds: int) -> tuple[int, int]:
    """Raise the bound by subgradient steps, dropping columns on the way; returns the best bound and the columns taken.

    Afterwards prices, values and `extra` are those of the last round at the best prices. Steps follow Polyak's rule with
    the best plan as the target, halved where they stall.
    """
    n = s.price.shape[0]
    best, count = bound_now(t, s, plan)
    copy_values(s.price, s.best_price)
    parts = STEP_PARTS
    stalls = 0
    bound = best
    for _ in range(rounds):
        if bound >= s.now[GOAL]:
            return bound, count
        drop_columns(t, s, bound)
        norm = 0
        for j in range(n):
            if plan.column_of[j] == FREE:
                norm += (1 - s.covered[j]) ** 2
        if norm == 0 or parts == 0 or s.now[NODES] >= s.now[NODES_MAX]:
            break
        size = (s.now[GOAL] - bound) // norm * parts // STEP_PARTS + 1
        for j in range(n):
            s.price[j] = min(max(s.price[j] + size * (1 - s.covered[j]), 0), s.price_max[j])
        bound, count = bound_now(t, s, plan)
        if bound > best:
            best = bound
            copy_values(s.price, s.best_price)
            stalls = 0
        else:
            stalls += 1
            if stalls == STALLS_MAX:
                stalls = 0
                parts //= 2
    if bound < best:
        copy_values(s.best_price, s.price)
        bound, count = bound_now(t, s, plan)
    if bound < s.now[GOAL]:
        drop_columns(t, s, bound)
    return max(bound, best), count
