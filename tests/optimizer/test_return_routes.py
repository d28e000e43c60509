"""Where returns are worth most: every location priced one by one, over drawn networks and stock."""

import random
from dataclasses import replace
from typing import Any

import numpy as np

from engine.domain.basket import Basket, BasketLine, DestinationKey
from engine.domain.enums import LocationKind, LocationStatus
from engine.inventory.effects import PositionChange
from engine.inventory.live import LiveStock
from engine.kernels.partition import NEVER
from engine.network.image import NetworkImage, compile_image
from engine.network.records import Item, Transfer
from engine.optimizer.return_routes import TERMS, Units, by_carrier, by_transfer, rank_routes
from engine.optimizer.scene import set_scene
from tests.naive.returns import worth
from tests.network.small_network import prices, small_records

HOME = DestinationKey("NL", "1012")
PRICE = 4_950_000


def drawn(draw: random.Random) -> tuple[Any, ...]:
    """A network, its stock, and what comes back."""
    records = small_records()
    kinds = (LocationKind.DC, LocationKind.STORE, LocationKind.SUPPLIER)
    locations = tuple(
        replace(
            each, kind=draw.choice(kinds), country_code="NL", return_cost_micros=draw.randrange(3_000_000),
            returns=draw.random() < 0.9, status=draw.choice((*[LocationStatus.ACTIVE] * 5, LocationStatus.DISABLED)),
            hazmat=draw.random() < 0.7,
        )
        for each in records.locations
    )  # fmt: skip
    items = tuple(
        Item(
            name, weight_grams=draw.randrange(1, 2_000), value_micros=draw.randrange(20_000_000), hazmat=draw.random() < 0.2,
            decay_ppm_per_day=draw.randrange(200_000), supplier_credit_ppm=draw.choice((0, 500_000, 1_000_000)),
        )
        for name in ("bolt", "lamp")
    )  # fmt: skip
    rows = [
        (i, at, draw.randrange(9_000_000), draw.randrange(9_000_000))
        for i in range(2)
        for at in range(3)
        if draw.random() < 0.7
    ]
    transfers = tuple(
        Transfer(
            a.location_id, b.location_id, draw.randrange(5), cost_micros=draw.randrange(900_000),
            unit_cost_micros=draw.randrange(9_000),
        )
        for a in locations for b in locations if a is not b and draw.random() < 0.6
    )  # fmt: skip
    records = replace(records, locations=locations, items=items, inventory_prices=prices(rows), transfers=transfers)
    image = compile_image(records)
    stock = LiveStock(image.item_index, image.location_index, frozenset(), 19_000)
    there = {(i, at): draw.randrange(4) for i in range(2) for at in range(3)}
    stock.load(
        PositionChange(items[i].item_id, locations[at].location_id, "", "", units, 0, None) for (i, at), units in there.items()
    )
    units = [Units(i, draw.randrange(1, 4)) for i in draw.sample(range(2), draw.randrange(1, 3))]
    return image, stock, there, units, {(i, at): (s, m) for i, at, s, m in rows}


def test_routes_are_those_of_every_location_priced_by_itself() -> None:
    draw = random.Random(8)
    kept = 0
    for _ in range(300):
        image, stock, there, units, priced = drawn(draw)
        minute = 19_010 * 1_440
        lines = tuple(BasketLine(str(n), item, quantity) for n, (item, quantity) in enumerate(units))
        scene = set_scene(image, stock, Basket(lines, minute, HOME))
        drop_off = draw.randrange(3) if draw.random() < 0.5 else None
        if drop_off is None:
            assert scene.lanes is not None
            way = by_carrier(image, scene.lanes, units)
        else:
            way = by_transfer(image, drop_off, units)
        routes = rank_routes(scene, units, way, 19_010)
        expected = {}
        for at, location in enumerate(image.locations):
            suppliers = location.kind is not LocationKind.SUPPLIER or all(image.items[i].supplier_credit_ppm for i, _ in units)
            hazmat = location.hazmat or not any(image.items[i].hazmat for i, _ in units)
            if location.status is LocationStatus.DISABLED or not (location.returns and suppliers and hazmat):
                continue
            days, cost, kilometers = 1, PRICE, int(way.distance_meters[at]) // 1000
            if drop_off is not None:
                ways = [
                    (cost_micros + each_micros * sum(q for _, q in units), days)
                    for cost_micros, each_micros, days in lanes_of(image, drop_off, at)
                ] + ([(0, 0)] if at == drop_off else [])  # fmt: skip
                if not ways:
                    continue
                (cost, days), kilometers = min(ways, key=lambda way: way[0]), 0
            of_items = [(image.items[i], quantity, there[i, at], *priced.get((i, at), (0, 0))) for i, quantity in units]
            expected[at] = worth(location, of_items, int(days), int(cost), kilometers, 1)
        assert {route.location: route.worth_micros for route in routes} == expected
        assert [route.worth_micros for route in routes] == sorted(expected.values(), reverse=True)
        assert all(sum(route.terms) == route.worth_micros and len(route.terms) == len(TERMS) for route in routes)
        kept += bool(routes) and routes[0].worth_micros <= 0
    assert kept, "some are not worth sending"


def lanes_of(image: NetworkImage, start: int, end: int) -> list[tuple[int, int, int]]:
    """(cost, cost a unit, days) of transfers from one location to another."""
    lanes = image.transfers
    rows = np.flatnonzero((lanes.from_location == start) & (lanes.to_location == end)).tolist()
    return [(int(lanes.cost_micros[row]), int(lanes.unit_cost_micros[row]), int(lanes.transit_days[row])) for row in rows]


def test_what_no_carrier_and_no_transfer_brings_goes_nowhere() -> None:
    image = compile_image(small_records(zones=(), tariffs=()))
    stock = LiveStock(image.item_index, image.location_index, frozenset(), 19_000)
    scene = set_scene(image, stock, Basket((BasketLine("1", 0, 1),), 19_010 * 1_440, HOME))
    assert scene.lanes is not None
    way = by_carrier(image, scene.lanes, [Units(0, 1)])
    assert (way.cost_micros == NEVER).all() and rank_routes(scene, [Units(0, 1)], way, 19_010) == []
    assert [route.location for route in rank_routes(scene, [Units(0, 1)], by_transfer(image, 1, [Units(0, 1)]), 19_010)] == [1]
