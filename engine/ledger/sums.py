"""What the ledger's entries leave of stock and capacity, dates, texts, requests and records: added up entry by entry."""

from collections import defaultdict
from collections.abc import Iterator

from belofte.v1 import ledger_entry_pb2

from engine.domain.ids import unix_ms_of
from engine.inventory.effects import effects_in, texts_in
from engine.inventory.keys import HOUR_MS, DataKeys, date_field, place_field
from engine.ledger.recorder import Replayed

REMEMBERED_HOURS = 24

Table = dict[str, dict[str, int | str]]


class Sums:
    """What the ledger's entries leave: units and capacity, dates, and which requests and orders there have been.

    To the byte what commit.lua leaves, so that stores can be compared: a quantity that was never changed has no field.
    """

    def __init__(self, now_unix_ms: int) -> None:
        """Requests too old by now to be asked of the store are left out."""
        self.oldest_hour = now_unix_ms // HOUR_MS - REMEMBERED_HOURS
        self.supply: dict[tuple[str, str, str, str], int] = defaultdict(int)
        self.demand: dict[tuple[str, str, str, str], int] = defaultdict(int)
        self.capacity: dict[tuple[str, int], int] = defaultdict(int)
        self.dates: dict[str, int | str] = {}
        self.orders: dict[str, int | str] = {}
        self.requests: dict[str, str] = {}
        self.texts: dict[tuple[str, str, str], str] = {}

    def add(self, replayed: Replayed) -> ledger_entry_pb2.LedgerEntry:
        """Add one entry; returns it parsed."""
        message = ledger_entry_pb2.LedgerEntry.FromString(replayed.entry)
        changes, uses = effects_in(message)
        for change in changes:
            cell = change.item_id, change.location_id, change.receipt_id, change.pool
            if change.supply_delta:
                self.supply[cell] += change.supply_delta
            if change.demand_delta:
                self.demand[cell] += change.demand_delta
            if change.available_at_minute is not None and change.receipt_id:
                field = date_field(change.item_id, change.location_id, change.receipt_id)
                self.dates[field] = change.available_at_minute
        for use in uses:
            self.capacity[use.location_id, use.day] += use.quantity_delta
        for table, item_id, field, text in texts_in(message):
            if text:
                self.texts[table, item_id, field] = text
            else:
                self.texts.pop((table, item_id, field), None)
        if unix_ms_of(replayed.request_id) // HOUR_MS >= self.oldest_hour:
            self.requests[replayed.request_id] = message.request_digest.hex()
        if is_in_store(replayed, message):
            self.orders[replayed.created_id] = replayed.committed_as or replayed.request_id
        return message

    def locations(self) -> set[str]:
        """Locations of which there is a position."""
        return {location_id for units in (self.supply, self.demand) for _, location_id, _, _ in units}

    def hashes(self, keys: DataKeys) -> Iterator[tuple[str, dict[str, int | str], int]]:
        """(key, fields, expiry) of every hash."""
        tables: Table = defaultdict(dict)
        for name, units in ((keys.supply, self.supply), (keys.demand, self.demand)):
            for (item_id, location_id, receipt_id, pool), quantity in units.items():
                key = name(item_id, keys.block(location_id))
                tables[key][place_field(location_id, receipt_id, pool)] = quantity
        for (location_id, day), quantity in self.capacity.items():
            tables[keys.capacity(location_id)][str(day)] = quantity
        for (table, item_id, field), text in self.texts.items():
            tables[keys.text(table, item_id, field)][field] = text
        tables[keys.dates], tables[keys.orders] = self.dates, self.orders
        yield from ((key, fields, 0) for key, fields in tables.items() if fields)
        yield from self._request_hashes(keys)

    def _request_hashes(self, keys: DataKeys) -> Iterator[tuple[str, dict[str, int | str], int]]:
        buckets: Table = defaultdict(dict)
        for request_id, digest in self.requests.items():
            buckets[keys.requests(request_id)][request_id] = digest
        for key, fields in buckets.items():
            hour = int(key.rpartition(":")[2])
            yield key, fields, (hour + 1 + REMEMBERED_HOURS) * HOUR_MS // 1000


def is_in_store(replayed: Replayed, message: ledger_entry_pb2.LedgerEntry) -> bool:
    """Whether a store knows of a record that an entry creates. What a decision creates is known to the ledger alone."""
    return bool(replayed.created_id) and not message.HasField("decision")
