"""The sample network: a Dutch shoe retailer with 17 stores, 2 distribution centers and 3 suppliers that drop-ship.

Places are real, all else follows from the seed and the date. Money is in euros, one euro a million micros.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import cos, hypot, radians

import numpy as np

from engine.domain.enums import CapacityUnit, LocationKind, Term
from engine.network.records import (
    Backorder,
    Item,
    Location,
    Network,
    NetworkRecords,
    Policy,
    PostalArea,
    SafetyStock,
    Segment,
    Transfer,
)
from loaders.dutch_places import COUNTRY, DC_PLACES, POSTAL_REGIONS, STORE_PLACES, SUPPLIER_PLACES, TIME_ZONE, Place
from loaders.shoe_calendars import shoe_calendars
from loaders.shoe_carriers import CARRIER_SERVICES, EURO, shoe_tariffs, shoe_zones
from loaders.shoe_items import shoe_inventory, shoe_items, shoe_popularity, shoe_receipts

BEST_SELLERS = 60
WEIGHT_ONE = 1_000_000

_FLAGSHIPS = ("Amsterdam", "Den Haag", "Rotterdam", "Utrecht")
_CLOSED_ON_SUNDAY = ("Enschede", "Zwolle")
_PICKUP_ONLY = ("Leeuwarden",)


@dataclass(frozen=True, slots=True)
class _Work:
    """What work at a kind of location costs and takes, in euro cents, minutes, and so much a day."""

    prefix: str
    calendar_id: str
    cutoff_minute: int
    processing_minutes: int
    pick_cents: int
    unit_cents: int
    pack_cents: int
    capacity_per_day: int
    capacity_unit: CapacityUnit
    priority: int


_WORK = {
    LocationKind.DC: _Work("DC", "DC", 22 * 60, 60, 35, 10, 60, 4_000, CapacityUnit.ORDERS, 1),
    LocationKind.STORE: _Work("STORE", "STORE", 16 * 60, 120, 110, 25, 95, 60, CapacityUnit.ORDERS, 2),
    LocationKind.SUPPLIER: _Work("SUP", "SUPPLIER", 12 * 60, 240, 60, 15, 80, 300, CapacityUnit.LINES, 3),
}

_SAFETY_STOCK = (
    SafetyStock(1, location_group="stores"),
    SafetyStock(2, location_group="flagships"),
    SafetyStock(4, item_class="SNEAKER", location_group="centers"),
    SafetyStock(3, location_group="stores", channel="marketplace"),
)


def shoe_retailer(*, today: date, seed: int = 1) -> NetworkRecords:
    """The sample network as of `today`, from which inbound receipts, short days and the peak policy are dated."""
    rng = np.random.default_rng(seed)
    locations = _locations()
    items = shoe_items(rng)
    popularity = shoe_popularity(items, rng)
    best_sellers = [items[index] for index in np.sort(np.argsort(-popularity, kind="stable")[:BEST_SELLERS])]
    return NetworkRecords(
        network=Network("Stap en Zoon", "EUR", COUNTRY, TIME_ZONE),
        locations=locations,
        calendars=shoe_calendars(today),
        items=items,
        carrier_services=CARRIER_SERVICES,
        zones=shoe_zones(locations),
        tariffs=shoe_tariffs(),
        policies=_policies(today),
        inventory=shoe_inventory(locations, popularity, rng),
        postal_areas=tuple(
            PostalArea(COUNTRY, f"{region}00", f"{region}99", latitude, longitude)
            for region, _, latitude, longitude in POSTAL_REGIONS
        ),
        transfers=_transfers(locations),
        segments=_segments(best_sellers),
        safety_stock=_SAFETY_STOCK,
        backorders=tuple(Backorder(40, 21, item.item_id, "DC-WAALWIJK") for item in best_sellers[:20]),
        receipts=shoe_receipts(items, locations, today, rng),
    )


def _locations() -> tuple[Location, ...]:
    places = (
        (LocationKind.DC, DC_PLACES),
        (LocationKind.STORE, STORE_PLACES),
        (LocationKind.SUPPLIER, SUPPLIER_PLACES),
    )
    locations = [_location(kind, place) for kind, members in places for place in members]
    return tuple(sorted(locations, key=lambda location: location.location_id))


def _location(kind: LocationKind, place: Place) -> Location:
    work = _WORK[kind]
    is_store, is_flagship = kind == LocationKind.STORE, kind == LocationKind.STORE and place.name in _FLAGSHIPS
    groups = {LocationKind.DC: ("centers",), LocationKind.STORE: ("stores",), LocationKind.SUPPLIER: ("suppliers",)}
    return Location(
        location_id=f"{work.prefix}-{place.name.upper().replace(' ', '-')}",
        kind=kind,
        postal_code=place.postal_code,
        country_code=COUNTRY,
        latitude=place.latitude,
        longitude=place.longitude,
        time_zone=TIME_ZONE,
        name=place.name,
        calendar_id="STORE-NO-SUNDAY" if is_store and place.name in _CLOSED_ON_SUNDAY else work.calendar_id,
        cutoff_minute=work.cutoff_minute,
        processing_minutes=work.processing_minutes,
        pick_cost_micros=work.pick_cents * EURO // 100,
        unit_cost_micros=work.unit_cents * EURO // 100,
        pack_cost_micros=work.pack_cents * EURO // 100,
        capacity_per_day=work.capacity_per_day * (2 if is_flagship else 1),
        capacity_unit=work.capacity_unit,
        ships=not (is_store and place.name in _PICKUP_ONLY),
        pickup=is_store,
        priority=work.priority,
        groups=("flagships",) if is_flagship else groups[kind],
    )


def _transfers(locations: Iterable[Location]) -> tuple[Transfer, ...]:
    """Evening trucks: each center to all stores, a day for those it is nearest to, else two; suppliers to centers."""
    by_kind: dict[LocationKind, list[Location]] = {}
    for location in locations:
        by_kind.setdefault(location.kind, []).append(location)
    centers, stores, suppliers = (by_kind[kind] for kind in (LocationKind.DC, LocationKind.STORE, LocationKind.SUPPLIER))
    lanes = []
    for center in centers:
        for store in stores:
            is_nearest = center is min(centers, key=lambda other: _apart(other, store))
            lanes.append(_lane(center, store, 1 if is_nearest else 2, 18, 220))
        lanes.extend(_lane(center, other, 1, 20, 120) for other in centers if other is not center)
    lanes.extend(_lane(supplier, center, 2, 16, 350) for supplier in suppliers for center in centers)
    return tuple(lanes)


def _lane(start: Location, end: Location, transit_days: int, departure_hour: int, cents: int) -> Transfer:
    return Transfer(
        start.location_id,
        end.location_id,
        transit_days,
        "TRUCK",
        departure_hour * 60,
        cents * EURO // 100,
        15 * EURO // 100,
    )


def _apart(one: Location, other: Location) -> float:
    """How far apart two places are, in degrees of latitude; good enough within the Netherlands."""
    return hypot(one.latitude - other.latitude, (one.longitude - other.longitude) * cos(radians(one.latitude)))


def _segments(best_sellers: Iterable[Item]) -> tuple[Segment, ...]:
    """Best sellers kept for loyal customers in one center, and for businesses, who take nothing but their own."""
    return tuple(
        Segment(segment, quantity, item.item_id, "DC-WAALWIJK", consumes_common)
        for segment, quantity, consumes_common in (("LOYALTY", 6, True), ("BUSINESS", 4, False))
        for item in best_sellers
    )


FEES = (("EVENING", 795 * EURO // 100), ("EXPRESS", 595 * EURO // 100), ("STANDARD", 395 * EURO // 100))
"""What customers pay; what they collect is free."""


def _policies(today: date) -> tuple[Policy, ...]:
    """The usual policy; one that charges carbon and full days, for customers who ask for it; and one for the peak.

    Orders under a price of carbon or capacity take the long way of a decision: the usual ones do without.
    """
    return (
        Policy(
            "green",
            when=(("customer_class", "GREEN"),),
            weights=((Term.CAPACITY, WEIGHT_ONE // 2), (Term.CARBON, 2 * WEIGHT_ONE)),
            split_micros=4 * EURO,
            late_micros_per_day=1 * EURO,
            carbon_micros_per_kg=EURO // 10,
            capacity_price_micros=EURO // 2,
            max_locations_per_order=2,
            max_locations_per_line=2,
            fees=FEES,
        ),
        Policy(
            "default",
            split_micros=5 * EURO // 2,
            late_micros_per_day=1 * EURO,
            max_locations_per_order=4,
            max_locations_per_line=3,
            fees=FEES,
        ),
        Policy(
            "peak",
            when=(("from", f"{today.year}-11-20"), ("until", f"{today.year}-12-26")),
            split_micros=4 * EURO,
            late_micros_per_day=2 * EURO,
            max_locations_per_order=2,
            max_locations_per_line=2,
            no_split_below_micros=75 * EURO,
            fees=FEES,
        ),
    )
