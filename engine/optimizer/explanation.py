"""Why a plan is what it is, location by location: as arrays, from which the rows that are asked for are read."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import Term
from engine.domain.plan import CostTerm, Plan
from engine.kernels.alternatives import AT_LEAST, AT_MOST, EXACT, NONE
from engine.optimizer.scene import Ints, Scene

Bools = NDArray[np.bool_]


class Level(IntEnum):
    """How much to explain; spelt as on the wire."""

    NONE = 0
    CANDIDATES = 1
    FULL = 2


class Known(IntEnum):
    """What a difference is: unknown, exact, a bound below, or what one plan costs that need not be the best."""

    UNKNOWN = NONE
    EXACT = EXACT
    AT_LEAST = AT_LEAST
    AT_MOST = AT_MOST


class TermTable(NamedTuple):
    """One term of what each location [L] would cost, raw and weighted."""

    term: Term
    weight_ppm: int
    raw_micros: Ints
    weighted_micros: Ints


class Columns(NamedTuple):
    """The way by which each location [L] would send the most; service −1: none. Minutes are UTC, days local since 1970."""

    service: Ints
    start_minute: Ints
    day: Ints
    latest_minute: Ints


class Without(NamedTuple):
    """How much dearer the best plan is that does not use a location of the plan; UNKNOWN: none ships as much."""

    location: int
    micros: int
    known: Known


class Binding(NamedTuple):
    """A limit without which the plan would be another: what it would save, or how many more units it would hold.

    price_micros: what one more of a limit that counts would save; None where it does not count, or would hold more units.
    """

    field: str
    saving_micros: int | None
    more_units: int
    limit: int | None
    used: int | None
    price_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """n lines to ship, L locations. Differences are micros of the network currency, against the plan explained."""

    scene: Scene
    plan: Plan
    level: Level
    lines: tuple[int, ...]
    """Of the basket, those to ship."""
    chosen: frozenset[int]
    carries: Bools
    """[n, L]: whether the location can send the line whole, or else all of it that stock covers anywhere."""
    why: Ints
    """[n, L]: what stands in the way; see `kernels.explained`."""
    units: Ints
    """[n, L]: what can be promised there by the line's date; never below zero."""
    difference_micros: Ints
    """[L]: the best plan that uses the location less this plan."""
    known: Ints
    """[L]: `Known` of each difference."""
    dominator: Ints
    """[L]: a location of the plan that could send each set of whole lines that this one could, for no more; −1: none told."""
    columns: Columns
    sends: Bools
    """[n, L]: the lines that `columns` would send."""
    terms: tuple[TermTable, ...]
    without: tuple[Without, ...]
    bindings: tuple[Binding, ...]

    def cost_terms(self, location: int) -> tuple[CostTerm, ...]:
        """What sending all that it can costs from a location."""
        return tuple(
            CostTerm(t.term, raw, t.weight_ppm, t.weighted_micros.item(location))
            for t in self.terms
            if (raw := t.raw_micros.item(location))
        )

    def ranked(self) -> list[int]:
        """Locations: those of the plan, then by how little dearer they are, those without a known difference, the rest."""
        feasible = np.array(self.carries.any(axis=0))
        feasible[list(self.chosen)] = True
        chosen = np.isin(np.arange(len(feasible)), list(self.chosen))
        group = np.where(chosen, 0, np.where(feasible & (self.known != Known.UNKNOWN), 1, np.where(feasible, 2, 3)))
        ranked: list[int] = np.lexsort((np.arange(len(group)), np.where(group == 1, self.difference_micros, 0), group)).tolist()
        return ranked
