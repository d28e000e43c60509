"""Feasible plans of a pool: what each takes of stock and capacity, and who holds what.

The lines that hold a position, and those that hold a slot, stand in a chain each, so that whoever needs it finds them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER
from engine.kernels.pool_orders import choose_ways, plan_micros
from engine.kernels.pool_tables import (
    S_BEST,
    S_LINES,
    S_MASKS,
    S_OLD,
    S_SUMS,
    S_UNITS,
    S_WAY,
    Pool,
    count_subsets,
    slot_need,
)

Ints = NDArray[np.int64]


class Plans(NamedTuple):
    """What the orders have, and what is left."""

    plan: Ints
    """[lines]: the way of each line, −1: short."""
    cost: Ints
    """[N]: what the plan of each order costs, without prices."""
    units_left: Ints
    """[positions]"""
    slot_left: Ints
    """[slots]"""
    position_head: Ints
    """[positions]: the first line that holds it, −1: none."""
    position_next: Ints
    """[lines]"""
    position_before: Ints
    """[lines]"""
    slot_head: Ints
    """[slots]"""
    slot_next: Ints
    """[lines]"""
    slot_before: Ints
    """[lines]"""
    line_order: Ints
    """[lines]: the order of each."""
    is_barred: NDArray[np.bool_]
    """[positions]: not to be taken beyond what is left."""
    is_slot_barred: NDArray[np.bool_]
    """[slots]"""


@kernel
def entry_of(w: int, j: int, pool: Pool) -> int:
    """The entry of a way for line j of its order."""
    e: int = pool.first_entry[w]
    while pool.entry_line[e] != j:
        e += 1
    return e


@kernel
def take_plan(o: int, sign: int, pool: Pool, plans: Plans) -> None:
    """Take what an order's plan holds (sign 1), or give it back (−1)."""
    first = pool.first_line[o]
    n = pool.first_line[o + 1] - first
    seen = 0
    for j in range(n):
        w = plans.plan[first + j]
        if w < 0:
            continue
        position = pool.entry_position[entry_of(w, j, pool)]
        plans.units_left[position] -= sign * pool.quantity[first + j]
        link(first + j, position, sign, plans.position_head, plans.position_next, plans.position_before)
        slot = pool.way_slot[w]
        if slot < 0:
            continue
        link(first + j, slot, sign, plans.slot_head, plans.slot_next, plans.slot_before)
        if seen >> j & 1:
            continue
        lines, units = 0, 0
        for i in range(j, n):
            if plans.plan[first + i] == w:
                seen |= 1 << i
                lines += 1
                units += pool.quantity[first + i]
        plans.slot_left[slot] -= sign * slot_need(slot, lines, units, pool)


@kernel
def link(line: int, at: int, sign: int, head: Ints, following: Ints, before: Ints) -> None:
    """Put a line at the head of a chain (sign 1), or take it out (−1)."""
    if sign > 0:
        following[line], before[line] = head[at], -1
        if head[at] >= 0:
            before[head[at]] = line
        head[at] = line
        return
    if before[line] >= 0:
        following[before[line]] = following[line]
    else:
        head[at] = following[line]
    if following[line] >= 0:
        before[following[line]] = before[line]


@kernel
def offer_left(
    o: int, is_hard: bool, weight: int, way: int, only: int, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans,
    scratch: Ints,
) -> None:  # fmt: skip
    """As `offer_ways`, of what is left: what is beyond that costs its price besides, or is out where it is barred.

    is_hard: all of that is barred. weight: the share of its price that everything costs anyway, in 256ths. way: one
    that ships the lines `only` or nothing.
    """
    n = count_subsets(o, pool, scratch)
    first = pool.first_line[o]
    best, source, sums, masks = scratch[S_BEST], scratch[S_WAY], scratch[S_SUMS], scratch[S_MASKS]
    units, lines = scratch[S_UNITS], scratch[S_LINES]
    for s in range(1 << n):
        best[s], source[s] = NEVER, -1
    masks[0] = 0
    for w in range(pool.first_way[o], pool.first_way[o + 1]):
        slot, row = pool.way_slot[w], pool.way_price[w]
        slot_is_hard = slot >= 0 and (is_hard or plans.is_slot_barred[slot])
        if slot_is_hard and plans.slot_left[slot] <= 0:
            continue
        sums[0] = pool.way_fixed[w]
        count = 1
        both = twin_lines(w, first, pool, plans) if is_hard else 0
        for e in range(pool.first_entry[w], pool.first_entry[w + 1]):
            j, position = pool.entry_line[e], pool.entry_position[e]
            q = pool.quantity[first + j]
            micros = pool.entry_micros[e] + (position_micros[position] * q >> 8) * weight
            if plans.units_left[position] < q:
                if is_hard or plans.is_barred[position] or pool.position_units[position] < q:
                    continue
                micros += position_micros[position] * q
            for s in range(count):
                sums[count + s], masks[count + s] = sums[s] + micros, masks[s] | (1 << j)
            count *= 2
        for s in range(1, count):
            mask = masks[s]
            if (both and mask & both == both) or (w == way and mask != only):
                continue
            cost = sums[s] + pool.prices[row + mask]
            if slot >= 0:
                need = slot_need(slot, lines[mask], units[mask], pool)
                cost += (slot_micros[slot] * need >> 8) * weight
                if need > plans.slot_left[slot]:
                    if slot_is_hard or pool.slot_left[slot] < need:
                        continue
                    cost += slot_micros[slot] * need
            if cost < best[mask]:
                best[mask], source[mask] = cost, w


@kernel
def twin_lines(w: int, first: int, pool: Pool, plans: Plans) -> int:
    """Bits of two lines that would come from one position, which has too little for both; 0: there are none."""
    begin, end = pool.first_entry[w], pool.first_entry[w + 1]
    for e in range(begin + 1, end):
        for d in range(begin, e):
            if pool.entry_position[d] == pool.entry_position[e]:
                i, j = pool.entry_line[d], pool.entry_line[e]
                if pool.quantity[first + i] + pool.quantity[first + j] > plans.units_left[pool.entry_position[e]]:
                    lines: int = (1 << i) | (1 << j)
                    return lines
    return 0


@kernel
def solve_left(
    o: int, weight: int, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans, scratch: Ints, plan: Ints,
    at: int,
) -> int:  # fmt: skip
    """plan[at + j] of an order that has nothing: the best on what is left. Its value, NEVER where none was found.

    The program may have one way ship twice, as if that took nothing: then what comes is the best of the plans in which it
    ships a part of those lines at once, or none of them.
    """
    offer_left(o, True, weight, -1, 0, pool, position_micros, slot_micros, plans, scratch)
    value = choose_ways(o, pool, scratch, plan, at)
    if is_within(o, pool, plans, plan, at) and plan_micros(o, pool, plan, at) < NEVER:
        return value
    n = pool.first_line[o + 1] - pool.first_line[o]
    way, least, lines = repeated_way(o, pool, plan, at), NEVER, 0
    for j in range(n):
        if way >= 0 and plan[at + j] == way:
            lines |= 1 << j
    # From what was repeated all parts, the whole of it first.
    part = lines
    kept = scratch[S_OLD]
    while way >= 0:
        offer_left(o, True, weight, way, part, pool, position_micros, slot_micros, plans, scratch)
        value = choose_ways(o, pool, scratch, plan, at)
        if value < least and is_within(o, pool, plans, plan, at) and plan_micros(o, pool, plan, at) < NEVER:
            least = value
            for j in range(n):
                kept[j] = plan[at + j]
        if part == 0:
            break
        part = (part - 1) & lines
    if least < NEVER:
        for j in range(n):
            plan[at + j] = kept[j]
    return least


@kernel
def repeated_way(o: int, pool: Pool, plan: Ints, at: int) -> int:
    """A way, or one of two ways of a position or slot, that stands in a plan twice; −1: none."""
    n = pool.first_line[o + 1] - pool.first_line[o]
    for j in range(1, n):
        for i in range(j):
            v: int = plan[at + i]
            w: int = plan[at + j]
            if v < 0 or w < 0:
                continue
            if v == w or (pool.way_slot[v] >= 0 and pool.way_slot[v] == pool.way_slot[w]):
                return w
            if pool.entry_position[entry_of(v, i, pool)] == pool.entry_position[entry_of(w, j, pool)]:
                return w
    return -1


@kernel
def is_within(o: int, pool: Pool, plans: Plans, plan: Ints, at: int) -> bool:
    """Whether what is left suffices for a plan of an order that holds nothing, lines of one position added up."""
    first = pool.first_line[o]
    n = pool.first_line[o + 1] - first
    for j in range(n):
        w = plan[at + j]
        if w < 0:
            continue
        position, slot = pool.entry_position[entry_of(w, j, pool)], pool.way_slot[w]
        asked, lines, units = 0, 0, 0
        need = 0
        for i in range(n):
            v = plan[at + i]
            if v < 0:
                continue
            if pool.entry_position[entry_of(v, i, pool)] == position:
                asked += pool.quantity[first + i]
            if v == w:
                lines += 1
                units += pool.quantity[first + i]
        if asked > plans.units_left[position]:
            return False
        if slot >= 0:
            need = slot_need(slot, lines, units, pool)
            for i in range(n):
                v = plan[at + i]
                if v >= 0 and v != w and pool.way_slot[v] == slot:
                    # Two ways of one slot: together they may ask for more, each is counted as all of its lines.
                    need += slot_need(slot, 1, pool.quantity[first + i], pool)
            if need > plans.slot_left[slot]:
                return False
    return True


@kernel
def mend_plan(o: int, pool: Pool, plans: Plans) -> None:
    """Leave out lines, the last first, until what is left suffices: two parts of an order may have been given the same."""
    first, line = pool.first_line[o], pool.first_line[o + 1]
    while line > first and not (
        is_within(o, pool, plans, plans.plan, first) and plan_micros(o, pool, plans.plan, first) < NEVER
    ):
        line -= 1
        plans.plan[line] = -1


@kernel
def adopt_plans(pool: Pool, plans: Plans, wanted: Ints) -> None:
    """Give every order, after none had anything, what is wanted for it, as far as is left when it is its turn."""
    for o in range(plans.cost.shape[0]):
        for line in range(pool.first_line[o], pool.first_line[o + 1]):
            plans.plan[line] = wanted[line]
        mend_plan(o, pool, plans)
        plans.cost[o] = plan_micros(o, pool, plans.plan, pool.first_line[o])
        take_plan(o, 1, pool, plans)
