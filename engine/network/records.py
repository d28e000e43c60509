"""The records a network is made of: one frozen class a file of the network folder, fields named as its columns.

Minutes are minutes of the local day (0–1440), money is int64 micros, weights are grams, sizes are millimetres. `None`
means the column's own meaning of empty (unlimited, all, closed …). Records hold no cross-checks: the loaders do.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import CapacityUnit, DeclinedLines, LocationKind, LocationStatus, OrderBy, ReceiptKind

MINUTES_PER_DAY = 1440


@dataclass(frozen=True, slots=True)
class Network:
    """`network.toml`: what holds for the network as a whole."""

    name: str
    currency: str
    country_code: str
    time_zone: str
    horizon_days: int = 400
    demand_days: int = 14
    """How many days of orders to come the stock of now has to serve: prices of opportunity are learned for them."""


@dataclass(frozen=True, slots=True)
class Location:
    """A row of `locations`: a place that holds stock or hands it over."""

    location_id: str
    kind: LocationKind
    postal_code: str
    country_code: str
    latitude: float
    longitude: float
    time_zone: str
    name: str = ""
    calendar_id: str | None = None
    cutoff_minute: int = MINUTES_PER_DAY
    processing_minutes: int = 0
    pick_cost_micros: int = 0
    unit_cost_micros: int = 0
    pack_cost_micros: int = 0
    capacity_per_day: int | None = None
    capacity_unit: CapacityUnit = CapacityUnit.ORDERS
    ships: bool = True
    pickup: bool = False
    status: LocationStatus = LocationStatus.ACTIVE
    priority: int = 0
    groups: tuple[str, ...] = ()
    hazmat: bool = True
    """Whether hazardous goods may leave it."""
    excluded_item_classes: tuple[str, ...] = ()
    """Classes of items that never leave it."""
    performance_micros: int = 0
    """What a shipment of it costs on average by being late, wrong or damaged."""
    decline_ppm: int = 0
    """Share of lines that it declines, in parts per million."""
    accept_minutes: int | None = None
    """Minutes within which it accepts a shipment; after that it is offered elsewhere. None: whenever it likes."""
    keep_days: int = 7
    """Days for which a shipment is kept for its customer to collect it."""
    returns: bool = True
    """Whether customers' returns may go to it."""
    return_cost_micros: int = 0
    """What it costs there to look at a unit that comes back, and to put it away."""
    pickup_minutes: int | None = None
    """Working minutes until what is there can be collected; None: `processing_minutes`."""
    receiving_minutes: int = 0
    """Working minutes until what came by a transfer can be collected or sent on."""


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A row of `calendars`. `day` is MON…SUN, a date (YYYY-MM-DD), or ``holidays``; the latter names a country.

    `open_minute` and `close_minute` both None: closed. ``holidays`` rows always close.
    """

    calendar_id: str
    day: str
    open_minute: int | None
    close_minute: int | None
    country_code: str = ""


@dataclass(frozen=True, slots=True)
class PostalArea:
    """A row of `postal_areas`: a range of postal codes and its centre."""

    country_code: str
    postal_from: str
    postal_to: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Item:
    """A row of `items`."""

    item_id: str
    name: str = ""
    item_class: str = ""
    weight_grams: int = 0
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    value_micros: int = 0
    hazmat: bool = False
    ship_alone: bool = False
    components: tuple[tuple[str, int], ...] = ()
    substitutes: tuple[str, ...] = ()
    duty_ppm: int = 0
    """Share of its value that is due where it is delivered to another country, in parts per million."""
    decay_ppm_per_day: int = 0
    """Share of its value that a unit loses each day until it is for sale again, in parts per million."""
    supplier_credit_ppm: int = 0
    """Share of its value that a supplier pays for a unit that it takes back, in parts per million."""

    @property
    def duty_micros(self) -> int:
        """Duty of one unit delivered to another country: value × share, half a micro rounded up."""
        return (self.value_micros * self.duty_ppm + 500_000) // 1_000_000


@dataclass(frozen=True, slots=True)
class CarrierService:
    """A row of `carrier_services`."""

    carrier_service_id: str
    service_level: str
    name: str = ""
    pickup_minute: int = MINUTES_PER_DAY
    pickup_calendar_id: str | None = None
    delivery_calendar_id: str | None = None
    max_package_grams: int | None = None
    dimensional_divisor: int | None = None
    co2_grams_per_tonne_km: int = 0
    hazmat: bool = True
    """Whether it takes hazardous goods."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A row of `zones`: which tariff zone and transit a shipment has. The most specific matching row counts:

    origin named before all origins, then the narrower postal range, then the smaller distance band, then file order.
    """

    carrier_service_id: str
    destination_country: str
    zone: str
    transit_days: int
    origin_location_id: str | None = None
    destination_postal_from: str | None = None
    destination_postal_to: str | None = None
    max_distance_meters: int | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """A row of `tariffs`: the price up to a weight; above it the next row. Beyond the last row there is no price."""

    carrier_service_id: str
    zone: str
    max_weight_grams: int
    price_micros: int
    per_kg_micros: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """A row of `transfers`: a lane on which stock moves between locations."""

    from_location_id: str
    to_location_id: str
    transit_days: int
    calendar_id: str | None = None
    departure_minute: int = MINUTES_PER_DAY
    cost_micros: int = 0
    unit_cost_micros: int = 0
    arrival_minute: int = 0
    """Local minute at the end of the lane by which it is there on the day of arrival; 0: when that opens."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A row of `segments`: units of the common stock of each position ring-fenced for a segment.

    None means every item or every location. The most specific row counts at a position: one that names the item before
    the rest, among those one that names the location. When inventory is first loaded the units move from the common pool
    into the segment's, besides what `inventory` itself holds for that pool; at the most what is on hand above the safety
    stock (`validate` warns of a row that asks for more). From then on feeds speak of each pool by itself.

    `consumes_common` False: of this item, or of every item where none is named, the segment takes its own stock alone.
    """

    segment: str
    quantity: int
    item_id: str | None = None
    location_id: str | None = None
    consumes_common: bool = True


@dataclass(frozen=True, slots=True)
class SafetyStock:
    """A row of `safety_stock`: what is never sold; the most specific row counts."""

    quantity: int
    item_id: str | None = None
    item_class: str | None = None
    location_id: str | None = None
    location_group: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class AvailabilityRule:
    """A row of `availability_rules`: what of the stock may be promised, where, to which channel, and when.

    Columns that say where and when must all hold; None holds always. `from_moment` and `until_moment` are dates of the
    network's time zone, or instants, as in the conditions of a policy. A row of a scenario counts for requests that name it,
    before all others; see `AvailabilityRules` for which row counts where several hold.
    """

    scenario_id: str | None = None
    item_id: str | None = None
    item_class: str | None = None
    location_id: str | None = None
    location_group: str | None = None
    country_code: str | None = None
    channel: str | None = None
    from_moment: str | None = None
    until_moment: str | None = None
    available: bool | None = None
    """False: nothing is promised."""
    safety_stock: int | None = None
    """Units on hand never promised, in place of those of `safety_stock`."""
    buffer_quantity: int | None = None
    """Units on hand kept back besides the safety stock."""
    buffer_ppm: int | None = None
    """Share of the units on hand kept back besides, in parts per million, rounded up to whole units."""
    inbound: bool | None = None
    """False: what has not come in yet is not promised."""
    pickup_reserve: int | None = None
    """Units on hand that are kept for lines that are collected."""


@dataclass(frozen=True, slots=True)
class Backorder:
    """A row of `backorders`: what may be sold beyond stock at each location, and how long it takes to come.

    None means every item, or every location that has a position of the item. The most specific row counts: one that names
    the item before the rest, among those one that names the location.
    """

    quantity: int
    lead_time_days: int
    item_id: str | None = None
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A row of `receipts`: inbound stock. `available_at_minute` is a UTC minute, delay included."""

    receipt_id: str
    item_id: str
    location_id: str
    quantity: int
    available_at_minute: int
    kind: ReceiptKind = ReceiptKind.PURCHASE


@dataclass(frozen=True, slots=True)
class Policy:
    """A `[policy.NAME]` of `policy.toml`: conditions, weights and limits of a decision.

    What is shipped is charged `carbon_micros_per_kg` of CO2e by weight, distance and the carrier's grams per tonne and km,
    rounded down to whole micros per unit; and `capacity_price_micros` times the share that is used already of the day's
    capacity of its location, in whole parts per million, per shipment. Each line of a shipment, shipped or collected, is
    charged `decline_micros` times the share of lines that its location declines, rounded down to whole micros.

    `short_micros` None: a commit is whole or refused when ranked by COST; ranked by PRIORITY or DISTANCE, zero.
    """

    policy_id: str
    when: tuple[tuple[str, str], ...] = ()
    weights: tuple[tuple[str, int], ...] = ()
    split_micros: int = 0
    late_micros_per_day: int = 0
    short_micros: int | None = None
    carbon_micros_per_kg: int = 0
    capacity_price_micros: int = 0
    decline_micros: int = 0
    max_locations_per_order: int | None = None
    max_locations_per_line: int | None = None
    allow_split_lines: bool = True
    no_split_below_micros: int = 0
    max_distance_meters: int | None = None
    international: bool = False
    order_by: OrderBy = OrderBy.COST
    nearest_postal_area: bool = False
    """Whether a destination whose postal code is not known counts as lying in the nearest area that is; else it is refused."""
    declined_lines: DeclinedLines = DeclinedLines.CANCEL
    """What becomes of units that a location has declined and no other has: cancelled, or sold beyond stock, or left to wait."""
    fees: tuple[tuple[str, int], ...] = ()
    """What the customer pays for delivery, by service level, or by PICKUP, SHIP_TO_STORE and DIGITAL; see `fees.py`."""
    opportunity_minutes_max: int = 0
    """How old prices of opportunity may be at the most to be charged; 0: none are."""
    pool_minutes: int = 0
    """Orders wait for so long at the most and are then decided together; 0: each goes at once."""
    pool_cutoff_minutes: int = 15
    """An order waits until so long before the first cutoff that its promise depends on, at the latest."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The rows of `inventory`, column by column, since there may be many millions: one entry a row.

    `item_index` and `location_index` point into `NetworkRecords.items` and `.locations`; `pool_index` into `pools`
    (0 is the common pool, named ""); `sellable` is False where the status is OUT_OF_STOCK.
    """

    item_index: NDArray[np.int32]
    location_index: NDArray[np.int32]
    quantity: NDArray[np.int64]
    pool_index: NDArray[np.int32]
    sellable: NDArray[np.bool_]
    pools: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class InventoryPrices:
    """The rows of `inventory_prices`, column by column, one entry a row: each pair of item and location once.

    They hold for every pool and receipt of the item there. Taking a unit costs `stock_out_micros`, the sale that is expected
    to be lost there without it. A unit that stays is expected to be marked down by `markdown_micros`, which taking it saves;
    so that nothing costs less than zero, it is charged as the item's highest markdown at any location less that of this one.
    Where a pair has no row both are 0. Indexes point into `NetworkRecords.items` and `.locations`.
    """

    item_index: NDArray[np.int32]
    location_index: NDArray[np.int32]
    stock_out_micros: NDArray[np.int64]
    markdown_micros: NDArray[np.int64]


def no_inventory_prices() -> InventoryPrices:
    """The prices of a network that has none."""
    index, micros = np.empty(0, np.int32), np.empty(0, np.int64)
    return InventoryPrices(index, index, micros, micros)


@dataclass(frozen=True, slots=True)
class NetworkRecords:
    """A whole network folder, typed and checked row by row; sorted by id where the file has one."""

    network: Network
    locations: tuple[Location, ...]
    calendars: tuple[CalendarDay, ...]
    items: tuple[Item, ...]
    carrier_services: tuple[CarrierService, ...]
    zones: tuple[Zone, ...]
    tariffs: tuple[Tariff, ...]
    policies: tuple[Policy, ...]
    inventory: Inventory
    postal_areas: tuple[PostalArea, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    segments: tuple[Segment, ...] = ()
    safety_stock: tuple[SafetyStock, ...] = ()
    availability_rules: tuple[AvailabilityRule, ...] = ()
    backorders: tuple[Backorder, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    inventory_prices: InventoryPrices = field(default_factory=no_inventory_prices)
    sources: tuple[str, ...] = field(default=())
