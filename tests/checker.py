"""The certificate's independent checker: is a plan feasible, does it cost what it says, does its bound lie below it.

Shares no code with the optimizer: whole numbers of Python, one rule after the other, as the words of `Problem` have them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import product
from typing import Any

PPM = 1_000_000

Load = tuple[tuple[int, int], ...]
"""What one shipment holds: (line, units), ascending by line."""


class RefutedError(AssertionError):
    """A solution claims what does not hold."""


def check_solution(problem: Any, solution: Any) -> None:
    """Refute a solution whose plan breaks a rule, costs something else, or lies below its own lower bound."""
    cost = plan_micros(problem, solution.placements)
    if cost != solution.objective_micros:
        raise RefutedError(f"the plan costs {cost}, not {solution.objective_micros}")
    if solution.lower_bound_micros > solution.objective_micros:
        raise RefutedError(f"lower bound {solution.lower_bound_micros} lies above the objective {cost}")


def plan_micros(problem: Any, placements: Iterable[Any]) -> int:
    """What a plan costs; refutes one that is not feasible."""
    loads = shipments_of(problem, list(placements))
    check_limits(problem, loads)
    cost = 0
    for column, load in loads.items():
        micros = short_cost(problem, load) if column < 0 else shipment_cost(problem, column, load)
        if micros is None:
            raise RefutedError(f"column {column} cannot carry {load}")
        cost += micros
    if any(column >= 0 for column in loads):
        # Each shipment carries the penalty in its fixed cost, and the first is free of it.
        cost -= int(problem.split_micros)
    return cost


def shipments_of(problem: Any, placements: list[Any]) -> dict[int, Load]:
    """The load of each column in use (−1: short), once every unit of every line is accounted for."""
    loads: dict[int, dict[int, int]] = defaultdict(dict)
    for line, column, quantity in placements:
        if not (0 <= line < len(problem.quantity) and -1 <= column < len(problem.location) and quantity > 0):
            raise RefutedError(f"no such placement: line {line}, column {column}, {quantity} units")
        if line in loads[column]:
            raise RefutedError(f"line {line} stands twice on column {column}")
        loads[column][line] = quantity
    for line, quantity in enumerate(problem.quantity.tolist()):
        placed = sum(load.get(line, 0) for load in loads.values())
        if placed != quantity:
            raise RefutedError(f"line {line} has {placed} of {quantity} units")
    return {column: tuple(sorted(load.items())) for column, load in loads.items()}


def check_limits(problem: Any, loads: dict[int, Load]) -> None:
    """The number of locations, of the order and of each line, and one shipment for each."""
    used = Counter(int(problem.location[column]) for column in loads if column >= 0)
    if used and max(used.values()) > 1:
        raise RefutedError(f"a location ships twice: {used}")
    if len(used) > problem.locations_max:
        raise RefutedError(f"{len(used)} locations, though {problem.locations_max} are the limit")
    for line, most in enumerate(problem.line_locations_max.tolist()):
        parts = [column for column, load in loads.items() if any(j == line for j, _ in load)]
        if most <= 1 and len(parts) > 1:
            raise RefutedError(f"line {line} must go whole, not in {len(parts)} parts")
        if len([column for column in parts if column >= 0]) > most:
            raise RefutedError(f"line {line} comes from more than {most} locations")
    for number in set(() if problem.sets is None else problem.sets.tolist()):
        together = [line for line, s in enumerate(problem.sets.tolist()) if s == number]
        columns = {column for column, load in loads.items() if any(line in together for line, _ in load)}
        if len(together) > 1 and len(columns) > 1:
            raise RefutedError(f"lines {together} do not go together: columns {sorted(columns)}")


def short_cost(problem: Any, load: Load) -> int:
    """What it costs to leave units out."""
    return sum(int(problem.short_micros[line]) * quantity for line, quantity in load)


def shipment_cost(problem: Any, column: int, load: Load) -> int | None:
    """Cost of one shipment, its split penalty included, or None where the column cannot carry it."""
    if not all(problem.allowed[line, column] for line, _ in load):
        return None
    need: Counter[int] = Counter()
    for line, quantity in load:
        need[int(problem.item[line])] += quantity
    if any(quantity > int(problem.available[item, column]) for item, quantity in need.items()):
        return None
    units = sum(quantity for _, quantity in load)
    if (1, len(load), units)[int(problem.capacity_kind[column])] > int(problem.capacity_left[column]):
        return None
    carrier = carrier_micros(problem, int(problem.price_row[column]), load)
    if carrier is None:
        return None
    handling = sum(
        int(problem.line_micros[line, column]) + int(problem.unit_micros[column]) * quantity for line, quantity in load
    )
    if problem.line_unit_micros is not None:
        handling += sum(int(problem.line_unit_micros[line, column]) * quantity for line, quantity in load)
    return int(problem.fixed[column]) + handling + carrier


def carrier_micros(problem: Any, row: int, load: Load) -> int | None:
    """The weighted price of the packages: as many full ones as it takes, and one with the rest."""
    zone, divisor, most = int(problem.zone[row]), int(problem.divisor[row]), int(problem.package_grams_max[row])
    if zone < 0:
        return 0
    grams = sum(int(problem.grams[line]) * quantity for line, quantity in load)
    volume = sum(int(problem.volume[line]) * quantity for line, quantity in load)
    billable = max(grams, -(-volume // divisor)) if divisor else grams
    full, rest = divmod(billable, most)
    packages = {most: full, rest: 1 if rest or not full else 0}
    raw = 0
    for package_grams, count in packages.items():
        price = package_micros(problem, zone, package_grams) if count else 0
        if price is None:
            return None
        raw += count * price
    # The policy weighs whole millions and the rest apart, each rounded down.
    millions, small = divmod(raw, PPM)
    return millions * int(problem.carrier_weight_ppm) + small * int(problem.carrier_weight_ppm) // PPM


def package_micros(problem: Any, zone: int, grams: int) -> int | None:
    """The price of the first weight break that holds a package, or None beyond the last."""
    tariffs = problem.tariffs
    for row in range(int(tariffs.start[zone]), int(tariffs.start[zone + 1])):
        if grams <= int(tariffs.max_grams[row]):
            return int(tariffs.price_micros[row]) - (-int(tariffs.per_kg_micros[row]) * grams // 1000)
    return None


def check_bound(problem: Any, solution: Any, rng: Any, probes: int = 20) -> int:
    """Refute a lower bound below which a plan is found; returns how many plans were priced.

    Where lines have few columns, every plan of whole lines is one of them; else plans near the solution's: a line moved to
    another column, or two lines to one.
    """
    n, columns = problem.allowed.shape
    choices = [[-1, *(c for c in range(columns) if problem.allowed[j, c])] for j in range(n)]
    total = 1
    for each in choices:
        total = min(total * len(each), EVERY_PLAN_MAX + 1)
    if total <= EVERY_PLAN_MAX:
        plans = (list(zip(range(n), chosen, problem.quantity.tolist(), strict=True)) for chosen in product(*choices))
    else:
        plans = (moved(problem, solution.placements, choices, rng) for _ in range(probes))
    priced = 0
    for plan in plans:
        try:
            cost = plan_micros(problem, plan)
        except RefutedError:
            continue
        priced += 1
        if cost < solution.lower_bound_micros:
            raise RefutedError(f"a plan costs {cost}, less than the lower bound {solution.lower_bound_micros}: {plan}")
    return priced


EVERY_PLAN_MAX = 300


def moved(problem: Any, placements: Iterable[Any], choices: list[list[int]], rng: Any) -> list[tuple[int, int, int]]:
    """The plan with one or two of its lines moved whole to a column that one of them may take."""
    lines = rng.sample(range(len(problem.quantity)), min(len(problem.quantity), rng.randint(1, 2)))
    column = rng.choice(choices[lines[0]])
    rest = [(p.line, p.column, p.quantity) for p in placements if p.line not in lines]
    return rest + [(line, column, int(problem.quantity[line])) for line in lines]
