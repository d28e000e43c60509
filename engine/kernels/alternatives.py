"""What the best plan of whole lines costs if it must use a location, or must not: every location of an order in one pass.

With best_l[T] the least that location l asks for the subset T, and rest[S] the least for S by any locations, the best plan
that uses l costs min over T of best_l[T] + rest[S∖T]. Where that rest uses l again it is taken without l, from the second
best location of each subset. A plan in which another location stands twice is a bound and no plan: it is called one.
A location is dominated by one of the plan which can ship every subset that it can ship, for no more.
Method: set partitioning by dynamic programming over subsets, as `partition_all`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.partition import NEVER, TABLES_EACH, fill_row, line_of, partition_all, partition_within
from engine.kernels.subsets import capacity_need, subset_fits

Ints = NDArray[np.int64]

(
    C_LOCATION, C_SERVICE, C_MASK, C_FIXED, C_PRICE_ROW, C_KIND, C_LEFT, C_START, C_DAY, C_LATEST, C_OPENING, C_NEXT,
    COLUMN_FIELDS,
) = range(13)  # fmt: skip
"""Rows of `facts` [COLUMN_FIELDS, columns]: one way each to ship, in any order. C_MASK: lines carried whole, as bits;
C_FIXED with the split penalty; C_OPENING: the least a shipment of whatever costs; C_NEXT is scratch."""

(B_BEST, B_AT, B_SECOND, B_SECOND_AT, B_OTHER, B_OTHER_AT, B_VALUE, B_COUNT, B_CHOICE, BEST_ROWS) = range(10)
"""Rows of `tables` [BEST_ROWS, 2^n]; behind them what the programs need, 6 · n + 6 rows."""

(
    A_VALUE, A_HOW, A_COLUMN, A_SUBSET, A_SEND_COLUMN, A_SEND_SUBSET, A_SEND_MICROS, A_CARRIES, A_DOMINATORS, ANSWER_FIELDS,
) = range(10)  # fmt: skip
"""Rows of `answer` [ANSWER_FIELDS, L]. A_VALUE: the best plan that uses the location, NEVER where there is none, A_HOW what
that number is, A_COLUMN and A_SUBSET what the location ships in it; A_SEND_…: the most units it can ship, for the least;
A_CARRIES: bits of the lines that it can ship; A_DOMINATORS: bits of the chosen, in their order, that dominate it."""

DOMINATORS_MAX = 8
"""Of the chosen, the first: whether they dominate is asked of each way to ship a subset."""

NONE, EXACT, AT_LEAST, AT_MOST = range(4)
"""What a value is: nothing, what the best plan costs, a bound below it, what some plan costs."""


@allocating_kernel
def explain_locations(
    n: int, columns: int, split: int, most: int, divided_base: int, opening: int, extra: int, facts: Ints, handling: Ints,
    price: Ints, short: Ints, shared: int, shared_need: Ints, shared_available: Ints, line_count: Ints, unit_count: Ints,
    chosen: Ints, tables: Ints, answer: Ints, without: Ints,
) -> int:  # fmt: skip
    """answer[:, l], and without[:, i] = (value, what it is) of the best plan that does not use chosen[i].

    Values hold `split` for every shipment but one. handling [n, columns], price [rows, 2^n], short [n] for the line;
    `most` locations. divided_base: what all lines cost at the least, less `split`, NEVER where none may be divided; any
    plan that divides one costs that, an opening, and another or `extra`. Returns what the best plan costs.
    """
    full = (1 << n) - 1
    heads = scan_best(n, columns, facts, handling, price, shared, shared_need, shared_available, line_count, unit_count,
                      chosen, tables, answer)  # fmt: skip
    rest = tables[BEST_ROWS : BEST_ROWS + TABLES_EACH * (n + 1)]
    other = tables[BEST_ROWS + TABLES_EACH * (n + 1) :]
    base = fill_rests(n, most, split, tables[B_BEST], short, rest)
    least = whole_value(n, most, split, tables[B_BEST], short, other, tables)
    extra = min(opening, extra)
    masks, rows, fixed, kinds, lefts = facts[C_MASK], facts[C_PRICE_ROW], facts[C_FIXED], facts[C_KIND], facts[C_LEFT]
    chain, at_location, openings, beside, sums = facts[C_NEXT], facts[C_LOCATION], facts[C_OPENING], rest[base], tables[B_VALUE]
    best_at, other_at, seen = tables[B_AT], tables[B_OTHER_AT], np.empty(16, np.int64)
    values, how, at_column, at_subset = answer[A_VALUE], answer[A_HOW], answer[A_COLUMN], answer[A_SUBSET]
    for l in range(heads.shape[0]):  # noqa: E741
        if heads[l] < 0:
            continue
        value, column, subset = force_location(
            full, heads[l], masks, rows, fixed, kinds, lefts, chain, handling, price, shared, shared_need, shared_available,
            line_count, unit_count, beside, sums,
        )  # fmt: skip
        if value >= NEVER:
            continue
        again, twice = False, False
        if subset != full:
            again, twice = repeats(full ^ subset, l, base, most < n, at_location, best_at, rest, seen)
        if again:
            forbid(l, full, at_location, tables)
            row = fill_rests(n, most, split, tables[B_OTHER], short, other)
            value, column, subset = force_location(
                full, heads[l], masks, rows, fixed, kinds, lefts, chain, handling, price, shared, shared_need,
                shared_available, line_count, unit_count, other[row], sums,
            )  # fmt: skip
            _, twice = repeats(full ^ subset, l, row, most < n, at_location, other_at, other, seen)
        at_column[l], at_subset[l] = column, subset
        value -= split
        bound = NEVER
        if divided_base < NEVER:
            dearest, c = NEVER, heads[l]
            while c >= 0:
                dearest = min(dearest, openings[c])
                c = chain[c]
            bound = divided_base + dearest + extra
        how[l] = AT_LEAST if twice else (AT_MOST if value > bound else EXACT)
        values[l] = min(value, bound) if twice else value
    for i in range(chosen.shape[0]):
        forbid(chosen[i], full, facts[C_LOCATION], tables)
        value = whole_value(n, most, split, tables[B_OTHER], short, other, tables) - split
        twice = stands_twice(n, tables[B_CHOICE], facts[C_LOCATION], tables[B_OTHER_AT])
        bound = divided_base + opening + extra if divided_base < NEVER else NEVER
        without[0, i] = min(value, bound) if twice else value
        without[1, i] = AT_LEAST if twice else (AT_MOST if value > bound else EXACT)
    return least - split


@allocating_kernel
def scan_best(
    n: int, columns: int, facts: Ints, handling: Ints, price: Ints, shared: int, shared_need: Ints, shared_available: Ints,
    line_count: Ints, unit_count: Ints, chosen: Ints, tables: Ints, answer: Ints,
) -> Ints:  # fmt: skip
    """The best two locations of every subset, and what each location could send; returns its first column, −1: none."""
    # Rows are taken out once: a slice counts references each time.
    sums, best, second = tables[B_VALUE], tables[B_BEST], tables[B_SECOND]
    best_at, second_at = tables[B_AT], tables[B_SECOND_AT]
    at_location, masks, rows, fixed, chain = facts[C_LOCATION], facts[C_MASK], facts[C_PRICE_ROW], facts[C_FIXED], facts[C_NEXT]
    kinds, lefts = facts[C_KIND], facts[C_LEFT]
    send_at, send_subset, send_micros = answer[A_SEND_COLUMN], answer[A_SEND_SUBSET], answer[A_SEND_MICROS]
    carries = answer[A_CARRIES]
    heads = np.full(answer.shape[1], -1, np.int64)
    best[:], second[:] = NEVER, NEVER
    best_at[:], second_at[:] = -1, -1
    answer[A_VALUE, :], answer[A_HOW, :], carries[:] = NEVER, NONE, 0
    send_at[:], send_subset[:], send_micros[:] = -1, 0, NEVER
    full = (1 << n) - 1
    own = np.full((min(chosen.shape[0], DOMINATORS_MAX), full + 1), NEVER, np.int64)
    dominators = answer[A_DOMINATORS]
    dominators[:] = (1 << own.shape[0]) - 1
    price_chosen(columns, facts, handling, price, shared, shared_need, shared_available, line_count, unit_count, chosen,
                 sums, own)  # fmt: skip
    for c in range(columns):
        l = at_location[c]  # noqa: E741
        chain[c] = heads[l]
        heads[l] = c
        mask, row = masks[c], rows[c]
        check = shared > 0 or capacity_need(kinds[c], line_count[full], unit_count[full]) > lefts[c]
        sums[0] = fixed[c]
        carried, sent, sent_micros, sent_units = carries[l], send_subset[l], send_micros[l], unit_count[send_subset[l]]
        dominating = dominators[l]
        s = (0 - mask) & mask
        while s != 0:
            at, low = np.uint64(s), s & -s
            handled = sums[np.uint64(s ^ low)] + handling[line_of(low), c]
            sums[at] = handled
            cost = handled + price[row, at]
            if cost < NEVER and (
                not check or subset_fits(s, c, shared, shared_need, shared_available, kinds, lefts, line_count, unit_count)
            ):
                carried |= s
                left = dominating
                while left != 0:
                    if cost < own[line_of(left & -left), at]:
                        dominating ^= left & -left
                    left &= left - 1
                units = unit_count[at]
                if units > sent_units or (units == sent_units and cost < sent_micros):
                    sent, sent_micros, sent_units = s, cost, units
                    send_at[l] = c
                if cost < second[at]:
                    note_best(s, cost, c, l, at_location, best, best_at, second, second_at)
            s = (s - mask) & mask
        carries[l], send_subset[l], send_micros[l] = carried, sent, sent_micros
        dominators[l] = dominating
    for i in range(chosen.shape[0]):
        dominators[chosen[i]] = 0
    return heads


@kernel
def price_chosen(
    columns: int, facts: Ints, handling: Ints, price: Ints, shared: int, shared_need: Ints, shared_available: Ints,
    line_count: Ints, unit_count: Ints, chosen: Ints, sums: Ints, own: Ints,
) -> None:  # fmt: skip
    """own[i, S] = the least that chosen[i] asks for a subset, NEVER as it was where it cannot ship it; sums is scratch."""
    at_location, masks, rows, kinds, lefts = facts[C_LOCATION], facts[C_MASK], facts[C_PRICE_ROW], facts[C_KIND], facts[C_LEFT]
    for c in range(columns):
        for i in range(own.shape[0]):
            if at_location[c] != chosen[i]:
                continue
            mask = masks[c]
            sums[0] = facts[C_FIXED, c]
            s = (0 - mask) & mask
            while s != 0:
                low = s & -s
                sums[s] = sums[s ^ low] + handling[line_of(low), c]
                cost = sums[s] + price[rows[c], s]
                if cost < own[i, s] and subset_fits(
                    s, c, shared, shared_need, shared_available, kinds, lefts, line_count, unit_count
                ):
                    own[i, s] = cost
                s = (s - mask) & mask


@kernel
def note_best(
    subset: int, cost: int, column: int, location: int, at_location: Ints, best: Ints, best_at: Ints, second: Ints,
    second_at: Ints,
) -> None:  # fmt: skip
    """Keep the least of two different locations."""
    if cost < best[subset]:
        if best_at[subset] >= 0 and at_location[best_at[subset]] != location:
            second[subset], second_at[subset] = best[subset], best_at[subset]
        best[subset], best_at[subset] = cost, column
    elif cost < second[subset] and at_location[best_at[subset]] != location:
        second[subset], second_at[subset] = cost, column


@kernel
def force_location(
    full: int, head: int, masks: Ints, rows: Ints, fixed: Ints, kinds: Ints, lefts: Ints, chain: Ints, handling: Ints,
    price: Ints, shared: int, shared_need: Ints, shared_available: Ints, line_count: Ints, unit_count: Ints, beside: Ints,
    sums: Ints,
) -> tuple[int, int, int]:  # fmt: skip
    """The least over a location's columns and subsets T of their cost and beside[full∖T]: (value, column, T)."""
    least, column, subset = NEVER, -1, 0
    c = head
    while c >= 0:
        mask, row = masks[c], rows[c]
        check = shared > 0 or capacity_need(kinds[c], line_count[full], unit_count[full]) > lefts[c]
        sums[0] = fixed[c]
        s = (0 - mask) & mask
        while s != 0:
            at, low = np.uint64(s), s & -s
            handled = sums[np.uint64(s ^ low)] + handling[line_of(low), c]
            sums[at] = handled
            cost = handled + price[row, at]
            total = cost + beside[np.uint64(full ^ s)]
            if (
                total < least
                and cost < NEVER
                and (
                    not check or subset_fits(s, c, shared, shared_need, shared_available, kinds, lefts, line_count, unit_count)
                )
            ):
                least, column, subset = total, c, s
            s = (s - mask) & mask
        c = chain[c]
    return least, column, subset


@kernel
def fill_rests(n: int, most: int, split: int, best: Ints, short: Ints, rest: Ints) -> int:
    """The least of every subset by one location fewer than there may be; returns the row of `rest` with the values."""
    if most >= n:
        partition_all(n, split, best, short, rest[0], rest[1], rest[2])
        return 0
    for m in range(most):
        fill_row(m, (1 << n) - 1, best, short, rest)
    return TABLES_EACH * (most - 1)


@kernel
def whole_value(n: int, most: int, split: int, best: Ints, short: Ints, scratch: Ints, tables: Ints) -> int:
    """What the best plan of all lines costs; its choices stand in B_CHOICE."""
    if most >= n:
        partition_all(n, split, best, short, tables[B_VALUE], tables[B_COUNT], tables[B_CHOICE])
    else:
        partition_within(n, most, split, best, short, scratch, tables[B_VALUE], tables[B_COUNT], tables[B_CHOICE])
    value: int = tables[B_VALUE, (1 << n) - 1]
    return value


@kernel
def forbid(location: int, full: int, at_location: Ints, tables: Ints) -> None:
    """B_OTHER, B_OTHER_AT = the best of every subset by any other location."""
    for s in range(full + 1):
        taken = tables[B_AT, s] >= 0 and at_location[tables[B_AT, s]] == location
        tables[B_OTHER, s] = tables[B_SECOND if taken else B_BEST, s]
        tables[B_OTHER_AT, s] = tables[B_SECOND_AT if taken else B_AT, s]


@kernel
def repeats(
    rest: int, location: int, base: int, is_limited: bool, at_location: Ints, best_at: Ints, rows: Ints,
    chosen: Ints,
) -> tuple[bool, bool]:  # fmt: skip
    """(whether the plan of a rest uses the location, whether it uses any other twice); chosen is scratch."""
    again, twice, seen, left = False, False, 0, rest
    while left:
        taken = rows[base + 2, left]
        if taken < 0:
            left &= left - 1
            continue
        there = at_location[best_at[taken]]
        again |= there == location
        for i in range(seen):
            twice |= chosen[i] == there
        chosen[seen] = there
        seen += 1
        left ^= taken
        if is_limited:
            base -= TABLES_EACH
    return again, twice


@allocating_kernel
def stands_twice(n: int, choice: Ints, at_location: Ints, best_at: Ints) -> bool:
    """Whether a location stands in the whole plan twice."""
    twice, seen, left = False, 0, (1 << n) - 1
    chosen = np.empty(16, np.int64)
    while left:
        taken = choice[left]
        if taken < 0:
            left &= left - 1
            continue
        for i in range(seen):
            twice |= chosen[i] == at_location[best_at[taken]]
        chosen[seen] = at_location[best_at[taken]]
        seen += 1
        left ^= taken
    return twice
