"""What a location costs by how it performs and what it declines: shown raw and weighted, and set against other costs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.domain.basket import Basket, BasketLine, DeliveryMethod, DestinationKey
from engine.domain.enums import LocationKind, Term
from engine.domain.plan import Plan
from engine.inventory.live import LiveStock
from engine.kernels.assign import MICROS_MAX
from engine.network.image import compile_image
from engine.network.records import Item, Location, Policy, Zone
from engine.optimizer.decide import decide_basket
from engine.optimizer.direct import Request, decide_direct, suits_direct
from engine.optimizer.footprint import decline_micros, decline_table
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.workspace import location_costs
from tests.network.small_network import small_records
from tests.optimizer.baskets import NOW

CENTER, STORE = range(2)
NODES_MAX = 2_000
CARBON = {"carbon_micros_per_kg": 1}
"""Costs nothing here, since no carrier emits anything; but under a price of carbon an order takes the long way."""


def scene_of(policy: Policy, center: dict[str, int], store: dict[str, int], lines: int = 1, pickup: bool = False) -> Scene:
    """Lines of two units each, of which a center and a store in one street have plenty."""
    kinds: tuple[tuple[str, LocationKind, dict[str, Any]], ...] = (
        ("center", LocationKind.DC, center), ("store", LocationKind.STORE, store),
    )  # fmt: skip
    locations = tuple(
        Location(name, kind, "1012", "NL", 52.37, 4.89, "Europe/Amsterdam", pickup=True, **costs) for name, kind, costs in kinds
    )
    image = compile_image(
        small_records(
            locations=locations, items=tuple(Item(f"i{n}") for n in range(lines)), zones=(Zone("post", "NL", "home", 1),),
            policies=(policy,),
        )
    )  # fmt: skip
    stock = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1440)
    for item in range(lines):
        for location in range(2):
            stock.matrix.change(item, location, 0, 9, 0)
    wish: dict[str, Any] = {"delivery_method": DeliveryMethod.PICKUP, "pickup_location": STORE} if pickup else {}
    basket = tuple(BasketLine(f"l{n}", n, 2, **wish) for n in range(lines))
    return set_scene(image, stock, Basket(basket, NOW, None if pickup else DestinationKey("NL", "1011", 52.37, 4.90)))


def planned(scene: Scene) -> Plan:
    """The plan, of which the short way found no other, where it tries."""
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert plan.certificate.objective_micros == sum(term.weighted_micros for term in plan.terms)
    if scene.lanes is not None:
        request = Request(scene, scene.lanes, tuple(range(len(scene.basket.lines))), (scene.services,))
        assert suits_direct(request) == (not scene.policy.carbon_micros_per_kg)
        if suits_direct(request):
            ((found,),) = decide_direct([request])
            assert found is not None
            assert found.objective_micros == plan.certificate.objective_micros
    return plan


def term_of(plan: Plan, term: Term) -> tuple[int, int] | None:
    return next(((t.raw_micros, t.weighted_micros) for t in plan.terms if t.term is term), None)


@pytest.mark.parametrize("way", [{}, CARBON])
def test_a_center_that_packs_dearer_beats_a_store_that_ships_late(way: dict[str, int]) -> None:
    """1.00 more for packing, against 2.50 for what goes wrong there; at a half too, at a third no longer."""
    center, store = {"pack_cost_micros": 1_000_000}, {"performance_micros": 2_500_001}
    assert planned(scene_of(Policy("p", **way), center, store)).shipments[0].location == CENTER
    half = planned(scene_of(Policy("p", weights=(("performance", 500_000),), **way), center, store))
    assert half.shipments[0].location == CENTER
    third = planned(scene_of(Policy("p", weights=(("performance", 333_333),), **way), center, store, lines=2))
    assert [shipment.location for shipment in third.shipments] == [STORE]
    # Once for the shipment, whatever it holds.
    assert term_of(third, Term.PERFORMANCE) == (2_500_001, 833_332)


def test_performance_that_counts_nothing_is_still_shown() -> None:
    plan = planned(scene_of(Policy("p", weights=(("performance", 0),)), {"pack_cost_micros": 1}, {"performance_micros": 7}))
    assert plan.shipments[0].location == STORE
    assert term_of(plan, Term.PERFORMANCE) == (7, 0)
    assert term_of(planned(scene_of(Policy("p"), {}, {})), Term.PERFORMANCE) is None


def test_performance_counts_where_lines_are_collected() -> None:
    policy = Policy("p", weights=(("performance", 2_000_000),))
    plan = planned(scene_of(policy, {}, {"performance_micros": 7}, lines=2, pickup=True))
    assert term_of(plan, Term.PERFORMANCE) == (7, 14)


@pytest.mark.parametrize("way", [{}, CARBON])
def test_a_center_that_packs_dearer_beats_a_store_that_declines_half(way: dict[str, int]) -> None:
    """A declined line costs 3.00: half of that is more than 1.00 for packing, and half of it at a weight of a half is not."""
    center, store = {"pack_cost_micros": 1_000_000}, {"decline_ppm": 500_000}
    dear = Policy("p", decline_micros=3_000_001, **way)
    for lines in (1, 2):
        plan = planned(scene_of(dear, center, store, lines))
        assert [shipment.location for shipment in plan.shipments] == [CENTER]
        assert term_of(plan, Term.DECLINE) is None
    half = replace(dear, weights=(("decline", 500_000),))
    one = planned(scene_of(half, center, store))
    assert [shipment.location for shipment in one.shipments] == [STORE]
    assert term_of(one, Term.DECLINE) == (1_500_000, 750_000)
    # Each line may be declined: of two, the risk is dearer than packing.
    assert [shipment.location for shipment in planned(scene_of(half, center, store, lines=2)).shipments] == [CENTER]


def test_decline_risk_is_rounded_once_a_line() -> None:
    """⌊5 × 333,333 ppm⌋ is 1, and ⌊1 × 1.5⌋ is 1, for each of three lines; a weight of 0 shows what it leaves out."""
    center, store = {"pack_cost_micros": 9}, {"decline_ppm": 333_333}
    dear, free = (
        Policy("p", decline_micros=5, weights=(("decline", weight),)) for weight in (1_500_000, 0)
    )  # fmt: skip
    assert term_of(planned(scene_of(dear, center, store, lines=3)), Term.DECLINE) == (3, 3)
    assert term_of(planned(scene_of(free, center, store, lines=3)), Term.DECLINE) == (3, 0)
    collected = planned(scene_of(dear, center, store, lines=3, pickup=True))
    assert term_of(collected, Term.DECLINE) == (3, 3)


def test_policies_of_one_network_have_each_their_own_price_of_a_decline() -> None:
    """Tables by location are kept between calls: those of one price are not those of another."""
    center, store = {"pack_cost_micros": 1_000_000}, {"decline_ppm": 500_000}
    scene = scene_of(Policy("p", decline_micros=3_000_000), center, store)
    cheap = replace(scene, policy=replace(scene.policy, decline_micros=1_000_000))
    assert [planned(each).shipments[0].location for each in (scene, cheap, scene)] == [CENTER, STORE, CENTER]


@pytest.mark.parametrize("price", [0, 1, 999_999, 10**12, 2**62])
def test_the_table_of_decline_risk_is_the_formula(price: int) -> None:
    shares = [0, 1, 333_333, 999_999, 10**6]
    assert decline_table(price, np.array(shares, np.int64)).tolist() == [decline_micros(price, share) for share in shares]


def test_the_dearest_values_a_folder_may_hold_add_up() -> None:
    """Everything at its most, a thousand times over: within what sums may hold, by location and for a whole plan."""
    most = 10**12
    names = "pick_cost_micros", "unit_cost_micros", "pack_cost_micros", "performance_micros"
    costs = dict.fromkeys(names, most) | {"decline_ppm": 10**6}
    terms = Term.PICK, Term.UNIT, Term.PACK, Term.PERFORMANCE, Term.DECLINE
    scene = scene_of(
        Policy("p", decline_micros=most, weights=tuple((term.value, 10**9) for term in terms)), costs, costs, pickup=True
    )
    tables = [table.tolist() for table in location_costs(scene)]
    assert tables == [[2_000 * most] * 2, [2_000 * most] * 2, [1_000 * most] * 2]
    assert 2_000 * most < MICROS_MAX
    plan = planned(scene)
    assert [term_of(plan, term) for term in terms] == [(n * most, n * 1_000 * most) for n in (1, 2, 1, 1, 1)]
