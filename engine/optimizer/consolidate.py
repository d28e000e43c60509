"""A basket that must arrive as one, out of several locations: what comes is put together at one of them and sent on from there.

Each meeting point, and each carrier service from there, is tried. What comes to it is a problem as of what is collected: which
location sends which lines along which lane. Where lateness has a price, each day of delivery is a try of its own, since it is
the last to come that decides it. What the carrier takes does not depend on where it comes from.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from engine.domain.basket import NO_LATEST
from engine.kernels.columns import NEVER_MINUTE
from engine.kernels.partition import NEVER
from engine.network.image import Lanes
from engine.optimizer.assemble import late_term
from engine.optimizer.candidates import Candidates, ShipRequest
from engine.optimizer.collect_candidates import collect_candidates
from engine.optimizer.limits import eligible_locations, line_services
from engine.optimizer.load import Chosen, Load
from engine.optimizer.problem import Ints
from engine.optimizer.scene import Scene
from engine.optimizer.shipments import ready_at_meeting, sent_on_dates, sent_on_terms
from engine.optimizer.workspace import location_costs

MEETINGS_MAX = 64
"""Meeting points that are tried, those first from where it costs the least; beyond that the plan is a bounded one."""

DAYS_MAX = 16
"""Days of delivery by one carrier service that are tried where lateness has a price."""


def meeting_points(scene: Scene, lanes: Lanes) -> list[int]:
    """Locations that ship to the destination and that a lane leads to, nearest first."""
    into = np.diff(scene.image.transfers.into_first) > 0
    places = np.flatnonzero(eligible_locations(scene, lanes) & into & (lanes.zone_index >= 0).any(axis=0))
    nearest: list[int] = places[np.argsort(lanes.distance_meters[places], kind="stable")].tolist()
    return nearest


def coming_together(scene: Scene) -> Scene:
    """The scene of what comes to a meeting point: divided at will, none of it charged or dated as a delivery."""
    lines = tuple(replace(line, ship_complete=False, earliest_minute=0, latest_minute=NO_LATEST) for line in scene.basket.lines)
    limits = replace(scene.basket.constraints, ship_complete=False, penalties=())
    policy = replace(scene.policy, split_micros=0, late_micros_per_day=0, short_micros=None)
    return replace(scene, policy=policy, basket=replace(scene.basket, lines=lines, constraints=limits), deliver_by=NO_LATEST)


def services_for(scene: Scene, request: ShipRequest) -> list[int]:
    """Carrier services that all of the lines may go by."""
    able = np.zeros(len(scene.image.service_ids), np.bool_)
    able[list(request.services)] = True
    for i in request.lines:
        allowed = line_services(scene, scene.basket.lines[i])
        if allowed is not None:
            able &= allowed
    return np.flatnonzero(able).tolist()


def fixed_micros(scene: Scene, lanes: Lanes, meeting: int, service: int, lines: tuple[int, ...]) -> int:
    """What all of the lines cost from the meeting point on; NEVER where the carrier does not take them."""
    if lanes.zone_index.item(service, meeting) < 0:
        return NEVER
    items = [(scene.basket.lines[i].item, scene.basket.lines[i].quantity) for i in lines]
    return min(NEVER, sum(term.weighted_micros for term in sent_on_terms(scene, lanes, meeting, service, items)))


def latest_allowed(scene: Scene, lines: tuple[int, ...]) -> int:
    """The last minute by which the delivery may be there."""
    due = NO_LATEST if scene.policy.late_micros_per_day else min(scene.basket.lines[i].latest_minute for i in lines)
    return min(due, scene.deliver_by)


def late_micros(scene: Scene, lines: tuple[int, ...], delivered: int) -> int:
    """What a delivery at that minute costs by being late."""
    if not scene.policy.late_micros_per_day:
        return 0
    return late_term(scene, [(i, scene.basket.lines[i].quantity) for i in lines], delivered).weighted_micros


def sent_on(scene: Scene, lanes: Lanes, chosen: Chosen, meeting: int, service: int) -> tuple[Load, ...]:
    """The loads of what comes together, with the dates of the delivery that they become."""
    ready = max(ready_at_meeting(scene, load) for load in chosen.loads)
    _, earliest, latest = sent_on_dates(scene, lanes, meeting, service, ready)
    return tuple(load._replace(service=service, earliest=earliest, latest=latest) for load in chosen.loads)


class Consolidated(NamedTuple):
    """The best plan through a meeting point, None: there is none; and what no such plan can cost less than."""

    chosen: Chosen | None
    bound: int


Solve = Callable[[Scene, ShipRequest], Chosen]
"""The best plan of what comes to one location."""


def best_consolidated(
    scene: Scene, lanes: Lanes, request: ShipRequest, below: int, solve: Solve, *, is_had: bool
) -> Consolidated:  # fmt: skip
    """The best way to have all of the lines put together somewhere; `below`: only plans that cost less are of use.

    is_had: they can be had another way. Else the search goes on, though its time be up, until there is a plan.
    """
    base, best, bound = coming_together(scene), None, below
    services = services_for(scene, request)
    nodes = columns = 0
    coming = least_coming(base, request.lines)
    onward = [
        (meeting, {s: fixed_micros(scene, lanes, meeting, s, request.lines) for s in services})
        for meeting in meeting_points(scene, lanes)
    ]
    # The cheapest to send on from first: its plan rules others out.
    for count, (meeting, fixed) in enumerate(sorted(onward, key=lambda each: min(each[1].values(), default=NEVER))):
        least = min(fixed.values(), default=NEVER) + coming
        if least >= bound:
            continue
        if count >= MEETINGS_MAX or ((is_had or best) and count and scene.is_cut()):
            bound = min(bound, least)
            continue
        asked = request._replace(services=(), on_day=(), whole=(), collected_at=meeting, is_sent_on=True)
        found = collect_candidates(base, asked)
        if found.problem is None or not is_covered(scene, request.lines, found):
            continue
        solved: dict[int, Chosen] = {}
        for service, micros in fixed.items():
            days = deadlines(scene, lanes, meeting, service, found.columns.latest, request.lines) if micros < NEVER else []
            for number, (ready, delivered) in enumerate(days):
                late = late_micros(scene, request.lines, delivered)
                if micros + late + coming >= bound:
                    break
                if number >= DAYS_MAX or (best and scene.is_cut()):
                    bound = min(bound, micros + late)
                    break
                if ready not in solved:
                    solved[ready] = solve(ready_by(base, ready), asked)
                    nodes, columns = nodes + solved[ready].nodes, max(columns, solved[ready].columns)
                chosen = solved[ready]
                gap = chosen.objective_micros - chosen.lower_bound_micros
                if not is_whole(scene, request.lines, chosen):
                    bound = min(bound, micros + late) if gap else bound
                    continue
                loads = sent_on(scene, lanes, chosen, meeting, service)
                objective = chosen.objective_micros + micros + late_micros(scene, request.lines, loads[0].latest)
                bound = min(bound, objective - gap)
                if objective < (best.objective_micros if best else below):
                    best = chosen._replace(loads=loads, objective_micros=objective)
    if best is None:
        return Consolidated(None, bound)
    lower = min(bound, best.objective_micros)
    return Consolidated(best._replace(nodes=nodes, columns=columns, lower_bound_micros=lower), bound)


def least_coming(base: Scene, lines: tuple[int, ...]) -> int:
    """What it costs at the least to have the lines come together anywhere: work on them at the cheapest locations."""
    fixed, pick, unit = (int(costs[base.active].min(initial=NEVER)) for costs in location_costs(base))
    return fixed + pick * len(lines) + unit * sum(base.basket.lines[i].quantity for i in lines)


def deadlines(
    scene: Scene, lanes: Lanes, meeting: int, service: int, readies: Ints, lines: tuple[int, ...]
) -> list[tuple[int, int]]:
    """(ready, delivered): by when all must have come to be delivered then; the last in time, or where lateness costs, each."""
    limit = latest_allowed(scene, lines)
    last: dict[int, int] = {}
    for ready in np.unique(readies).tolist():
        _, _, delivered = sent_on_dates(scene, lanes, meeting, service, ready)
        if delivered < NEVER_MINUTE and delivered <= limit:
            last[delivered] = ready
    found = [(ready, delivered) for delivered, ready in last.items()]
    return found if scene.policy.late_micros_per_day else found[-1:]


def ready_by(base: Scene, minute: int) -> Scene:
    """The scene of what must have come by a minute."""
    lines = tuple(replace(line, latest_minute=minute) for line in base.basket.lines)
    return replace(base, basket=replace(base.basket, lines=lines))


def is_covered(scene: Scene, lines: tuple[int, ...], found: Candidates) -> bool:
    """Whether a problem holds all units of all lines."""
    assert found.problem is not None
    return int(found.problem.quantity.sum()) == sum(scene.basket.lines[i].quantity for i in lines)


def is_whole(scene: Scene, lines: tuple[int, ...], chosen: Chosen) -> bool:
    """Whether a plan holds all units of all lines."""
    units = sum(quantity for load in chosen.loads for _, quantity in load.quantities)
    return units == sum(scene.basket.lines[i].quantity for i in lines)
