"""Ledgers copied from either database into either, proven; backed up while they are recorded, restored and moved by command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine.inventory.shards import Shards
from engine.ledger import copying
from engine.ledger.copying import CopyError, copy_ledger
from engine.ledger.database import open_database, write_to
from engine.ledger.migrations import LedgerVersionError
from engine.ledger.recorder import replay
from engine.ledger.tables import entries, letters, metadata, subscribers
from engine.tools.erase import Eraser
from engine.tools.stock_then import verify_chain
from tests.acceptance.server import ROOT
from tests.ledger.conftest import Database
from tests.ledger.test_migrations import entries_of_a_log, fill_version_2
from tests.postgres_server import PostgresServer
from tests.service.recorded_log import RecordedLog
from tests.tools.test_erase import NOW, held, shipped, sourced


def filled(url: str) -> list[str]:
    """Entries, some of them erased, and a subscriber with a letter; their positions."""
    log = RecordedLog(url)
    positions = log.record(
        *(sourced(f"o{n}", "anna" if n % 2 else "bram") for n in range(25)), held("r1", "bram"), shipped("o3")
    )
    log.close()
    engine = open_database(url)
    assert Eraser(engine, NOW).erase("anna") == 13
    with write_to(engine) as connection:
        connection.execute(subscribers.insert().values(name="erp", holder=3, epoch=1, sequence=4))
        letter = {"subscriber": "erp", "epoch": 1, "sequence": 2, "event_id": "e", "state": 1, "attempts": 9, "due_unix_ms": 5}
        connection.execute(letters.insert().values(**letter, status=500, why="HTTP 500"))
    engine.dispose()
    return positions


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = open_database(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(tuple(row) for row in connection.execute(select(table))) for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def copied(source: str, target: str) -> int:
    engines = open_database(source), open_database(target)
    try:
        return copy_ledger(*engines)
    finally:
        for engine in engines:
            engine.dispose()


@pytest.fixture
def other(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/copy/ledger.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.mark.parametrize("other", ["sqlite", "postgresql"], indirect=True)
def test_a_copy_is_equal_and_goes_on(database: Database, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "ROWS_EACH", 7)
    positions = filled(database.url)
    assert copied(database.url, other) == len(positions)
    assert contents(other) == contents(database.url)
    log = RecordedLog(other)
    (position,) = log.record(sourced("later", "cato"))
    log.close()
    assert position == "2-1"
    engine = open_database(other)
    verify_chain(engine, position)
    engine.dispose()
    with pytest.raises(CopyError, match="holds a ledger already"):
        copied(database.url, other)


def test_a_broken_source_is_not_copied_in_silence(database: Database, tmp_path: Path) -> None:
    positions = filled(database.url)
    engine = open_database(database.url)
    with write_to(engine) as connection:
        connection.execute(update(entries).where(entries.c.sequence == 5).values(entry=b""))
    engine.dispose()
    with pytest.raises(CopyError, match=f"entry {positions[4]} is not"):
        copied(database.url, f"sqlite:///{tmp_path}/copy.db")


def test_nothing_is_copied_of_an_older_ledger(database: Database, tmp_path: Path) -> None:
    engine = open_database(database.url)
    with write_to(engine) as connection:
        fill_version_2(connection, entries_of_a_log(2))
    engine.dispose()
    with pytest.raises(LedgerVersionError, match="start the server once"):
        copied(database.url, f"sqlite:///{tmp_path}/copy.db")


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    variables = {name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_")}
    variables.update({f"BELOFTE_{name.upper()}": value for name, value in settings.items()})
    command = [sys.executable, str(ROOT / "server.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=60, check=False)


def test_backed_up_restored_and_moved_by_command(postgres: PostgresServer, tmp_path: Path) -> None:
    data, url = tmp_path / "data", postgres.new_database()
    positions = filled(f"sqlite:///{data}/ledger.sqlite3")
    before = contents(f"sqlite:///{data}/ledger.sqlite3")

    moved = run("move-ledger", "--to", url, "--data-dir", str(data))
    assert (moved.returncode, f"{len(positions)} entries are in" in moved.stdout) == (0, True), moved.stderr
    assert contents(url) == before
    again = run("move-ledger", "--to", url, "--data-dir", str(data))
    assert (again.returncode, "holds a ledger already" in again.stderr) == (1, True)

    file = tmp_path / "monday.sqlite3"
    log = RecordedLog(url)
    backup = run("backup", str(file), ledger_url=url)
    assert backup.returncode == 0, backup.stderr
    log.close()
    assert run("backup", str(file), ledger_url=url).returncode == 2

    restored = run("restore", str(file), "--data-dir", str(tmp_path / "new"))
    assert restored.returncode == 0, restored.stderr
    engine = open_database(f"sqlite:///{tmp_path}/new/ledger.sqlite3")
    assert [each.position for each in replay(engine)] == positions
    verify_chain(engine, positions[-1])
    engine.dispose()
    assert run("restore", str(file), "--data-dir", str(tmp_path / "new")).returncode == 1
    wrong = tmp_path / "wrong"
    wrong.write_text("no ledger " * 100)
    refused = run("restore", str(wrong), "--data-dir", str(tmp_path / "third"))
    assert (refused.returncode, "is no ledger that can be restored" in refused.stderr) == (1, True), refused.stderr


def test_a_ledger_over_shards_is_backed_up_and_restored(tmp_path: Path) -> None:
    data, shards, file = tmp_path / "data", Shards(2), tmp_path / "monday.sqlite3"
    url = f"sqlite:///{data}/ledger.sqlite3"
    for shard in range(shards.count):
        log = RecordedLog(url, shard, shards)
        log.record(*(sourced(f"o{shard}-{n}", "anna") for n in range(5)))
        log.close()
    assert run("backup", str(file), "--data-dir", str(data)).returncode == 0
    restored = run("restore", str(file), "--data-dir", str(tmp_path / "new"))
    assert restored.returncode == 0, restored.stderr
    assert contents(f"sqlite:///{tmp_path}/new/ledger.sqlite3") == contents(url)


def test_a_ledger_in_use_is_not_moved(tmp_path: Path) -> None:
    from engine.ledger.lease import Lease

    data = tmp_path / "data"
    filled(f"sqlite:///{data}/ledger.sqlite3")
    lease = Lease(f"sqlite:///{data}/ledger.sqlite3")
    assert lease.wait(lambda: False)
    refused = run("move-ledger", "--to", f"sqlite:///{tmp_path}/to.db", "--data-dir", str(data))
    lease.release()
    assert (refused.returncode, "stop the server first" in refused.stderr) == (1, True)
    assert not (tmp_path / "to.db").exists()
