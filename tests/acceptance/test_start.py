"""A server that cannot begin yet says what it waits for; one that never will says why, and ends."""

from pathlib import Path

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


def test_second_server_on_one_ledger_stands_by_and_takes_over(folder: Path) -> None:
    """Both on one store and one ledger outside. The second says whom it waits for, and serves when the first has ended."""
    with ValkeyServer() as valkey:
        shared = {"redis_url": valkey.url, "ledger_url": f"sqlite:///{folder / 'ledger.sqlite3'}"}
        first, second = Server(folder / "1", **shared), Server(folder / "2", **shared)
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
