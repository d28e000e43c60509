"""A customer erased: nothing of them is left in the database, all else is as it was, and the chain still shows every change."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest
from belofte.v1 import order_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2
from sqlalchemy import Engine, insert, select, update

from engine.ledger.database import open_database, write_to
from engine.ledger.recorder import replay
from engine.ledger.reservations import find
from engine.ledger.tables import entries, erasures, metadata
from engine.tools.erase import Eraser
from engine.tools.stock_then import BrokenChainError, verify_chain
from tests.ledger.conftest import Database
from tests.service.recorded_log import Entry, RecordedLog

NOW = 1_790_000_000_000
DOOR = types_pb2.Destination(country_code="NL", postal_code="1012 AB", latitude=52.3731, longitude=4.8922)


def basket(customer_id: str) -> types_pb2.Basket:
    line = types_pb2.BasketLine(line_id="1", item_id="bolt", quantity=2)
    return types_pb2.Basket(lines=[line], destination=DOOR, customer_id=customer_id, channel="web")


def sourced(order_id: str, customer_id: str) -> Entry:
    order = types_pb2.Order(order_id=order_id, basket=basket(customer_id))
    request = sourcing_service_pb2.SourceOrderRequest(order=order).SerializeToString()
    response = sourcing_service_pb2.SourceOrderResponse(order_id=order_id).SerializeToString()
    return Entry(method="SourceOrder", order_id=order_id, request=request, response=response)


def shipped(order_id: str) -> Entry:
    """A later entry of the order, which does not say whose it is."""
    request = order_service_pb2.ShipShipmentRequest(
        order_id=order_id, tracking_number="3SDOOR", tracking_url="https://t/3SDOOR"
    )
    response = order_service_pb2.ShipShipmentResponse()
    response.order.plan.shipments.add(shipment_id="s1", tracking_url="https://t/3SDOOR")
    told = types_pb2.OrderEvent(
        event_id=f"{order_id}-shipped", order_id=order_id, type=types_pb2.EVENT_TYPE_SHIPMENT_SHIPPED,
        attributes={"tracking_number": "3SDOOR", "tracking_url": "https://t/3SDOOR", "carrier_service_id": "post"},
    )  # fmt: skip
    return Entry(
        method="ShipShipment", order_id=order_id, request=request.SerializeToString(), response=response.SerializeToString(),
        events=[told],
    )  # fmt: skip


def undone(order_id: str) -> Entry:
    """Called off while it was recorded: by a method that is none of the contract, with a request that is."""
    request = sourcing_service_pb2.CancelRequestRequest(target_request_id="x").SerializeToString()
    return Entry(method="UndoRequest", order_id=order_id, request=request)


def moved(order_id: str) -> Entry:
    request = order_service_pb2.ChangeOrderRequest(order_id=order_id, destination=DOOR).SerializeToString()
    return Entry(method="ChangeOrder", order_id=order_id, request=request)


def held(reservation_id: str, customer_id: str) -> Entry:
    made = reservation_service_pb2.Reservation(reservation_id=reservation_id, version=1, basket=basket(customer_id))
    made.plan.shipments.add(shipment_id="s1")
    request = reservation_service_pb2.CreateReservationRequest(basket=made.basket).SerializeToString()
    return Entry(
        method="CreateReservation", order_id=f"@reservation/{reservation_id}", request=request, reservations=[made],
        response=reservation_service_pb2.CreateReservationResponse(reservation=made).SerializeToString(),
    )  # fmt: skip


@contextmanager
def ledger_of(database: Database) -> Iterator[tuple[Engine, list[str]]]:
    log = RecordedLog(database.url)
    positions = log.record(
        sourced("o1", "anna"), sourced("o2", "bram"), shipped("o1"), held("r1", "anna"), moved("o1"), sourced("o3", "anna"),
        shipped("o2"), held("r2", "bram"), undone("o2"),
    )  # fmt: skip
    log.close()
    engine = open_database(database.url)
    yield engine, positions
    engine.dispose()


def everything(engine: Engine) -> bytes:
    """All that the database holds, but for keys of records."""
    found = b""
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                found += b"|".join(bytes(each) if isinstance(each, bytes) else str(each).encode() for each in row)
    return found


def test_nothing_of_the_customer_is_left_and_the_chain_is_whole(database: Database) -> None:
    with ledger_of(database) as (engine, positions):
        before = {each.position: each.entry for each in replay(engine)}
        assert b"anna" in everything(engine)
        assert Eraser(engine, NOW).erase("anna") == 5
        left = {each.position: each.entry for each in replay(engine)}
        changed = [position for position in positions if left[position] != before[position]]
        assert changed == [positions[n] for n in (0, 2, 3, 4, 5)]
        for position in changed:
            for trace in (b"anna", b"1012 AB", b"1012AB", b"3SDOOR"):
                assert trace not in left[position]
        assert b"anna" not in everything(engine)
        verify_chain(engine, positions[-1])

        order = sourcing_service_pb2.SourceOrderRequest.FromString(Entry.FromString(left[positions[0]]).request).order
        kept = basket("")
        kept.destination.CopyFrom(types_pb2.Destination(country_code="NL", postal_code="1012"))
        assert order == types_pb2.Order(order_id="o1", basket=kept)
        with engine.connect() as connection:
            reservation, other = find(connection, "r1"), find(connection, "r2")
        assert reservation is not None and reservation.reservation.basket == kept
        assert other is not None and other.reservation.basket == basket("bram")
        assert Eraser(engine, NOW).erase("anna") == 0
        assert Eraser(engine, NOW).erase("ann") == 0

        # The other customer's entries were not touched; now they are, and only those that were not yet.
        assert Eraser(engine, NOW + 1).erase("bram") == 4
        verify_chain(engine, positions[-1])
        with engine.connect() as connection:
            instants = connection.execute(select(erasures.c.erased_unix_ms).order_by(erasures.c.epoch, erasures.c.sequence))
            assert list(instants.scalars()) == [NOW, NOW + 1, NOW, NOW, NOW, NOW, NOW + 1, NOW + 1]
    log = RecordedLog(database.url)
    log.record(sourced("o4", "anna"))
    log.close()


@pytest.mark.parametrize("erased_first", [True, False])
def test_a_change_is_named_whether_or_not_the_entry_was_erased(database: Database, erased_first: bool) -> None:
    with ledger_of(database) as (engine, positions):
        if erased_first:
            Eraser(engine, NOW).erase("anna")
        epoch, sequence = map(int, positions[2].split("-"))
        of_it = (entries.c.epoch == epoch) & (entries.c.sequence == sequence)
        with write_to(engine) as connection:
            entry = bytes(connection.execute(select(entries.c.entry).where(of_it)).scalar_one())
            connection.execute(update(entries).where(of_it).values(entry=entry + b"\x00\x00"))
        with pytest.raises(BrokenChainError, match=f"entry {positions[2]} is not"):
            verify_chain(engine, positions[-1])
        verify_chain(engine, positions[1])


def test_an_erasure_of_another_entry_hides_nothing(database: Database) -> None:
    """A row that claims another hash than the chain is over is found out."""
    with ledger_of(database) as (engine, positions):
        with write_to(engine) as connection:
            entry = bytes(connection.execute(select(entries.c.entry).where(entries.c.sequence == 1)).scalar_one())
            hashes = {"recorded_hash": bytes(32), "left_hash": sha256(entry).digest()}
            connection.execute(insert(erasures).values(epoch=1, sequence=1, erased_unix_ms=NOW, **hashes))
        with pytest.raises(BrokenChainError, match="entry 1-1 is not"):
            verify_chain(engine, positions[-1])
