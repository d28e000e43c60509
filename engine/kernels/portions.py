"""The program over subsets, for lines that may be divided: a lower bound on every plan, exact in what it can afford to be.

A *portion* is how much of each line: a digit a line, written as one number in mixed radix. The digits of a line stand for
units: all of them (EXACT), nothing, a part and the whole (PARTS), nothing and a part (ANY), or nothing and the whole (WHOLE).
A part costs what one unit of it does, and two parts make a whole: so fewer digits make a lower bound, never a wrong one.
Method: state-space relaxation (Christofides, Mingozzi and Toth 1981) of set partitioning by dynamic programming.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER
from engine.kernels.subsets import capacity_need

Ints = NDArray[np.int64]

LINE_FIELDS = 10
"""Rows of `lines`. SHORT is per unit; MOST: locations it may be divided over; DIGIT_MAX: its largest digit; PLACE: what its
digit 1 adds to a portion; SHARED: its row of `shared_need`, −1 where no other line asks for its item."""
QUANTITY, ITEM, GRAMS, VOLUME, SHORT, MOST, DIGITS, DIGIT_MAX, PLACE, SHARED = range(LINE_FIELDS)

WHOLE, EXACT, PARTS, ANY = range(4)

EXACT_UNITS_MAX = 15
"""Units up to which a line may be counted one by one."""


@kernel
def choose_digits(lines: Ints, steps_max: int) -> int:
    """Write DIGITS, DIGIT_MAX and PLACE of every line; returns how many portions there are.

    Where the program would take more than `steps_max` steps the lightest lines lose their parts; where it takes fewer the
    heaviest are counted in units.
    """
    n = lines.shape[1]
    steps = 1
    for j in range(n):
        whole = lines[MOST, j] <= 1 or lines[QUANTITY, j] == 1
        lines[DIGITS, j] = WHOLE if whole else PARTS
        steps *= 3 if whole else 6
    while steps > steps_max and heaviest(lines, PARTS, -1) >= 0:
        j = heaviest(lines, PARTS, -1)
        lines[DIGITS, j] = ANY
        steps = steps // 6 * 3
    for _ in range(n):
        j = heaviest(lines, PARTS, 1)
        if j < 0:
            break
        q = lines[QUANTITY, j]
        more = steps // 6 * ((q + 1) * (q + 2) // 2) if q <= EXACT_UNITS_MAX else NEVER
        # Marked as seen either way: negative until all have been.
        lines[DIGITS, j] = -EXACT if more <= steps_max or q == 2 else -PARTS
        steps = more if lines[DIGITS, j] == -EXACT else steps
    place = 1
    for j in range(n):
        lines[DIGITS, j] = abs(lines[DIGITS, j])
        kind = lines[DIGITS, j]
        lines[DIGIT_MAX, j] = lines[QUANTITY, j] if kind == EXACT else 2 if kind == PARTS else 1
        lines[PLACE, j] = place
        place *= lines[DIGIT_MAX, j] + 1
    return place


@kernel
def heaviest(lines: Ints, digits: int, sign: int) -> int:
    """The line of these digits with the most grams (sign 1) or the fewest (sign −1), the first of equals; −1: none."""
    found = -1
    for j in range(lines.shape[1]):
        if lines[DIGITS, j] == digits and (found < 0 or sign * weight(lines, j) > sign * weight(lines, found)):
            found = j
    return found


@kernel
def weight(lines: Ints, j: int) -> float:
    """Grams of a whole line: in floating point, since only an order of lines depends on it."""
    return float(lines[GRAMS, j]) * float(lines[QUANTITY, j])


@kernel
def digit_units(lines: Ints, j: int, digit: int) -> int:
    """The fewest units that a digit of a line stands for."""
    kind = lines[DIGITS, j]
    if kind == EXACT or digit == 0:
        return digit
    whole: int = lines[QUANTITY, j]
    return whole if kind == WHOLE or digit == 2 else 1


@kernel
def digit_of(lines: Ints, j: int, units: int) -> int:
    """The digit for what is still wanted of a line."""
    kind = lines[DIGITS, j]
    if kind == EXACT or units == 0:
        return units
    return 2 if kind == PARTS and units == lines[QUANTITY, j] else 1


@kernel
def sum_portions(lines: Ints, per_unit: Ints, out: Ints) -> None:
    """out[t] = Σ per_unit[j] × units of line j in t."""
    out[0] = 0
    size = 1
    for j in range(lines.shape[1]):
        for digit in range(1, lines[DIGIT_MAX, j] + 1):
            more = per_unit[j] * digit_units(lines, j, digit)
            for t in range(size):
                out[digit * size + t] = out[t] + more
        size *= lines[DIGIT_MAX, j] + 1


@kernel
def count_lines(lines: Ints, out: Ints) -> None:
    """out[t] = lines of which t holds something."""
    out[0] = 0
    size = 1
    for j in range(lines.shape[1]):
        for digit in range(1, lines[DIGIT_MAX, j] + 1):
            for t in range(size):
                out[digit * size + t] = out[t] + 1
        size *= lines[DIGIT_MAX, j] + 1


@kernel
def portion_fits(
    t: int, c: int, kind: int, spare: int, line_count: Ints, unit_count: Ints, shared: int, shared_need: Ints,
    shared_available: Ints,
) -> bool:  # fmt: skip
    """Whether the capacity and the stock shared by several lines suffice for a portion."""
    if capacity_need(kind, line_count[t], unit_count[t]) > spare:
        return False
    for k in range(shared):
        if shared_need[k, t] > shared_available[k, c]:
            return False
    return True


@kernel
def price_portions(
    lines: Ints, used: int, order: Ints, digit_max: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints,
    price_row: Ints, price: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints, unit_count: Ints,
    shared: int, shared_need: Ints, shared_available: Ints, codes: Ints, sums: Ints, best: Ints,
) -> None:  # fmt: skip
    """best[t] = min over columns of fixed + Σ (line + unit × units) + price[row, t].

    order [≥ used]: which columns; digit_max [n, c]: the largest digit of each line that a column can carry. codes and sums
    [≥ portions] are scratch.
    """
    n = lines.shape[1]
    most = line_count.shape[0] - 1
    best[:] = NEVER
    for index in range(used):
        c = order[index]
        codes[0] = 0
        sums[0] = fixed[c]
        count = 1
        for j in range(n):
            before = count
            for digit in range(1, digit_max[j, c] + 1):
                more = line_micros[j, c] + unit_micros[c] * digit_units(lines, j, digit)
                step = digit * lines[PLACE, j]
                for e in range(before):
                    codes[count + e] = codes[e] + step
                    sums[count + e] = sums[e] + more
                count += before
        kind, spare, row = capacity_kind[c], capacity_left[c], price_row[c]
        check = shared > 0 or capacity_need(kind, line_count[most], unit_count[most]) > spare
        for e in range(1, count):
            t = np.uint64(codes[e])
            cost = sums[e] + price[row, t]
            if cost < best[t] and (
                not check
                or portion_fits(codes[e], c, kind, spare, line_count, unit_count, shared, shared_need, shared_available)
            ):
                best[t] = cost


@kernel
def count_steps(lines: Ints, first: int, last: int) -> int:
    """Pairs of portions, one within the other, of the lines first … last − 1."""
    steps = 1
    for j in range(first, last):
        steps *= (lines[DIGIT_MAX, j] + 1) * (lines[DIGIT_MAX, j] + 2) // 2
    return steps


@kernel
def halve_lines(lines: Ints) -> int:
    """How many lines come first, so that they have half of the steps: the inner loop then runs over a list of some length."""
    half, before, after = 0, 1, count_steps(lines, 0, lines.shape[1])
    while before < after:
        steps = count_steps(lines, half, half + 1)
        before *= steps
        after //= steps
        half += 1
    return half


@kernel
def list_portions(lines: Ints, first: int, last: int, most: Ints, start: Ints, middle: Ints, codes: Ints) -> None:
    """codes[start[a]:start[a + 1]] = the portions within a, for all portions a of the lines first … last − 1.

    most [n]: the largest digit of each line. Those that hold something of a's lowest line stand from middle[a] on.
    """
    size = middle.shape[0]
    start[0] = 0
    for a in range(size):
        begin = start[a]
        codes[begin] = 0
        count = 1
        middle[a] = begin
        place = size
        rest = a
        for j in range(last - 1, first - 1, -1):
            place //= lines[DIGIT_MAX, j] + 1
            digit = rest // place
            rest -= digit * place
            before = count
            for d in range(1, min(digit, most[j]) + 1):
                step = d * lines[PLACE, j]
                for e in range(before):
                    codes[begin + count] = codes[begin + e] + step
                    count += 1
            if digit > 0:
                middle[a] = begin + before
        start[a + 1] = begin + count


@kernel
def list_places(lines: Ints, size: int) -> tuple[int, int, int, int, int, int, int, int]:
    """Lines of the first half, and their portions; then where each of the lists of `list_halves` ends in `lists`."""
    n, half = lines.shape[1], halve_lines(lines)
    low_size: int = lines[PLACE, half] if half < n else size
    high_size = size // low_size
    low_start = low_size + 1
    low_middle = low_start + low_size
    high_start = low_middle + high_size + 1
    high_middle = high_start + high_size
    low = high_middle + count_steps(lines, 0, half)
    return half, low_size, low_start, low_middle, high_start, high_middle, low, low + count_steps(lines, half, n)


@kernel
def list_halves(lines: Ints, most: Ints, size: int, lists: Ints) -> None:
    """The portions within each portion of the first half of the lines, and of the second; see `list_portions`."""
    ends = list_places(lines, size)
    half = ends[0]
    low_start, low_middle, low = lists[: ends[2]], lists[ends[2] : ends[3]], lists[ends[5] : ends[6]]
    high_start, high_middle, high = lists[ends[3] : ends[4]], lists[ends[4] : ends[5]], lists[ends[6] : ends[7]]
    list_portions(lines, 0, half, most, low_start, low_middle, low)
    list_portions(lines, half, lines.shape[1], most, high_start, high_middle, high)


@kernel
def list_lowest(lines: Ints, lowest: Ints, short: Ints) -> None:
    """What each portion holds of its lowest line, as a portion, and what that costs when it is left short."""
    size = 1
    for j in range(lines.shape[1]):
        for digit in range(1, lines[DIGIT_MAX, j] + 1):
            at = digit * size
            lowest[at], short[at] = at, lines[SHORT, j] * digit_units(lines, j, digit)
            for t in range(1, size):
                lowest[at + t], short[at + t] = lowest[t], short[t]
        size *= lines[DIGIT_MAX, j] + 1


@kernel
def is_left(lines: Ints) -> bool:
    """Whether a shipment that holds some of the first line may leave as much of it wanted, by its digits."""
    return bool(lines[DIGITS, 0] == ANY)


@kernel
def share_portions(
    lines: Ints, lists: Ints, lowest: Ints, short: Ints, whole: bool, best: Ints, value: Ints
) -> None:  # fmt: skip
    """value[s] = min over t ≤ s holding some of s's lowest line of best[t] + value[s − t], or the rest of that line short.

    lists: `list_halves` of all digits; lowest, short: `list_lowest`. Not whole: but for the last portion, those are left out
    that hold all of the first line. No shipment leaves them, since the first one takes some of it: half of the steps.
    """
    size, base = value.shape[0], lines[DIGIT_MAX, 0] + 1
    ends = list_places(lines, size)
    low_size, high_size = ends[1], size // ends[1]
    low_start, low_middle, low = lists[: ends[2]], lists[ends[2] : ends[3]], lists[ends[5] : ends[6]]
    high_start, high_middle, high = lists[ends[3] : ends[4]], lists[ends[4] : ends[5]], lists[ends[6] : ends[7]]
    value[0] = 0
    for above in range(high_size):
        digit = -1
        for below in range(low_size):
            s = above * low_size + below
            digit = digit + 1 if digit + 1 < base else 0
            if s == 0 or (digit == base - 1 and not whole and s < size - 1):
                continue
            least = short[s] + value[s - lowest[s]]
            begin, end, above_begin = low_middle[below], low_start[below + 1], high_start[above]
            if below == 0:
                begin, above_begin = 0, high_middle[above]
            for a in range(above_begin, high_start[above + 1]):
                for b in range(begin, end):
                    t = np.uint64(high[a] + low[b])
                    least = min(least, best[t] + value[np.uint64(s) - t])
            value[s] = min(least, NEVER)


@kernel
def lay_portions(lines: Ints, lists: Ints, whole: bool, best: Ints, below: Ints, value: Ints) -> None:
    """value[s] = min over t ≤ s of best[t] + below[s − t], or below[s]: one more location, used at most once.

    lists: `list_halves` of the largest digit of each line that the location can carry. whole: as in `share_portions`.
    """
    size, base = value.shape[0], lines[DIGIT_MAX, 0] + 1
    ends = list_places(lines, size)
    low_size, high_size = ends[1], size // ends[1]
    low_start, low = lists[: ends[2]], lists[ends[5] : ends[6]]
    high_start, high = lists[ends[3] : ends[4]], lists[ends[6] : ends[7]]
    for above in range(high_size):
        digit = -1
        for under in range(low_size):
            s = above * low_size + under
            digit = digit + 1 if digit + 1 < base else 0
            if digit == base - 1 and not whole and s < size - 1:
                continue
            least = below[s]
            for a in range(high_start[above], high_start[above + 1]):
                for b in range(low_start[under], low_start[under + 1]):
                    t = np.uint64(high[a] + low[b])
                    least = min(least, best[t] + below[np.uint64(s) - t])
            value[s] = least
