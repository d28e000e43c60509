"""Ranking instead of cost: each line takes all it can from the first location of the ranking, then from the next."""

from engine.kernels.partition import NEVER
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh_price
from engine.optimizer.problem import Placement, Problem, Solution


def fill_by_rank(problem: Problem) -> Solution:
    """The plan a fixed ranking prescribes, columns in rank order; its cost is what it costs, optimal for the ranking."""
    filler = _Filler(problem)
    sets = range(problem.line_count) if problem.sets is None else problem.sets.tolist()
    for of_set in dict.fromkeys(sets):
        members = [line for line, number in enumerate(sets) if number == of_set]
        if len(members) == 1:
            filler.place(members[0])
        else:
            filler.place_together(members)
    return filler.solution()


class _Filler:
    """One order being filled: what each location has left, and the column in use there."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.on: dict[int, dict[int, int]] = {}
        self.short: dict[int, int] = {}
        self.steps = 0

    def place(self, line: int) -> None:
        p = self.problem
        left = int(p.quantity[line])
        used = 0
        for c in range(p.column_count):
            if left == 0 or used == p.line_locations_max[line]:
                break
            self.steps += 1
            location = int(p.location[c])
            if any(line in lines and p.location[d] == location for d, lines in self.on.items()):
                continue
            whole = p.line_locations_max[line] <= 1
            x = self.most(line, location, min(left, self.room(line, c)), whole=whole)
            # A line for one location goes whole or not at all.
            if x == 0 or (whole and x < left):
                continue
            self.ship(location, {line: x})
            left -= x
            used += 1
        if left:
            self.short[line] = left

    def place_together(self, members: list[int]) -> None:
        """Lines of a set: all of them from the first location that has all of each."""
        p = self.problem
        for location in dict.fromkeys(p.location.tolist()):
            self.steps += 1
            is_open = self.column_at(location) is not None
            if (is_open or len(self.on) < p.locations_max) and self.ship(location, {j: int(p.quantity[j]) for j in members}):
                return
        self.short.update({j: int(p.quantity[j]) for j in members})

    def room(self, line: int, c: int) -> int:
        p = self.problem
        if not p.allowed[line, c]:
            return 0
        units = int(p.available[p.item[line], c])
        d = self.column_at(int(p.location[c]))
        if d is None and len(self.on) >= p.locations_max:
            return 0
        lines = self.on.get(d, {}) if d is not None else {}
        same_item = sum(x for j, x in lines.items() if p.item[j] == p.item[line])
        units -= same_item
        kind, spare = int(p.capacity_kind[c]), int(p.capacity_left[c])
        if kind == 2:
            return max(0, min(units, spare - sum(lines.values())))
        return max(0, units) if capacity_need(kind, len(lines) + 1, 0) <= spare else 0

    def most(self, line: int, location: int, units: int, *, whole: bool) -> int:
        """Of so many units of a line, those that the location can send with what it already does: a carrier has a limit."""
        if units == 0 or self.carriers(location, {line: units}):
            return units
        fits, refused = 0, units
        # More units weigh more: what a carrier takes ends somewhere.
        while not whole and refused - fits > 1:
            middle = (fits + refused) // 2
            if self.carriers(location, {line: middle}):
                fits = middle
            else:
                refused = middle
        return fits

    def carriers(self, location: int, more: dict[int, int]) -> list[int]:
        """The columns of a location that can carry more besides what it already sends."""
        p = self.problem
        lines = self.sent(location) | more
        return [e for e in range(p.column_count) if p.location[e] == location and self.carries(e, lines)]

    def sent(self, location: int) -> dict[int, int]:
        """What a location already sends, by line."""
        d = self.column_at(location)
        return {} if d is None else self.on[d]

    def ship(self, location: int, more: dict[int, int]) -> bool:
        """Ship more with what the location already sends; another of its columns may have to carry it all."""
        candidates = self.carriers(location, more)
        if not candidates:
            return False
        lines = self.sent(location) | more
        d = self.column_at(location)
        if d is not None:
            del self.on[d]
        self.on[min(candidates, key=lambda e: (self.cost(e, lines), e))] = lines
        return True

    def carries(self, c: int, lines: dict[int, int]) -> bool:
        p = self.problem
        for k in {int(p.item[j]) for j in lines}:
            if sum(x for j, x in lines.items() if p.item[j] == k) > p.available[k, c]:
                return False
        # Each column of a location has the capacity of its own day.
        if capacity_need(int(p.capacity_kind[c]), len(lines), sum(lines.values())) > p.capacity_left[c]:
            return False
        return all(p.allowed[j, c] for j in lines) and self.cost(c, lines) < NEVER

    def cost(self, c: int, lines: dict[int, int]) -> int:
        p = self.problem
        row = int(p.price_row[c])
        raw = shipment_micros(
            sum(int(p.grams[j]) * x for j, x in lines.items()), sum(int(p.volume[j]) * x for j, x in lines.items()),
            p.zone[row], p.divisor[row], p.package_grams_max[row], *p.tariffs,
        )  # fmt: skip
        price = weigh_price(raw, p.carrier_weight_ppm)
        if price >= NEVER:
            return NEVER
        handling = sum(int(p.line_micros[j, c]) + int(p.unit_micros[c]) * x for j, x in lines.items())
        if p.line_unit_micros is not None:
            handling += sum(int(p.line_unit_micros[j, c]) * x for j, x in lines.items())
        return int(p.fixed[c]) + handling + int(price)

    def column_at(self, location: int) -> int | None:
        return next((d for d in self.on if self.problem.location[d] == location), None)

    def solution(self) -> Solution:
        p = self.problem
        placements = [Placement(j, c, x) for c, lines in self.on.items() for j, x in lines.items()]
        placements += [Placement(j, -1, x) for j, x in self.short.items()]
        cost = sum(self.cost(c, lines) for c, lines in self.on.items()) - (p.split_micros if self.on else 0)
        cost += sum(int(p.short_micros[j]) * x for j, x in self.short.items())
        return Solution(tuple(sorted(placements, key=lambda q: (q.line, q.column))), cost, cost, self.steps)
