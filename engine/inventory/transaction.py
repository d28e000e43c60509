"""What a write wants to change, guarded, and how the shared store answers: results are named, never raised."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

CALLER_MARK = "@"
"""Begins the name of a caller where a location's stands: what a caller may hold is counted as capacity is."""


class Cell(NamedTuple):
    """One position, by ids. receipt_id "" is on hand, pool "" the common pool."""

    item_id: str
    location_id: str
    receipt_id: str
    pool: str


class CellChange(NamedTuple):
    """A change of one position and what must hold for it.

    `floor`: supply − demand after the change may not be below it; `supply_expected`, `demand_expected`, `minute_expected` (the
    date of the receipt): before it; None: not asked. `available_at_minute` sets the date of the receipt, None leaves it.
    """

    cell: Cell
    supply_delta: int
    demand_delta: int
    floor: int | None
    supply_expected: int | None
    available_at_minute: int | None
    demand_expected: int | None = None
    minute_expected: int | None = None

    @property
    def is_guard(self) -> bool:
        """Whether it is there for what must hold alone."""
        return self.floor is not None and not (self.supply_delta or self.demand_delta) and self.available_at_minute is None


class CapacityChange(NamedTuple):
    """Capacity of a location on a local day (days since 1970); what is used after it may not be above `limit`.

    With CALLER_MARK and a caller's name in place of the location, and day 0: active reservations of the caller.
    """

    location_id: str
    day: int
    quantity_delta: int
    limit: int


class TextTable(StrEnum):
    """What the texts of the store are about. Each is replaced as a whole, and guarded by what it was."""

    HOLDS = "holds"
    """By reservation id, while it is active: see `holds.py`."""
    FEEDS = "feeds"
    """By source: which of its sequences have been applied."""
    MARKS = "marks"
    """By place of an item: what the last count said of the position, and what happened since."""
    PEGS = "pegs"
    """By order: how many entries have changed it since it was made, those counted that are not recorded yet. By record of a
    reservation that became an order after it had expired: 1."""
    MOVES = "moves"
    """By place of an item, of a receipt: the request that last moved units of orders from there to what is on hand."""
    CLOSED = "closed"
    """By location: whether operations have taken it out, and until when; see `places.py`."""
    LIMITS = "limits"
    """By location and local day: what a limit set by operations takes of it; see `places.py`."""
    PARTS = "parts"
    """By part of a transaction over several shards, until the ledger's decision has reached the shard: see `parts.py`."""


LOCK = "#"
"""Begins a text that a part has locked; no other text begins so."""


class TextChange(NamedTuple):
    """A text of the shared store that becomes another one. `item_id` where the table is one an item, else "".

    `expected`: what it must be before, "" it must not exist, None: not asked. `text`: "" removes it.
    """

    table: TextTable
    item_id: str
    field: str
    expected: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """All of it or nothing. `order_id` names a record that must not exist yet; "" creates none.

    `request_digest` (32 bytes) tells a repeat of the request id from a reuse; `entry` is what the log keeps.
    """

    request_id: str
    request_digest: bytes
    order_id: str
    cells: tuple[CellChange, ...]
    capacities: tuple[CapacityChange, ...]
    entry: bytes
    texts: tuple[TextChange, ...] = ()
    shard: int | None = None


class Guard(IntEnum):
    """Which condition failed; the numbers are those of commit.lua."""

    FLOOR = 1
    SUPPLY = 2
    RANGE = 3
    CAPACITY = 4
    TEXT = 5
    DEMAND = 6
    DATE = 7


class FailedGuard(NamedTuple):
    """A condition that failed, and what the store holds there: (supply, demand) of a cell, (used, 0) of a capacity, a text.

    `place` points into the transaction's cells, into its capacities where the guard is CAPACITY, into its texts where it
    is TEXT.
    """

    guard: Guard
    place: int
    current: tuple[int, int]
    text: str = ""


class Committed(NamedTuple):
    """Done in the store, at this position of its log; not yet recorded."""

    position: str


class Refused(NamedTuple):
    """Nothing was changed: somebody else was faster."""

    guards: tuple[FailedGuard, ...]


class Seen(NamedTuple):
    """The request id was committed before, and not necessarily recorded."""


class OrderExists(NamedTuple):
    """The order id was committed before, under this other request id, and not necessarily recorded."""

    request_id: str


class Closed(NamedTuple):
    """The gate is closed, or belongs to another epoch: nothing was changed."""


class TooFarBehind(NamedTuple):
    """The ledger lags behind the log by more than is allowed: nothing was changed."""


Outcome = Committed | Refused | Seen | OrderExists | Closed | TooFarBehind
