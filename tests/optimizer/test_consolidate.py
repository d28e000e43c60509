"""A basket that must arrive as one, put together on its way: against every plan of small networks, and by hand."""

import random
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from engine.domain.basket import NO_LATEST, Basket, BasketLine, Constraints, DestinationKey
from engine.domain.enums import LocationKind, Term
from engine.domain.plan import CertificateStatus, Plan, Route
from engine.inventory.live import LiveStock
from engine.inventory.matrix import Slot
from engine.network.image import compile_image
from engine.network.records import CarrierService, Item, Location, Policy, Tariff, Transfer, Zone
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import Scene, set_scene
from engine.promise.frontier import frontier
from tests.naive import dates
from tests.naive.candidates import days_with_capacity, positions
from tests.naive.routes import calendar_of, collectable, place_of
from tests.naive.stock import available
from tests.naive.tariffs import weigh
from tests.network.small_network import small_records, weekly
from tests.optimizer.baskets import FIRST_DAY, NOW
from tests.optimizer.test_routes import DAYS, FRIDAY_16, drawn_records

HOME = DestinationKey("NL", "1011", 52.37, 4.89)
SERVICES = (
    CarrierService("fast", "EXPRESS", pickup_minute=1_260), CarrierService("post", "STANDARD", delivery_calendar_id="dc"),
)  # fmt: skip


def drawn_basket_as_one(seed: int) -> Scene:
    """Two or three lines, each of them at some of the locations."""
    rng = random.Random(seed)
    records = drawn_records(rng)
    tariffs = [
        Tariff(service, "home", grams, rng.randint(1, 30)) for service in ("fast", "post") for grams in (600, 1_000, 5_000)
    ]
    records = replace(
        records, carrier_services=SERVICES, zones=(Zone("fast", "NL", "home", 1), Zone("post", "NL", "home", 2)),
        tariffs=tuple(tariffs), items=tuple(replace(item, weight_grams=400) for item in records.items),
        policies=(replace(records.policies[0], short_micros=None, late_micros_per_day=rng.choice([0, 0, 9])),),
    )  # fmt: skip
    image = compile_image(records)
    stock = LiveStock(image.item_index, image.location_index, frozenset(), FIRST_DAY)
    for item in range(3):
        for location in range(len(image.locations)):
            if rng.random() < 0.5:
                stock.matrix.change(item, location, 0, rng.choice([1, 2]), 0)
            if rng.random() < 0.2:
                slot = Slot("R", "", NOW + rng.choice([300, 3_000]), True)
                stock.matrix.change(item, location, stock.matrix.slot_index(slot), 1, 0)
    latest = rng.choice([NO_LATEST, NO_LATEST, NOW + 8_000])
    lines = tuple(BasketLine(f"{n}", n, rng.choice([1, 1, 2]), latest_minute=latest) for n in range(rng.randint(2, 3)))
    return set_scene(image, stock, Basket(lines, NOW, HOME, constraints=Constraints(ship_complete=True)))


def every_consolidated(scene: Scene) -> list[int]:
    """What every plan costs by which all of the lines are put together at some location, and sent on."""
    records, image = scene.image.records, scene.image
    costs = []
    for meeting, place in enumerate(image.locations):
        legs = legs_to(scene, meeting)
        ways = [[None, *(leg for leg in legs if leg[0] == l)] for l in range(len(image.locations))]  # noqa: E741
        for chosen in product(*ways):
            used = [leg for leg in chosen if leg is not None]
            if not used:
                continue
            handling = divided(scene, used)
            if handling is None:
                continue
            for s, service in enumerate(SERVICES):
                calendar = calendar_of(records, service.delivery_calendar_id)
                truck = dates.Carrier(service.pickup_minute, None, calendar)
                handed = dates.handover(max(leg[3] for leg in used), place_of(records, place, 0, 1440), truck, DAYS)
                window = dates.delivery(handed, (1, 2)[s], truck, records.network.time_zone, DAYS)
                if window is None:
                    continue
                late = lateness(scene, window[1])
                if late is not None:
                    costs.append(
                        handling + late + weigh(place.pack_cost_micros, scene.weights_ppm[Term.PACK]) + carrier(scene, service)
                    )
    return costs


def legs_to(scene: Scene, meeting: int) -> list[tuple[Any, ...]]:
    """(location, lane, start, ready to be sent on, day, left) of every way to a meeting point."""
    records, image = scene.image.records, scene.image
    found = []
    for location, source in enumerate(image.locations):
        lanes = [
            t
            for t in records.transfers
            if (t.from_location_id, t.to_location_id) == (source.location_id, image.location_ids[meeting])
        ]
        minutes = {NOW} | {
            p.available_at for line in scene.basket.lines for p in positions(scene, line.item)
            if p.location == location and p.available_at > NOW
        }  # fmt: skip
        units = sum(line.quantity for line in scene.basket.lines)
        need = (1, len(scene.basket.lines), units)[int(image.capacity_unit[location])]
        for minute, lane in product(minutes, [None] * (location == meeting) + lanes):
            for start, day, left in days_with_capacity(scene, location, minute, need):
                if lane is None:
                    ready = dates.ready(start, place_of(records, source, source.processing_minutes, source.cutoff_minute), DAYS)
                    when = None if ready is None else (ready, ready)
                else:
                    when = collectable(records, start, source, image.locations[meeting], lane, DAYS)
                if when is not None:
                    found.append((location, lane, start, when[1], day, left))
    return found


def divided(scene: Scene, used: list[tuple[Any, ...]]) -> int | None:
    """The least that it costs to have all units come along these ways, each of them used."""
    lines, image, weights = scene.basket.lines, scene.image, scene.weights_ppm
    best = None
    every = [
        [share for share in product(range(line.quantity + 1), repeat=len(used)) if sum(share) == line.quantity]
        for line in lines
    ]
    for shares in product(*every):
        cost = 0
        for n, (location, lane, start, _, _, left) in enumerate(used):
            place, units = image.locations[location], sum(share[n] for share in shares)
            carried = sum(share[n] > 0 for share in shares)
            if not units or (1, carried, units)[int(image.capacity_unit[location])] > left:
                break
            if any(
                share[n] > available(positions(scene, line.item), location, start, {""}, 0)
                for line, share in zip(lines, shares, strict=True)
            ):
                break
            cost += (
                weigh(place.pack_cost_micros, weights[Term.PACK]) + weigh(place.pick_cost_micros, weights[Term.PICK]) * carried
            )
            cost += weigh(place.unit_cost_micros, weights[Term.UNIT]) * units
            if lane is not None:
                cost += (
                    weigh(lane.cost_micros, weights[Term.TRANSFER])
                    + weigh(lane.unit_cost_micros, weights[Term.TRANSFER]) * units
                )
        else:
            best = cost if best is None else min(best, cost)
    return best


def lateness(scene: Scene, delivered: int) -> int | None:
    """What a delivery costs by being late; None where it may not be."""
    due = scene.basket.lines[0].latest_minute
    late_days = 0 if due == NO_LATEST else -(-max(0, delivered - due) // 1440)
    per_day = scene.policy.late_micros_per_day
    return late_days * per_day * len(scene.basket.lines) if per_day or not late_days else None


def carrier(scene: Scene, service: CarrierService) -> int:
    """The carrier's price for all of it."""
    grams = sum(400 * line.quantity for line in scene.basket.lines)
    return next(
        t.price_micros for t in scene.image.records.tariffs
        if t.carrier_service_id == service.carrier_service_id and grams <= t.max_weight_grams
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(120))
def test_what_arrives_as_one_is_the_best_of_every_plan(seed: int) -> None:
    scene = drawn_basket_as_one(seed)
    plan = decide_basket(scene, scene.services, 2_000)
    apart = replace(scene.image.records, transfers=())
    direct = decide_basket(
        set_scene(compile_image(apart), scene.stock, scene.basket), scene.services, 2_000
    )  # fmt: skip
    costs = every_consolidated(scene) + [direct.cost_micros] * (not direct.short_lines)
    assert bool(costs) == (not plan.short_lines)
    if costs:
        assert plan.cost_micros == min(costs)
        assert plan.certificate.status is CertificateStatus.OPTIMAL
        assert plan.delivery_count == 1


@pytest.mark.parametrize("seed", range(120))
def test_ordered_at_the_last_minute_it_is_there_as_promised(seed: int) -> None:
    """What is put together where it lies waits for the carrier, and may be ordered as long as it is ready by then."""
    scene = drawn_basket_as_one(seed)
    plan = decide_basket(scene, scene.services, 2_000)
    if plan.short_lines:
        return
    for shipment in plan.shipments:
        if shipment.route is Route.CONSOLIDATION and shipment.location == shipment.via:
            assert shipment.handover_by_minute >= max(each.via_by_minute for each in plan.shipments)
    last = min(shipment.order_by_minute for shipment in plan.shipments)
    assert scene.basket.request_minute <= last <= max(shipment.handover_by_minute for shipment in plan.shipments)
    late = decide_basket(set_scene(scene.image, scene.stock, replace(scene.basket, request_minute=last)), scene.services, 2_000)
    assert not late.short_lines
    there = max(shipment.delivery_latest_minute for shipment in plan.shipments)
    if all(shipment.route is Route.CONSOLIDATION for shipment in (*plan.shipments, *late.shipments)):
        assert late.cost_micros <= plan.cost_micros
    if not scene.policy.late_micros_per_day:
        soonest = frontier(set_scene(scene.image, scene.stock, replace(scene.basket, request_minute=last)), late, 2_000)[0]
        assert max(shipment.delivery_latest_minute for shipment in soonest.shipments) <= there


def test_enough_baskets_are_put_together() -> None:
    routes = [{s.route for s in decide_basket(scene, scene.services, 500).shipments}
              for scene in map(drawn_basket_as_one, range(120))]  # fmt: skip
    assert sum(found == {Route.CONSOLIDATION} for found in routes) >= 15


def test_once_time_is_up_it_is_tried_until_there_is_a_plan() -> None:
    """Whichever meeting point is the first to be tried: that there was no time is not told as that it cannot be had."""
    found = 0
    for scene in map(drawn_basket_as_one, range(120)):
        plan = decide_basket(scene, scene.services, 500)
        cut = decide_basket(replace(scene, is_cut=lambda: True), scene.services, 500)
        assert bool(cut.short_lines) == bool(plan.short_lines)
        assert cut.certificate.lower_bound_micros <= plan.cost_micros <= cut.cost_micros
        found += {s.route for s in plan.shipments} == {Route.CONSOLIDATION}
    assert found >= 15


def put_together(latest: int = NO_LATEST, **limits: Any) -> Plan:
    return decide_basket(put_together_scene(latest, **limits), (0,), 100)


def put_together_scene(latest: int = NO_LATEST, **limits: Any) -> Scene:
    """Two lines, of a store and of a center: a truck goes there each evening at 18:00, parcels leave it at 21:00."""
    place = "1000", "NL", 52.37, 4.89, "Europe/Amsterdam"
    store = Location("a", LocationKind.STORE, *place, pick_cost_micros=1, pack_cost_micros=10)
    center = Location("b", LocationKind.DC, *place, pick_cost_micros=1, pack_cost_micros=10, receiving_minutes=60)
    image = compile_image(small_records(
        locations=(store, center), items=(Item("i0", weight_grams=400), Item("i1", weight_grams=400)),
        transfers=(Transfer("a", "b", 1, "truck", 18 * 60, 100, 7, 6 * 60),), calendars=tuple(weekly("truck", 0, 1440)),
        carrier_services=(CarrierService("post", "STANDARD", pickup_minute=21 * 60),), zones=(Zone("post", "NL", "home", 1),),
        tariffs=(Tariff("post", "home", 500, 30), Tariff("post", "home", 1_000, 50)), policies=(Policy("p", split_micros=4),),
    ))  # fmt: skip
    stock = LiveStock(image.item_index, image.location_index, frozenset(), FIRST_DAY)
    stock.matrix.change(0, 0, 0, 1, 0)
    stock.matrix.change(1, 1, 0, 1, 0)
    lines = tuple(BasketLine(f"{n}", n, 1, latest_minute=latest) for n in range(2))
    return set_scene(image, stock, Basket(lines, FRIDAY_16, HOME, constraints=Constraints(**limits)))


def test_it_is_put_together_where_it_must_arrive_as_one() -> None:
    """Asked on a Friday at 16:00: on the truck at 18:00, in the center on Monday at 6:00, parcel at 21:00, there on Tuesday."""
    apart = put_together()
    assert {s.route for s in apart.shipments} == {Route.SHIP}
    plan = put_together(ship_complete=True)
    assert [(s.route, s.location, s.via, s.service) for s in plan.shipments] == [
        (Route.CONSOLIDATION, 0, 1, 0), (Route.CONSOLIDATION, 1, 1, 0),
    ]  # fmt: skip
    monday = FRIDAY_16 - 16 * 60 + 3 * 1440
    assert [s.via_by_minute for s in plan.shipments] == [monday + 6 * 60, monday + 21 * 60]
    assert {s.delivery_latest_minute for s in plan.shipments} == {monday + 2 * 1440}
    # 11 + 107 from the store, 11 in the center, 10 to pack it again, 50 for the parcel; no split.
    assert plan.cost_micros == 189


def test_a_date_before_it_can_be_put_together_is_named() -> None:
    late = put_together(ship_complete=True).shipments[0].delivery_latest_minute
    assert not put_together(latest=late, ship_complete=True).short_lines
    plan = put_together(latest=late - 1, ship_complete=True)
    assert not plan.shipments
    assert {short.reason.value for short in plan.short_lines} <= {"PROMISE_UNREACHABLE", "RESTRICTED"}
