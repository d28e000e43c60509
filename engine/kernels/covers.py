"""Every plan of exactly k shipments that could be cheaper, by bit masks: k columns that carry all lines between them.

Columns stand in the order of what they answer to the prices, so that a set is given up as soon as it is too dear. The line
that the fewest columns carry comes first: one of its columns is in every cover. A column that covers too little of what is
left, beside the widest there is, is in none. The last column of a set is found at once, as the AND of the masks of all
lines that are still uncovered.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.bit_sets import WORD, next_bit
from engine.kernels.column_sets import set_cost
from engine.kernels.cover_options import count_left, enter_level
from engine.kernels.cover_tables import (
    AT,
    COLUMN,
    END,
    LEAST_VALUE,
    LEVEL,
    MOST_LINES,
    SETS,
    SIZE,
    SUM,
    VALUE,
    WITHIN,
    Covers,
    allow_all,
    hand_down,
    join_column,
    lay_out,
)  # fmt: skip
from engine.kernels.jit import kernel
from engine.kernels.long_order import PLAIN, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, clear_plan, fill_plan
from engine.kernels.search import PAUSED, search_plans
from engine.kernels.search_state import ALIVE, BEST, GOAL, NODES, NODES_MAX, PAUSE_AT, Search, adopt_plan, copy_values

SETS_PER_NODE = 128
"""Sets looked at that count as one node: about the time of one bound."""

FEWEST_SETS_MAX = 1_024
"""Sets looked at to learn how many shipments there are at the least; to learn it saves about as many nodes as these take."""

SET_ROUNDS = 8
"""Steps of ascent when a set of columns is searched."""

Ints = NDArray[np.int64]


@kernel
def begin_covers(t: LongOrder, s: Search, v: Covers, k: int, bound: int) -> bool:
    """Lay out a search of sets of k undecided columns, values as of `bound`; returns whether there can be any."""
    v.cursor[LEVEL] = -1
    if s.now[ALIVE] < k:
        return False
    lay_out(t, s, v, bound)
    v.cursor[SETS], v.cursor[WITHIN] = 0, 0
    return enter_level(v, 0, k, s.now[GOAL])


@kernel
def search_covers(
    t: LongOrder, s: Search, plan: PlanState, best: PlanState, trial: PlanState, spare: PlanState, order: Ints,
    in_use: Ints, frames: Ints, kept_price: Ints, v: Covers, k: int, bound: int,
) -> int:  # fmt: skip
    """Look at every set of k undecided columns that could be cheaper; values as of `bound`, on plans of exactly k.

    Returns NEVER when nothing of k shipments is cheaper than `best`, which may have become one of them; `bound` when the
    budget ended before that; PAUSED when the slice did: called again, it goes on.
    """
    level = v.cursor[LEVEL]
    if level < 0:
        if not begin_covers(t, s, v, k, bound):
            return NEVER
        level = 0
    size = v.cursor[SIZE]
    while level >= 0:
        if v.cursor[WITHIN] == 0:
            rest = k - level
            if s.now[NODES] >= s.now[NODES_MAX]:
                v.cursor[LEVEL] = -1
                return bound
            if s.now[NODES] >= s.now[PAUSE_AT]:
                v.cursor[LEVEL] = level
                return PAUSED
            r = next_bit(v.options, level, v.levels[AT, level] + 1, v.levels[END, level])
            if r < 0 or v.levels[SUM, level] + v.ranked[VALUE, r] + (rest - 1) * v.levels[LEAST_VALUE, level] >= s.now[GOAL]:
                level -= 1
                continue
            v.cursor[SETS] += 1
            if v.cursor[SETS] == SETS_PER_NODE:
                v.cursor[SETS] = 0
                s.now[NODES] += 1
            v.levels[AT, level] = r
            v.allowed[level, r // WORD] ^= 1 << (r % WORD)
            v.members[level] = v.ranked[COLUMN, r]
            if rest > 1:
                hand_down(v, level, r)
            # Before anything is priced: most sets have no last column.
            if rest == 2 and not enter_level(v, level + 1, 1, s.now[GOAL]):
                continue
            v.levels[SUM, level + 1] = v.levels[SUM, level] + join_column(t, s, v, r, level)
            if v.levels[SUM, level + 1] + (rest - 1) * v.levels[LEAST_VALUE, level] >= s.now[GOAL]:
                continue
            if rest > 1:
                if rest == 2 or enter_level(v, level + 1, rest - 1, s.now[GOAL]):
                    level += 1
                continue
            if t.rules[PLAIN] == 1:
                if set_cost(t, k, v.members) < s.now[BEST]:
                    clear_plan(trial)
                    copy_values(v.members, v.offered)
                    fill_plan(t, trial, k, v.offered, order)
                    adopt_plan(t, s, trial, best)
                continue
            keep_only(s, k, v.members)
            v.cursor[WITHIN] = 1
        within = search_plans(t, s, plan, best, trial, spare, order, in_use, frames, kept_price, SET_ROUNDS, False)
        if within == PAUSED:
            v.cursor[LEVEL] = level
            return PAUSED
        v.cursor[WITHIN] = 0
        s.now[ALIVE] = size
        copy_values(v.served[0], s.price)
        if within < s.now[GOAL]:
            v.cursor[LEVEL] = -1
            return bound
    v.cursor[LEVEL] = -1
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


@kernel
def fewest_columns(t: LongOrder, s: Search, v: Covers, bound: int, most: int) -> int:
    """How many shipments every cheaper plan has at the least: no fewer columns carry all lines that cannot be short.

    Whatever they cost; looked for up to `most` and as far as FEWEST_SETS_MAX sets lead. Values as of `bound`.
    """
    lay_out(t, s, v, bound)
    v.cursor[SETS] = 0
    k = 1
    while k < most and not is_covered(v, k):
        k += 1
    s.now[NODES] += v.cursor[SETS] // SETS_PER_NODE
    return k


@kernel
def is_covered(v: Covers, k: int) -> bool:
    """Whether k columns may carry every line that cannot be short: they do, or it would take too long to tell."""
    allow_all(v)
    level = 0 if enter_level(v, 0, k, NEVER) else -1
    while level >= 0:
        r = next_bit(v.options, level, v.levels[AT, level] + 1, v.levels[END, level])
        if r < 0:
            level -= 1
            continue
        v.cursor[SETS] += 1
        v.levels[AT, level] = r
        if level == k - 1:
            if v.ranked[MOST_LINES, r] >= count_left(v, level):
                return True
            continue
        if v.cursor[SETS] > FEWEST_SETS_MAX:
            return True
        v.allowed[level, r // WORD] ^= 1 << (r % WORD)
        hand_down(v, level, r)
        if enter_level(v, level + 1, k - level - 1, NEVER):
            level += 1
    return False
