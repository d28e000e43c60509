"""What can be promised under rules and backorders is what a plain model says, and plans take exactly that and no more."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.basket import Basket, BasketLine, DeliveryMethod, DestinationKey
from engine.domain.plan import Plan
from engine.inventory.effects import PositionChange
from engine.inventory.fork import StockFork
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage, compile_image
from engine.network.policies import moment_minute
from engine.network.records import AvailabilityRule, Backorder, Item, Policy, SafetyStock, Tariff, Zone
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import Scene, set_scene
from engine.sourcing.cells import cells_taken, home_hold
from tests.naive.availability import promised_by
from tests.naive.stock import Position
from tests.network.small_network import small_records

ZONE = "Europe/Amsterdam"
NOW = moment_minute("2026-11-27", ZONE, 0) + 720
DAY = 1440
ITEMS = (Item("bolt", weight_grams=1), Item("lamp", item_class="light", weight_grams=1))
THERE = DestinationKey("NL", "1011")
UNITS = st.integers(0, 9)


def image_with(rules: tuple[Any, ...] = (), backorders: tuple[Any, ...] = (), safety: tuple[Any, ...] = ()) -> NetworkImage:
    """Three places of two countries and two groups, from each of which anything can be shipped or collected."""
    records = small_records(
        items=ITEMS, safety_stock=safety, availability_rules=rules, backorders=backorders,
        policies=(Policy("p", short_micros=10**9, international=True),), zones=(Zone("post", "NL", "home", 1),),
        tariffs=(Tariff("post", "home", 10**9, 1_000_000),),
    )  # fmt: skip
    groups = (("north", "big"), ("big",), ())
    places = tuple(replace(each, groups=g, pickup=True) for each, g in zip(records.locations, groups, strict=True))
    return compile_image(replace(records, locations=places))


def stock_of(image: NetworkImage, positions: dict[tuple[int, int], list[Position]]) -> LiveStock:
    stock = LiveStock(image.item_index, image.location_index, frozenset(), NOW // DAY)
    for (item, place), found in positions.items():
        for p in found:
            minute = p.available_at if p.receipt else None
            ids = image.item_ids[item], image.location_ids[place], p.receipt, ""
            stock.apply_change(PositionChange(*ids, p.supply, p.demand, minute))
    return stock


def on_hand(place: int, supply: int, demand: int = 0) -> Position:
    return Position(place, "", "", 0, True, supply, demand)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


WHERE = st.fixed_dictionaries({}, optional={"location_group": st.sampled_from(["north", "big"]), "country_code": st.just("NL")})
WHAT = st.fixed_dictionaries({}, optional={"item_id": st.sampled_from(["bolt", "lamp"])}) | st.just({"item_class": "light"})
DECIDES = {
    "available": st.booleans(), "safety_stock": UNITS, "buffer_quantity": UNITS, "inbound": st.booleans(),
    "buffer_ppm": st.sampled_from([0, 1, 125_000, 10**6]), "pickup_reserve": UNITS,
}  # fmt: skip


@st.composite
def rules(draw: st.DrawFn) -> AvailabilityRule:
    where = draw(WHERE | st.fixed_dictionaries({"location_id": st.sampled_from(["ams", "ehv", "nyc"])}))
    dates = draw(
        st.sampled_from([{}, {"from_moment": "2026-11-27"}, {"until_moment": "2026-11-26"}, {"from_moment": "2026-11-28"}])
    )
    decides = draw(st.fixed_dictionaries({}, optional=DECIDES))
    scenario, channel = draw(maybe(st.sampled_from(["peak", "fire"]))), draw(maybe(st.sampled_from(["web", "app"])))
    return AvailabilityRule(scenario_id=scenario, channel=channel, **draw(WHAT), **where, **dates, **decides)


SAFETY = st.builds(
    SafetyStock,
    quantity=UNITS,
    item_id=maybe(st.just("bolt")),
    location_id=maybe(st.just("ams")),
    channel=maybe(st.just("web")),
)
BACKORDERS = st.builds(
    Backorder, quantity=UNITS, lead_time_days=st.integers(0, 4), item_id=maybe(st.sampled_from(["bolt", "lamp"])),
    location_id=maybe(st.sampled_from(["ams", "nyc"])),
)  # fmt: skip


@st.composite
def positions(draw: st.DrawFn) -> dict[tuple[int, int], list[Position]]:
    """On hand, oversold or below zero now and then, and a receipt."""
    found: dict[tuple[int, int], list[Position]] = {}
    for item in range(2):
        for place in range(3):
            own = []
            if draw(st.booleans()):
                own.append(on_hand(place, draw(st.integers(-3, 12)), draw(UNITS)))
            if draw(st.booleans()):
                own.append(
                    Position(place, "po", "", NOW + draw(st.integers(-1, 3)) * DAY, True, draw(UNITS), draw(st.integers(0, 2)))
                )
            if own:
                found[item, place] = own
    return found


def distinct(rows: list[Any], *names: str) -> tuple[Any, ...]:
    return tuple({tuple(getattr(row, name) for name in names): row for row in rows}.values())


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(rules(), max_size=6), st.lists(SAFETY, max_size=3), st.lists(BACKORDERS, max_size=3), positions(), st.data())
def test_what_can_be_promised_is_what_a_plain_model_says(
    rows: list[AvailabilityRule], safety: list[SafetyStock], backorders: list[Backorder],
    stock: dict[tuple[int, int], list[Position]], data: st.DataObject,
) -> None:  # fmt: skip
    caps = distinct(backorders, "item_id", "location_id")
    stated = distinct(safety, "item_id", "location_id", "channel")
    image = image_with(tuple(rows), caps, stated)
    live = stock_of(image, stock)
    before = live.matrix.demand.tolist()
    item, place = data.draw(st.integers(0, 1)), data.draw(st.integers(0, 2))
    channel, scenario = data.draw(st.sampled_from(["", "web", "app"])), data.draw(st.sampled_from(["", "peak"]))
    is_collected, allows = data.draw(st.booleans()), data.draw(st.booleans())
    by = NOW + data.draw(st.integers(0, 4)) * DAY
    # Rows of safety stock come first: a rule of the same reach has the last word.
    as_rules = [
        AvailabilityRule(item_id=s.item_id, location_id=s.location_id, channel=s.channel, safety_stock=s.quantity)
        for s in stated
    ]
    reaches = {reach(row) for row in rows if row.safety_stock is not None and in_force(row)}
    said = [row for row in as_rules if reach(row) not in reaches] + rows
    expected = promised_by(
        stock.get((item, place), []), said, list(caps), ITEMS[item], image.locations[place], channel=channel, scenario=scenario,
        minute=NOW, by=by, zone=ZONE, is_collected=is_collected, allows_backorder=allows,
    )  # fmt: skip

    def scene_of(quantity: int) -> Scene:
        line = BasketLine("l", item, quantity, allowed_locations=(place,), allow_backorder=allows)
        if is_collected:
            line = replace(line, delivery_method=DeliveryMethod.PICKUP, pickup_location=place)
        return set_scene(image, live, Basket((line,), NOW, THERE, channel=channel, scenario_id=scenario))

    scene = scene_of(1)
    sources = scene.sources(item)
    there = int(scene.item_stock(item, by, is_collected).by_latest[place])
    assert (there if sources is None or sources[place] else 0) == expected
    # Plans have all dates to take from: as many as ever there are, and not one more.
    ever = promised_by(
        stock.get((item, place), []), said, list(caps), ITEMS[item], image.locations[place], channel=channel, scenario=scenario,
        minute=NOW, by=2**40, zone=ZONE, is_collected=is_collected, allows_backorder=allows,
    )  # fmt: skip
    scene = scene_of(ever + 1)
    plan = decide_basket(scene, scene.services, 1_000)
    pegs = [peg for shipment in plan.shipments for peg in shipment.pegs]
    assert sum(peg.quantity for peg in pegs) == ever
    assert live.matrix.demand.tolist() == before
    assert_guards_hold(scene, plan)


def reach(row: AvailabilityRule) -> tuple[Any, ...]:
    return (
        row.scenario_id,
        row.item_id,
        row.item_class,
        row.location_id,
        row.location_group,
        row.country_code,
        row.channel,
        (row.from_moment or row.until_moment),
    )


def in_force(row: AvailabilityRule) -> bool:
    return row.from_moment != "2026-11-28" and row.until_moment != "2026-11-26"


def assert_guards_hold(scene: Scene, plan: Plan) -> None:
    """The store would take the plan on this stock: nothing falls below its floor."""
    image, home = scene.image, scene.stock
    live = {}
    for item in range(len(image.items)):
        for place, slot, supply, demand in home.matrix.rows(item):
            live[image.item_ids[item], image.location_ids[place], slot.receipt_id, slot.pool] = supply - demand
    for change in cells_taken(scene, (peg for shipment in plan.shipments for peg in shipment.pegs)):
        assert change.floor is not None
        assert live.get(tuple(change.cell), 0) - change.demand_delta >= change.floor


def decided(image: NetworkImage, live: LiveStock, *lines: BasketLine) -> tuple[Scene, Plan]:
    scene = set_scene(image, live, Basket(lines, NOW, THERE))
    return scene, decide_basket(scene, scene.services, 1_000)


def units(plan: Plan) -> int:
    return sum(peg.quantity for shipment in plan.shipments for peg in shipment.pegs)


@pytest.mark.parametrize(("held", "quantity", "taken"), [(93, 2, 2), (93, 3, 2), (85, 11, 10), (95, 1, 0), (0, 96, 95)])
def test_backorder_floor(held: int, quantity: int, taken: int) -> None:
    """Acceptance 10. Down to −10 on 85 of which so many are held; on the cell in the store the floor is −10."""
    image = image_with(backorders=(Backorder(10, 3, "bolt"),))
    live = stock_of(image, {(0, 0): [on_hand(0, 85, held)]})
    scene, plan = decided(image, live, BasketLine("l", 0, quantity, allow_backorder=True))
    assert units(plan) == taken
    assert isinstance(scene.stock, StockFork) == (held < 95)
    pegs = [peg for shipment in plan.shipments for peg in shipment.pegs]
    if taken:
        (cell,) = cells_taken(scene, pegs)
        assert (tuple(cell.cell), cell.demand_delta, cell.floor) == (("bolt", "ams", "", ""), taken, -10)
        for shipment in plan.shipments:
            live.hold(*home_hold(scene, shipment))
        assert live.matrix.demand[live.matrix.find(0, 0, 0)] == held + taken
    _, plain = decided(image, live, BasketLine("l", 0, quantity))
    assert units(plain) == max(0, min(quantity, 85 - held - taken))


def test_a_backorder_is_there_after_its_lead_time() -> None:
    """Three days from now, and then by the carrier: in time for nothing that is due before, but for what is there."""
    image = image_with(backorders=(Backorder(10, 3, "bolt"),))
    live = stock_of(image, {(0, 0): [on_hand(0, 4)]})
    _, plan = decided(image, live, BasketLine("l", 0, 6, allow_backorder=True))
    assert units(plan) == 6
    assert max(shipment.handover_by_minute for shipment in plan.shipments) >= NOW + 3 * DAY
    _, plan = decided(image, live, BasketLine("l", 0, 6, allow_backorder=True, latest_minute=NOW + 3 * DAY))
    assert units(plan) == 4


def test_units_of_one_item_are_backordered_only_where_each_of_its_lines_allows_it() -> None:
    image = image_with(backorders=(Backorder(10, 0, "bolt"),))
    live = stock_of(image, {(0, 0): [on_hand(0, 1)]})
    allowed = BasketLine("a", 0, 2, allow_backorder=True)
    _, plan = decided(image, live, allowed, BasketLine("b", 0, 2))
    assert units(plan) == 1
    _, plan = decided(image, live, allowed, replace(allowed, line_id="b"))
    assert units(plan) == 4


def test_what_is_collected_and_shipped_from_one_place_keeps_the_reserve() -> None:
    """5 on hand, 3 of them kept for pickup: 1 is collected, then 1 may be shipped; the cell keeps 3 in the store."""
    image = image_with(rules=(AvailabilityRule(location_id="ams", pickup_reserve=3),))
    live = stock_of(image, {(0, 0): [on_hand(0, 5)]})
    collected = BasketLine("c", 0, 1, delivery_method=DeliveryMethod.PICKUP, pickup_location=0)
    scene, plan = decided(image, live, BasketLine("s", 0, 3), collected)
    taken = {s.route.value: sum(p.quantity for p in s.pegs) for s in plan.shipments}
    assert taken == {"PICKUP": 1, "SHIP": 1}
    (cell,) = cells_taken(scene, (peg for shipment in plan.shipments for peg in shipment.pegs))
    assert (cell.demand_delta, cell.floor) == (2, 3)


def test_stock_without_rules_or_backorders_is_decided_on_itself() -> None:
    image = image_with(backorders=(Backorder(10, 3, "bolt"),))
    live = stock_of(image, {(0, 0): [on_hand(0, 4)]})
    for line in (BasketLine("l", 0, 1), BasketLine("l", 1, 1, allow_backorder=True)):
        assert set_scene(image, live, Basket((line,), NOW, THERE)).stock is live


@pytest.mark.parametrize("is_collected", [False, True])
def test_lead_time_runs_from_the_order(is_collected: bool) -> None:
    """Whoever orders beyond stock at the last minute has it as promised, and whoever does a minute later has it later."""
    image = image_with(backorders=(Backorder(quantity=5, lead_time_days=3, item_id="bolt", location_id="ams"),))
    live = stock_of(image, {(0, 0): [on_hand(0, 1)]})
    method = DeliveryMethod.PICKUP if is_collected else DeliveryMethod.SHIP
    lines = (BasketLine("1", 0, 3, delivery_method=method, pickup_location=0 if is_collected else -1, allow_backorder=True),)

    def asked(minute: int) -> Plan:
        scene = set_scene(image, live, Basket(lines, minute, THERE))
        plan = decide_basket(scene, scene.services, 100)
        assert not plan.short_lines
        return plan

    plan = asked(NOW)
    last = min(shipment.order_by_minute for shipment in plan.shipments)
    assert NOW <= last < NOW + DAY
    there = plan.shipments[-1].delivery_latest_minute
    assert there >= NOW + 3 * DAY
    assert asked(last).shipments[-1].delivery_latest_minute == there
    assert asked(last + 1).shipments[-1].delivery_latest_minute > there
