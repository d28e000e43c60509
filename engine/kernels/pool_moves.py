"""Feasible plans made better: orders placed one by one on what is left, and chains of orders that make room for each other.

A chain begins with an order that would have a cheaper plan if others made room. It is given that plan, then whoever holds
what there is too little of and loses least by another plan is moved, and so on, until everybody fits or the chain costs more
than it saves; then all of it is undone. Every move is the best plan of an order at the prices of what it must not take.
Method: ejection chains (Glover 1996), cyclic exchange among them; larger steps by ruin and recreate (Schrimpf et al. 2000).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER
from engine.kernels.pool_orders import choose_ways, plan_micros
from engine.kernels.pool_plans import Plans, entry_of, mend_plan, offer_left, solve_left, take_plan
from engine.kernels.pool_tables import S_NEW, Pool

Ints = NDArray[np.int64]

CHAIN_MAX = 8
"""Orders of a chain."""

TRIED_MAX = 24
"""Holders of a position or slot that are asked what they lose."""

SHORT_TRIES = 8
"""Orders that are looked at for one with a line short."""

J_COUNT, J_BARRED, J_SLOTS, J_RANDOM, STATE_FIELDS = range(5)


class Journal(NamedTuple):
    """Plans as they were before each move, so that moves can be undone."""

    state: Ints
    """[STATE_FIELDS]: moves since the start; positions and slots barred; the state of the random numbers."""
    order: Ints
    """[moves]"""
    cost: Ints
    """[moves]"""
    plan: Ints
    """[moves, lines of an order]"""
    barred: Ints
    """[CHAIN_MAX + 1]: positions."""
    barred_slots: Ints
    """[CHAIN_MAX + 1]"""
    holders: Ints
    """[TRIED_MAX]"""


@kernel
def place_orders(
    sequence: Ints, begin: int, end: int, weight: int, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans,
    scratch: Ints,
) -> int:  # fmt: skip
    """Give each order, in sequence, the best plan on what those before it left, at a share of the prices; Σ of their costs."""
    total = 0
    for i in range(begin, end):
        o = sequence[i]
        first = pool.first_line[o]
        take_plan(o, -1, pool, plans)
        for line in range(first, pool.first_line[o + 1]):
            plans.plan[line] = -1
        if solve_left(o, weight, pool, position_micros, slot_micros, plans, scratch, plans.plan, first) >= NEVER:
            mend_plan(o, pool, plans)
        plans.cost[o] = plan_micros(o, pool, plans.plan, first)
        take_plan(o, 1, pool, plans)
        total += plans.cost[o]
    return total


@kernel
def move_order(o: int, cost: int, pool: Pool, plans: Plans, journal: Journal, scratch: Ints) -> None:
    """Give an order the plan of S_NEW, and note the one it had."""
    first, at = pool.first_line[o], journal.state[J_COUNT]
    n = pool.first_line[o + 1] - first
    journal.order[at], journal.cost[at] = o, plans.cost[o]
    take_plan(o, -1, pool, plans)
    for j in range(n):
        journal.plan[at, j] = plans.plan[first + j]
        plans.plan[first + j] = scratch[S_NEW, j]
    plans.cost[o] = cost
    take_plan(o, 1, pool, plans)
    journal.state[J_COUNT] = at + 1


@kernel
def undo_moves(to: int, pool: Pool, plans: Plans, journal: Journal) -> None:
    """Undo the moves after the first `to`."""
    at = journal.state[J_COUNT]
    while at > to:
        at -= 1
        o = journal.order[at]
        first = pool.first_line[o]
        take_plan(o, -1, pool, plans)
        for j in range(pool.first_line[o + 1] - first):
            plans.plan[first + j] = journal.plan[at, j]
        plans.cost[o] = journal.cost[at]
        take_plan(o, 1, pool, plans)
    journal.state[J_COUNT] = to


@kernel
def best_move(
    o: int, is_hard: bool, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans, scratch: Ints
) -> int:  # fmt: skip
    """S_NEW = the best plan of an order if others made room at the prices; what that costs, prices of the room included."""
    take_plan(o, -1, pool, plans)
    if is_hard:
        value = solve_left(o, 0, pool, position_micros, slot_micros, plans, scratch, scratch[S_NEW], 0)
    else:
        offer_left(o, False, 0, -1, 0, pool, position_micros, slot_micros, plans, scratch)
        value = choose_ways(o, pool, scratch, scratch[S_NEW], 0)
    take_plan(o, 1, pool, plans)
    return value


@kernel
def improve_orders(
    sequence: Ints, begin: int, end: int, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans,
    journal: Journal, scratch: Ints,
) -> int:  # fmt: skip
    """Begin a chain with each order in sequence; returns what all of them save."""
    saved = 0
    for i in range(begin, end):
        before = journal.state[J_COUNT]
        saved += chain_from(sequence[i], pool, position_micros, slot_micros, plans, journal, scratch)
        if before == 0:
            journal.state[J_COUNT] = 0
    return saved


@kernel
def chain_from(
    o: int, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans, journal: Journal, scratch: Ints
) -> int:  # fmt: skip
    """What a chain that begins with an order saves; 0: there is none, and all is as before."""
    start = journal.state[J_COUNT]
    if start + CHAIN_MAX + 1 >= journal.order.shape[0]:
        return 0
    value = best_move(o, False, pool, position_micros, slot_micros, plans, scratch)
    if value >= plans.cost[o]:
        return 0
    old = plans.cost[o]
    cost = plan_micros(o, pool, scratch[S_NEW], 0)
    if cost >= NEVER:
        return 0
    move_order(o, cost, pool, plans, journal, scratch)
    total: int = cost - old
    for depth in range(CHAIN_MAX):
        position, slot = overtaken(start, pool, plans, journal)
        if position < 0 and slot < 0:
            break
        victim, is_hard = -1, depth == CHAIN_MAX - 2
        if depth < CHAIN_MAX - 1:
            bar(position, slot, plans, journal)
            victim = least_loser(start, position, slot, total, is_hard, pool, position_micros, slot_micros, plans, journal,
                                 scratch)  # fmt: skip
        if victim < 0:
            total = 1
            break
        best_move(victim, is_hard, pool, position_micros, slot_micros, plans, scratch)
        cost = plan_micros(victim, pool, scratch[S_NEW], 0)
        total += cost - plans.cost[victim]
        move_order(victim, cost, pool, plans, journal, scratch)
    free_bars(plans, journal)
    if total >= 0:
        undo_moves(start, pool, plans, journal)
        return 0
    return -total


@kernel
def overtaken(start: int, pool: Pool, plans: Plans, journal: Journal) -> tuple[int, int]:
    """(a position, −1) or (−1, a slot) of which the orders of a chain have taken more than there is; (−1, −1): none."""
    for i in range(start, journal.state[J_COUNT]):
        o = journal.order[i]
        first = pool.first_line[o]
        for j in range(pool.first_line[o + 1] - first):
            w = plans.plan[first + j]
            if w < 0:
                continue
            position = pool.entry_position[entry_of(w, j, pool)]
            if plans.units_left[position] < 0:
                return position, -1
            slot = pool.way_slot[w]
            if slot >= 0 and plans.slot_left[slot] < 0:
                return -1, slot
    return -1, -1


@kernel
def bar(position: int, slot: int, plans: Plans, journal: Journal) -> None:
    """Nobody may take more of a position or slot than is left, until `free_bars`."""
    if position >= 0:
        plans.is_barred[position] = True
        journal.barred[journal.state[J_BARRED]] = position
        journal.state[J_BARRED] += 1
    else:
        plans.is_slot_barred[slot] = True
        journal.barred_slots[journal.state[J_SLOTS]] = slot
        journal.state[J_SLOTS] += 1


@kernel
def free_bars(plans: Plans, journal: Journal) -> None:
    """As before any was barred."""
    for i in range(journal.state[J_BARRED]):
        plans.is_barred[journal.barred[i]] = False
    for i in range(journal.state[J_SLOTS]):
        plans.is_slot_barred[journal.barred_slots[i]] = False
    journal.state[J_BARRED], journal.state[J_SLOTS] = 0, 0


@kernel
def least_loser(
    start: int, position: int, slot: int, total: int, is_hard: bool, pool: Pool, position_micros: Ints, slot_micros: Ints,
    plans: Plans, journal: Journal, scratch: Ints,
) -> int:  # fmt: skip
    """Which of those who hold a position or slot loses least by another plan; −1: all lose more than the chain saves."""
    line = plans.position_head[position] if position >= 0 else plans.slot_head[slot]
    seen, before = 0, -1
    while line >= 0:
        o = plans.line_order[line]
        # Lines of one order mostly follow each other.
        if o != before and not in_chain(o, start, journal):
            if seen < TRIED_MAX:
                journal.holders[seen] = o
            else:
                at = random_below(seen + 1, journal)
                if at < TRIED_MAX:
                    journal.holders[at] = o
            seen += 1
        before = o
        line = plans.position_next[line] if position >= 0 else plans.slot_next[line]
    victim, least = -1, -total
    for i in range(min(seen, TRIED_MAX)):
        o = journal.holders[i]
        value = best_move(o, is_hard, pool, position_micros, slot_micros, plans, scratch)
        loss = value - plans.cost[o]
        if loss < least and plan_micros(o, pool, scratch[S_NEW], 0) < NEVER:
            victim, least = o, loss
    return victim


@kernel
def in_chain(o: int, start: int, journal: Journal) -> bool:
    """Whether an order has been moved since."""
    found = False
    for i in range(start, journal.state[J_COUNT]):
        found |= journal.order[i] == o
    return found


@kernel
def random_below(limit: int, journal: Journal) -> int:
    """The next random number of 0 to limit − 1: a linear congruential generator, its high bits."""
    state = (journal.state[J_RANDOM] * 25214903917 + 11) & ((1 << 48) - 1)
    journal.state[J_RANDOM] = state
    at: int = (state >> 17) % limit
    return at


@kernel
def renew_orders(
    rounds: int, size: int, excess: int, excess_max: int, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans,
    journal: Journal, chosen: Ints, scratch: Ints,
) -> int:  # fmt: skip
    """Rounds of ruin and recreate: up to `size` orders that hold what one of them holds lose their plans and are placed anew.

    excess: what the plans cost more than the best known. A round that makes it more than `excess_max` is undone, but for one
    that saves; the search ends with the first plans that are better than the best. Returns the excess then.
    Method: record-to-record travel (Dueck 1993).
    """
    order_count = plans.cost.shape[0]
    for _ in range(rounds):
        wanted = 2 + min(random_below(size - 1, journal), random_below(size - 1, journal))
        count = related_orders(random_order(order_count, pool, plans, journal), wanted, pool, plans, journal, chosen)
        before = 0
        journal.state[J_COUNT] = 0
        for i in range(count):
            before += plans.cost[chosen[i]]
            drop_plan(chosen[i], pool, plans, journal, scratch)
        after = recreate(count, random_below(257, journal), pool, position_micros, slot_micros, plans, journal, chosen, scratch)
        if after > before and excess + after - before > excess_max:
            undo_moves(0, pool, plans, journal)
        else:
            excess += after - before
        journal.state[J_COUNT] = 0
        if excess < 0:
            break
    return excess


@kernel
def random_order(order_count: int, pool: Pool, plans: Plans, journal: Journal) -> int:
    """An order by chance; every other time rather one with a line short, which is where most can be saved."""
    o = random_below(order_count, journal)
    if random_below(2, journal):
        return o
    for _ in range(SHORT_TRIES):
        for line in range(pool.first_line[o], pool.first_line[o + 1]):
            if plans.plan[line] < 0:
                return o
        o = random_below(order_count, journal)
    return o


@kernel
def recreate(
    count: int, weight: int, pool: Pool, position_micros: Ints, slot_micros: Ints, plans: Plans, journal: Journal,
    chosen: Ints, scratch: Ints,
) -> int:  # fmt: skip
    """Place orders that have nothing, in a sequence by chance, at a share of the prices, then begin a chain with each.

    Returns what they cost then, less what the chains save elsewhere; NEVER where one cannot be placed.
    """
    after = 0
    for i in range(count):
        at = i + random_below(count - i, journal)
        o = chosen[at]
        chosen[at], chosen[i] = chosen[i], o
        if solve_left(o, weight, pool, position_micros, slot_micros, plans, scratch, scratch[S_NEW], 0) >= NEVER:
            return NEVER
        cost = plan_micros(o, pool, scratch[S_NEW], 0)
        move_order(o, cost, pool, plans, journal, scratch)
        after += cost
    for i in range(count):
        after -= chain_from(chosen[i], pool, position_micros, slot_micros, plans, journal, scratch)
    return after


@kernel
def drop_plan(o: int, pool: Pool, plans: Plans, journal: Journal, scratch: Ints) -> None:
    """An order is left short, all of it."""
    cost = 0
    for j in range(pool.first_line[o + 1] - pool.first_line[o]):
        scratch[S_NEW, j] = -1
        cost += pool.short_micros[pool.first_line[o] + j]
    move_order(o, cost, pool, plans, journal, scratch)


@kernel
def related_orders(o: int, size: int, pool: Pool, plans: Plans, journal: Journal, chosen: Ints) -> int:
    """chosen = an order, and at random those who hold what it could have; returns how many."""
    chosen[0] = o
    count, tries = 1, 0
    while count < size and tries < 4 * size:
        tries += 1
        of = chosen[random_below(count, journal)]
        ways = pool.first_way[of + 1] - pool.first_way[of]
        if ways == 0:
            continue
        w = pool.first_way[of] + random_below(ways, journal)
        e = pool.first_entry[w] + random_below(pool.first_entry[w + 1] - pool.first_entry[w], journal)
        slot = pool.way_slot[w]
        by_slot = slot >= 0 and random_below(2, journal) == 1
        line = plans.slot_head[slot] if by_slot else plans.position_head[pool.entry_position[e]]
        skip = random_below(8, journal)
        while line >= 0 and skip > 0:
            following = plans.slot_next[line] if by_slot else plans.position_next[line]
            if following < 0:
                break
            line = following
            skip -= 1
        if line < 0:
            continue
        other, known = plans.line_order[line], False
        for i in range(count):
            known |= chosen[i] == other
        if not known:
            chosen[count] = other
            count += 1
    return count
