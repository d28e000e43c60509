"""A location that ships several times: what is there now in time, the rest when it lands; or by services that lines differ in.

A problem knows a location once (see `problem`). Here each start of work at a location, and where lines may not go by the same
services each service too, is a location of its own: a departure. Its stock is counted as if no other departure took of it, so
that the best plan of that problem bounds all plans. Where departures of one location take more than there is of an item or of a
day, or too many locations ship, each plan without that conflict lies in one of a few smaller problems (best-first branch and
bound; Land and Doig 1960).
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import NO_LATEST
from engine.kernels.subsets import capacity_need
from engine.optimizer.candidates import Candidates, ShipRequest
from engine.optimizer.limits import line_services
from engine.optimizer.problem import NO_LIMIT, Ints, Problem, Solution
from engine.optimizer.scene import Scene
from engine.optimizer.small_parts import keep_parts
from engine.optimizer.solve import solve

PROBLEMS_MAX = 32
"""Of one order; beyond that, what is open makes the plan a bounded one."""

ORDERS = 0
"""The kind of capacity that a shipment takes one of, whatever is in it."""


class Conflict(NamedTuple):
    """What keeps a plan from being one, and what each plan without it does: one of `ways`, where `is_all`."""

    ways: tuple[Problem, ...]
    is_all: bool


def may_depart_apart(scene: Scene, lines: Sequence[int]) -> bool:
    """Whether what is asked for may be served better by several shipments of a location than by one.

    Lines that are due at one time, by the same services, go together as soon as the last of them can.
    """
    asked = [scene.basket.lines[i] for i in lines]
    windows = {(line.earliest_minute, line.latest_minute) for line in asked}
    if len(windows) > 1 or (scene.policy.late_micros_per_day and any(latest < NO_LATEST for _, latest in windows)):
        return True
    return differ_in_services(scene, lines)


def differ_in_services(scene: Scene, lines: Sequence[int]) -> bool:
    """Whether some of the lines may go by other services than others."""
    found = [line_services(scene, scene.basket.lines[i]) for i in lines]
    able = {b"" if services is None or services.all() else services.tobytes() for services in found}
    return len(able) > 1


def departures_of(scene: Scene, request: ShipRequest, candidates: Candidates, *, is_short: bool = False) -> Ints | None:
    """[c]: the departure of each column; None where each location has but one, or nothing is won by several.

    is_short: something is where each location ships once, which two services might hold together.
    """
    problem, facts = candidates.problem, candidates.columns
    if problem is None or request.is_sent_on:
        return None
    keys = [facts.location]
    if request.on_day or may_depart_apart(scene, candidates.lines):
        keys.append(facts.start_minute)
    is_short = is_short and problem.line_count > 1
    if request.collected_at < 0 and (is_short or differ_in_services(scene, candidates.lines)):
        keys.append(facts.service)
    if len(keys) == 1:
        return None
    found, departure = np.unique(np.stack(keys), axis=1, return_inverse=True)
    # A whole set leaves together, and with it every line.
    is_one = problem.sets is not None and len(set(problem.sets.tolist())) == 1
    if is_one or found.shape[1] == len(np.unique(facts.location)):
        return None
    return departure.reshape(-1)


def solve_departures(
    scene: Scene, candidates: Candidates, departure: Ints, once: Solution, nodes_max: int
) -> Solution:  # fmt: skip
    """The best plan in which a location may ship by several departures; `once`: the best in which each ships once.

    departure [c]: of each column, as `departures_of` has it. The bound holds for all such plans.
    """
    problem = candidates.problem
    assert problem is not None
    if problem.ranked:
        return better_ranked(candidates, departure, once)
    best, bound, nodes, is_cut = once, once.objective_micros, once.nodes, False
    relaxed = problem._replace(location=departure, locations_max=NO_LIMIT)
    waiting: list[tuple[int, int, Problem, Solution]] = []
    solved = 0

    def look_at(way: Problem, least: int) -> None:
        nonlocal nodes, solved, bound
        if not way.allowed.any():
            # All is short: as good as `once` may be.
            return
        found = keep_parts(scene, candidates._replace(problem=way), solve(way, nodes_max, scene.is_cut), nodes_max)
        nodes, solved = nodes + found.nodes, solved + 1
        least = max(least, found.lower_bound_micros)
        if least < best.objective_micros:
            heappush(waiting, (least, solved, way, found))

    look_at(relaxed, 0)
    while waiting:
        least, _, way, found = heappop(waiting)
        if least >= best.objective_micros:
            break
        conflict = conflict_of(scene, candidates, problem, way, found)
        if conflict is None:
            bound = min(bound, least)
            if found.objective_micros < best.objective_micros:
                best = found
            continue
        is_over = scene.is_cut()
        if is_over or solved >= PROBLEMS_MAX:
            is_cut |= is_over
            bound = min(bound, least)
            continue
        if not conflict.is_all:
            bound = min(bound, least)
        for part in conflict.ways:
            look_at(part, least)
    bound = min(bound, best.objective_micros)
    is_cut = (is_cut or best.is_cut) and bound < best.objective_micros
    return best._replace(lower_bound_micros=bound, nodes=nodes, is_cut=is_cut)


def better_ranked(candidates: Candidates, departure: Ints, once: Solution) -> Solution:
    """By a fixed ranking: what each departure has beyond those before it comes after them, where that fills more."""
    problem, facts = candidates.problem, candidates.columns
    assert problem is not None
    available = problem.available.copy()
    for c in range(problem.column_count):
        before = (facts.location == facts.location[c]) & (facts.start_minute < facts.start_minute[c])
        if before.any():
            available[:, c] -= problem.available[:, before].max(axis=1)
    apart = solve(problem._replace(location=departure, available=available), 0)
    shared = len({(facts.location.item(c), facts.day.item(c)) for c in columns_in(apart)}) < len(columns_in(apart))
    beyond = len({facts.location.item(c) for c in columns_in(apart)}) > problem.locations_max
    return once if shared or beyond or short_units(apart) >= short_units(once) else apart


def columns_in(solution: Solution) -> list[int]:
    """The columns that a plan uses."""
    return sorted({column for _, column, _ in solution.placements if column >= 0})


def short_units(solution: Solution) -> int:
    """Units that a plan leaves out."""
    return sum(units for _, column, units in solution.placements if column < 0)


def conflict_of(
    scene: Scene, candidates: Candidates, problem: Problem, way: Problem, found: Solution
) -> Conflict | None:  # fmt: skip
    """Why a plan cannot be done; `problem` has what there is, `way` is the problem whose best plan was found."""
    facts, used = candidates.columns, columns_in(found)
    places = sorted({facts.location.item(c) for c in used})
    if len(places) > scene.locations_max:
        # Each plan goes without one of them.
        return Conflict(tuple(without(way, facts.location == place) for place in places), is_all=True)
    for place in places:
        here = sorted((c for c in used if facts.location[c] == place), key=lambda c: facts.start_minute.item(c))
        if len(here) > 1:
            conflict = stock_conflict(problem, way, found, here) or capacity_conflict(candidates, problem, way, found, here)
            if conflict is not None:
                return conflict
    return None


def stock_conflict(problem: Problem, way: Problem, found: Solution, here: list[int]) -> Conflict | None:
    """Whether columns of one location, in the order of their starts, take more of an item than has landed by then."""
    for k in range(len(problem.available)):
        taken: list[int] = []
        for at, c in enumerate(here):
            taken.append(sum(x for j, column, x in found.placements if column == c and problem.item[j] == k))
            most = problem.available.item(k, c)
            if not taken[-1] or sum(taken) <= most:
                continue
            if at == 1 and taken[0]:
                # With as much of the later one, the earlier one has what is left; or the later one has less.
                caps = [(here[0], max(0, most - taken[1])), (c, taken[1] - 1)]
            else:
                caps = [(other, units - 1) for other, units in zip(here, taken, strict=False) if units]
            return Conflict(tuple(capped(way, k, other, units) for other, units in caps), is_all=True)
    return None


def capacity_conflict(
    candidates: Candidates, problem: Problem, way: Problem, found: Solution, here: list[int]
) -> Conflict | None:  # fmt: skip
    """Whether columns of one location take more of a day together than it has left."""
    day = candidates.columns.day
    for of_day in sorted({day.item(c) for c in here}):
        together = [c for c in here if day[c] == of_day]
        kind = problem.capacity_kind.item(together[0])
        need = sum(needed(kind, found, c) for c in together)
        if len(together) > 1 and need > problem.capacity_left.item(together[0]):
            ways = tuple(without(way, way.location == way.location[c]) for c in together)
            # Where lines or units are counted, some of each might do.
            return Conflict(ways, is_all=kind == ORDERS)
    return None


def needed(kind: int, found: Solution, column: int) -> int:
    """What a shipment takes of its day."""
    units = [x for _, c, x in found.placements if c == column]
    return int(capacity_need(kind, len(units), sum(units)))


def capped(way: Problem, k: int, column: int, units: int) -> Problem:
    """The problem in which the departure of a column sends no more than so many units of an item."""
    available = way.available.copy()
    same = way.location == way.location[column]
    available[k, same] = np.minimum(available[k, same], units)
    return way._replace(available=available)


def without(way: Problem, columns: NDArray[np.bool_]) -> Problem:
    """The problem without some columns."""
    return way._replace(allowed=way.allowed & ~columns)
