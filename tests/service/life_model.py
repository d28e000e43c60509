"""The life of orders as dictionaries: what there is, who has it, and what each step makes of it. It plans nothing."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

Units = dict[str, int]
"""By line."""

PLANNED, ACCEPTED, DECLINED, READY, SHIPPED, DELIVERED, COLLECTED, CANCELLED = range(1, 9)
OPEN = (PLANNED, ACCEPTED)
WAITING = {("SHIP", PLANNED), ("SHIP", ACCEPTED), ("PICKUP", PLANNED), ("PICKUP", ACCEPTED), ("PICKUP", READY)}
MOVES = {
    "AcceptShipment": {(PLANNED, "SHIP"): ACCEPTED, (PLANNED, "PICKUP"): ACCEPTED},
    "ShipShipment": {(PLANNED, "SHIP"): SHIPPED, (ACCEPTED, "SHIP"): SHIPPED},
    "DeliverShipment": {(SHIPPED, "SHIP"): DELIVERED},
    "MarkReadyForPickup": {(PLANNED, "PICKUP"): READY, (ACCEPTED, "PICKUP"): READY},
    "CollectShipment": {(READY, "PICKUP"): COLLECTED},
    "DeclineShipmentLines": {(s, way): DECLINED for s in OPEN for way in ("SHIP", "PICKUP")},
    "ReassignShipment": {(s, way): CANCELLED for s in OPEN for way in ("SHIP", "PICKUP")},
}
STOPPED_BY_HOLD = ("AcceptShipment", "ShipShipment", "MarkReadyForPickup", "CollectShipment")


class Shipment(NamedTuple):
    """Units of lines that leave together. It is known by its place in the list of its order."""

    location: str
    way: str
    state: int
    units: tuple[tuple[str, int], ...]

    def part(self, units: Units, state: int) -> "Shipment":
        return Shipment(self.location, self.way, state, packed(units))

    def of(self, line: str) -> int:
        return dict(self.units).get(line, 0)


def packed(units: Units) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((line, quantity) for line, quantity in units.items() if quantity))


@dataclass
class Order:
    """An order; `wanted` is what the customer is to get of each line, what was cancelled included."""

    items: dict[str, str]
    wanted: Units
    ids: list[str]
    shipments: list[Shipment]
    version: int = 1
    held: bool = False
    ends: bool = False
    """Its hold ends by itself."""
    cancelled: Counter[str] = field(default_factory=Counter)
    returned: Counter[str] = field(default_factory=Counter)
    declined: set[tuple[str, str]] = field(default_factory=set)
    """(line, location)."""

    def state(self) -> str:
        live = [each.state for each in self.shipments if each.state not in (DECLINED, CANCELLED)]
        if not live:
            return "CANCELLED"
        if all(state in (DELIVERED, COLLECTED) for state in live):
            return "COMPLETED"
        if self.held:
            return "HELD"
        return "SOURCED" if all(state == PLANNED for state in live) else "IN_FULFILLMENT"

    def takes(self, method: str) -> bool:
        """Whether its state allows a method at all."""
        state = self.state()
        if state == "CANCELLED":
            return False
        if state == "COMPLETED":
            return method == "CreateReturn"
        if state == "HELD":
            return method not in (*STOPPED_BY_HOLD, "HoldOrder")
        return method != "ReleaseOrder"

    def is_waiting(self) -> bool:
        """Whether something of it ends by itself when its time is up."""
        return (self.state() == "HELD" and self.ends) or any(each.state == READY for each in self.shipments)

    def time_is_up(self) -> None:
        """A hold that ends, and shipments that nobody has collected: back in stock, and cancelled."""
        if self.state() == "HELD" and self.ends:
            self.held = self.ends = False
        for at, each in enumerate(self.shipments):
            if each.state == READY:
                self.shipments[at] = each._replace(state=CANCELLED)
                self.cancelled.update(dict(each.units))

    def left(self, line: str) -> int:
        return sum(each.of(line) for each in self.shipments if each.state in (SHIPPED, DELIVERED, COLLECTED))

    def open(self, line: str) -> int:
        return sum(each.of(line) for each in self.shipments if each.state in OPEN)


class Life:
    """Stock and orders."""

    def __init__(self) -> None:
        self.supply: Counter[tuple[str, str]] = Counter()
        """By item and location."""
        self.orders: dict[str, Order] = {}
        self.work: Counter[str] = Counter()
        """Units of capacity taken at each location, on whatever days."""

    def demand(self, item: str, location: str) -> int:
        return sum(
            quantity
            for order in self.orders.values() for each in order.shipments
            if each.location == location and (each.way, each.state) in WAITING
            for line, quantity in each.units if order.items[line] == item
        )  # fmt: skip

    def free(self, item: str, location: str) -> int:
        return max(0, self.supply[item, location] - self.demand(item, location))
