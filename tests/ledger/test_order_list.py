"""Lists of orders: what they name against a walk over all orders, how they are asked, and the tables made anew."""

import random
from itertools import product

from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2, types_pb2
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.life import NOT_OVER, UNDER_WAY, ShipmentState, order_state
from engine.fulfilment.order_record import instant, order_of
from engine.inventory.gate import LogEntry, link_of
from engine.ledger.database import write_to
from engine.ledger.ledger import Ledger
from engine.ledger.order_list import (
    PARTS_MAX,
    ROWS_EXAMINED_MAX,
    OrderFilter,
    Place,
    Question,
    all_of,
    how_many,
    leads,
    page,
    walk,
)
from engine.ledger.projection import project_anew
from engine.ledger.recorder import Last, Recorder
from engine.ledger.tables import order_entries, order_shipments, orders, pegs
from tests.ledger.conftest import Database

LOCATIONS, CUSTOMERS = ("ams", "utr", "ehv"), ("", "c1", r"c\2")
NOW = 1_900_000_000_000
LedgerEntry = ledger_entry_pb2.LedgerEntry


def drawn_plan(draw: random.Random, order_id: str) -> types_pb2.Plan:
    """Some shipments in any state."""
    plan = types_pb2.Plan()
    for number in range(1, draw.randrange(1, 4)):
        shipment = plan.shipments.add(
            shipment_id=f"{order_id}-{number}", location_id=draw.choice(LOCATIONS), route=types_pb2.ROUTE_SHIP,
            state=draw.choice(list(ShipmentState)).value,
        )  # fmt: skip
        shipment.lines.add(line_id="1", item_id="bolt", quantity=draw.randrange(1, 5))
        if draw.random() < 0.3:
            shipment.state_since.CopyFrom(instant(NOW - draw.randrange(100_000)))
            shipment.keep_until.CopyFrom(instant(NOW + draw.randrange(100_000)))
    return plan


def made(draw: random.Random, number: int) -> LedgerEntry:
    """An order just made, by the way that most are."""
    order_id = f"order-{number}"
    order = types_pb2.Order(order_id=order_id, basket=types_pb2.Basket(customer_id=draw.choice(CUSTOMERS)))
    order.basket.lines.add(line_id="1", item_id="bolt", quantity=9)
    plan = drawn_plan(draw, order_id)
    for shipment in plan.shipments:
        shipment.state = types_pb2.SHIPMENT_STATE_PLANNED
    answer = sourcing_service_pb2.SourceOrderResponse(order_id=order_id, state=draw.choice((2, 3)), plan=plan)
    entry = LedgerEntry(
        request_id=uuid7(), method="SourceOrder", order_id=order_id, decided_unix_ms=NOW - draw.randrange(1_000),
        request=sourcing_service_pb2.SourceOrderRequest(order=order).SerializeToString(),
        response=answer.SerializeToString(),
    )  # fmt: skip
    for shipment in plan.shipments:
        for line in shipment.lines:
            entry.positions.add(item_id="bolt", location_id=shipment.location_id, demand_delta=line.quantity)
    return entry


def drawn_entry(draw: random.Random, number: int, known: dict[str, list[LedgerEntry]]) -> LedgerEntry:
    """An order made, changed, shipped by a feed, or put at risk; noted in `known`."""
    if draw.random() < 0.5 or not known:
        entry = made(draw, number)
        known[entry.order_id] = [entry]
        return entry
    order_id = draw.choice(sorted(known))
    before = order_of([Recalled(each) for each in known[order_id]])
    entry = LedgerEntry(request_id=uuid7(), method="CancelOrder", decided_unix_ms=NOW + number)
    if draw.random() < 0.6:
        entry.order_id = order_id
        entry.order.CopyFrom(before)
        entry.order.plan.CopyFrom(drawn_plan(draw, order_id))
        entry.order.hold_reason = draw.choice(("", "PAYMENT"))
        states = [ShipmentState(shipment.state) for shipment in entry.order.plan.shipments]
        is_held, is_short = bool(entry.order.hold_reason), draw.random() < 0.2
        entry.order.state = order_state(states, is_held=is_held, is_short=is_short).value
        entry.order.hold_until.CopyFrom(instant(NOW + draw.randrange(1_000)))
    else:
        open_ones = [each for each in before.plan.shipments if each.state == ShipmentState.PLANNED.value and each.lines]
        if not open_ones:
            return drawn_entry(draw, number, known)
        shipment = draw.choice(open_ones)
        entry.method = "AdjustInventory"
        quantity = draw.randrange(1, shipment.lines[0].quantity + 1)
        entry.pegs.add(order_id=order_id, item_id="bolt", location_id=shipment.location_id, quantity_delta=-quantity)
    known[order_id].append(entry)
    return entry


class Recalled:
    """An entry as the ledger gives it back."""

    def __init__(self, entry: LedgerEntry) -> None:
        self.position, self.entry = "", entry.SerializeToString()


def recorded(recorder: Recorder, entries: list[LedgerEntry]) -> None:
    last: Last = recorder.last
    log, position, link = [], last.position, last.link
    for entry in entries:
        epoch, _, sequence = position.partition("-")
        at = f"1-{int(sequence) + 1 if epoch == '1' else 1}"
        data = entry.SerializeToString()
        link = link_of(link, at, entry.request_id, data)
        created = entry.order_id if entry.method in ("SourceOrder", "CreateReservation") else ""
        log.append(LogEntry(at, position, entry.request_id, created, link, data))
        position = at
    recorder.record(log)


def filled(database: Database, seed: int, count: int) -> tuple[Recorder, dict[str, list[LedgerEntry]]]:
    draw = random.Random(seed)
    recorder = Recorder.take_over(database.url, SystemClock())
    known: dict[str, list[LedgerEntry]] = {}
    number = 0
    while number < count:
        batch = []
        for _ in range(draw.randrange(1, 40)):
            number += 1
            batch.append(drawn_entry(draw, number, known))
        recorded(recorder, batch)
    return recorder, known


def rows_of(connection: Connection) -> list[set[tuple[object, ...]]]:
    return [
        {tuple(row) for row in connection.execute(select(table))} for table in (orders, order_shipments, pegs, order_entries)
    ]


def test_tables_dropped_and_made_anew_are_as_they_were(database: Database) -> None:
    recorder, known = filled(database, 5, 400)
    try:
        with recorder.database.connect() as connection:
            before = rows_of(connection)
        assert len(before[0]) == len(known) > 100 and len(before[1]) > 100
        with write_to(recorder.database) as connection:
            project_anew(connection)
        with recorder.database.connect() as connection:
            assert rows_of(connection) == before
    finally:
        recorder.close()


def test_lists_are_those_of_a_walk_over_all_orders(database: Database) -> None:
    recorder, known = filled(database, 11, 500)
    ledger = Ledger(database.url)
    try:
        every = {order_id: order_of([Recalled(each) for each in parts]) for order_id, parts in known.items()}
        places = {order_id: (order.created_at.ToMilliseconds(), n) for n, (order_id, order) in enumerate(every.items())}
        draw = random.Random(2)
        for _ in range(60):
            wanted = OrderFilter(
                states=draw.sample(range(1, 8), draw.choice((0, 0, 1, 2))),
                location_ids=draw.sample(LOCATIONS, draw.choice((0, 0, 1, 2))),
                shipment_states=draw.sample(range(1, 9), draw.choice((0, 0, 1, 2))),
                customer_id=draw.choice(("", *CUSTOMERS)), created_from=draw.choice((0, NOW - 700)),
                created_to=draw.choice((0, NOW - 300)),
            )  # fmt: skip
            found = [order.order_id for order in ledger.find_orders(listed(ledger, wanted, draw.choice((1, 7, 300))))]
            expected = [order_id for order_id, order in every.items() if is_wanted(order, wanted)]
            assert found == sorted(expected, key=lambda order_id: places[order_id], reverse=True), wanted
    finally:
        ledger.close()
        recorder.close()


def listed(ledger: Ledger, wanted: OrderFilter, count: int) -> list[str]:
    found: list[str] = []
    after: Place | None = None
    while True:
        part = ledger.list_orders(wanted, after, count)
        assert len(part.order_ids) <= count
        found += part.order_ids
        after = part.after
        if after is None:
            return found


def is_wanted(order: types_pb2.Order, wanted: OrderFilter) -> bool:
    """As the contract says it, for one order."""
    there = [
        shipment for shipment in order.plan.shipments
        if (not wanted.location_ids or shipment.location_id in wanted.location_ids)
        and (not wanted.shipment_states or shipment.state in wanted.shipment_states)
    ]  # fmt: skip
    created = order.created_at.ToMilliseconds()
    return (
        (not wanted.states or order.state in wanted.states)
        and (not (wanted.location_ids or wanted.shipment_states) or bool(there))
        and (not wanted.customer_id or order.basket.customer_id == wanted.customer_id)
        and (not wanted.created_from or created >= wanted.created_from)
        and (not wanted.created_to or created < wanted.created_to)
    )


def test_orders_at_risk_are_listed_until_they_are_changed(database: Database) -> None:
    recorder = Recorder.take_over(database.url, SystemClock())
    entry = made(random.Random(1), 1)
    del entry.positions[:]
    entry.positions.add(item_id="bolt", location_id="ams", receipt_id="po", demand_delta=2)
    late = LedgerEntry(request_id=uuid7())
    late.risks.add(item_id="bolt", location_id="ams", receipt_id="po")
    held = LedgerEntry(request_id=uuid7(), method="HoldOrder", order_id="order-1")
    held.order.order_id = "order-1"
    ledger = Ledger(database.url)
    at_risk = OrderFilter(is_at_risk=True)
    recorded(recorder, [entry])
    assert listed(ledger, at_risk, 10) == []
    recorded(recorder, [late])
    assert listed(ledger, at_risk, 10) == ["order-1"]
    recorded(recorder, [held])
    assert listed(ledger, at_risk, 10) == []
    ledger.close()
    recorder.close()


def test_an_order_with_a_shipment_under_way_is_not_over() -> None:
    """By this a list of such shipments is led by the states of orders."""
    for first, second in product(ShipmentState, ShipmentState):
        for is_held, is_short in product((False, True), (False, True)):
            state = order_state([first, second], is_held=is_held, is_short=is_short)
            assert state in NOT_OVER or not UNDER_WAY & {first, second}, (first, second)


FILTERS = {
    "all": OrderFilter(), "state": OrderFilter(states=(2,)), "customer": OrderFilter(customer_id="c1"),
    "risk": OrderFilter(is_at_risk=True), "store": OrderFilter(location_ids=("ams",), shipment_states=(1,)),
    "place": OrderFilter(location_ids=("ams", "utr")), "date": OrderFilter(created_from=1, created_to=NOW),
    "work": OrderFilter(shipment_states=(1, 2)), "reason": OrderFilter(return_reasons=("TOO_SMALL",)),
    "each": OrderFilter((2,), ("ams",), (1,), "c1", 1, NOW, True, ("TOO_SMALL",)),
}  # fmt: skip


def test_every_list_is_asked_of_an_index(database: Database) -> None:
    """With a million orders a page is found as fast as with a thousand: no question walks over a table, or sorts what it walks.

    Ranges that are merged are each read in the order of the list, from its place on and no further than its end.
    """
    recorder, _ = filled(database, 3, 200)
    with recorder.database.begin() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if not is_sqlite:
            # So few rows are read faster as a whole, and a walk would be planned whatever indexes there are.
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        for name, wanted in FILTERS.items():
            for after, lead in product((None, Place(NOW - 1, 1, 5)), leads(wanted)):
                walked = walk(lead, wanted, after, 10)
                for question in (walked, all_of(lead, wanted, after), how_many(lead, wanted, after)):
                    text = plan_of(connection, question, is_sqlite)
                    assert "Seq Scan" not in text and "SCAN o" not in text, (name, text)
                text = plan_of(connection, walked, is_sqlite)
                # What was found is put in order at last, and is so few.
                assert text.count("TEMP B-TREE") <= 1 and "->  Sort" not in text, (name, text)
                if is_sqlite and after is not None:
                    limits = "created_unix_ms>? AND " if wanted.created_from else ""
                    ranges = text.count(f"{limits}(created_unix_ms,epoch,sequence)<(?,?,?)")
                    assert ranges == lead.part_count, (name, text)
    recorder.close()


def test_of_many_places_few_orders_are_found_at_once(database: Database) -> None:
    """Too many ranges to be merged: counted first, and looked at together where they lead to few; else among all orders."""
    recorder, known = filled(database, 7, 120)
    places = *(f"store-{number}" for number in range(PARTS_MAX)), "ams"
    ledger = Ledger(database.url)
    try:
        few = listed(ledger, OrderFilter(location_ids=places), 10)
        assert few == listed(ledger, OrderFilter(location_ids=("ams",)), 10) and 0 < len(few) < len(known)
        batch = [made(random.Random(4), number) for number in range(1_000, 1_000 + 2 * ROWS_EXAMINED_MAX)]
        recorded(recorder, batch)
        many = listed(ledger, OrderFilter(location_ids=places), 700)
        assert sorted(many) == sorted(listed(ledger, OrderFilter(location_ids=("ams",)), 700)) and len(many) > ROWS_EXAMINED_MAX
    finally:
        ledger.close()
        recorder.close()


def test_what_is_rare_is_one_page_wherever_it_lies(database: Database) -> None:
    """Filters that each leave many, but one of them few: those are looked at, not the many before them."""
    recorder = Recorder.take_over(database.url, SystemClock())
    batch = []
    for number in range(2 * ROWS_EXAMINED_MAX):
        entry = LedgerEntry(request_id=uuid7(), method="SourceOrder", order_id=f"order-{number}", decided_unix_ms=NOW)
        state = types_pb2.ORDER_STATE_PARTIALLY_SOURCED if number == 1 else types_pb2.ORDER_STATE_SOURCED
        answer = sourcing_service_pb2.SourceOrderResponse(order_id=entry.order_id, state=state)
        answer.plan.shipments.add(location_id="ams", state=types_pb2.SHIPMENT_STATE_PLANNED).lines.add(
            item_id="bolt", quantity=1
        )
        entry.response = answer.SerializeToString()
        batch.append(entry)
    recorded(recorder, batch)
    with recorder.database.connect() as connection:
        for others in ({}, {"shipment_states": (1,)}, {"location_ids": ("ams",)}):
            assert page(connection, OrderFilter(states=(3, 4), **others), None, 10) == (["order-1"], None)
        assert page(connection, OrderFilter(states=(6, 7), shipment_states=(1,)), None, 10) == ([], None)
        often = OrderFilter(states=(3, 4) * 40_000, location_ids=("ams",), shipment_states=(1, 2) * 40_000)
        assert page(connection, often, None, 10) == (["order-1"], None)
    recorder.close()


def plan_of(connection: Connection, question: Question, is_sqlite: bool) -> str:
    dialect = sqlite.dialect() if is_sqlite else postgresql.dialect()
    text = str(question.statement.params(question.parameters).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(explain + text.replace("%", "%%")))


def test_a_page_looks_at_so_many_rows_and_no_more(database: Database) -> None:
    """Nothing that is wanted among the first: an empty page, and the next one goes on."""
    recorder = Recorder.take_over(database.url, SystemClock())
    draw = random.Random(4)
    batch = [made(draw, number) for number in range(ROWS_EXAMINED_MAX * 2 + 300)]
    for entry in batch:
        request = sourcing_service_pb2.SourceOrderRequest.FromString(entry.request)
        request.order.basket.customer_id = "c1" if entry is batch[0] else "c2"
        entry.request, entry.decided_unix_ms = request.SerializeToString(), NOW
    recorded(recorder, batch)
    wanted = OrderFilter(states=(2, 3), shipment_states=(8,))
    with recorder.database.connect() as connection:
        after, pages = None, 0
        while pages == 0 or after is not None:
            found, after = page(connection, wanted, after, 10)
            assert found == []
            pages += 1
        assert pages == -(-len(batch) // ROWS_EXAMINED_MAX)
        assert page(connection, OrderFilter(customer_id="c1"), None, 10).order_ids == ["order-0"]
    recorder.close()
