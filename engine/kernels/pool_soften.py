"""How often each position and slot is asked for at given prices, smoothly: every plan counts, the dearer the less.

A plan that costs c more than the best of its order has weight exp(−c ÷ τ). What that comes to changes smoothly with the
prices, where the best plans alone jump; as the temperature τ falls it approaches them.
Method: entropic smoothing of the Lagrangian dual (Nesterov 2005), the sums over all plans of an order by the program over
subsets, forwards for the sum and backwards for the share of each part.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER, line_of
from engine.kernels.pool_tables import S_LINES, S_UNITS, Floats, Int32s, Pool, count_subsets, slot_need

Ints = NDArray[np.int64]

(F_BEST, F_WEIGHT, F_VALUE, F_SUM, F_SHARE, F_PART, F_CHAIN_VALUE, F_CHAIN_SUM, SOFT_ROWS) = range(9)
"""Rows of `soft` [SOFT_ROWS, 2^lines]."""

FAINT = 32.0
"""Plans that cost so many τ more than the best are left out: all of them together weigh nothing."""

SHARE_MIN = 1e-12

NONE = 1e300


@kernel
def soften_orders(
    orders: Ints, begin: int, end: int, pool: Pool, position_micros: Floats, slot_micros: Floats, tau: float, scratch: Ints,
    soft: Floats, costs: Floats, masks: Int32s, position_use: Floats, slot_use: Floats, doubt: Floats,
) -> None:  # fmt: skip
    """Add the shares of orders[begin:end] to `position_use` and `slot_use`; doubt[i] = log of what its plans weigh together.

    costs, masks: scratch for each subset of each way of one order. Limits to the number of shipments are left out.
    """
    for i in range(begin, end):
        o = orders[i]
        n = count_subsets(o, pool, scratch)
        count = weigh_ways(o, n, pool, position_micros, slot_micros, tau, scratch, soft, costs, masks)
        doubt[i] = share_subsets(o, n, pool, tau, soft)
        if count > 0:
            share_ways(o, n, pool, tau, scratch, soft, costs, masks, position_use, slot_use)


@kernel
def weigh_ways(
    o: int, n: int, pool: Pool, position_micros: Floats, slot_micros: Floats, tau: float, scratch: Ints, soft: Floats,
    costs: Floats, masks: Int32s,
) -> int:  # fmt: skip
    """costs, masks of each subset of each way; F_BEST the least of a subset, F_WEIGHT the weight of all its ways beside it."""
    first = pool.first_line[o]
    best, weight = soft[F_BEST], soft[F_WEIGHT]
    units, lines = scratch[S_UNITS], scratch[S_LINES]
    for s in range(1 << n):
        best[s], weight[s] = NONE, 0.0
    at = 0
    for w in range(pool.first_way[o], pool.first_way[o + 1]):
        slot, row = pool.way_slot[w], pool.way_price[w]
        costs[at], masks[at] = pool.way_fixed[w], 0
        count = 1
        for e in range(pool.first_entry[w], pool.first_entry[w + 1]):
            j = pool.entry_line[e]
            micros = pool.entry_micros[e] + position_micros[pool.entry_position[e]] * pool.quantity[first + j]
            for s in range(count):
                costs[at + count + s] = costs[at + s] + micros
                masks[at + count + s] = masks[at + s] | (1 << j)
            count *= 2
        each = slot_micros[slot] if slot >= 0 else 0.0
        for s in range(at + 1, at + count):
            mask = masks[s]
            price = pool.prices[row + mask]
            cost = costs[s] + price
            if each > 0.0:
                cost += each * slot_need(slot, lines[mask], units[mask], pool)
            costs[s] = cost if price < NEVER else NONE
            best[mask] = min(best[mask], costs[s])
        at += count
    for s in range(at):
        if masks[s] and costs[s] < NONE:
            beyond = (costs[s] - best[masks[s]]) / tau
            costs[s] = math.exp(-beyond) if beyond < FAINT else 0.0
            weight[masks[s]] += costs[s]
        else:
            costs[s] = 0.0
    return at


@kernel
def share_subsets(o: int, n: int, pool: Pool, tau: float, soft: Floats) -> float:
    """F_PART[T] = the share of plans with a shipment of exactly T; returns the log of what all plans weigh, the best 1.

    What may follow a shipment stands by subset in F_VALUE and F_SUM; where there was none yet, all lines before are short,
    so that by the first line to go it stands in F_CHAIN_VALUE and F_CHAIN_SUM: only there a plan without any can come out.
    """
    value, total, share, part = soft[F_VALUE], soft[F_SUM], soft[F_SHARE], soft[F_PART]
    chain_value, chain_total = soft[F_CHAIN_VALUE], soft[F_CHAIN_SUM]
    first, full = pool.first_line[o], (1 << n) - 1
    value[0], total[0] = 0.0, 1.0
    share[0], part[0], part[full] = 0.0, 0.0, 0.0
    for s in range(1, full):
        share[s], part[s] = 0.0, 0.0
        low = s & -s
        short = pool.short_micros[first + line_of(low)] + value[s ^ low]
        value[s] = least_after(s, short, soft)
        total[s] = weight_after(s, short, total[s ^ low], value[s], tau, soft)
    chain_value[n], chain_total[n] = pool.split_micros[o], 1.0
    for k in range(n - 1, -1, -1):
        s = full & ~((1 << k) - 1)
        short = pool.short_micros[first + k] + chain_value[k + 1]
        chain_value[k] = least_after(s, short, soft)
        chain_total[k] = weight_after(s, short, chain_total[k + 1], chain_value[k], tau, soft)
    reached = 1.0
    for k in range(n):
        s = full & ~((1 << k) - 1)
        scale = reached / chain_total[k]
        spread_after(s, scale, chain_value[k], tau, soft)
        beyond = (pool.short_micros[first + k] + chain_value[k + 1] - chain_value[k]) / tau
        reached = scale * math.exp(-beyond) * chain_total[k + 1] if beyond < FAINT else 0.0
    for s in range(full - 1, 0, -1):
        if share[s] < SHARE_MIN:
            continue
        low = s & -s
        scale = share[s] / total[s]
        spread_after(s, scale, value[s], tau, soft)
        beyond = (pool.short_micros[first + line_of(low)] + value[s ^ low] - value[s]) / tau
        if beyond < FAINT:
            share[s ^ low] += scale * math.exp(-beyond) * total[s ^ low]
    doubt: float = math.log(chain_total[0])
    return doubt


@kernel
def least_after(s: int, short: float, soft: Floats) -> float:
    """The least of `short` and of what the lines S cost with a shipment of the lowest of them."""
    best, value = soft[F_BEST], soft[F_VALUE]
    low = s & -s
    rest = s ^ low
    least, t = short, rest
    while True:
        if best[t | low] < NONE:
            least = min(least, best[t | low] + value[rest ^ t])
        if t == 0:
            break
        t = (t - 1) & rest
    return least


@kernel
def weight_after(s: int, short: float, short_total: float, least: float, tau: float, soft: Floats) -> float:
    """What all plans of the lines S weigh, one that costs `least` 1; those with the lowest line short: `short_total`."""
    best, weight, value, total = soft[F_BEST], soft[F_WEIGHT], soft[F_VALUE], soft[F_SUM]
    low = s & -s
    rest = s ^ low
    beyond = (short - least) / tau
    summed = math.exp(-beyond) * short_total if beyond < FAINT else 0.0
    t = rest
    while True:
        if best[t | low] < NONE:
            beyond = (best[t | low] + value[rest ^ t] - least) / tau
            if beyond < FAINT:
                summed += math.exp(-beyond) * weight[t | low] * total[rest ^ t]
        if t == 0:
            break
        t = (t - 1) & rest
    return summed


@kernel
def spread_after(s: int, scale: float, least: float, tau: float, soft: Floats) -> None:
    """Share out what reaches the lines S among the shipments of the lowest of them, and to what each leaves."""
    best, weight, value, total = soft[F_BEST], soft[F_WEIGHT], soft[F_VALUE], soft[F_SUM]
    share, part = soft[F_SHARE], soft[F_PART]
    low = s & -s
    rest = s ^ low
    t = rest
    while True:
        if best[t | low] < NONE:
            beyond = (best[t | low] + value[rest ^ t] - least) / tau
            if beyond < FAINT:
                each = scale * math.exp(-beyond) * weight[t | low] * total[rest ^ t]
                part[t | low] += each
                share[rest ^ t] += each
        if t == 0:
            break
        t = (t - 1) & rest


@kernel
def share_ways(
    o: int, n: int, pool: Pool, tau: float, scratch: Ints, soft: Floats, costs: Floats, masks: Int32s, position_use: Floats,
    slot_use: Floats,
) -> None:  # fmt: skip
    """Add what each way takes, times its share."""
    first, weight, part = pool.first_line[o], soft[F_WEIGHT], soft[F_PART]
    units, lines = scratch[S_UNITS], scratch[S_LINES]
    at = 0
    for w in range(pool.first_way[o], pool.first_way[o + 1]):
        begin, end, slot = pool.first_entry[w], pool.first_entry[w + 1], pool.way_slot[w]
        count = 1 << (end - begin)
        for s in range(at + 1, at + count):
            if costs[s] == 0.0:
                continue
            mask = masks[s]
            share = costs[s] / weight[mask] * part[mask]
            if share < 1e-9:
                continue
            if slot >= 0:
                slot_use[slot] += share * slot_need(slot, lines[mask], units[mask], pool)
            for e in range(begin, end):
                if mask >> pool.entry_line[e] & 1:
                    position_use[pool.entry_position[e]] += share * pool.quantity[first + pool.entry_line[e]]
        at += count
