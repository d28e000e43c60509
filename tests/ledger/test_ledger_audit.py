"""The audit: nothing is found where nothing is wrong, also while the store is sold from, and every difference is named."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import update

from engine.domain.clock import SystemClock
from engine.inventory.keys import Keys
from engine.inventory.transaction import Committed, TextTable
from engine.ledger.audit import Auditor, AuditRefusedError, Difference, Report
from engine.ledger.database import open_database, write_to
from engine.ledger.tables import entries
from tests.ledger.conftest import Database
from tests.sidecars import RunningSidecar, TestEngine
from tests.stores import ITEMS, LOCATIONS, PARTITION, change, text, transaction, use
from tests.valkey_server import ValkeyServer
from tests.writes import put

KEYS = Keys(PARTITION)


@contextmanager
def recording(server: ValkeyServer, database: Database) -> Iterator[TestEngine]:
    """An engine whose writes are recorded."""
    with RunningSidecar(server.url, database.url), TestEngine(server.url, database.url) as engine:
        engine.path.catch_up()
        yield engine


def fill(engine: TestEngine, count: int = 30) -> None:
    """Stock, capacity, receipts, texts and orders."""
    writes = []
    for n in range(count):
        write = put(
            change(5 + n % 3, n % 2, ITEMS[n % 3], LOCATIONS[n % 4]),
            change(7, 0, ITEMS[n % 3], LOCATIONS[n % 4], "po1", minute=29_000_000 + n),
        )
        write.order_id = f"order-{n}"
        writes.append(write)
    engine.path.run(writes)
    for write in writes:
        assert write.reason is None
    made = transaction(
        change(1), capacities=[use(3, 9)], texts=[text("shop", "1-9"), text("ams", "5", table=TextTable.MARKS, item="bolt")]
    )
    assert isinstance(engine.store.commit([made], engine.path._epoch, engine.path.position).outcomes[0], Committed)
    engine.path.catch_up()


def audit(server: ValkeyServer, database: Database) -> Report:
    told: list[tuple[int, int]] = []
    report = Auditor(server.url, PARTITION, database.url, SystemClock()).run(lambda done, count: told.append((done, count)))
    assert told[-1] == (report.hashes, report.hashes)
    return report


def layout_prefix(server: ValkeyServer) -> str:
    with server.client() as client:
        layout = client.get(KEYS.layout)
    assert isinstance(layout, bytes)
    return f"{KEYS.tag}{int(layout.split()[0])}:"


def test_equal_contents_have_equal_digests(server: ValkeyServer, database: Database) -> None:
    with recording(server, database) as engine:
        fill(engine)
        report = audit(server, database)
        assert report.is_clean and report.ledger_digest == report.store_digest
        assert report.position == engine.path.position and report.entries == 31
        assert report.fields > 40
        again = audit(server, database)
        assert again.ledger_digest == report.ledger_digest
        write = put(change(1))
        engine.path.run([write])
        assert write.reason is None
        assert audit(server, database).ledger_digest != report.ledger_digest


def test_each_difference_is_named(server: ValkeyServer, database: Database) -> None:
    """A quantity that was changed, one that is gone, one that came from nowhere, and a record that is another's."""
    with recording(server, database) as engine:
        fill(engine)
        prefix = layout_prefix(server)
        with server.client() as client:
            before = client.hget(f"{prefix}supply:bolt:0", "ams")
            client.hset(f"{prefix}supply:bolt:0", "ams", 1)
            client.hdel(f"{prefix}supply:lamp:0", "ehv")
            client.hset(f"{prefix}demand:ghost:0", "ams", 3)
            client.hset(f"{prefix}orders", "order-1", "another")
        report = audit(server, database)
        assert before is not None and not report.is_clean and report.difference_count == 4
        assert report.ledger_digest != report.store_digest
        found = {(each.key, each.field): (each.ledger, each.store) for each in report.differences}
        assert found["supply:bolt:0", "ams"] == (before.decode(), "1")
        assert found["supply:lamp:0", "ehv"][1] == "" and found["demand:ghost:0", "ams"] == ("", "3")
        assert found["orders", "order-1"][1] == "another"
        assert isinstance(report.differences[0], Difference)


def test_a_store_that_is_sold_from_is_audited(server: ValkeyServer, database: Database) -> None:
    with recording(server, database) as engine:
        fill(engine)
        stop = threading.Event()

        def write() -> None:
            n = 0
            while not stop.is_set():
                n += 1
                engine.path.run([put(change(1, 1, ITEMS[n % 3], LOCATIONS[n % 4]))])

        writer = threading.Thread(target=write)
        writer.start()
        try:
            reports = [audit(server, database) for _ in range(10)]
        finally:
            stop.set()
            writer.join()
        assert all(report.is_clean and report.ledger_digest == report.store_digest for report in reports)
        assert reports[0].entries < reports[-1].entries


def test_history_that_was_changed_is_found(server: ValkeyServer, database: Database) -> None:
    with recording(server, database) as engine:
        fill(engine)
        assert audit(server, database).broken_at == ""
        engine_of_ledger = open_database(database.url)
        with write_to(engine_of_ledger) as connection:
            changed = (entries.c.epoch == 1) & (entries.c.sequence == 7)
            connection.execute(update(entries).where(changed).values(request_id="00000000-0000-7000-8000-000000000000"))
        engine_of_ledger.dispose()
        report = audit(server, database)
        assert report.broken_at == "1-7" and not report.is_clean


def test_store_without_a_ledger_of_its_own_is_refused(server: ValkeyServer, database: Database) -> None:
    with pytest.raises(AuditRefusedError, match="holds nothing"):
        audit(server, database)
