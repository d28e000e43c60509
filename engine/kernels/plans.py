"""Plans of whole lines under construction: what each column carries, and what one line more or less changes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.long_order import (
    CAPACITY,
    DIVISOR,
    FIXED,
    FREE,
    GRAMS,
    ITEM,
    KIND,
    LEFT_SHORT,
    LOCATION,
    LOCATIONS_MAX,
    PACKAGE,
    QUANTITY,
    REPEATED,
    SHORT,
    SPLIT,
    VOLUME,
    WEIGHT_PPM,
    ZONE,
    LongOrder,
)  # fmt: skip
from engine.kernels.partition import NEVER
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh_price

Ints = NDArray[np.int64]

LOAD_FIELDS = 5
"""Rows of `load`, by column. USED_AT holds, by location, the column in use or −1."""
LINES_ON, UNITS_ON, GRAMS_ON, VOLUME_ON, USED_AT = range(LOAD_FIELDS)


class PlanState(NamedTuple):
    """Where each line stands [n], and what that puts on each column [LOAD_FIELDS, m].

    used [n + 2]: how many columns are in use, and which.
    """

    column_of: Ints
    load: Ints
    used: Ints


@kernel
def clear_plan(plan: PlanState) -> None:
    """Every line free, nothing in use."""
    plan.column_of[:] = FREE
    plan.load[:] = 0
    plan.load[USED_AT] = -1
    plan.used[0] = 0


@kernel
def copy_plan(t: LongOrder, source: PlanState, target: PlanState) -> None:
    """Let `target` be what `source` is, by its lines: there are far more columns."""
    for j in range(source.column_of.shape[0]):
        take_line(t, target, j)
    for j in range(source.column_of.shape[0]):
        put_line(t, target, j, source.column_of[j])


@kernel
def carrier_price(t: LongOrder, c: int, grams: int, volume_mm3: int) -> int:
    """Weighted price of a shipment from a column."""
    raw = shipment_micros(grams, volume_mm3, t.columns[ZONE, c], t.columns[DIVISOR, c], t.columns[PACKAGE, c], t.start,
                          t.max_grams, t.price, t.per_kg)  # fmt: skip
    return weigh_price(raw, t.rules[WEIGHT_PPM])


@kernel
def fits(t: LongOrder, plan: PlanState, j: int, c: int) -> bool:
    """Whether column c can take line j besides what it carries; its location may ship from no other column."""
    if t.handling[c, j] >= NEVER:
        return False
    at = plan.load[USED_AT, t.columns[LOCATION, c]]
    if at >= 0 and at != c:
        return False
    if at < 0 and plan.used[0] >= t.rules[LOCATIONS_MAX]:
        return False
    need = capacity_need(t.columns[KIND, c], plan.load[LINES_ON, c] + 1, plan.load[UNITS_ON, c] + t.lines[QUANTITY, j])
    if need > t.columns[CAPACITY, c]:
        return False
    if t.lines[REPEATED, j] == 1:
        units = 0
        for k in range(plan.column_of.shape[0]):
            if plan.column_of[k] == c and t.lines[ITEM, k] == t.lines[ITEM, j]:
                units += t.lines[QUANTITY, k]
        suffices: bool = units + t.lines[QUANTITY, j] <= t.available[t.lines[ITEM, j], c]
        return suffices
    return True


@kernel
def joining_cost(t: LongOrder, plan: PlanState, j: int, c: int) -> int:
    """What line j costs on column c besides what it carries; NEVER where no package holds it all."""
    grams, volume = plan.load[GRAMS_ON, c], plan.load[VOLUME_ON, c]
    after = carrier_price(t, c, grams + t.lines[GRAMS, j], volume + t.lines[VOLUME, j])
    if after >= NEVER:
        return NEVER
    cost: int = t.handling[c, j] + after
    cost += t.columns[FIXED, c] if plan.load[LINES_ON, c] == 0 else -carrier_price(t, c, grams, volume)
    return cost


@kernel
def put_line(t: LongOrder, plan: PlanState, j: int, c: int) -> None:
    """Put line j on column c (or leave it short); it must be free."""
    plan.column_of[j] = c
    if c < 0:
        return
    if plan.load[LINES_ON, c] == 0:
        plan.load[USED_AT, t.columns[LOCATION, c]] = c
        plan.used[0] += 1
        plan.used[plan.used[0]] = c
    plan.load[LINES_ON, c] += 1
    plan.load[UNITS_ON, c] += t.lines[QUANTITY, j]
    plan.load[GRAMS_ON, c] += t.lines[GRAMS, j]
    plan.load[VOLUME_ON, c] += t.lines[VOLUME, j]


@kernel
def take_line(t: LongOrder, plan: PlanState, j: int) -> None:
    """Take line j off its column: it is free again."""
    c = plan.column_of[j]
    plan.column_of[j] = FREE
    if c < 0:
        return
    plan.load[LINES_ON, c] -= 1
    plan.load[UNITS_ON, c] -= t.lines[QUANTITY, j]
    plan.load[GRAMS_ON, c] -= t.lines[GRAMS, j]
    plan.load[VOLUME_ON, c] -= t.lines[VOLUME, j]
    if plan.load[LINES_ON, c] == 0:
        plan.load[USED_AT, t.columns[LOCATION, c]] = -1
        last = plan.used[0]
        for k in range(1, last):
            if plan.used[k] == c:
                plan.used[k] = plan.used[last]
        plan.used[0] = last - 1


@kernel
def plan_cost(t: LongOrder, plan: PlanState) -> int:
    """Σ fixed + Σ carrier prices + Σ handling + Σ short; `split` where nothing ships, as in `subsets.partition`."""
    cost: int = t.rules[SPLIT] if plan.used[0] == 0 else 0
    for j in range(plan.column_of.shape[0]):
        c = plan.column_of[j]
        cost += t.handling[c, j] if c >= 0 else t.lines[SHORT, j]
    for k in range(1, plan.used[0] + 1):
        c = plan.used[k]
        cost += t.columns[FIXED, c] + carrier_price(t, c, plan.load[GRAMS_ON, c], plan.load[VOLUME_ON, c])
    return cost


@kernel
def fill_plan(t: LongOrder, plan: PlanState, count: int, offered: Ints, order: Ints) -> None:
    """Put every free line, in the order given, where it adds the least: on an offered column, or short.

    A column's fixed cost and first step are taken as spent: what is offered is meant to be used.
    """
    for i in range(order.shape[0]):
        j = order[i]
        if plan.column_of[j] != FREE:
            continue
        least = t.lines[SHORT, j]
        chosen = LEFT_SHORT
        for k in range(count):
            c = offered[k]
            if not fits(t, plan, j, c):
                continue
            cost = joining_cost(t, plan, j, c)
            if cost < NEVER and plan.load[LINES_ON, c] == 0:
                cost -= t.columns[FIXED, c] + carrier_price(t, c, 0, 0)
            if cost < least:
                least = cost
                chosen = c
        put_line(t, plan, j, chosen)
