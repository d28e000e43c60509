"""The program over subsets: lines shared out to shipments at the least cost, as many of them as there are, or so many at most.

Subsets are bit masks over the lines of one order. The best shipment of each subset is known; the program alone is a lower
bound, since it may use a location twice as if that cost and took nothing (see `subsets`).
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

Ints = NDArray[np.int64]

NEVER = 2**60
"""A cost that no plan has: the column cannot carry the subset. Two of them still add up within int64."""

TABLES_EACH = 3
"""Rows of scratch for each number of shipments: value, count, choice."""


@kernel
def partition(n: int, split: int, best: Ints, short: Ints, value: Ints, count: Ints, choice: Ints) -> None:
    """value[S] = min over T ⊆ S holding S's lowest line of best[T] + value[S∖T], or that line short.

    Equal values: fewer shipments, then the larger T first met. choice[S] = T, or −1 where the lowest line is short.

    Each shipment is charged `split`, though the first is free; a plan without any is charged it too, so that all stay
    comparable and the caller takes `split` off once.
    """
    full = (1 << n) - 1
    value[0] = 0
    count[0] = 0
    choice[0] = 0
    for s in range(1, full + 1):
        low = s & -s
        rest = s ^ low
        j = 0
        while (low >> j) != 1:
            j += 1
        least = value[rest] + short[j]
        fewest = count[rest]
        taken = -1
        t = rest
        while True:
            beside = np.uint64(rest ^ t)
            cost = best[np.uint64(t | low)] + value[beside]
            if cost <= least and (cost < least or count[beside] + 1 < fewest):
                least = cost
                fewest = count[beside] + 1
                taken = t | low
            if t == 0:
                break
            t = (t - 1) & rest
        value[s] = min(least, NEVER)
        count[s] = fewest
        choice[s] = taken
    if count[full] == 0:
        charge_all_short(full, split, best, value, count, choice)


@kernel
def charge_all_short(full: int, split: int, best: Ints, value: Ints, count: Ints, choice: Ints) -> None:
    """Where leaving everything short is cheapest, it is charged `split`, and may lose to a plan with a shipment.

    The rest of such a plan is the cheapest as it stands: it ships besides, so that its own lines may all be short for free.
    """
    least = value[full] + split
    t = full
    while t != 0:
        cost = best[t] + value[full ^ t]
        shipments = count[full ^ t] + 1
        if cost < least or (cost == least and shipments < count[full]):
            least = cost
            count[full] = shipments
            choice[full] = t
        t = (t - 1) & full
    value[full] = min(least, NEVER)


@kernel
def partition_within(
    n: int, most: int, split: int, best: Ints, short: Ints, tables: Ints, value: Ints, count: Ints, choice: Ints
) -> None:  # fmt: skip
    """value[m, S] = min over T ⊆ S holding S's lowest line of best[T] + value[m − 1, S∖T], or value[m, S∖line] + short.

    As `partition`, ties included, with at most `most` ≥ 1 shipments. tables [≥ TABLES_EACH · (most + 1), ≥ 2^n] is
    scratch. Written are value and count of the whole order, and choice where the plan is read.
    """
    full = (1 << n) - 1
    for m in range(most + 1):
        fill_row(m, full, best, short, tables)
    at = TABLES_EACH * most
    if tables[at + 1, full] == 0:
        charge_all_short_within(at, full, split, best, tables)
    value[full], count[full] = tables[at, full], tables[at + 1, full]
    rest = full
    while rest:
        taken = tables[at + 2, rest]
        choice[rest] = taken
        if taken < 0:
            rest &= rest - 1
        else:
            rest ^= taken
            at -= TABLES_EACH


@kernel
def fill_row(m: int, full: int, best: Ints, short: Ints, tables: Ints) -> None:
    """The tables of at most m shipments, from those of one fewer."""
    at = TABLES_EACH * m
    value, count, choice = tables[at], tables[at + 1], tables[at + 2]
    value[0], count[0], choice[0] = 0, 0, 0
    below = max(0, at - TABLES_EACH)
    below_value, below_count = tables[below], tables[below + 1]
    for s in range(1, full + 1):
        low = s & -s
        rest = s ^ low
        j = 0
        while (low >> j) != 1:
            j += 1
        least, fewest, taken = value[rest] + short[j], count[rest], -1
        t = rest if m > 0 else -1
        while t >= 0:
            beside = np.uint64(rest ^ t)
            cost = best[np.uint64(t | low)] + below_value[beside]
            if cost <= least and (cost < least or below_count[beside] + 1 < fewest):
                least, fewest, taken = cost, below_count[beside] + 1, t | low
            t = (t - 1) & rest if t > 0 else -1
        value[s], count[s], choice[s] = min(least, NEVER), fewest, taken


@kernel
def charge_all_short_within(at: int, full: int, split: int, best: Ints, tables: Ints) -> None:
    """As `charge_all_short`: a plan without any shipment is charged `split`, and may lose to one with a shipment."""
    value, count, choice = tables[at], tables[at + 1], tables[at + 2]
    below_value, below_count = tables[at - TABLES_EACH], tables[at - TABLES_EACH + 1]
    least = value[full] + split
    t = full
    while t != 0:
        cost, shipments = best[t] + below_value[full ^ t], below_count[full ^ t] + 1
        if cost < least or (cost == least and shipments < count[full]):
            least, count[full], choice[full] = cost, shipments, t
        t = (t - 1) & full
    value[full] = min(least, NEVER)
