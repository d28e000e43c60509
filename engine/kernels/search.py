"""Depth-first branch and bound over where a line comes from, with a Lagrangian bound at every node.

A node picks the free line with the fewest columns that could still serve it in a cheaper plan, and tries those in the order
of what they add to the bound. What has been tried is ruled out for the rest of the node, so that its bound rises until
nothing is left. Where carrier prices do not depend on weight, a line comes from the cheapest column in use: choosing one
closes all that are cheaper for it.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.column_sets import improve_set
from engine.kernels.dive import dive
from engine.kernels.jit import kernel
from engine.kernels.lagrange import ascend, insert_column
from engine.kernels.local_search import improve_plan
from engine.kernels.long_order import FIXED, FREE, LEFT_SHORT, LOCATION, PLAIN, ROW, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import (
    LINES_ON,
    PlanState,
    carrier_price,
    clear_plan,
    copy_plan,
    fill_plan,
    fits,
    joining_cost,
    plan_cost,
    put_line,
    take_line,
)  # fmt: skip
from engine.kernels.search_state import (
    ALIVE,
    BEST,
    DEPTH,
    ENTERING,
    GOAL,
    MOST,
    NODES,
    NODES_MAX,
    PAUSE_AT,
    SUNK,
    Search,
    adopt_plan,
    copy_values,
    remove,
)
from engine.kernels.staircase import SLOPES_MAX

FRAME_FIELDS = 5
"""Rows of `frames`, by depth: the LINE a node branches on, how many columns were undecided (SIZE) and what was sunk
(SPENT) before its choice, the BOUND on all it has not tried, and the CHOICE in force: a column, or short."""
LINE, SIZE, SPENT, BOUND, CHOICE = range(FRAME_FIELDS)

NOTHING = -3
"""No line or no choice."""

PAUSED = -NEVER
"""Instead of a bound: the search gives control back, and goes on from there when it is called again."""

OFFERED_MIN, OFFERED_MAX, LINES_USUAL = 4, 64, 40
"""Columns that local search may bring into use."""

NODE_ROUNDS, AGAIN_ROUNDS = 6, 3
"""Steps of ascent at a node: when it is met, and after each of its choices."""

Ints = NDArray[np.int64]


@kernel
def search_plans(
    t: LongOrder, s: Search, plan: PlanState, best: PlanState, trial: PlanState, spare: PlanState, order: Ints,
    in_use: Ints, frames: Ints, kept_price: Ints, rounds: int, thorough: bool,
) -> int:  # fmt: skip
    """A bound on all plans below the state as it stands: at least GOAL when none of them is cheaper than `best`.

    kept_price [n + 1, n]. `rounds` of ascent at the first node; thorough: plans are looked for there by local search, too.
    PAUSED once PAUSE_AT nodes are taken: called again, it goes on.
    """
    depth, entering = s.now[DEPTH], s.now[ENTERING] == 1
    if depth < 0:
        depth, entering = 0, True
        frames[BOUND, 0] = 0
        frames[LINE, 0] = NOTHING
    s.now[DEPTH] = -1
    while True:
        if s.now[NODES] >= s.now[PAUSE_AT]:
            s.now[DEPTH], s.now[ENTERING] = depth, entering
            return PAUSED
        steps = rounds if entering and depth == 0 else NODE_ROUNDS if entering else AGAIN_ROUNDS
        bound, count = ascend(t, s, plan, steps)
        frames[BOUND, depth] = max(frames[BOUND, depth], bound)
        if entering and frames[BOUND, depth] < s.now[GOAL]:
            try_plan(t, s, plan, best, trial, spare, order, in_use, count, thorough and depth == 0)
        j = frames[LINE, depth]
        c = NOTHING
        settled = t.rules[PLAIN] == 1 and s.now[ALIVE] == 0
        if settled and frames[BOUND, depth] < s.now[GOAL]:
            # Only the columns in use are left, and each line comes from the cheapest of them.
            try_plan(t, s, plan, best, trial, spare, order, in_use, 0, False)
        if frames[BOUND, depth] < s.now[GOAL] and s.now[NODES] < s.now[NODES_MAX] and not settled:
            if entering:
                j = choose_line(t, s, plan, bound)
                frames[LINE, depth] = j
            if j >= 0:
                c = choose_column(t, s, plan, bound, j)
        elif frames[BOUND, depth] < s.now[GOAL] and not settled:
            # The budget is spent: what is not yet ruled out is at least the least bound on the way here.
            lowest: int = frames[BOUND, 0]
            for d in range(depth + 1):
                lowest = min(lowest, frames[BOUND, d])
            reset_line(t, s, frames[LINE, depth])
            while depth > 0:
                depth -= 1
                retreat(t, s, plan, frames, depth)
                reset_line(t, s, frames[LINE, depth])
            return lowest
        if c == NOTHING:
            reset_line(t, s, frames[LINE, depth])
            if depth == 0:
                proven: int = max(frames[BOUND, 0], s.now[GOAL])
                return proven
            depth -= 1
            rule_out_choice(t, s, plan, frames, kept_price, depth)
            entering = False
            continue
        copy_values(s.price, kept_price[depth])
        advance(t, s, plan, frames, depth, j, c)
        depth += 1
        frames[BOUND, depth] = frames[BOUND, depth - 1]
        frames[LINE, depth] = NOTHING
        entering = True
        if depth == frames.shape[1] - 1:
            # Every line is placed.
            adopt_plan(t, s, plan, best)
            depth -= 1
            rule_out_choice(t, s, plan, frames, kept_price, depth)
            entering = False


@kernel
def try_plan(
    t: LongOrder, s: Search, plan: PlanState, best: PlanState, trial: PlanState, spare: PlanState, order: Ints,
    in_use: Ints, count: int, thorough: bool,
) -> None:  # fmt: skip
    """Complete the plan from the columns in use and those the bound takes; improve it where it is the best, or at a root.

    At a root, columns are also added by what they answer to the lines not yet carried.
    """
    opened = plan.used[0]
    for k in range(opened):
        in_use[k] = s.opened[k]
    room = min(count, s.now[MOST] - opened)
    for k in range(room):
        in_use[opened + k] = s.picked[k]
    used = opened + room
    near = nearest_columns(s, offered_max(order.shape[0])) if thorough else 0
    if t.rules[PLAIN] == 1:
        try_set(t, s, best, trial, order, near, used, in_use)
    else:
        copy_plan(t, plan, trial)
        fill_plan(t, trial, used, in_use, order)
        if thorough or plan_cost(t, trial) < s.now[BEST]:
            near = nearest_columns(s, offered_max(order.shape[0]))
            improve_plan(t, trial, spare, near, s.ranked, order, in_use)
        adopt_plan(t, s, trial, best)
    if thorough and opened == 0:
        used = cover_by_price(t, s, near, in_use)
        if t.rules[PLAIN] == 1:
            try_set(t, s, best, trial, order, near, used, in_use)
        else:
            clear_plan(trial)
            fill_plan(t, trial, used, in_use, order)
            improve_plan(t, trial, spare, near, s.ranked, order, in_use)
            adopt_plan(t, s, trial, best)
            clear_plan(trial)
            dive(t, s, trial, near, s.ranked, order, in_use)
            improve_plan(t, trial, spare, near, s.ranked, order, in_use)
            adopt_plan(t, s, trial, best)


@kernel
def try_set(
    t: LongOrder, s: Search, best: PlanState, trial: PlanState, order: Ints, near: int, used: int, in_use: Ints
) -> None:  # fmt: skip
    """Improve a set of columns, and make it the best plan where it is cheaper."""
    if used == 0:
        return
    used, cost = improve_set(t, used, min(s.now[MOST], order.shape[0]), in_use, near, s.ranked, s.covered)
    if cost < s.now[BEST]:
        clear_plan(trial)
        fill_plan(t, trial, used, in_use, order)
        adopt_plan(t, s, trial, best)


@kernel
def offered_max(n: int) -> int:
    """Columns offered to the local search of an order of n lines, whose work grows with their square."""
    return max(OFFERED_MIN, min(OFFERED_MAX, OFFERED_MAX * LINES_USUAL * LINES_USUAL // (n * n)))


@kernel
def nearest_columns(s: Search, most: int) -> int:
    """ranked = the undecided columns that answer least, `most` of them; returns how many."""
    count = 0
    for i in range(s.now[ALIVE]):
        count = insert_column(s, s.alive[i], count, most)
    return count


@kernel
def cover_by_price(t: LongOrder, s: Search, near: int, in_use: Ints) -> int:
    """in_use = one near column after the other that answers least to the lines not yet carried; returns how many."""
    n = s.price.shape[0]
    s.answer[:] = 0
    used = 0
    uncovered = n
    while uncovered > 0 and used < s.now[MOST]:
        chosen = -1
        least = NEVER
        for i in range(near):
            c = s.ranked[i]
            line = t.columns[ROW, c] * SLOPES_MAX + s.slope_at[c]
            value = t.columns[FIXED, c] + t.base[t.columns[ROW, c], s.slope_at[c]]
            serves = 0
            for j in range(n):
                gain = s.shifted[line, j] - s.cost[c, j]
                value -= gain if s.answer[j] == 0 and gain > 0 else 0
                serves |= s.answer[j] == 0 and s.cost[c, j] < t.lines[SHORT, j]
            if serves and (value < least or (value == least and c < chosen)):
                chosen, least = c, value
        if chosen < 0:
            break
        in_use[used] = chosen
        used += 1
        for j in range(n):
            if s.answer[j] == 0 and s.cost[chosen, j] < t.lines[SHORT, j]:
                s.answer[j] = 1
                uncovered -= 1
    return used


@kernel
def addition(t: LongOrder, s: Search, c: int, j: int) -> int:
    """By how much the bound rises when an undecided column ships and serves line j: by the line below, or by the steps."""
    line = t.columns[ROW, c] * SLOPES_MAX + s.slope_at[c]
    above = max(0, s.cost[c, j] - s.shifted[line, j])
    if t.rules[PLAIN] == 1:
        alone: int = s.extra[c] + above
        return alone
    by_line = s.extra[c] - (s.value[c] - s.below[c]) + above
    rise: int = max(by_line, s.extra[c] + max(0, s.cost[c, j] - s.price[j]))
    return rise


@kernel
def cheapest_open(t: LongOrder, s: Search, plan: PlanState, j: int) -> int:
    """The column in use from which line j comes for least; −1 when short is as cheap."""
    least: int = t.lines[SHORT, j]
    chosen = LEFT_SHORT
    for k in range(plan.used[0]):
        c = s.opened[k]
        if t.handling[c, j] < least:
            least, chosen = t.handling[c, j], c
    return chosen


@kernel
def choose_line(t: LongOrder, s: Search, plan: PlanState, bound: int) -> int:
    """The free line with the fewest choices that keep the bound below GOAL; the higher price, then the first, wins a tie."""
    spare = s.now[GOAL] - bound
    chosen = NOTHING
    fewest = NEVER
    for j in range(s.price.shape[0]):
        if plan.column_of[j] != FREE:
            continue
        choices = 0
        for i in range(s.now[ALIVE]):
            c = s.alive[i]
            choices += (s.cost[c, j] < NEVER) & (addition(t, s, c, j) < spare)
        if choices > fewest:
            continue
        for k in range(plan.used[0]):
            c = s.opened[k]
            choices += (s.cost[c, j] < NEVER) & (s.cost[c, j] - s.price[j] < spare)
        choices += t.lines[SHORT, j] - s.price[j] < spare
        if choices < fewest or (choices == fewest and s.price[j] > s.price[chosen]):
            chosen, fewest = j, choices
    return chosen


@kernel
def choose_column(t: LongOrder, s: Search, plan: PlanState, bound: int, j: int) -> int:
    """The choice for line j that adds least to the bound and keeps it below GOAL; NOTHING when none does.

    Columns in use come first, then the undecided, the first given before the others; short is last.
    """
    least = s.now[GOAL] - bound
    chosen = NOTHING
    plain = t.rules[PLAIN] == 1
    nearest = cheapest_open(t, s, plan, j) if plain else NOTHING
    paid = t.lines[SHORT, j]
    if plain and nearest >= 0:
        paid = t.handling[nearest, j]
    for k in range(plan.used[0]):
        c = s.opened[k]
        if (plain and c != nearest) or s.cost[c, j] >= NEVER:
            continue
        add = max(0, s.cost[c, j] - s.price[j])
        if add < least and fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER:
            least, chosen = add, c
    if plan.used[0] < s.now[MOST]:
        for i in range(s.now[ALIVE]):
            c = s.alive[i]
            if s.cost[c, j] >= NEVER or (plain and t.handling[c, j] >= paid):
                continue
            add = addition(t, s, c, j)
            better = add < least or (add == least and chosen >= 0 and plan.load[LINES_ON, chosen] == 0 and c < chosen)
            if better and fits(t, plan, j, c):
                least, chosen = add, c
    short_ruled_out = s.price_max[j] > t.lines[SHORT, j]
    if not short_ruled_out and (not plain or nearest < 0) and t.lines[SHORT, j] - s.price[j] < least:
        chosen = LEFT_SHORT
    return chosen


@kernel
def advance(t: LongOrder, s: Search, plan: PlanState, frames: Ints, depth: int, j: int, c: int) -> None:
    """Put line j on column c, or leave it short; what the choice closes is removed."""
    frames[SIZE, depth] = s.now[ALIVE]
    frames[SPENT, depth] = s.now[SUNK]
    frames[CHOICE, depth] = c
    plain = t.rules[PLAIN] == 1
    spent = t.lines[SHORT, j]
    opens = c >= 0 and plan.load[LINES_ON, c] == 0
    if c >= 0:
        spent = t.handling[c, j]
    paid = spent
    if opens:
        s.opened[plan.used[0]] = c
        spent += t.columns[FIXED, c]
        if plain:
            spent += carrier_price(t, c, 0, 0)
    s.now[SUNK] += spent
    put_line(t, plan, j, c)
    i = s.now[ALIVE] - 1
    while i >= 0:
        d = s.alive[i]
        closes = plan.used[0] >= s.now[MOST] or (opens and t.columns[LOCATION, d] == t.columns[LOCATION, c])
        # Of columns equally cheap for a line, it comes from the one given first.
        cheaper = t.handling[d, j] < paid or (opens and t.handling[d, j] == paid and d < c)
        if closes or (plain and cheaper):
            remove(s, d)
        i -= 1


@kernel
def retreat(t: LongOrder, s: Search, plan: PlanState, frames: Ints, depth: int) -> None:
    """Undo the choice in force at a depth."""
    take_line(t, plan, frames[LINE, depth])
    s.now[ALIVE] = frames[SIZE, depth]
    s.now[SUNK] = frames[SPENT, depth]


@kernel
def rule_out_choice(
    t: LongOrder, s: Search, plan: PlanState, frames: Ints, kept_price: Ints, depth: int
) -> None:  # fmt: skip
    """Undo the choice in force and rule it out for the rest of the node, which goes on with the prices it had."""
    retreat(t, s, plan, frames, depth)
    copy_values(kept_price[depth], s.price)
    j, c = frames[LINE, depth], frames[CHOICE, depth]
    if c >= 0:
        s.cost[c, j] = NEVER
    else:
        s.price_max[j] += s.now[GOAL]


@kernel
def reset_line(t: LongOrder, s: Search, j: int) -> None:
    """Allow again what a node had ruled out for its line."""
    if j < 0:
        return
    for c in range(s.cost.shape[0]):
        s.cost[c, j] = t.floor[c, j]
    s.price_max[j] = t.lines[SHORT, j]
