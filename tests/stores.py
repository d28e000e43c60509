"""The shared store as tests set it up: transactions with their entries, and a store opened without a ledger."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

import numpy as np
import redis
from belofte.v1 import ledger_entry_pb2

from engine.domain.ids import uuid7
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import FEW_ROWS_MAX, PositionChange, add_effects, changes_of
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate
from engine.inventory.hash_reader import FieldNumbers
from engine.inventory.keys import Layout, date_field, place_field
from engine.inventory.live import LiveStock
from engine.inventory.store import StockImage, StockStore
from engine.inventory.stored import StoredPart, StoredPositions
from engine.inventory.transaction import CapacityChange, Cell, CellChange, TextChange, TextTable, Transaction
from engine.kernels.replies import read_hashes

PARTITION = "test"
ITEMS = ("bolt", "lamp", "nut")
LOCATIONS = ("ams", "ehv", "rtm", "utr")
FIRST_DAY = 20_000
LAG_ENTRIES_MAX, LAG_MS_MAX = 1_000_000, 60_000


def change(
    supply: int = 0, demand: int = 0, item: str = "bolt", location: str = "ams", receipt: str = "", pool: str = "", *,
    floor: int | None = None, expected: int | None = None, minute: int | None = None,
) -> CellChange:  # fmt: skip
    """A change of one position; its condition and date by name."""
    return CellChange(Cell(item, location, receipt, pool), supply, demand, floor, expected, minute)


def use(quantity: int, limit: int, location: str = "ams", day: int = FIRST_DAY) -> CapacityChange:
    """Capacity taken."""
    return CapacityChange(location, day, quantity, limit)


def text(field: str, new: str, expected: str | None = None, table: TextTable = TextTable.FEEDS, item: str = "") -> TextChange:
    """A text of the store that becomes another one."""
    return TextChange(table, item, field, expected, new)


def transaction(
    *cells: CellChange, capacities: Sequence[CapacityChange] = (), texts: Sequence[TextChange] = (), request_id: str = "",
    order_id: str = "", note: bytes = b"",
) -> Transaction:  # fmt: skip
    """A transaction whose entry says what it changes, under a new request id unless one is given."""
    request_id = request_id or uuid7()
    digest = sha256(request_id.encode() + note).digest()
    entry = ledger_entry_pb2.LedgerEntry(request_id=request_id, request_digest=digest, order_id=order_id, request=note)
    add_effects(entry, cells, capacities, texts)
    return Transaction(request_id, digest, order_id, cells, tuple(capacities), entry.SerializeToString(), tuple(texts))


@cache
def compile_kernels() -> None:
    """Of loading: the first time they take longer than a gate stays open that nobody renews."""
    fields, columns = FieldNumbers(LOCATIONS), np.zeros((5, 9), np.int64)
    reply = np.frombuffer(bytearray(b"*2\r\n$3\r\nams\r\n$1\r\n7\r\n"), np.uint8)
    count, _ = read_hashes(reply, 0, 1, *columns)
    fields.find(reply, *columns[:3, :count])
    many = transaction(*[change(1)] * (FEW_ROWS_MAX + 1))
    empty_stock().apply(LogRecord("1-1", changes_of(many.cells), ()))


def open_store(url: str, epoch: int = 1, blocks: int = 1, position: str = ORIGIN, link: str = NO_LINK) -> StoreGate:
    """Open an empty store for an epoch, as a sidecar does over an empty ledger."""
    compile_kernels()
    gate = StoreGate(url, PARTITION)
    gate.close(epoch)
    gate.open(epoch, position, link, Layout(epoch, blocks))
    return gate


def stock_store(
    url: str, items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS, *,
    lag_entries_max: int = LAG_ENTRIES_MAX, lag_ms_max: int = LAG_MS_MAX, kind: type[StockStore] = StockStore,
) -> StockStore:  # fmt: skip
    """An engine's connection; nothing is loaded yet."""
    return kind(
        url, PARTITION, record_lag_entries_max=lag_entries_max, record_lag_ms_max=lag_ms_max, item_ids=items,
        location_ids=locations,
    )  # fmt: skip


def stored_of(changes: Sequence[PositionChange]) -> StoredPositions:
    """Positions as they are read of the store, all in one part."""
    items = list(dict.fromkeys(each.item_id for each in changes))
    fields = list(dict.fromkeys(place_field(each.location_id, each.receipt_id, each.pool) for each in changes))
    rows = sorted(
        (
            items.index(each.item_id), fields.index(place_field(each.location_id, each.receipt_id, each.pool)),
            each.supply_delta, each.demand_delta,
        )
        for each in changes
    )  # fmt: skip
    dates = {
        date_field(each.item_id, each.location_id, each.receipt_id): each.available_at_minute
        for each in changes
        if each.available_at_minute is not None
    }
    return StoredPositions(items, fields, [StoredPart(*np.array(rows, np.int32).reshape(-1, 4).T)], dates)


def empty_stock(items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS) -> LiveStock:
    """Stock in memory of such a network, without anything in it."""
    return LiveStock(
        {name: i for i, name in enumerate(items)}, {name: i for i, name in enumerate(locations)}, frozenset(), FIRST_DAY
    )  # fmt: skip


def stock_of(image: StockImage, items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS) -> LiveStock:
    """The stock in memory of a loaded image."""
    stock = empty_stock(items, locations)
    image.fill(stock)
    return stock


def contents(
    stock: LiveStock,
) -> tuple[dict[tuple[int, int, str, str], tuple[int, int, int]], dict[tuple[int, int], int]]:
    """What a stock says: (supply, demand, minute) by item, location, receipt and pool, and capacity by location and day.

    Positions that hold nothing are left out: whether one was ever opened says nothing of stock.
    """
    cells = {}
    for item in range(stock.matrix.item_count):
        for location, slot, supply, demand in stock.matrix.rows(item):
            if supply or demand:
                key = item, location, slot.receipt_id, slot.pool
                assert key not in cells, "a receipt stands at two dates"
                cells[key] = supply, demand, slot.available_at_minute
    used = {
        (int(at), int(day)): int(stock.capacity_used[at, day]) for at, day in zip(*stock.capacity_used.nonzero(), strict=True)
    }
    return cells, used


def dump(client: "redis.Redis", pattern: str) -> dict[str, dict[str, str]]:
    """Every hash whose key matches, field by field."""
    found = {}
    for name in client.scan_iter(pattern, count=1000):
        found[name.decode()] = {field.decode(): value.decode() for field, value in client.hgetall(name).items()}
    return found
