"""The live auditor: equal stock is left alone, a position that differs is named and the stock loaded anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from engine.inventory.live_audit import LiveAuditor
from tests.sidecars import RunningSidecar, TestEngine
from tests.stores import change
from tests.valkey_server import ValkeyServer
from tests.writes import Take, put


@pytest.fixture
def engine(server: ValkeyServer, tmp_path: Path) -> Iterator[TestEngine]:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with RunningSidecar(server.url, url), TestEngine(server.url, url) as made:
        assert made.path.catch_up()
        filled = put(change(9), change(4, item="nut", location="utr"), change(3, receipt="po1", minute=29_000_000))
        take = Take(2)
        for write in (filled, take):
            made.path.run([write])
            assert write.reason is None
        yield made


def test_equal_stock_is_left_alone(engine: TestEngine) -> None:
    auditor, stock = LiveAuditor(engine.store), engine.path.stock
    assert stock is not None
    assert all(auditor.look(stock) for _ in range(5))
    assert auditor.rounds >= 3


def test_a_position_that_differs_is_named(engine: TestEngine) -> None:
    auditor, stock = LiveAuditor(engine.store), engine.path.stock
    assert stock is not None
    stock.matrix.change(stock.item_index["nut"], stock.location_index["utr"], 0, 1, 0)
    with structlog.testing.capture_logs() as logs:
        assert not auditor.look(stock)
    (line,) = [each for each in logs if each["event"] == "stock in memory differs from the store"]
    assert line["positions"] == {"nut|utr||": {"store": (4, 0), "memory": (5, 0)}}


def test_what_others_did_meanwhile_is_no_difference(engine: TestEngine, server: ValkeyServer, tmp_path: Path) -> None:
    with TestEngine(server.url, f"sqlite:///{tmp_path}/ledger.db") as other:
        assert other.path.catch_up()
        more = put(change(1))
        other.path.run([more])
        assert more.reason is None
    auditor, stock = LiveAuditor(engine.store), engine.path.stock
    assert stock is not None and auditor.look(stock)
    assert engine.path.catch_up() and auditor.look(stock)
