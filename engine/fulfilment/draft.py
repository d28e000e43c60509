"""An order while it is being changed: shipments divided and moved on by the table of states, and what that does to stock.

Nothing here touches stock or store. What is to be done there is gathered: units that left, units that are free again, units
that turned out not to exist, capacity that is not needed any more. Events say what happened.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from belofte.v1 import types_pb2

from engine.domain.ids import BACKORDER
from engine.domain.life import ALLOCATED, Action, OrderState, ShipmentState, Way, check_order, next_state
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.fulfilment.line_units import Ratios, count_of, ratios_of, short_of, take_units, units_by_state
from engine.fulfilment.order_record import (
    Capacities,
    Order,
    Return,
    add_units,
    cell_of,
    drop_empty,
    has_left,
    instant,
    is_held,
    next_shipment_id,
    state_of,
)
from engine.inventory.transaction import Cell
from engine.kernels.subsets import capacity_need
from engine.network.image import NetworkImage

Shipment = types_pb2.Shipment
Moved = list[tuple[Cell, int]]


class Wanted(NamedTuple):
    """Units of a line that a request speaks of; 0: all there are. `field`: where it stands in the request."""

    line_id: str
    quantity: int
    field: str


class OrderRecord(NamedTuple):
    """What the ledger knows of an order. `position`: up to where it was read, at least."""

    order: Order
    units: Mapping[Cell, int]
    """Demand of the order, by position."""
    capacities: Capacities
    position: str
    returns: Mapping[str, Return]
    """By id, in the order of their announcement."""


class Draft:
    """One change of an order. The methods raise `Refusal`; then the draft is of no use any more."""

    def __init__(self, record: OrderRecord, image: NetworkImage, request_id: str, now_unix_ms: int) -> None:
        """The order of the record stays as it is."""
        self.order = Order()
        self.order.CopyFrom(record.order)
        self.order.ClearField("at_risk_since")
        self.now_unix_ms = now_unix_ms
        self.image = image
        self.ratios: Ratios = ratios_of(image, record.order.basket)
        self.left: Moved = []
        """Units that go out of the door: supply and demand go down together."""
        self.freed: Moved = []
        """Units that are no demand of the order any more."""
        self.lost: Moved = []
        """Units on hand that do not exist."""
        self.put: Moved = []
        """Units that are on hand from now on."""
        self.capacities_freed: Capacities = ()
        self.capacities = record.capacities
        self._needs = self._needs_now()
        self.events: list[types_pb2.OrderEvent] = []
        self.request_id = request_id
        self._touched: dict[str, Shipment] = {}
        _settle_receipts(self.order, record.units)

    # -- what is there

    def check(self, action: Action) -> None:
        """The order's state must allow what is to be done."""
        check_order(action, OrderState(self.order.state), self.order.order_id)

    def shipment(self, shipment_id: str) -> Shipment:
        """One of its shipments."""
        for each in self.order.plan.shipments:
            if each.shipment_id == shipment_id:
                return each
        message = f"shipment_id: order {self.order.order_id!r} has no shipment {shipment_id!r}"
        raise Refusal(Reason.UNKNOWN_SHIPMENT, message, (FieldViolation("shipment_id", message),))

    def line(self, wanted: Wanted) -> types_pb2.BasketLine:
        """One of its lines."""
        for each in self.order.basket.lines:
            if each.line_id == wanted.line_id:
                return each
        message = f"{wanted.field}: order {self.order.order_id!r} has no line {wanted.line_id!r}"
        raise Refusal(Reason.UNKNOWN_LINE, message, (FieldViolation(wanted.field, message),))

    def count(self, shipment: Shipment, line_id: str) -> int:
        """Units of a line in a shipment."""
        return count_of(shipment.lines, line_id, self.ratios)

    def whole(self, shipment: Shipment) -> list[tuple[str, int]]:
        """Units of every line in a shipment."""
        return [(each, self.count(shipment, each)) for each in dict.fromkeys(part.line_id for part in shipment.lines)]

    # -- what becomes of shipments

    def divide(self, shipment: Shipment, wanted: Sequence[Wanted], *, keeps_id: bool) -> Shipment:
        """A shipment of just these units; none named: of all. `keeps_id`: they, not the rest, stay the one that it was."""
        check_distinct(wanted)
        for each in wanted:
            line, there = self.line(each), self.count(shipment, each.line_id)
            if not there:
                raise _wrong_line(self.order, shipment, line.line_id, each.field)
            if each.quantity > there:
                text = f"{each.field}: shipment {shipment.shipment_id!r} from {shipment.location_id} has {there} of line"
                raise _refused(f"{text} {line.line_id!r}, not {each.quantity}", each.field)
        if not wanted or all(
            any(each.line_id == line_id and each.quantity in (0, count) for each in wanted)
            for line_id, count in self.whole(shipment)
        ):
            return shipment
        new_id = next_shipment_id(self.order)
        other = self.order.plan.shipments.add()
        other.CopyFrom(shipment)
        other.shipment_id, other.version = new_id, 1
        for name in ("cost", "packages", "fee_micros", "co2_grams", "tracking_number", "tracking_url"):
            other.ClearField(name)
        del other.lines[:]
        for each in wanted:
            units = each.quantity or self.count(shipment, each.line_id)
            for part in take_units(shipment, each.line_id, units, self.ratios):
                add_units(other, part, part.quantity)
        drop_empty(shipment)
        if keeps_id:
            chosen = [types_pb2.ShipmentLine.FromString(part.SerializeToString()) for part in other.lines]
            rest = [types_pb2.ShipmentLine.FromString(part.SerializeToString()) for part in shipment.lines]
            del shipment.lines[:], other.lines[:]
            shipment.lines.extend(chosen)
            other.lines.extend(rest)
        for each_one in (shipment, other):
            each_one.weight_grams = self._weight_of(each_one)
        self._touched[shipment.shipment_id] = shipment
        return shipment if keeps_id else other

    def move_on(self, shipment: Shipment, action: Action, since_unix_ms: int | None = None) -> ShipmentState:
        """A shipment's next state; returns the one that it had."""
        before = ShipmentState(shipment.state)
        after = next_state(action, before, Way(shipment.route or Way.SHIP), shipment.shipment_id)
        shipment.state = cast("types_pb2.ShipmentState", int(after))
        shipment.state_since.CopyFrom(instant(self.now_unix_ms if since_unix_ms is None else since_unix_ms))
        self._touched[shipment.shipment_id] = shipment
        return before

    def touch(self, shipment: Shipment) -> None:
        """It is another than before, in the same state."""
        self._touched[shipment.shipment_id] = shipment

    def leave(self, shipment: Shipment) -> None:
        """All of its units go out of the door: they must be there."""
        self.check_there(shipment)
        self.left += [(cell_of(shipment, part), part.quantity) for part in shipment.lines]

    def check_there(self, shipment: Shipment) -> None:
        """All of its units must have come in."""
        for part in shipment.lines:
            if part.receipt_id not in ("", BACKORDER):
                raise Refusal(
                    Reason.WRONG_STATE,
                    f"shipment {shipment.shipment_id!r}: {part.quantity} of {part.item_id} are to come with receipt"
                    f" {part.receipt_id} and are not at {shipment.location_id} yet",
                )

    def free(self, shipment: Shipment) -> None:
        """All of its units may be had by others."""
        self.freed += [(cell_of(shipment, part), part.quantity) for part in shipment.lines]

    def lose(self, shipment: Shipment, line_ids: Iterable[str]) -> None:
        """Its units of these lines on hand do not exist."""
        lost = frozenset(line_ids)
        self.lost += [
            (cell_of(shipment, part), part.quantity) for part in shipment.lines if part.line_id in lost and not part.receipt_id
        ]

    def cancel(self, line: types_pb2.BasketLine, quantity: int, reason: str, message: str) -> types_pb2.ShortLine:
        """Note units of a line as cancelled."""
        promised = line.quantity - quantity - sum(
            each.short_quantity for each in self.order.cancelled_lines if each.line_id == line.line_id
        )  # fmt: skip
        return self.order.cancelled_lines.add(
            line_id=line.line_id, item_id=line.item_id, short_quantity=quantity, promised_quantity=promised, reason=reason,
            message=message,
        )  # fmt: skip

    def drop_short(self, line_id: str, quantity: int) -> int:
        """Ask for fewer units that are short; returns how many less."""
        kit = self.ratios.get(line_id, {})
        dropped = min(quantity, short_of(self.order.plan, line_id, self.ratios))
        left = {item_id: dropped * ratio for item_id, ratio in kit.items()} or None
        units = dropped
        kept = []
        for short in self.order.plan.short_lines:
            if short.line_id == line_id:
                wanted = left.get(short.item_id, 0) if left is not None else units
                less = min(short.short_quantity, wanted)
                short.short_quantity -= less
                if left is None:
                    units -= less
            if short.short_quantity:
                kept.append(types_pb2.ShortLine.FromString(short.SerializeToString()))
        del self.order.plan.short_lines[:]
        self.order.plan.short_lines.extend(kept)
        return dropped

    def tell(
        self, kind: "types_pb2.EventType", message: str, shipment: Shipment | None = None, line_ids: Iterable[str] = (),
        time_unix_ms: int | None = None, location_id: str = "", **attributes: object,
    ) -> None:  # fmt: skip
        """Say what happened."""
        self.events.append(
            types_pb2.OrderEvent(
                event_id=f"{self.request_id}-{len(self.events) + 1}", order_id=self.order.order_id, type=kind, message=message,
                time=instant(self.now_unix_ms if time_unix_ms is None else time_unix_ms), line_ids=line_ids,
                shipment_id=shipment.shipment_id if shipment is not None else "",
                location_id=shipment.location_id if shipment is not None else location_id,
                attributes={name: str(value) for name, value in attributes.items() if value not in ("", None)},
            )
        )  # fmt: skip

    def refund(self, units: Sequence[tuple[types_pb2.BasketLine, int]], reason: str) -> None:
        """Say that units are to be paid back, at what they cost."""
        micros = sum(line.unit_price_micros * quantity for line, quantity in units)
        currency = self.order.basket.currency or self.image.network.currency
        count = sum(quantity for _, quantity in units)
        self.tell(
            types_pb2.EVENT_TYPE_LINES_REFUNDED, f"{count} units are to be paid back: {micros} micros {currency}", None,
            [line.line_id for line, _ in units], refund_micros=micros, currency=currency, reason=reason, quantity=count,
        )  # fmt: skip

    # -- the end

    def close(self, *, frees_capacity: bool) -> None:
        """Bring versions, state and capacity to what was done. `frees_capacity`: what is not needed any more was not used."""
        for shipment in self._touched.values():
            shipment.version += 1
        self.settle_capacity(frees_capacity)
        order = self.order
        order.version += 1
        order.updated_at.CopyFrom(instant(self.now_unix_ms))
        order.state = state_of(order)
        del order.line_units[:]
        order.line_units.extend(units_by_state(order, self.ratios))

    def settle_capacity(self, frees: bool) -> None:
        """Let go of capacity that is not needed any more, on the days of the shipments that needed it.

        Shipments of a location take its days in the order in which they are due. What a feed says has left has used its own.
        """
        now = self._needs_now()
        kept: Counter[tuple[str, int]] = Counter()
        freed: Counter[tuple[str, int]] = Counter()
        for location_id in dict.fromkeys(name for name, _, _ in self.capacities):
            days: Counter[int] = Counter()
            for name, day, quantity in sorted(self.capacities):
                if name == location_id:
                    days[day] += quantity
            before = {due: need for (name, due), need in sorted(self._needs.items()) if name == location_id}
            over = max(0, days.total() - sum(before.values()))
            _take(days, min(over, self._need_gone(location_id)))
            for due, need in before.items():
                is_needed = now.get((location_id, due), 0)
                for day, quantity in _take(days, need):
                    left = min(quantity, is_needed)
                    is_needed -= left
                    kept[location_id, day] += left
                    freed[location_id, day] += quantity - left
            others = sum(need for (name, due), need in now.items() if name == location_id and due not in before)
            for day, quantity in _take(days, others):
                kept[location_id, day] += quantity
            for day, quantity in days.items():
                freed[location_id, day] += quantity
        self._needs = now
        self.capacities = tuple((*place, quantity) for place, quantity in kept.items() if quantity)
        if frees:
            self.capacities_freed += tuple((*place, quantity) for place, quantity in freed.items() if quantity)

    def add_capacity(self, taken: Capacities) -> None:
        """Days that shipments which were added take."""
        self.capacities += taken
        self._needs = self._needs_now()

    def _needs_now(self) -> dict[tuple[str, int], int]:
        """What shipments that are still to be worked on take of a location, in what that counts in, by when they are due."""
        found: Counter[tuple[str, int]] = Counter()
        for shipment in self.order.plan.shipments:
            if ShipmentState(shipment.state) in ALLOCATED and shipment.lines:
                due = shipment.pick_by if shipment.HasField("pick_by") else shipment.handover_by
                found[shipment.location_id, due.seconds] += self._need_of(shipment)
        return dict(found)

    def _need_gone(self, location_id: str) -> int:
        return sum(
            self._need_of(each) for each in self.order.plan.shipments
            if each.location_id == location_id and has_left(each) and each.lines
        )  # fmt: skip

    def _need_of(self, shipment: Shipment) -> int:
        location = self.image.location_index.get(shipment.location_id)
        if location is None:
            return 2**62  # the network does not know it any more: nothing of its days is given back
        lines = len({part.line_id for part in shipment.lines})
        units = sum(part.quantity for part in shipment.lines)
        return int(capacity_need(self.image.capacity_unit.item(location), lines, units))

    def _weight_of(self, shipment: Shipment) -> int:
        index, weights = self.image.item_index, self.image.weight_grams
        return sum(
            int(weights[index[part.item_id]]) * part.quantity for part in shipment.lines if part.item_id in index
        )  # fmt: skip


def _take(days: Counter[int], quantity: int) -> list[tuple[int, int]]:
    """Take so much off days, the first of them first, or as much as there is; what was taken of which."""
    taken = []
    for day in days:
        part = min(days[day], quantity)
        if part:
            taken.append((day, part))
            days[day] -= part
            quantity -= part
    return taken


def check_distinct(wanted: Sequence[Wanted]) -> None:
    """Raise `Refusal` where a line is named twice."""
    seen: set[str] = set()
    for each in wanted:
        if each.line_id in seen:
            raise invalid([FieldViolation(each.field, f"{each.line_id!r} stands on an earlier line")])
        seen.add(each.line_id)


def check_version(actual: int, expected: int | None, what: str) -> None:
    """Raise `Refusal` where a record is at another version than its caller thinks."""
    if expected is not None and actual != expected:
        text = f"expected_version: {what} is at version {actual}, not {expected}"
        raise Refusal(Reason.WRONG_STATE, text, (FieldViolation("expected_version", text),), metadata={"version": str(actual)})


def line_states(order: Order, line_id: str, ratios: Ratios) -> str:
    """Where units of a line are, for a person."""
    found = [each for each in units_by_state(order, ratios) if each.line_id == line_id]
    return ", ".join(f"{each.quantity} {_name_of(each.state)}" for each in found) or "nothing"


def open_shipments(order: Order) -> Iterator[Shipment]:
    """Those that have not left, ended, or been made ready."""
    return (each for each in order.plan.shipments if ShipmentState(each.state) in ALLOCATED)


def _name_of(state: int) -> str:
    return types_pb2.LineState.Name(cast("types_pb2.LineState", state)).removeprefix("LINE_STATE_")


def _refused(text: str, field: str) -> Refusal:
    return Refusal(Reason.WRONG_STATE, text, (FieldViolation(field, text),))


def _wrong_line(order: Order, shipment: Shipment, line_id: str, field: str) -> Refusal:
    places = [
        f"{each.shipment_id} from {each.location_id}" for each in order.plan.shipments
        if any(part.line_id == line_id for part in each.lines)
    ]  # fmt: skip
    where = f"; it is in {', '.join(places)}" if places else ""
    text = f"{field}: shipment {shipment.shipment_id!r} from {shipment.location_id} has nothing of line {line_id!r}{where}"
    return _refused(text, field)


def _settle_receipts(order: Order, units: Mapping[Cell, int]) -> None:
    """Units of receipts that came in meanwhile stand on what is on hand: as the ledger has moved them."""
    left = dict(units)
    for shipment in order.plan.shipments:
        if has_left(shipment) or not is_held(shipment):
            continue
        for part in list(shipment.lines):
            cell = cell_of(shipment, part)
            if not cell.receipt_id:
                continue
            still = min(part.quantity, left.get(cell, 0))
            left[cell] = left.get(cell, 0) - still
            if still < part.quantity:
                arrived = types_pb2.ShipmentLine()
                arrived.CopyFrom(part)
                arrived.receipt_id = ""
                add_units(shipment, arrived, part.quantity - still)
                part.quantity = still
        drop_empty(shipment)
