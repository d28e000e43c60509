"""Carbon and capacity are charged exactly as their formulas say, and plans weigh them against everything else."""

import random
from dataclasses import replace

import numpy as np
import pytest

from engine.domain.basket import Basket, BasketLine, DestinationKey
from engine.domain.enums import LocationKind, Term
from engine.domain.plan import Plan
from engine.inventory.live import LiveStock
from engine.kernels.assign import MICROS_MAX
from engine.network.image import NetworkImage, compile_image
from engine.network.records import CarrierService, Item, Location, Policy, Tariff, Zone
from engine.optimizer.decide import decide_basket
from engine.optimizer.direct import Request, suits_direct
from engine.optimizer.footprint import capacity_micros, capacity_table, carbon_micros, carbon_table
from engine.optimizer.scene import Scene, set_scene
from tests.network.small_network import small_records
from tests.optimizer.baskets import NOW, drawn_scene

NODES_MAX = 2_000


def test_a_tonne_over_a_kilometer() -> None:
    """10⁶ grams × 1,000 meters × 70 g/tkm = 70 g = 0.07 kg, at 0.10 a kg: 7,000 micros. A gram less is rounded down."""
    assert carbon_micros(10**6, 1_000, 70, 100_000) == 7_000
    assert carbon_micros(10**6 - 1, 1_000, 70, 100_000) == 6_999


@pytest.mark.parametrize("seed", range(30))
def test_tables_are_the_formula_cell_by_cell(seed: int) -> None:
    rng = random.Random(seed)
    high = rng.choice([10**3, 10**9])
    grams = np.array([rng.randint(0, high) for _ in range(4)], np.int64)
    meters, rate = (np.array([rng.randint(0, most) for _ in range(5)], np.int64) for most in (2 * 10**7, min(high, 10**6)))
    price = rng.choice([0, 100_000, 10**12])
    wanted = [
        [min(carbon_micros(g, m, r, price), MICROS_MAX + 1) for m, r in zip(meters.tolist(), rate.tolist(), strict=True)]
        for g in grams.tolist()
    ]
    assert carbon_table(grams, meters, rate, price).tolist() == wanted
    limit = np.array([rng.choice([0, 1, 7, 2**31 - 1, 2**62]) for _ in range(9)], np.int64)
    used = [rng.randint(-3, min(int(most), 10**6)) for most in limit]
    left = np.where(limit < 2**61, limit - np.array(used), 2**61)
    expected = [capacity_micros(price, u, int(most)) for u, most in zip(used, limit, strict=True)]
    assert capacity_table(price, left, limit).tolist() == expected


def image_of(policy: Policy) -> NetworkImage:
    """Two like warehouses, in Eindhoven (100 km from Amsterdam or so) and in Amsterdam; the bike emits less than the van."""
    places = {"ams": (52.3731, 4.8922), "ehv": (51.4392, 5.4789)}
    locations = tuple(
        Location(name, LocationKind.DC, "1012", "NL", *place, "Europe/Amsterdam", capacity_per_day=10)
        for name, place in places.items()
    )
    services = (CarrierService("bike", "S", co2_grams_per_tonne_km=10), CarrierService("van", "S", co2_grams_per_tonne_km=200))
    return compile_image(
        small_records(
            locations=locations, carrier_services=services, policies=(policy,), items=(Item("bolt", weight_grams=5_000),),
            zones=tuple(Zone(service.carrier_service_id, "NL", "z", 1) for service in services),
            tariffs=(Tariff("bike", "z", 10**6, 4_000_000), Tariff("van", "z", 10**6, 3_000_000)),
        )
    )  # fmt: skip


def planned(policy: Policy, used: int = 0, quantity: int = 2) -> Plan:
    image = image_of(policy)
    stock = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1440)
    for location in range(2):
        stock.matrix.change(0, location, 0, 9, 0)
    scene = set_scene(image, stock, Basket((BasketLine("l", 0, quantity),), NOW, DestinationKey("NL", "1011", 52.37, 4.90)))
    stock.hold((), [(0, day, used) for day in range(NOW // 1440 - 1, NOW // 1440 + 10)])
    return decide_basket(scene, scene.services, NODES_MAX)


def term_of(plan: Plan, term: Term) -> tuple[int, int]:
    return next(((t.raw_micros, t.weighted_micros) for t in plan.terms if t.term is term), (0, 0))


def test_carbon_moves_a_plan_to_the_carrier_that_emits_less() -> None:
    """By price the van; where a kg of CO2e costs more than it saves, the bike."""
    assert planned(Policy("p")).shipments[0].service == 1
    plan = planned(Policy("p", carbon_micros_per_kg=10**12))
    assert (plan.shipments[0].location, plan.shipments[0].service) == (0, 0)
    unit = 5_000 * plan.shipments[0].distance_meters * 10 * 10**12 // 10**12
    assert unit > 0
    assert term_of(plan, Term.CARBON) == (2 * unit, 2 * unit)


def test_a_fuller_day_costs_more_until_the_other_warehouse_is_cheaper() -> None:
    """2.00 at a full day: 3 of 10 used cost 0.60, and Eindhoven is as dear as a km costs, which is nothing in micros."""
    policy = Policy("p", capacity_price_micros=2_000_000, weights=((Term.CAPACITY, 500_000),))
    empty, full = planned(policy), planned(policy, used=3)
    assert empty.shipments[0].location == 0
    assert full.shipments[0].location == 1
    held = planned(replace(policy, max_distance_meters=50_000), used=3)
    assert held.shipments[0].location == 0
    assert term_of(held, Term.CAPACITY) == (600_000, 300_000)


def priced(scene: Scene, rng: random.Random) -> Scene:
    policy = replace(
        scene.policy, carbon_micros_per_kg=rng.choice([0, 9_999, 10**9]), capacity_price_micros=rng.choice([0, 3_333_333])
    )
    return replace(scene, policy=policy)


@pytest.mark.parametrize("seed", range(120))
def test_a_plan_costs_the_sum_of_its_terms_and_they_follow_from_its_shipments(seed: int) -> None:
    scene = priced(drawn_scene(seed), random.Random(seed))
    image, policy = scene.image, scene.policy
    assert scene.lanes is not None
    request = Request(scene, scene.lanes, tuple(range(len(scene.basket.lines))), (scene.services,))
    assert not (suits_direct(request) and (policy.carbon_micros_per_kg or policy.capacity_price_micros))
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert plan.certificate.objective_micros == sum(term.weighted_micros for term in plan.terms)
    assert plan.certificate.lower_bound_micros <= plan.certificate.objective_micros
    carbon = capacity = 0
    for shipment in plan.shipments:
        for peg in shipment.pegs:
            gram_meters = int(image.weight_grams[peg.item]) * int(shipment.distance_meters)
            rate = int(image.co2_grams_per_tonne_km[shipment.service]) * policy.carbon_micros_per_kg
            carbon += peg.quantity * (gram_meters * rate // 10**12)
        limit, used = (
            image.locations[shipment.location].capacity_per_day,
            scene.stock.used_on(shipment.location, shipment.capacity_day),
        )
        if limit:
            capacity += policy.capacity_price_micros * (used * 10**6 // limit) // 10**6
    assert (term_of(plan, Term.CARBON)[0], term_of(plan, Term.CAPACITY)[0]) == (carbon, capacity)
