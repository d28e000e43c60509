"""Plans of whole lines by a list of columns: what fits and what it costs is found anew each time, by the checker's words."""

from typing import Any

from tests.checker import shipment_cost, short_cost

FREE, SHORT = -2, -1


def load_of(problem: Any, where: list[int], column: int) -> tuple[tuple[int, int], ...]:
    return tuple((j, int(problem.quantity[j])) for j, c in enumerate(where) if c == column)


def used_columns(where: list[int]) -> set[int]:
    return {c for c in where if c >= 0}


def cost_of(problem: Any, where: list[int]) -> int | None:
    """Shipments with their split penalty, and what is short; the penalty once where nothing ships. None: not feasible."""
    used = used_columns(where)
    if len({int(problem.location[c]) for c in used}) < len(used) or len(used) > problem.locations_max:
        return None
    costs = [shipment_cost(problem, c, load_of(problem, where, c)) for c in used]
    if None in costs:
        return None
    total = sum(cost for cost in costs if cost is not None) + short_cost(problem, load_of(problem, where, SHORT))
    return total if used else total + int(problem.split_micros)


def has_room(problem: Any, where: list[int], line: int, column: int, alone: bool) -> bool:
    """Whether a column may take a line besides what it carries, but for packages; alone: it carries the line at all."""
    others = used_columns(where) - {column}
    if not alone or any(problem.location[c] == problem.location[column] for c in others):
        return False
    if len(others) + 1 > min(problem.locations_max, len(where)):
        return False
    lines = [j for j, c in enumerate(where) if c == column] + [line]
    units = sum(int(problem.quantity[j]) for j in lines)
    if (1, len(lines), units)[int(problem.capacity_kind[column])] > problem.capacity_left[column]:
        return False
    item = problem.item[line]
    need = sum(int(problem.quantity[j]) for j in lines if problem.item[j] == item)
    return bool(need <= problem.available[item, column])


def joining(problem: Any, where: list[int], line: int, column: int) -> int | None:
    """What a line adds to the shipment of a column; None where that cannot be packed."""
    before = load_of(problem, where, column)
    after = tuple(sorted((*before, (line, int(problem.quantity[line])))))
    cost = shipment_cost(problem, column, after)
    nothing = shipment_cost(problem, column, before) if before else 0
    return None if cost is None or nothing is None else cost - nothing
