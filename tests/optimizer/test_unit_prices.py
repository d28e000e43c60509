"""What a unit costs by where it comes from: exact, shown raw and weighted, and set against every other cost."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from engine.domain.basket import Basket, BasketLine, DeliveryMethod, DestinationKey
from engine.domain.enums import LocationKind, OrderBy, Term
from engine.domain.plan import Plan
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage, compile_image
from engine.network.opportunity import opportunity_prices
from engine.network.records import CarrierService, Item, Location, Policy, Tariff, Zone
from engine.optimizer.candidates import ShipRequest, ship_candidates
from engine.optimizer.decide import decide_basket
from engine.optimizer.direct import Request, suits_direct
from engine.optimizer.explain import decide_explained
from engine.optimizer.explanation import Level
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.solve import solve
from tests.checker import check_bound, check_solution
from tests.naive.candidates import unit_prices
from tests.network.small_network import prices, small_records
from tests.optimizer.baskets import NOW, drawn_scene

HOME, ABROAD = range(2)
NODES_MAX = 2_000
UNIT_TERMS = (Term.DUTY, Term.STOCK_OUT, Term.MARKDOWN, Term.OPPORTUNITY)
MINUTES_MAX = 60
ABROAD_TOO: dict[str, Any] = {"allow_split_lines": True, "international": True}


def scene_of(
    policy: Policy, items: tuple[Item, ...], stock: dict[tuple[int, int], int], quantity: int = 2, country: str = "NL",
    pickup: int = -1, priced: Sequence[tuple[int, int, int, int]] = (),
    opportunity: dict[tuple[int, int], int] | None = None, age_minutes: int = 0,
) -> Scene:  # fmt: skip
    """A line of each item to Amsterdam; a Dutch center packs for 1.00, one in Brussels for nothing.

    priced: (item, location, stock-out, markdown); opportunity: by (item, location), learned so many minutes ago.
    """
    locations = (
        Location(
            "home", LocationKind.DC, "1012", "NL", 52.37, 4.89, "Europe/Amsterdam", pack_cost_micros=1_000_000, pickup=True
        ),
        Location("away", LocationKind.DC, "1000", "BE", 50.85, 4.35, "Europe/Brussels", pickup=True),
    )
    zones = tuple(Zone("post", to, "home", 1) for to in ("NL", "BE"))
    image = compile_image(
        small_records(locations=locations, items=items, zones=zones, policies=(policy,), inventory_prices=prices(priced))
    )
    live = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1440)
    for (item, location), units in stock.items():
        live.matrix.change(item, location, 0, units, 0)
    wish: dict[str, Any] = {} if pickup < 0 else {"delivery_method": DeliveryMethod.PICKUP, "pickup_location": pickup}
    lines = tuple(BasketLine(f"l{n}", n, quantity, **wish) for n in range(len(items)))
    there = DestinationKey(country, "1011", 52.37, 4.90) if pickup < 0 else None
    return set_scene(with_prices(image, dict(opportunity or {}), age_minutes), live, Basket(lines, NOW, there))


def with_prices(image: NetworkImage, micros: dict[tuple[int, int], int], age_minutes: int) -> NetworkImage:
    """Prices of opportunity by (item, location), of so many minutes ago."""
    named: dict[str, dict[str, int]] = {}
    for (item, location), price in micros.items():
        named.setdefault(image.item_ids[item], {})[image.location_ids[location]] = price
    found = opportunity_prices(named, NOW - age_minutes, image.item_index, image.location_index)
    return replace(image, opportunity=found)


def plenty(items: int, locations: int = 2) -> dict[tuple[int, int], int]:
    return {(item, location): 9 for item in range(items) for location in range(locations)}


def planned(scene: Scene) -> Plan:
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert plan.certificate.objective_micros == sum(term.weighted_micros for term in plan.terms)
    assert plan.certificate.lower_bound_micros == plan.certificate.objective_micros
    return plan


def term_of(plan: Plan, term: Term) -> tuple[int, int] | None:
    return next(((t.raw_micros, t.weighted_micros) for t in plan.terms if t.term is term), None)


def sources(plan: Plan) -> list[int]:
    return sorted(shipment.location for shipment in plan.shipments)


def is_direct(scene: Scene) -> bool:
    assert scene.lanes is not None
    return suits_direct(Request(scene, scene.lanes, tuple(range(len(scene.basket.lines))), (scene.services,)))


BOLT = Item("bolt", value_micros=4_000_001, duty_ppm=125_000)


def test_duty_is_a_share_of_value_half_a_micro_rounded_up() -> None:
    """4.000001 × 12.5 % is 500,000.125 micros; of 4.000004 it is 500,000.5."""
    assert BOLT.duty_micros == 500_000
    assert replace(BOLT, value_micros=4_000_004).duty_micros == 500_001
    assert replace(BOLT, value_micros=4_000_003).duty_micros == 500_000
    assert Item("gold", value_micros=10**12, duty_ppm=10**6).duty_micros == 10**12


def test_duty_keeps_a_dear_line_at_home() -> None:
    """Two units owe 0.998 from abroad, less than packing costs at home; a unit more, and home is cheaper."""
    policy = Policy("p", international=True)
    assert sources(planned(scene_of(policy, (replace(BOLT, duty_ppm=0),), plenty(1), 3))) == [ABROAD]
    two, three = (planned(scene_of(policy, (replace(BOLT, value_micros=3_992_000),), plenty(1), q)) for q in (2, 3))
    assert sources(two) == [ABROAD]
    assert term_of(two, Term.DUTY) == (998_000, 998_000)
    assert sources(three) == [HOME]
    assert term_of(three, Term.DUTY) is None


def test_duty_is_weighed_unit_by_unit() -> None:
    """A third of 500,000 is 166,666, rounded down for each of three units; at a weight of 0 it is shown all the same."""
    third, none = (
        planned(scene_of(Policy("p", international=True, weights=(("duty", weight),)), (BOLT,), plenty(1), 3))
        for weight in (333_333, 0)
    )
    assert (sources(third), term_of(third, Term.DUTY)) == ([ABROAD], (1_500_000, 3 * 166_666))
    assert (sources(none), term_of(none, Term.DUTY)) == ([ABROAD], (1_500_000, 0))


def test_what_crosses_no_border_owes_nothing_and_takes_the_short_way() -> None:
    """The policy forbids it, the goods are free, or the destination lies where the center is: then there is no duty."""
    abroad, domestic = Policy("p", international=True), Policy("p")
    assert not is_direct(scene_of(abroad, (BOLT,), plenty(1)))
    assert is_direct(scene_of(domestic, (BOLT,), plenty(1)))
    assert is_direct(scene_of(abroad, (replace(BOLT, value_micros=3),), plenty(1)))
    belgian = planned(scene_of(abroad, (BOLT,), plenty(1), country="BE"))
    assert (sources(belgian), term_of(belgian, Term.DUTY)) == ([ABROAD], None)
    collected = planned(scene_of(abroad, (BOLT,), plenty(1), pickup=ABROAD))
    assert (sources(collected), term_of(collected, Term.DUTY)) == ([ABROAD], None)


def test_lines_of_one_order_part_where_one_is_dutiable() -> None:
    """The free line leaves for nothing abroad; the dear one is worth a shipment of its own at home."""
    items = (Item("a", value_micros=100_000_000, duty_ppm=200_000), Item("b", value_micros=100_000_000))
    stock = {(0, HOME): 9, (0, ABROAD): 9, (1, ABROAD): 9}
    plan = planned(scene_of(Policy("p", international=True), items, stock))
    assert sources(plan) == [HOME, ABROAD]
    assert term_of(plan, Term.DUTY) is None


def test_a_divided_line_owes_for_the_part_from_abroad() -> None:
    """Home has 1 of 3: two units at 0.50 come from abroad."""
    plan = planned(scene_of(Policy("p", **ABROAD_TOO), (BOLT,), {(0, HOME): 1, (0, ABROAD): 2}, 3))
    assert sources(plan) == [HOME, ABROAD]
    assert term_of(plan, Term.DUTY) == (1_000_000, 1_000_000)


def test_the_dearest_duty_of_the_most_units_goes_nowhere_rather_than_wrap() -> None:
    """10¹² micros times 2³¹ − 1 units lie beyond int64: such a line is short, whatever the weight."""
    gold = Item("gold", value_micros=10**12, duty_ppm=10**6)
    most = 2**31 - 1
    for weight in (0, 10**6, 10**9):
        policy = Policy("p", international=True, weights=(("duty", weight),))
        plan = decide_basket(scene_of(policy, (gold,), {(0, ABROAD): most}, most), (0, 1), NODES_MAX)
        assert plan.shipments == ()
    one = planned(scene_of(Policy("p", international=True, weights=(("duty", 10**9),)), (gold,), {(0, ABROAD): 1}, 1))
    assert term_of(one, Term.DUTY) == (10**12, 10**15)


NUT = Item("nut")
FAR = Policy("p", international=True)


def test_scarce_stock_is_left_where_the_next_sale_would_be_lost() -> None:
    """0.998 for two units abroad is less than packing at home, 1.002 is more; at half the weight it takes three units more."""
    cheap, dear = (planned(scene_of(FAR, (NUT,), plenty(1), priced=[(0, ABROAD, micros, 0)])) for micros in (499_000, 501_000))
    assert (sources(cheap), term_of(cheap, Term.STOCK_OUT)) == ([ABROAD], (998_000, 998_000))
    assert (sources(dear), term_of(dear, Term.STOCK_OUT)) == ([HOME], None)
    half = replace(FAR, weights=(("stock_out", 500_000),))
    few, many = (planned(scene_of(half, (NUT,), plenty(1), q, priced=[(0, ABROAD, 501_000, 0)])) for q in (2, 5))
    assert (sources(few), term_of(few, Term.STOCK_OUT)) == ([ABROAD], (1_002_000, 501_000))
    assert sources(many) == [HOME]


def test_what_would_be_marked_down_goes_first() -> None:
    """Home marks down by 0.70, Brussels by 0.10: taking it there costs 0.60 a unit, as much as home's markdown would save."""
    priced = [(0, HOME, 0, 700_000), (0, ABROAD, 0, 100_000)]
    one, two = (planned(scene_of(FAR, (NUT,), plenty(1), q, priced=priced)) for q in (1, 2))
    assert (sources(one), term_of(one, Term.MARKDOWN)) == ([ABROAD], (600_000, 600_000))
    assert (sources(two), term_of(two, Term.MARKDOWN)) == ([HOME], None)
    # A position without a row is not marked down: taking it costs the whole of the highest.
    unknown = planned(scene_of(FAR, (NUT,), plenty(1), 1, priced=priced[:1]))
    assert term_of(unknown, Term.MARKDOWN) == (700_000, 700_000)
    shown = planned(scene_of(replace(FAR, weights=(("markdown", 0),)), (NUT,), plenty(1), 2, priced=priced))
    assert (sources(shown), term_of(shown, Term.MARKDOWN)) == ([ABROAD], (1_200_000, 0))


def test_prices_hold_where_lines_are_collected_as_well() -> None:
    priced = [(0, HOME, 5, 9), (0, ABROAD, 3, 2)]
    plan = planned(
        scene_of(Policy("p", weights=(("markdown", 2_000_000),)), (NUT,), plenty(1), 2, pickup=ABROAD, priced=priced)
    )
    assert (term_of(plan, Term.STOCK_OUT), term_of(plan, Term.MARKDOWN)) == ((6, 6), (14, 28))


def test_prices_beyond_safe_sums_are_not_collected() -> None:
    """2⁵³ micros are the most of one line: 10¹² a unit, of 9,007 units 9.007 · 10¹⁵, and of one more that is beyond."""
    priced = [(0, HOME, 10**12, 0)]
    for quantity, shipments in ((9_007, 1), (9_008, 0)):
        scene = scene_of(
            Policy("p", weights=(("stock_out", 0),)), (NUT,), {(0, HOME): quantity}, quantity, pickup=HOME, priced=priced
        )
        assert len(decide_basket(scene, scene.services, NODES_MAX).shipments) == shipments


def test_only_orders_with_a_priced_item_leave_the_short_way() -> None:
    scene = scene_of(FAR, (NUT, BOLT), plenty(2), priced=[(0, HOME, 0, 1)])
    bolt = replace(scene, basket=replace(scene.basket, lines=scene.basket.lines[1:]))
    domestic = replace(bolt, policy=Policy("p"))
    assert (is_direct(scene), is_direct(bolt), is_direct(domestic)) == (False, False, True)


CHARGED = Policy("p", opportunity_minutes_max=MINUTES_MAX, international=True)


def test_what_later_orders_need_more_is_left_to_them() -> None:
    """Packing at home costs 1.00, as much as two units abroad that are worth half a euro more to later orders."""
    cheap, dear = (
        planned(scene_of(CHARGED, (NUT,), plenty(1), opportunity={(0, ABROAD): micros})) for micros in (499_000, 500_001)
    )
    assert (sources(cheap), term_of(cheap, Term.OPPORTUNITY)) == ([ABROAD], (998_000, 998_000))
    assert (sources(dear), term_of(dear, Term.OPPORTUNITY)) == ([HOME], None)
    weighed = replace(CHARGED, weights=(("opportunity", 500_000),))
    half = scene_of(weighed, (NUT,), plenty(1), opportunity={(0, ABROAD): 998_999})
    assert term_of(planned(half), Term.OPPORTUNITY) == (1_997_998, 2 * 499_499)


def test_prices_that_are_too_old_or_not_asked_for_are_not_charged() -> None:
    """One minute beyond what the policy takes is too old; then orders take the short way again."""
    opportunity = {(0, ABROAD): 10**6}
    for policy, age, is_charged in ((CHARGED, 60, True), (CHARGED, 61, False), (Policy("p", international=True), 0, False)):
        scene = scene_of(policy, (NUT,), plenty(1), opportunity=opportunity, age_minutes=age)
        assert sources(planned(scene)) == [HOME if is_charged else ABROAD]
        assert is_direct(scene) is not is_charged
    unpriced = scene_of(CHARGED, (NUT, BOLT), plenty(2), opportunity={(1, ABROAD): 1})
    assert is_direct(replace(unpriced, basket=replace(unpriced.basket, lines=unpriced.basket.lines[:1])))


def test_every_unit_term_of_a_plan_that_divides_ranks_or_sets() -> None:
    """One location has a unit of each line, the other the rest; each part is charged what its position is."""
    items, priced = (BOLT, NUT), [(0, ABROAD, 11, 0), (0, HOME, 13, 4), (1, ABROAD, 17, 5)]
    worth = {(0, ABROAD): 30, (0, HOME): 31, (1, ABROAD): 32}
    policy = replace(CHARGED, allow_split_lines=True)
    stock = {(0, HOME): 1, (0, ABROAD): 1, (1, ABROAD): 2}
    split = planned(scene_of(policy, items, stock, priced=priced, opportunity=worth))
    duty, stock_out, opportunity = 500_000, 11 + 13 + 2 * 17, 30 + 31 + 2 * 32
    assert [term_of(split, term) for term in UNIT_TERMS] == [(each, each) for each in (duty, stock_out, 4, opportunity)]

    ranked = decide_basket(
        scene_of(replace(policy, order_by=OrderBy.DISTANCE), items, stock, priced=priced, opportunity=worth), (0, 1), 9
    )
    assert [term_of(ranked, term) for term in UNIT_TERMS] == [term_of(split, term) for term in UNIT_TERMS]
    scene = scene_of(FAR, items, {**stock, (0, ABROAD): 2}, priced=priced)
    tied = tuple(replace(line, ship_set=0) for line in scene.basket.lines)
    together = planned(replace(scene, basket=replace(scene.basket, lines=tied)))
    assert sources(together) == [ABROAD]
    assert [term_of(together, term) for term in UNIT_TERMS] == [(1_000_000,) * 2, (2 * 11 + 2 * 17,) * 2, (8, 8), None]


def priced_scene(seed: int, **sizes: int) -> Scene:
    """A drawn scene whose lines mostly cost by unit, and of which many may be divided."""
    scene = drawn_scene(seed, **sizes)
    rng = random.Random(seed)
    records = scene.image.records
    items = tuple(
        replace(item, value_micros=rng.choice([1, 90_001]), duty_ppm=rng.choice([0, 333_333, 10**6])) for item in records.items
    )
    locations = tuple(replace(location, country_code=rng.choice(["NL", "BE"])) for location in records.locations)
    policies = tuple(
        replace(
            policy, international=rng.random() < 0.9, allow_split_lines=rng.random() < 0.7, max_locations_per_order=None,
            max_locations_per_line=None, opportunity_minutes_max=MINUTES_MAX,
        )
        for policy in records.policies
    )  # fmt: skip
    lines = tuple(replace(line, item=line.item % len(items), quantity=rng.choice([1, 2, 3])) for line in scene.basket.lines)
    pairs = [(item, place) for item in range(len(items)) for place in range(len(locations)) if rng.random() < 0.4]
    priced = prices([(*pair, rng.choice([0, 7_000]), rng.choice([0, 1, 50_000])) for pair in pairs])
    image = compile_image(replace(records, items=items, locations=locations, policies=policies, inventory_prices=priced))
    learned = {
        (item, place): rng.choice([3, 60_000])
        for item in range(len(items)) for place in range(len(locations)) if rng.random() < 0.3
    }  # fmt: skip
    return set_scene(with_prices(image, learned, rng.choice([0, 61])), scene.stock, replace(scene.basket, lines=lines))


def test_plans_cost_what_their_units_do() -> None:
    """Term by term as the records have it, whatever else a basket asks; and the terms are what the plan costs."""
    seen: Counter[Term] = Counter()
    for seed in range(200):
        scene = priced_scene(seed)
        plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
        raw: Counter[Term] = Counter()
        for peg in (peg for shipment in plan.shipments for peg in shipment.pegs):
            for term, micros in unit_prices(scene, peg.item, peg.location).items():
                raw[term] += micros * peg.quantity
        assert plan.certificate.objective_micros == sum(term.weighted_micros for term in plan.terms), seed
        assert plan.certificate.lower_bound_micros <= plan.certificate.objective_micros
        for term in UNIT_TERMS:
            assert (term_of(plan, term) or (0, 0))[0] == raw[term], (seed, term)
            seen[term] += raw[term] > 0
            shown = [t for t in explained.terms if t.term is term]
            for location in range(len(scene.image.locations)):
                due = sum(
                    unit_prices(scene, line.item, location)[term] * line.quantity
                    for line, sent in zip(scene.basket.lines, explained.sends[:, location], strict=True) if sent
                )  # fmt: skip
                assert (shown[0].raw_micros[location] if shown else 0) == (due if explained.terms else 0), (seed, term)
    assert min(seen[term] for term in UNIT_TERMS) > 10, seen


@pytest.mark.parametrize("sizes", [{}, {"lines_max": 14, "locations_max": 12}])
def test_certificates_hold(sizes: dict[str, int]) -> None:
    """The checker prices plans and looks for one below the bound, of small orders and of long ones; many are proven."""
    seen: Counter[str] = Counter()
    for seed in range(120):
        scene = priced_scene(seed, **sizes)
        assert scene.lanes is not None
        lines = tuple(range(len(scene.basket.lines)))
        problem = ship_candidates(scene, scene.lanes, ShipRequest(lines, scene.services)).problem
        if problem is None:
            continue
        solution = solve(problem, NODES_MAX)
        check_solution(problem, solution)
        if not problem.ranked:
            seen["priced"] += check_bound(problem, solution, random.Random(seed))
            seen["proven"] += solution.objective_micros == solution.lower_bound_micros
            seen["divided"] += problem.line_unit_micros is not None
    assert (seen["priced"] > 500, seen["proven"] > 30, seen["divided"] > 5) == (True, True, True), seen


@pytest.mark.parametrize("terms", [{"carbon_micros_per_kg": 1_000_000}, {}, {"late_micros_per_day": 40}])
@pytest.mark.parametrize("quantities", [(4, 2), (3, 2)])
def test_what_no_location_can_carry_whole_is_divided_whatever_units_cost(
    terms: dict[str, Any], quantities: tuple[int, int]
) -> None:
    """The carrier takes 3.5 kg: of 4 × 1.7 kg and 2 × 0.1 kg only 2 and 1 from each of two locations will do."""
    locations = tuple(Location(f"L{n}", LocationKind.DC, "1012", "NL", 52.1 + n / 3, 4.9, "Europe/Amsterdam") for n in range(2))
    records = small_records(
        locations=locations, items=(Item("heavy", weight_grams=1_700), Item("light", weight_grams=100)),
        zones=(Zone("post", "NL", "home", 1),), tariffs=(Tariff("post", "home", 3_500, 100),),
        carrier_services=(CarrierService("post", "STANDARD", co2_grams_per_tonne_km=60),),
        policies=(Policy("p", allow_split_lines=True, **terms),),
        inventory_prices=prices(() if terms else ((0, 0, 5, 0), (1, 1, 7, 0))),
    )  # fmt: skip
    image = compile_image(records)
    live = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1440)
    for item in range(2):
        for location in range(2):
            live.matrix.change(item, location, 0, 9, 0)
    latest = {"latest_minute": NOW} if "late_micros_per_day" in terms else {}
    lines = tuple(BasketLine(f"l{n}", n, quantity, **latest) for n, quantity in enumerate(quantities))
    scene = set_scene(image, live, Basket(lines, NOW, DestinationKey("NL", "1011", 52.37, 4.90)))
    plan = decide_basket(scene, scene.services, NODES_MAX)
    assert not plan.short_lines
    assert len(plan.shipments) == 2
