"""What was decided of orders after they were sourced is decided again from the ledger: all that an entry says, to the micro."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from belofte.v1 import order_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.clock import SystemClock
from engine.tools import stock_then
from engine.tools.replay_changes import DECIDING
from engine.tools.stock_then import BrokenChainError
from tests.acceptance.asking import adjust, basket, lines, order_request, record, send, source, stocked
from tests.acceptance.living import PLANNED, do, order
from tests.acceptance.server import Server
from tests.acceptance.test_replay import replayed, replayer
from tests.acceptance.test_webhooks import command

INBOUND, RECEIVED = types_pb2.INVENTORY_KIND_INBOUND, types_pb2.INVENTORY_KIND_RECEIVED
CALLERS, ORDERS_EACH = 5, 4


def first_planned(server: Server, order_id: str) -> types_pb2.Shipment:
    return next(each for each in order(server, order_id).plan.shipments if each.state == PLANNED and each.lines)


def decline(server: Server, order_id: str, reason: str) -> None:
    shipment = first_planned(server, order_id)
    line = order_service_pb2.DeclinedLine(line_id=shipment.lines[0].line_id, reason=reason)
    do(server, "DeclineShipmentLines", order_id=order_id, shipment_id=shipment.shipment_id, lines=[line])


def live(server: Server, number: int, items: list[str], made: list[str]) -> None:
    """Orders of one caller, and what becomes of them, while others take of the same stock."""
    for n in range(ORDERS_EACH):
        one, other = items[n % len(items)], items[(n + number) % len(items)]
        with suppress(grpc.RpcError):
            order_id = source(server, (one, 1 + number % 2), (other, 1)).order_id
            made.append(order_id)
            steps: list[Callable[[], object]] = [
                lambda name=order_id: decline(server, name, "TOO_BUSY"),
                lambda name=order_id, item=one: do(server, "ChangeOrder", order_id=name, lines=lines((item, 3))),
                lambda name=order_id: decline(server, name, "DAMAGED"),
                lambda name=order_id: do(server, "ChangeOrder", order_id=name, removed_line_ids=["2"]),
                lambda name=order_id: do(
                    server, "ReassignShipment", order_id=name, shipment_id=first_planned(server, name).shipment_id,
                    location_id="Y", allow_late=True,
                ),
            ]  # fmt: skip
            for step in (*steps[(n + number) % 5 :], *steps[: n % 3]):
                with suppress(grpc.RpcError, StopIteration):
                    step()


def returned(server: Server) -> str:
    """An order that was delivered, and of which some comes back."""
    item = stocked(server, A=2, B=2)
    order_id = source(server, (item, 2)).order_id
    for each in order(server, order_id).plan.shipments:
        do(server, "ShipShipment", order_id=order_id, shipment_id=each.shipment_id)
    back = order_service_pb2.ReturnLine(line_id="1", quantity=1, reason="TOO_SMALL")
    do(server, "CreateReturn", order_id=order_id, lines=[back])
    return order_id


def promised_of_a_receipt(server: Server) -> list[str]:
    """Orders on what is still to come; some of it has come in before the second of them, and the first, is declined."""
    item = server.item()
    later = Timestamp(seconds=SystemClock().unix_ms() // 60_000 * 60 + 86_400)
    for place in ("A", "B"):
        adjust(server, record(item, place, 6, kind=INBOUND, receipt_id="po", available_at=later))
    found = [send(server, order_request(basket(lines((item, 2), latest_date=None)))).order_id for _ in range(4)]
    place = first_planned(server, found[0]).location_id
    came = record(item, place, 3, kind=RECEIVED, receipt_id="po", source="wms", sequence=1)
    adjust(server, came)
    for order_id in found[:3]:
        decline(server, order_id, "TOO_BUSY")
    return found


@pytest.mark.timeout(1_200)
def test_changes_of_orders_are_decided_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    with Server(folder, node_budget="500") as server:
        items = [stocked(server, A=9, B=7, X=5, Y=8) for _ in range(3)]
        callers = [threading.Thread(target=live, args=(server, number, items, made)) for number in range(CALLERS)]
        for each in callers:
            each.start()
        for each in callers:
            each.join()
        made += [returned(server), *promised_of_a_receipt(server)]
        assert command(folder, "snapshot").returncode == 0
        more = [stocked(server, A=3, B=3, Y=3)]
        live(server, 1, more, made)
        assert server.terminate() == 0

    found = replayed(folder, made)
    methods = {each.method for decisions in found.values() for each in decisions}
    assert methods >= set(DECIDING) - {"LapseAcceptance"}
    unequal = [each for decisions in found.values() for each in decisions if not each.is_equal]
    assert not unequal, (len(unequal), unequal[0].method, unequal[0].position, unequal[0].differences, unequal[0].notes)
    counts = [sum(each.method == method for decisions in found.values() for each in decisions) for method in DECIDING]
    assert sum(counts) > CALLERS * ORDERS_EACH

    # What stands in the entries is needed: without what came in of receipts, or what was shown, some are others.
    with monkeypatch.context() as patched:
        patched.setattr(stock_then, "shown_before", lambda database, then: ())
        patched.setattr("engine.tools.replay_changes._touches", lambda message, receipts: False)
        assert not all(each.is_equal for decisions in replayed(folder, made).values() for each in decisions)

    # An entry of a change that is another by one bit is named.
    changed = next(order_id for order_id, decisions in found.items() if decisions[-1].method in DECIDING)
    epoch, _, sequence = found[changed][-1].position.partition("-")
    with sqlite3.connect(folder / "data" / "ledger.sqlite3") as connection:
        place = (int(epoch), int(sequence))
        (entry,) = connection.execute("SELECT entry FROM entries WHERE epoch = ? AND sequence = ?", place).fetchone()
        spoilt = bytearray(entry)
        spoilt[len(spoilt) // 3] ^= 4
        connection.execute("UPDATE entries SET entry = ? WHERE epoch = ? AND sequence = ?", (bytes(spoilt), *place))
    connection.close()
    with replayer(folder) as again, pytest.raises(BrokenChainError, match=f"entry {epoch}-{sequence} is not what was recorded"):
        again.order(changed)
