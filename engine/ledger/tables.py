"""The ledger's tables, for SQLite and PostgreSQL alike."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA_VERSION = 1

metadata = MetaData()

fence = Table(
    "fence",
    metadata,
    Column("id", Integer, primary_key=True),  # there is one row: 1
    Column("schema_version", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),  # of the sidecar that took over last
    Column("last_epoch", BigInteger, nullable=False),  # position of the last entry
    Column("last_sequence", BigInteger, nullable=False),
    Column("link", String(40), nullable=False),  # of the last entry, as the store's log has it
    Column("chain", LargeBinary(32), nullable=False),  # of the last entry, see recorder.chain_of
)

entries = Table(
    "entries",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", String(36), nullable=False),
    Column("created_id", String(128)),  # the record that it created; none twice
    Column("order_id", String(128)),  # the order that it made or changed
    Column("link", String(40), nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("recorded_unix_ms", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),  # a serialized LedgerEntry
    Index("entries_request", "request_id", unique=True),
    Index("entries_created", "created_id", unique=True),
    Index("entries_order", "order_id"),
)
