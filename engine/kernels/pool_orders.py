"""The best plan of each order of a pool at given prices of positions and slots: what it costs bounds all plans together.

With prices π ≥ 0 the best plans cost Σ min (cost + π · use); less π · what there is, that is at most what the cheapest
plan of all orders together costs (Lagrangian relaxation). All of it is integers, so that the bound is exact.
Method: set partitioning by dynamic programming over the lines of an order, see `partition`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER, partition, partition_within
from engine.kernels.pool_tables import (
    S_BEST,
    S_CHOICE,
    S_COUNT,
    S_LINES,
    S_MASKS,
    S_SHORT,
    S_SUMS,
    S_UNITS,
    S_VALUE,
    S_WAY,
    S_WITHIN,
    Pool,
    count_subsets,
    slot_need,
)

Ints = NDArray[np.int64]


@kernel
def price_orders(
    begin: int, end: int, pool: Pool, position_micros: Ints, slot_micros: Ints, scratch: Ints, value: Ints, plan: Ints
) -> int:  # fmt: skip
    """value[o], plan[line] (a way, −1: short) of orders begin to end, each the best at the prices; returns Σ value.

    A plan may use one way for two parts of an order, as if each shipped: `value` is a bound then.
    """
    total = 0
    for o in range(begin, end):
        offer_ways(o, pool, position_micros, slot_micros, scratch)
        value[o] = choose_ways(o, pool, scratch, plan, pool.first_line[o])
        total += value[o]
    return total


@kernel
def offer_ways(o: int, pool: Pool, position_micros: Ints, slot_micros: Ints, scratch: Ints) -> None:
    """S_BEST[T] = the least that any way asks for the lines T at the prices, S_WAY[T] which; the first wins a tie."""
    n = count_subsets(o, pool, scratch)
    first = pool.first_line[o]
    best, source, sums, masks = scratch[S_BEST], scratch[S_WAY], scratch[S_SUMS], scratch[S_MASKS]
    units, lines = scratch[S_UNITS], scratch[S_LINES]
    for s in range(1 << n):
        best[s], source[s] = NEVER, -1
    masks[0] = 0
    for w in range(pool.first_way[o], pool.first_way[o + 1]):
        sums[0] = pool.way_fixed[w]
        count = 1
        for e in range(pool.first_entry[w], pool.first_entry[w + 1]):
            j = pool.entry_line[e]
            micros = pool.entry_micros[e] + position_micros[pool.entry_position[e]] * pool.quantity[first + j]
            for s in range(count):
                sums[count + s], masks[count + s] = sums[s] + micros, masks[s] | (1 << j)
            count *= 2
        slot, row = pool.way_slot[w], pool.way_price[w]
        each = slot_micros[slot] if slot >= 0 else 0
        for s in range(1, count):
            mask = masks[s]
            cost = sums[s] + pool.prices[row + mask]
            if each:
                cost += each * slot_need(slot, lines[mask], units[mask], pool)
            if cost < best[mask]:
                best[mask], source[mask] = cost, w


@kernel
def choose_ways(o: int, pool: Pool, scratch: Ints, plan: Ints, at: int) -> int:
    """What the best plan of S_BEST costs; plan[at + j] is the way of each line, −1: short."""
    first = pool.first_line[o]
    n, split, most = pool.first_line[o + 1] - first, pool.split_micros[o], pool.most[o]
    best, source, value = scratch[S_BEST], scratch[S_WAY], scratch[S_VALUE]
    count, choice, short = scratch[S_COUNT], scratch[S_CHOICE], scratch[S_SHORT]
    for j in range(n):
        short[j] = pool.short_micros[first + j]
    if n == 1:
        # Nearly half of all orders: what the program would come to.
        is_short = short[0] + split < best[1]
        plan[at] = -1 if is_short else source[1]
        cost: int = min(short[0] + split, best[1]) - split
        return cost
    if most < n:
        partition_within(n, most, split, best, short, scratch[S_WITHIN:], value, count, choice)
    else:
        partition(n, split, best, short, value, count, choice)
    full = (1 << n) - 1
    rest = full
    for j in range(n):
        plan[at + j] = -1
    while rest:
        taken = choice[rest]
        if taken < 0:
            rest &= rest - 1
            continue
        for j in range(n):
            if taken >> j & 1:
                plan[at + j] = source[taken]
        rest ^= taken
    total: int = value[full] - split
    return total


@kernel
def plan_micros(o: int, pool: Pool, plan: Ints, at: int) -> int:
    """What a plan costs without prices, each way of it one shipment; NEVER where a way cannot carry what it is given."""
    first = pool.first_line[o]
    n = pool.first_line[o + 1] - first
    total, seen, shipments = 0, 0, 0
    for j in range(n):
        if seen >> j & 1:
            continue
        w = plan[at + j]
        if w < 0:
            total += pool.short_micros[first + j]
            continue
        mask = 0
        for i in range(j, n):
            if plan[at + i] == w:
                mask |= 1 << i
        seen |= mask
        shipments += 1
        price = pool.prices[pool.way_price[w] + mask]
        if price >= NEVER:
            return NEVER
        total += pool.way_fixed[w] + price
        for e in range(pool.first_entry[w], pool.first_entry[w + 1]):
            if mask >> pool.entry_line[e] & 1:
                total += pool.entry_micros[e]
    if shipments > pool.most[o]:
        return NEVER
    cost: int = total - (pool.split_micros[o] if shipments else 0)
    return cost
