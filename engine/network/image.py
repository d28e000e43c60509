"""The network image: everything a decision needs to know of a network, compiled once into arrays that never change."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.network.availability import AvailabilityRules
from engine.network.backorders import Backorders
from engine.network.columns import distinct, frozen, index_of, item_columns, location_columns, service_columns
from engine.network.destinations import Atlas, Destination, points
from engine.network.horizon import DateRules, Horizon, Profile, build_horizon, month_number
from engine.network.inventory_prices import PositionPrices, compile_inventory_prices
from engine.network.item_limits import ItemLimits
from engine.network.kits import kits_by_component
from engine.network.lanes import Lanes, ZoneRows
from engine.network.opportunity import OpportunityPrices
from engine.network.policies import Policies
from engine.network.records import CalendarDay, CarrierService, Inventory, Item, Location, Network, NetworkRecords
from engine.network.routes import RouteRules, RouteTables, build_route_tables, route_rules
from engine.network.safety_stock import SafetyStocks
from engine.network.segments import NO_BAR, CommonBar, common_bars
from engine.network.tariffs import compile_tariffs, zone_numbers
from engine.network.transfers import TransferLanes, compile_transfers
from engine.network.version import network_version

__all__ = ["Destination", "Horizon", "Lanes", "NetworkImage", "compile_image"]

LANES_MAX = 1024
HORIZONS_MAX = 4
FLOORS_MAX = 1024

_NO_INVENTORY = Inventory(
    frozen(np.empty(0, np.int32)),
    frozen(np.empty(0, np.int32)),
    frozen(np.empty(0, np.int64)),
    frozen(np.empty(0, np.int32)),
    frozen(np.empty(0, np.bool_)),
)

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkImage:
    """One version of a network. L locations, I items, S carrier services, Z zones; all arrays are read-only."""

    version: str  # of the content, see engine.network.version
    network: Network
    policies: Policies
    records: NetworkRecords  # what it was compiled from, without inventory and receipts

    locations: tuple[Location, ...]
    location_ids: tuple[str, ...]
    location_index: Mapping[str, int]
    pick_cost_micros: Int64s  # [L], per line
    unit_cost_micros: Int64s  # [L], per unit
    pack_cost_micros: Int64s  # [L], per shipment
    performance_micros: Int64s  # [L], per shipment
    decline_ppm: Int64s  # [L], share of lines
    priority: Int64s  # [L]
    active: Bools  # [L]
    ships: Bools  # [L]
    pickup: Bools  # [L]
    capacity_per_day: Int64s  # [L], 2**62 where there is no limit
    capacity_unit: Int64s  # [L], 0 ORDERS, 1 LINES, 2 UNITS
    countries: tuple[str, ...]
    country_index: Int64s  # [L], index into countries
    profiles: tuple[Profile, ...]
    profile_index: Int64s  # [L], index into profiles
    point: Int64s  # [L, 3], unit vectors scaled by 2³⁰

    items: tuple[Item, ...]
    item_ids: tuple[str, ...]
    item_index: Mapping[str, int]
    weight_grams: Int64s  # [I]
    length_mm: Int64s  # [I]
    width_mm: Int64s  # [I]
    height_mm: Int64s  # [I]
    volume_mm3: Int64s  # [I]
    value_micros: Int64s  # [I]
    duty_micros: Int64s  # [I], per unit delivered to another country
    has_unit_prices: bool  # whether a unit of any item may cost more from one location than from another, besides work
    hazmat: Bools  # [I]
    ship_alone: Bools  # [I]
    item_classes: tuple[str, ...]
    item_class_index: Int64s  # [I], index into item_classes
    kits: Mapping[int, tuple[int, ...]]  # by each item that one of them holds in the end

    carrier_services: tuple[CarrierService, ...]
    service_ids: tuple[str, ...]
    service_index: Mapping[str, int]
    service_levels: tuple[str, ...]
    service_level_index: Int64s  # [S], index into service_levels
    max_package_grams: Int64s  # [S], 2**62 where there is no limit
    dimensional_divisor: Int64s  # [S], cm³ per kg, 0 where volume does not count
    co2_grams_per_tonne_km: Int64s  # [S]
    delivery_calendar_ids: tuple[str | None, ...]
    delivery_calendar_index: Int64s  # [S], index into delivery_calendar_ids

    item_limits: ItemLimits = field(repr=False)

    zones: tuple[tuple[int, str], ...]  # the (service index, zone) pair of each zone index
    tariff_start: Int64s  # [Z + 1]
    tariff_max_grams: Int64s
    tariff_price_micros: Int64s
    tariff_per_kg_micros: Int64s

    transfers: TransferLanes
    routes: RouteRules = field(repr=False)
    inventory_prices: PositionPrices
    opportunity: OpportunityPrices | None  # learned while it is served, and no part of its version; None: there are none

    availability: AvailabilityRules | None = field(repr=False)  # None where no rules are given
    backorders: Backorders | None = field(repr=False)  # None where nothing may be backordered

    _common_bars: Mapping[str, CommonBar] = field(repr=False)
    _atlas: Atlas = field(repr=False)
    _safety_stocks: SafetyStocks = field(repr=False)
    _locate: Callable[[str, str], Destination | None] = field(repr=False)
    _locate_nearest: Callable[[str, str], Destination | None] = field(repr=False)
    _lanes: Callable[[Destination], Lanes] = field(repr=False)
    _horizon: Callable[[int], Horizon] = field(repr=False)
    _route_tables: Callable[[int], RouteTables] = field(repr=False)

    def locate(self, country_code: str, postal_code: str) -> Destination | None:
        """Where a postal code is, or None when neither a postal area nor a location has it."""
        return self._locate(country_code, postal_code)

    def locate_nearest(self, country_code: str, postal_code: str) -> Destination | None:
        """What is next to a postal code that no area holds; None: the network knows nothing of the country."""
        return self._locate_nearest(country_code, postal_code)

    def locate_coordinates(self, country_code: str, latitude: float, longitude: float, postal_code: str = "") -> Destination:
        """Where degrees are; the postal code, when known, decides the zone."""
        return self._atlas.locate_coordinates(country_code, latitude, longitude, postal_code)

    def lanes(self, destination: Destination) -> Lanes:
        """Distance, zone and transit from every location."""
        return self._lanes(destination)

    @property
    def scenario_ids(self) -> tuple[str, ...]:
        """Scenarios that requests may name."""
        return self.availability.scenario_ids if self.availability is not None else ()

    def safety_stock(self, item: int, channel: str) -> Int64s:
        """int64[L]: units of an item, by index, that are never sold to a channel ("" where there is none).

        Where rules are given, they have the last word: see `availability`.
        """
        return self._safety_stocks.floor(item, channel)

    @property
    def has_one_floor(self) -> bool:
        """Whether the safety stock of all items and channels is the same."""
        return self._safety_stocks.is_one

    def common_bar(self, segment: str) -> CommonBar:
        """What a segment may not take from the common pool."""
        return self._common_bars.get(segment, NO_BAR)

    def horizon(self, minute: int) -> Horizon:
        """The day tables of the month (UTC) of an instant between 2000 and 2100, built when first asked for."""
        return self._horizon(month_number(minute))

    @property
    def has_routes(self) -> bool:
        """Whether anything may be collected, or moved from one location to another."""
        return bool(len(self.transfers.from_location)) or bool(self.pickup.any())

    def route_tables(self, minute: int) -> RouteTables:
        """The day tables of pickups and transfers, of the same month as `horizon`."""
        return self._route_tables(month_number(minute))


def compile_image(records: NetworkRecords, *, lanes_max: int = LANES_MAX, horizons_max: int = HORIZONS_MAX) -> NetworkImage:
    """Compile checked records; `lanes_max` destinations and `horizons_max` months are kept, the least used go first."""
    locations, items, services = records.locations, records.items, records.carrier_services
    location_index = index_of(location.location_id for location in locations)
    item_index = index_of(item.item_id for item in items)
    service_index = index_of(service.carrier_service_id for service in services)
    countries, country_of = distinct(_country_codes(records))
    profiles, profile_of = distinct(_profile(location) for location in locations)
    item_classes, item_class_of = distinct(item.item_class for item in items)
    service_levels, service_level_of = distinct(service.service_level for service in services)
    columns_of_items = item_columns(items)
    prices = compile_inventory_prices(records.inventory_prices, len(items), len(locations))
    numbers = zone_numbers(records.zones, records.tariffs, service_index)
    tariffs = compile_tariffs(records.tariffs, numbers, service_index)
    zone_rows = ZoneRows(records.zones, numbers, service_index, location_index)
    atlas = Atlas(records.postal_areas, locations, index_of(countries))
    point = frozen(points([row.latitude for row in locations], [row.longitude for row in locations]))
    rules = _date_rules(records, profiles)
    transfers = compile_transfers(records.transfers, location_index)
    routes = route_rules(rules, locations, transfers)
    return NetworkImage(
        version=network_version(records),
        network=records.network,
        policies=Policies(records.policies, records.network.time_zone),
        records=replace(records, inventory=_NO_INVENTORY, receipts=()),
        locations=locations,
        location_ids=tuple(location_index),
        location_index=location_index,
        **location_columns(locations),
        countries=countries,
        # Locations come first among the countries.
        country_index=frozen(country_of[: len(locations)]),
        profiles=profiles,
        profile_index=profile_of,
        point=point,
        items=items,
        item_ids=tuple(item_index),
        item_index=item_index,
        **columns_of_items,
        has_unit_prices=bool(columns_of_items["duty_micros"].any() or len(prices.location)),
        item_classes=item_classes,
        item_class_index=item_class_of,
        kits=MappingProxyType(kits_by_component(range(len(items)), items, item_index)),
        carrier_services=services,
        service_ids=tuple(service_index),
        service_index=service_index,
        service_levels=service_levels,
        service_level_index=service_level_of,
        **service_columns(services),
        item_limits=ItemLimits(locations, services, items),
        delivery_calendar_ids=rules.delivery_calendar_ids,
        delivery_calendar_index=rules.delivery_calendar_index,
        zones=tuple(numbers),
        tariff_start=tariffs.start,
        tariff_max_grams=tariffs.max_grams,
        tariff_price_micros=tariffs.price_micros,
        tariff_per_kg_micros=tariffs.per_kg_micros,
        transfers=transfers,
        routes=routes,
        inventory_prices=prices,
        opportunity=None,
        availability=_availability(records),
        backorders=Backorders(records.backorders, items, location_index) if records.backorders else None,
        _common_bars=MappingProxyType(common_bars(records.segments, item_index)),
        _atlas=atlas,
        _safety_stocks=SafetyStocks(records.safety_stock, items, locations, location_index, FLOORS_MAX),
        _locate=lru_cache(maxsize=lanes_max)(atlas.locate),
        _locate_nearest=lru_cache(maxsize=lanes_max)(atlas.locate_nearest),
        _lanes=lru_cache(maxsize=lanes_max)(lambda destination: zone_rows.lanes(point, destination)),
        _horizon=lru_cache(maxsize=horizons_max)(lambda month: build_horizon(rules, month)),
        _route_tables=lru_cache(maxsize=horizons_max)(lambda month: build_route_tables(routes, month)),
    )


def _availability(records: NetworkRecords) -> AvailabilityRules | None:
    rules = records.availability_rules
    if not rules:
        return None
    return AvailabilityRules(rules, records.safety_stock, records.items, records.locations, records.network.time_zone)


def _country_codes(records: NetworkRecords) -> Iterable[str]:
    """Every country the network names, those of locations first."""
    return chain(
        (location.country_code for location in records.locations),
        (records.network.country_code,),
        (area.country_code for area in records.postal_areas),
        (zone.destination_country for zone in records.zones),
    )


def _profile(location: Location) -> Profile:
    return Profile(location.calendar_id, location.time_zone, location.cutoff_minute, location.processing_minutes)


def _date_rules(records: NetworkRecords, profiles: tuple[Profile, ...]) -> DateRules:
    calendars: dict[str, list[CalendarDay]] = defaultdict(list)
    for row in records.calendars:
        calendars[row.calendar_id].append(row)
    ids, index = distinct(service.delivery_calendar_id for service in records.carrier_services)
    return DateRules(
        time_zone=records.network.time_zone,
        horizon_days=records.network.horizon_days,
        calendars=dict(calendars),
        profiles=profiles,
        carrier_services=records.carrier_services,
        delivery_calendar_ids=ids,
        delivery_calendar_index=index,
    )
