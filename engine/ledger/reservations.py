"""Reservations as the ledger's entries leave them: a table written with the entries, and read by id or as a list."""

from collections.abc import Generator, Sequence
from typing import NamedTuple

from belofte.v1 import reservation_service_pb2
from sqlalchemy import Connection, Row, delete, insert, select, update

from engine.inventory.client import ordinal
from engine.ledger.tables import reservations

ROWS_MAX = 1_000

Reservation = reservation_service_pb2.Reservation


class ReservationRecord(NamedTuple):
    """A reservation as it was left at a position."""

    position: str
    reservation: Reservation


def project(connection: Connection, position: str, reservation: Reservation) -> None:
    """Take in what an entry says of a reservation. One without a basket changes its state alone."""
    epoch, sequence = ordinal(position)
    changed = {
        "version": reservation.version, "state": reservation.state, "epoch": epoch, "sequence": sequence,
        "order_id": reservation.order_id, "expires_unix_ms": reservation.expires_at.ToMilliseconds(),
    }  # fmt: skip
    of_it = reservations.c.reservation_id == reservation.reservation_id
    if not reservation.HasField("basket"):
        connection.execute(update(reservations).where(of_it).values(changed))
        return
    if reservation.version > 1:
        connection.execute(delete(reservations).where(of_it))
    row = {"reservation_id": reservation.reservation_id, "customer_id": reservation.basket.customer_id}
    connection.execute(insert(reservations), {**row, **changed, "body": reservation.SerializeToString()})


def find(connection: Connection, reservation_id: str) -> ReservationRecord | None:
    """One reservation; None where there is no such record."""
    row = connection.execute(select(reservations).where(reservations.c.reservation_id == reservation_id)).one_or_none()
    return _record(row) if row is not None else None


def matching(connection: Connection, states: Sequence[int], customer_id: str) -> Generator[ReservationRecord]:
    """Reservations in these states, those that expire first first; of one customer where one is named."""
    query = select(reservations).where(reservations.c.state.in_(states))
    if customer_id:
        query = query.where(reservations.c.customer_id == customer_id)
    query = query.order_by(reservations.c.expires_unix_ms, reservations.c.reservation_id)
    with connection.execute(query.execution_options(yield_per=ROWS_MAX)) as result:
        for row in result:
            yield _record(row)


def _record(row: "Row[tuple[object, ...]]") -> ReservationRecord:
    found = Reservation.FromString(bytes(row.body))
    found.version, found.state, found.order_id = row.version, row.state, row.order_id
    found.expires_at.FromMilliseconds(row.expires_unix_ms)
    return ReservationRecord(f"{row.epoch}-{row.sequence}", found)
