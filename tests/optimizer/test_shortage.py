"""Reasons of short lines: by hand, and on random scenes dropped one by one to see that no smaller set would do."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from engine.domain.basket import Basket, BasketLine, Constraints, DeliveryMethod, DestinationKey
from engine.domain.enums import CapacityUnit, LocationKind
from engine.domain.plan import CertificateStatus, Plan
from engine.domain.reasons import Reason, Refusal
from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND, Slot
from engine.network.image import compile_image
from engine.network.records import CarrierService, Item, Location, Policy, Tariff, Zone
from engine.optimizer import shortage
from engine.optimizer.decide import decide_basket, shipment_hold, units_missing
from engine.optimizer.limits import split_by_method
from engine.optimizer.scene import Scene, set_scene
from engine.sourcing.source import FUNDAMENTAL, refuse_shortage
from tests.network.small_network import prices, small_records
from tests.optimizer.baskets import FIRST_DAY, NOW, drawn_scene

AMS, EHV, NYC = 0, 1, 2
BOLT, LAMP = 0, 1
NODES_MAX = 2_000


def small_scene(
    *lines: BasketLine, stock: dict[tuple[int, int], int], policy: Policy | None = None, capacity: int | None = None,
    unit: CapacityUnit = CapacityUnit.UNITS, limits: Constraints | None = None, **changes: Any,
) -> Scene:  # fmt: skip
    """Lines to Amsterdam from Amsterdam and Eindhoven, which has this capacity a day."""
    records = small_records(policies=(policy or Policy("all"),), **changes)
    places = list(records.locations)
    places[EHV] = replace(places[EHV], capacity_per_day=capacity, capacity_unit=unit, pickup=True)
    image = compile_image(replace(records, locations=tuple(places)))
    live = LiveStock(image.item_index, image.location_index, frozenset(), FIRST_DAY)
    for (item, location), quantity in stock.items():
        live.matrix.change(item, location, live.matrix.slot_index(Slot("", "", ON_HAND, True)), quantity, 0)
    basket = Basket(lines, NOW, DestinationKey("NL", "1012 AB"), constraints=limits or Constraints())
    return set_scene(image, live, basket)


def line(item: int, quantity: int, **wishes: Any) -> BasketLine:
    return BasketLine(f"{item}", item, quantity, **wishes)


def collect(item: int, quantity: int, location: int = EHV, **wishes: Any) -> BasketLine:
    return line(item, quantity, delivery_method=DeliveryMethod.PICKUP, pickup_location=location, **wishes)


def plan_of(scene: Scene) -> Plan:
    before = scene.stock.matrix.demand.copy(), scene.stock.capacity_used.copy()
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert (scene.stock.matrix.demand == before[0]).all()
    assert (scene.stock.capacity_used == before[1]).all()
    return plan


def reasons(scene: Scene) -> dict[int, tuple[int, Reason, tuple[str, ...]]]:
    return {short.line: (short.quantity, short.reason, short.restricted_by) for short in plan_of(scene).short_lines}


BOTH = {(BOLT, EHV): 5, (LAMP, EHV): 5}
APART = {(BOLT, AMS): 5, (LAMP, EHV): 5}
ONE = Constraints(max_locations=1)


@pytest.mark.parametrize(
    ("lines", "stock", "more", "expected"),
    [
        ([line(BOLT, 6)], BOTH, {}, {0: (1, Reason.NO_STOCK, ())}),
        # Two lines of one item together ask for too much.
        ([line(BOLT, 3), line(BOLT, 3)], BOTH, {}, {1: (1, Reason.NO_STOCK, ())}),
        ([line(BOLT, 3), line(BOLT, 2)], BOTH, {}, {}),
        ([line(BOLT, 2, allowed_locations=(AMS,))], BOTH, {},
         {0: (2, Reason.RESTRICTED, ("lines[0].allowed_location_ids",))}),
        ([line(BOLT, 2, excluded_locations=(EHV,))], BOTH, {},
         {0: (2, Reason.RESTRICTED, ("lines[0].excluded_location_ids",))}),
        ([line(BOLT, 2, preassigned_location=AMS)], BOTH, {},
         {0: (2, Reason.RESTRICTED, ("lines[0].preassigned_location_id",))}),
        # Either of two wishes alone would do as well, and both must go.
        ([line(BOLT, 2, allowed_locations=(AMS,), excluded_locations=(EHV,))], BOTH, {},
         {0: (2, Reason.RESTRICTED, ("lines[0].excluded_location_ids", "lines[0].allowed_location_ids"))}),
        ([line(BOLT, 1, service_level="EXPRESS")], BOTH, {}, {0: (1, Reason.RESTRICTED, ("lines[0].service_level",))}),
        ([line(BOLT, 1, latest_minute=NOW + 5)], BOTH, {},
         {0: (1, Reason.PROMISE_UNREACHABLE, ("lines[0].latest_date",))}),
        ([line(BOLT, 1)], {(BOLT, NYC): 1}, {}, {0: (1, Reason.RESTRICTED, ("policy.international",))}),
        ([line(BOLT, 1), line(LAMP, 1)], APART, {"limits": ONE},
         {1: (1, Reason.RESTRICTED, ("constraints.max_locations",))}),
        ([line(BOLT, 1)], BOTH, {"limits": Constraints(max_distance_meters=1_000)},
         {0: (1, Reason.RESTRICTED, ("constraints.max_distance_meters",))}),
        # No tariff for what weighs this much: nothing that could be dropped would help.
        ([line(BOLT, 1)], BOTH, {"tariffs": (), "zones": (Zone("post", "BE", "home", 1),)}, {0: (1, Reason.NO_ROUTE, ())}),
        # A unit short costs next to nothing, shipping costs more.
        ([line(BOLT, 1)], BOTH, {"policy": Policy("all", short_micros=1)}, {0: (1, Reason.SHORT_IS_CHEAPER, ())}),
        ([line(BOLT, 2)], BOTH, {"capacity": 1}, {0: (1, Reason.NO_CAPACITY, ())}),
        ([line(BOLT, 2)], BOTH, {"capacity": 0}, {0: (2, Reason.NO_CAPACITY, ())}),
        # Collected: where from is given, and counts as a location.
        ([collect(BOLT, 6)], BOTH, {}, {0: (1, Reason.NO_STOCK, ())}),
        ([collect(BOLT, 1, AMS)], BOTH, {}, {0: (1, Reason.NO_ROUTE, ())}),
        ([collect(BOLT, 1, excluded_locations=(EHV,))], BOTH, {},
         {0: (1, Reason.RESTRICTED, ("lines[0].pickup_location_id",))}),
        ([collect(BOLT, 1), line(LAMP, 1)], {(BOLT, EHV): 5, (LAMP, AMS): 5}, {"limits": ONE},
         {1: (1, Reason.RESTRICTED, ("constraints.max_locations",))}),
        ([collect(BOLT, 1), line(LAMP, 1)], {(BOLT, EHV): 5, (LAMP, AMS): 5}, {"limits": Constraints(max_locations=2)}, {}),
        ([collect(BOLT, 2)], BOTH, {"capacity": 1}, {0: (1, Reason.NO_CAPACITY, ())}),
        ([collect(BOLT, 2, fill_or_kill=True)], BOTH, {"capacity": 1}, {0: (2, Reason.NO_CAPACITY, ())}),
        ([collect(BOLT, 1), collect(LAMP, 1)], BOTH, {"capacity": 1}, {1: (1, Reason.NO_CAPACITY, ())}),
        ([collect(BOLT, 1), collect(LAMP, 1)], BOTH, {"capacity": 1, "unit": CapacityUnit.ORDERS}, {}),
    ],
)  # fmt: skip
def test_reasons_by_hand(lines: Any, stock: Any, more: Any, expected: Any) -> None:
    assert reasons(small_scene(*lines, stock=stock, **more)) == expected


def test_a_day_with_too_little_left_gives_way_to_the_next_that_has_room() -> None:
    for wanted, method in ((3, DeliveryMethod.SHIP), (3, DeliveryMethod.PICKUP)):
        asked = line(BOLT, wanted, delivery_method=method, pickup_location=EHV if method is DeliveryMethod.PICKUP else -1)
        scene = small_scene(asked, stock=BOTH, capacity=4)
        today = NOW // 1440
        scene.stock.hold((), [(EHV, today, 2), (EHV, today + 1, 4), (EHV, today + 2, 1)])
        (shipment,) = plan_of(scene).shipments
        assert (shipment.capacity_day, shipment.capacity_quantity) == (today + 2, 3)
        # Two still fit today.
        scene = replace(scene, basket=replace(scene.basket, lines=(replace(asked, quantity=2),)))
        (shipment,) = plan_of(scene).shipments
        assert shipment.capacity_day == today


def test_lines_wanted_before_a_receipt_lands_are_collected_on_their_own() -> None:
    scene = small_scene(collect(BOLT, 1, latest_minute=NOW + 60), collect(LAMP, 1), stock={(BOLT, EHV): 5}, capacity=1,
                        unit=CapacityUnit.ORDERS)  # fmt: skip
    matrix = scene.stock.matrix
    matrix.change(LAMP, EHV, matrix.slot_index(Slot("R", "", NOW + 5_000, True)), 1, 0)
    plan = plan_of(scene)
    assert [(s.delivery_latest_minute, [p.item for p in s.pegs]) for s in plan.shipments] == [
        (NOW, [BOLT]), (NOW + 5_000, [LAMP])
    ]  # fmt: skip
    assert not plan.short_lines


def test_what_is_named_suffices_and_no_part_of_it_does() -> None:
    seen: Counter[Reason] = Counter()
    for seed in range(400):
        scene = drawn_scene(seed)
        plan = plan_of(scene)
        for short in plan.short_lines:
            seen[short.reason] += 1
        restricted = {short.restricted_by for short in plan.short_lines if short.restricted_by}
        for fields in restricted:
            check_smallest(scene, plan, fields)
    assert min(seen[r] for r in (Reason.NO_STOCK, Reason.NO_ROUTE, Reason.RESTRICTED, Reason.SHORT_IS_CHEAPER)) > 5, seen


def check_smallest(scene: Scene, plan: Plan, fields: tuple[str, ...]) -> None:
    """The lines short for these fields come whole without all of them, and not without all but one."""
    assert scene.lanes is not None
    scene = replace(scene, policy=replace(scene.policy, short_micros=None))
    named = {r.field: r for r in shortage.restrictions_of(scene)}
    _, shipped = split_by_method(scene)
    missing = units_missing(scene, tuple(shipped), list(plan.shipments))
    left_out = {short.line for short in plan.short_lines if short.restricted_by != fields}
    lines = [i for i in shipped if i not in left_out]
    assert set(missing) - left_out

    def whole(dropped: tuple[str, ...]) -> bool:
        free = shortage.without(scene, [named[f] for f in dropped])
        free = replace(free, basket=replace(free.basket, lines=tuple(free.basket.lines[i] for i in lines)))
        return not decide_basket(free, free.services, NODES_MAX).short_lines

    assert whole(fields)
    for field in fields:
        assert not whole(tuple(f for f in fields if f != field)), field


def test_holds_are_those_of_the_shipments() -> None:
    scene = small_scene(line(BOLT, 2), stock=BOTH, capacity=9)
    (shipment,) = plan_of(scene).shipments
    pegs, capacities = shipment_hold(shipment)
    assert sum(quantity for _, quantity in pegs) == 2
    assert capacities == [(EHV, NOW // 1440, 2)]


def test_a_heavy_order_has_no_route() -> None:
    scene = small_scene(
        line(BOLT, 1), stock=BOTH, tariffs=(Tariff("post", "home", 10, 1),),
        items=(replace(small_records().items[BOLT], weight_grams=11), small_records().items[LAMP]),
    )  # fmt: skip
    assert reasons(scene) == {0: (1, Reason.NO_ROUTE, ())}


def test_who_goes_without_is_the_solvers_choice_whatever_the_order_of_lines() -> None:
    apart = {(BOLT, AMS): 1, (BOLT, EHV): 1}
    for lines in ([line(BOLT, 1), line(BOLT, 1, preassigned_location=AMS)],
                  [line(BOLT, 1, preassigned_location=AMS), line(BOLT, 1)]):  # fmt: skip
        plan = plan_of(small_scene(*lines, stock=apart))
        assert not plan.short_lines
        assert len(plan.shipments) == 2
    uneven = {(BOLT, AMS): 3, (BOLT, EHV): 2}
    for first, second in ((2, 3), (3, 2)):
        whole = [line(BOLT, first, ship_complete=True), line(BOLT, second, ship_complete=True)]
        assert not plan_of(small_scene(*whole, stock=uneven)).short_lines
        limits = Constraints(max_locations_per_line=1)
        assert not plan_of(small_scene(line(BOLT, first), line(BOLT, second), stock=uneven, limits=limits)).short_lines


def test_a_set_is_short_for_what_its_lacking_line_is_short_for() -> None:
    scene = small_scene(line(BOLT, 1, ship_set=0), line(LAMP, 9, ship_set=0), stock=BOTH)
    assert reasons(scene) == {0: (1, Reason.RESTRICTED, ("lines[0].ship_set",)), 1: (9, Reason.NO_STOCK, ())}
    # Components of a kit stand for one line.
    kit = [line(BOLT, 1, ship_set=0, position=0, kit_ratio=1), line(LAMP, 9, ship_set=0, position=0, kit_ratio=9)]
    assert {short[1] for short in reasons(small_scene(*kit, stock=BOTH)).values()} == {Reason.NO_STOCK}


def test_one_line_is_complete_in_one_shipment_or_not_at_all() -> None:
    limits = Constraints(ship_complete=True)
    stock = {(BOLT, AMS): 2, (BOLT, EHV): 3}
    assert reasons(small_scene(line(BOLT, 5), stock=stock, limits=limits)) == {
        0: (5, Reason.RESTRICTED, ("constraints.ship_complete",))
    }
    soft = Constraints(ship_complete=True, penalties=(("ship_complete", 1_000),))
    plan = plan_of(small_scene(line(BOLT, 5), stock=stock, limits=soft))
    assert sum(term.weighted_micros for term in plan.terms if term.term == "penalty") == 1_000


def test_a_soft_number_of_locations_is_broken_by_dividing_a_line() -> None:
    limits = Constraints(max_locations=1, penalties=(("max_locations", 1_000),))
    plan = plan_of(small_scene(line(BOLT, 5), stock={(BOLT, AMS): 2, (BOLT, EHV): 3}, limits=limits))
    assert (len(plan.shipments), plan.short_lines) == (2, ())
    assert sum(term.weighted_micros for term in plan.terms if term.term == "penalty") == 1_000


FAR = {"excluded_locations": (AMS, EHV)}


@pytest.mark.parametrize(
    ("lines", "reason", "named"),
    [
        # The first line is only restricted, the second is not there at all.
        ([line(BOLT, 1, **FAR), line(LAMP, 6)], Reason.NO_STOCK, (0, 1)),
        ([line(LAMP, 6), line(BOLT, 1, **FAR)], Reason.NO_STOCK, (0, 1)),
        ([line(BOLT, 1, **FAR), collect(LAMP, 1, AMS)], Reason.NO_ROUTE, (0, 1)),
        ([line(BOLT, 1, **FAR), collect(LAMP, 1, latest_minute=NOW - 1)], Reason.PROMISE_UNREACHABLE, (0, 1)),
        # Two lines of one item: too little for both names both, a wish of one names that one.
        ([line(BOLT, 3), line(BOLT, 3)], Reason.NO_STOCK, (0, 1)),
        ([collect(BOLT, 1), collect(BOLT, 1, AMS)], Reason.NO_ROUTE, (1,)),
        ([line(BOLT, 1), collect(BOLT, 1, excluded_locations=(EHV,))], Reason.RESTRICTED, (1,)),
    ],
)
def test_an_order_is_refused_for_what_is_most_fundamental(lines: Any, reason: Reason, named: tuple[int, ...]) -> None:
    scene = small_scene(*lines, stock=BOTH)
    with pytest.raises(Refusal) as refused:
        refuse_shortage(scene, plan_of(scene), "order.basket")
    assert refused.value.reason is reason
    assert tuple(v.field for v in refused.value.violations) == tuple(f"order.basket.lines[{i}].quantity" for i in named)


def test_every_reason_of_a_shortage_has_its_rank() -> None:
    assert set(FUNDAMENTAL) == set(shortage.MESSAGES)


def test_lack_of_stock_is_told_without_planning_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(*arguments: Any) -> Any:
        raise AssertionError("a plan was made to tell why")

    monkeypatch.setattr(shortage, "decide_shipping", planned)
    assert reasons(small_scene(line(BOLT, 6), line(LAMP, 1), stock=BOTH)) == {0: (1, Reason.NO_STOCK, ())}


@pytest.mark.parametrize("more", [0, 2])
def test_once_it_is_cut_nothing_is_planned_anew_for_reasons_of_many_lines(monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    """Too far to send: told after some plans, or of many lines as OVERLOADED at once; what there is none of is told always."""
    limits = Constraints(max_distance_meters=1)
    wanted = [line(BOLT, 2), line(LAMP, 1), *[line(BOLT, 1)] * more]
    scene = small_scene(*wanted, stock={(BOLT, AMS): 5, (BOLT, EHV): 5}, limits=limits)
    planned: list[int] = []
    decide_shipping = shortage.decide_shipping

    def counted(*given: Any) -> Any:
        planned.append(1)
        return decide_shipping(*given)

    monkeypatch.setattr(shortage, "decide_shipping", counted)
    reasons = {short.line: short.reason for short in plan_of(scene).short_lines}
    found = {0: Reason.RESTRICTED, 1: Reason.NO_STOCK} | {2 + n: Reason.RESTRICTED for n in range(more)}
    assert reasons == found and planned
    planned.clear()
    plan = plan_of(replace(scene, is_cut=lambda: True))
    told = {line: Reason.OVERLOADED if more and reason is Reason.RESTRICTED else reason for line, reason in found.items()}
    assert {short.line: short.reason for short in plan.short_lines} == told
    assert bool(planned) == (not more) and plan.certificate.cut_by_deadline


@pytest.mark.parametrize(("is_cut", "reason"), [(False, Reason.SHORT_IS_CHEAPER), (True, Reason.OVERLOADED)])
def test_what_there_was_no_time_to_find_is_not_said_to_cost_more(is_cut: bool, reason: Reason) -> None:
    scene = small_scene(line(BOLT, 2), stock=BOTH)
    way = shortage.Way(scene.lanes, scene.services)
    assert shortage.why_short(scene, way, (0,), {0: 2}, is_cut=is_cut) == {0: shortage.Shortfall(2, reason)}


@pytest.mark.parametrize(("weight", "status"), [(1, CertificateStatus.OPTIMAL), (1_000, CertificateStatus.BOUNDED)])
def test_a_delivery_dearer_than_any_unit_short_is_no_proof(weight: int, status: CertificateStatus) -> None:
    """Where a unit short has no price it weighs much, but less than a second delivery at the highest rates: that is said."""
    policy = Policy("all", split_micros=10**12, weights=(("split", weight * 1_000_000),))
    scene = small_scene(line(BOLT, 9), line(LAMP, 1), stock={(BOLT, AMS): 5, (LAMP, EHV): 1}, policy=policy)
    plan = plan_of(scene)
    assert plan.certificate.status is status
    assert [(short.line, short.quantity) for short in plan.short_lines] == ([(0, 4)] if weight == 1 else [(0, 4), (1, 1)])


def test_a_set_holds_no_field_that_a_search_by_costs_alone_would_blame() -> None:
    """Without capacity and the last line's date all can be had; who weighs costs finds that only with more dropped."""
    at = 29_000_000
    first, second = (
        Location("near", LocationKind.DC, "1012", "NL", 52.1, 5.2, "Europe/Amsterdam", pick_cost_micros=5, pack_cost_micros=10,
                 capacity_per_day=1, capacity_unit=CapacityUnit.LINES, priority=7, decline_ppm=100_000),
        Location("far", LocationKind.DC, "1012", "NL", 52.4, 5.1, "Europe/Amsterdam", pick_cost_micros=5, unit_cost_micros=9,
                 pack_cost_micros=77, capacity_per_day=2, capacity_unit=CapacityUnit.ORDERS, priority=7, performance_micros=31),
    )  # fmt: skip
    items = (
        Item("big", weight_grams=450, length_mm=100, width_mm=100, height_mm=100, value_micros=1_000),
        Item("small", weight_grams=100, length_mm=100, width_mm=150, height_mm=100),
    )
    weights = (
        ("pick", 10**6),
        ("priority", 0),
        ("stock_out", 300_000),
        ("short", 2_500_000),
        ("penalty", 0),
        ("distance", 10**6),
    )
    policy = Policy(
        "p", weights=weights, carbon_micros_per_kg=100_000, decline_micros=100, allow_split_lines=True, international=True
    )
    records = small_records(
        locations=(first, second), items=items, policies=(policy,),
        carrier_services=(CarrierService(
            "s", "STANDARD", max_package_grams=1_000, dimensional_divisor=5_000, co2_grams_per_tonne_km=60
        ),),
        zones=(Zone("s", "NL", "z0", 3, origin_location_id="near"), Zone("s", "NL", "z1", 1, origin_location_id="far")),
        tariffs=(Tariff("s", "z0", 3_500, 115), Tariff("s", "z1", 10**6, 88)), inventory_prices=prices([(0, 0, 0, 0)]),
    )  # fmt: skip
    image = compile_image(records)
    live = LiveStock(image.item_index, image.location_index, frozenset(), at // 1440)
    for (item, location), quantity in {(0, 0): 3, (0, 1): 3, (1, 0): 2, (1, 1): 5}.items():
        live.matrix.change(item, location, live.matrix.slot_index(Slot("", "", ON_HAND, True)), quantity, 0)
    lines = (
        BasketLine("0", 0, 2, fill_or_kill=True),
        BasketLine("1", 0, 2, unit_price_micros=10, latest_minute=at + 3 * 1440, ship_set=0, excluded_locations=(0,)),
        BasketLine("2", 1, 1),
        BasketLine("3", 0, 2, unit_price_micros=40, latest_minute=at + 1440, min_split_quantity=2),
    )
    basket = Basket(lines, at, DestinationKey("NL", "1012"), constraints=Constraints(max_locations=2))
    found = reasons(set_scene(image, live, basket))
    assert found == {3: (2, Reason.PROMISE_UNREACHABLE, ("capacity", "lines[3].latest_date"))}
