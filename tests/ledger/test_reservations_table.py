"""The table of reservations: what the last entries say, by id and as a list, and the same when it is made anew."""

from typing import Any

from belofte.v1 import ledger_entry_pb2, reservation_service_pb2, types_pb2
from sqlalchemy import select

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.gate import LogEntry, link_of
from engine.ledger import reservations
from engine.ledger.database import open_database, write_to
from engine.ledger.ledger import Ledger
from engine.ledger.projection import project_anew
from engine.ledger.recorder import Recorder
from engine.ledger.reservations import ReservationRecord
from tests.ledger.conftest import Database

State = reservation_service_pb2.ReservationState
ACTIVE, RELEASED, EXPIRED = (
    State.RESERVATION_STATE_ACTIVE, State.RESERVATION_STATE_RELEASED, State.RESERVATION_STATE_EXPIRED
)  # fmt: skip


def told(
    reservation_id: str, version: int, state: int = ACTIVE, expires_ms: int = 1_000, customer: str | None = "c", **fields: Any
) -> Any:
    """A reservation as an entry tells of it; customer None: its state alone."""
    basket = types_pb2.Basket(customer_id=customer) if customer is not None else None
    made = reservation_service_pb2.Reservation(
        reservation_id=reservation_id, version=version, state=state, basket=basket, **fields  # type: ignore[arg-type]
    )  # fmt: skip
    made.expires_at.FromMilliseconds(expires_ms)
    return made


def record(recorder: Recorder, *entries: list[Any]) -> None:
    """One entry a list of reservations, recorded together."""
    position, link = recorder.last.position, recorder.last.link
    log = []
    for number, each in enumerate(entries, 1):
        request_id = uuid7()
        entry = ledger_entry_pb2.LedgerEntry(request_id=request_id, reservations=each).SerializeToString()
        at = f"{recorder.epoch}-{int(position.split('-')[1]) + 1 if number > 1 or position != '0-0' else 1}"
        link = link_of(link, at, request_id, entry)
        log.append(LogEntry(at, position, request_id, "", link, entry))
        position = at
    recorder.record(log)


def everything(database: Database) -> list[tuple[object, ...]]:
    engine = open_database(database.url)
    with engine.connect() as connection:
        table = reservations.reservations
        found = [tuple(row) for row in connection.execute(select(table).order_by(table.c.reservation_id))]
    engine.dispose()
    return found


def ids(found: list[ReservationRecord]) -> list[str]:
    return [each.reservation.reservation_id for each in found]


def test_the_last_entry_counts(database: Database) -> None:
    recorder = Recorder.take_over(database.url, SystemClock())
    record(recorder, [told("a", 1)], [told("b", 1, expires_ms=500), told("c", 1, customer="other")])
    record(
        recorder,
        [told("a", 2, expires_ms=9_000)],
        [told("b", 2, EXPIRED, 500, None)],
        [told("c", 2, RELEASED, customer="other")],
    )
    recorder.close()
    ledger = Ledger(database.url)
    found = ledger.find_reservation("a")
    assert found == ("1-3", told("a", 2, expires_ms=9_000))
    expired = ledger.find_reservation("b")
    assert expired is not None and expired.position == "1-4"
    assert (expired.reservation.state, expired.reservation.version) == (EXPIRED, 2)
    assert expired.reservation.basket.customer_id == "c", "what it was made for is known still"
    assert ledger.find_reservation("none") is None
    ledger.close()


def test_lists_by_state_and_customer_first_to_expire_first(database: Database) -> None:
    recorder = Recorder.take_over(database.url, SystemClock())
    record(recorder, [told(f"r{n}", 1, expires_ms=10_000 - n, customer="even" if n % 2 == 0 else "odd") for n in range(1, 8)])
    record(recorder, [told("r4", 2, RELEASED, 9_996, None)])
    recorder.close()
    ledger = Ledger(database.url)
    assert ids(ledger.list_reservations([ACTIVE], "", lambda _: True, 0, 9)) == ["r7", "r6", "r5", "r3", "r2", "r1"]
    assert ids(ledger.list_reservations([ACTIVE], "odd", lambda _: True, 1, 2)) == ["r5", "r3"]
    assert ids(ledger.list_reservations([ACTIVE, RELEASED], "even", lambda _: True, 0, 9)) == ["r6", "r4", "r2"]
    wanted = {"r1", "r6"}
    assert ids(ledger.list_reservations([ACTIVE], "", lambda r: r.reservation.reservation_id in wanted, 0, 9)) == ["r6", "r1"]
    ledger.close()


def test_made_anew_it_is_the_same(database: Database) -> None:
    recorder = Recorder.take_over(database.url, SystemClock())
    for n in range(20):
        record(
            recorder,
            [told(f"r{n}", 1), told(f"s{n}", 1)],
            [told(f"r{n}", 2, expires_ms=n)],
            [told(f"s{n}", 2, EXPIRED, n, None)],
        )
    recorder.close()
    before = everything(database)
    assert len(before) == 40
    engine = open_database(database.url)
    with write_to(engine) as connection:
        project_anew(connection)
    engine.dispose()
    assert everything(database) == before
