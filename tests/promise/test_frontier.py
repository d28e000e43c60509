"""The trade-off of date against cost, against every plan there is; and what must hold of it on any basket."""

import math
from dataclasses import replace

import numpy as np

from engine.domain.basket import DeliveryMethod
from engine.domain.enums import OrderBy
from engine.domain.plan import CertificateStatus
from engine.optimizer.candidates import ShipRequest, ship_candidates
from engine.optimizer.decide import decide_basket
from engine.optimizer.departures import departures_of, differ_in_services
from engine.optimizer.explain import is_one_problem
from engine.optimizer.problem import Problem
from engine.optimizer.scene import Scene
from engine.promise.frontier import POINTS_MAX, frontier, there_by, units_short
from engine.promise.quote import quote_promise
from tests.naive.alternatives import cheapest_by_use
from tests.naive.assignment import divisions
from tests.naive.departures import cheapest_departures
from tests.optimizer.baskets import drawn_scene

NODES_MAX = 100_000
PLANS_MAX = 3_000
"""Counted one by one, where a location may ship several times."""


def small_scene(seed: int) -> Scene | None:
    """A drawn scene whose plans can be counted; lateness has a price in some of them."""
    scene = drawn_scene(seed, lines_max=3, locations_max=5)
    lines = tuple(line for line in scene.basket.lines if line.quantity <= 3)
    if not lines or scene.lanes is None:
        return None
    policy = replace(scene.policy, order_by=OrderBy.COST, short_micros=None)
    return replace(scene, basket=replace(scene.basket, lines=lines), policy=policy)


def plan_count(problem: Problem) -> int:
    """How many ways there are to divide all lines."""
    return math.prod(len(list(divisions(problem, line, divide=True))) for line in range(problem.line_count))


def efficient_pairs(scene: Scene) -> list[tuple[int, int]] | None:
    """(date, cost) of which no other is as soon and costs no more, by counting all plans date by date."""
    lines = tuple(range(len(scene.basket.lines)))
    assert scene.lanes is not None
    request = ShipRequest(lines, scene.services)
    candidates = ship_candidates(scene, scene.lanes, request)
    problem = candidates.problem
    if problem is None or problem.column_count > 14 or problem.locations_max <= 0:
        return None
    facts = candidates.columns
    places, starts, days = facts.location.tolist(), facts.start_minute.tolist(), facts.day.tolist()
    apart = departures_of(scene, request, candidates) is not None
    if apart and (plan_count(problem) > PLANS_MAX or differ_in_services(scene, lines)):
        return None
    shortest_of_all = int(problem.short_micros.min())
    pairs: list[tuple[int, int]] = []
    for date in np.unique(candidates.columns.latest).tolist():
        in_time = problem._replace(allowed=problem.allowed & (candidates.columns.latest <= date))
        if apart:
            cost = cheapest_departures(in_time, places, starts, days)
        else:
            cost = min(micros for _, micros in cheapest_by_use(in_time, divide=True))
        # A unit short has no price: it costs more than any plan without.
        if cost < shortest_of_all and (not pairs or cost < pairs[-1][1]):
            pairs.append((date, cost))
    return pairs


def ships_once(scene: Scene) -> bool:
    """Whether each location ships once, as far as dates and services say."""
    assert scene.lanes is not None
    request = ShipRequest(tuple(range(len(scene.basket.lines))), scene.services)
    return departures_of(scene, request, ship_candidates(scene, scene.lanes, request)) is None


def test_frontier_is_that_of_every_plan_counted() -> None:
    points = longest = twice = 0
    for seed in range(900):
        scene = small_scene(seed)
        if scene is None or not is_one_problem(scene, tuple(range(len(scene.basket.lines)))):
            continue
        expected = efficient_pairs(scene)
        if expected is None:
            continue
        best = decide_basket(scene, scene.services, NODES_MAX)
        if best.short_lines or best.certificate.status is not CertificateStatus.OPTIMAL:
            continue
        demand = scene.stock.matrix.demand.copy()
        found = frontier(scene, best, NODES_MAX)
        if ships_once(scene) and any(len({s.location for s in plan.shipments}) < len(plan.shipments) for plan in found):
            # What no one service holds by that date went by two, which the slow way does not know of.
            twice += 1
            continue
        assert [(there_by(plan), plan.cost_micros) for plan in found] == expected, seed
        assert found[-1].cost_micros == best.cost_micros
        assert np.array_equal(scene.stock.matrix.demand, demand)
        points += len(found)
        longest = max(longest, len(found))
    assert points > 250 and twice < 10
    assert longest >= 3


def test_points_are_sooner_the_more_they_cost() -> None:
    """Whatever is asked for: pickups as well, sets, limits that are soft, lines that cannot be had whole."""
    several = 0
    for seed in range(300):
        scene = drawn_scene(seed, lines_max=6)
        best = decide_basket(scene, scene.services, 2_000)
        found = frontier(scene, best, 2_000)
        assert len(found) <= POINTS_MAX
        pairs = [(there_by(plan), plan.cost_micros) for plan in found]
        assert pairs == sorted(pairs) and pairs == sorted(pairs, key=lambda pair: -pair[1]), seed
        assert len({date for date, _ in pairs}) == len({cost for _, cost in pairs}) == len(pairs)
        assert all(units_short(plan) <= units_short(best) for plan in found)
        several += len(found) > 1
    assert several > 20


def test_what_is_collected_bounds_the_dates() -> None:
    """Nothing is collected before it is ready, and what is shipped is no sooner for it."""
    several = 0
    for seed in range(200):
        scene = drawn_scene(seed)
        places = np.flatnonzero(scene.image.pickup & scene.image.active).tolist()
        if len(scene.basket.lines) < 2 or not places:
            continue
        first = replace(
            scene.basket.lines[0], delivery_method=DeliveryMethod.PICKUP, pickup_location=places[0], allowed_locations=(),
            excluded_locations=(), preassigned_location=-1, service_level="", preferred_services=(),
        )  # fmt: skip
        mixed = replace(scene, basket=replace(scene.basket, lines=(first, *scene.basket.lines[1:])))
        best = decide_basket(mixed, mixed.services, 2_000)
        ready = [s.delivery_latest_minute for s in best.shipments if s.service < 0]
        found = frontier(mixed, best, 2_000)
        if ready and found:
            assert there_by(found[0]) >= max(ready)
            several += len(found) > 1
    assert several > 3


def test_a_quote_tells_it_unless_it_is_left_out() -> None:
    scene = next(
        found for seed in range(500)
        if (found := small_scene(seed)) is not None
        and len(frontier(found, decide_basket(found, found.services, NODES_MAX), NODES_MAX)) >= 3
    )  # fmt: skip
    basket = replace(scene.basket, policy_id=scene.policy.policy_id)
    told = quote_promise(scene.image, scene.stock, basket, 0, NODES_MAX)
    assert len(told.frontier) >= 2
    assert quote_promise(scene.image, scene.stock, basket, 0, NODES_MAX, with_frontier=False).frontier == ()
    assert min(plan.cost_micros for plan in told.frontier) == told.options[0].cost_micros
