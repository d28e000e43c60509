"""Stock as a feed leaves it, the slow way: all rows are known, put in order, and applied one after the other."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One row of a feed: an absolute quantity of a position, or a change of it, at an instant."""

    place: str
    unix_ms: int
    sequence: int
    is_absolute: bool
    quantity: int


def supplies(rows: Iterable[Row]) -> dict[str, int]:
    """Supply by place. What is of one instant is in the order of its sequences."""
    found: dict[str, int] = {}
    for row in sorted(set(rows), key=lambda row: (row.unix_ms, row.sequence)):
        found[row.place] = row.quantity if row.is_absolute else found.get(row.place, 0) + row.quantity
    return found
