"""Postal codes: how they are compared, and which ranges of one country hold a code.

Codes are compared in upper case, letters and digits only. A range ``from``–``to`` holds a code when ``from`` is at or
before the code's first characters and these are at or before ``to``, each compared on as many characters as the bound
has: ``1012``–``1012`` and ``10``–``10`` both hold ``1012 AB``. The narrower range covers fewer codes.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

_CODE_LENGTH_MAX = 16
_CODES_MAX = 1 << 16


@lru_cache(maxsize=_CODES_MAX)
def normalise_postal_code(code: str) -> str:
    """Upper case, ASCII letters and digits only: ``1012 ab`` is ``1012AB``, ``00-950`` is ``00950``."""
    return "".join(character for character in code.upper() if character.isascii() and character.isalnum())


class PostalRanges:
    """The ranges of one country; a lookup takes time by the ranges that hold the code, not by all of them."""

    def __init__(self, ranges: Sequence[tuple[str, str]]) -> None:
        """`ranges` are (from, to), normalised; both empty holds every code. A range's number is its place here."""
        self._widths = [(_code_count(lower, upper), lower, upper) for lower, upper in ranges]
        grouped: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, (lower, upper) in enumerate(ranges):
            grouped[len(lower), len(upper)].append(number)
        self._groups = [_Group(ranges, sorted(members, key=lambda n: ranges[n])) for members in grouped.values()]

    def matches(self, code: str) -> list[int]:
        """Numbers of the ranges that hold a normalised code: narrowest first, then lowest, then as they were given."""
        found: list[int] = []
        for group in self._groups:
            found.extend(group.matches(code))
        return sorted(found, key=lambda number: (self._widths[number], number))

    def nearest(self, code: str) -> tuple[int, int] | None:
        """(how many codes away, which range) of the range next to a code; of two as near the one given first."""
        at = int(code[:_CODE_LENGTH_MAX].ljust(_CODE_LENGTH_MAX, "0"), 36) if code else 0
        away = [
            (max(_first_code(lower) - at, at - _last_code(upper), 0), number)
            for number, (_, lower, upper) in enumerate(self._widths)
        ]
        return min(away, default=None)

    def width(self, number: int) -> tuple[int, str, str]:
        """What ranges are compared by: the count of 16-character codes covered, then the lower and the upper bound."""
        return self._widths[number]


class _Group:
    """Ranges whose bounds have the same lengths, sorted by lower bound."""

    def __init__(self, ranges: Sequence[tuple[str, str]], members: list[int]) -> None:
        self._members = members
        self._lower = [ranges[number][0] for number in members]
        self._upper = [ranges[number][1] for number in members]
        self._upper_max = list(accumulate(self._upper, max))

    def matches(self, code: str) -> list[int]:
        found = []
        upper = code[: len(self._upper[0])]
        index = bisect_right(self._lower, code[: len(self._lower[0])]) - 1
        # Once no earlier range reaches up to the code, none before it does either.
        while index >= 0 and self._upper_max[index] >= upper:
            if self._upper[index] >= upper:
                found.append(self._members[index])
            index -= 1
        return found


def _code_count(lower: str, upper: str) -> int:
    """How many codes of 16 letters and digits a range covers, less one."""
    return _last_code(upper) - _first_code(lower)


def _first_code(lower: str) -> int:
    return int(lower[:_CODE_LENGTH_MAX].ljust(_CODE_LENGTH_MAX, "0"), 36)


def _last_code(upper: str) -> int:
    return int(upper[:_CODE_LENGTH_MAX].ljust(_CODE_LENGTH_MAX, "Z"), 36)
