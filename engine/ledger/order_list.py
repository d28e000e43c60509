"""Lists of orders, the latest first, a page at a time.

Each list is a merge of streams that an index gives in its order, without a look at any row: orders in one state, of one
customer, at risk, or with a shipment in one state from one location. The rows of what was merged are then looked up, and what
the index does not tell is checked, of so many a page that it takes no long time however many there are: then the page is
short, and the next one goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, literal, select, true, tuple_, union_all

from engine.domain.life import OrderState, ShipmentState
from engine.ledger.tables import order_returns, order_shipments, orders

ROWS_EXAMINED_MAX = 500
"""Of one page."""

BLOCK_ROWS_MAX = 200
"""Of one stream in one question."""

ROWS_EACH = 250
"""Looked up in one question."""

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
        places, is_cut = _block(connection, wanted, after, block)
        for first in range(0, len(places), block):
            some = places[first : first + min(block, ROWS_EXAMINED_MAX - examined)]
            rows = _rows(connection, some, wanted)
            for place in some:
                if len(found) == count:
                    return OrderPage(found, after)
                examined += 1
                after = place
                if _is_wanted(rows[place], wanted):
                    found.append(rows[place].order_id)
            if examined >= ROWS_EXAMINED_MAX:
                return OrderPage(found, after)
        if not is_cut:
            return OrderPage(found, None)
        # Little of it was wanted: fewer and larger questions from here on.
        block = min(block * BLOCK_GROWTH, ROWS_EXAMINED_MAX - examined)


def statements(wanted: OrderFilter, after: Place | None, rows_max: int) -> list[Any]:
    """The questions for the next rows of each stream: few, however many streams there are."""
    parts = [part.limit(rows_max) for part in _streams(wanted, after)]
    groups = [parts[first : first + STREAMS_EACH] for first in range(0, len(parts), STREAMS_EACH)]
    # Each part is a table of its own: a limit stands in no union otherwise.
    return [union_all(*(select(part.subquery()) for part in group)) if len(group) > 1 else group[0] for group in groups]


def _block(connection: Connection, wanted: OrderFilter, after: Place | None, rows_max: int) -> tuple[list[Place], bool]:
    """The next places of all streams together, each order once; and whether more may follow."""
    by_stream: dict[int, list[Place]] = {}
    for question in statements(wanted, after, rows_max):
        for created, epoch, sequence, stream in connection.execute(question):
            by_stream.setdefault(stream, []).append(Place(created, epoch, sequence))
    cut = [min(places) for places in by_stream.values() if len(places) >= rows_max]
    # Below the last row of a stream that was cut, others may come before what is known.
    lowest = max(cut, default=None)
    merged = {place for places in by_stream.values() for place in places if lowest is None or place >= lowest}
    return sorted(merged, reverse=True), lowest is not None


def _rows(connection: Connection, places: Sequence[Place], wanted: OrderFilter) -> dict[Place, Any]:
    """The orders at these places, with what the streams do not tell of them."""
    c = orders.c
    columns = c.created_unix_ms, c.epoch, c.sequence, c.order_id, c.state, c.customer_id, c.is_at_risk
    there = [order_shipments.c.epoch == c.epoch, order_shipments.c.sequence == c.sequence]
    if wanted.location_ids:
        there.append(order_shipments.c.location_id.in_(wanted.location_ids))
    if wanted.shipment_states:
        there.append(order_shipments.c.state.in_(wanted.shipment_states))
    # What streams of places tell already, and what nobody asks for.
    is_known = len(there) == 2 or _stream_kind(wanted) is Kind.LOCATION
    has_shipment = true() if is_known else select(order_shipments.c.sequence).where(*there).exists()
    found: dict[Place, Any] = {}
    for first in range(0, len(places), ROWS_EACH):
        some = [(place.epoch, place.sequence) for place in places[first : first + ROWS_EACH]]
        question = select(*columns, has_shipment.label("has_shipment")).where(tuple_(c.epoch, c.sequence).in_(some))
        found.update((Place(row.created_unix_ms, row.epoch, row.sequence), row) for row in connection.execute(question))
    return found


class Kind(Enum):
    """Which index a list is read from: the one that leaves least to be checked."""

    RETURN_REASON = 1
    RISK = 2
    CUSTOMER = 3
    LOCATION = 4
    STATE = 5


def _stream_kind(wanted: OrderFilter) -> Kind:
    if wanted.return_reasons:
        return Kind.RETURN_REASON
    if wanted.is_at_risk:
        return Kind.RISK
    if wanted.customer_id:
        return Kind.CUSTOMER
    return Kind.LOCATION if wanted.location_ids else Kind.STATE


def _streams(wanted: OrderFilter, after: Place | None) -> list[Select[Any]]:
    parts: list[tuple[ColumnElement[bool], ...]]
    match _stream_kind(wanted):
        case Kind.RETURN_REASON:
            table = order_returns
            parts = [(table.c.reason == each,) for each in dict.fromkeys(wanted.return_reasons)]
        case Kind.RISK:
            table, parts = orders, [(orders.c.is_at_risk == 1,)]
        case Kind.CUSTOMER:
            table, parts = orders, [(orders.c.customer_id == wanted.customer_id, orders.c.customer_id != "")]
        case Kind.LOCATION:
            table, states = order_shipments, [int(each) for each in wanted.shipment_states or ShipmentState]
            places = [(each, state) for each in dict.fromkeys(wanted.location_ids) for state in dict.fromkeys(states)]
            parts = [(table.c.location_id == each, table.c.state == state) for each, state in places]
        case Kind.STATE:
            table, parts = orders, [(orders.c.state == int(each),) for each in dict.fromkeys(wanted.states or OrderState)]
    return [_ordered(table, stream, part, wanted, after) for stream, part in enumerate(parts)]


def _ordered(
    table: Table, stream: int, part: Sequence[ColumnElement[bool]], wanted: OrderFilter, after: Place | None
) -> Select[Any]:  # fmt: skip
    place = table.c.created_unix_ms, table.c.epoch, table.c.sequence
    query = select(*place, literal(stream).label("stream")).where(*part)
    if wanted.created_from:
        query = query.where(table.c.created_unix_ms >= wanted.created_from)
    if wanted.created_to:
        query = query.where(table.c.created_unix_ms < wanted.created_to)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    return query.order_by(*(column.desc() for column in place))


def _is_wanted(row: Any, wanted: OrderFilter) -> bool:
    return (
        (not wanted.states or row.state in wanted.states)
        and (not wanted.customer_id or row.customer_id == wanted.customer_id)
        and (not wanted.is_at_risk or bool(row.is_at_risk))
        and bool(row.has_shipment)
    )
