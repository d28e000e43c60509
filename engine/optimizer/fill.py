"""What a search has left out since its budget was spent, placed where there is some: line by line, where it costs least."""

from collections.abc import Iterable, Iterator

import numpy as np

from engine.kernels.partition import NEVER
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh_price
from engine.optimizer.bounds import least_prices
from engine.optimizer.problem import Ints, Placement, Problem, Solution

COLUMNS_TRIED = 24
"""Of each line, besides those in use: those that cost least, or those that have the most of it."""


def filled_up(problem: Problem, solution: Solution) -> Solution:
    """The solution, or a cheaper one that has more of the lines that are short in it; its bound stays.

    The dearest when short come first, each on the columns in use and then on those that cost least, or on those that have the
    most, which takes the fewest locations. A line that goes whole, or with others, finds one column or none.
    """
    if not any(column < 0 and units for _, column, units in solution.placements):
        return solution
    least, best = least_prices(problem), solution
    for by_units in (False, True):
        found = Filling(problem, solution)
        found.fill(least, by_units=by_units)
        if found.micros < best.objective_micros:
            best = solution._replace(placements=found.placements(), objective_micros=found.micros)
    return best


def with_cheaper_services(problem: Problem, solution: Solution) -> Solution:
    """The solution, or a cheaper one in which locations send the same by other services; its bound stays.

    A search goes from line to line: what all lines of a shipment would have to change for at once it may not come to.
    """
    found = Filling(problem, solution)
    found.change_services()
    if found.micros == solution.objective_micros:
        return solution
    is_cut = solution.is_cut and found.micros > solution.lower_bound_micros
    return solution._replace(placements=found.placements(), objective_micros=found.micros, is_cut=is_cut)


class _Column:
    """A shipment that grows: sums of what is on it, so that a line more takes no look at the others."""

    def __init__(self) -> None:
        self.units: dict[int, int] = {}
        self.of_item: dict[int, int] = {}
        self.grams = self.volume = self.total = self.price = 0


class Filling:
    """One plan that grows."""

    def __init__(self, problem: Problem, solution: Solution) -> None:
        self.problem, self.micros = problem, solution.objective_micros
        self.on: dict[int, _Column] = {}
        self.at: dict[int, int] = {}
        self.short: dict[int, int] = {}
        self.places: dict[int, int] = {}
        lines = problem.lines.tolist()
        self.quantity, self.item, self.grams, self.volume, self.short_micros, self.most = lines
        self.location = problem.location.tolist()
        self.sets = list(range(problem.line_count)) if problem.sets is None else problem.sets.tolist()
        for line, column, units in solution.placements:
            if column < 0:
                self.short[line] = self.short.get(line, 0) + units
            elif units:
                self._put(line, column, units)

    def fill(self, least: Ints, *, by_units: bool) -> None:
        """Place what is short as long as that costs less."""
        dear = sorted((j for j, units in self.short.items() if units), key=lambda j: (-self.short_micros[j] * self.short[j], j))
        for of_set in dict.fromkeys(self.sets[line] for line in dear):
            members = [line for line, number in enumerate(self.sets) if number == of_set]
            if len(members) > 1 or self.most[members[0]] <= 1:
                if all(self.short.get(line, 0) == self.quantity[line] for line in members):
                    self._place_whole(members, least)
            else:
                self._place_parts(members[0], least, by_units=by_units)

    def change_services(self) -> None:
        """Put each shipment on the column of its location that carries it for the least; ties: the one it is on, then order."""
        for c, column in tuple(self.on.items()):
            cheapest, best = self._whole_micros(c, column), c
            for other in np.flatnonzero(self.problem.location == self.location[c]).tolist():
                micros = self._whole_micros(other, column)
                if micros < cheapest:
                    cheapest, best = micros, other
            if best != c:
                self.micros += cheapest - self._whole_micros(c, column)
                # In its place, so that the order of the others stays.
                self.on = {best if each == c else each: shipment for each, shipment in self.on.items()}
                self.at[self.location[c]] = best

    def _whole_micros(self, c: int, column: _Column) -> int:
        """What a shipment costs on a column; NEVER where that does not go."""
        p = self.problem
        need = capacity_need(int(p.capacity_kind[c]), len(column.units), column.total)
        if (
            need > p.capacity_left[c]
            or not all(p.allowed[j, c] for j in column.units)
            or any(units > p.available[item, c] for item, units in column.of_item.items())
        ):
            return NEVER
        price = self._carrier_micros(c, column.grams, column.volume)
        return min(NEVER, int(p.fixed[c]) + price + self._unit_micros(c, column.units.items()))

    def placements(self) -> tuple[Placement, ...]:
        """The plan."""
        placed = [Placement(j, c, x) for c, column in self.on.items() for j, x in column.units.items()]
        placed += [Placement(j, -1, x) for j, x in self.short.items() if x]
        return tuple(sorted(placed, key=lambda each: (each.line, each.column)))

    def _place_whole(self, lines: list[int], least: Ints) -> None:
        p = self.problem
        able = np.ones(p.column_count, np.bool_)
        for j in lines:
            able &= p.allowed[j] & (p.available[self.item[j]] >= self.quantity[j])
        saved = sum(self.short_micros[j] * self.quantity[j] for j in lines)
        best, cheapest = -1, saved
        for c in self._candidates(np.flatnonzero(able), lines[0], least, by_units=False):
            micros = self._micros(c, [(j, self.quantity[j]) for j in lines])
            if micros < cheapest:
                best, cheapest = c, micros
        if best >= 0:
            self.micros += cheapest - saved
            for j in lines:
                self._put(j, best, self.quantity[j])
                del self.short[j]

    def _place_parts(self, line: int, least: Ints, *, by_units: bool) -> None:
        """Part after part; none where all of them cost more than they save."""
        p, left, spent = self.problem, self.short[line], 0
        placed: list[tuple[int, int]] = []
        some = np.flatnonzero(p.allowed[line] & (p.available[self.item[line]] > 0))
        for c in self._candidates(some, line, least, by_units=by_units):
            if not left or self.places.get(line, 0) >= self.most[line]:
                break
            if self.at.get(self.location[c], c) != c or line in getattr(self.on.get(c), "units", ()):
                continue
            units = self.fitting(line, c, min(left, self._room(line, c)))
            if units <= 0:
                continue
            micros = self._micros(c, [(line, units)])
            if placed or micros < self.short_micros[line] * left:
                self._put(line, c, units)
                placed.append((c, units))
                spent, left = spent + micros, left - units
        saved = self.short_micros[line] * (self.short[line] - left)
        if spent >= saved:
            for c, units in placed:
                self._take(line, c, units)
            return
        self.micros += spent - saved
        self.short[line] = left

    def _candidates(self, columns: Ints, line: int, least: Ints, *, by_units: bool) -> Iterator[int]:
        """Those in use, unless the most at once is wanted; then the best of the others, at locations that are not in use."""
        p = self.problem
        able = set(columns.tolist())
        if not by_units:
            yield from [c for c in self.on if c in able]
        units = np.minimum(p.available[self.item[line], columns], self.quantity[line])
        micros = p.fixed[columns] + p.line_micros[line, columns] + p.unit_micros[columns] * units + least[columns]
        order = np.lexsort((micros, -units) if by_units else (-units, micros))[:COLUMNS_TRIED]
        for c in columns[order].tolist():
            if by_units or c not in self.on:
                yield c

    def _room(self, line: int, c: int) -> int:
        p, column = self.problem, self.on.get(c)
        if column is None and len(self.on) >= p.locations_max:
            return 0
        there = int(p.available[self.item[line], c])
        kind, spare = int(p.capacity_kind[c]), int(p.capacity_left[c])
        if column is not None:
            there -= column.of_item.get(self.item[line], 0)
        on_it = 0 if column is None else len(column.units)
        if kind == 2:
            return min(there, spare - (0 if column is None else column.total))
        return there if capacity_need(kind, on_it + 1, 0) <= spare else 0

    def fitting(self, line: int, c: int, units: int) -> int:
        """Of so many units, those that a carrier takes besides what is there: more weigh more, so that it ends somewhere."""
        fits, refused = 0, units + 1
        if units > 0 and self._price(c, [(line, units)]) < NEVER:
            return units
        while refused - fits > 1:
            middle = (fits + refused) // 2
            if self._price(c, [(line, middle)]) < NEVER:
                fits = middle
            else:
                refused = middle
        return fits

    def _price(self, c: int, more: list[tuple[int, int]]) -> int:
        """What the carrier asks for a column with more on it; NEVER where it does not take it."""
        column = self.on.get(c)
        grams = sum(self.grams[j] * x for j, x in more) + (column.grams if column else 0)
        volume = sum(self.volume[j] * x for j, x in more) + (column.volume if column else 0)
        return self._carrier_micros(c, grams, volume)

    def _carrier_micros(self, c: int, grams: int, volume: int) -> int:
        """What the carrier asks for so much on a column; NEVER where it does not take it."""
        p = self.problem
        row = int(p.price_row[c])
        raw = shipment_micros(grams, volume, p.zone[row], p.divisor[row], p.package_grams_max[row], *p.tariffs)
        return int(weigh_price(raw, p.carrier_weight_ppm))

    def _unit_micros(self, c: int, loads: Iterable[tuple[int, int]]) -> int:
        """What (line, units) cost on a column, besides the shipment."""
        p = self.problem
        micros = 0
        for j, x in loads:
            by_line = 0 if p.line_unit_micros is None else int(p.line_unit_micros[j, c])
            micros += int(p.line_micros[j, c]) + (int(p.unit_micros[c]) + by_line) * x
        return micros

    def _micros(self, c: int, more: list[tuple[int, int]]) -> int:
        """What a column costs more with more on it; NEVER where that does not go."""
        p, column = self.problem, self.on.get(c)
        if self.at.get(self.location[c], c) != c or (column is None and len(self.on) >= p.locations_max):
            return NEVER
        of_item = dict(column.of_item) if column else {}
        for j, x in more:
            of_item[self.item[j]] = of_item.get(self.item[j], 0) + x
            if of_item[self.item[j]] > p.available[self.item[j], c]:
                return NEVER
        lines, units = (len(column.units), column.total) if column else (0, 0)
        need = capacity_need(int(p.capacity_kind[c]), lines + len(more), units + sum(x for _, x in more))
        price = self._price(c, more)
        if need > p.capacity_left[c] or price >= NEVER:
            return NEVER
        micros = price - (column.price if column else 0) + self._unit_micros(c, more)
        if column is None:
            # The first shipment has no split penalty, which `fixed` holds.
            micros += int(p.fixed[c]) - (0 if self.on else p.split_micros)
        return micros

    def _put(self, line: int, c: int, units: int) -> None:
        column = self.on.setdefault(c, _Column())
        self.at[self.location[c]] = c
        column.units[line] = column.units.get(line, 0) + units
        self._count(column, line, c, units)
        self.places[line] = self.places.get(line, 0) + 1

    def _take(self, line: int, c: int, units: int) -> None:
        column = self.on[c]
        del column.units[line]
        self._count(column, line, c, -units)
        self.places[line] -= 1
        if not column.units:
            del self.on[c], self.at[self.location[c]]

    def _count(self, column: _Column, line: int, c: int, units: int) -> None:
        column.of_item[self.item[line]] = column.of_item.get(self.item[line], 0) + units
        column.grams += self.grams[line] * units
        column.volume += self.volume[line] * units
        column.total += units
        column.price = self._price(c, [])
