"""Every plan of exactly k shipments that could be cheaper, by bit masks: k columns that carry all lines between them.

Columns stand in the order of what they answer to the prices, so that a set is given up as soon as it is too dear. The line
that the fewest columns carry comes first: one of its columns is in every cover. The last column of a set is found at once,
as the AND of the masks of all lines that are still uncovered.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.column_sets import set_cost
from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.lagrange import ALIVE, BEST, GOAL, NODES, NODES_MAX, Search
from engine.kernels.long_order import CAPACITY, FIXED, KIND, PLAIN, ROW, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, clear_plan, fill_plan
from engine.kernels.search import adopt_plan, search_plans
from engine.kernels.staircase import SLOPES_MAX

SETS_PER_NODE = 128
"""Sets looked at that count as one node: about the time of one bound."""

WORD = 63
"""Bits of a word: int64 without its sign."""

ONE, TWO, FOUR, TOP = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)
PAIRS, FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
EIGHTS, BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)

SET_ROUNDS = 8
"""Steps of ascent when a set of columns is searched."""

Ints = NDArray[np.int64]


@kernel
def next_bit(words: Ints, row: int, first: int, end: int) -> int:
    """The lowest bit set in the first `end` words of a row at or after `first`; −1 when there is none."""
    w = first // WORD
    if w >= end:
        return -1
    rest = words[row, w] >> (first % WORD) << (first % WORD)
    while rest == 0:
        w += 1
        if w == end:
            return -1
        rest = words[row, w]
    return w * WORD + count_bits((rest & -rest) - 1)


@kernel
def count_bits(word: int) -> int:
    """How many bits of a word are set: written so that the compiler sees it, and takes the one instruction there is."""
    bits = np.uint64(word)
    pairs = bits - ((bits >> ONE) & PAIRS)
    fours = (pairs & FOURS) + ((pairs >> TWO) & FOURS)
    return int((((fours + (fours >> FOUR)) & EIGHTS) * BYTES) >> TOP)


@kernel
def rank_columns(s: Search, ranked: Ints) -> None:
    """ranked = undecided columns by what they answer, the first given before its equals."""
    size = s.now[ALIVE]
    for i in range(size):
        ranked[i] = s.alive[i]
    # Shell's sort, with the gaps of Ciura 2001.
    for gap in (1750, 701, 301, 132, 57, 23, 10, 4, 1):
        for i in range(gap, size):
            c = ranked[i]
            k = i
            while k >= gap:
                d = ranked[k - gap]
                if s.value[d] < s.value[c] or (s.value[d] == s.value[c] and d < c):
                    break
                ranked[k] = d
                k -= gap
            ranked[k] = c


@allocating_kernel
def mask_lines(
    t: LongOrder, s: Search, size: int, ranked: Ints, bound: int, line_order: Ints, carriers: Ints, carried: Ints
) -> int:  # fmt: skip
    """carriers[i] = ranked columns of the i-th line that cannot be short, the fewest first; carried[r] = such lines.

    Returns how many lines there are; both as bits, WORD a word.
    """
    n = s.price.shape[0]
    count = np.zeros(n, np.int64)
    for r in range(size):
        for j in range(n):
            count[j] += t.handling[ranked[r], j] < NEVER
    lines = 0
    for j in range(n):
        if bound + t.lines[SHORT, j] - s.price[j] < s.now[GOAL]:
            continue
        i = lines
        while i > 0 and count[line_order[i - 1]] > count[j]:
            line_order[i] = line_order[i - 1]
            i -= 1
        line_order[i] = j
        lines += 1
    carriers[:] = 0
    carried[:] = 0
    for r in range(size):
        for i in range(lines):
            carries = np.int64(t.handling[ranked[r], line_order[i]] < NEVER)
            carriers[i, r // WORD] |= carries << (r % WORD)
            carried[r, i // WORD] |= carries << (i % WORD)
    return lines


@kernel
def affordable_words(value: Ints, most: int) -> int:
    """Words of the ranked columns that answer less than `most`: those beyond are too dear for any set."""
    words = 0
    while words * WORD < value.shape[0] and value[words * WORD] < most:
        words += 1
    return words


@kernel
def options_for(
    level: int, rest: int, end: int, carriers: Ints, uncovered: Ints, allowed: Ints, options: Ints
) -> bool:  # fmt: skip
    """options = allowed columns that may come next, `rest` of them to come: those of the uncovered line with the fewest.

    The last one must carry every line that is left. The tables by level [k + 1, words], of which the first `end` are looked
    at; returns whether there is any option.
    """
    lines = uncovered.shape[1]
    if rest > 1:
        chosen = -1
        fewest = 0
        i = next_bit(uncovered, level, 0, lines)
        while i >= 0:
            columns = 0
            for w in range(end):
                columns += count_bits(allowed[level, w] & carriers[i, w])
            if chosen < 0 or columns < fewest:
                chosen, fewest = i, columns
            i = next_bit(uncovered, level, i + 1, lines)
        for w in range(end):
            options[level, w] = allowed[level, w] & (carriers[chosen, w] if chosen >= 0 else allowed[level, w])
        return chosen < 0 or fewest > 0
    for w in range(end):
        options[level, w] = allowed[level, w]
    i = next_bit(uncovered, level, 0, lines)
    while i >= 0:
        some = False
        for w in range(end):
            options[level, w] &= carriers[i, w]
            some |= options[level, w] != 0
        if not some:
            return False
        i = next_bit(uncovered, level, i + 1, lines)
    return True


@kernel
def join_cost(t: LongOrder, s: Search, c: int, slope: int, level: int, served: Ints) -> int:
    """served[level + 1] = the least each line costs with column c too; returns fixed less what that saves on served[level].

    By one line below the column's staircase; served starts at the prices, which what is to come cannot undercut for free.
    """
    row = t.columns[ROW, c]
    line = row * SLOPES_MAX + slope
    cost: int = t.columns[FIXED, c] + t.base[row, slope]
    for j in range(served.shape[1]):
        joined = min(served[level, j], s.cost[c, j] + t.rise[line, j])
        cost -= served[level, j] - joined
        served[level + 1, j] = joined
    return cost


@allocating_kernel
def search_covers(
    t: LongOrder, s: Search, plan: PlanState, best: PlanState, trial: PlanState, spare: PlanState, order: Ints,
    in_use: Ints, frames: Ints, kept_price: Ints, k: int, bound: int,
) -> int:  # fmt: skip
    """Look at every set of k undecided columns that could be cheaper; values as of `bound`, on plans of exactly k.

    Returns NEVER when nothing of k shipments is cheaper than `best`, which may have become one of them; `bound` when the
    budget ended before that.
    """
    size, n = s.now[ALIVE], s.price.shape[0]
    if size < k:
        return NEVER
    ranked, members, offered = np.empty(size, np.int64), np.empty(k, np.int64), np.empty(k, np.int64)
    rank_columns(s, ranked)
    line_order = np.empty(n, np.int64)
    carriers, carried = np.empty((n, size // WORD + 1), np.int64), np.empty((size, n // WORD + 1), np.int64)
    lines = mask_lines(t, s, size, ranked, bound, line_order, carriers, carried)
    served = np.empty((k + 1, n), np.int64)
    served[0] = s.price
    # The search within a set changes these.
    value, slope = np.empty(size, np.int64), np.empty(size, np.int64)
    for r in range(size):
        value[r], slope[r] = s.value[ranked[r]], s.slope_at[ranked[r]]
    least = value[0]
    uncovered, allowed = np.zeros((k + 1, n // WORD + 1), np.int64), np.zeros((k + 1, size // WORD + 1), np.int64)
    options = np.zeros((k + 1, size // WORD + 1), np.int64)
    sums, at = np.full(k + 1, s.price.sum()), np.full(k + 1, -1)
    for i in range(lines):
        uncovered[0, i // WORD] |= 1 << (i % WORD)
    widest = 0
    for r in range(size):
        bits = 0
        for w in range(carried.shape[1]):
            bits += count_bits(carried[r, w])
        if t.columns[KIND, ranked[r]] > 0:
            # A line has one unit at the least.
            bits = min(bits, t.columns[CAPACITY, ranked[r]])
        widest = max(widest, bits)
        allowed[0, r // WORD] |= 1 << (r % WORD)
    if lines > k * widest:
        return NEVER
    ends = np.empty(k + 1, np.int64)
    ends[0] = affordable_words(value, s.now[GOAL] - sums[0] - (k - 1) * least)
    options_for(0, k, ends[0], carriers, uncovered, allowed, options)
    visits = 0
    level = 0
    while level >= 0:
        rest = k - level
        r = next_bit(options, level, at[level] + 1, ends[level])
        if r < 0 or sums[level] + value[r] + (rest - 1) * least >= s.now[GOAL]:
            level -= 1
            continue
        visits += 1
        if visits == SETS_PER_NODE:
            visits = 0
            s.now[NODES] += 1
            if s.now[NODES] >= s.now[NODES_MAX]:
                return bound
        at[level] = r
        allowed[level, r // WORD] ^= 1 << (r % WORD)
        members[level] = ranked[r]
        left = 0
        for w in range(uncovered.shape[1]):
            uncovered[level + 1, w] = uncovered[level, w] & ~carried[r, w]
            left += count_bits(uncovered[level + 1, w])
        if left > (rest - 1) * widest:
            continue
        if rest > 1:
            # What a column answers is the least that it adds: these ends never rise from one level to the next.
            most = s.now[GOAL] - sums[level] - value[r] - (rest - 2) * least
            ends[level + 1] = min(ends[level], affordable_words(value, most))
            for w in range(ends[level + 1]):
                allowed[level + 1, w] = allowed[level, w]
            # Before anything is priced: most sets have no last column.
            if rest == 2 and not options_for(level + 1, 1, ends[level + 1], carriers, uncovered, allowed, options):
                continue
        sums[level + 1] = sums[level] + join_cost(t, s, ranked[r], slope[r], level, served)
        if sums[level + 1] + (rest - 1) * least >= s.now[GOAL]:
            continue
        if rest > 1:
            if rest > 2:
                options_for(level + 1, rest - 1, ends[level + 1], carriers, uncovered, allowed, options)
            at[level + 1] = -1
            level += 1
            continue
        if t.rules[PLAIN] == 1:
            if set_cost(t, k, members) < s.now[BEST]:
                clear_plan(trial)
                offered[:] = members
                fill_plan(t, trial, k, offered, order)
                adopt_plan(t, s, trial, best)
            continue
        keep_only(s, k, members)
        within = search_plans(t, s, plan, best, trial, spare, order, in_use, frames, kept_price, SET_ROUNDS, False)
        s.now[ALIVE] = size
        s.price[:] = served[0]
        if within < s.now[GOAL]:
            return bound
    return NEVER


@kernel
def keep_only(s: Search, k: int, members: Ints) -> None:
    """Let the members be the only undecided columns, until ALIVE is what it was."""
    for i in range(k):
        c, other = members[i], s.alive[i]
        at = s.rank[c]
        s.alive[i], s.alive[at] = c, other
        s.rank[c], s.rank[other] = i, at
    s.now[ALIVE] = k
