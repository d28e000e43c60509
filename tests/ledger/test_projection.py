"""Which orders have units where: against lists walked through, and made anew from the entries, over both databases."""

import random

from belofte.v1 import ledger_entry_pb2, types_pb2
from sqlalchemy import select

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.gate import LogEntry, link_of
from engine.inventory.transaction import Cell
from engine.ledger.database import write_to
from engine.ledger.ledger import Ledger
from engine.ledger.projection import project_anew
from engine.ledger.recorder import Last, Recorder
from engine.ledger.tables import order_entries, pegs
from tests.ledger.conftest import Database
from tests.naive.pegs import NaivePegs

RECEIPTS = ("", "", "po1", "po2")
LedgerEntry = ledger_entry_pb2.LedgerEntry


def drawn_entry(draw: random.Random, number: int, naive: NaivePegs) -> LedgerEntry:
    """An order made, changed, shipped in part; a receipt that comes in, is late, or is cut."""
    entry = LedgerEntry(request_id=uuid7())
    what = draw.random()
    if what < 0.5 or not naive.units:
        entry.order_id = f"order-{number}"
        for receipt in draw.sample(RECEIPTS, 2):
            entry.positions.add(
                item_id="bolt", location_id=draw.choice(("ams", "utr")), receipt_id=receipt, pool=draw.choice(("", "vip")),
                demand_delta=draw.randrange(1, 6),
            )  # fmt: skip
        return entry
    (order_id, place), quantity = draw.choice(sorted(naive.units.items()))
    if what < 0.6:
        entry.order_id = order_id
        entry.positions.add(
            item_id=place[0], location_id=place[1], receipt_id=place[2], pool=place[3],
            demand_delta=-draw.randrange(1, quantity + 1),
        )  # fmt: skip
        entry.positions.add(item_id="nut", location_id="ehv", demand_delta=draw.randrange(3))
    elif what < 0.75:
        for (other, at), units in draw.sample(sorted(naive.units.items()), min(3, len(naive.units))):
            entry.pegs.add(
                order_id=other, item_id=at[0], location_id=at[1], receipt_id=at[2], pool=at[3],
                quantity_delta=-draw.randrange(1, units + 1),
            )  # fmt: skip
    else:
        receipt = draw.choice(RECEIPTS[2:])
        fields = {"item_id": "bolt", "location_id": draw.choice(("ams", "utr")), "receipt_id": receipt}
        pool = draw.choice(("", "vip"))
        if what < 0.85:
            entry.moves.add(**fields, pool=pool, quantity=draw.randrange(1, 12))
        elif what < 0.95:
            entry.risks.add(**fields, pool=pool, left_quantity=draw.randrange(12), event=types_pb2.OrderEvent())
        else:
            entry.risks.add(**fields, event=types_pb2.OrderEvent())
    return entry


def logged(last: Last, entries: list[LedgerEntry]) -> list[LogEntry]:
    position, link, log = last.position, last.link, []
    for entry in entries:
        epoch, sequence = map(int, position.split("-"))
        at = f"1-{sequence + 1 if epoch == 1 else 1}"
        created = (
            entry.order_id
            if entry.order_id.startswith("order-") and not any(p.item_id == "nut" for p in entry.positions)
            else ""
        )
        data = entry.SerializeToString()
        link = link_of(link, at, entry.request_id, data)
        log.append(LogEntry(at, position, entry.request_id, created, link, data))
        position = at
    return log


def tables(recorder: Recorder) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
    with recorder.database.connect() as connection:
        found = [{tuple(row) for row in connection.execute(select(table))} for table in (pegs, order_entries)]
    return found[0], found[1]


def test_units_of_orders_follow_the_log_and_can_be_made_anew(database: Database) -> None:
    draw = random.Random(3)
    naive = NaivePegs()
    recorder = Recorder.take_over(database.url, SystemClock())
    try:
        number = 0
        for _ in range(30):
            batch = []
            for _ in range(draw.randrange(1, 12)):
                number += 1
                batch.append(drawn_entry(draw, number, naive))
                naive.apply(number, batch[-1])
            recorder.record(logged(recorder.last, batch))
        expected = {(order, *place, quantity, 1, naive.since[order, place]) for (order, place), quantity in naive.units.items()}
        concerned = {(order, 1, at, risk) for order, at, risk in naive.concerned}
        assert len(expected) > 50 and len(concerned) > 20
        assert tables(recorder) == (expected, concerned)
        with write_to(recorder.database) as connection:
            project_anew(connection)
        assert tables(recorder) == (expected, concerned)
    finally:
        recorder.close()


def test_entries_that_change_or_concern_an_order_are_found_by_it(database: Database) -> None:
    recorder = Recorder.take_over(database.url, SystemClock())
    made = LedgerEntry(request_id=uuid7(), order_id="order-1")
    made.positions.add(item_id="bolt", location_id="ams", receipt_id="po1", demand_delta=4)
    late = LedgerEntry(request_id=uuid7())
    late.risks.add(item_id="nut", location_id="ams", receipt_id="po1")
    late.risks.add(item_id="bolt", location_id="ams", receipt_id="po1")
    shipped = LedgerEntry(request_id=uuid7())
    shipped.pegs.add(order_id="order-1", item_id="bolt", location_id="ams", receipt_id="po1", quantity_delta=-3)
    recorder.record(logged(recorder.last, [made, late, shipped]))
    recorder.close()
    ledger = Ledger(database.url)
    assert [each.position for each in ledger.find_order("order-1")] == ["1-1", "1-3"]
    assert [each.position for each in ledger.find_order_events("order-1")] == ["1-1", "1-2", "1-3"]
    assert [each.risks for each in ledger.find_order_events("order-1")] == [(), (1,), ()]
    found = ledger.find_pegs(["order-1", "order-2"])
    assert list(found) == ["order-1"]
    assert (found["order-1"].units, found["order-1"].change_count) == ({Cell("bolt", "ams", "po1", ""): 1}, 1)
    ledger.close()
