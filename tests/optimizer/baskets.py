"""Small networks, stock and baskets drawn at random, as hostile as their sizes allow; see `drawn_scene`."""

import random
from copy import copy
from dataclasses import replace
from typing import Any

from engine.domain.basket import NO_LATEST, Basket, BasketLine, Constraints, DestinationKey
from engine.domain.enums import CapacityUnit, LocationKind, LocationStatus, OrderBy
from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND, QUANTITY_MAX, Slot
from engine.network.image import NetworkImage, compile_image
from engine.network.records import CarrierService, Item, Location, Policy, SafetyStock, Segment, Tariff, Zone
from engine.optimizer.scene import Scene, set_scene
from tests.network.small_network import prices, small_records, weekly

NOW = 29_700_600
"""A Friday in 2026."""

FIRST_DAY = NOW // 1440 - 10
PLACES = ((52.37, 4.89), (51.44, 5.48), (53.22, 6.57), (52.09, 5.12), (50.85, 4.35))


def drawn_apart(rng: random.Random) -> random.Random:
    """A generator for one thing more to draw, after which everything else is drawn as it was without it."""
    return random.Random(copy(rng).random())


def drawn_image(rng: random.Random, locations_max: int = 6) -> NetworkImage:
    """A network of a few locations, many of them alike, three services and four items."""
    flat = rng.random() < 0.5
    money = (2, 500_000)[rng.random() < 0.5]
    limited = rng.random() < 0.4

    apart = drawn_apart(rng)
    declined = apart.choice([0, 333_333])

    def cost() -> int:
        return 1 if flat else rng.randint(0, money)

    locations = tuple(
        Location(
            f"L{n:02}", LocationKind.DC, "1000", rng.choice(["NL"] * 6 + ["BE"]),
            *PLACES[0 if rng.random() < 0.6 else rng.randrange(5)], "Europe/Amsterdam",
            calendar_id=rng.choice([None, None, "day"]),
            cutoff_minute=rng.choice([1440, 1440, 600]), processing_minutes=rng.choice([0, 0, 90]), pick_cost_micros=cost(),
            unit_cost_micros=cost(), pack_cost_micros=cost(),
            capacity_per_day=rng.randint(0, 4) if limited and rng.random() < 0.5 else None,
            capacity_unit=rng.choice(list(CapacityUnit)), ships=rng.random() < 0.9, pickup=rng.random() < 0.5,
            status=LocationStatus.ACTIVE if rng.random() < 0.9 else LocationStatus.DISABLED,
            priority=rng.choice([0, 0, 0, 1, 7]), hazmat=rng.random() < 0.8,
            excluded_item_classes=("frail",) if rng.random() < 0.1 else (),
            performance_micros=1 if flat else apart.randint(0, money),
            decline_ppm=declined if flat else apart.choice([0, 1, declined, 10**6]),
        )
        for n in range(rng.randint(1, locations_max))
    )  # fmt: skip
    services = tuple(
        CarrierService(name, level, pickup_minute=pickup, max_package_grams=rng.choice([None, 3_000, 10_000]),
                       dimensional_divisor=rng.choice([None, 5_000]), co2_grams_per_tonne_km=rng.choice([0, 70, 900]),
                       hazmat=name != "air" or rng.random() < 0.7)
        for name, level, pickup in (("air", "EXPRESS", 1200), ("post", "STANDARD", 1080), ("van", "STANDARD", 1080))
    )  # fmt: skip
    names = ("near", "far")
    zones = tuple(
        Zone(service.carrier_service_id, "NL", name, rng.randint(0, 3), max_distance_meters=reach)
        for service in services
        for name, reach in zip(names, (60_000, rng.choice([None, 120_000])), strict=True)
        if rng.random() < 0.85
    )
    price = rng.choice([1_000_000, 3])
    tariffs = tuple(
        Tariff(service.carrier_service_id, name, grams, price * rng.randint(1, 3), rng.choice([0, 0, 700]))
        for service in services
        for name in names
        for grams in rng.choice([(1_000, 5_000), (2_000, 10_000, 40_000), (800,)])
    )
    apart = drawn_apart(rng)
    dutiable = apart.random() < 0.12
    items = tuple(
        Item(
            f"I{n}",
            item_class="frail" if n % 4 == 1 else "",
            weight_grams=rng.choice([0, 400, 1_500]),
            length_mm=rng.choice([0, 200]),
            width_mm=100,
            height_mm=100,
            hazmat=n % 4 == 2,
            value_micros=apart.choice([0, 1, 3 * money + 1]),
            duty_ppm=apart.choice([0, 500_000, 1_234_567]) if dutiable else 0,
        )
        for n in range(8)
    )
    pairs = [(item, place) for item in range(len(items)) for place in range(len(locations)) if apart.random() < 0.5]
    priced = apart.random() < 0.12
    inventory_prices = prices(
        [(*pair, apart.choice([0, money]), apart.choice([0, 1, 3 * money])) for pair in pairs] if priced else []
    )
    safety = tuple(SafetyStock(rng.randint(1, 2), location_id=place.location_id) for place in locations if rng.random() < 0.2)
    records = small_records(
        locations=locations, carrier_services=services, zones=zones, tariffs=tariffs, items=items, safety_stock=safety,
        calendars=tuple(weekly("day", 540, 1020)), policies=(drawn_policy(rng, money),),
        segments=(
            Segment("vip", 1, consumes_common=rng.random() < 0.7),
            Segment("vip", 1, f"I{rng.randrange(4)}", consumes_common=rng.random() < 0.5),
        ),
        postal_areas=(), inventory_prices=inventory_prices,
    )  # fmt: skip
    return compile_image(replace(records, network=replace(records.network, horizon_days=20)))


def drawn_policy(rng: random.Random, money: int) -> Policy:
    """Mostly by cost; weights, lateness, limits now and then."""
    apart = drawn_apart(rng)
    of_units = drawn_apart(apart)

    def sometimes(value: Any, otherwise: Any, share: float) -> Any:
        return value if rng.random() < share else otherwise

    return Policy(
        "drawn", weights=sometimes(
            (
                ("distance", 0), ("carrier", 500_000), ("pick", 2_000_000), ("carbon", 333_333), ("capacity", 1_500_000),
                ("performance", apart.choice([0, 1_500_000])), ("decline", apart.choice([0, 700_000])),
                ("duty", of_units.choice([0, 700_000])), ("markdown", of_units.choice([0, 1_500_000])),
            ), (), 0.3,
        ),
        split_micros=rng.randint(0, money), late_micros_per_day=sometimes(rng.randint(1, money), 0, 0.2),
        short_micros=sometimes(rng.randint(0, 20 * money), None, 0.3),
        max_locations_per_order=sometimes(rng.randint(1, 3), None, 0.1),
        max_locations_per_line=sometimes(rng.randint(1, 2), None, 0.2), allow_split_lines=rng.random() < 0.4,
        carbon_micros_per_kg=sometimes(rng.choice([7_000, 10**8]), 0, 0.15),
        capacity_price_micros=sometimes(rng.randint(1, 3 * money), 0, 0.15),
        decline_micros=apart.choice([0, apart.randint(1, 3 * money)]),
        max_distance_meters=sometimes(100_000, None, 0.1), international=rng.random() < 0.3,
        order_by=sometimes(rng.choice([OrderBy.PRIORITY, OrderBy.DISTANCE]), OrderBy.COST, 0.1),
    )  # fmt: skip


def drawn_stock(rng: random.Random, image: NetworkImage) -> LiveStock:
    """On hand, receipts and ring-fenced pools; oversold, negative and huge now and then."""
    stock = LiveStock(image.item_index, image.location_index, frozenset(), FIRST_DAY)
    matrix = stock.matrix
    plenty = rng.choice([1, 3])
    for item in range(len(image.items)):
        for location in range(len(image.locations)):
            if rng.random() < 0.75:
                supply = rng.choice([0, 1, 2, 5, 9])
                supply, demand = supply, rng.choice([0, 0, 0, supply, supply + 3])
                if rng.random() < 0.04:
                    supply, demand = rng.choice([(QUANTITY_MAX, 0), (-3, 0), (QUANTITY_MAX, -QUANTITY_MAX - 1), (4, -2)])
                matrix.change(item, location, 0, supply * (plenty if abs(supply) < 99 else 1), demand)
            for share, slot in (
                (0.12, Slot(f"R{rng.randrange(3)}", "", NOW + rng.choice([-5, 0, 1, 700, 5_000, 90_000]), True)),
                (0.06, Slot("", "vip", ON_HAND, True)),
                (0.05, Slot("", "", ON_HAND, False)),
                (0.03, Slot("Q", "vip", NOW + 2_000, rng.random() < 0.5)),
            ):
                if rng.random() < share:
                    matrix.change(
                        item, location, matrix.slot_index(slot), rng.choice([1, 2, 6, QUANTITY_MAX]), rng.randint(0, 2)
                    )
    for _ in range(rng.randint(0, 12)):
        stock.hold((), [(rng.randrange(len(image.locations)), NOW // 1440 + rng.randint(0, 3), rng.randint(1, 4))])
    return stock


def drawn_basket(rng: random.Random, image: NetworkImage, lines_max: int = 4) -> Basket:
    """Lines with wishes of their own now and then; some of one item."""
    return Basket(
        tuple(drawn_line(rng, image, n) for n in range(rng.randint(1, lines_max))), NOW,
        DestinationKey(rng.choice(["NL"] * 9 + ["BE"]), "1011", 52.37, 4.90), segment=rng.choice(["", "", "vip"]),
        constraints=Constraints(
            max_locations=rng.choice([None] * 9 + [2]), max_distance_meters=rng.choice([None] * 9 + [90_000]),
            international=rng.choice([None, None, True]),
        ),
    )  # fmt: skip


def drawn_line(rng: random.Random, image: NetworkImage, number: int) -> BasketLine:
    wishes: dict[str, Any] = {}
    if rng.random() < 0.3:
        count = len(image.locations)
        wishes = rng.choice([
            {"allowed_locations": tuple(rng.sample(range(count), rng.randint(1, count)))},
            {"excluded_locations": (rng.randrange(count),)},
            {"preassigned_location": rng.randrange(count)},
            {"service_level": rng.choice(image.service_levels)},
            {"preferred_services": (rng.randrange(3), rng.randrange(3))},
            {"latest_minute": NOW + rng.choice([1_000, 3_000, 6_000])},
            {"fill_or_kill": True},
            {"max_splits": 1},
        ])  # fmt: skip
    item = number if rng.random() < 0.85 else rng.randrange(len(image.items))
    quantity = rng.choice([1, 1, 1, 2, 3]) if rng.random() < 0.96 else rng.choice([7, QUANTITY_MAX])
    return BasketLine(f"l{number}", item, quantity, **{"latest_minute": NO_LATEST} | wishes)


def drawn_scene(seed: int, lines_max: int = 4, locations_max: int = 6) -> Scene:
    rng = random.Random(seed)
    image = drawn_image(rng, locations_max)
    return set_scene(image, drawn_stock(rng, image), drawn_basket(rng, image, lines_max))
