"""Who waits for the ledger says so: where it is, who has it, and what to do. What cannot come right ends the wait."""

import os
import socket
from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from engine.ledger.lease import Lease, LedgerRefused
from tests.ledger.conftest import Database
from tests.postgres_server import PostgresServer

UNREACHABLE = "postgresql://someone:hush-hush@127.0.0.1:1/ledger"


def after(tries: int) -> Callable[[], bool]:
    """Stop after so many tries."""
    numbers = count(1)
    return lambda: next(numbers) >= tries


def test_database_out_of_reach_is_named_without_its_password() -> None:
    with capture_logs() as logs:
        assert not Lease(UNREACHABLE).wait(after(2))
    (line,) = logs
    assert line["log_level"] == "warning"
    assert "'ledger' at 127.0.0.1:1 cannot be reached" in line["event"]
    assert "BELOFTE_LEDGER_URL" in line["event"]
    assert "hush-hush" not in str(line)


def test_database_that_comes_back_is_taken(postgres: PostgresServer) -> None:
    lease = Lease(postgres.new_database())
    postgres.stop()
    stopping = iter([False])
    try:
        with capture_logs() as logs:
            assert not lease.wait(lambda: next(stopping, True))
    finally:
        postgres.start()
    assert ["cannot be reached" in line["event"] for line in logs] == [True]
    assert lease.wait(after(5))
    lease.release()


@pytest.mark.parametrize("missing", ["database", "role"])
def test_database_or_role_that_is_not_there_ends_the_wait(postgres: PostgresServer, missing: str) -> None:
    url = make_url(postgres.new_database())
    wrong = url.set(database="nothing") if missing == "database" else url.set(username="nobody-here")
    with pytest.raises(LedgerRefused, match=f'{missing} "[a-z-]+" does not exist.*BELOFTE_LEDGER_URL'):
        Lease(wrong.render_as_string(hide_password=False)).wait(after(1))


@pytest.mark.parametrize(
    ("why", "is_final"),
    [
        ('FATAL:  password authentication failed for user "someone"', True),
        ("fe_sendauth: no password supplied", True),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "someone", database "ledger", no encryption', True),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  sorry, too many clients already", False),
        ("connection timeout expired", False),
    ],
)
def test_only_what_cannot_come_right_ends_the_wait(monkeypatch: pytest.MonkeyPatch, why: str, is_final: bool) -> None:
    """In the words of PostgreSQL: its test server lets everybody in."""
    lease = Lease(UNREACHABLE)

    def refuse() -> None:
        raise OperationalError("", None, Exception(f"connection failed:\n{why}"))

    monkeypatch.setattr(lease, "_connect", refuse)
    if is_final:
        with pytest.raises(LedgerRefused) as refused:
            lease.wait(after(1))
        assert why.replace("  ", " ") in str(refused.value)
        assert "hush-hush" not in str(refused.value)
    else:
        assert not lease.wait(after(1))


def test_second_process_names_the_one_it_waits_for(database: Database) -> None:
    first, second = Lease(database.url), Lease(database.url)
    assert first.wait(after(1))
    with capture_logs() as logs:
        assert not second.wait(after(3))
    (line,) = logs
    assert "stands by" in line["event"]
    assert line["holder"] == f"belofte-ledger {os.getpid()} on {socket.gethostname()}"
    first.release()
    with capture_logs() as logs:
        assert second.wait(after(50))
    assert [line["event"] for line in logs] == ["this process records the ledger now"]
    second.release()
