"""Small baskets with all that may be asked at once, collected in part: whole decisions against every plan counted.

Nothing is called optimal, or impossible, that is not; no bound lies above the truth; no plan breaks a limit or has a price of
one that it keeps.
"""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from engine.domain.basket import Basket, BasketLine, Constraints, DeliveryMethod, DestinationKey
from engine.domain.plan import CertificateStatus, Plan, deliveries
from engine.inventory.effects import PositionChange
from engine.inventory.live import LiveStock
from engine.network.image import compile_image
from engine.network.records import CarrierService, Item, Location, LocationKind, Policy, Tariff, Zone
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import decide_explained
from engine.optimizer.explanation import Level
from engine.optimizer.location_limit import limit_of
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.shortage import restrictions_of
from tests.naive.baskets import Judged, SmallBasket, best_of_all, judged
from tests.network.small_network import small_records
from tests.optimizer.test_shortage import BOLT, EHV, LAMP, NYC, collect, line, small_scene

NOW = 29_000_000
NODES_MAX = 2_000
SEEDS_EACH = 250

LIMITS = {
    "max_locations": (0.25, (1, 2)), "max_locations_per_line": (0.15, (1, 2)), "ship_complete": (0.12, (1,)),
    "no_split_below_micros": (0.15, (60,)), "no_split_classes": (0.15, (1,)),
}  # fmt: skip
"""(how often, values)."""


def drawn_basket(seed: int) -> SmallBasket:
    rng = random.Random(seed)
    count, items = rng.randint(1, 3), rng.randint(1, 3)
    locations = tuple(
        Location(
            f"L{n}", LocationKind.DC, "1012", "NL", 52.1 + 0.3 * n, 5.2, "Europe/Amsterdam", pickup=rng.random() < 0.8,
            ships=rng.random() < 0.95, pack_cost_micros=rng.randint(0, 50), pick_cost_micros=rng.randint(0, 20),
            unit_cost_micros=rng.randint(0, 9),
        )
        for n in range(count)
    )  # fmt: skip
    policy = Policy(
        "p", short_micros=rng.choice([None, None, 0, 30, 100, 1_000]), split_micros=rng.choice([0, 0, 5, 60]),
        weights=(("distance", 0),), allow_split_lines=rng.random() < 0.7,
        max_locations_per_order=rng.choice([None] * 5 + [1, 2]), max_locations_per_line=rng.choice([None] * 5 + [1, 2]),
        no_split_below_micros=rng.choice([0] * 5 + [50]),
    )  # fmt: skip
    is_mixed = rng.random() < 0.4
    lines = tuple(drawn_line(rng, n, items, count, is_mixed) for n in range(rng.randint(1, 3)))
    limits = {name: rng.choice(values) for name, (often, values) in LIMITS.items() if rng.random() < often}
    return SmallBasket(
        locations,
        tuple(Item(f"I{n}", ship_alone=rng.random() < 0.15, item_class=rng.choice(["", "c", "d"])) for n in range(items)),
        {(item, n): rng.choice([0, 1, 2, 3, 4]) for item in range(items) for n in range(count)}, policy,
        tuple(rng.randint(0, 200) for _ in range(count)), lines, limits,
        {name: rng.choice([0, 3, 25, 150]) for name in limits if rng.random() < 0.5},
    )  # fmt: skip


def drawn_line(rng: random.Random, n: int, items: int, locations: int, is_mixed: bool) -> BasketLine:
    line = BasketLine(
        f"l{n}", rng.randrange(items), rng.choice([1, 1, 2, 3]), unit_price_micros=rng.choice([0, 10, 40]),
        fill_or_kill=rng.random() < 0.12, ship_complete=rng.random() < 0.1, max_splits=int(rng.random() < 0.1),
        min_split_quantity=2 * (rng.random() < 0.1), ship_set=0 if rng.random() < 0.15 else -1,
        allowed_locations=tuple(sorted(rng.sample(range(locations), rng.randint(1, locations)))) if rng.random() < 0.1 else (),
        excluded_locations=(rng.randrange(locations),) if rng.random() < 0.1 else (),
        preassigned_location=rng.randrange(locations) if rng.random() < 0.05 else -1,
    )  # fmt: skip
    if is_mixed and rng.random() < 0.5:
        line = replace(line, delivery_method=DeliveryMethod.PICKUP, pickup_location=rng.randrange(locations))
    return line


def is_asked(given: SmallBasket) -> bool:
    """Whether it may be asked, and its plans are those counted: a set goes one way, a whole basket leaves in one shipment."""
    of_set = {(line.delivery_method, line.pickup_location) for line in given.lines if line.ship_set >= 0}
    is_mixed = any(line.is_collected for line in given.lines)
    is_alone = any(item.ship_alone for item in given.items)
    return len(of_set) <= 1 and not ("ship_complete" in given.limits and (is_mixed or is_alone))


def scene_of(given: SmallBasket) -> Scene:
    ids = [place.location_id for place in given.locations]
    records = small_records(
        locations=given.locations, items=given.items, carrier_services=(CarrierService("post", "STANDARD"),),
        zones=tuple(Zone("post", "NL", place, 1, origin_location_id=place) for place in ids),
        tariffs=tuple(Tariff("post", place, 10**6, micros) for place, micros in zip(ids, given.carrier_micros, strict=True)),
        policies=(given.policy,),
    )  # fmt: skip
    image = compile_image(records)
    stock = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1_440)
    for (item, location), units in given.stock.items():
        stock.apply_change(PositionChange(given.items[item].item_id, ids[location], "", "", units, 0, None))
    limits, classes = (
        given.limits,
        {int(image.item_class_index[n]) for n, item in enumerate(given.items) if item.item_class == "c"},
    )
    names = {"no_split_below_micros": "no_split_locations"}
    constraints = Constraints(
        max_locations=limits.get("max_locations"), max_locations_per_line=limits.get("max_locations_per_line"),
        no_split_below_micros=limits.get("no_split_below_micros"), ship_complete="ship_complete" in limits,
        no_split_classes=tuple(sorted(classes)) if "no_split_classes" in limits else (),
        penalties=tuple((names.get(name, name), micros) for name, micros in given.prices.items()),
    )  # fmt: skip
    return set_scene(image, stock, Basket(given.lines, NOW, DestinationKey("NL", "1012"), constraints=constraints))


def units_of(given: SmallBasket, plan: Plan) -> list[tuple[int, ...]]:
    """Of each line, from each location."""
    units = [[0] * len(given.locations) for _ in given.lines]
    for shipment in plan.shipments:
        for peg in shipment.pegs:
            units[peg.line][shipment.location] += peg.quantity
    return [tuple(row) for row in units]


@pytest.mark.parametrize("first_seed", range(0, 4 * SEEDS_EACH, SEEDS_EACH))
def test_decisions_are_the_best_of_every_plan_or_say_that_they_may_not_be(first_seed: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first_seed, first_seed + SEEDS_EACH):
        given = drawn_basket(seed)
        if not is_asked(given):
            continue
        scene = scene_of(given)
        plan = decide_basket(scene, scene.services, NODES_MAX)
        proof, short = plan.certificate, sum(each.quantity for each in plan.short_lines)
        found = Judged(short if given.policy.short_micros is None else 0, proof.objective_micros)
        assert judged(given, units_of(given, plan)) == found, seed
        best = best_of_all(given)
        assert found >= best, seed
        if proof.status is not CertificateStatus.BOUNDED:
            assert found == best, (seed, found, best)
        if found.units == best.units:
            assert proof.lower_bound_micros <= best.micros, (seed, proof, best)
        seen[proof.status.name] += 1
        seen["best"] += found == best
    assert seen["OPTIMAL"] > 80 and seen["INFEASIBLE"] > 15, seen
    assert seen["best"] > 0.9 * (seen["OPTIMAL"] + seen["INFEASIBLE"] + seen["BOUNDED"]), seen


def test_a_decision_that_is_cut_keeps_to_what_is_asked() -> None:
    """Whatever has not been tried by then: no limit is broken, and no bound lies above the truth."""
    limited = 0
    for seed in range(400):
        given = drawn_basket(seed)
        if not is_asked(given):
            continue
        scene = replace(scene_of(given), is_cut=lambda: True)
        limited += limit_of(scene) is not None
        plan = decide_basket(scene, scene.services, NODES_MAX)
        found, best = judged(given, units_of(given, plan)), best_of_all(given)
        assert found is not None and found >= best, seed
        if found.units == best.units:
            assert plan.certificate.lower_bound_micros <= best.micros, seed
    assert limited > 30


def units_and_micros(scene: Scene, plan: Plan) -> tuple[int, int]:
    """(units that it holds, what it costs without those that are short)"""
    short = (scene.short_micros or 0) * sum(each.quantity for each in plan.short_lines)
    return sum(peg.quantity for s in plan.shipments for peg in s.pegs), plan.certificate.objective_micros - short


def test_what_binds_a_basket_collected_in_part_is_told_as_deciding_without_it_finds() -> None:
    """Where the number of locations is limited, what is collected is decided anew with what is shipped."""
    seen: Counter[str] = Counter()
    for seed in range(1_000):
        given = drawn_basket(seed)
        scene = scene_of(given)
        if not is_asked(given) or limit_of(scene) is None:
            continue
        demand = scene.stock.matrix.demand.copy()
        plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
        assert np.array_equal(scene.stock.matrix.demand, demand), seed
        if not any(line.is_shipped for line in given.lines) or (not plan.shipments and scene.short_micros is not None):
            continue
        told = {each.field: each for each in explained.bindings}
        units, micros = units_and_micros(scene, plan)
        is_beside = scene.short_micros is not None and deliveries(s for s in plan.shipments if s.service < 0) > 0
        for restriction in restrictions_of(scene):
            freed = restriction.without(scene)
            more, other = units_and_micros(freed, decide_basket(freed, scene.services, NODES_MAX))
            binds = more > units or (more == units and other < micros)
            if is_beside and not any(s.service >= 0 for s in plan.shipments):
                continue
            assert (restriction.field in told) == binds, (seed, restriction.field)
            if binds:
                assert told[restriction.field].more_units == more - units, seed
                seen[restriction.field.rpartition(".")[2]] += 1
    assert seen.total() > 8 and seen["max_locations_per_order"], seen


def test_where_no_location_is_left_what_is_digital_is_delivered_and_each_other_line_is_short_once() -> None:
    """Other shipments of the order have taken the only one; a line that was killed before is named by who killed it."""
    wanted = [collect(BOLT, 1, NYC), line(LAMP, 1), line(BOLT, 1, delivery_method=DeliveryMethod.DIGITAL), line(LAMP, 1)]
    limits = Constraints(max_locations=1, locations_taken=1)
    scene = replace(small_scene(*wanted, stock={(BOLT, NYC): 5, (LAMP, EHV): 5}, limits=limits), left_out=frozenset({3}))
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert [[peg.line for peg in shipment.pegs] for shipment in plan.shipments] == [[2]]
    told = [(short.line, short.quantity, short.restricted_by) for short in plan.short_lines]
    assert told == [(0, 1, ("constraints.max_locations",)), (1, 1, ("constraints.max_locations",))]
