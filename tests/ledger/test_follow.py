"""The ledger as who follows it reads it, over both databases: page by page, in order, with the orders at risk."""

from belofte.v1 import types_pb2

from engine.domain.clock import SystemClock
from engine.ledger.ledger import Ledger
from engine.ledger.recorder import Recorder
from engine.ledger.tables import order_entries
from tests.ledger.conftest import Database
from tests.service.recorded_log import Entry, RecordedLog, sourced

RECEIPT = {"item_id": "bolt", "location_id": "ams", "receipt_id": "po"}


def waiting(order_id: str) -> Entry:
    entry = sourced(order_id)
    entry.positions.add(**RECEIPT, demand_delta=1)  # type: ignore[arg-type]
    return entry


def test_entries_come_in_pages_over_epochs(database: Database) -> None:
    ledger = Ledger(database.url)
    log = RecordedLog(database.url)
    assert (ledger.last_position(), ledger.entries_after("0-0", 10)) == ("0-0", [])
    # More than nine of an epoch: 10 comes after 9.
    positions = log.record(*(sourced(f"a{n}") for n in range(12)))
    log.close()
    log = RecordedLog(database.url)
    positions += log.record(*(sourced(f"b{n}") for n in range(3)))
    assert positions[11:13] == ["1-12", "2-1"]
    assert ledger.last_position() == "2-3"
    for first in range(len(positions)):
        page = ledger.entries_after(positions[first], 5)
        assert [each.position for each in page] == positions[first + 1 : first + 6]
        assert all(each.at_risk == () for each in page)
    assert ledger.entries_after("1-99", 1)[0].position == "2-1"
    log.close()
    ledger.close()


def test_orders_at_risk_come_with_their_entry(database: Database) -> None:
    """By risk, then by order, whatever order the database has for text."""
    ledger = Ledger(database.url)
    log = RecordedLog(database.url)
    start = log.record(*(waiting(order_id) for order_id in ("b", "A", "a:1", "_x", "a-2")))[-1]
    late = Entry()
    event = types_pb2.OrderEvent(type=types_pb2.EVENT_TYPE_PROMISE_AT_RISK)
    late.risks.add(**RECEIPT, event=event)  # type: ignore[arg-type]
    late.risks.add(**RECEIPT, left_quantity=4, event=event)  # type: ignore[arg-type]
    log.record(late, sourced("last"))
    first, second = ledger.entries_after(start, 5)
    assert first.at_risk == (*((0, order_id) for order_id in sorted(("b", "A", "a:1", "_x", "a-2"))), (1, "a-2"))
    assert second.at_risk == ()
    log.close()
    ledger.close()


def test_index_that_came_later_is_made_in_a_ledger_that_is_there(database: Database) -> None:
    log = RecordedLog(database.url)
    (index,) = order_entries.indexes
    with log._recorder.database.begin() as connection:
        index.drop(connection)
    log.close()
    recorder = Recorder.take_over(database.url, SystemClock())
    with recorder.database.begin() as connection:
        index.drop(connection)  # it is there again
    recorder.close()
