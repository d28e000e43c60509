"""How many of a kit there are at each location: as many as its components are enough for."""

from collections.abc import Collection, Mapping

from engine.inventory.matrix import ON_HAND
from engine.service.reads import Row

RowsByPart = Mapping[int, list[Row]]
"""Rows of each component of a kit."""


def kit_rows(parts: Mapping[int, int], rows: RowsByPart, asked: Collection[int]) -> list[Row]:
    """Rows of a kit, by location: as many as there are components for, of one location, on hand and as receipts come in.

    `parts`: units of each component in one kit. `asked`: locations with a row whether it holds anything or not. What is
    reserved or allocated is of the components.
    """
    named = frozenset(asked)
    by_location: dict[int, dict[int, list[Row]]] = {location: {} for location in named}
    for part, found in rows.items():
        for row in found:
            by_location.setdefault(row.location, {}).setdefault(part, []).append(row)
    made = [_kit_row(location, parts, by_location[location]) for location in sorted(by_location)]
    return [row for row in made if row.supply or row.receipts or row.location in named]


def _kit_row(location: int, parts: Mapping[int, int], rows: RowsByPart) -> Row:
    def whole(minute: int) -> int:
        return _whole(parts, {part: sum(max(0, row.available(minute)) for row in found) for part, found in rows.items()})

    kit = Row(location, "", supply=whole(ON_HAND))
    there = kit.supply
    for minute in sorted({minute for found in rows.values() for row in found for minute, _ in row.receipts}):
        if more := whole(minute) - there:
            kit.receipts.append((minute, more))
            there += more
    return kit


def kits_before(parts: Mapping[int, int], rows: RowsByPart, before: Mapping[int, list[int]]) -> dict[int, int]:
    """How many could be promised at each location, of what could be promised of each row of the components."""
    units: dict[int, dict[int, int]] = {}
    for part, found in rows.items():
        for row, was in zip(found, before[part], strict=True):
            of_location = units.setdefault(row.location, {})
            of_location[part] = of_location.get(part, 0) + max(0, was)
    return {location: _whole(parts, of_location) for location, of_location in units.items()}


def _whole(parts: Mapping[int, int], units: Mapping[int, int]) -> int:
    return min(units.get(part, 0) // ratio for part, ratio in parts.items())
