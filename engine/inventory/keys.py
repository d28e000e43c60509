"""Every key of the shared store, spelt in one place. All keys of a partition share one hash tag.

What is rebuilt from the ledger (cells, capacities, dates, request ids, orders) stands under the generation of the rebuild,
so that a rebuild never touches what is being sold from; the rest there is once.

| key | holds |
|---|---|
| gate | `epoch run_id master_replid`, expires in 3 s; without it nothing is committed |
| epoch | the newest epoch that has stamped this store |
| layout | `generation blocks`: where the data stands, and over how many blocks an item's locations are spread |
| head | `position link mark_sequence mark_ms` of the newest log entry, see commit.lua |
| recorded | `position link` of the last entry that the ledger has recorded |
| log | stream of entries, ids are positions `epoch-sequence` |
| supply, demand | hash per item and block of locations: units by place (location, receipt and pool) |
| capacity | hash per location: units used by local day |
| dates | hash: UTC minute by item, location and receipt |
| requests | hash per hour of request ids: digest by request id |
| orders | hash: request id by id of the order it created |
| holds, feeds, pegs | hash: a text by reservation id, by source of a feed, by order; see `transaction.TextTable` |
| marks, moves | hash per item and block of locations: what was counted, and who moved a receipt's units, by place |
"""

from typing import NamedTuple
from zlib import crc32

from engine.domain.ids import unix_ms_of

SEPARATOR = "|"
"""Between the parts of a field; no id holds it."""

BLOCK_LOCATIONS_MAX = 256
"""Locations in one hash on average: a Valkey hash of more than 512 fields costs three times the memory."""

HOUR_MS = 3_600_000
REMEMBERED_MS = 23 * HOUR_MS
"""Request ids older than this are looked up in the ledger: the store remembers 24 hours, and clocks differ."""


class Layout(NamedTuple):
    """Where a partition's data stands. `generation` is the epoch that rebuilt it."""

    generation: int
    blocks: int

    def __str__(self) -> str:
        return f"{self.generation} {self.blocks}"

    @classmethod
    def parse(cls, text: str) -> "Layout":
        """The layout in the key's value."""
        generation, blocks = text.split(" ")
        return cls(int(generation), int(blocks))


def blocks_for(location_count: int) -> int:
    """Blocks over which the locations of an item are spread."""
    return max(1, -(-location_count // BLOCK_LOCATIONS_MAX))


class Keys:
    """The keys of one partition."""

    def __init__(self, partition: str) -> None:
        """`partition` becomes the hash tag."""
        self.tag = f"{{{partition}}}:"
        self.gate = self.tag + "gate"
        self.epoch = self.tag + "epoch"
        self.layout = self.tag + "layout"
        self.head = self.tag + "head"
        self.recorded = self.tag + "recorded"
        self.log = self.tag + "log"
        self._data: tuple[Layout, DataKeys] | None = None
        self.recorded_channel = self.tag + "recorded-ids"

    def data(self, layout: Layout) -> "DataKeys":
        """The keys of what was rebuilt in a generation."""
        if self._data is None or self._data[0] != layout:
            self._data = layout, DataKeys(f"{self.tag}{layout.generation}:", layout.blocks)
        return self._data[1]


class DataKeys:
    """The keys of one generation's data."""

    def __init__(self, prefix: str, blocks: int) -> None:
        """`blocks`: over how many the locations of an item are spread."""
        self.prefix = prefix
        self.blocks = blocks
        self._blocks: dict[str, int] = {}
        self.dates = prefix + "dates"
        self.orders = prefix + "orders"

    def block(self, location_id: str) -> int:
        """The block of a location."""
        if self.blocks == 1:
            return 0
        found = self._blocks.get(location_id)
        if found is None:
            found = self._blocks[location_id] = crc32(location_id.encode()) % self.blocks
        return found

    def supply(self, item_id: str, block: int) -> str:
        """Units there, or on their way, of an item at the locations of a block."""
        return f"{self.prefix}supply:{item_id}:{block}"

    def demand(self, item_id: str, block: int) -> str:
        """Units promised of an item at the locations of a block."""
        return f"{self.prefix}demand:{item_id}:{block}"

    def text(self, table: str, item_id: str, field: str) -> str:
        """Texts of a table; those of an item are by place, beside its supply."""
        if not item_id:
            return self.prefix + table
        return f"{self.prefix}{table}:{item_id}:{self.block(field.partition(SEPARATOR)[0])}"

    def capacity(self, location_id: str) -> str:
        """Capacity used at a location by day."""
        return f"{self.prefix}capacity:{location_id}"

    def requests(self, request_id: str) -> str:
        """Request ids of the hour in which this one was made."""
        return f"{self.prefix}requests:{unix_ms_of(request_id) // HOUR_MS}"


def place_field(location_id: str, receipt_id: str, pool: str) -> str:
    """Field of a position in its item's hash; most are on hand in the common pool, and so are their location alone."""
    return f"{location_id}{SEPARATOR}{receipt_id}{SEPARATOR}{pool}" if receipt_id or pool else location_id


def place_of(field: str) -> tuple[str, str, str]:
    """(location, receipt, pool) of a field."""
    location_id, _, rest = field.partition(SEPARATOR)
    receipt_id, _, pool = rest.partition(SEPARATOR)
    return location_id, receipt_id, pool


def date_field(item_id: str, location_id: str, receipt_id: str) -> str:
    """Field of a receipt's date."""
    return SEPARATOR.join((item_id, location_id, receipt_id))
