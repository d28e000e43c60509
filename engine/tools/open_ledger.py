"""The ledger of some settings, for a command: opened, or a message that says what is wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from engine.inventory.shards import Shards
from engine.ledger.database import open_database
from engine.ledger.ledger import Ledger
from engine.ledger.migrations import LedgerVersionError, check_version, shard_count_in
from engine.ledger.tables import entries
from engine.service.settings import Settings, mask_url
from engine.tools.terminal import EXIT_MISUSED, EXIT_REFUSED, counted, fail


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Engine]:
    """The ledger's database, of this program's version; or a message that says what is wrong."""
    url = settings.ledger_url_in_use
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        fail(f"there is no ledger {parsed.database}: name its data folder, or set BELOFTE_LEDGER_URL", EXIT_MISUSED)
    database = open_database(url)
    try:
        with database.connect() as connection:
            check_version(connection)
        yield database
    except LedgerVersionError as error:
        fail(f"{mask_url(url)}: {error}", EXIT_REFUSED)
    except SQLAlchemyError as error:
        fail(f"the ledger {mask_url(url)} cannot be used: {' '.join(str(error.__cause__ or error).split())}", EXIT_REFUSED)
    finally:
        database.dispose()


def reader_of(settings: Settings, database: Engine) -> Ledger:
    """Its reader, of as many shards as it holds: a command need not be told."""
    with database.connect() as connection:
        count = shard_count_in(connection)
    return Ledger(settings.ledger_url_in_use, Shards(count))


@contextmanager
def reading(database: Engine, times: int) -> Iterator[Callable[[], None]]:
    """Counts entries that are read, all of them so many times."""
    with database.connect() as connection:
        total = times * connection.execute(select(func.count()).select_from(entries)).scalar_one()
    with counted("Reading the ledger", None) as advance:
        read = 0

        def told() -> None:
            nonlocal read
            read += 1
            if read % 1_000 == 0:
                advance(min(read, total), total)

        yield told
