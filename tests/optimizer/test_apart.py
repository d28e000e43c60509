"""Parts that are planned apart are put together for the least: by hand, against every choice, and against a line fewer."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest

from engine.domain.basket import BasketLine, Constraints, DeliveryMethod
from engine.domain.enums import OrderBy
from engine.domain.plan import CertificateStatus, Plan
from engine.domain.reasons import Reason
from engine.network.image import compile_image
from engine.network.records import Item, Policy
from engine.optimizer.apart import joint_micros, worth_shipping
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import decide_explained
from engine.optimizer.explanation import Known, Level, Without
from engine.optimizer.scene import Scene, set_scene
from tests.optimizer.baskets import drawn_basket, drawn_image, drawn_stock
from tests.optimizer.test_shortage import AMS, BOLT, EHV, LAMP, collect, line, small_scene

NODES_MAX = 2_000
PARCEL, FARTHER = 4_950_000, 110
"""What the post asks, and what a parcel from Eindhoven costs above that."""


def micros_of(split: int, totals: Sequence[int], short: Sequence[int], ships: Sequence[bool]) -> int:
    """What parts cost together, once it is known which of them ship."""
    parts = sum(total if ship else left for total, left, ship in zip(totals, short, ships, strict=True))
    return parts + split * max(0, sum(ships) - 1)


def test_which_parts_ship_is_the_best_of_every_choice() -> None:
    rng = random.Random(1)
    for _ in range(2_000):
        count, split = rng.randint(1, 4), rng.randint(0, 4)
        short = [rng.randint(0, 9) for _ in range(count)]
        totals = [rng.randint(0, left) for left in short]
        costs = {ships: micros_of(split, totals, short, ships) for ships in product([False, True], repeat=count)}
        least = min(costs.values())
        found = tuple(worth_shipping(split, totals, short))
        assert joint_micros(split, totals, short) == costs[found] == least
        assert sum(found) == min(sum(ships) for ships, micros in costs.items() if micros == least)


def plan_of(scene: Scene) -> tuple[Plan, list[tuple[int, Reason]]]:
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert plan.certificate.status is CertificateStatus.OPTIMAL
    assert plan.certificate.objective_micros == plan.cost_micros
    return plan, [(short.line, short.reason) for short in plan.short_lines]


@pytest.mark.parametrize(("short_micros", "is_short"), [(6_000_000, True), (8_000_000, False), (None, False)])
def test_an_item_that_ships_alone_is_left_out_where_that_costs_less_than_a_shipment_more(
    short_micros: int | None, is_short: bool
) -> None:
    """One parcel more costs 4,950,110 and 3,000,000 for being another."""
    items = tuple(Item(name, weight_grams=500, ship_alone=name == "lamp") for name in ("bolt", "lamp"))
    scene = small_scene(
        line(BOLT, 1), line(LAMP, 1), stock={(BOLT, EHV): 5, (LAMP, EHV): 5}, items=items,
        policy=Policy("all", split_micros=3_000_000, short_micros=short_micros),
    )  # fmt: skip
    plan, short = plan_of(scene)
    assert short == [(LAMP, Reason.SHORT_IS_CHEAPER)] * is_short
    assert plan.cost_micros == PARCEL + FARTHER + (short_micros or 0 if is_short else PARCEL + FARTHER + 3_000_000)


@pytest.mark.parametrize(("short_micros", "is_short"), [(6_000_000, True), (8_000_000, False), (None, False)])
def test_what_ships_beside_a_collection_is_left_out_where_that_costs_less(short_micros: int | None, is_short: bool) -> None:
    """The parcel of 4,950,000 is a delivery more, for 3,000,000; what is collected costs nothing."""
    scene = small_scene(
        collect(BOLT, 1), line(LAMP, 1), stock={(BOLT, EHV): 5, (LAMP, AMS): 5},
        policy=Policy("all", split_micros=3_000_000, short_micros=short_micros),
    )  # fmt: skip
    plan, short = plan_of(scene)
    assert short == [(1, Reason.SHORT_IS_CHEAPER)] * is_short
    assert plan.cost_micros == (short_micros if is_short else PARCEL + 3_000_000)


def test_an_explanation_counts_the_delivery_that_is_one_more() -> None:
    """Shipping from Amsterdam is 4,950,000 and 3,000,000, less 6,000,000; no limit keeps the lamp from being had."""
    scene = small_scene(
        collect(BOLT, 1), line(LAMP, 1), stock={(BOLT, EHV): 5, (LAMP, AMS): 5}, limits=Constraints(max_distance_meters=90_000),
        policy=Policy("all", split_micros=3_000_000, short_micros=6_000_000),
    )  # fmt: skip
    plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
    assert [short.reason for short in plan.short_lines] == [Reason.SHORT_IS_CHEAPER]
    assert explained.known[AMS] == Known.EXACT
    assert explained.difference_micros[AMS] == PARCEL + 3_000_000 - 6_000_000
    assert not explained.bindings


def test_leaving_what_ships_beside_a_collection_saves_the_delivery() -> None:
    """Without Amsterdam nothing ships: 9,000,000 less 4,950,000, and less the split, which is not known to be saved."""
    scene = small_scene(
        collect(BOLT, 1), line(LAMP, 1), stock={(BOLT, EHV): 5, (LAMP, AMS): 5},
        policy=Policy("all", split_micros=3_000_000, short_micros=9_000_000),
    )  # fmt: skip
    plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
    assert not plan.short_lines
    assert explained.without == (Without(AMS, 9_000_000 - PARCEL, Known.AT_MOST),)


def drawn_parts(seed: int) -> Scene:
    """A basket of which parts go apart: some lines are collected, some items ship alone; a unit short has a price."""
    rng = random.Random(seed)
    image = drawn_image(rng, 4)
    items = tuple(replace(item, ship_alone=rng.random() < 0.4) for item in image.records.items)
    policies = tuple(
        replace(
            p, short_micros=rng.choice([1, 1_000_000, 10_000_000]), order_by=OrderBy.COST,
            split_micros=p.split_micros * rng.choice([0, 1, 5]),
        )
        for p in image.records.policies
    )  # fmt: skip
    places = tuple(replace(place, pickup=True) for place in image.records.locations)
    image = compile_image(replace(image.records, items=items, policies=policies, locations=places))
    basket = drawn_basket(rng, image, 3)
    if image.location_ids and rng.random() < 0.6:
        lines = tuple(collected(each, rng.randrange(len(places))) if rng.random() < 0.6 else each for each in basket.lines)
        basket = replace(basket, lines=lines)
    return set_scene(image, drawn_stock(rng, image), basket)


def collected(asked: BasketLine, location: int) -> BasketLine:
    return replace(
        asked, delivery_method=DeliveryMethod.PICKUP, pickup_location=location, service_level="", preferred_services=()
    )  # fmt: skip


@pytest.mark.parametrize("first_seed", range(0, 80, 20))
def test_no_bound_lies_above_what_is_had_with_a_line_left_out(first_seed: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first_seed, first_seed + 20):
        scene = drawn_parts(seed)
        plan = decide_basket(scene, scene.services, NODES_MAX)
        assert plan.certificate.objective_micros == plan.cost_micros
        assert scene.short_micros is not None
        for i, each in enumerate(scene.basket.lines):
            fewer = decide_basket(replace(scene, left_out=frozenset({i})), scene.services, NODES_MAX)
            without = fewer.cost_micros + each.quantity * scene.short_micros
            assert plan.certificate.lower_bound_micros <= without, (seed, i)
        seen[plan.certificate.status] += 1
    assert seen[CertificateStatus.OPTIMAL] > 4, seen
