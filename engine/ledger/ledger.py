"""The ledger as it is read: requests, orders and positions that are recorded."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from belofte.v1 import order_service_pb2
from belofte.v1.ledger_entry_pb2 import LedgerEntry
from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, exists, false, func, literal, select, true

from engine.domain.life import OrderState, ShipmentState
from engine.fulfilment.draft import OrderRecord
from engine.fulfilment.order_record import Order, capacities_left, order_left, returns_left
from engine.inventory.client import ordinal
from engine.inventory.gate import OPENING_SEQUENCE, ORIGIN
from engine.inventory.parts import Decision
from engine.inventory.recorded import Overruled
from engine.inventory.shards import WHOLE, Shards, each_of, join
from engine.inventory.transaction import Cell
from engine.ledger import follow, order_list, reservations
from engine.ledger import orders as order_rows
from engine.ledger.database import open_database, write_to
from engine.ledger.follow import LogEntry
from engine.ledger.networks import begin_deciding
from engine.ledger.order_list import OrderFilter, OrderPage, Place
from engine.ledger.orders import in_order
from engine.ledger.reservations import ReservationRecord
from engine.ledger.snapshots import cut_until, is_gone
from engine.ledger.tables import (
    CHANGED,
    decisions,
    decline_counts,
    entries,
    fence,
    order_entries,
    order_shipments,
    orders,
    overruled,
    pegs,
)
from engine.ledger.verdicts import decide

IDS_MAX = 500
"""Request ids in one question: databases limit the parameters of a statement."""

_ENTRY = entries.c.epoch, entries.c.sequence, entries.c.entry, entries.c.recorded_unix_ms


class RecordedEntry(NamedTuple):
    """One entry: its place in the log, a serialized LedgerEntry, and when it was recorded (Unix milliseconds).

    The entry is empty where it was cut: that it was recorded is all that is known.
    """

    position: str
    entry: bytes
    recorded_unix_ms: int = 0


class OrderEntry(NamedTuple):
    """An entry that concerns an order, and which of its risks are of that order."""

    position: str
    entry: bytes
    risks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OrderPegs:
    """Base units of an order by position, and how many entries have moved them since it was made."""

    units: dict[Cell, int]
    change_count: int


class Ledger:
    """Reads from any thread. The sidecar writes, see `recorder.py`; from here only what has expired is decided as well, and
    what engines decide by is kept.
    """

    def __init__(self, url: str, shards: Shards = WHOLE) -> None:
        """Connects when first used."""
        self._database = open_database(url)
        self._shards = shards

    @property
    def shards(self) -> Shards:
        """How the network is split."""
        return self._shards

    def close(self) -> None:
        """Disconnect."""
        self._database.dispose()

    def begin_deciding(self, network_key: str, content: Callable[[], bytes], node_budget: int, now_unix_ms: int) -> int:
        """Keep a network that decisions are made by from now on; the number that they are to name. See `networks.py`."""
        return begin_deciding(self._database, network_key, content, node_budget, now_unix_ms)

    def find_requests(self, request_ids: Sequence[str]) -> dict[str, RecordedEntry]:
        """The entries of those requests that are recorded."""
        found: dict[str, RecordedEntry] = {}
        columns = select(entries.c.request_id, *_ENTRY)
        for first in range(0, len(request_ids), IDS_MAX):
            rows = self._rows(columns.where(entries.c.request_id.in_(request_ids[first : first + IDS_MAX])))
            found.update({row.request_id: _entry(row) for row in rows})
        return self._with_parts(found) if self._shards.count > 1 else found

    def find_positions(self, request_ids: Sequence[str]) -> dict[str, str]:
        """Positions of those requests that are recorded; of those that were overruled, why."""
        found = {request_id: each.position for request_id, each in self.find_requests(request_ids).items()}
        if self._shards.count == 1 or len(found) == len(request_ids):
            return found
        left = [request_id for request_id in request_ids if request_id not in found]
        for first in range(0, len(left), IDS_MAX):
            some = left[first : first + IDS_MAX]
            of_them = select(overruled).where(overruled.c.request_id.in_(some))
            found.update({row.request_id: Overruled(row.why) for row in self._rows(of_them)})
            # A decision is waited for under what is held, and recorded under the request of the whole.
            confirmed = select(decisions).where(decisions.c.hold_id.in_(some), decisions.c.position != "")
            found.update({row.hold_id: row.position for row in self._rows(confirmed)})
        return found

    def _with_parts(self, found: dict[str, RecordedEntry]) -> dict[str, RecordedEntry]:
        """With positions that have seen the parts as well, of what was held in several shards."""
        holds = {
            message.decision.hold_id: request_id
            for request_id, each in found.items()
            if (message := LedgerEntry.FromString(each.entry)).HasField("decision")
        }
        if holds:
            for row in self._rows(select(decisions).where(decisions.c.hold_id.in_(list(holds)))):
                request_id = holds[row.hold_id]
                found[request_id] = found[request_id]._replace(position=row.position)
        return found

    def decide_expired(self, hold_id: str) -> Decision:
        """Decide that what is held under an id has expired, unless it was decided; what stands."""
        with write_to(self._database) as connection:
            return decide(connection, hold_id, Decision.EXPIRED)

    def not_undone(self, count_max: int) -> list[RecordedEntry]:
        """Entries that were overruled, and whose effects are still to be taken back; some of them."""
        place = (overruled.c.epoch == entries.c.epoch) & (overruled.c.sequence == entries.c.sequence)
        left = select(*_ENTRY).join(overruled, place).where(overruled.c.is_undone == 0).limit(count_max)
        return [_entry(row) for row in self._rows(left)]

    def find_order(self, order_id: str) -> tuple[RecordedEntry, ...]:
        """The entries that made and changed an order, oldest first; empty where there is none, or it was cut."""
        found = self._entries_of(order_id, order_entries.c.risk == CHANGED)
        return tuple(RecordedEntry(each.position, each.entry) for each in found)

    def find_order_until(self, order_id: str, position: str) -> tuple[RecordedEntry, ...]:
        """These, up to an entry that tells of the order: what it was then."""
        found = self.find_order(order_id)
        if self._shards.count == 1:
            return tuple(each for each in found if ordinal(each.position) <= ordinal(position))
        before: set[str] = set()
        for each in self.find_order_events(order_id):
            before.add(each.position)
            if each.position == position:
                break
        return tuple(each for each in found if each.position in before)

    def has_record(self, record_id: str) -> bool:
        """Whether a record was ever created under an id; it may be cut since."""
        return bool(self._rows(select(entries.c.sequence).where(entries.c.created_id == record_id)))

    def find_order_events(self, order_id: str) -> tuple[OrderEntry, ...]:
        """These, and entries that tell something of the order without changing it."""
        return self._entries_of(order_id, true())

    def find_pegs(self, order_ids: Sequence[str]) -> dict[str, OrderPegs]:
        """Which of those orders there are, and what each has where."""
        found: dict[str, OrderPegs] = {}
        for first in range(0, len(order_ids), IDS_MAX):
            some = order_ids[first : first + IDS_MAX]
            with self._database.connect() as connection:
                own = select(entries.c.order_id, func.count()).where(entries.c.order_id.in_(some))
                for order_id, count in connection.execute(own.group_by(entries.c.order_id)):
                    found[order_id] = OrderPegs({}, count - 1)
                changes = select(order_entries.c.order_id, func.count()).where(
                    order_entries.c.order_id.in_(some), order_entries.c.risk == CHANGED
                )
                for order_id, count in connection.execute(changes.group_by(order_entries.c.order_id)):
                    found[order_id] = OrderPegs({}, found[order_id].change_count + count)
                for order_id, *cell, quantity, _, _ in connection.execute(select(pegs).where(pegs.c.order_id.in_(some))):
                    found[order_id].units[Cell(*cell)] = quantity
        return found

    def find_record(self, order_id: str) -> OrderRecord | None:
        """An order as it is left, with what it has where; None where there is none."""
        # Asked first: what follows is of this position or later, and its version tells whether all of it is of one moment.
        position = self.last_position()
        found = self.find_order(order_id)
        if not found:
            return None
        messages = [LedgerEntry.FromString(each.entry) for each in found]
        units = self.find_pegs([order_id])[order_id].units
        return OrderRecord(order_left(messages), units, capacities_left(messages), position, returns_left(messages))

    def find_orders(self, order_ids: Sequence[str]) -> list[Order]:
        """These orders, as they are left, in the order asked; those that there are."""
        found: dict[str, list[Row[tuple[object, ...]]]] = {each: [] for each in order_ids}
        place = (order_entries.c.epoch == entries.c.epoch) & (order_entries.c.sequence == entries.c.sequence)
        columns = entries.c.epoch, entries.c.sequence, entries.c.entry, entries.c.created_id, entries.c.recorded_unix_ms
        for first in range(0, len(order_ids), IDS_MAX):
            some = order_ids[first : first + IDS_MAX]
            own = select(*columns, entries.c.order_id).where(entries.c.order_id.in_(some))
            changed = order_entries.c.order_id.in_(some), order_entries.c.risk == CHANGED
            others = select(*columns, order_entries.c.order_id).join(order_entries, place).where(*changed)
            for row in self._rows(own.union_all(others)):
                found[row.order_id].append(row)
        histories = [
            in_order(sorted(rows, key=lambda row: (row.epoch, row.sequence)), order_id, self._shards)
            for order_id, rows in found.items() if rows
        ]  # fmt: skip
        return [order_left([LedgerEntry.FromString(bytes(row.entry)) for row in rows]) for rows in histories]

    def list_orders(self, wanted: OrderFilter, after: Place | None, count: int) -> OrderPage:
        """Orders that are wanted, the latest first: after a place of that list, so many of them."""
        with self._database.connect() as connection:
            return order_list.page(connection, wanted, after, count)

    def find_return(self, return_id: str) -> order_service_pb2.Return | None:
        """A return, as it is left; None where there is none."""
        with self._database.connect() as connection:
            return order_rows.find_return(connection, return_id)

    def decline_counts(self, from_day: int) -> dict[str, tuple[int, int]]:
        """(lines that left, lines that were declined) by location, from a day on (UTC, days since 1970-01-01)."""
        c = decline_counts.c
        counts = select(c.location_id, func.sum(c.served).label("served"), func.sum(c.declined).label("declined"))
        rows = self._rows(counts.where(c.day >= from_day).group_by(c.location_id))
        return {row.location_id: (int(row.served), int(row.declined)) for row in rows}

    def orders_made(self, from_unix_ms: int, until_unix_ms: int, count_max: int) -> tuple[int, list[str]]:
        """How many orders were made from an instant until before another that were not called off, and the last of them."""
        wanted = (
            orders.c.state.in_([int(state) for state in OrderState if state is not OrderState.CANCELLED]),
            orders.c.created_unix_ms >= from_unix_ms, orders.c.created_unix_ms < until_unix_ms,
        )  # fmt: skip
        last = select(orders.c.order_id).where(*wanted).order_by(orders.c.created_unix_ms.desc()).limit(count_max)
        with self._database.connect() as connection:
            count = connection.execute(select(func.count()).select_from(orders).where(*wanted)).scalar_one()
            return count, list(connection.scalars(last)) if count else []

    def last_of(self, record_id: str) -> RecordedEntry | None:
        """The last entry of a record that is no order; None where there is none."""
        last = select(*_ENTRY).where(entries.c.order_id == record_id)
        rows = self._rows(last.order_by(entries.c.recorded_unix_ms.desc(), *(c.desc() for c in _ENTRY[:2])).limit(1))
        return _entry(rows[0]) if rows else None

    def orders_due(self, now_unix_ms: int, count: int) -> list[str]:
        """Orders of which something ends by itself by now, the longest due first: so many that are held, and that are not."""
        due = select(orders.c.order_id).where(orders.c.due_unix_ms > 0, orders.c.due_unix_ms <= now_unix_ms)
        # A pool of many thousands that is being closed keeps nothing else from its end.
        others = due.where(orders.c.state != OrderState.HELD).order_by(orders.c.due_unix_ms).limit(count)
        return [row.order_id for row in self._rows(others)] + self.held_due(now_unix_ms, count)

    def held_due(self, now_unix_ms: int, count: int) -> list[str]:
        """Held orders of which something ends by itself by now, the longest due first."""
        due = select(orders.c.order_id).where(
            orders.c.due_unix_ms > 0, orders.c.due_unix_ms <= now_unix_ms, orders.c.state == OrderState.HELD
        )
        return [row.order_id for row in self._rows(due.order_by(orders.c.due_unix_ms).limit(count))]

    def orders_waiting(self, location_id: str, before_unix_ms: int, count: int, *, with_held: bool = False) -> list[str]:
        """Orders with a shipment that a location has not accepted since an instant; held ones only where they are asked for."""
        same = (order_shipments.c.epoch == orders.c.epoch) & (order_shipments.c.sequence == orders.c.sequence)
        waiting = select(orders.c.order_id).select_from(order_shipments).join(orders, same).where(
            order_shipments.c.location_id == location_id, order_shipments.c.state == ShipmentState.PLANNED,
            order_shipments.c.created_unix_ms <= before_unix_ms, order_shipments.c.since_unix_ms <= before_unix_ms,
            true() if with_held else orders.c.state != OrderState.HELD,
        )  # fmt: skip
        return [row.order_id for row in self._rows(waiting.order_by(order_shipments.c.created_unix_ms).limit(count))]

    def _entries_of(self, order_id: str, which: ColumnElement[bool]) -> tuple[OrderEntry, ...]:
        columns = entries.c.epoch, entries.c.sequence, entries.c.entry, entries.c.created_id, entries.c.recorded_unix_ms
        gone = is_gone(entries.c.created_id).label("is_gone")
        own = select(*columns, literal(CHANGED).label("risk"), gone).where(entries.c.order_id == order_id)
        place = (order_entries.c.epoch == entries.c.epoch) & (order_entries.c.sequence == entries.c.sequence)
        others = select(*columns, order_entries.c.risk, false()).join(order_entries, place)
        both = own.union_all(others.where(order_entries.c.order_id == order_id, which))
        rows = self._rows(both.order_by("epoch", "sequence", "risk"))
        if any(row.created_id == order_id and row.is_gone for row in rows):
            return ()
        found: dict[str, OrderEntry] = {}
        for row in in_order(rows, order_id, self._shards):
            position = f"{row.epoch}-{row.sequence}"
            before = found.get(position, OrderEntry(position, bytes(row.entry), ()))
            found[position] = before if row.risk == CHANGED else before._replace(risks=(*before.risks, row.risk))
        return tuple(found.values())

    def find_reservation(self, reservation_id: str) -> ReservationRecord | None:
        """A reservation as its last entry leaves it; None where there is none."""
        with self._database.connect() as connection:
            return reservations.find(connection, reservation_id)

    def list_reservations(
        self, states: Sequence[int], customer_id: str, is_wanted: Callable[[ReservationRecord], bool], start: int, count: int
    ) -> list[ReservationRecord]:
        """Those in a state that are wanted, first to expire first: `count` of them after the first `start`."""
        with (
            self._database.connect() as connection,
            closing(reservations.matching(connection, states, customer_id)) as found,
        ):  # fmt: skip
            return list(islice(filter(is_wanted, found), start, start + count))

    def has_recorded(self, position: str) -> bool:
        """Whether the log up to a position is recorded: an entry of its epoch is, at or after it. Of several, all.

        An opening is recorded before anybody hears of its position.
        """
        for each in each_of(position):
            epoch, sequence = ordinal(each)
            if epoch and sequence == OPENING_SEQUENCE:
                if ordinal(self._ends()[self._shards.of_position(each)])[0] < epoch:
                    return False
                continue
            at_or_after = (entries.c.epoch == epoch) & (entries.c.sequence >= sequence)
            if not self._rows(select(exists().where(at_or_after)))[0][0]:
                return False
        return True

    def is_kept_after(self, position: str) -> bool:
        """Whether all entries after a position are whole: who follows from there misses nothing."""
        if self._shards.count > 1:
            return True  # of a network over shards nothing is cut
        with self._database.connect() as connection:
            return ordinal(position) >= ordinal(cut_until(connection))

    def last_position(self) -> str:
        """Position of the last entry or opening, of each shard; `ORIGIN` where there is none."""
        return join(self._ends())

    def _ends(self) -> list[str]:
        """The same, shard by shard."""
        rows = self._rows(select(fence.c.last_epoch, fence.c.last_sequence).order_by(fence.c.id))
        return [f"{row.last_epoch}-{row.last_sequence}" for row in rows] or [ORIGIN] * self._shards.count

    def is_lost(self, position: str) -> bool:
        """Whether a position was not recorded and never will be: its epoch has ended. Of several, any."""
        last = self._ends()
        over = [
            each for each in each_of(position)
            if each != ORIGIN and ordinal(last[self._shards.of_position(each)])[0] > ordinal(each)[0]
        ]  # fmt: skip
        # Asked after the end of its epoch is known: what was recorded before that is found now.
        return any(not self.has_recorded(each) for each in over)

    def entries_after(self, position: str, count: int) -> list[LogEntry]:
        """The first entries after a position, `count` at the most: see `follow.py`."""
        return follow.entries_after(self._database, self._shards, position, count)

    def entry_at(self, position: str) -> LogEntry | None:
        """One entry as who follows the log reads it; None where there is none."""
        return follow.entry_at(self._database, self._shards, position)

    def _rows(
        self, query: Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]]
    ) -> Sequence[Row[tuple[object, ...]]]:
        with self._database.connect() as connection:
            return connection.execute(query).all()


def _entry(row: Row[tuple[object, ...]]) -> RecordedEntry:
    return RecordedEntry(f"{row.epoch}-{row.sequence}", bytes(row.entry), row.recorded_unix_ms)
