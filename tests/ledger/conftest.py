"""Valkey for a test of its own, and a ledger in either database."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from tests.postgres_server import PostgresServer
from tests.valkey_server import ValkeyServer


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    """May be killed and restarted by the test."""
    with ValkeyServer() as started:
        yield started


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as started:
        yield started


@dataclass
class Database:
    """One database for a ledger: its URL, and how it is lost."""

    url: str

    def lose(self) -> None:
        """All tables gone; nobody may be connected."""
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite":
            assert url.database
            for suffix in ("", "-wal", "-shm"):
                Path(url.database + suffix).unlink(missing_ok=True)
            return
        engine = create_engine(url.set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path}/ledger.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return Database(server.new_database())
