"""One order as a program of whole numbers, the same for every solver it is given to.

Lines are placed whole or in units, packages priced by weight steps, and what does not ship is short.

Variables: a shipment opened on a column, a line on it, its units where the line may be divided, the weight step of its
package, and what is left short. Money stays in micros.
"""

from collections import defaultdict
from typing import NamedTuple

from engine.kernels.tariffs import PPM
from engine.optimizer.problem import Placement, Problem

NO_LIMIT = 2**62

Terms = list[tuple[int, int]]
"""What a variable adds to rows: (row, coefficient)."""


class Levels(NamedTuple):
    """Weight and price of every step of one price row up to what a shipment may weigh."""

    grams: list[int]
    micros: list[int]


def weight_levels(problem: Problem, row: int, total_grams: int) -> Levels:
    """Full packages and one with the rest, as one staircase; without a carrier one step that is free."""
    tariffs, zone, most = problem.tariffs, int(problem.zone[row]), int(problem.package_grams_max[row])
    if zone < 0:
        return Levels([total_grams], [0])
    steps = range(int(tariffs.start[zone]), int(tariffs.start[zone + 1]))
    breaks = [(int(tariffs.max_grams[b]), int(tariffs.price_micros[b])) for b in steps]
    grams: list[int] = []
    micros: list[int] = []
    packages = 0
    while not grams or grams[-1] < total_grams:
        for limit, price in breaks:
            grams.append(packages * most + limit)
            micros.append(packages * breaks[-1][1] + price)
            if grams[-1] >= total_grams:
                break
        packages += 1
    return Levels(grams, micros)


class OrderProgram:
    """Variables and rows of one order; each variable is added with all its terms, so that the matrix is column-wise."""

    def __init__(self, problem: Problem) -> None:
        assert problem.carrier_weight_ppm == PPM, "the carrier's price is taken as it is"
        assert not problem.divisor.any() and not problem.tariffs.per_kg_micros.any(), "weight steps alone make the price"
        self.problem = problem
        self.micros: list[int] = []
        self.upper: list[int] = []
        self.terms: list[Terms] = []
        self.row_lower: list[int] = []
        self.row_upper: list[int] = []
        self.placed: list[tuple[int, int, int, int]] = []
        """(variable, line, column, units each one stands for)."""
        self.add_all()

    def add_row(self, lower: int, upper: int) -> int:
        """A row lower ≤ … ≤ upper; returns its index."""
        self.row_lower.append(lower)
        self.row_upper.append(upper)
        return len(self.row_lower) - 1

    def add_variable(self, micros: int, upper: int, terms: Terms) -> int:
        """A whole number from 0 to `upper`; returns its index."""
        self.micros.append(micros)
        self.upper.append(upper)
        self.terms.append(terms)
        return len(self.micros) - 1

    def add_all(self) -> None:
        """Each line placed or short, each column opened once for its location, the first shipment without the penalty."""
        p = self.problem
        covered = [self.add_row(q, q) for q in p.quantity.tolist()]
        shipping = self.add_row(-NO_LIMIT, 0)
        self.add_variable(-p.split_micros, 1, [(shipping, 1)])
        ships: list[Terms] = [[(shipping, -1)] for _ in range(p.column_count)]
        for columns in columns_by_location(p):
            once = self.add_row(-NO_LIMIT, 1)
            for c in columns:
                ships[c].append((once, 1))
        if p.locations_max < p.column_count:
            few = self.add_row(-NO_LIMIT, p.locations_max)
            for terms in ships:
                terms.append((few, 1))
        spread = [
            self.add_row(-NO_LIMIT, most) if 1 < most < q else -1
            for most, q in zip(p.line_locations_max.tolist(), p.quantity.tolist(), strict=True)
        ]
        for c in range(p.column_count):
            self.add_column(c, covered, spread, ships[c])
        for j, (q, most) in enumerate(zip(p.quantity.tolist(), p.line_locations_max.tolist(), strict=True)):
            step = 1 if most > 1 else q
            at = self.add_variable(int(p.short_micros[j]) * step, q // step, [(covered[j], step)])
            self.placed.append((at, j, -1, step))

    def add_column(self, c: int, covered: list[int], spread: list[int], ships: Terms) -> None:
        """The lines a column carries, their stock, its capacity, and its package's weight step."""
        p = self.problem
        lines = [j for j in range(p.line_count) if units_max(p, j, c) > 0]
        capacity = int(p.capacity_left[c])
        kind = int(p.capacity_kind[c])
        if not lines or (kind == 0 and capacity < 1):
            return
        room = self.add_row(-NO_LIMIT, 0) if kind else -1
        weight = self.add_row(-NO_LIMIT, 0)
        leveled = self.add_row(0, 0)
        stock: dict[int, int] = {}
        for i in {int(p.item[j]) for j in lines}:
            if sum(int(p.item[j]) == i for j in lines) > 1:
                stock[i] = self.add_row(-NO_LIMIT, int(p.available[i, c]))
        for j in lines:
            most, i, q = units_max(p, j, c), int(p.item[j]), int(p.quantity[j])
            opened = self.add_row(-NO_LIMIT, 0)
            ships.append((opened, -1))
            per_unit: Terms = [(covered[j], 1), (weight, int(p.grams[j]))]
            per_unit += [(room, 1)] if kind == 2 else []
            per_unit += [(stock[i], 1)] if i in stock else []
            per_line: Terms = [(opened, 1)]
            per_line += [(room, 1)] if kind == 1 else []
            per_line += [(spread[j], 1)] if spread[j] >= 0 else []
            unit_micros, line_micros = int(p.unit_micros[c]), int(p.line_micros[j, c])
            if is_divisible(p, j):
                linked = self.add_row(-NO_LIMIT, 0)
                self.add_variable(line_micros, 1, [*per_line, (linked, -most)])
                self.placed.append((self.add_variable(unit_micros, most, [*per_unit, (linked, 1)]), j, c, 1))
            else:
                whole = [(row, value * q) for row, value in per_unit]
                self.placed.append((self.add_variable(line_micros + unit_micros * q, 1, [*per_line, *whole]), j, c, q))
        heaviest = sum(units_max(p, j, c) * int(p.grams[j]) for j in lines)
        levels = weight_levels(p, int(p.price_row[c]), heaviest)
        for grams, micros in zip(levels.grams, levels.micros, strict=True):
            self.add_variable(micros, 1, [(weight, -grams), (leveled, 1)])
        ships.append((leveled, -1))
        if kind:
            ships.append((room, -min(capacity, int(p.quantity.sum()))))
        self.add_variable(int(p.fixed[c]), 1, ships)

    def placements(self, values: list[int]) -> tuple[Placement, ...]:
        """The plan that the variables describe."""
        return tuple(Placement(j, c, values[at] * step) for at, j, c, step in self.placed if values[at] > 0)


def columns_by_location(problem: Problem) -> list[list[int]]:
    """The columns of each location that has several."""
    columns: dict[int, list[int]] = defaultdict(list)
    for c, location in enumerate(problem.location.tolist()):
        columns[location].append(c)
    return [several for several in columns.values() if len(several) > 1]


def is_divisible(problem: Problem, line: int) -> bool:
    """Whether a line may come from several locations, or be short in part."""
    return bool(problem.line_locations_max[line] > 1 and problem.quantity[line] > 1)


def units_max(problem: Problem, line: int, column: int) -> int:
    """Units of a line that a column can carry at the most; of a line that goes whole, all or none."""
    if not problem.allowed[line, column]:
        return 0
    quantity = int(problem.quantity[line])
    most = min(quantity, int(problem.available[problem.item[line], column]))
    return most if is_divisible(problem, line) or most == quantity else 0
