"""Cheaper plans near a plan: a line moves, a column closes, one column takes over from another, or some of its weight.

Each step makes the plan cheaper, so the search ends; columns and lines are tried in the order given.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.long_order import FIXED, LEFT_SHORT, LOCATION, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import (
    GRAMS_ON,
    LINES_ON,
    USED_AT,
    VOLUME_ON,
    PlanState,
    carrier_price,
    copy_plan,
    fill_plan,
    fits,
    joining_cost,
    plan_cost,
    put_line,
    take_line,
)  # fmt: skip

ROUNDS_MAX, LINES_USUAL = 20, 40
"""Rounds of all neighbourhoods; each but the last finds something cheaper. Of orders longer than usual fewer, two at least."""

Ints = NDArray[np.int64]


@kernel
def improve_plan(
    t: LongOrder, plan: PlanState, trial: PlanState, count: int, offered: Ints, order: Ints, in_use: Ints
) -> int:  # fmt: skip
    """Improve a plan in which no line is free until no neighbour is cheaper; returns what it costs.

    offered [≥ count]: columns that may come into use; order [n]: lines, the heaviest first; in_use [≥ locations] and
    trial are scratch.
    """
    cost: int = plan_cost(t, plan)
    for _ in range(max(2, min(ROUNDS_MAX, ROUNDS_MAX * LINES_USUAL // order.shape[0]))):
        before = cost
        used = columns_in_use(plan, in_use)
        cost -= move_lines(t, plan, used, in_use, order)
        cost -= swap_lines(t, plan, order)
        cost = close_columns(t, plan, trial, cost, order, in_use)
        cost = replace_columns(t, plan, trial, cost, count, offered, order, in_use)
        cost = open_columns(t, plan, trial, cost, count, offered, order, in_use)
        cost = share_columns(t, plan, cost, count, offered, order, in_use)
        if cost == before:
            break
    return cost


@kernel
def columns_in_use(plan: PlanState, in_use: Ints) -> int:
    """in_use = the columns that carry anything; returns how many."""
    used: int = plan.used[0]
    for k in range(used):
        in_use[k] = plan.used[k + 1]
    return used


@kernel
def leaving_gain(t: LongOrder, plan: PlanState, j: int) -> int:
    """What is saved by taking line j off."""
    c = plan.column_of[j]
    if c < 0:
        short: int = t.lines[SHORT, j]
        return short
    take_line(t, plan, j)
    gain = joining_cost(t, plan, j, c)
    put_line(t, plan, j, c)
    return gain


@kernel
def move_lines(t: LongOrder, plan: PlanState, used: int, in_use: Ints, order: Ints) -> int:
    """Move each line to the column in use, or leave it short, where that saves most; returns what was saved."""
    saved = 0
    for i in range(order.shape[0]):
        j = order[i]
        gain = leaving_gain(t, plan, j)
        origin = plan.column_of[j]
        take_line(t, plan, j)
        least = gain
        chosen = origin
        # The last shipment of a plan cannot end: one without any is charged the split penalty.
        if t.lines[SHORT, j] < least and plan.used[0] > 0:
            least, chosen = t.lines[SHORT, j], LEFT_SHORT
        for k in range(used):
            c = in_use[k]
            if c != origin and fits(t, plan, j, c):
                cost = joining_cost(t, plan, j, c)
                if cost < least:
                    least, chosen = cost, c
        put_line(t, plan, j, chosen)
        saved += gain - least
    return saved


@kernel
def swap_lines(t: LongOrder, plan: PlanState, order: Ints) -> int:
    """Swap any two lines of two columns where that is cheaper; returns what was saved."""
    saved = 0
    for a in range(order.shape[0]):
        for b in range(a + 1, order.shape[0]):
            i, j = order[a], order[b]
            c, d = plan.column_of[i], plan.column_of[j]
            if c < 0 or d < 0 or c == d or t.handling[d, i] >= NEVER or t.handling[c, j] >= NEVER:
                continue
            # A column is not closed meanwhile: its last line would give its fixed cost back.
            if plan.load[LINES_ON, c] < 2 or plan.load[LINES_ON, d] < 2:
                continue
            gain = leaving_gain(t, plan, i)
            take_line(t, plan, i)
            gain += leaving_gain(t, plan, j)
            take_line(t, plan, j)
            cost, swapped = NEVER, False
            if fits(t, plan, i, d) and fits(t, plan, j, c):
                cost = joining_cost(t, plan, i, d)
                if cost < NEVER:
                    cost = min(cost + joining_cost(t, plan, j, c), NEVER)
                swapped = cost < gain
            put_line(t, plan, i, d if swapped else c)
            put_line(t, plan, j, c if swapped else d)
            if swapped:
                saved += gain - cost
    return saved


@kernel
def adopt(t: LongOrder, plan: PlanState, trial: PlanState, cost: int) -> int:
    """Make the trial the plan where it is cheaper; returns what the plan costs then."""
    after = plan_cost(t, trial)
    if after < cost:
        copy_plan(t, trial, plan)
        return after
    return cost


@kernel
def close_columns(
    t: LongOrder, plan: PlanState, trial: PlanState, cost: int, order: Ints, in_use: Ints
) -> int:  # fmt: skip
    """Close each column in turn, its lines on the others or short."""
    used = columns_in_use(plan, in_use)
    for k in range(used):
        closing = in_use[k]
        if plan.load[LINES_ON, closing] == 0:
            continue
        copy_plan(t, plan, trial)
        for j in range(order.shape[0]):
            if trial.column_of[j] == closing:
                take_line(t, trial, j)
        in_use[k] = in_use[used - 1]
        fill_plan(t, trial, used - 1, in_use, order)
        in_use[k] = closing
        cost = adopt(t, plan, trial, cost)
    return cost


@kernel
def replace_columns(
    t: LongOrder, plan: PlanState, trial: PlanState, cost: int, count: int, offered: Ints, order: Ints, in_use: Ints
) -> int:  # fmt: skip
    """Let each offered column take over from each in use; what it cannot carry goes to the others.

    Passed over where the handling alone shows that it is not cheaper: only then is the plan priced.
    """
    used = columns_in_use(plan, in_use)
    for k in range(used):
        closing = in_use[k]
        for i in range(count):
            opening = offered[i]
            at = plan.load[USED_AT, t.columns[LOCATION, opening]]
            if plan.load[LINES_ON, closing] == 0 or (at >= 0 and at != closing) or opening == closing:
                continue
            if not may_replace(t, plan, closing, opening, used, in_use):
                continue
            copy_plan(t, plan, trial)
            for j in range(order.shape[0]):
                if trial.column_of[j] == closing:
                    take_line(t, trial, j)
            in_use[k] = opening
            fill_plan(t, trial, used, in_use, order)
            in_use[k] = closing
            after = adopt(t, plan, trial, cost)
            if after < cost:
                cost = after
                in_use[k] = opening
                closing = opening
    return cost


@kernel
def may_replace(t: LongOrder, plan: PlanState, closing: int, opening: int, used: int, in_use: Ints) -> bool:
    """Whether `opening` could be cheaper for what `closing` carries, if weight cost nothing."""
    grams, volume = plan.load[GRAMS_ON, closing], plan.load[VOLUME_ON, closing]
    spare = t.columns[FIXED, closing] + carrier_price(t, closing, grams, volume) - t.columns[FIXED, opening]
    for j in range(plan.column_of.shape[0]):
        if plan.column_of[j] != closing:
            continue
        least = min(t.lines[SHORT, j], t.handling[opening, j])
        for k in range(used):
            if in_use[k] != closing:
                least = min(least, t.handling[in_use[k], j])
        spare += t.handling[closing, j] - least
    cheaper: bool = spare > 0
    return cheaper


@kernel
def open_columns(
    t: LongOrder, plan: PlanState, trial: PlanState, cost: int, count: int, offered: Ints, order: Ints, in_use: Ints
) -> int:  # fmt: skip
    """Open each offered column besides those in use, every line where it is cheapest then."""
    used = columns_in_use(plan, in_use)
    for i in range(count):
        opening = offered[i]
        if plan.load[USED_AT, t.columns[LOCATION, opening]] >= 0 or used == in_use.shape[0]:
            continue
        spare = -t.columns[FIXED, opening] - carrier_price(t, opening, 0, 0)
        for j in range(order.shape[0]):
            c = plan.column_of[j]
            paid = t.handling[c, j] if c >= 0 else t.lines[SHORT, j]
            spare += max(0, paid - t.handling[opening, j])
        if spare <= 0:
            continue
        copy_plan(t, plan, trial)
        for j in range(order.shape[0]):
            take_line(t, trial, j)
        in_use[used] = opening
        fill_plan(t, trial, used + 1, in_use, order)
        after = adopt(t, plan, trial, cost)
        if after < cost:
            cost = after
            used = columns_in_use(plan, in_use)
    return cost


@allocating_kernel
def share_columns(
    t: LongOrder, plan: PlanState, cost: int, count: int, offered: Ints, order: Ints, in_use: Ints
) -> int:  # fmt: skip
    """Let each other column take lines from each in use, one after the other, the heaviest or the lightest first.

    Lines are moved one by one, and the cheapest plan on the way is taken: that is how weight gets below a weight break.
    """
    n = order.shape[0]
    moved = np.empty(n, np.int64)
    used = columns_in_use(plan, in_use)
    for k in range(used):
        source = in_use[k]
        for i in range(count):
            target = offered[i]
            at = plan.load[USED_AT, t.columns[LOCATION, target]]
            if plan.load[LINES_ON, source] < 2 or (at >= 0 and at != target) or target == source:
                continue
            for ascending in range(2):
                change, moves = best_share(t, plan, source, target, ascending == 1, order, moved)
                if change >= 0:
                    continue
                for step in range(n):
                    j = order[n - 1 - step] if ascending == 1 else order[step]
                    if moves > 0 and plan.column_of[j] == source and can_move(t, plan, j, target):
                        take_line(t, plan, j)
                        put_line(t, plan, j, target)
                        moves -= 1
                cost += change
    return cost


@kernel
def can_move(t: LongOrder, plan: PlanState, j: int, target: int) -> bool:
    """Whether the target has room for the line and a package for it."""
    return fits(t, plan, j, target) and joining_cost(t, plan, j, target) < NEVER


@kernel
def best_share(
    t: LongOrder, plan: PlanState, source: int, target: int, ascending: bool, order: Ints, moved: Ints
) -> tuple[int, int]:  # fmt: skip
    """How much cheaper the plan gets, and after how many moves from source to target; (0, 0) where it does not."""
    n = order.shape[0]
    change = 0
    best, best_moves, moves = 0, 0, 0
    for step in range(n):
        j = order[n - 1 - step] if ascending else order[step]
        moved[step] = -1
        if plan.column_of[j] != source or plan.load[LINES_ON, source] < 2 or not can_move(t, plan, j, target):
            continue
        gain = leaving_gain(t, plan, j)
        take_line(t, plan, j)
        change += joining_cost(t, plan, j, target) - gain
        put_line(t, plan, j, target)
        moves += 1
        moved[step] = j
        if change < best:
            best, best_moves = change, moves
    for step in range(n):
        j = moved[step]
        if j >= 0:
            take_line(t, plan, j)
            put_line(t, plan, j, source)
    return best, best_moves
