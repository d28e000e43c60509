"""What is asked: a basket with its strings already turned into indexes of the network image."""

from dataclasses import dataclass, field
from enum import IntEnum

NO_LATEST = 2**62
"""A line without a latest date."""


class DeliveryMethod(IntEnum):
    """How a line reaches the customer."""

    SHIP = 1
    PICKUP = 2
    SHIP_TO_STORE = 3
    DIGITAL = 4


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One line: `quantity` base units of an item. Dates are UTC minutes; locations, services and sets are indexes."""

    line_id: str
    item: int
    quantity: int
    unit_price_micros: int = 0
    delivery_method: DeliveryMethod = DeliveryMethod.SHIP
    pickup_location: int = -1
    service_level: str = ""
    latest_minute: int = NO_LATEST
    earliest_minute: int = 0
    """Nothing of it is delivered, or to be collected, before."""
    ship_complete: bool = False
    fill_or_kill: bool = False
    max_splits: int = 0
    min_split_quantity: int = 0
    ship_set: int = -1
    arrival_set: int = -1
    kit_ratio: int = 0
    """Units in one kit, where the line is a component."""
    position: int = -1
    """Which line of the request it is, or is a component of; −1: the one with its own index."""
    allowed_locations: tuple[int, ...] = ()
    excluded_locations: tuple[int, ...] = ()
    preassigned_location: int = -1
    preferred_services: tuple[int, ...] = ()
    allow_backorder: bool = False
    substitutes: tuple[int, ...] = ()
    """Items that may be sent instead, best first."""
    asked_item: int = -1
    """The item asked for, where `item` is a substitute of it; −1: `item`."""

    @property
    def is_shipped(self) -> bool:
        """Whether a carrier brings it."""
        return self.delivery_method is DeliveryMethod.SHIP

    @property
    def is_collected(self) -> bool:
        """Whether the customer collects it at its pickup location."""
        return self.delivery_method in (DeliveryMethod.PICKUP, DeliveryMethod.SHIP_TO_STORE)

    def is_collected_from(self, location: int) -> bool:
        """Whether units of a location are handed over to the customer there, without being moved first."""
        return self.delivery_method is DeliveryMethod.PICKUP and self.pickup_location == location

    @property
    def all_or_nothing(self) -> bool:
        """Whether a part of the quantity is no use."""
        return self.fill_or_kill or self.ship_complete


@dataclass(frozen=True, slots=True)
class Constraints:
    """Limits on a whole basket; None means no limit.

    A limit is hard unless it stands in `penalties`, which says what breaking it costs: once, for each unit beyond it, or for
    each line or shipment that breaks it.
    """

    max_locations: int | None = None
    max_locations_per_line: int | None = None
    max_distance_meters: int | None = None
    no_split_below_micros: int | None = None
    ship_complete: bool = False
    international: bool | None = None
    no_split_locations: int = 1
    """Locations that a basket worth less than `no_split_below_micros` comes from."""
    no_split_classes: tuple[int, ...] = ()
    may_split: tuple[int, ...] = ()
    """Lines that may be split although they are of a class that may not."""
    express_only: tuple[int, ...] = ()
    penalties: tuple[tuple[str, int], ...] = ()
    """(name of a limit, micros)."""
    locations_taken: int = 0
    """Locations that count towards the limits already."""

    def is_soft(self, name: str) -> bool:
        """Whether a limit may be broken at a price."""
        return any(name == soft for soft, _ in self.penalties)


@dataclass(frozen=True, slots=True)
class DestinationKey:
    """Where a basket goes: a postal code, or coordinates where both are given."""

    country_code: str
    postal_code: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """A basket as the decision sees it. `request_minute` is the UTC minute it is decided for, rounded up."""

    lines: tuple[BasketLine, ...]
    request_minute: int
    destination: DestinationKey | None = None
    channel: str = ""
    segment: str = ""
    customer_class: str = ""
    currency: str = ""
    policy_id: str = ""
    constraints: Constraints = field(default_factory=Constraints)
    scenario_id: str = ""
    """Availability rules that count besides those always in force; empty: none."""

    def path(self, line: int) -> str:
        """A line as the request has it."""
        position = self.lines[line].position
        return f"lines[{position if position >= 0 else line}]"

    @property
    def pickup_locations(self) -> tuple[int, ...]:
        """Where lines are collected, each location once, in the order of the lines."""
        pickups = [line.pickup_location for line in self.lines if line.is_collected]
        return tuple(dict.fromkeys(pickups))

    @property
    def value_micros(self) -> int:
        """Σ unit price × quantity."""
        return sum(line.unit_price_micros * line.quantity for line in self.lines)
