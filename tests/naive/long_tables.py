"""What columns carry and ask, line by line and unit by unit; which of them another makes needless."""

from typing import Any, NamedTuple

MICROS_MAX, GRAMS_MAX = 2**56, 2**52


class Column(NamedTuple):
    """A column as far as it is compared with others."""

    location: int
    fixed: int
    row: int
    kind: int
    capacity: int
    costs: tuple[int, ...]  # of each line, 2^60: none
    stock: tuple[int, ...]  # of each line's item, where other lines ask for it too


def need(kind: int, lines: int, units: int) -> int:
    return (1, lines, units)[kind]


def whole_cost(quantity: int, grams: int, volume: int, allowed: bool, line: int, column: dict[str, int]) -> int | None:
    """What a whole line costs alone on a column of fixed, unit, kind, capacity and stock."""
    sums = [column["fixed"], line, column["unit"] * quantity]
    if max(sums) > MICROS_MAX or max(grams * quantity, volume * quantity) > GRAMS_MAX:
        return None
    if not allowed or column["stock"] < quantity or need(column["kind"], 1, quantity) > column["capacity"]:
        return None
    return line + column["unit"] * quantity


def divided_cost(quantity: int, allowed: bool, line: int, column: dict[str, int]) -> int | None:
    """quantity × the least that a unit costs, by trying how many the column gives; rounded down."""
    most = min(quantity, column["stock"], column["capacity"] if column["kind"] == 2 else quantity)
    if not allowed or need(column["kind"], 1, 1) > column["capacity"] or max(column["fixed"], line) > MICROS_MAX:
        return None
    return min((quantity * line // units + column["unit"] * quantity for units in range(1, most + 1)), default=None)


def binds(kind: int, capacity: int, carried: list[tuple[int, int]], stock: dict[int, int]) -> bool:
    """Whether a column cannot carry all (item, units) that it carries one by one at once; stock of items asked for twice."""
    if carried and need(kind, len(carried), sum(units for _, units in carried)) > capacity:
        return True
    return any(sum(units for other, units in carried if other == item) > left for item, left in stock.items())


def makes_needless(columns: list[Column], c: int) -> Any:
    """Whether another column does all that column c does for no more, and better or as the one given first."""
    this = columns[c]
    for d, other in enumerate(columns):
        if d == c or (other.location, other.row, other.kind) != (this.location, this.row, this.kind):
            continue
        if other.fixed > this.fixed or other.capacity < this.capacity:
            continue
        if any(a > b for a, b in zip(other.costs, this.costs, strict=True)):
            continue
        if any(a < b for a, b in zip(other.stock, this.stock, strict=True)):
            continue
        if d < c or other.fixed < this.fixed or other.costs != this.costs:
            return True
    return False
