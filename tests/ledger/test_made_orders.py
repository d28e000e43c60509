"""Entries of plain orders read by a kernel: the same rows as by the generated classes, or none; drawn, and spoilt."""

import random
from collections.abc import Sequence

import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2
from belofte.v1.ledger_entry_pb2 import LedgerEntry
from google.protobuf.message import DecodeError
from sqlalchemy import Table, select

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.gate import LogEntry, link_of
from engine.ledger.made_orders import read_made
from engine.ledger.orders import listed_of
from engine.ledger.projection import COUNTED, MadeOrder
from engine.ledger.recorder import Recorder
from engine.ledger.tables import entries, order_shipments, orders, pegs
from tests.kernels.wire_mutations import spoilt
from tests.ledger.conftest import Database

SEED = 20261130
PATHS: Sequence[tuple[int, ...]] = (
    (), (), (5,), (7,), (7, 5), (7, 5, 3), (8,), (8, 3), (8, 3, 1), (8, 3, 1, 13), (12,),
)  # fmt: skip
"""Where fields are: entry, position, request and what it holds, answer and what it holds down to an instant, event."""


def drawn(draw: random.Random, number: int, is_usual: bool) -> LedgerEntry:
    """An order as an engine records it; where that is not usual, with something that it rarely has."""
    order_id = f"order-{number}"
    basket = types_pb2.Basket(customer_id=draw.choice(("", "klant-7", "klant-é")), channel="web")
    request = sourcing_service_pb2.SourceOrderRequest(
        request_id=uuid7(), order=types_pb2.Order(order_id=order_id, basket=basket)
    )
    response = sourcing_service_pb2.SourceOrderResponse(order_id=order_id, state=draw.choice((2, 3)), attempts=1)
    entry = LedgerEntry(
        request_id=request.request_id, method="SourceOrder", request_digest=draw.randbytes(32), order_id=order_id,
        network_version="a" * 64, policy_id="default", decided_unix_ms=1_790_000_000_000 + number,
    )  # fmt: skip
    for place in draw.sample(("ams", "utr", "ehv"), draw.randint(1, 3)):
        shipment = response.plan.shipments.add(
            shipment_id=f"{order_id}-{place}", location_id=place, state=types_pb2.SHIPMENT_STATE_PLANNED,
            route=draw.choice((1, 1, 2, 5)),
        )  # fmt: skip
        shipment.handover_by.FromSeconds(1_790_000_000 + draw.randrange(10_000))
        for item in draw.sample(("bolt", "nut", "pin"), draw.randint(1, 2)):
            shipment.lines.add(line_id=item, item_id=item, quantity=1)
            receipt = {"receipt_id": "po"} if draw.random() < 0.2 else {}
            pool = {"pool": "vip"} if draw.random() < 0.2 else {}
            entry.positions.add(item_id=item, location_id=place, demand_delta=draw.choice((1, 5, 300)), **receipt, **pool)
        entry.capacities.add(location_id=place, day=20_700, quantity_delta=1)
    entry.events.add(event_id="1", order_id=order_id, type=types_pb2.EVENT_TYPE_ORDER_SOURCED, attributes={"shipments": "2"})
    entry.basis.position = "1-1"
    if not is_usual:
        draw.choice(UNUSUAL)(entry, request.order, response, draw)
    entry.request, entry.response = request.SerializeToString(), response.SerializeToString()
    return entry


UNUSUAL = (
    lambda entry, order, answer, draw: entry.positions.append(entry.positions[0]),
    lambda entry, order, answer, draw: entry.positions.add(item_id="bolt", location_id="ams", supply_delta=3),
    lambda entry, order, answer, draw: answer.plan.shipments[0].ClearField("lines"),
    lambda entry, order, answer, draw: answer.plan.shipments[0].ClearField("handover_by"),
    lambda entry, order, answer, draw: answer.plan.shipments[0].keep_until.FromSeconds(5),
    lambda entry, order, answer, draw: answer.plan.shipments[0].state_since.FromSeconds(5),
    lambda entry, order, answer, draw: answer.plan.shipments.append(answer.plan.shipments[0]),
    lambda entry, order, answer, draw: setattr(answer.plan.shipments[0], "state", draw.randrange(9)),
    lambda entry, order, answer, draw: setattr(order, "hold_reason", "payment"),
    lambda entry, order, answer, draw: order.hold_until.FromSeconds(draw.randrange(2_000_000_000)),
    lambda entry, order, answer, draw: order.at_risk_since.FromSeconds(5),
    lambda entry, order, answer, draw: entry.events.add(type=draw.choice(COUNTED), location_id="ams"),
    lambda entry, order, answer, draw: entry.pegs.add(order_id="other", item_id="bolt", location_id="ams", quantity_delta=1),
    lambda entry, order, answer, draw: entry.risks.add(item_id="bolt", location_id="ams", receipt_id="po"),
    lambda entry, order, answer, draw: entry.moves.add(item_id="bolt", location_id="ams", receipt_id="po", quantity=1),
    lambda entry, order, answer, draw: entry.reservations.add(reservation_id="r"),
    lambda entry, order, answer, draw: entry.returns.add(return_id="r", order_id=entry.order_id),
    lambda entry, order, answer, draw: entry.order.CopyFrom(order),
    lambda entry, order, answer, draw: entry.position_columns.item_ids.append("bolt"),
    lambda entry, order, answer, draw: setattr(entry, "method", draw.choice(("", "ConfirmReservation", "SourceOrders"))),
    lambda entry, order, answer, draw: setattr(entry, "undoes", "1-1"),
    lambda entry, order, answer, draw: entry.ClearField("order_id"),
    lambda entry, order, answer, draw: entry.ClearField("positions"),
)  # fmt: skip


def logged(position: str, created_id: str, entry: bytes) -> LogEntry:
    return LogEntry(position, "", uuid7(), created_id, "", entry)


def by_classes(entry: LogEntry) -> MadeOrder:
    """What the tables say of an entry, if it says nothing else than that an order was made."""
    message = LedgerEntry.FromString(entry.entry)
    epoch, sequence = map(int, entry.position.split("-"))
    units: dict[tuple[str, str, str, str], int] = {}
    for each in message.positions:
        cell = each.item_id, each.location_id, each.receipt_id, each.pool
        units[cell] = units.get(cell, 0) + each.demand_delta
    rows = [(message.order_id, *cell, quantity, epoch, sequence) for cell, quantity in units.items() if quantity]
    return MadeOrder(message.order_id, rows, listed_of((epoch, sequence), message))


def says_more(message: LedgerEntry) -> bool:
    """Whether tables say more of an entry than that it made an order."""
    return bool(
        message.method != "SourceOrder" or message.HasField("order") or message.HasField("position_columns") or message.pegs
        or message.moves or message.risks or message.reservations or message.returns
        or any(event.type in COUNTED and event.location_id for event in message.events)
    )  # fmt: skip


def test_rows_are_those_of_the_generated_classes() -> None:
    draw = random.Random(SEED)
    log = [
        logged(f"3-{n + 1}", f"order-{n}", drawn(draw, n, is_usual=draw.random() < 0.3).SerializeToString())
        for n in range(3_000)
    ]
    found = read_made(log)
    for each, made in zip(log, found, strict=True):
        if made is not None:
            assert made == by_classes(each)
            assert not says_more(LedgerEntry.FromString(each.entry))
    assert 1_000 < sum(made is not None for made in found) < 2_500


def test_usual_orders_are_read_all_together() -> None:
    draw = random.Random(SEED + 1)
    log = [logged(f"1-{n + 1}", f"order-{n}", drawn(draw, n, is_usual=True).SerializeToString()) for n in range(500)]
    assert read_made(log) == [by_classes(each) for each in log]
    assert read_made(()) == []


@pytest.mark.parametrize("created_id", ["", "another", "@reservation/order-0"])
def test_only_what_made_its_order(created_id: str) -> None:
    entry = drawn(random.Random(SEED), 0, is_usual=True)
    if created_id.startswith("@"):
        entry.order_id = created_id
    assert read_made([logged("1-1", created_id, entry.SerializeToString())]) == [None]


def test_spoilt_bytes_are_not_misread(pytestconfig: pytest.Config) -> None:
    """Whatever is read of them is what the generated classes read, though others could not be read at all."""
    draw = random.Random(SEED + 2)
    usual = [drawn(draw, n, is_usual=True).SerializeToString() for n in range(50)]
    read = 0
    for n in range(200_000 if pytestconfig.getoption("--full") else 4_000):
        number = n % len(usual)
        each = logged("1-1", f"order-{number}", spoilt(usual[number], draw, PATHS))
        try:
            (made,) = read_made([each])
        except UnicodeDecodeError:
            continue
        if made is None:
            continue
        try:
            message = LedgerEntry.FromString(each.entry)
            expected = by_classes(each)
        except DecodeError:
            continue
        assert made == expected, each.entry
        assert not says_more(message), each.entry
        read += 1
    assert read > 500


def test_tables_are_the_same_by_either_way(database: Database) -> None:
    """Recorded with and without the kernel: every row of every table that tells of orders."""
    draw = random.Random(SEED + 3)
    tables: list[list[object]] = []
    drawn_entries = [drawn(draw, n, is_usual=n % 3 > 0).SerializeToString() for n in range(60)]
    usable = [each for each in drawn_entries if not says_more(LedgerEntry.FromString(each))]
    for read in (None, read_made):
        recorder = Recorder.take_over(database.url, SystemClock())
        recorder.read_made = read
        log, link, previous = [], recorder.last.link, recorder.last.position
        for n, each in enumerate(usable, 1):
            position = f"{recorder.epoch}-{n}"
            message = LedgerEntry.FromString(each)
            link = link_of(link, position, message.request_id, each)
            log.append(LogEntry(position, previous, message.request_id, message.order_id, link, each))
            previous = position
        recorder.record(log[:20])
        recorder.record(log[20:])
        tables.append([rows_of(recorder, table) for table in (entries, pegs, orders, order_shipments)])
        assert recorder.last.position == previous
        recorder.close()
        database.lose()
    by_class, by_kernel = tables
    assert by_kernel == by_class
    assert len(by_class[2]) > 20  # type: ignore[arg-type]


def rows_of(recorder: Recorder, table: Table) -> list[tuple[object, ...]]:
    told = [column for column in table.columns if column.name != "recorded_unix_ms"]
    with recorder.database.connect() as connection:
        return sorted(map(tuple, connection.execute(select(*told))), key=repr)
