"""Neighbours of a plan, one after the other, each priced anew; a cheaper one is taken, and the search goes on from it."""

from typing import Any

from tests.checker import carrier_micros
from tests.naive.plans import FREE, SHORT, cost_of, has_room, joining, load_of, used_columns

NEVER = 2**60


class Neighbours:
    """A problem, what its columns ask for each line alone (NEVER: they do not carry it), and the order of its lines."""

    def __init__(self, problem: Any, handling: list[list[int]], order: list[int]) -> None:
        self.problem, self.handling, self.order = problem, handling, order
        self.short = [int(s) * int(q) for s, q in zip(problem.short_micros, problem.quantity, strict=True)]

    def carries(self, where: list[int], j: int, c: int) -> int | None:
        """What line j adds to column c, None where it cannot."""
        alone = self.handling[c][j] < NEVER
        return joining(self.problem, where, j, c) if has_room(self.problem, where, j, c, alone) else None

    def carrier(self, where: list[int], c: int) -> int:
        """What the carrier of a column charges for what it carries."""
        micros = carrier_micros(self.problem, int(self.problem.price_row[c]), load_of(self.problem, where, c))
        return NEVER if micros is None else micros

    def filled(self, where: list[int], offered: list[int]) -> list[int]:
        """Every free line where it adds least, opening an offered column for nothing; the first of equals, or short."""
        where = list(where)
        for j in self.order:
            if where[j] != FREE:
                continue
            chosen, least = SHORT, self.short[j]
            for c in offered:
                more = self.carries(where, j, c)
                if more is not None and c not in used_columns(where):
                    more -= int(self.problem.fixed[c]) + self.carrier([], c)
                if more is not None and more < least:
                    chosen, least = c, more
            where[j] = chosen
        return where

    def cheaper(self, trial: list[int], where: list[int]) -> bool:
        now, after = cost_of(self.problem, where), cost_of(self.problem, trial)
        assert now is not None
        assert after is not None
        return after < now

    def stands(self, where: list[int], c: int, instead_of: int = -1) -> bool:
        """Whether a column in use ships from the location of column c, but for one."""
        return any(self.problem.location[d] == self.problem.location[c] for d in used_columns(where) if d != instead_of)

    def closed(self, where: list[int], in_use: list[int]) -> list[int]:
        """Each column in turn without its lines, which the others take."""
        for k, closing in enumerate(in_use):
            if closing in where:
                others = list(in_use)
                others[k] = others[-1]
                trial = self.filled([FREE if c == closing else c for c in where], others[:-1])
                where = trial if self.cheaper(trial, where) else where
        return where

    def replaced(self, where: list[int], in_use: list[int], offered: list[int]) -> list[int]:
        """Each offered column instead of each in use; passed over where weight for nothing would not make it cheaper."""
        in_use = list(in_use)
        for k in range(len(in_use)):
            for opening in offered:
                closing = in_use[k]
                if closing not in where or opening == closing or self.stands(where, opening, closing):
                    continue
                spare = int(self.problem.fixed[closing]) + self.carrier(where, closing) - int(self.problem.fixed[opening])
                for j, c in enumerate(where):
                    if c == closing:
                        others = [self.handling[d][j] for d in in_use if d != closing]
                        spare += self.handling[c][j] - min([self.short[j], self.handling[opening][j], *others])
                if spare <= 0:
                    continue
                instead = [opening if c == closing else c for c in in_use]
                trial = self.filled([FREE if c == closing else c for c in where], instead)
                if self.cheaper(trial, where):
                    where, in_use = trial, instead
        return where

    def opened(self, where: list[int], in_use: list[int], offered: list[int]) -> list[int]:
        """Each offered column besides those in use, and every line anew."""
        for opening in offered:
            if self.stands(where, opening):
                continue
            spare = -int(self.problem.fixed[opening]) - self.carrier([], opening)
            for j, c in enumerate(where):
                paid = self.handling[c][j] if c >= 0 else self.short[j]
                spare += max(0, paid - self.handling[opening][j])
            if spare <= 0:
                continue
            trial = self.filled([FREE] * len(where), [*in_use, opening])
            if self.cheaper(trial, where):
                where = trial
                in_use = list(dict.fromkeys(c for c in where if c >= 0))
        return where

    def shared(self, where: list[int], in_use: list[int], offered: list[int]) -> list[int]:
        """Lines of each column in use moved one by one to each other, heaviest or lightest first, as far as is cheapest."""
        for source in in_use:
            for target in offered:
                if where.count(source) < 2 or target == source or self.stands(where, target, target):
                    continue
                for order in (self.order, self.order[::-1]):
                    now, steps = list(where), [list(where)]
                    for j in order:
                        if now[j] == source and now.count(source) > 1 and self.carries(now, j, target) is not None:
                            now[j] = target
                            steps.append(list(now))
                    where = min(steps, key=lambda each: cost_of(self.problem, each) or 0)
        return where
