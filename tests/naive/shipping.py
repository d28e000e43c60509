"""Every plan of whole lines of a basket, priced with its penalties: the words of the contract, one rule after the other.

Built on one problem without any of these limits, whose columns and prices have a twin of their own.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from engine.domain.basket import NO_LATEST, Constraints
from engine.domain.enums import Term
from engine.optimizer.departures import differ_in_services
from tests.checker import shipment_cost
from tests.naive.candidates import NaiveCandidates, naive_candidates
from tests.naive.tariffs import weigh

Plan = dict[int, int]
"""Column of each line; −1: short."""


def cheapest(scene: Any, lanes: Any, lines: tuple[int, ...], services: tuple[int, ...]) -> tuple[int, int]:
    """(units short, micros) of the best plan: fewest units short, then the least cost; no line is divided."""
    free = Constraints(max_distance_meters=hard(scene, "max_distance_meters"), international=True)
    basket = replace(scene.basket, constraints=free)
    open_scene = replace(scene, basket=basket)
    found = naive_candidates(open_scene, lanes, lines, services)
    asked = sum(scene.basket.lines[i].quantity for i in lines)
    if found.problem is None:
        return asked, 0
    best = None
    for plan in plans(scene, found, lines):
        cost = plan_micros(scene, lanes, found, plan)
        if cost is not None:
            units = sum(scene.basket.lines[i].quantity for i in lines if plan.get(i, -1) < 0)
            best = min(best or (units, cost), (units, cost))
    assert best is not None, "everything can be left short"
    return best


def hard(scene: Any, name: str) -> Any:
    """A limit, unless it is soft."""
    limits = scene.basket.constraints
    return None if name in dict(limits.penalties) else getattr(limits, name)


def plans(scene: Any, found: NaiveCandidates, lines: tuple[int, ...]) -> Iterator[Plan]:
    """Every column, or none, for every line that is wholly there."""
    assert found.problem is not None
    choices = []
    for i in lines:
        whole = [-1]
        if i in found.lines:
            j = found.lines.index(i)
            if found.problem.quantity[j] == scene.basket.lines[i].quantity:
                whole += [c for c in range(len(found.columns)) if found.problem.allowed[j, c]]
        choices.append(whole)
    for columns in product(*choices):
        yield dict(zip(lines, columns, strict=True))


def plan_micros(scene: Any, lanes: Any, found: NaiveCandidates, plan: Plan) -> int | None:
    """What a plan costs with its penalties, None where it breaks a hard rule."""
    basket, limits, image = scene.basket, scene.basket.constraints, scene.image
    prices, problem = dict(limits.penalties), found.problem
    assert problem is not None
    shipped = {i: c for i, c in plan.items() if c >= 0}
    columns = found.columns
    for of_set in {basket.lines[i].ship_set for i in plan if basket.lines[i].ship_set >= 0}:
        if len({plan[i] for i in plan if basket.lines[i].ship_set == of_set}) > 1:
            return None
    for of_set in {basket.lines[i].arrival_set for i in plan if basket.lines[i].arrival_set >= 0}:
        if len({day(scene, columns[c].latest) for i, c in shipped.items() if basket.lines[i].arrival_set == of_set}) > 1:
            return None
    breaches = []
    if limits.ship_complete:
        breaches.append(("ship_complete", int(len(set(plan.values())) > 1)))
    abroad = any(image.locations[columns[c].location].country_code != basket.destination.country_code for c in shipped.values())
    if limits.international is False or (limits.international is None and not scene.policy.international):
        breaches.append(("international", int(abroad)))
    count = len({columns[c].location for c in shipped.values()})
    if limits.max_locations is not None:
        breaches.append(("max_locations", max(0, count - limits.max_locations)))
    if scene.policy.max_locations_per_order is not None and count > scene.policy.max_locations_per_order:
        return None
    if basket.value_micros < (limits.no_split_below_micros or 0):
        breaches.append(("no_split_locations", max(0, count - 1)))
    if basket.value_micros < scene.policy.no_split_below_micros and count > 1:
        return None
    penalty = 0
    for name, times in breaches:
        if times and name not in prices:
            return None
        penalty += times * prices.get(name, 0)
    cost = weigh(penalty, scene.weights_ppm[Term.PENALTY])
    loads = loads_of(scene, plan)
    together = [c for c, group in loads if not alone(scene, group)]
    if len({departure(scene, columns[c], tuple(plan)) for c in together}) < len(together):
        return None
    if not shares(scene, found, loads):
        return None
    for c, group in loads:
        load = tuple((found.lines.index(i), basket.lines[i].quantity) for i in group)
        micros = shipment_cost(problem, c, load)
        if micros is None:
            return None
        column, beyond = columns[c], 0
        if "max_distance_meters" in prices and limits.max_distance_meters is not None:
            far = int(lanes.distance_meters[column.location]) - limits.max_distance_meters
            beyond += max(0, far) * prices["max_distance_meters"]
        if column.location in limits.express_only and image.carrier_services[column.service].service_level == "STANDARD":
            if "express_only" not in prices:
                return None
            beyond += prices["express_only"]
        cost += micros + weigh(beyond, scene.weights_ppm[Term.PENALTY])
    return cost - (int(problem.split_micros) if loads else 0)


def departure(scene: Any, column: Any, lines: tuple[int, ...]) -> tuple[int, ...]:
    """What a plan has one shipment of: a location, or where lines differ in dates or services, each of its moments."""
    asked = [scene.basket.lines[i] for i in lines]
    wanted = {(line.earliest_minute, line.latest_minute) for line in asked}
    is_late = scene.policy.late_micros_per_day > 0 and any(line.latest_minute < NO_LATEST for line in asked)
    by_service = differ_in_services(scene, lines)
    if len(wanted) == 1 and not is_late and not by_service:
        return (column.location,)
    return (column.location, column.start, column.service if by_service else -1)


def day(scene: Any, minute: int) -> Any:
    """The local date by the end of which a minute lies."""
    return (datetime.fromtimestamp(minute * 60, ZoneInfo(scene.image.network.time_zone)) - timedelta(minutes=1)).date()


def alone(scene: Any, group: tuple[int, ...]) -> bool:
    """Whether a shipment is one of an item that ships alone."""
    return len(group) == 1 and bool(scene.image.ship_alone[scene.basket.lines[group[0]].item])


def loads_of(scene: Any, plan: Plan) -> list[tuple[int, tuple[int, ...]]]:
    """(column, lines) of each shipment: lines of a column together, those that ship alone by themselves."""
    basket, image = scene.basket, scene.image
    by_column: dict[int, list[int]] = {}
    loads = []
    for i, c in plan.items():
        line = basket.lines[i]
        tied = basket.constraints.ship_complete or (
            line.ship_set >= 0 and sum(other.ship_set == line.ship_set for other in basket.lines) > 1
        )
        if c >= 0 and image.ship_alone[line.item] and not tied:
            loads.append((c, (i,)))
        elif c >= 0:
            by_column.setdefault(c, []).append(i)
    return [*((c, tuple(group)) for c, group in by_column.items()), *loads]


def shares(scene: Any, found: NaiveCandidates, loads: list[tuple[int, tuple[int, ...]]]) -> bool:
    """Whether what shipments take of one item or one day at one location is there for all of them together."""
    problem = found.problem
    assert problem is not None
    for c, group in loads:
        for item in {scene.basket.lines[i].item for i in group}:
            k = int(problem.item[next(found.lines.index(i) for i in group if scene.basket.lines[i].item == item)])
            here = [
                i for d, other in loads for i in other
                if found.columns[d].location == found.columns[c].location and found.columns[d].start <= found.columns[c].start
            ]  # fmt: skip
            taken_by_then = sum(scene.basket.lines[i].quantity for i in here if scene.basket.lines[i].item == item)
            if taken_by_then > problem.available[k, c]:
                return False
    taken: dict[tuple[int, int], int] = {}
    left: dict[tuple[int, int], int] = {}
    for c, group in loads:
        column = found.columns[c]
        units = sum(scene.basket.lines[i].quantity for i in group)
        key = column.location, column.day
        taken[key] = taken.get(key, 0) + (1, len(group), units)[int(scene.image.capacity_unit[column.location])]
        left[key] = column.left
    return all(units <= left[key] for key, units in taken.items())
