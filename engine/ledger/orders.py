"""Orders as the ledger's entries leave them, by state, customer, place and date: tables written with the entries.

What an order holds stands in its entries, and is read there. Nearly every entry makes an order, so that these rows are as
few and as short as lists of orders can be answered from.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from belofte.v1 import order_service_pb2, sourcing_service_pb2, types_pb2
from belofte.v1.ledger_entry_pb2 import LedgerEntry
from sqlalchemy import Connection, bindparam, delete, insert, literal, select, tuple_, update

from engine.fulfilment.milestones import next_ms
from engine.fulfilment.order_record import Order, order_left
from engine.inventory.shards import WHOLE, Shards
from engine.ledger.insert import copy_rows, insert_rows
from engine.ledger.tables import CHANGED, entries, order_entries, order_returns, order_shipments, orders, returns

Return = order_service_pb2.Return
Place = tuple[int, int]
"""Epoch and sequence of an entry."""

IDS_MAX = 500
READY_FOR_PICKUP = types_pb2.SHIPMENT_STATE_READY_FOR_PICKUP


class ListedOrder(NamedTuple):
    """What lists say of an order: a row of `orders`, and rows of `order_shipments`."""

    row: tuple[object, ...]
    shipments: Sequence[tuple[object, ...]]


def listed_of(place: Place, message: LedgerEntry) -> ListedOrder:
    """What lists say of the order that an entry makes."""
    created = message.decided_unix_ms
    if message.HasField("order"):
        order = message.order
        state, plan = order.state, order.plan
    else:
        order = sourcing_service_pb2.SourceOrderRequest.FromString(message.request).order
        order.ClearField("at_risk_since")  # set by the service alone
        answer = sourcing_service_pb2.SourceOrderResponse.FromString(message.response)
        state, plan = answer.state, answer.plan
    shipments, due = listed(place, created, order, plan)
    return ListedOrder((*place, message.order_id, created, state, order.basket.customer_id, 0, due), shipments)


def insert_made(connection: Connection, made: Sequence[ListedOrder]) -> None:
    """Rows of orders that were just made, all at once."""
    if made:
        copy_rows(connection, orders, [each.row for each in made])
    shipments = [row for each in made for row in each.shipments]
    if shipments:
        copy_rows(connection, order_shipments, shipments)


def note_changed(connection: Connection, left: Mapping[str, Order]) -> None:
    """Orders that are others than before, by id: their rows anew, all at once."""
    ids = sorted(left)
    found: dict[str, tuple[Place, int]] = {}
    for first in range(0, len(ids), IDS_MAX):
        same = (entries.c.epoch == orders.c.epoch) & (entries.c.sequence == orders.c.sequence)
        known = select(orders.c.order_id, orders.c.epoch, orders.c.sequence, orders.c.created_unix_ms).join(entries, same)
        for row in connection.execute(known.where(entries.c.created_id.in_(ids[first : first + IDS_MAX]))):
            found[row.order_id] = (row.epoch, row.sequence), row.created_unix_ms
    if not found:
        return
    lists = {id_: listed(place, created, left[id_], left[id_].plan) for id_, (place, created) in found.items()}
    of_it = orders.c.epoch == bindparam("of_epoch"), orders.c.sequence == bindparam("of_sequence")
    changed = [
        {
            "of_epoch": epoch, "of_sequence": sequence, "state": left[order_id].state,
            "is_at_risk": int(left[order_id].HasField("at_risk_since")), "customer_id": left[order_id].basket.customer_id,
            "due_unix_ms": lists[order_id][1],
        }
        for order_id, ((epoch, sequence), _) in found.items()
    ]  # fmt: skip
    connection.execute(update(orders).where(*of_it), changed)
    of_it = order_shipments.c.epoch == bindparam("of_epoch"), order_shipments.c.sequence == bindparam("of_sequence")
    connection.execute(
        delete(order_shipments).where(*of_it),
        [{"of_epoch": epoch, "of_sequence": sequence} for (epoch, sequence), _ in found.values()],
    )
    rows = [row for of_shipments, _ in lists.values() for row in of_shipments]
    if rows:
        insert_rows(connection, order_shipments, rows)


def note_at_risk(connection: Connection, order_ids: Iterable[str]) -> None:
    """Orders whose promise is in danger, until they are changed."""
    ids = sorted(order_ids)
    for first in range(0, len(ids), IDS_MAX):
        some = select(entries.c.epoch, entries.c.sequence).where(entries.c.created_id.in_(ids[first : first + IDS_MAX]))
        connection.execute(update(orders).where(tuple_(orders.c.epoch, orders.c.sequence).in_(some)).values(is_at_risk=1))


def note_return(connection: Connection, left: Return) -> None:
    """A return as it was announced, or is left by a change."""
    row = {"return_id": left.return_id, "order_id": left.order_id, "body": left.SerializeToString()}
    if left.version > 1:
        connection.execute(update(returns).where(returns.c.return_id == left.return_id).values(row))
        return
    connection.execute(insert(returns), row)
    place = place_of(connection, left.order_id)
    order = connection.execute(
        select(orders.c.created_unix_ms).where(tuple_(orders.c.epoch, orders.c.sequence) == tuple_(*(place or (0, 0))))
    ).one_or_none()
    if place is None or order is None:
        return
    known = select(order_returns.c.reason).where(
        order_returns.c.epoch == place[0],
        order_returns.c.sequence == place[1],
        order_returns.c.created_unix_ms == order.created_unix_ms,
        order_returns.c.reason.in_([line.reason for line in left.lines]),
    )
    there = set(connection.scalars(known))
    reasons = {line.reason for line in left.lines} - there - {""}
    if reasons:
        insert_rows(connection, order_returns, [(reason, order.created_unix_ms, *place) for reason in sorted(reasons)])


def find_return(connection: Connection, return_id: str) -> Return | None:
    """A return, as it is left; None where there is none."""
    row = connection.execute(select(returns).where(returns.c.return_id == return_id)).one_or_none()
    return Return.FromString(bytes(row.body)) if row is not None else None


def read_order(connection: Connection, order_id: str, until: Place, shards: Shards = WHOLE) -> Order | None:
    """An order as the entries up to a place leave it; of other shards' logs, all that are recorded."""
    place = (order_entries.c.epoch == entries.c.epoch) & (order_entries.c.sequence == entries.c.sequence)
    columns = entries.c.epoch, entries.c.sequence, entries.c.entry, entries.c.created_id, entries.c.recorded_unix_ms
    own = select(*columns, literal(CHANGED).label("risk")).where(entries.c.order_id == order_id)
    changed = order_entries.c.order_id == order_id, order_entries.c.risk == CHANGED
    others = select(*columns, order_entries.c.risk).join(order_entries, place).where(*changed)
    rows = connection.execute(own.union_all(others).order_by("epoch", "sequence")).all()
    own_log = until[0] % shards.count
    known = [row for row in rows if row.epoch % shards.count != own_log or (row.epoch, row.sequence) <= until]
    messages = [LedgerEntry.FromString(bytes(row.entry)) for row in in_order(known, order_id, shards)]
    return order_left(messages) if messages else None


def in_order(rows: Sequence[Any], order_id: str, shards: Shards) -> Sequence[Any]:
    """Entries of an order, by place in the log, as they happened.

    Epochs of different shards tell no order: what made it comes first, then what was recorded first.
    """
    if shards.count == 1:
        return rows
    return sorted(rows, key=lambda row: (row.created_id != order_id, row.recorded_unix_ms, row.epoch, row.sequence))


def place_of(connection: Connection, order_id: str) -> Place | None:
    """Place of the entry that made an order; None where there is no such order."""
    found = connection.execute(
        select(entries.c.epoch, entries.c.sequence).where(entries.c.created_id == order_id)
    ).one_or_none()
    return (found.epoch, found.sequence) if found is not None else None


def listed(
    place: Place, created_unix_ms: int, order: Order, plan: types_pb2.Plan
) -> tuple[list[tuple[object, ...]], int]:  # fmt: skip
    """What lists say of an order's shipments, and when something of it ends by itself, or should have been done; 0: never.

    A row is of a location and a state, with the instant since which the first of these shipments is in it. What ends is the
    order's hold, the time that a shipment is kept for its customer, and milestones of its plan until it is known to be at risk.
    """
    # One look at each shipment: this is done for every order.
    since: dict[tuple[str, int], int] = {}
    due: list[int] = []
    is_expected = not order.HasField("at_risk_since")
    for shipment in plan.shipments:
        if not shipment.lines:
            continue
        key = shipment.location_id, shipment.state
        began = shipment.state_since.ToMilliseconds() if shipment.HasField("state_since") else created_unix_ms
        since[key] = min(since.get(key, began), began)
        if is_expected and (milestone := next_ms(shipment)) is not None:
            due.append(max(1, milestone))
        if key[1] == READY_FOR_PICKUP and shipment.HasField("keep_until"):
            due.append(max(1, shipment.keep_until.ToMilliseconds()))
    if order.hold_reason and order.HasField("hold_until"):
        due.append(max(1, order.hold_until.ToMilliseconds()))
    rows: list[tuple[object, ...]] = [(*key, created_unix_ms, *place, began) for key, began in since.items()]
    return rows, min(due, default=0)
