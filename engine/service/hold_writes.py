"""A reservation's change as one transaction: the hold's text before and after, what it takes or gives back, and the record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2, reservation_service_pb2, types_pb2
from google.protobuf.message import Message

from engine.domain.clock import Clock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.order_record import Capacities, instant
from engine.inventory.effects import add_effects
from engine.inventory.holds import HeldUnits, Hold, merged
from engine.inventory.live import LiveStock
from engine.inventory.transaction import CapacityChange, Cell, CellChange, TextChange, TextTable, Transaction
from engine.inventory.write_path import Recorded
from engine.sourcing.reserve import end_charge, give_back, give_capacity_back, hold_change

RECORD = "@reservation/"
"""Before a reservation's id where the ledger has an order's: no order's id begins so."""

Wire = reservation_service_pb2.Reservation
State = reservation_service_pb2.ReservationState
ACTIVE, CONFIRMED = State.RESERVATION_STATE_ACTIVE, State.RESERVATION_STATE_CONFIRMED
RELEASED, EXPIRED = State.RESERVATION_STATE_RELEASED, State.RESERVATION_STATE_EXPIRED
NAMES = {ACTIVE: "ACTIVE", CONFIRMED: "CONFIRMED", RELEASED: "RELEASED", EXPIRED: "EXPIRED"}

EXPIRED_AT_ONCE_MAX = 100
"""Holds that are ended between two batches: whoever waits does not wait for all of them."""


class Asked(NamedTuple):
    """A request as its entry keeps it. `digest` is SHA-256 of it without its id."""

    method: str
    request_id: str
    digest: bytes
    message: bytes


class Change(NamedTuple):
    """What becomes of holds, (before, after) each, None: none; and all that goes with it.

    `wires` are the reservations as they are left; `order` is the order that one of them becomes.
    """

    holds: tuple[tuple[Hold | None, Hold | None], ...]
    wires: tuple[Wire, ...]
    response: Message
    cells: tuple[CellChange, ...] = ()
    capacities: tuple[CapacityChange, ...] = ()
    created_id: str = ""
    order: types_pb2.Order | None = None
    pegs: Sequence[tuple[int, int]] = ()
    """(arena index, units) that are taken, and (location, day, quantity) of capacity: nobody else may plan on them."""
    days: Sequence[tuple[int, int, int]] = ()
    events: tuple[types_pb2.OrderEvent, ...] = ()
    units: tuple[tuple[Cell, int], ...] = ()
    """Base units that the order has by position, where these are not just what the entry takes."""
    order_capacities: Capacities = ()
    """Capacity that the order takes: what was held for it becomes its own."""
    start_minute: int = 0
    """UTC minute that was decided for, where a plan was made."""
    guards: tuple[TextChange, ...] = ()
    """What else must hold, and be so no more afterwards."""

    def receipts_held(self) -> list[Cell]:
        """Positions to come of which units are held by what it leaves."""
        return [each.cell for _, after in self.holds if after is not None for each in after.units if each.cell.receipt_id]


@dataclass(slots=True)
class HoldWrite:
    """A change of a reservation on the write path. `answer` is called once, with what became of it."""

    asked: Asked
    network_version: str
    clock: Clock
    change: Callable[[LiveStock, int], Change]
    answer: Callable[["HoldWrite", Recorded | Refusal], None]
    response: bytes = field(default=b"", init=False)
    _changed: Change | None = field(default=None, init=False)

    @property
    def request_id(self) -> str:
        """The caller's id of the request."""
        return self.asked.request_id

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """What it takes or gives back at this moment. Raises `Refusal`."""
        changed = self._changed = self.change(stock, attempt)
        self.response = changed.response.SerializeToString()
        # One instant for the order and the entry that made it: it is read back as it was answered.
        made = changed.order
        decided = made.created_at.ToMilliseconds() if made is not None else self.clock.unix_ms()
        owner = made.order_id if made is not None else RECORD + changed.wires[0].reservation_id
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=self.asked.request_id, method=self.asked.method, request_digest=self.asked.digest, order_id=owner,
            request=self.asked.message, response=self.response, network_version=self.network_version,
            decided_unix_ms=decided, reservations=changed.wires, events=changed.events, order=made,
            basis=ledger_entry_pb2.DecisionBasis(start_minute=changed.start_minute) if changed.start_minute else None,
        )  # fmt: skip
        texts = (*(hold_change(before, after) for before, after in changed.holds), *changed.guards)
        for location_id, day, quantity in changed.order_capacities:
            entry.order_capacities.add(location_id=location_id, day=day, quantity_delta=quantity)
        for cell, quantity in changed.units:
            entry.pegs.add(order_id=owner, quantity_delta=quantity, **cell._asdict())
        add_effects(entry, changed.cells, changed.capacities, texts)
        return Transaction(
            self.asked.request_id, self.asked.digest, changed.created_id, changed.cells, changed.capacities,
            entry.SerializeToString(), texts,
        )  # fmt: skip

    def hold(self, stock: LiveStock) -> None:
        """Show what is taken; what is given back may be had once it is committed."""
        assert self._changed is not None
        stock.hold(self._changed.pegs, self._changed.days)
        stock.holds.expect(self._changed.receipts_held(), 1)

    def release(self, stock: LiveStock) -> None:
        """Take it back."""
        assert self._changed is not None
        stock.holds.expect(self._changed.receipts_held(), -1)
        stock.release(self._changed.pegs, self._changed.days)

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.answer(self, outcome)


def expiry(hold: Hold, network_version: str, clock: Clock) -> HoldWrite:
    """The write that ends a hold whose time is up; several engines may try, and one of them succeeds."""

    def change(stock: LiveStock, attempt: int) -> Change:
        if stock.holds.get(hold.reservation_id) != hold:
            raise Refusal(Reason.WRONG_STATE, "another engine was faster, or the hold was extended")
        wire = Wire(reservation_id=hold.reservation_id, version=hold.version + 1, state=EXPIRED)
        wire.expires_at.CopyFrom(instant(hold.expires_unix_ms))
        event = types_pb2.OrderEvent(
            event_id=f"{asked.request_id}-1", type=types_pb2.EVENT_TYPE_RESERVATION_EXPIRED, time=wire.expires_at,
            message=f"reservation {hold.reservation_id} has expired; what it held may be had again",
            attributes={"reservation_id": hold.reservation_id},
        )  # fmt: skip
        freed = (*give_capacity_back(hold.capacities), end_charge(hold))
        return Change(((hold, None),), (wire,), Wire(), give_back(hold.units), freed, events=(event,))

    asked = Asked("ExpireReservation", uuid7(clock.unix_ms()), bytes(32), b"")
    return HoldWrite(asked, network_version, clock, change, lambda write, outcome: None)


def ordered_late(reservation_id: str) -> TextChange:
    """Guards that a reservation which has expired becomes an order once: nothing is held any more that could tell."""
    return TextChange(TextTable.PEGS, "", RECORD + reservation_id, "", "1")


def encode_hold(hold: Hold, wire: Wire) -> None:
    """Write what a hold has into its record."""
    del wire.lines[:]
    wire.reservation_id, wire.version, wire.state = hold.reservation_id, hold.version, ACTIVE
    wire.expires_at.CopyFrom(instant(hold.expires_unix_ms))
    for each in units_shown(hold):
        cell = each.cell
        wire.lines.add(
            line_id=each.line_id, item_id=cell.item_id, quantity=each.quantity, location_id=cell.location_id,
            receipt_id=cell.receipt_id, pool=cell.pool,
        )  # fmt: skip
    is_network = reservation_service_pb2.RESERVATION_SCOPE_NETWORK
    wire.scope = is_network if hold.is_network else reservation_service_pb2.RESERVATION_SCOPE_LOCATION


def units_shown(hold: Hold) -> tuple[HeldUnits, ...]:
    """Units by line and position; at network level by line and item alone, whatever they stand on meanwhile."""
    if not hold.is_network:
        return hold.units
    return merged(each._replace(cell=Cell(each.cell.item_id, "", "", "")) for each in hold.units)


def ended(wire: Wire, hold: Hold, state: "reservation_service_pb2.ReservationState") -> Wire:
    """A record whose hold has ended; its lines say what it held."""
    after = changed(wire, hold)
    after.version, after.state = hold.version + 1, state
    return after


def changed(wire: Wire, hold: Hold) -> Wire:
    """A record whose hold has become this one."""
    after = Wire()
    after.CopyFrom(wire)
    encode_hold(hold, after)
    return after


def hold_of(stock: LiveStock, wire: Wire, now_unix_ms: int, expected_version: int | None) -> Hold:
    """The active hold of a record that was looked up. Raises `Refusal` where it has ended, or is at another version."""
    check_not_pending(stock, wire)
    hold = stock.holds.get(wire.reservation_id)
    if hold is None:
        state = NAMES[wire.state] if wire.state != ACTIVE else "no more ACTIVE"
        raise wrong_state(f"ACTIVE was expected, reservation {wire.reservation_id!r} is {state}")
    if hold.expires_unix_ms <= now_unix_ms:
        raise wrong_state(f"ACTIVE was expected, reservation {wire.reservation_id!r} is EXPIRED")
    check_version(hold, expected_version)
    check_record(hold, wire)
    return hold


def check_not_pending(stock: LiveStock, wire: Wire) -> None:
    """Raise `Refusal` where a change of a reservation is under way: in several shards, on its way to all of them here, or
    committed and not recorded yet, so that the record does not say how it ended.
    """
    name = wire.reservation_id
    is_behind = wire.state == ACTIVE and stock.holds.get(name) is None
    if is_behind or stock.holds.is_locked(name):
        raise Refusal(Reason.CONTENDED, f"reservation {name!r} is being changed; try again")


def check_version(hold: Hold, expected_version: int | None) -> None:
    """Raise `Refusal` where a hold is at another version than its caller thinks."""
    if expected_version is not None and hold.version != expected_version:
        raise wrong_state(f"expected_version: reservation {hold.reservation_id!r} is at version {hold.version}")


def check_record(hold: Hold, wire: Wire) -> None:
    """Raise `Refusal` where a hold was changed after its record was looked up: what the record says is not what is held."""
    if hold.version != wire.version:
        raise Refusal(Reason.CONTENDED, f"reservation {hold.reservation_id!r} is being changed; try again")


def wrong_state(message: str) -> Refusal:
    """Refused because the reservation is not in a state for it; the message says in which."""
    return Refusal(Reason.WRONG_STATE, message)
