"""What a search of covers stands on: undecided columns ranked by what they answer, and who carries what, as bits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.bit_sets import WORD
from engine.kernels.jit import kernel
from engine.kernels.long_order import CAPACITY, FIXED, KIND, ROW, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.search_state import ALIVE, GOAL, Search
from engine.kernels.staircase import SLOPES_MAX

RANKED_FIELDS = 4
"""Rows of `ranked`, by rank: the COLUMN, its VALUE and SLOPE at the prices that the search began with, and MOST_LINES that it
can carry by its capacity."""
COLUMN, VALUE, SLOPE, MOST_LINES = range(RANKED_FIELDS)

LEVEL_FIELDS = 4
"""Rows of `levels`: SUM, what the columns chosen so far cost, with all lines at the least they can; AT, the rank tried
last; END, the words of ranks that are affordable; LEAST_VALUE, of those that may still come."""
SUM, AT, END, LEAST_VALUE = range(LEVEL_FIELDS)

CURSOR_FIELDS = 4
"""`cursor`: the LEVEL looked at, −1 before and after a search; how many SETS were looked at since the last node; SIZE, how
many columns are ranked; WITHIN, 1 while a set is being searched."""
LEVEL, SETS, SIZE, WITHIN = range(CURSOR_FIELDS)

Ints = NDArray[np.int64]


class Covers(NamedTuple):
    """The state of a search of covers by up to K columns; n lines, m columns, tables by level have K + 1 rows."""

    cursor: Ints
    levels: Ints
    """[LEVEL_FIELDS, K + 1]."""
    ranked: Ints
    """[RANKED_FIELDS, m]."""
    members: Ints
    """[K]: the columns chosen, by level."""
    offered: Ints
    """[K]: scratch."""
    line_order: Ints
    """[n]: lines that cannot be short, those that the fewest columns carry first."""
    carrier_count: Ints
    """[n]: scratch."""
    carriers: Ints
    """[n, words of m]: ranks that carry the i-th line of `line_order`."""
    carried: Ints
    """[words of n, m]: such lines of each rank."""
    uncovered: Ints
    """[K + 1, words of n]."""
    allowed: Ints
    """[K + 1, words of m]: ranks that may come at a level or later."""
    options: Ints
    """[K + 1, words of m]: ranks that come next."""
    listed: Ints
    """[K + 1, m]: ranks by how many lines they cover a level above, the widest first."""
    most: Ints
    """[K + 1, m]: `MOST_LINES` of those listed."""
    masks: Ints
    """[K + 1, words of n, m]: lines that those listed carry."""
    reach: Ints
    """[K + 1, n + 2]: how many of those listed cover so many lines, or more."""
    gain: Ints
    """[m]: scratch, by place in a list."""
    served: Ints
    """[K + 1, n]: the least that each line costs with what was chosen; the prices, at level 0."""


@kernel
def rank_columns(s: Search, v: Covers) -> None:
    """Undecided columns by what they answer, the first given before its equals."""
    size = s.now[ALIVE]
    ranked = v.ranked[COLUMN]
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
    for r in range(size):
        v.ranked[VALUE, r] = s.value[ranked[r]]
        v.ranked[SLOPE, r] = s.slope_at[ranked[r]]


@kernel
def mask_lines(t: LongOrder, s: Search, v: Covers, size: int, bound: int) -> int:
    """Fill `line_order`, `carriers` and `carried`; returns how many lines cannot be short in a cheaper plan."""
    n = s.price.shape[0]
    v.carrier_count[:] = 0
    for r in range(size):
        for j in range(n):
            v.carrier_count[j] += t.handling[v.ranked[COLUMN, r], j] < NEVER
    lines = 0
    for j in range(n):
        if bound + t.lines[SHORT, j] - s.price[j] < s.now[GOAL]:
            continue
        i = lines
        while i > 0 and v.carrier_count[v.line_order[i - 1]] > v.carrier_count[j]:
            v.line_order[i] = v.line_order[i - 1]
            i -= 1
        v.line_order[i] = j
        lines += 1
    v.carriers[:] = 0
    v.carried[:] = 0
    for r in range(size):
        c = v.ranked[COLUMN, r]
        for i in range(lines):
            carries = np.int64(t.handling[c, v.line_order[i]] < NEVER)
            v.carriers[i, r // WORD] |= carries << (r % WORD)
            v.carried[i // WORD, r] |= carries << (i % WORD)
        # A line has one unit at the least.
        v.ranked[MOST_LINES, r] = t.columns[CAPACITY, c] if t.columns[KIND, c] > 0 else lines
    return lines


@kernel
def lay_out(t: LongOrder, s: Search, v: Covers, bound: int) -> None:
    """Rank the undecided columns and note who carries what, nothing chosen yet; values and prices as of `bound`."""
    size = s.now[ALIVE]
    v.cursor[SIZE] = size
    rank_columns(s, v)
    lines = mask_lines(t, s, v, size, bound)
    list_all(v, size, lines)
    for w in range(v.uncovered.shape[1]):
        v.uncovered[0, w] = 0
    for i in range(lines):
        v.uncovered[0, i // WORD] |= 1 << (i % WORD)
    total = 0
    for j in range(s.price.shape[0]):
        v.served[0, j] = s.price[j]
        total += s.price[j]
    v.levels[SUM, 0] = total
    allow_all(v)


@kernel
def allow_all(v: Covers) -> None:
    """Let every ranked column come first."""
    size = v.cursor[SIZE]
    for w in range(v.allowed.shape[1]):
        count = min(max(size - w * WORD, 0), WORD)
        v.allowed[0, w] = (1 << count) - 1
    v.levels[END, 0], v.levels[LEAST_VALUE, 0] = (size + WORD - 1) // WORD, v.ranked[VALUE, 0]


@kernel
def hand_down(v: Covers, level: int, r: int) -> None:
    """Begin the next level with what a level allows, less what its column at rank r covers."""
    for w in range(v.uncovered.shape[1]):
        v.uncovered[level + 1, w] = v.uncovered[level, w] & ~v.carried[w, r]
    for w in range(v.levels[END, level]):
        v.allowed[level + 1, w] = v.allowed[level, w]
    v.levels[END, level + 1], v.levels[LEAST_VALUE, level + 1] = v.levels[END, level], v.levels[LEAST_VALUE, level]
    v.levels[SUM, level + 1] = v.levels[SUM, level] + v.ranked[VALUE, r]


@kernel
def list_all(v: Covers, size: int, lines: int) -> None:
    """Let the first list hold every rank, as if each covered every line."""
    for r in range(size):
        v.listed[0, r], v.most[0, r] = r, v.ranked[MOST_LINES, r]
    for w in range(v.carried.shape[0]):
        for r in range(size):
            v.masks[0, w, r] = v.carried[w, r]
    v.reach[0, : lines + 1] = size
    v.reach[0, lines + 1] = 0


@kernel
def join_column(t: LongOrder, s: Search, v: Covers, r: int, level: int) -> int:
    """served[level + 1] = the least each line costs with column c too; returns fixed less what that saves on served[level].

    By one line below the column's staircase; served starts at the prices, which what is to come cannot undercut for free.
    """
    c, slope = v.ranked[COLUMN, r], v.ranked[SLOPE, r]
    row = t.columns[ROW, c]
    line = row * SLOPES_MAX + slope
    cost: int = t.columns[FIXED, c] + t.base[row, slope]
    for j in range(v.served.shape[1]):
        joined = min(v.served[level, j], s.cost[c, j] + t.rise[line, j])
        cost -= v.served[level, j] - joined
        v.served[level + 1, j] = joined
    return cost
