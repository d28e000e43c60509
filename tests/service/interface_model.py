"""What the interface promises about stock, reservations and orders, as plain dictionaries: a twin of the whole engine."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from belofte.v1 import types_pb2

from engine.inventory.transaction import Cell
from engine.service.hold_writes import ACTIVE

Units = Counter[Cell]


@dataclass
class HoldModel:
    """A reservation: units by item, which are certain, and by position, which the engine chooses."""

    items: Counter[str]
    expires_unix_ms: int
    units: Units
    is_planned: bool
    version: int = 1
    state: int = ACTIVE
    is_ordered: bool = False
    """It became an order though it had expired: once."""


@dataclass
class StockModel:
    """All that was recorded so far. Orders are in the order in which they came."""

    supply: Counter[Cell] = field(default_factory=Counter)
    arrives: dict[Cell, int] = field(default_factory=dict)
    """Of each receipt the minute from which it can be used."""
    owed: Counter[Cell] = field(default_factory=Counter)
    orders: dict[str, Units] = field(default_factory=dict)
    holds: dict[str, HoldModel] = field(default_factory=dict)

    def active(self) -> dict[str, HoldModel]:
        """Reservations that hold something."""
        return {name: hold for name, hold in self.holds.items() if hold.state == ACTIVE}

    def reserved(self, cell: Cell) -> int:
        return sum(hold.units[cell] for hold in self.active().values())

    def allocated(self, cell: Cell) -> int:
        return sum(units[cell] for units in self.orders.values())

    def left(self, cell: Cell) -> int:
        """Below zero where a feed has taken away what was promised."""
        return self.supply[cell] - self.reserved(cell) - self.allocated(cell)

    def receipts(self, item: str, location: str) -> list[Cell]:
        return [cell for cell in self.arrives if (cell.item_id, cell.location_id) == (item, location)]

    def check_taken(self, units: Units, freed: Units | None = None) -> None:
        """What is newly promised was there; `freed` was held for it before."""
        for cell, quantity in units.items():
            own = freed[cell] if freed else 0
            assert quantity <= own or quantity - own <= self.left(cell), f"oversold: {cell}"

    def has_at_one_place(self, items: Mapping[str, int], locations: Iterable[str]) -> bool:
        """Whether all of it is on hand at one location: then nobody may be told that there is not enough."""
        return any(all(self.left(on_hand(item, at)) >= n for item, n in items.items()) for at in locations)

    def feed(self, record: types_pb2.InventoryRecord, minute: int = 0) -> None:
        """An accepted row without a date of its own, but for the moves of those who wait for a receipt."""
        cell = Cell(record.item_id, record.location_id, record.receipt_id, record.pool)
        match record.kind:
            case types_pb2.INVENTORY_KIND_ON_HAND | types_pb2.INVENTORY_KIND_COUNT:
                self.supply[cell] = record.quantity
            case types_pb2.INVENTORY_KIND_INBOUND:
                self.supply[cell], self.owed[cell], self.arrives[cell] = record.quantity, 0, minute
            case types_pb2.INVENTORY_KIND_ADJUST:
                self.supply[cell] += record.quantity
            case types_pb2.INVENTORY_KIND_RECEIVED:
                self.supply[cell._replace(receipt_id="")] += record.quantity
                if record.receipt_id:
                    left = self.supply[cell] - self.owed[cell] - record.quantity
                    self.supply[cell] = max(0, left)
                    self.owed[cell] = self.supply[cell] - left
            case types_pb2.INVENTORY_KIND_SHIPPED:
                self.supply[cell] -= record.quantity
                self.orders[record.order_id][cell] -= record.quantity

    def receive_for_orders(self, cell: Cell, quantity: int) -> int:
        """Units received go to the orders that wait, the oldest first; how many are left for reservations that do."""
        waiting = min(quantity, self.reserved(cell) + self.allocated(cell))
        for units in self.orders.values():
            moved = min(waiting, units[cell])
            units[cell] -= moved
            units[cell._replace(receipt_id="")] += moved
            waiting -= moved
        return waiting


def on_hand(item: str, location: str) -> Cell:
    return Cell(item, location, "", "")


def by_item(units: Units) -> Counter[str]:
    """Units of each item, wherever."""
    items: Counter[str] = Counter()
    for cell, quantity in units.items():
        items[cell.item_id] += quantity
    return +items


def by_place(units: Units) -> Counter[tuple[str, str, str]]:
    """Units of each item at each location and in each pool, there or on their way."""
    places: Counter[tuple[str, str, str]] = Counter()
    for cell, quantity in units.items():
        places[cell.item_id, cell.location_id, cell.pool] += quantity
    return +places


def units_of(plan: types_pb2.Plan) -> Units:
    """What a plan takes where."""
    units: Units = Counter()
    for shipment in plan.shipments:
        for line in shipment.lines:
            units[Cell(line.item_id, shipment.location_id, line.receipt_id, line.pool)] += line.quantity
    return units
