"""The store emptied, restored from an older file, and failed over to a replica that lags, under a whole server: what it shows
afterwards is what it showed before, to the byte, and everything goes on."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.clock import SystemClock
from engine.inventory.keys import Keys, Layout
from engine.ledger.audit import Auditor
from engine.service.settings import Settings
from tests.acceptance.asking import (
    adjust,
    lines,
    order_of,
    order_request,
    preview,
    put,
    record,
    send,
    shipped,
    source,
    stock_rows,
    without_timings,
)
from tests.acceptance.asking import basket as basket_of
from tests.acceptance.server import LOCATIONS, Server, wait_for
from tests.acceptance.test_reservations import NETWORK, confirm, counts, extend, get, hold, release
from tests.relay import Relay
from tests.replicas import Pair
from tests.valkey_server import ValkeyServer

RECOVERED_SECONDS_MAX = 60.0
INBOUND, COUNT = types_pb2.INVENTORY_KIND_INBOUND, types_pb2.INVENTORY_KIND_COUNT
KEYS = Keys(Settings().partition)
CAPACITY = 5
"""Orders a day at X."""


class Work:
    """Stock, receipts, feeds, orders at a location with capacity, and reservations; what of it is shown, as bytes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.items: list[str] = []
        self.orders: list[str] = []
        self.holds: list[str] = []
        self.fed: list[types_pb2.InventoryRecord] = []

    def do(self) -> None:
        """Some of each."""
        server, item = self.server, self.server.item()
        self.items.append(item)
        put(server, item, {"A": 9, "B": 4})
        later = Timestamp(seconds=SystemClock().unix_ms() // 60_000 * 60 + 86_400)
        rows = [
            record(item, "A", 6, kind=INBOUND, receipt_id="po", available_at=later),
            record(item, "B", 5, kind=COUNT, source=f"wms-{item}", sequence=1),
            record(item, "B", -1, kind=types_pb2.INVENTORY_KIND_ADJUST, source=f"wms-{item}", sequence=4),
        ]
        assert adjust(server, *rows).accepted_count == len(rows)
        self.fed.append(rows[-1])
        self.orders.append(source(server, (item, 2)).order_id)
        crowded = server.item()
        self.items.append(crowded)
        put(server, crowded, {"X": 3})
        self.orders.append(source(server, (crowded, 1)).order_id)
        first, second = hold(server, (item, 3)), hold(server, (item, 2), scope=NETWORK)
        extend(server, first.reservation_id, 1_200)
        release(server, hold(server, (crowded, 1)).reservation_id)
        self.holds += [first.reservation_id, second.reservation_id]

    def shown(self) -> bytes:
        """Availability, reservations, orders and a plan, without positions, timings and the minute of asking."""
        parts = []
        for row in stock_rows(self.server, *self.items):
            row.position = ""
            row.windows[0].ClearField("from")
            parts.append(row)
        parts += [get(self.server, each) for each in self.holds]
        parts += [order_of(self.server, each) for each in self.orders]
        text = b"".join(part.SerializeToString(deterministic=True) for part in parts)
        plans = [shipped(preview(self.server, (item, 1)).plan) for item in self.items]
        return text + repr(plans).encode()

    def epoch(self) -> int:
        """Of the stock in memory; a position names it only once something was written in it."""
        return int(self.server.logs("stock loaded")[-1]["epoch"])


def audited(url: str, server: Server) -> None:
    settings = Settings(data_dir=server.folder / "data")
    report = Auditor(url, settings.partition, settings.ledger_url_in_use, SystemClock()).run()
    assert report.is_clean and report.ledger_digest == report.store_digest
    assert report.entries > 10


@pytest.mark.timeout(1_500)
def test_what_is_shown_survives_whatever_becomes_of_the_store(folder: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        first, second = stack.enter_context(ValkeyServer()), stack.enter_context(ValkeyServer())
        address = stack.enter_context(Relay(first.socket_path))
        server = Server(folder, redis_url=address.url, warm_up="short")
        header, *rows = LOCATIONS.splitlines()
        limited = [row + (f",{CAPACITY}" if row.startswith("X,") else ",") for row in rows]
        (folder / "network" / "locations.csv").write_text("\n".join([f"{header},capacity_per_day", *limited, ""]))
        stack.enter_context(server)
        work = Work(server)

        def lose(how: str, *, first_more: bool) -> None:
            if first_more:
                work.do()
            before, epoch = work.shown(), work.epoch()
            match how:
                case "emptied":
                    with first.client() as client:
                        client.flushall()
                case "restored":
                    first.kill()
                    first.restore_data_from(tmp_path / "older")
                    first.start()
                case "killed and copied":
                    first.kill()
                    first.copy_data_to(tmp_path / "older")
                    first.start()
                case "failed over":
                    servers.promote()
                    address.lead_to(second.socket_path)
            wait_for(lambda: work.epoch() > epoch, RECOVERED_SECONDS_MAX)
            assert work.shown() == before, how
            audited(address.url, server)
            # What feeds have said is known as well: their texts are a part of the store.
            assert [r.reason for r in adjust(server, work.fed[-1]).results] == ["SUPERSEDED"]

        work.do()
        lose("emptied", first_more=True)
        lose("killed and copied", first_more=False)
        lose("restored", first_more=True)
        epoch = work.epoch()
        servers = Pair(first, second, stack.enter_context(Relay(first.socket_path)))
        # A primary has another replication id from its first replica on: the gate closes, and is opened anew.
        wait_for(lambda: work.epoch() > epoch, RECOVERED_SECONDS_MAX)
        servers.wire.pause()
        lose("failed over", first_more=True)

        # And all of it goes on: reservations become orders or are given back, and repeats are known.
        request = order_request(basket_of(lines((work.items[0], 1))))
        answer = send(server, request)
        again = send(server, request)
        assert again.duplicate and without_timings(again) == without_timings(answer)
        for n, name in enumerate(work.holds):
            confirm(server, name) if n % 2 else release(server, name)
        assert all(counts(server, item)[0] == 0 for item in work.items)
        with second.client() as client:
            layout = client.get(KEYS.layout) or b""
            used = client.hgetall(KEYS.data(Layout.parse(layout.decode())).capacity("X"))
        # One order each of the four times that there was more; the reservations there were given back.
        assert sum(map(int, used.values())) == 4
        audited(address.url, server)
        assert server.logs("a fault of the engine") == []
        assert server.logs("the desk failed") == []
