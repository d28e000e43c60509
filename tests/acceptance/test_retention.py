"""A server whose ledger has snapshots and was cut: its store comes back from them, and what is gone is told so."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from belofte.v1 import order_service_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    adjust,
    basket,
    lines,
    order_of,
    order_request,
    record,
    refusal,
    send,
    source,
    stock_of,
    stocked,
)
from tests.acceptance.server import Server
from tests.acceptance.test_webhooks import command

DAYS_MS = 40 * 86_400_000


def grow_older(folder: Path) -> None:
    """All that was recorded so far was recorded 40 days before."""
    with sqlite3.connect(folder / "data" / "ledger.sqlite3") as connection:
        connection.execute("UPDATE entries SET recorded_unix_ms = recorded_unix_ms - ?", (DAYS_MS,))
        connection.execute("UPDATE snapshots SET taken_unix_ms = taken_unix_ms - ?", (DAYS_MS,))
    connection.close()


@pytest.mark.timeout(1_500)
def test_a_ledger_is_cut_under_its_server(folder: Path) -> None:
    with Server(folder) as server:
        item = stocked(server, A=9, B=4)
        old = order_request(basket(lines((item, 2))))
        send(server, old)
        cancel = order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=old.order.order_id)
        server.order.CancelOrder(cancel, timeout=CALL_SECONDS_MAX)
        early = source(server, (item, 1)).order_id
        taken = command(folder, "snapshot", "--json")
        assert taken.returncode == 0, taken.stderr
        position = json.loads(taken.stdout)["position"]
        adjust(server, record(item, "B", 6))
        assert server.terminate() == 0
    assert command(folder, "replay", early).returncode == 0

    # The store is lost: it comes back from the snapshot and what was recorded after it.
    shutil.rmtree(folder / "data" / "valkey")
    with Server(folder) as server:
        assert server.logs("goes on from a snapshot")[-1]["position"] == position
        assert server.item() == item
        assert stock_of(server, item) == (15, 1, 14)
        assert command(folder, "audit").returncode == 0

        # One order is open: it holds up what came after it, and is named.
        grow_older(folder)
        kept = command(folder, "retain", "--days", "30", "--json")
        assert kept.returncode == 0, kept.stderr
        told = json.loads(kept.stdout)
        assert (told["until"], told["entries_cut"]) == ("0-0", 0) and early in told["kept"]["why"]
        cancel = order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=early)
        server.order.CancelOrder(cancel, timeout=CALL_SECONDS_MAX)
        assert command(folder, "snapshot").returncode == 0
        grow_older(folder)
        late = source(server, (item, 3)).order_id
        done = command(folder, "retain", "--days", "30", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["entries_cut"] > 4

        # What was cut is gone, and is neither done again nor made again.
        order = order_service_pb2.GetOrderRequest(order_id=old.order.order_id)
        assert refusal(lambda: server.order.GetOrder(order)).reason == "UNKNOWN_ORDER"
        assert refusal(lambda: send(server, old)).reason == "REQUEST_FORGOTTEN"
        again = order_request(basket(lines((item, 1))))
        again.order.order_id = old.order.order_id
        assert refusal(lambda: send(server, again)).reason == "ORDER_EXISTS"
        assert order_of(server, late).order_id == late
        assert stock_of(server, item) == (15, 3, 12)
        assert command(folder, "audit").returncode == 0
        replayed = command(folder, "replay", late)
        assert (replayed.returncode, "Equal." in replayed.stdout) == (0, True), replayed.stdout + replayed.stderr
        gone = command(folder, "replay", early)
        assert (gone.returncode, "the ledger has no order" in gone.stderr) == (1, True)
        assert server.terminate() == 0

    shutil.rmtree(folder / "data" / "valkey")
    with Server(folder) as server:
        assert server.item() == item
        assert stock_of(server, item) == (15, 3, 12)
        assert refusal(lambda: send(server, again)).reason == "ORDER_EXISTS"
        assert command(folder, "audit").returncode == 0
        assert server.terminate() == 0
