"""The problems of which the best plan of some lines is the best: one, or one for each day on which a set may arrive."""

from typing import NamedTuple

import numpy as np

from engine.kernels.partition import NEVER
from engine.network.image import Lanes
from engine.optimizer.candidates import Candidates, ShipRequest, ship_candidates
from engine.optimizer.explanation import Bools, Columns, Known, Without
from engine.optimizer.forced import SHORT_ALL_MAX
from engine.optimizer.located import NOTHING, Located, locate
from engine.optimizer.problem import Ints
from engine.optimizer.scene import Scene
from engine.optimizer.ship_sets import contract
from engine.optimizer.shipping import TRIES_MAX, arrival_choices, nodes_for


class Variant(NamedTuple):
    """One problem, its ship sets contracted where they can be."""

    candidates: Candidates
    rows: Ints
    """[lines of the candidates]: the line of the problem that each is part of."""
    offset: int
    """What the units asked for cost that the problem does not hold."""


class Variants(NamedTuple):
    """All problems; `short_micros` is what a unit short costs in each, `wanted` how many units count."""

    each: tuple[Variant, ...]
    short_micros: int
    wanted: int


class Differences(NamedTuple):
    """By line [n] and location [L], or of the locations of the plan [k]; see `Explanation`."""

    carries: Bools
    sends: Bools
    columns: Columns
    difference: Ints
    known: Ints
    dominator: Ints
    without: tuple[Without, ...]


def variants_of(scene: Scene, lanes: Lanes, lines: tuple[int, ...], services: tuple[int, ...]) -> Variants | None:
    """Every problem; None where there is none, or too many."""
    request = ShipRequest(lines, services)
    choices = arrival_choices(scene, lanes, request)
    if len(choices) > TRIES_MAX or scene.locations_max <= 0:
        return None
    found = [ship_candidates(scene, lanes, request._replace(on_day=on_day)) for on_day in choices]
    covered = [0 if each.problem is None else int(each.problem.quantity.sum()) for each in found]
    if max(covered) == 0:
        return None
    wanted, short_micros = sum(scene.basket.lines[i].quantity for i in lines), scene.short_micros
    if short_micros is None:
        # A unit short costs more than any plan: only those problems count that hold the most.
        wanted = max(covered)
        short_micros = SHORT_ALL_MAX // wanted
    each = [
        variant_of(candidates, short_micros, (wanted - units) * short_micros)
        for candidates, units in zip(found, covered, strict=True)
        if candidates.problem is not None and (scene.short_micros is not None or units == wanted)
    ]
    return Variants(tuple(each), short_micros, wanted)


def variant_of(candidates: Candidates, short_micros: int, offset: int) -> Variant:
    """A problem with its price of a unit short."""
    assert candidates.problem is not None
    n = candidates.problem.line_count
    problem = candidates.problem._replace(short_micros=np.full(n, short_micros))
    rows = np.arange(n)
    if problem.sets is not None and problem.line_unit_micros is None:
        contracted = contract(problem)
        if contracted is not None:
            problem, rows = contracted
    return Variant(candidates._replace(problem=problem), rows, offset)


def differences_of(
    scene: Scene, lines: tuple[int, ...], used: Ints, cost: int, variants: Variants, nodes_max: int
) -> Differences:
    """Against a plan of locations [k] that costs `cost`, all that is short at `short_micros`: the best of all problems."""
    count = len(scene.image.location_ids)
    carries, sends = np.zeros((2, len(lines), count), np.bool_)
    columns, units, micros = np.full((4, count), -1, np.int64), np.zeros(count, np.int64), np.full(count, NEVER)
    least, most = np.full((2, count), NEVER)
    without_least, without_most = np.full((2, len(used)), NEVER)
    for variant in variants.each:
        candidates, rows, offset = variant
        assert candidates.problem is not None
        nodes = nodes_for(candidates.problem.line_count, nodes_max) // len(variants.each)
        found = None
        # Something is told even where the decision took all the time.
        if variant is variants.each[0] or not scene.is_cut():
            found = locate(candidates, count, used, cost - offset, nodes, scene.is_cut)
        if found is None:
            found = unknown(candidates, count, len(used))
        better = (found.send_units > units) | ((found.send_units == units) & (found.send_micros < micros))
        at = np.array([lines.index(i) for i in candidates.lines], np.int64)
        carries[at] |= found.carries[rows]
        sends[:, better] = False
        sends[np.ix_(at, np.flatnonzero(better))] = found.sends[rows][:, better]
        column = found.send_column[better]
        facts = candidates.columns
        columns[:, better] = facts.service[column], facts.start_minute[column], facts.day[column], facts.latest[column]
        units[better], micros[better] = found.send_units[better], found.send_micros[better]
        for total, part in (
            (least, found.least), (most, found.most), (without_least, found.without_least), (without_most, found.without_most)
        ):  # fmt: skip
            np.minimum(total, np.where(part < NEVER, part + offset, NEVER), out=total)
    # Where a unit short has no price, a plan that leaves more short costs more than any other.
    beyond = NEVER if scene.short_micros is not None else variants.short_micros // 2
    difference, known = told(least, most, cost, beyond)
    # Of those that could send no more than a part of a line, nothing is told.
    idle = ~carries.any(axis=0)
    known[idle], difference[idle] = Known.UNKNOWN, 0
    apart, how = told(without_least, without_most, cost, beyond)
    return Differences(
        carries, sends, Columns(*columns), difference, known, np.full(count, -1, np.int64),
        tuple(map(Without, used.tolist(), apart.tolist(), map(Known, how.tolist()))),
    )  # fmt: skip


def told(least: Ints, most: Ints, cost: int, beyond: int) -> tuple[Ints, Ints]:
    """(difference, what it is): exact where both bounds meet, else what some plan costs, else what none costs less than.

    Nothing is told where a plan leaves more short for want of the location, nor by a bound that is not above zero.
    """
    lower, upper = least - cost, most - cost
    known = np.where(least == most, Known.EXACT, np.where(most < NEVER, Known.AT_MOST, Known.AT_LEAST))
    difference = np.where(most < NEVER, upper, lower)
    untold = (least >= NEVER) | (difference >= beyond) | ((known == Known.AT_LEAST) & (lower <= 0))
    return np.where(untold, 0, difference), np.where(untold, int(Known.UNKNOWN), known)


def nothing_told(n: int, count: int) -> Differences:
    """Of n lines and `count` locations, where there is no problem to tell it from."""
    columns = Columns(*np.full((4, count), -1, np.int64))
    none, nothing = np.zeros((n, count), np.bool_), np.zeros(count, np.int64)
    return Differences(none, none, columns, nothing, nothing.copy(), np.full(count, -1, np.int64), ())


def unknown(candidates: Candidates, count: int, k: int) -> Located:
    """Of a problem of which nothing can be told: any plan may cost anything."""
    assert candidates.problem is not None
    n = candidates.problem.line_count
    none, nothing = np.zeros((n, count), np.bool_), np.full(count, NOTHING)
    return Located(
        none, none, np.full(count, -1), np.zeros(count, np.int64), np.full(count, NEVER), nothing, np.full(count, NEVER),
        np.full(k, NOTHING), np.full(k, NEVER),
    )  # fmt: skip
