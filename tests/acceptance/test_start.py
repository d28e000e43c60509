"""A server that cannot begin yet says what it waits for; one that never will says why, and ends."""

import contextlib
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.acceptance.asking import source, stocked
from tests.acceptance.server import START_SECONDS_MAX, STOP_SECONDS_MAX, Server, wait_for
from tests.postgres_server import PostgresServer
from tests.valkey_server import ValkeyServer

SAID_SECONDS_MAX = 60.0


def test_ledger_out_of_reach_is_named_while_the_server_tries_again(folder: Path) -> None:
    """Nothing listens on port 1. Asked to stop, it stops; its password is never written."""
    server = Server(folder, ledger_url="postgresql://someone:hush-hush@127.0.0.1:1/ledger")
    try:
        server.launch()
        wait_for(lambda: "'ledger' at 127.0.0.1:1 cannot be reached: trying again" in server.log_text(), SAID_SECONDS_MAX)
        assert server.terminate() == 0
    finally:
        server.end()
    assert "hush-hush" not in server.log_text() + (folder / "out").read_text()


def test_ledger_that_is_not_there_ends_the_server_with_its_reason(folder: Path) -> None:
    with PostgresServer() as postgres:
        url = make_url(postgres.new_database()).set(database="nothing").render_as_string(hide_password=False)
        server = Server(folder, ledger_url=url)
        try:
            assert server.launch().wait(STOP_SECONDS_MAX) == 1
        finally:
            server.end()
    assert 'database "nothing" does not exist' in " ".join(server.log_text().split())
    assert "Traceback" not in server.log_text()


@pytest.mark.parametrize("ledger_url", ["", "sqlite:///{data}/books/ledger.db"])
def test_second_server_on_a_ledger_in_the_data_folder_is_refused(folder: Path, ledger_url: str) -> None:
    """Also where the store is outside: it ends with code 1. A server that was killed holds nothing: the next one serves."""
    with ValkeyServer() as valkey:
        shared = {"redis_url": valkey.url, "ledger_url": ledger_url.format(data=folder / "1" / "data")}
        first, second = Server(folder / "1", **shared), Server(folder / "2", **shared)
        (folder / "2" / "data").symlink_to(folder / "1" / "data")
        try:
            first.start()
            item = stocked(first, A=2)
            assert second.launch().wait(SAID_SECONDS_MAX) == 1
            second.end()
            said = " ".join(second.log_text().split())
            assert said == (
                f"the data folder {folder / '1' / 'data'} is in use by process {first.pid}: stop that process, or choose"
                " another folder with BELOFTE_DATA_DIR"
            )
            assert source(first, (item, 1)).order_id
            first.kill()
            second.start()
            assert source(second, (item, 1)).order_id
            assert second.terminate() == 0
        finally:
            first.end()
            second.end()


@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
def test_second_server_on_one_ledger_stands_by_and_takes_over(folder: Path, ledger: str) -> None:
    """Both on one store and one ledger outside. The second says whom it waits for, and serves when the first has ended.

    With nothing in it, they may share the data folder as well.
    """
    with ValkeyServer() as valkey, contextlib.ExitStack() as databases:
        if ledger == "sqlite":
            ledger_url = f"sqlite:///{folder / 'ledger.sqlite3'}"
        else:
            ledger_url = databases.enter_context(PostgresServer()).new_database()
        shared = {"redis_url": valkey.url, "ledger_url": ledger_url}
        first, second = Server(folder / "1", **shared), Server(folder / "2", **shared)
        (folder / "1" / "data").mkdir()
        (folder / "2" / "data").symlink_to(folder / "1" / "data")
        try:
            first.start()
            item = stocked(first, A=2)
            source(first, (item, 1))
            holder = first.child("ledger")
            assert holder is not None
            second.launch()
            event = "another process records this ledger: this one stands by, and takes over when it ends"
            wait_for(lambda: bool(second.logs(event)), SAID_SECONDS_MAX)
            assert second.logs(event)[0]["holder"].startswith(f"belofte-ledger {holder.pid} on ")
            assert first.terminate() == 0
            second.await_address(START_SECONDS_MAX)
            assert source(second, (item, 1)).order_id
            assert second.terminate() == 0
        finally:
            first.end()
            second.end()
