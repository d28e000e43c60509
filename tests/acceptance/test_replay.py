"""Decisions of a real server made again from its ledger: under contention, over changes of network, settings and epoch, and
of customers that were erased meanwhile."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc
import pytest
from belofte.v1 import network_service_pb2, reservation_service_pb2

from engine.domain.ids import uuid7
from engine.ledger.database import open_database
from engine.ledger.ledger import Ledger
from engine.tools import stock_then
from engine.tools.replay import NoDecisionError, Replay, Replayer, differences
from engine.tools.stock_then import BrokenChainError
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    adjust,
    basket,
    lines,
    order_of,
    order_request,
    quote,
    record,
    send,
    source,
    stocked,
)
from tests.acceptance.server import NETWORK, Server
from tests.acceptance.test_reservations import NETWORK as NETWORK_SCOPE
from tests.acceptance.test_reservations import confirm, hold
from tests.acceptance.test_webhooks import command

CALLERS, ORDERS_EACH = 6, 8


def contend(server: Server, *items: str) -> list[str]:
    """Orders of many callers at once for little stock, while a feed changes it; those that were taken."""
    taken: list[str] = []

    def order(number: int) -> None:
        for n in range(ORDERS_EACH):
            wanted = [(item, 1 + (n + number) % 3) for item in items[n % len(items) :]]
            with suppress(grpc.RpcError):
                policy_id, customer_id = ("cost", "priority")[n % 2], f"customer-{number}"
                taken.append(source(server, *wanted, policy_id=policy_id, customer_id=customer_id).order_id)

    def feed() -> None:
        for n in range(ORDERS_EACH):
            adjust(server, record(items[n % len(items)], ("A", "B", "X")[n % 3], 9 + n))

    threads = [threading.Thread(target=order, args=(number,)) for number in range(CALLERS)] + [threading.Thread(target=feed)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


@contextmanager
def replayer(folder: Path) -> Iterator[Replayer]:
    url = f"sqlite:///{folder / 'data' / 'ledger.sqlite3'}"
    database, ledger = open_database(url), Ledger(url)
    yield Replayer(database, ledger)
    ledger.close()
    database.dispose()


def replayed(folder: Path, order_ids: list[str]) -> dict[str, list[Replay]]:
    with replayer(folder) as found:
        return {order_id: found.order(order_id) for order_id in order_ids}


def test_every_decision_is_made_again_to_the_micro(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(folder, node_budget="300") as server:
        items = [stocked(server, A=20, B=9, X=4) for _ in range(3)]
        orders = contend(server, *items)
        assert len(orders) > ORDERS_EACH

        policy = NETWORK["policy.toml"].replace("1000000", "7000000").replace("[policy.abroad]", "[policy.later]")
        (folder / "network" / "policy.toml").write_text(policy)
        request = network_service_pb2.ReloadNetworkRequest(request_id=uuid7())
        server.network.ReloadNetwork(request, timeout=CALL_SECONDS_MAX)
        more = [stocked(server, A=7, B=7, Y=7) for _ in range(3)]
        orders += contend(server, *more)

        held = stocked(server, A=2, B=3)
        planned, loose = hold(server, (held, 2)), hold(server, (held, 1), scope=NETWORK_SCOPE)
        reserved = [confirm(server, each.reservation_id).order.order_id for each in (planned, loose)]
        assert server.terminate() == 0
    with Server(folder, node_budget="50000") as server:
        for _ in (*items, *more, held):
            server.item()  # those of the first server
        again = [stocked(server, A=5, B=5, X=5, Y=5, Z=5) for _ in range(4)]
        orders += [source(server, *((item, 12) for item in again)).order_id]
        orders += contend(server, *again)
        customers = [order_of(server, order_id).basket.customer_id for order_id in orders]
        erased = [order_id for order_id, customer_id in zip(orders, customers, strict=True) if customer_id == "customer-0"]
        assert erased
        assert command(folder, "erase", "customer-0").returncode == 0
        assert command(folder, "erase", "customer-0").returncode == 1
        for order_id in erased:
            kept = order_of(server, order_id).basket
            assert (kept.customer_id, kept.destination.postal_code) == ("", "101")  # the shortest that lies in the area
        assert command(folder, "audit").returncode == 0
        assert server.terminate() == 0
    assert b"customer-0" not in (folder / "data" / "ledger.sqlite3").read_bytes()

    found = replayed(folder, orders + reserved)
    unequal = {order_id: each for order_id, decisions in found.items() for each in decisions if not each.is_equal}
    assert not unequal, next(iter(unequal.values())).differences
    assert {order_id: [each.method for each in found[order_id]] for order_id in reserved} == {
        reserved[0]: ["CreateReservation"], reserved[1]: ["CreateReservation", "ConfirmReservation"],
    }  # fmt: skip

    # What stands in the entries is needed: without what their rounds had shown them some plans are others.
    with monkeypatch.context() as patched:
        patched.setattr(stock_then, "shown_before", lambda database, then: ())
        assert not all(each.is_equal for decisions in replayed(folder, orders).values() for each in decisions)

    tell_by_the_command_line(folder, orders[0])
    refuse_what_was_changed(folder, orders)


def tell_by_the_command_line(folder: Path, order_id: str) -> None:
    done = command(folder, "replay", order_id)
    assert (done.returncode, "Equal." in done.stdout) == (0, True), done.stderr
    answer = json.loads(command(folder, "replay", order_id, "--json").stdout)
    (decision,) = answer["decisions"]
    assert (answer["equal"], decision["differences"]) == (True, [])
    assert decision["recorded"] == decision["replayed"]
    missing = command(folder, "replay", "nobody")
    assert (missing.returncode, "the ledger has no order 'nobody'" in missing.stderr) == (1, True)

    told = command(folder, "order", order_id)
    assert (told.returncode, "ORDER_SOURCED" in told.stdout) == (0, True), told.stderr
    story = json.loads(command(folder, "order", order_id, "--json").stdout)
    assert story["order"]["order_id"] == order_id
    assert [event["type"] for event in story["events"]] == ["EVENT_TYPE_ORDER_SOURCED"]
    assert command(folder, "order", "nobody").returncode == 1


def refuse_what_was_changed(folder: Path, orders: list[str]) -> None:
    """One bit of one entry: it is named, and so is everything after it in doubt."""
    with sqlite3.connect(folder / "data" / "ledger.sqlite3") as connection:
        query = "SELECT epoch, sequence, entry FROM entries WHERE order_id = ?"
        epoch, sequence, entry = connection.execute(query, (orders[2],)).fetchone()
        changed = bytearray(entry)
        changed[len(changed) // 2] ^= 1
        place = (bytes(changed), epoch, sequence)
        connection.execute("UPDATE entries SET entry = ? WHERE epoch = ? AND sequence = ?", place)
    connection.close()
    with replayer(folder) as found:
        for order_id in (orders[2], orders[-1]):
            with pytest.raises(BrokenChainError, match=f"entry {epoch}-{sequence} is not what was recorded"):
                found.order(order_id)
        with pytest.raises(NoDecisionError):
            found.order("nobody")
    refused = command(folder, "replay", orders[-1])
    assert (refused.returncode, f"entry {epoch}-{sequence} is not" in refused.stderr) == (1, True)


def test_differences_name_the_fields() -> None:
    recorded = {"a": 1, "s": [{"id": "x", "n": "5"}, {"id": "y"}]}
    assert differences(recorded, recorded) == []
    assert differences(recorded, {"a": 1, "s": [{"id": "x", "n": "6"}], "b": 2}) == [
        "plan.s[0].n: recorded 5, replayed 6", "plan.s[1]: recorded {'id': 'y'}, replayed None",
        "plan.b: recorded None, replayed 2",
    ]  # fmt: skip


def test_what_was_taken_up_as_quoted_is_decided_again_as_quoted(folder: Path) -> None:
    """Orders and reservations, though by then another plan would have been better."""
    with Server(folder) as server:
        first, second = stocked(server, A=5), stocked(server, B=5)
        wanted = basket(lines((first, 1), (second, 1)))
        token = quote(server, wanted).options[0].quote_token
        adjust(server, record(second, "A", 5))
        request = order_request(wanted)
        request.quote_token = token
        order_id = send(server, request).order_id
        assert len(order_of(server, order_id).plan.shipments) == 2
        held = reservation_service_pb2.CreateReservationRequest(request_id=uuid7(), basket=wanted, quote_token=token)
        reservation_id = server.reservation.CreateReservation(held, timeout=CALL_SECONDS_MAX).reservation.reservation_id
        other = order_request(wanted)
        other.ClearField("order")
        other.order.order_id, other.reservation_id = f"O-{uuid7()}", reservation_id
        orders = [order_id, send(server, other).order_id]
    for found in replayed(folder, orders).values():
        assert found and not [each.differences for each in found if each.differences], found
