"""The recorder over both databases: who was overtaken changes nothing, and only what follows is recorded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1, sha256

import pytest
from sqlalchemy import create_engine, make_url, select

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.gate import NO_LINK, ORIGIN, LogEntry, link_of
from engine.ledger import database as database_module
from engine.ledger.database import open_database
from engine.ledger.lease import Lease
from engine.ledger.ledger import Ledger
from engine.ledger.recorder import BrokenLog, Fenced, Last, Recorder, chain_of
from engine.ledger.tables import NO_CHAIN, entries, fence
from tests.ledger.conftest import Database
from tests.stores import change, transaction

CLOCK = SystemClock()


@contextmanager
def taking_over(database: Database, above: int = 0) -> Iterator[Recorder]:
    recorder = Recorder.take_over(database.url, CLOCK, above)
    try:
        yield recorder
    finally:
        recorder.close()


def following(last: Last, count: int, epoch: int = 1, *, request_id: str = "", created_id: str = "") -> list[LogEntry]:
    """Entries as the store's log would have them after a position."""
    position, link = last.position, last.link
    log = []
    last_epoch, last_sequence = map(int, position.split("-"))
    first = last_sequence + 1 if epoch == last_epoch else 1
    for sequence in range(first, first + count):
        made = transaction(change(sequence), request_id=request_id)
        at = f"{epoch}-{sequence}"
        link = link_of(link, at, made.request_id, made.entry)
        log.append(LogEntry(at, position, made.request_id, created_id, link, made.entry))
        position = at
    return log


def rows(database: Database) -> list[tuple[object, ...]]:
    """Everything in the ledger."""
    engine = open_database(database.url)
    with engine.connect() as connection:
        found = [tuple(row) for table in (fence, entries) for row in connection.execute(select(table))]
    engine.dispose()
    return found


def test_first_takes_over_an_empty_ledger(database: Database) -> None:
    with taking_over(database) as recorder:
        assert (recorder.epoch, recorder.last) == (1, Last(ORIGIN, NO_LINK, NO_CHAIN))
        assert list(recorder.replay()) == []
    with taking_over(database) as recorder:
        assert recorder.epoch == 2
    with taking_over(database, above=40) as recorder:
        assert recorder.epoch == 41
    with taking_over(database, above=7) as recorder:
        assert recorder.epoch == 42


def test_entries_and_position_are_recorded_together(database: Database) -> None:
    with taking_over(database) as recorder:
        log = following(recorder.last, 3)
        recorder.record(log[:1])
        recorder.record(log[1:])
        assert recorder.last.position == "1-3"
        replayed = list(recorder.replay())
    assert [(each.position, each.request_id, each.entry) for each in replayed] == [
        (each.position, each.request_id, each.entry) for each in log
    ]
    with taking_over(database) as again:
        assert (again.epoch, again.last) == (2, recorder.last)
        more = following(again.last, 2, epoch=2)
        assert [each.position for each in more] == ["2-1", "2-2"]
        again.record(more)
    ledger = Ledger(database.url)
    found = ledger.find_requests([each.request_id for each in (*log, *more)])
    assert [found[each.request_id][:2] for each in more] == [(each.position, each.entry) for each in more]
    assert len(found) == 5
    assert [ledger.has_recorded(at) for at in ("1-3", "1-4", "2-2", "2-3")] == [True, False, True, False]
    ledger.close()


def test_chain_is_what_it_says(database: Database) -> None:
    """SHA-256 of (chain before, position, request id, SHA-256 of the entry): one changed byte changes all that follow."""
    with taking_over(database) as recorder:
        log = following(recorder.last, 3)
        recorder.record(log)
        chain = bytes(32)
        for each in log:
            text = f"{each.position} {each.request_id} {sha256(each.entry).hexdigest()}".encode()
            chain = sha256(chain + text).digest()
        assert recorder.last.chain == chain
    recorded = rows(database)
    assert recorded[0][-1] == chain and recorded[-1][6] == chain
    forged = log[0]._replace(entry=log[0].entry + b"\x00")
    assert chain_of(NO_CHAIN, forged) != chain_of(NO_CHAIN, log[0])
    text = f"{NO_LINK} 1-1 {log[0].request_id} {sha256(log[0].entry).hexdigest()}"
    assert log[0].link == sha1(text.encode(), usedforsecurity=False).hexdigest()


def test_overtaken_recorder_changes_nothing(database: Database) -> None:
    with taking_over(database) as old:
        old.record(following(old.last, 2))
        log = following(old.last, 2)
        with taking_over(database) as new:
            before = rows(database)
            with pytest.raises(Fenced):
                old.record(log)
            assert rows(database) == before
            new.record(log)
            with pytest.raises(Fenced):
                old.record(log)
            assert new.last.position == "1-4"
            assert len(list(new.replay())) == 4


def test_recorder_that_does_not_know_the_last_position_changes_nothing(database: Database) -> None:
    """Of the same epoch, as a copy of a process would be: the position must move from exactly what is known."""
    with taking_over(database) as recorder:
        twin = Recorder(recorder.database, CLOCK, recorder.epoch, recorder.last)
        log = following(recorder.last, 3)
        recorder.record(log[:2])
        before = rows(database)
        with pytest.raises(Fenced):
            twin.record(log)
        assert rows(database) == before


@pytest.mark.parametrize("how", ["gap", "again", "back", "link", "previous", "content", "epoch", "skipped epoch start"])
def test_what_does_not_follow_is_refused_whole(database: Database, how: str) -> None:
    with taking_over(database) as recorder:
        first = following(recorder.last, 3)
        recorder.record(first[:2])
        good, *_ = following(recorder.last, 1)
        elsewhere = following(Last(recorder.last.position, "f" * 40, NO_CHAIN), 1)
        bad = {
            "gap": following(recorder.last, 2)[1:],
            "again": first[1:2],
            "back": first[:1],
            "link": elsewhere,
            "previous": [good._replace(previous="1-1")],
            "content": [good._replace(entry=good.entry + b"\x00")],
            "epoch": following(recorder.last, 1, epoch=0),
            "skipped epoch start": following(recorder.last, 2, epoch=2)[1:],
        }[how]
        before = rows(database)
        with pytest.raises(BrokenLog):
            recorder.record(bad)
        with pytest.raises(BrokenLog):
            recorder.record([good, *bad])
        assert rows(database) == before
        recorder.record([good])


@pytest.mark.parametrize("what", ["request_id", "created_id"])
def test_request_and_created_ids_are_recorded_once(database: Database, what: str) -> None:
    """A store that forgot one may commit it again; to the ledger its log is broken, and nothing of the batch is kept."""
    name = {what: uuid7()}
    with taking_over(database) as recorder:
        recorder.record(following(recorder.last, 1, **name))
        before = rows(database)
        fresh = following(recorder.last, 1)
        last = Last(fresh[0].position, fresh[0].link, NO_CHAIN)
        with pytest.raises(BrokenLog, match="repeats what is recorded"):
            recorder.record([*fresh, *following(last, 1, **name)])
        assert rows(database) == before
        recorder.record(fresh)
        assert recorder.last.position == "1-2"


def test_many_take_over_at_once(database: Database) -> None:
    """Of an empty ledger: the tables are made once, and each has an epoch of its own."""
    epochs: list[int] = []
    failures: list[BaseException] = []
    ready = threading.Barrier(4)

    def take_over() -> None:
        try:
            ready.wait()
            for _ in range(3):
                with taking_over(database) as recorder:
                    epochs.append(recorder.epoch)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=take_over) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(epochs) == list(range(1, 13))


def test_orders_are_found_by_id(database: Database) -> None:
    with taking_over(database) as recorder:
        made = transaction(change(1), order_id="order-1")
        link = link_of(NO_LINK, "1-1", made.request_id, made.entry)
        recorder.record([LogEntry("1-1", ORIGIN, made.request_id, "order-1", link, made.entry)])
        recorder.record(following(recorder.last, 1))
    ledger = Ledger(database.url)
    (found,) = ledger.find_order("order-1")
    assert found[:2] == ("1-1", made.entry)
    assert ledger.find_order("order-2") == ()
    assert ledger.find_requests([]) == {}
    ledger.close()


# -- the databases themselves


def test_every_connection_waits_for_the_disk(database: Database) -> None:
    engine = open_database(database.url)
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            if engine.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == database_module.SQLITE_FULL
            else:
                assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
                assert connection.exec_driver_sql("SHOW fsync").scalar_one() == "on"
    engine.dispose()


def test_durability_that_was_turned_off_elsewhere_is_set_again(database: Database) -> None:
    url = make_url(database.url)
    if url.get_backend_name() == "sqlite":
        other = create_engine(url)
        with other.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode=DELETE").scalar_one() == "delete"
        other.dispose()
    else:
        other = create_engine(url.set(drivername="postgresql+psycopg"))
        with other.begin() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {url.database} SET synchronous_commit TO off")
        other.dispose()
    test_every_connection_waits_for_the_disk(database)


def test_database_that_cannot_be_made_durable_is_refused() -> None:
    """A database in memory has no log to write ahead."""
    engine = open_database("sqlite:///:memory:")
    with pytest.raises(AssertionError, match="would not be durable: memory"):
        engine.connect()
    engine.dispose()


def test_lease_is_held_by_one_and_goes_with_it(database: Database) -> None:
    first, second = Lease(database.url), Lease(database.url)
    assert first.wait(lambda: False)
    asked: list[bool] = []

    def is_stopping() -> bool:
        asked.append(True)
        return len(asked) == 2

    assert not second.wait(is_stopping)
    first.release()
    assert second.wait(lambda: False)
    second.release()
