"""Lists of orders, the latest first, a page at a time.

Each list is a merge of streams that an index gives in its order: orders in one state, of one customer, at risk, or with a
shipment in one state from one location. What the index does not tell is checked row by row, of so many rows a page that it
takes no long time however many there are: then the page is short, and the next one goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, and_, literal, select, true, tuple_, union_all

from engine.domain.life import OrderState, ShipmentState
from engine.ledger.tables import order_returns, order_shipments, orders

ROWS_EXAMINED_MAX = 1_000
"""Of one page."""

BLOCK_ROWS_MAX = 200
"""Of one stream in one question."""

BLOCK_GROWTH = 4
STREAMS_EACH = 400
"""In one question: SQLite puts no more than 500 together."""


class Place(NamedTuple):
    """Where an order stands in every list: the instant of its record, then its place in the log."""

    created_unix_ms: int
    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; what is empty bars none. Instants are Unix milliseconds, from included, to not; 0: any."""

    states: Sequence[int] = ()
    location_ids: Sequence[str] = ()
    shipment_states: Sequence[int] = ()
    customer_id: str = ""
    created_from: int = 0
    created_to: int = 0
    is_at_risk: bool = False
    return_reasons: Sequence[str] = ()


class OrderPage(NamedTuple):
    """Ids of orders, and the place after which the list goes on; None: it ends here."""

    order_ids: list[str]
    after: Place | None


def page(connection: Connection, wanted: OrderFilter, after: Place | None, count: int) -> OrderPage:
    """One page of the orders that are wanted."""
    found: list[str] = []
    examined = 0
    block = min(count + 1, BLOCK_ROWS_MAX)
    while True:
        rows, is_cut = _block(connection, wanted, after, block)
        for row in rows:
            if len(found) == count:
                return OrderPage(found, after)
            examined += 1
            after = Place(row.created_unix_ms, row.epoch, row.sequence)
            if _is_wanted(row, wanted):
                found.append(row.order_id)
        if not is_cut:
            return OrderPage(found, None)
        if examined >= ROWS_EXAMINED_MAX:
            return OrderPage(found, after)
        # Little of it was wanted: fewer and larger questions from here on.
        block = min(block * BLOCK_GROWTH, ROWS_EXAMINED_MAX - examined)


def statements(wanted: OrderFilter, after: Place | None, rows_max: int) -> list[Any]:
    """The questions for the next rows of each stream: few, however many streams there are."""
    parts = [part.limit(rows_max) for part in _streams(wanted, after)]
    groups = [parts[first : first + STREAMS_EACH] for first in range(0, len(parts), STREAMS_EACH)]
    # Each part is a table of its own: a limit stands in no union otherwise.
    return [union_all(*(select(part.subquery()) for part in group)) if len(group) > 1 else group[0] for group in groups]


def _block(connection: Connection, wanted: OrderFilter, after: Place | None, rows_max: int) -> tuple[list[Any], bool]:
    """The next rows of all streams together, each order once; and whether more may follow."""
    by_stream: dict[int, list[Any]] = {}
    for question in statements(wanted, after, rows_max):
        for row in connection.execute(question):
            by_stream.setdefault(row.stream, []).append(row)
    cut = [min(map(_place, rows)) for rows in by_stream.values() if len(rows) >= rows_max]
    # Below the last row of a stream that was cut, others may come before what is known.
    lowest = max(cut, default=None)
    merged: dict[Place, Any] = {}
    for rows in by_stream.values():
        merged.update((_place(row), row) for row in rows if lowest is None or _place(row) >= lowest)
    return [merged[place] for place in sorted(merged, reverse=True)], lowest is not None


def _streams(wanted: OrderFilter, after: Place | None) -> list[Select[Any]]:
    if wanted.return_reasons:
        reasons = enumerate(dict.fromkeys(wanted.return_reasons))
        return [_ordered(_returned(n, reason, wanted), order_returns, wanted, after) for n, reason in reasons]
    if wanted.location_ids:
        keys = [
            (each, state) for each in dict.fromkeys(wanted.location_ids) for state in wanted.shipment_states or ShipmentState
        ]
        return [_ordered(_at_location(n, *key), order_shipments, wanted, after) for n, key in enumerate(dict.fromkeys(keys))]
    if wanted.is_at_risk:
        return [_ordered(_orders(0, wanted).where(orders.c.is_at_risk == 1), orders, wanted, after)]
    if wanted.customer_id:
        of_customer = orders.c.customer_id == wanted.customer_id, orders.c.customer_id != ""
        return [_ordered(_orders(0, wanted).where(*of_customer), orders, wanted, after)]
    states = enumerate(dict.fromkeys(wanted.states or OrderState))
    return [_ordered(_orders(n, wanted).where(orders.c.state == state), orders, wanted, after) for n, state in states]


def _orders(stream: int, wanted: OrderFilter) -> Select[Any]:
    with_state = select(order_shipments.c.sequence).where(
        order_shipments.c.epoch == orders.c.epoch, order_shipments.c.sequence == orders.c.sequence,
        order_shipments.c.state.in_(wanted.shipment_states),
    )  # fmt: skip
    # No index tells of a state of shipments wherever they come from: each row is asked.
    has_shipment = with_state.exists() if wanted.shipment_states else true()
    return select(*_columns(), literal(stream).label("stream"), has_shipment.label("has_shipment"))


def _at_location(stream: int, location_id: str, state: int) -> Select[Any]:
    same = and_(order_shipments.c.epoch == orders.c.epoch, order_shipments.c.sequence == orders.c.sequence)
    columns = select(*_columns(), literal(stream).label("stream"), true().label("has_shipment"))
    of_it = order_shipments.c.location_id == location_id, order_shipments.c.state == int(state)
    return columns.select_from(order_shipments).join(orders, same).where(*of_it)


def _returned(stream: int, reason: str, wanted: OrderFilter) -> Select[Any]:
    same = and_(order_returns.c.epoch == orders.c.epoch, order_returns.c.sequence == orders.c.sequence)
    there = [order_shipments.c.epoch == orders.c.epoch, order_shipments.c.sequence == orders.c.sequence]
    if wanted.location_ids:
        there.append(order_shipments.c.location_id.in_(wanted.location_ids))
    if wanted.shipment_states:
        there.append(order_shipments.c.state.in_(wanted.shipment_states))
    has_shipment = select(order_shipments.c.sequence).where(*there).exists() if len(there) > 2 else true()
    columns = select(*_columns(), literal(stream).label("stream"), has_shipment.label("has_shipment"))
    return columns.select_from(order_returns).join(orders, same).where(order_returns.c.reason == reason)


def _columns() -> tuple[Any, ...]:
    c = orders.c
    return c.created_unix_ms, c.epoch, c.sequence, c.order_id, c.state, c.customer_id, c.is_at_risk


def _ordered(query: Select[Any], table: Table, wanted: OrderFilter, after: Place | None) -> Select[Any]:
    place = table.c.created_unix_ms, table.c.epoch, table.c.sequence
    if wanted.created_from:
        query = query.where(table.c.created_unix_ms >= wanted.created_from)
    if wanted.created_to:
        query = query.where(table.c.created_unix_ms < wanted.created_to)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    return query.order_by(*(column.desc() for column in place))


def _place(row: Any) -> Place:
    return Place(row.created_unix_ms, row.epoch, row.sequence)


def _is_wanted(row: Any, wanted: OrderFilter) -> bool:
    return (
        (not wanted.states or row.state in wanted.states)
        and (not wanted.customer_id or row.customer_id == wanted.customer_id)
        and (not wanted.is_at_risk or bool(row.is_at_risk))
        and bool(row.has_shipment)
    )
