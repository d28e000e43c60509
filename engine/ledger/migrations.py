"""The ledger's tables made, or brought from the version they are of to this program's, in one transaction."""

from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, inspect, make_url, select, update
from sqlalchemy.exc import OperationalError

from engine.inventory.gate import NO_LINK
from engine.ledger.database import open_database
from engine.ledger.projection import project_anew
from engine.ledger.tables import NO_CHAIN, OLDEST_VERSION, PROJECTED_VERSION, SCHEMA_VERSION, entries, fence, metadata

TABLES_LOCK = 0x62656C6F667466
"""Next to the number of the lease."""


class LedgerVersionError(RuntimeError):
    """The ledger is of a version that this program cannot use, and what to do."""


class WrongShards(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The ledger is of a network over another number of shards."""

    def __init__(self, found: int, asked: int) -> None:
        super().__init__(
            f"BELOFTE_SHARDS: the ledger holds a network over {found} shard{'s' * (found > 1)}, not {asked}: the number is"
            f" fixed with the first entry. Set BELOFTE_SHARDS={found}, or begin with an empty ledger and another partition."
        )


def prepare_tables(connection: Connection, shard_count: int = 1) -> None:
    """Make the tables and the fence's rows, one a shard, or bring them to this version.

    Raises LedgerVersionError, WrongShards.
    """
    if connection.dialect.name == "postgresql":
        # Two that make tables at once would both find none. SQLite has one writer anyway.
        connection.execute(select(func.pg_advisory_xact_lock(TABLES_LOCK)))
    if not inspect(connection).has_table(fence.name):
        metadata.create_all(connection)
        _make_fence(connection, shard_count)
    version = connection.execute(select(func.min(fence.c.schema_version))).scalar_one()
    count, is_used = _shards_in(connection)
    check_known(version)
    if count != shard_count:
        if is_used:
            raise WrongShards(count, shard_count)
        connection.execute(delete(fence))
        _make_fence(connection, shard_count)
    # A table or an index may come later than the others of its version: without it nothing was of use to it before.
    metadata.create_all(connection)
    if version < PROJECTED_VERSION:
        # Entries are what they were; what is made of them is made anew.
        project_anew(connection)
    connection.execute(update(fence).where(fence.c.schema_version != SCHEMA_VERSION).values(schema_version=SCHEMA_VERSION))
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def check_known(version: int) -> None:
    """Raise LedgerVersionError unless tables of a version can be brought to this one."""
    if not OLDEST_VERSION <= version <= SCHEMA_VERSION:
        raise LedgerVersionError(
            f"the ledger is of version {version}, this program takes {OLDEST_VERSION} to {SCHEMA_VERSION}: use a newer program"
        )


def check_shards(url: str, shard_count: int) -> None:
    """Raise WrongShards where a ledger is of another number of shards; one that cannot be asked now tells its sidecar."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return
    database = open_database(url)
    try:
        with database.connect() as connection:
            if inspect(connection).has_table(fence.name):
                count, is_used = _shards_in(connection)
                if is_used and count != shard_count:
                    raise WrongShards(count, shard_count)
    except OperationalError:
        return
    finally:
        database.dispose()


def shard_count_in(connection: Connection) -> int:
    """How many shards a ledger is of; 1 where there is none."""
    return _shards_in(connection)[0] if inspect(connection).has_table(fence.name) else 1


def _shards_in(connection: Connection) -> tuple[int, bool]:
    """How many shards a ledger is of, and whether anything was recorded of any."""
    count = connection.execute(select(func.count()).select_from(fence)).scalar_one()
    return count, connection.execute(select(entries.c.epoch).limit(1)).first() is not None


def _make_fence(connection: Connection, shard_count: int) -> None:
    first = {"schema_version": SCHEMA_VERSION, "epoch": 0, "last_epoch": 0, "last_sequence": 0}
    rows = [{**first, "id": shard + 1, "link": NO_LINK, "chain": NO_CHAIN} for shard in range(shard_count)]
    connection.execute(insert(fence), rows)


def check_version(connection: Connection) -> None:
    """For who reads without preparing the tables. Raises LedgerVersionError where they are of another version."""
    if not inspect(connection).has_table(fence.name):
        raise LedgerVersionError("there is no ledger: start the server once")
    version = connection.execute(select(func.min(fence.c.schema_version))).scalar_one()
    if version != SCHEMA_VERSION:
        raise LedgerVersionError(
            f"the ledger is of version {version}, this program of {SCHEMA_VERSION}: start the server once, it brings it there"
        )
