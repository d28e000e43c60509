"""The program over subsets: lines shared out to shipments at the least cost, as many of them as there are, or so many at most.

Subsets are bit masks over the lines of one order. The best shipment of each subset is known; the program alone is a lower
bound, since it may use a location twice as if that cost and took nothing (see `subsets`).
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel

Ints = NDArray[np.int64]

NEVER = 2**60
"""A cost that no plan has: the column cannot carry the subset. Two of them still add up within int64."""

TABLES_EACH = 3
"""Rows of scratch for each number of shipments: value, count, choice."""


PACKED_BITS = 4
"""Below a packed cost stands its number of shipments, so that one comparison is of both: costs first, then shipments."""

PACKED_MAX = 2**55
"""Costs that are packed stay below this."""


@inlined_kernel
def partition(n: int, split: int, best: Ints, short: Ints, value: Ints, count: Ints, choice: Ints) -> None:
    """value[all] = the least that all lines cost, as in `partition_all`, which is asked where this does not suffice.

    Written for the whole order are value and count, and choice where the plan is read: at all lines, and at what each
    choice leaves. Only the subsets that a plan can leave are looked at, those without the first line: a third of the steps.
    """
    full = (1 << n) - 1
    # What a subset costs, packed, stands in `value`; what one shipment of it does, in `choice`.
    if not pack_costs(n, best, short, choice):
        partition_all(n, split, best, short, value, count, choice)
        return
    value[0] = 0
    for s in range(2, full, 2):
        value[s] = least_packed(s, choice, short, value)
    value[full] = least_packed(full, choice, short, value)
    shipments = value[full] & ((1 << PACKED_BITS) - 1)
    if shipments == 0:
        partition_all(n, split, best, short, value, count, choice)
        return
    rest = full
    while rest:
        taken = first_choice(rest, choice, short, value)
        # No plan of what is left ships this subset: its cost is not asked for again.
        choice[rest] = taken
        if taken < 0:
            rest &= rest - 1
        else:
            rest ^= taken
    value[full] >>= PACKED_BITS
    count[full] = shipments


@inlined_kernel
def pack_costs(n: int, best: Ints, short: Ints, packed: Ints) -> bool:
    """packed[S] = best[S] and one shipment, NEVER where none can; whether all other costs are below PACKED_MAX."""
    size = 1 << n
    small = n < 1 << PACKED_BITS
    total = 0
    for j in range(n):
        small &= short[j] < PACKED_MAX
        total += min(short[j], PACKED_MAX)
    small &= total < PACKED_MAX
    for s in range(1, size):
        small &= (best[s] < PACKED_MAX) | (best[s] >= NEVER)
        packed[s] = (min(best[s], PACKED_MAX) << PACKED_BITS) + 1 if best[s] < NEVER else NEVER
    return small


@inlined_kernel
def least_packed(s: int, packed: Ints, short: Ints, value: Ints) -> int:
    """min over T ⊆ S holding S's lowest line of packed[T] + value[S∖T], or that line short; without a branch."""
    low = s & -s
    rest = s ^ low
    least = value[rest] + (short[line_of(low)] << PACKED_BITS)
    t = rest
    while t != 0:
        least = min(least, packed[np.uint64(t | low)] + value[np.uint64(rest ^ t)])
        t = (t - 1) & rest
    cost: int = min(least, packed[np.uint64(low)] + value[np.uint64(rest)])
    return cost


@inlined_kernel
def first_choice(s: int, packed: Ints, short: Ints, value: Ints) -> int:
    """The choice of `partition_all` for S: −1, or the first T met that leads to what S costs."""
    low = s & -s
    rest = s ^ low
    if value[rest] + (short[line_of(low)] << PACKED_BITS) == value[s]:
        return -1
    t = rest
    while packed[t | low] + value[rest ^ t] != value[s]:
        t = (t - 1) & rest
    return t | low


@inlined_kernel
def line_of(low: int) -> int:
    """Which bit is set."""
    j = 0
    while (low >> j) != 1:
        j += 1
    return j


@inlined_kernel
def partition_all(n: int, split: int, best: Ints, short: Ints, value: Ints, count: Ints, choice: Ints) -> None:
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
        least = value[rest] + short[line_of(low)]
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


@inlined_kernel
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


@inlined_kernel
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


@inlined_kernel
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
        least, fewest, taken = value[rest] + short[line_of(low)], count[rest], -1
        t = rest if m > 0 else -1
        while t >= 0:
            beside = np.uint64(rest ^ t)
            cost = best[np.uint64(t | low)] + below_value[beside]
            if cost <= least and (cost < least or below_count[beside] + 1 < fewest):
                least, fewest, taken = cost, below_count[beside] + 1, t | low
            t = (t - 1) & rest if t > 0 else -1
        value[s], count[s], choice[s] = min(least, NEVER), fewest, taken


@inlined_kernel
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
