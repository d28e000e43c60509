"""Snapshots and retention by command: of a network over shards neither, whoever asks."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.inventory.shards import Shards
from engine.ledger.database import open_database
from engine.ledger.tables import snapshots
from tests.service.recorded_log import RecordedLog
from tests.tools.test_copying import run
from tests.tools.test_erase import sourced


@pytest.mark.parametrize("command", [["snapshot"], ["retain", "--days", "1"]])
def test_a_ledger_over_shards_is_left_as_it_is(tmp_path: Path, command: list[str]) -> None:
    """What one log alone has recorded would add up to a whole: the ledger says what it is, not who asks."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    log = RecordedLog(url, 0, Shards(2))
    log.record(*(sourced(f"o{number}", "anna") for number in range(5)))
    log.close()
    asked = run(*command, "--data-dir", str(tmp_path))
    assert (asked.returncode, "a network over 2 shards" in asked.stderr) == (2, True), asked
    database = open_database(url)
    with database.connect() as connection:
        assert connection.execute(select(func.count()).select_from(snapshots)).scalar_one() == 0
    database.dispose()
