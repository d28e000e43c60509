"""Portions as tuples of digits: what they stand for, what they cost on a column, and plans that use each location once."""

from itertools import product
from typing import NamedTuple

Digits = tuple[int, ...]

WHOLE, EXACT, PARTS, ANY = range(4)
NEVER = 2**60


class Line(NamedTuple):
    """A line as the program over portions has it."""

    kind: int
    quantity: int
    short: int
    digit_max: int

    def units(self, digit: int) -> int:
        """The fewest units that a digit stands for."""
        if self.kind == EXACT or digit == 0:
            return digit
        return self.quantity if self.kind == WHOLE or digit == 2 else 1


class Column(NamedTuple):
    """A column: the largest digit of each line that it can carry, and its prices."""

    location: int
    digit_max: Digits
    fixed: int
    line: tuple[int, ...]
    unit: int

    def cost(self, lines: list[Line], t: Digits) -> int | None:
        """Without the carrier; None where it has not the stock."""
        if any(d > most for d, most in zip(t, self.digit_max, strict=True)):
            return None
        return self.fixed + sum(
            each + self.unit * line.units(d) for line, each, d in zip(lines, self.line, t, strict=True) if d > 0
        )


def all_digits(most: Digits) -> list[Digits]:
    """Every portion within the largest, by its number: the first line's digit counts fastest."""
    return [digits[::-1] for digits in product(*(range(digit + 1) for digit in most[::-1]))]


def within(t: Digits, s: Digits) -> bool:
    return all(a <= b for a, b in zip(t, s, strict=True))


def less(s: Digits, t: Digits) -> Digits:
    return tuple(a - b for a, b in zip(s, t, strict=True))


def once_each(lines: list[Line], columns: list[Column], prices: list[list[int]], rows: list[int]) -> int:
    """The least for all lines where every location ships once at the most: one location after the other.

    prices: by row and number of a portion; rows: of each column.
    """
    portions = all_digits(tuple(line.digit_max for line in lines))
    number = {s: k for k, s in enumerate(portions)}
    value = {s: sum(line.short * line.units(d) for line, d in zip(lines, s, strict=True)) for s in portions}
    for location in sorted({c.location for c in columns}):
        best: dict[Digits, int] = {}
        for column, row in zip(columns, rows, strict=True):
            for t in portions[1:]:
                cost = column.cost(lines, t) if column.location == location else None
                if cost is not None:
                    best[t] = min(cost + prices[row][number[t]], best.get(t, NEVER))
        value = {
            s: min([value[s], *(cost + value[less(s, t)] for t, cost in best.items() if within(t, s))]) for s in portions
        }  # fmt: skip
    return value[portions[-1]]
