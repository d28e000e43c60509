"""Which columns may come next in a set that covers all lines: one of a line that few carry, or a wide one, is in every cover.

Of `rest` columns that cover all that is left, one covers its share, and each at least what the widest others leave to it.
"""

from engine.kernels.bit_sets import WORD, count_bits, next_bit
from engine.kernels.cover_tables import AT, END, LEAST_VALUE, SIZE, SUM, VALUE, Covers
from engine.kernels.jit import kernel


@kernel
def enter_level(v: Covers, level: int, rest: int, goal: int) -> bool:
    """Choose what may come at a level, `rest` columns to come, for less than `goal`; returns whether there is anything.

    What was chosen before it, and `allowed`, are given.
    """
    v.levels[AT, level] = -1
    if rest == 1:
        return option_last(v, level)
    left = count_left(v, level)
    if left > 0 and rest == 2:
        # Nearly always there is none, which shows at a few columns.
        return option_wide(v, level, rest, left)
    if left > 0 and not keep_wide(v, level, rest, left):
        return False
    first = next_bit(v.allowed, level, 0, v.levels[END, level])
    if first < 0:
        return False
    least = v.ranked[VALUE, first]
    v.levels[LEAST_VALUE, level] = least
    # What a column answers is the least that it adds: these ends never rise from one level to the next.
    affordable = affordable_words(v, v.cursor[SIZE], goal - v.levels[SUM, level] - (rest - 1) * least)
    v.levels[END, level] = min(v.levels[END, level], affordable)
    return option_fewest(v, level, rest, left)


@kernel
def affordable_words(v: Covers, size: int, most: int) -> int:
    """Words of the ranked columns that answer less than `most`: those beyond are too dear for any set."""
    words = 0
    while words * WORD < size and v.ranked[VALUE, words * WORD] < most:
        words += 1
    return words


@kernel
def count_left(v: Covers, level: int) -> int:
    """How many lines a level has left."""
    left = 0
    for w in range(v.uncovered.shape[1]):
        left += count_bits(v.uncovered[level, w])
    return left


@kernel
def is_allowed(v: Covers, r: int, level: int) -> bool:
    """Whether a rank may come at a level, or later."""
    w = r // WORD
    allowed: bool = w < v.levels[END, level] and (v.allowed[level, w] >> (r % WORD)) & 1 == 1
    return allowed


@kernel
def gain_listed(v: Covers, level: int, count: int) -> None:
    """gain[i] = how many of the lines left the i-th listed column covers, of the first `count`."""
    for i in range(count):
        v.gain[i] = 0
    for w in range(v.masks.shape[1]):
        lines = v.uncovered[level, w]
        for i in range(count):
            v.gain[i] += count_bits(v.masks[level, w, i] & lines)
    for i in range(count):
        v.gain[i] = min(v.gain[i], v.most[level, i])


@kernel
def option_wide(v: Covers, level: int, rest: int, left: int) -> bool:
    """options = allowed columns that cover their share of the lines left: of `rest` columns that cover all, one does.

    Only those are looked at that covered so much a level above: what is left of it is no more.
    """
    share = (left + rest - 1) // rest
    for w in range(v.levels[END, level]):
        v.options[level, w] = 0
    some = False
    count = v.reach[level, share]
    gain_listed(v, level, count)
    for i in range(count):
        if v.gain[i] >= share and is_allowed(v, v.listed[level, i], level):
            r = v.listed[level, i]
            v.options[level, r // WORD] |= 1 << (r % WORD)
            some = True
    return some


@kernel
def keep_wide(v: Covers, level: int, rest: int, left: int) -> bool:
    """Allow only what covers so much that a set of `rest` columns may cover all; returns whether there may be a set.

    Where the widest column covers w of the `left` lines, each of a set must cover left − (rest − 1) · w. Lists what is kept.
    """
    count = v.reach[level, 0]
    gain_listed(v, level, count)
    widest = 0
    for i in range(count):
        if not is_allowed(v, v.listed[level, i], level):
            v.gain[i] = -1
        widest = max(widest, v.gain[i])
    need = max(0, left - (rest - 1) * widest)
    if need > widest:
        return False
    for w in range(v.levels[END, level]):
        v.allowed[level, w] = 0
    for i in range(count):
        if v.gain[i] >= need:
            r = v.listed[level, i]
            v.allowed[level, r // WORD] |= 1 << (r % WORD)
    list_by_gain(v, level, count, need, widest)
    return True


@kernel
def list_by_gain(v: Covers, level: int, count: int, need: int, widest: int) -> None:
    """For the next level, list those of the `count` columns listed that cover what is needed, the widest first."""
    after = level + 1
    for g in range(v.reach.shape[1]):
        v.reach[after, g] = 0
    for i in range(count):
        if v.gain[i] >= need:
            v.reach[after, v.gain[i]] += 1
    # First where each gain begins, which while columns are put in becomes where it ends: how many gain as much, or more.
    total = 0
    for g in range(widest, -1, -1):
        v.reach[after, g], total = total, total + v.reach[after, g]
    for i in range(count):
        g = v.gain[i]
        if g >= need:
            k = v.reach[after, g]
            v.reach[after, g] = k + 1
            v.listed[after, k], v.most[after, k] = v.listed[level, i], v.most[level, i]
            for w in range(v.masks.shape[1]):
                v.masks[after, w, k] = v.masks[level, w, i]


@kernel
def option_fewest(v: Covers, level: int, rest: int, left: int) -> bool:
    """options = allowed columns of the uncovered line that the fewest carry, or those that cover their share: the fewer.

    One of either is in every cover; whatever is allowed, where no line is left. Returns whether there is any.
    """
    end, after = v.levels[END, level], level + 1
    chosen = -1
    fewest = 0
    i = next_bit(v.uncovered, level, 0, v.uncovered.shape[1])
    while i >= 0:
        columns = 0
        for w in range(end):
            columns += count_bits(v.allowed[level, w] & v.carriers[i, w])
        if chosen < 0 or columns < fewest:
            chosen, fewest = i, columns
        i = next_bit(v.uncovered, level, i + 1, v.uncovered.shape[1])
    if chosen < 0:
        for w in range(end):
            v.options[level, w] = v.allowed[level, w]
        return True
    wide = v.reach[after, (left + rest - 1) // rest]
    some: bool = min(wide, fewest) > 0
    for w in range(end):
        v.options[level, w] = v.allowed[level, w] & v.carriers[chosen, w] if wide >= fewest else 0
    if wide < fewest:
        for k in range(wide):
            r = v.listed[after, k]
            v.options[level, r // WORD] |= 1 << (r % WORD)
    return some


@kernel
def option_last(v: Covers, level: int) -> bool:
    """options = allowed columns that carry every line left; returns whether there is any."""
    end = v.levels[END, level]
    for w in range(end):
        v.options[level, w] = v.allowed[level, w]
    i = next_bit(v.uncovered, level, 0, v.uncovered.shape[1])
    while i >= 0:
        some = False
        for w in range(end):
            v.options[level, w] &= v.carriers[i, w]
            some |= v.options[level, w] != 0
        if not some:
            return False
        i = next_bit(v.uncovered, level, i + 1, v.uncovered.shape[1])
    return True
