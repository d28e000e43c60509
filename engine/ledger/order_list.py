"""Lists of orders, the latest first, a page at a time.

A list is led by one of its filters: by the rows of an index that hold all that is wanted, which the database merges in the
order of the list. What the index does not tell is checked for each of them, of so many a page that it takes no long time
however many there are: then the page is short, and the next one goes on from there. Of several filters the one leads that
leaves so few that all of them are looked at: what is wanted of these is one page, wherever it lies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from engine.domain.life import NOT_OVER, UNDER_WAY, OrderState, ShipmentState
from engine.ledger.tables import order_returns, order_shipments, orders

ROWS_EXAMINED_MAX = 600
"""Of one page."""

BLOCK_GROWTH = 4
PARTS_MAX = 64
"""Ranges of an index that are merged: each costs a look, whatever comes of it."""

NO_SCAN = "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_custom_plan"
"""Statistics of a table that grows are old: by them PostgreSQL may walk over all of it, or plan for other values."""


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


class Lead(NamedTuple):
    """A filter as an index tells it: values of the columns that it begins with, before the place; and what it tells by that."""

    table: Table
    values: dict[str, tuple[int | str, ...]]
    told: frozenset[str]

    @property
    def part_count(self) -> int:
        """Ranges of the index, each in the order of the list."""
        return prod(map(len, self.values.values()))


class Question(NamedTuple):
    """A statement that is the same for all questions that read alike, and the values of this one."""

    statement: Select[Any]
    parameters: dict[str, Any]


def page(connection: Connection, wanted: OrderFilter, after: Place | None, count: int) -> OrderPage:
    """One page of the orders that are wanted."""
    if not _order_states(wanted) or (after is not None and after.created_unix_ms < wanted.created_from):
        return OrderPage([], None)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(NO_SCAN)
    lead, is_few = _chosen(connection, wanted, after)
    found: list[str] = []
    looked_at = 0
    block = min((count + 1) * (BLOCK_GROWTH if _left(lead, wanted) else 1), ROWS_EXAMINED_MAX)
    while True:
        question = all_of(lead, wanted, after) if is_few else walk(lead, wanted, after, block)
        rows = connection.execute(*question).all()
        for created, epoch, sequence, order_id in rows:
            place = Place(created, epoch, sequence)
            if place == after:
                continue  # It has several shipments of this kind.
            if order_id is not None:
                if len(found) == count:
                    return OrderPage(found, after)
                found.append(order_id)
            after = place
        looked_at += len(rows)
        if is_few or len(rows) < block:
            return OrderPage(found, None)
        if looked_at >= ROWS_EXAMINED_MAX:
            return OrderPage(found, after)
        # Little of it was wanted: fewer and larger questions from here on.
        block = min(block * BLOCK_GROWTH, ROWS_EXAMINED_MAX - looked_at)


def leads(wanted: OrderFilter) -> list[Lead]:
    """Filters that a list can be led by, those first that mostly leave least; without any, all orders by their states."""
    found = []
    if wanted.return_reasons:
        reasons = tuple(dict.fromkeys(wanted.return_reasons))
        found.append(Lead(order_returns, {"reason": reasons}, frozenset({"return_reasons"})))
    if wanted.is_at_risk:
        found.append(Lead(orders, {"is_at_risk": (1,)}, frozenset({"is_at_risk"})))
    if wanted.customer_id:
        found.append(Lead(orders, {"customer_id": (wanted.customer_id,)}, frozenset({"customer_id"})))
    if wanted.location_ids:
        states = tuple(dict.fromkeys(map(int, wanted.shipment_states or ShipmentState)))
        values: dict[str, tuple[int | str, ...]] = {"location_id": tuple(dict.fromkeys(wanted.location_ids)), "state": states}
        found.append(Lead(order_shipments, values, frozenset({"location_ids", "shipment_states"})))
    states = _order_states(wanted)
    if len(states) < len(OrderState):
        found.append(Lead(orders, {"state": states}, frozenset({"states"})))
    return found or [EVERY]


EVERY = Lead(orders, {"state": tuple(map(int, OrderState))}, frozenset())


def walk(lead: Lead, wanted: OrderFilter, after: Place | None, rows_max: int) -> Question:
    """The question for the next rows that a filter leads to, in the order of the list; of those not wanted without an id."""
    limits, parameters = _values(lead, wanted, after)
    for number, part in enumerate(product(*lead.values.values())):
        parameters.update({f"{name}_{number}": value for name, value in zip(lead.values, part, strict=True)})
    statement = _walk(lead.table, tuple(lead.values), lead.part_count, limits, _left(lead, wanted))
    return Question(statement, {**parameters, "rows_max": rows_max})


def all_of(lead: Lead, wanted: OrderFilter, after: Place | None) -> Question:
    """The same for all rows, where these are few."""
    limits, parameters = _values(lead, wanted, after)
    return Question(_all_of(lead.table, tuple(lead.values), limits, _left(lead, wanted)), {**parameters, **lead.values})


def how_many(lead: Lead, wanted: OrderFilter, after: Place | None) -> Question:
    """How many rows a filter leads to: one more than may be examined is told of any that are more."""
    limits, parameters = _values(lead, wanted, after)
    return Question(_how_many(lead.table, tuple(lead.values), limits), {**parameters, **lead.values})


def _chosen(connection: Connection, wanted: OrderFilter, after: Place | None) -> tuple[Lead, bool]:
    """What leads a list, and whether to so few that all of them are looked at."""
    known = leads(wanted)
    if len(known) > 1 or known[0].part_count > PARTS_MAX:
        for lead in known:
            if connection.execute(*how_many(lead, wanted, after)).scalar_one() <= ROWS_EXAMINED_MAX:
                return lead, True
    # Too many ranges lead to so many orders that they are found among all.
    return next((each for each in known if each.part_count <= PARTS_MAX), EVERY), False


def _order_states(wanted: OrderFilter) -> tuple[int, ...]:
    """The states that an order may be in: what is under way is of an order that is not over."""
    states = dict.fromkeys(map(int, wanted.states or OrderState))
    if wanted.shipment_states and UNDER_WAY.issuperset(wanted.shipment_states):
        return tuple(state for state in states if state in NOT_OVER)
    return tuple(states)


def _left(lead: Lead, wanted: OrderFilter) -> frozenset[str]:
    """Filters that the one which leads does not tell of."""
    asked = "states", "location_ids", "shipment_states", "customer_id", "is_at_risk", "return_reasons"
    return frozenset(name for name in asked if getattr(wanted, name)) - lead.told


def _values(lead: Lead, wanted: OrderFilter, after: Place | None) -> tuple[frozenset[str], dict[str, Any]]:
    """Which limits of the range of the list there are, and the values of these and of the filters that are left.

    Of two ends the one that comes first: SQLite begins at either, and walks to the other.
    """
    limits: set[str] = set()
    parameters: dict[str, Any] = {}
    if wanted.created_from:
        limits.add("created_from")
        parameters["created_from"] = wanted.created_from
    if after is not None and (not wanted.created_to or after.created_unix_ms < wanted.created_to):
        limits.add("after")
        parameters |= zip(AFTER, after, strict=True)
    elif wanted.created_to:
        limits.add("created_to")
        parameters["created_to"] = wanted.created_to
    for name in _left(lead, wanted) - {"is_at_risk"}:
        value = getattr(wanted, name)
        # Each of several once: databases limit the parameters of a statement.
        parameters[f"wanted_{name}"] = value if isinstance(value, str) else tuple(dict.fromkeys(value))
    return frozenset(limits), parameters


# What follows is built once for all questions that read alike: it takes longer than most answers.

AFTER = "after_ms", "after_epoch", "after_sequence"


@cache
def _walk(table: Table, names: Sequence[str], part_count: int, limits: frozenset[str], left: frozenset[str]) -> Select[Any]:
    parts = [
        _rows(table, names, limits).where(*(table.c[name] == bindparam(f"{name}_{number}") for name in names))
        for number in range(part_count)
    ]
    # Each in order, so that the database merges them, and takes of each what the merge needs. A limit that is a parameter
    # would be planned for as unknown.
    ordered = [select(part.order_by(*_latest_first(table)).subquery()) for part in parts]
    merged = (union_all(*ordered) if len(ordered) > 1 else ordered[0]).subquery()
    rows_max = bindparam("rows_max", type_=BigInteger, literal_execute=True)
    return _checked(select(merged).order_by(*_latest_first(merged)).limit(rows_max), left)


@cache
def _all_of(table: Table, names: Sequence[str], limits: frozenset[str], left: frozenset[str]) -> Select[Any]:
    return _checked(_within(table, names, limits).distinct(), left)


@cache
def _how_many(table: Table, names: Sequence[str], limits: frozenset[str]) -> Select[Any]:
    some = _within(table, names, limits).limit(literal_column(str(ROWS_EXAMINED_MAX + 1)))
    return select(func.count()).select_from(some.subquery())


def _within(table: Table, names: Sequence[str], limits: frozenset[str]) -> Select[Any]:
    return _rows(table, names, limits).where(*(table.c[name].in_(bindparam(name, expanding=True)) for name in names))


def _rows(table: Table, names: Sequence[str], limits: frozenset[str]) -> Select[Any]:
    """Places in the range of the list that is left."""
    place = [table.c[name] for name in Place._fields]
    query = select(*place)
    # As the indexes say it that hold such rows only.
    if "is_at_risk" in names:
        query = query.where(table.c.is_at_risk == literal_column("1"))
    if "customer_id" in names:
        query = query.where(table.c.customer_id != literal_column("''"))
    if "created_from" in limits:
        query = query.where(table.c.created_unix_ms >= bindparam("created_from"))
    if "created_to" in limits:
        query = query.where(table.c.created_unix_ms < bindparam("created_to"))
    if "after" in limits:
        query = query.where(tuple_(*place) < tuple_(*(bindparam(name, type_=BigInteger) for name in AFTER)))
    return query


def _checked(places: Select[Any], left: frozenset[str]) -> Select[Any]:
    """Places with the id of the order, where it is wanted: one look at each, whatever the database believes of their number."""
    at = places.subquery()
    same = orders.c.epoch == at.c.epoch, orders.c.sequence == at.c.sequence
    wanted_id: ColumnElement[Any] = select(orders.c.order_id).where(*same, *_of_order(left)).scalar_subquery()
    if beside := list(_beside(at, left)):
        # Asked first: of most places the order itself is not looked at then.
        wanted_id = case((and_(*beside), wanted_id))
    return select(*(at.c[name] for name in Place._fields), wanted_id).order_by(*_latest_first(at))


def _of_order(left: frozenset[str]) -> Iterator[ColumnElement[bool]]:
    """What must be so of an order by the filters that are left."""
    if "states" in left:
        yield _one_of(orders.c.state, "states")
    if "customer_id" in left:
        yield orders.c.customer_id == bindparam("wanted_customer_id")
    if "is_at_risk" in left:
        yield orders.c.is_at_risk == 1


def _beside(at: FromClause, left: frozenset[str]) -> Iterator[ColumnElement[bool]]:
    """What there must be in the tables beside."""
    if "return_reasons" in left:
        there = [order_returns.c[name] == at.c[name] for name in Place._fields]
        yield _is_there(select(literal_column("1")).where(_one_of(order_returns.c.reason, "return_reasons"), *there))
    if left & {"location_ids", "shipment_states"}:
        there = [order_shipments.c[name] == at.c[name] for name in ("epoch", "sequence")]
        if "location_ids" in left:
            # As it is in no index: SQLite would look there for each of a hundred locations, and an order has a few.
            there.append(_one_of(order_shipments.c.location_id.concat(""), "location_ids"))
        if "shipment_states" in left:
            there.append(_one_of(order_shipments.c.state, "shipment_states"))
        yield _is_there(select(literal_column("1")).where(*there))


def _is_there(rows: Select[Any]) -> ColumnElement[bool]:
    """Of EXISTS, PostgreSQL may look at all rows once, instead of at those of each place."""
    return rows.limit(literal_column("1")).scalar_subquery().is_not(None)


def _one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column.in_(bindparam(f"wanted_{name}", expanding=True))


def _latest_first(rows: FromClause) -> list[ColumnElement[Any]]:
    return [rows.c[name].desc() for name in Place._fields]
