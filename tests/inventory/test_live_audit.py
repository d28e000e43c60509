"""The live auditor: equal stock is left alone; whatever differs is named, and the stock loaded anew."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from engine.inventory import live_audit
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate
from engine.inventory.holds import HeldUnits, Hold
from engine.inventory.keys import Keys, Layout, date_field, place_field
from engine.inventory.live import LiveStock
from engine.inventory.live_audit import LiveAuditor
from engine.inventory.parts import Spanning
from engine.inventory.places import Closing, DayChange, closing_text, day_field, day_text
from engine.inventory.sharded_store import ShardedStore
from engine.inventory.shards import Shards
from engine.inventory.store import StockStore
from engine.inventory.transaction import Cell, TextTable, Transaction
from tests.sidecars import RunningSidecar, TestEngine
from tests.stores import FIRST_DAY, ITEMS, LOCATIONS, PARTITION, change, empty_stock, open_store, text, transaction, use
from tests.valkey_server import ValkeyServer
from tests.writes import Put, Take, put

LOOKS_MAX = 40
LIMITED = day_field("utr", FIRST_DAY + 1)


def hold(number: int, quantity: int = 1) -> Hold:
    units = (HeldUnits("1", Cell("bolt", "ams", "", ""), quantity),)
    return Hold(f"hold-{number}", 1, 2_000_000_000_000, "shop", False, True, units, ())


class PutTexts(Put):
    """Texts and capacity as one write."""

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        return transaction(
            capacities=[use(3, 9, "utr"), use(2, 9, "rtm", FIRST_DAY + 5_000)],
            texts=[
                *(text(each.reservation_id, each.text(), table=TextTable.HOLDS) for each in map(hold, range(3))),
                text("utr", closing_text(Closing(True, 1)), table=TextTable.CLOSED),
                text(LIMITED, day_text(DayChange(4, 1, 2)), table=TextTable.LIMITS),
            ],
            request_id=self.request_id,
        )  # fmt: skip


@pytest.fixture
def engine(server: ValkeyServer, tmp_path: Path) -> Iterator[TestEngine]:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with RunningSidecar(server.url, url), TestEngine(server.url, url) as made:
        assert made.path.catch_up()
        filled = put(
            change(9), change(4, item="nut", location="utr"), change(3, receipt="po1", minute=29_000_000),
            change(2, receipt="po1", pool="vip"), change(1, receipt="po2"),
        )  # fmt: skip
        for write in (filled, Take(2), PutTexts()):
            made.path.run([write])
            assert write.reason is None
        yield made


@pytest.mark.parametrize("fields_each", [1, 3, live_audit.FIELDS_EACH])
def test_equal_stock_is_left_alone(engine: TestEngine, monkeypatch: pytest.MonkeyPatch, fields_each: int) -> None:
    """However small its looks; also once all of it was loaded anew."""
    monkeypatch.setattr(live_audit, "FIELDS_EACH", fields_each)
    for _ in range(2):
        auditor, stock = LiveAuditor(engine.store), engine.path.stock
        assert stock is not None
        while auditor.rounds < 3:
            assert auditor.look(stock)
        engine.path.stale = True
        assert engine.path.catch_up() and engine.path.stock is not stock


def differences(engine: TestEngine) -> dict[str, dict[str, object]]:
    """What one round finds, of which every look that finds something must say so."""
    auditor, stock = LiveAuditor(engine.store), engine.path.stock
    assert stock is not None
    found: dict[str, dict[str, object]] = {}
    with structlog.testing.capture_logs() as logs:
        equal = [auditor.look(stock) for _ in range(LOOKS_MAX) if auditor.rounds == 0]
    lines = [each for each in logs if each["event"] == "stock in memory differs from the store"]
    assert equal.count(False) == len(lines)
    for line in lines:
        assert line["count"] == len(line["differences"])
        found.update(line["differences"])
    return found


def move_receipt(stock: LiveStock) -> None:
    stock._move_receipt(0, 0, "po1", 29_000_500)


def forget_date(stock: LiveStock) -> None:
    del stock._receipt_minute[0, 0, "po1"]


def add_capacity(stock: LiveStock) -> None:
    stock._add_capacity(stock.location_index["utr"], FIRST_DAY, 1)
    stock._add_capacity(stock.location_index["ams"], FIRST_DAY + 7, 1)


def add_capacity_later(stock: LiveStock) -> None:
    stock._add_capacity(stock.location_index["rtm"], FIRST_DAY + 5_000, 1)


def lose_hold(stock: LiveStock) -> None:
    stock.holds.apply("hold-1", "")


def change_hold(stock: LiveStock) -> None:
    stock.holds.apply("hold-1", hold(1, 5).text())


def invent_hold(stock: LiveStock) -> None:
    stock.holds.apply("hold-9", hold(9).text())


def lock_hold(stock: LiveStock) -> None:
    stock.holds._locked.add("hold-1")


def open_location(stock: LiveStock) -> None:
    stock.closed[stock.location_index["utr"]] = 0


def lose_closing(stock: LiveStock) -> None:
    del stock.places._texts[TextTable.CLOSED, "utr"]


def change_limit(stock: LiveStock) -> None:
    stock.places.apply(TextTable.LIMITS, LIMITED, day_text(DayChange(1, 1, 5)))


def invent_limit(stock: LiveStock) -> None:
    stock.places.apply(TextTable.LIMITS, day_field("ams", FIRST_DAY), day_text(DayChange(1, 1, 5)))


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (
            lambda stock: stock.matrix.change(stock.item_index["nut"], stock.location_index["utr"], 0, 1, 0),
            {"units|nut|utr||": ((4, 0), (5, 0))},
        ),
        (
            move_receipt,
            {
                "dates|bolt|ams|po1": (29_000_000, 29_000_500),
                "dates|bolt|ams|po1|of units|": (29_000_000, 29_000_500),
                "dates|bolt|ams|po1|of units|vip": (29_000_000, 29_000_500),
            },
        ),
        (forget_date, {"dates|bolt|ams|po1": (29_000_000, 0)}),
        (add_capacity, {f"capacity|utr|{FIRST_DAY}": (3, 4), f"capacity|ams|{FIRST_DAY + 7}": (0, 1)}),
        (add_capacity_later, {f"capacity|rtm|{FIRST_DAY + 5_000}": (2, 3)}),
        (lose_hold, {"holds|hold-1": ((hold(1).text(), False), ("", False))}),
        (change_hold, {"holds|hold-1": ((hold(1).text(), False), (hold(1, 5).text(), False))}),
        (invent_hold, {"holds|hold-9": (("", False), (hold(9).text(), False))}),
        (lock_hold, {"holds|hold-1": ((hold(1).text(), False), (hold(1).text(), True))}),
        (open_location, {"takes no part|utr": (True, False)}),
        (lose_closing, {"closed|utr": ("1 1 0", "")}),
        (change_limit, {f"limits|{LIMITED}": ("4 1 2", "1 1 5")}),
        (invent_limit, {f"limits|ams|{FIRST_DAY}": ("", "1 1 5")}),
    ],
)
def test_what_differs_is_named_and_gone_when_the_stock_is_loaded_anew(
    engine: TestEngine, plant: Callable[[LiveStock], None], expected: dict[str, tuple[object, object]]
) -> None:
    assert engine.path.stock is not None
    assert differences(engine) == {}
    plant(engine.path.stock)
    assert differences(engine) == {name: {"store": store, "memory": memory} for name, (store, memory) in expected.items()}
    engine.path.stale = True
    assert engine.path.catch_up() and differences(engine) == {}


def test_what_others_did_meanwhile_is_no_difference(engine: TestEngine, server: ValkeyServer, tmp_path: Path) -> None:
    with TestEngine(server.url, f"sqlite:///{tmp_path}/ledger.db") as other:
        assert other.path.catch_up()
        more = put(change(1))
        other.path.run([more])
        assert more.reason is None
    auditor, stock = LiveAuditor(engine.store), engine.path.stock
    assert stock is not None and auditor.look(stock)
    assert engine.path.catch_up() and auditor.look(stock)


def test_part_that_could_not_be_compared_is_compared_later(engine: TestEngine, server: ValkeyServer, tmp_path: Path) -> None:
    """While another engine is ahead no part is passed over."""
    stock = engine.path.stock
    assert stock is not None
    with TestEngine(server.url, f"sqlite:///{tmp_path}/ledger.db") as other:
        assert other.path.catch_up()
        other.path.run([put(change(1))])
    auditor = LiveAuditor(engine.store)
    assert all(auditor.look(stock) for _ in range(LOOKS_MAX)) and auditor.rounds == 0
    assert engine.path.catch_up()
    stock.matrix.change(0, 0, 0, 1, 0)
    assert not auditor.look(stock)


class NothingSpans:
    """Nothing here lies in several shards."""

    def expect(self, spanning: Spanning) -> None:
        raise AssertionError

    def abandon(self, spanning: Spanning) -> None:
        raise AssertionError


def test_every_shard_is_looked_at(server: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds and limits lie in the shard of their name, capacity in its location's, dates in their item's."""
    monkeypatch.setattr(live_audit, "FIELDS_EACH", 3)
    shards, stores = Shards(2), []
    open_store(server.url)  # compiles what loading needs before a gate is open
    held = {f"hold-{n}": hold(n).text() for n in range(8)}
    for shard in range(2):
        partition, epoch = shards.partition(PARTITION, shard), 2 - shard
        gate = StoreGate(server.url, partition)
        gate.close(epoch)
        gate.open(epoch, ORIGIN, NO_LINK, Layout(epoch, 1))
        keys = Keys(partition).data(Layout(epoch, 1))
        with server.client() as client:
            for item in filter(lambda item: shards.of_item(item) == shard, ITEMS):
                client.hset(keys.supply(item, 0), "ams", 5)
                client.hset(keys.supply(item, 0), place_field("ehv", "po1", ""), 6)
                client.hset(keys.dates, date_field(item, "ehv", "po1"), 29_000_000)
            for location in filter(lambda location: shards.of_location(location) == shard, LOCATIONS):
                client.hset(keys.capacity(location), str(FIRST_DAY), 4)
            for name, hold_text in held.items():
                if shards.of_text(TextTable.HOLDS, "", name) == shard:
                    client.hset(keys.text(TextTable.HOLDS, "", ""), name, hold_text)
        options = {"record_lag_entries_max": 10, "record_lag_ms_max": 10, "item_ids": ITEMS, "location_ids": LOCATIONS}
        stores.append(StockStore(server.url, partition, **options))
    store = ShardedStore(stores, shards, NothingSpans(), 1_000)
    store.serve(ITEMS, LOCATIONS)
    stock = empty_stock()
    store.load().fill(stock)
    auditor = LiveAuditor(store)
    while auditor.rounds == 0:
        assert auditor.look(stock)
    lost = ["hold-1", "hold-2", "hold-5", "hold-7"]
    assert {shards.of_text(TextTable.HOLDS, "", name) for name in lost} == {0, 1}
    for name in lost:
        stock.holds.apply(name, "")
    for location in range(len(LOCATIONS)):
        stock._add_capacity(location, FIRST_DAY, 1)
    for item in range(len(ITEMS)):
        stock._move_receipt(item, 1, "po1", 29_000_001)
    with structlog.testing.capture_logs() as logs:
        while auditor.rounds == 1:
            auditor.look(stock)
    found = {name for line in logs for name in line["differences"]}
    assert found == {
        *(f"holds|{name}" for name in lost),
        *(f"capacity|{location}|{FIRST_DAY}" for location in LOCATIONS),
        *(f"dates|{item}|ehv|po1{rest}" for item in ITEMS for rest in ("", "|of units|")),
    }  # fmt: skip
    store.close()
