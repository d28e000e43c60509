"""The ledger's tables, for SQLite and PostgreSQL alike."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, text

SCHEMA_VERSION = 5
OLDEST_VERSION = 2
"""Ledgers from this version on are brought to the newest when a sidecar takes over."""

PROJECTED_VERSION = 3
"""The version that last changed what is made of the entries: in ledgers before it, that is made anew."""

CHANGED = -1
"""In place of a risk: the entry changed the order."""

NO_CHAIN = bytes(32)
"""Before the first entry."""

metadata = MetaData()

fence = Table(
    "fence",
    metadata,
    Column("id", Integer, primary_key=True),  # one row a shard of the network, from 1 on
    Column("schema_version", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),  # of the sidecar that took over last
    Column("last_epoch", BigInteger, nullable=False),  # position of the last entry, or of the opening after it
    Column("last_sequence", BigInteger, nullable=False),
    Column("link", String(40), nullable=False),  # of that, as the store's log has it
    Column("chain", LargeBinary(32), nullable=False),  # of the last entry, see recorder.chain_of
)

entries = Table(
    "entries",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", String(36), nullable=False),
    Column("created_id", String(160)),  # the record that it created; none twice
    Column("order_id", String(160)),  # the order or reservation that it made or changed
    Column("link", String(40), nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("recorded_unix_ms", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),  # a serialized LedgerEntry
    Index("entries_request", "request_id", unique=True),
    Index("entries_created", "created_id", unique=True),
    Index("entries_order", "order_id"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # position that it is of
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("chain", LargeBinary(32), nullable=False),  # of the entry there: it is anchored in the history
    Column("taken_unix_ms", BigInteger, nullable=False),
    Column("content_hash", LargeBinary(32), nullable=False),  # SHA-256 of the content
    Column("content", LargeBinary, nullable=False),  # see snapshot.py
)

cuts = Table(
    "cuts",
    metadata,
    Column("id", Integer, primary_key=True),  # 1: entries lose their content; 2: they may soon, see retention.py
    Column("epoch", BigInteger, nullable=False),  # of the snapshot that stands for entries up to it
    Column("sequence", BigInteger, nullable=False),
    Column("since_unix_ms", BigInteger, nullable=False),
)

# Of a network over several shards, see verdicts.py: an entry of one log counts where it does not contradict another's.

decisions = Table(
    "decisions",
    metadata,
    Column("hold_id", String(36), primary_key=True),  # what the parts of a write are held under
    Column("decision", String(9), nullable=False),  # a Decision; the first stands
    Column("position", String(1024), nullable=False),  # of the decision and of all parts, where it is confirmed; else empty
)

overruled = Table(
    "overruled",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # of an entry that does not count
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", String(36), nullable=False),  # that it was committed under
    Column("created_id", String(160), nullable=False),  # that its shard's store has for it; empty: none
    Column("why", String(16), nullable=False),  # an Overruled
    Column("is_undone", Integer, nullable=False),  # 0: what it changed of stock is still to be taken back
    Index("overruled_request", "request_id"),
    Index("overruled_left", "is_undone"),
)

# What follows is made of the entries, and can be dropped and made anew: see projection.py.

pegs = Table(
    "pegs",
    metadata,
    Column("order_id", String(160), primary_key=True),  # the order
    Column("item_id", String(128), primary_key=True),
    Column("location_id", String(128), primary_key=True),
    Column("receipt_id", String(128), primary_key=True),  # empty: on hand
    Column("pool", String(128), primary_key=True),  # empty: the common pool
    Column("quantity", BigInteger, nullable=False),  # base units of the order there
    Column("epoch", BigInteger, nullable=False),  # position of the entry that first gave it units there
    Column("sequence", BigInteger, nullable=False),
    Index(
        "pegs_receipt", "receipt_id", "item_id", "location_id", sqlite_where=text("receipt_id <> ''"),
        postgresql_where=text("receipt_id <> ''"),
    ),
    sqlite_with_rowid=False,
)  # fmt: skip

order_entries = Table(
    "order_entries",
    metadata,
    Column("order_id", String(160), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # of an entry that is not of this order alone
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("risk", Integer, primary_key=True, autoincrement=False),  # which of its risks is the order's; CHANGED: it changed it
    # For who follows the log: which orders an entry puts at risk.
    Index("order_entries_place", "epoch", "sequence"),
    sqlite_with_rowid=False,
)

orders = Table(
    "orders",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # place of the entry that made it
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", String(160), nullable=False),
    Column("created_unix_ms", BigInteger, nullable=False),
    Column("state", Integer, nullable=False),  # an OrderState
    Column("customer_id", String(128), nullable=False),
    Column("is_at_risk", Integer, nullable=False),  # 1: told so since it was last changed
    Column("due_unix_ms", BigInteger, nullable=False),  # when something of it ends by itself; 0: never
    Index("orders_state", "state", "created_unix_ms", "epoch", "sequence"),
    Index(
        "orders_customer", "customer_id", "created_unix_ms", "epoch", "sequence", sqlite_where=text("customer_id <> ''"),
        postgresql_where=text("customer_id <> ''"),
    ),
    Index(
        "orders_risk", "is_at_risk", "created_unix_ms", "epoch", "sequence", sqlite_where=text("is_at_risk = 1"),
        postgresql_where=text("is_at_risk = 1"),
    ),
    Index("orders_due", "due_unix_ms", sqlite_where=text("due_unix_ms > 0"), postgresql_where=text("due_unix_ms > 0")),
    sqlite_with_rowid=False,
)  # fmt: skip

order_shipments = Table(
    "order_shipments",
    metadata,
    Column("location_id", String(128), primary_key=True),  # where it comes from
    Column("state", Integer, primary_key=True, autoincrement=False),  # a ShipmentState
    Column("created_unix_ms", BigInteger, primary_key=True, autoincrement=False),  # of the order
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # of the order
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("since_unix_ms", BigInteger, nullable=False),  # how long one of these has been in this state
    Index("order_shipments_order", "epoch", "sequence"),
    sqlite_with_rowid=False,
)

returns = Table(
    "returns",
    metadata,
    Column("return_id", String(128), primary_key=True),
    Column("order_id", String(160), nullable=False),
    Column("body", LargeBinary, nullable=False),  # a serialized Return
    sqlite_with_rowid=False,
)

order_returns = Table(
    "order_returns",
    metadata,
    Column("reason", String(128), primary_key=True),  # of a line that comes back
    Column("created_unix_ms", BigInteger, primary_key=True, autoincrement=False),  # of the order
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # of the order
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

decline_counts = Table(
    "decline_counts",
    metadata,
    Column("location_id", String(128), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),  # UTC, days since 1970-01-01
    Column("served", BigInteger, nullable=False),  # lines that left it
    Column("declined", BigInteger, nullable=False),  # lines that it declined
    sqlite_with_rowid=False,
)

reservations = Table(
    "reservations",
    metadata,
    Column("reservation_id", String(128), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("state", Integer, nullable=False),  # a ReservationState
    Column("expires_unix_ms", BigInteger, nullable=False),
    Column("customer_id", String(128), nullable=False),
    Column("order_id", String(128), nullable=False),  # that it became; empty: none
    Column("epoch", BigInteger, nullable=False),  # position of the last change
    Column("sequence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # a serialized Reservation; the columns tell what is newer
    Index("reservations_state", "state", "expires_unix_ms", "reservation_id"),
)

# What the outbox knows of its own: where each subscriber stands, and what is not delivered to it yet.

subscribers = Table(
    "subscribers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", BigInteger, nullable=False),  # rises with each process that takes over; of an older one nothing is kept
    Column("epoch", BigInteger, nullable=False),  # position up to which every event was delivered, or is in letters; of a
    # network over shards, in the first one's log
    Column("sequence", BigInteger, nullable=False),
)

subscriber_logs = Table(
    "subscriber_logs",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),  # from 1 on: of the first log its own row tells
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

letters = Table(
    "letters",
    metadata,
    Column("subscriber", String(64), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # position of the entry that tells of the event
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(320), primary_key=True),
    Column("state", Integer, nullable=False),  # a LetterState
    Column("attempts", Integer, nullable=False),
    Column("due_unix_ms", BigInteger, nullable=False),  # of the next attempt
    Column("status", Integer, nullable=False),  # HTTP status of the last attempt; 0: no answer
    Column("why", String(200), nullable=False),  # what became of the last attempt, for a person
    Index("letters_state", "subscriber", "state"),
    sqlite_with_rowid=False,
)

# What decisions were made by, so that they can be made again; written by engines, not by the sidecar.

networks = Table(
    "networks",
    metadata,
    Column("key", String(64), primary_key=True),  # a hash of the content
    Column("kept_unix_ms", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),  # see engine.service.network_archive
)

deciders = Table(
    "deciders",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # as a decision's basis has it
    Column("network_key", String(64), nullable=False),
    Column("node_budget", BigInteger, nullable=False),
    Column("since_unix_ms", BigInteger, nullable=False),
)

erasures = Table(
    "erasures",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # of an entry that a customer was erased from
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_hash", LargeBinary(32), nullable=False),  # SHA-256 of the entry as it was recorded: the chain is over it
    Column("left_hash", LargeBinary(32), nullable=False),  # SHA-256 of the entry as it is now
    Column("erased_unix_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
