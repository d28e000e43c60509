"""What a write wants to change, guarded, and how the shared store answers: results are named, never raised."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Cell(NamedTuple):
    """One position, by ids. receipt_id "" is on hand, pool "" the common pool."""

    item_id: str
    location_id: str
    receipt_id: str
    pool: str


class CellChange(NamedTuple):
    """A change of one position and what must hold for it.

    `floor`: supply − demand after the change may not be below it; `supply_expected`: supply before it; None: not asked.
    `available_at_minute` sets the date of the receipt, None leaves it.
    """

    cell: Cell
    supply_delta: int
    demand_delta: int
    floor: int | None
    supply_expected: int | None
    available_at_minute: int | None


class CapacityChange(NamedTuple):
    """Capacity of a location on a local day (days since 1970); what is used after it may not be above `limit`."""

    location_id: str
    day: int
    quantity_delta: int
    limit: int


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


class Guard(IntEnum):
    """Which condition failed; the numbers are those of commit.lua."""

    FLOOR = 1
    SUPPLY = 2
    RANGE = 3
    CAPACITY = 4


class FailedGuard(NamedTuple):
    """A condition that failed, and what the store holds there: (supply, demand) of a cell, (used, 0) of a capacity.

    `place` points into the transaction's cells, or into its capacities where the guard is CAPACITY.
    """

    guard: Guard
    place: int
    current: tuple[int, int]


class Committed(NamedTuple):
    """Done in the store, at this position of its log; not yet recorded."""

    position: str


class Refused(NamedTuple):
    """Nothing was changed: somebody else was faster."""

    guards: tuple[FailedGuard, ...]


class Seen(NamedTuple):
    """The request id was committed before, and not necessarily recorded."""


class OrderExists(NamedTuple):
    """The order id was committed before, under another request id."""


class Closed(NamedTuple):
    """The gate is closed, or belongs to another epoch: nothing was changed."""


class TooFarBehind(NamedTuple):
    """The ledger lags behind the log by more than is allowed: nothing was changed."""


Outcome = Committed | Refused | Seen | OrderExists | Closed | TooFarBehind
