"""Locations that ship several times: against every plan there is, and by hand."""

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.domain.plan import CertificateStatus, Plan
from engine.inventory.matrix import Slot
from engine.network.records import Policy, Tariff, Zone
from engine.optimizer.candidates import Candidates
from engine.optimizer.cut import never_cut
from engine.optimizer.decide import decide_basket
from engine.optimizer.departures import solve_departures
from engine.optimizer.load import Columns
from engine.optimizer.scene import Scene
from engine.optimizer.solve import solve
from tests.naive.departures import cheapest_departures
from tests.optimizer.baskets import NOW
from tests.optimizer.problems import UNLIMITED, hand_made
from tests.optimizer.test_shortage import AMS, BOLT, EHV, LAMP, line, small_scene

NODES_MAX = 20_000
DAY = 1_440
LATE = Policy("late", late_micros_per_day=1_000_000, split_micros=100_000)


def drawn(rng: random.Random) -> tuple[Any, list[int], list[int], list[int]]:
    """A problem, and location, start and day of each of its columns: more has landed at each later start."""
    n, places = rng.randint(1, 2), rng.randint(1, 2)
    location, start, day = [], [], []
    for place in range(places):
        for moment in range(rng.randint(1, 3)):
            for _ in range(rng.choice([1, 1, 2])):
                location.append(place)
                start.append(moment)
                # Two moments may lie on one day.
                day.append(moment // 2)
    columns = len(location)
    items = rng.randint(1, n)
    landed = {(k, p): sorted(rng.randint(0, 5) for _ in range(3)) for k in range(items) for p in range(places)}
    kind, per_unit = rng.randint(0, 2), rng.choice([0, 20, 60])
    left = {(p, d): rng.choice([UNLIMITED, UNLIMITED, 1, 2]) for p in range(places) for d in range(2)}
    problem = hand_made(
        [[landed[k, p][s] for p, s in zip(location, start, strict=True)] for k in range(items)],
        [rng.randint(1, 4) for _ in range(n)],
        item=[min(j, items - 1) for j in range(n)], grams=[1] * n, volume=[0] * n,
        short_micros=[rng.choice([30, 300])] * n,
        line_locations_max=[rng.choice([1, 2, 2**31, 2**31]) for _ in range(n)],
        allowed=[[rng.random() < 0.85 for _ in location] for _ in range(n)], location=location,
        fixed=[10 + rng.randint(0, 25) for _ in location],
        line_micros=[[rng.choice([0, 9]) + late * moment for moment in start] for late in rng.choices([0, 0, 80, 200], k=n)],
        unit_micros=[rng.randint(0, 5) + per_unit * moment for moment in start], capacity_kind=[kind] * columns,
        capacity_left=[left[p, d] for p, d in zip(location, day, strict=True)],
        locations_max=rng.choice([1, 2**31, 2**31]),
    )  # fmt: skip
    return problem, location, start, day


@pytest.mark.parametrize("first_seed", range(0, 600, 150))
def test_the_best_plan_is_the_best_of_all(first_seed: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first_seed, first_seed + 150):
        problem, location, start, day = drawn(random.Random(seed))
        count = len(location)
        facts = Columns(*(np.array(v, np.int64) for v in (location, [0] * count, start, start, start, start, day)))
        least = SimpleNamespace(min_split_quantity=0, quantity=1)
        scene: Any = SimpleNamespace(
            locations_max=problem.locations_max, is_cut=never_cut, basket=SimpleNamespace(lines=[least] * problem.line_count)
        )
        candidates = Candidates(problem, tuple(range(problem.line_count)), facts)
        departure = np.unique(np.stack((facts.location, facts.start_minute)), axis=1, return_inverse=True)[1].reshape(-1)
        once = solve(problem, NODES_MAX)
        found = solve_departures(scene, candidates, departure, once, NODES_MAX)
        best = cheapest_departures(problem, location, start, day)
        assert found.lower_bound_micros <= best <= found.objective_micros <= once.objective_micros, seed
        if found.objective_micros == found.lower_bound_micros:
            assert found.objective_micros == best, seed
            seen["proven"] += 1
        seen["several"] += found.objective_micros < once.objective_micros
    assert seen["proven"] > 120, seen
    assert seen["several"] > 10, seen


def scene_with(*lines: Any, now: dict[tuple[int, int], int], later: dict[tuple[int, int], int], policy: Policy) -> Scene:
    """Stock now, and what lands in five days."""
    scene = small_scene(*lines, stock=now, policy=policy)
    matrix = scene.stock.matrix
    for (item, location), units in later.items():
        matrix.change(item, location, matrix.slot_index(Slot("PO", "", NOW + 5 * DAY, True)), units, 0)
    return scene


def planned(scene: Scene) -> Plan:
    before = scene.stock.matrix.demand.copy()
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert (scene.stock.matrix.demand == before).all()
    return plan


def parts(scene: Scene, plan: Plan) -> list[tuple[int, str, int]]:
    """(location, receipt, units) of each peg, in the order of the shipments."""
    slots = scene.stock.matrix.slots
    return [(p.location, slots[p.slot].receipt_id, p.quantity) for s in plan.shipments for p in s.pegs]


DUE = NOW + 3 * DAY


def test_what_is_there_is_in_time_and_the_rest_follows() -> None:
    scene = scene_with(line(BOLT, 20, latest_minute=DUE), now={(BOLT, EHV): 10}, later={(BOLT, EHV): 10}, policy=LATE)
    plan = planned(scene)
    assert parts(scene, plan) == [(EHV, "", 10), (EHV, "PO", 10)]
    assert plan.certificate.status is CertificateStatus.OPTIMAL
    assert not plan.short_lines
    first, second = plan.shipments
    assert first.delivery_latest_minute <= DUE < second.delivery_latest_minute
    late = -(-(second.delivery_latest_minute - DUE) // DAY)
    costs = {term.term.value: term.raw_micros for term in plan.terms}
    assert (costs["lateness"], costs["split"]) == (10 * late * 1_000_000, 100_000)


def test_lines_due_at_different_times_leave_one_location_at_different_times() -> None:
    """No price of lateness: the bolt is there now and due soon, the lamp lands after that."""
    lines = line(BOLT, 1, latest_minute=DUE), line(LAMP, 1)
    scene = scene_with(*lines, now={(BOLT, EHV): 1}, later={(LAMP, EHV): 1}, policy=Policy("all"))
    plan = planned(scene)
    assert parts(scene, plan) == [(EHV, "", 1), (EHV, "PO", 1)]
    assert plan.certificate.status is CertificateStatus.OPTIMAL


def test_lines_not_due_go_together() -> None:
    scene = scene_with(line(BOLT, 1), line(LAMP, 1), now={(BOLT, EHV): 1}, later={(LAMP, EHV): 1}, policy=Policy("all"))
    assert len(planned(scene).shipments) == 1


def test_lines_of_different_services_leave_one_location() -> None:
    lines = line(BOLT, 1, preferred_services=(0,)), line(LAMP, 1, preferred_services=(1,))
    zones = Zone("post", "NL", "home", 1), Zone("air", "NL", "fly", 1)
    tariffs = Tariff("post", "home", 10_000, 4_950_000), Tariff("air", "fly", 10_000, 9_950_000)
    scene = small_scene(*lines, stock={(BOLT, AMS): 1, (LAMP, AMS): 1}, zones=zones, tariffs=tariffs)
    plan = planned(scene)
    assert plan.certificate.status is CertificateStatus.OPTIMAL
    assert sorted(s.service for s in plan.shipments) == [0, 1]
    assert plan.certificate.objective_micros == plan.cost_micros


def test_what_is_not_wanted_yet_waits_and_the_rest_with_it() -> None:
    scene = small_scene(line(BOLT, 1, earliest_minute=NOW + 9 * DAY), line(LAMP, 1), stock={(BOLT, EHV): 1, (LAMP, EHV): 1})
    (shipment,) = planned(scene).shipments
    assert shipment.delivery_earliest_minute >= NOW + 9 * DAY


def test_nothing_is_there_before_it_is_wanted() -> None:
    for days in (2, 9, 40):
        wanted = NOW + days * DAY
        asked = line(BOLT, 1, earliest_minute=wanted), line(LAMP, 1, latest_minute=wanted)
        scene = small_scene(*asked, stock={(BOLT, EHV): 1, (LAMP, EHV): 1})
        plan = planned(scene)
        assert not plan.short_lines
        first, second = plan.shipments
        assert [p.item for p in first.pegs] == [LAMP]
        assert [p.item for p in second.pegs] == [BOLT]
        assert wanted <= second.delivery_earliest_minute < wanted + 4 * DAY
