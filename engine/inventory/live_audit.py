"""The stock in memory compared with the store, a part at a time, while an engine has nothing else to do.

It looks at all that an engine follows and decides by: units of positions and dates of their receipts, the capacity used,
reservations, and what operations say of locations. What differs is a fault: it is written to the log by name, and the stock is
loaded anew, so that nobody is promised what is not there for longer than it takes to come round.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import structlog

from engine.inventory.client import StoreAway, StoreGap
from engine.inventory.keys import date_field
from engine.inventory.live import LiveStock
from engine.inventory.parts import is_locked, unlocked
from engine.inventory.places import parse_closing
from engine.inventory.sharded_store import ShardedStore
from engine.inventory.store import CAPACITY, DATES, SCAN_BEGIN, ScanCursor, StockStore, StoredField
from engine.inventory.transaction import Cell, TextTable

FIELDS_EACH = 1_000
"""Fields in one look, and at least one item or location: neither the store nor the engine does anything else meanwhile."""

NAMED_MAX = 20
"""Differences named in one line of the log."""

TEXT_TABLES = (TextTable.HOLDS, TextTable.CLOSED, TextTable.LIMITS)

Values = dict[tuple[str, ...], object]


class Seen(NamedTuple):
    """What the store has at a position, and what the memory has, by kind and name."""

    position: str
    store: Values
    memory: Values


class LiveAuditor:
    """Goes round the stock of one engine. Used by the desk's thread."""

    def __init__(self, store: StockStore | ShardedStore) -> None:
        """Begins with the first item."""
        self._store = store
        self._stock: LiveStock | None = None
        self._index: Mapping[str, int] | None = None
        self._round: Iterator[Callable[[LiveStock], Seen]] = iter(())
        self._part: Callable[[LiveStock], Seen] | None = None
        self._cursor: ScanCursor | None = None
        self._log = structlog.get_logger("auditor")
        self.rounds = 0
        """How often it has come round."""

    def look(self, stock: LiveStock) -> bool:
        """Compare the next part; False where it differs. What another engine did meanwhile is waited for. Raises nothing."""
        part = self._next_part(stock)
        try:
            seen = part(stock)
        except (StoreAway, StoreGap):
            return True  # whoever follows the log has met it too
        if seen.position != stock.matrix.position:
            return True
        self._part = None
        if seen.store == seen.memory:
            return True
        differ = [name for name in seen.store.keys() | seen.memory.keys() if seen.store.get(name) != seen.memory.get(name)]
        named = {
            "|".join(name): {"store": seen.store.get(name), "memory": seen.memory.get(name)}
            for name in sorted(differ)[:NAMED_MAX]
        }
        self._log.error(
            "stock in memory differs from the store", position=seen.position, count=len(differ), differences=named
        )  # fmt: skip
        return False

    def _next_part(self, stock: LiveStock) -> Callable[[LiveStock], Seen]:
        """The part that comes next, or the one that could not be compared yet."""
        self._stock = stock
        if self._index is not stock.item_index:
            self._index, self._round, self._part = stock.item_index, self._parts(), None
        if self._part is None:
            self._part = next(self._round, None)
        if self._part is None:
            self.rounds, self._round = self.rounds + 1, self._parts()
            self._part = next(self._round)
        return self._part

    # -- the parts of a round

    def _parts(self) -> Iterator[Callable[[LiveStock], Seen]]:
        """Parts of one round, each made when its turn comes, of the stock of then."""
        yield from self._parts_of_items()
        yield from self._parts_of_locations()
        for table in TEXT_TABLES:
            assert self._stock is not None
            names = _fields_of(self._stock, table)
            for first in range(0, len(names), FIELDS_EACH):
                yield partial(self._see_texts, table, names[first : first + FIELDS_EACH])
            # And those that only the store has.
            self._cursor = SCAN_BEGIN
            while self._cursor is not None:
                yield partial(self._scan_texts, table, self._cursor)

    def _parts_of_items(self) -> Iterator[Callable[[LiveStock], Seen]]:
        """Items, as many at a time as have so many positions."""
        assert self._stock is not None
        items, first = tuple(self._stock.item_index), 0
        while first < len(items):
            left, end = FIELDS_EACH, first
            while end < len(items) and (left > 0 or end == first):
                # A hash that holds nothing is asked for as well.
                left -= 1 + int(self._stock.matrix.row_count[self._stock.item_index[items[end]]])
                end += 1
            yield partial(self._see_units, items[first:end])
            first = end

    def _parts_of_locations(self) -> Iterator[Callable[[LiveStock], Seen]]:
        """Locations, as many at a time as have so many days."""
        assert self._stock is not None
        locations = tuple(self._stock.location_index)
        each = max(1, FIELDS_EACH // (1 + self._stock.capacity_used.shape[1]))
        for first in range(0, len(locations), each):
            yield partial(self._see_capacity, locations[first : first + each])

    # -- what is seen

    def _see_units(self, items: Sequence[str], stock: LiveStock) -> Seen:
        """Units of items, and the dates of their receipts."""
        position, units = self._store.units_of(items)
        store: Values = {
            ("units", *cell): both for cell, both in units.items() if any(both) and cell.location_id in stock.location_index
        }
        memory: Values = {("units", *cell): both for cell, both in units_in(stock, items).items()}
        dates = dates_in(stock, items)
        fields = list(dict.fromkeys(date_field(*name[1:4]) for name in dates))
        if not fields:
            return Seen(position, store, memory)
        position_of_dates, texts = self._store.fields_of([StoredField(DATES, "", field) for field in fields])
        minutes = {field: int(text or 0) for field, text in zip(fields, texts, strict=True)}
        store.update({name: minutes[date_field(*name[1:4])] for name in dates})
        memory.update(dates)
        return Seen(position if position == position_of_dates else "", store, memory)

    def _see_capacity(self, locations: Sequence[str], stock: LiveStock) -> Seen:
        """Capacity used at locations on every day that the memory has, and whether they take part."""
        days = range(stock.first_day, stock.first_day + stock.capacity_used.shape[1])
        names = [StoredField(CAPACITY, each, str(day)) for each in locations for day in (*days, *stock.later_days(each))]
        closings = [StoredField(TextTable.CLOSED, "", each) for each in locations]
        position, texts = self._store.fields_of([*names, *closings])
        store: Values = {name: int(text or 0) for name, text in zip(names, texts, strict=False)}
        memory: Values = {
            name: stock.used_on(stock.location_index[name.owner], int(name.field)) for name in names
        }  # fmt: skip
        for name, text in zip(closings, texts[len(names) :], strict=True):
            store["takes no part", name.field] = parse_closing(text).is_closed
            memory["takes no part", name.field] = bool(stock.closed[stock.location_index[name.field]])
        return Seen(position, store, memory)

    def _see_texts(self, table: TextTable, fields: Sequence[str], stock: LiveStock) -> Seen:
        position, texts = self._store.fields_of([StoredField(table, "", field) for field in fields])
        return _seen_texts(table, position, dict(zip(fields, texts, strict=True)), stock)

    def _scan_texts(self, table: TextTable, cursor: ScanCursor, stock: LiveStock) -> Seen:
        position, self._cursor, texts = self._store.scan(table, cursor, FIELDS_EACH)
        return _seen_texts(table, position, texts, stock)


def units_in(stock: LiveStock, items: Sequence[str]) -> dict[Cell, tuple[int, int]]:
    """(supply, demand) of each position of some items that has any."""
    locations = list(stock.location_index)
    found: dict[Cell, tuple[int, int]] = {}
    for item_id in items:
        for location, slot, supply, demand in stock.matrix.rows(stock.item_index[item_id]):
            if supply or demand:
                found[Cell(item_id, locations[location], slot.receipt_id, slot.pool)] = supply, demand
    return found


def dates_in(stock: LiveStock, items: Sequence[str]) -> Values:
    """From when receipts of some items can be used, and from when those of their positions that have units are counted."""
    locations = list(stock.location_index)
    found: Values = {}
    for item_id in items:
        item = stock.item_index[item_id]
        for location, slot, supply, demand in stock.matrix.rows(item):
            if slot.receipt_id:
                name = "dates", item_id, locations[location], slot.receipt_id
                found[name] = stock.receipt_minute(item, location, slot.receipt_id)
                if supply or demand:
                    found[*name, "of units", slot.pool] = slot.available_at_minute
    return found


def _fields_of(stock: LiveStock, table: TextTable) -> list[str]:
    if table == TextTable.HOLDS:
        return [hold.reservation_id for hold in stock.holds]
    return stock.places.fields(table)


def _seen_texts(table: TextTable, position: str, texts: Mapping[str, str], stock: LiveStock) -> Seen:
    store: Values = {(table.value, field): text for field, text in texts.items()}
    memory: Values = {(table.value, field): _text_in(stock, table, field) for field in texts}
    if table == TextTable.HOLDS:
        # A hold is kept as it was before it was locked.
        store = {name: (unlocked(str(text)), is_locked(str(text))) for name, text in store.items()}
        memory = {name: (text, stock.holds.is_locked(name[1])) for name, text in memory.items()}
    return Seen(position, store, memory)


def _text_in(stock: LiveStock, table: TextTable, field: str) -> str:
    if table != TextTable.HOLDS:
        return stock.places.stored(table, field)
    hold = stock.holds.get(field)
    return hold.text() if hold is not None else ""
