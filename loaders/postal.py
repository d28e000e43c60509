"""Postal codes against ranges of them: compared in capitals without spaces and hyphens, each bound by its own length.

So ``1012 AB`` lies in 10–10, in 1000–1099 and in 1012AA–1012AZ.
"""

from collections.abc import Iterable

from engine.network.records import PostalArea


def is_ordered(postal_from: str, postal_to: str) -> bool:
    """Whether the range holds any code at all."""
    low, high = _plain(postal_from), _plain(postal_to)
    length = min(len(low), len(high))
    return low[:length] <= high[:length]


class PostalAreas:
    """Finds the narrowest area that holds a code: single codes by look-up, the longest first, then ranges in turn."""

    def __init__(self, areas: Iterable[PostalArea]) -> None:
        self._single: dict[tuple[str, str], PostalArea] = {}
        self._ranges: dict[str, list[tuple[str, str, PostalArea]]] = {}
        for area in areas:
            low, high = _plain(area.postal_from), _plain(area.postal_to)
            if low == high:
                self._single[area.country_code, low] = area
            else:
                self._ranges.setdefault(area.country_code, []).append((low, high, area))
        for ranges in self._ranges.values():
            ranges.sort(key=lambda entry: _width(entry[0], entry[1]))

    def find(self, country_code: str, postal_code: str) -> PostalArea | None:
        """The area of the code, or None."""
        code = _plain(postal_code)
        for length in range(len(code), 0, -1):
            if area := self._single.get((country_code, code[:length])):
                return area
        for low, high, area in self._ranges.get(country_code, ()):
            if low <= code[: len(low)] and code[: len(high)] <= high:
                return area
        return None


def _plain(code: str) -> str:
    return code.upper().replace(" ", "").replace("-", "")


def _width(low: str, high: str) -> tuple[int, int]:
    """Sorts ranges narrow to wide: longer bounds first, then the distance between them read in base 36."""
    length = min(len(low), len(high))
    return (-length, int(high[:length], 36) - int(low[:length], 36))
