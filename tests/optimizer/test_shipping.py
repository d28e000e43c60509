"""Limits that take several tries: against every plan of whole lines, on random scenes, and by hand."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from engine.domain.basket import Constraints
from engine.domain.enums import OrderBy
from engine.domain.plan import CertificateStatus
from engine.domain.reasons import Reason
from engine.inventory.matrix import Slot
from engine.network.image import compile_image
from engine.network.records import Policy
from engine.optimizer.candidates import ShipRequest, ship_candidates
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.shipping import decide_shipping
from engine.optimizer.small_parts import keep_parts
from engine.optimizer.solve import solve
from tests.naive.shipping import cheapest
from tests.optimizer.baskets import NOW, drawn_basket, drawn_image, drawn_stock
from tests.optimizer.test_shortage import AMS, BOLT, EHV, LAMP, line, small_scene

NODES_MAX = 20_000
PRICES = (0, 1, 200_000, 5_000_000)


def limited_scene(seed: int) -> Scene:
    """A small scene whose basket has sets, soft limits, or items that ship alone; no line is divided or in part."""
    rng = random.Random(seed)
    image = drawn_image(rng, locations_max=3)
    records = image.records
    alone = rng.random() < 0.3
    items = tuple(replace(item, ship_alone=alone and rng.random() < 0.5) for item in records.items)
    policies = tuple(
        replace(p, allow_split_lines=False, short_micros=None, max_locations_per_order=None, order_by=OrderBy.COST)
        for p in records.policies
    )
    image = compile_image(replace(records, items=items, policies=policies))
    basket = drawn_basket(rng, image, lines_max=3)
    sets = rng.choice(["none", "ship", "arrival"])
    lines = tuple(
        replace(
            each, fill_or_kill=True, ship_set=rng.choice([-1, 0]) if sets == "ship" else -1,
            arrival_set=rng.choice([-1, 0, 0]) if sets == "arrival" else -1,
        )
        for each in basket.lines
    )  # fmt: skip
    return set_scene(image, drawn_stock(rng, image), replace(basket, lines=lines, constraints=drawn_limits(rng, image)))


def drawn_limits(rng: random.Random, image: Any) -> Constraints:
    """Hard and soft limits now and then."""
    values: dict[str, Any] = {}
    penalties: list[tuple[str, int]] = []

    def sometimes(name: str, value: Any, soft: str | None = None) -> None:
        if rng.random() < 0.2:
            values[name] = value
            if rng.random() < 0.7:
                penalties.append((soft or name, rng.choice(PRICES)))

    sometimes("max_locations", 1)
    sometimes("no_split_below_micros", 1, "no_split_locations")
    sometimes("max_distance_meters", rng.choice([1_000, 90_000]))
    sometimes("ship_complete", True)
    sometimes("international", False)
    sometimes("express_only", tuple(rng.sample(range(len(image.location_ids)), 1)))
    return Constraints(**values, penalties=tuple(penalties))


@pytest.mark.parametrize("first_seed", range(0, 300, 50))
def test_the_best_of_all_tries_is_the_best_of_all_plans(first_seed: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first_seed, first_seed + 50):
        scene = limited_scene(seed)
        assert scene.lanes is not None
        lines = tuple(range(len(scene.basket.lines)))
        before = scene.stock.matrix.demand.copy(), scene.stock.capacity_used.copy()
        found = decide_shipping(scene, scene.lanes, ShipRequest(lines, scene.services), NODES_MAX)
        assert (scene.stock.matrix.demand == before[0]).all()
        assert (scene.stock.capacity_used == before[1]).all()
        units, micros = cheapest(scene, scene.lanes, lines, scene.services)
        asked = sum(each.quantity for each in scene.basket.lines)
        short = asked - sum(q for load in found.loads for _, q in load.quantities)
        plan = decide_basket(scene, scene.services, NODES_MAX)
        cost = plan.cost_micros
        assert short == sum(each.quantity for each in plan.short_lines)
        proven = found.objective_micros == found.lower_bound_micros
        arriving = any(each.arrival_set >= 0 for each in scene.basket.lines)
        if proven and not arriving:
            assert (short, cost) == (units, micros), seed
        if proven and arriving:
            # The slow way does not know that a parcel can wait for the others.
            assert (short, cost) <= (units, micros), seed
            days = {
                s.delivery_latest_minute // 1_440 for s in plan.shipments
                if any(scene.basket.lines[p.line].arrival_set >= 0 for p in s.pegs)
            }  # fmt: skip
            assert len(days) <= 1, seed
        # Items that ship alone may wait for days that no single shipment needs, which the slow way does not know.
        assert (units, micros) <= (short, cost) or scene.image.ship_alone.any() or arriving, seed
        seen["proven" if proven else "bounded"] += 1
        seen["penalty"] += any(t.term == "penalty" for t in plan.terms)
        seen["short"] += bool(short)
    assert seen["proven"] > 40, seen


APART = {(BOLT, AMS): 5, (LAMP, EHV): 5}
BOTH = {**APART, (BOLT, EHV): 5}


def locations(scene: Scene) -> list[int]:
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert plan.certificate.status is CertificateStatus.OPTIMAL
    return [shipment.location for shipment in plan.shipments]


def test_a_ship_set_leaves_one_location_or_not_at_all() -> None:
    asked = [line(BOLT, 1, ship_set=0), line(LAMP, 1, ship_set=0)]
    assert locations(small_scene(*asked, stock=BOTH)) == [EHV]
    plan = decide_basket(scene := small_scene(*asked, stock=APART), scene.services, NODES_MAX)
    assert not plan.shipments
    assert {short.restricted_by for short in plan.short_lines} == {("lines[1].ship_set",)}


def test_a_soft_limit_is_broken_where_that_is_cheaper() -> None:
    def plan_at(price: int) -> Any:
        limits = Constraints(ship_complete=True, penalties=(("ship_complete", price),))
        scene = small_scene(line(BOLT, 1), line(LAMP, 1), stock=APART, limits=limits)
        return decide_basket(scene, scene.services, NODES_MAX)

    # Nothing has both, so that the limit is broken at any price rather than leave a line out.
    for price in (0, 7, 10**12):
        plan = plan_at(price)
        assert len(plan.shipments) == 2
        assert sum(t.weighted_micros for t in plan.terms if t.term == "penalty") == price
        assert plan.certificate.objective_micros == plan.cost_micros


def test_items_that_ship_alone_have_a_shipment_each() -> None:
    items = tuple(replace(item, ship_alone=item.item_id == "lamp") for item in small_scene(line(0, 1), stock={}).image.items)
    scene = small_scene(line(BOLT, 1), line(LAMP, 1), stock={(BOLT, EHV): 5, (LAMP, EHV): 5}, items=items)
    assert locations(scene) == [EHV, EHV]
    # On a day with room for one order, the other waits for the next.
    scene = small_scene(line(BOLT, 1), line(LAMP, 1), stock={(BOLT, EHV): 5, (LAMP, EHV): 5}, items=items, capacity=1)
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert len({shipment.capacity_day for shipment in plan.shipments}) == 2
    assert not plan.short_lines


@pytest.mark.parametrize(("short_micros", "micros"), [(None, 4_950_000), (3_000_000, 4_950_000 + 3_000_000)])
def test_a_line_that_cannot_wait_for_its_arrival_set_comes_without_the_rest(short_micros: int | None, micros: int) -> None:
    """Five bolts are due long before the lamp can be there; rather the lamp is short than they are."""
    scene = small_scene(
        line(BOLT, 5, arrival_set=0, latest_minute=NOW + 5 * 1_440), line(LAMP, 1, arrival_set=0), stock={(BOLT, AMS): 9},
        policy=Policy("all", short_micros=short_micros),
    )  # fmt: skip
    matrix = scene.stock.matrix
    matrix.change(LAMP, EHV, matrix.slot_index(Slot("R", "", NOW + 9 * 1_440, True)), 1, 0)
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert [(short.line, short.quantity) for short in plan.short_lines] == [(1, 1)]
    assert plan.certificate.status is CertificateStatus.OPTIMAL
    assert plan.cost_micros == micros


def test_a_unit_heavier_than_a_package_does_not_go_in_two() -> None:
    """Three bolts of 6 kg go in packages of at most 10 kg; one of 12 kg goes nowhere."""
    plain = small_scene(line(BOLT, 3), stock=BOTH).image.records
    services = tuple(replace(each, max_package_grams=10_000) for each in plain.carrier_services)

    def plan_for(grams: int) -> Any:
        items = tuple(replace(item, weight_grams=grams) for item in plain.items)
        scene = small_scene(line(BOLT, 3), stock=BOTH, items=items, carrier_services=services)
        return decide_basket(scene, scene.services, NODES_MAX)

    assert plan_for(6_000).shipments
    plan = plan_for(12_000)
    assert not plan.shipments
    assert [(short.quantity, short.reason) for short in plan.short_lines] == [(3, Reason.NO_ROUTE)]


def test_no_part_is_smaller_than_asked() -> None:
    stock = {(BOLT, AMS): 4, (BOLT, EHV): 3}
    scene = small_scene(line(BOLT, 5, min_split_quantity=3), stock=stock)
    assert scene.lanes is not None
    candidates = ship_candidates(scene, scene.lanes, ShipRequest((0,), scene.services))
    assert candidates.problem is not None
    solution = keep_parts(scene, candidates, solve(candidates.problem, NODES_MAX), NODES_MAX)
    for part in solution.placements:
        assert part.column < 0 or part.quantity >= 3
    assert solution.lower_bound_micros <= solution.objective_micros
    # Locations with less than that are out of it.
    scene = small_scene(line(BOLT, 5, min_split_quantity=4), stock=stock)
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert {shipment.location for shipment in plan.shipments} <= {AMS}
