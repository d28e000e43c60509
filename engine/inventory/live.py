"""Live stock of one network: the matrix, the capacity used and the receipts' dates, kept equal to the commit log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.inventory.arena import C_FIRST_DAY, C_VERSION, Arena, ArenaFile
from engine.inventory.change_slots import PlaceSlots, UnsellablePlaces, change_slots
from engine.inventory.effects import FEW_ROWS_MAX, CapacityUse, ChangeColumns, PositionChange, TextEffect, columns_of
from engine.inventory.holds import Holds
from engine.inventory.id_index import IdIndex
from engine.inventory.keys import SEPARATOR
from engine.inventory.matrix import ON_HAND, InventoryMatrix, Slot
from engine.inventory.parts import PendingParts
from engine.inventory.places import PlaceTexts, parse_closing
from engine.inventory.stored import StoredPositions
from engine.inventory.transaction import CALLER_MARK, TextTable

CAPACITY_DAYS = 1024
"""Days of capacity in the table of a location, from `first_day` on, where no other number is asked for."""


def parts_of(table: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[locations, days] of capacity used and [locations], 1 where one takes no part: of a table, a row a day, then they."""
    return table[:-1].T, table[-1]


class LogEntry(Protocol):
    """What an entry of the commit log tells of stock."""

    @property
    def position(self) -> str:
        """Its consistency token, `epoch-sequence`."""
        ...

    @property
    def changes(self) -> Sequence[PositionChange]:
        """Positions it changed."""
        ...

    @property
    def capacities(self) -> Iterable[CapacityUse]:
        """Capacity it took."""
        ...

    @property
    def texts(self) -> Iterable[TextEffect]:
        """Texts of the store that it replaced."""
        ...


class LiveStock:
    """Stock as of `matrix.position`. Ids unknown to the network are counted in `unknown_count` and otherwise left alone."""

    def __init__(
        self,
        item_index: Mapping[str, int],
        location_index: Mapping[str, int],
        unsellable: frozenset[tuple[int, int, str]],
        first_day: int,
        position_count_expected: int = 0,
        capacity_days: int = CAPACITY_DAYS,
        arena: ArenaFile | None = None,
        kept: Arena | None = None,
    ) -> None:
        """`unsellable`: (item, location, pool) flagged out of stock. `first_day`: local day of the first capacity.

        Plans see the capacity of `capacity_days` from there on: it must hold every day that a promise can reach. `arena`:
        the file that the matrix lies in, and `kept` what is there already; else it is of this process alone.
        """
        self.item_index = item_index
        self.location_index = location_index
        self.matrix = InventoryMatrix(len(item_index), len(location_index), position_count_expected, arena, kept)
        # [locations, days], a day's locations side by side in memory: a decision looks at many locations on one day.
        self._capacity_header, table = self.matrix.new_capacity(capacity_days + 1)
        self.capacity_used, self.closed = parts_of(table)
        self._capacity_header[C_FIRST_DAY] = first_day
        self.holds = Holds()
        self.parts = PendingParts()
        self.places = PlaceTexts()
        self.is_split = False
        """Whether it is of several stores, whose logs are followed one beside the other."""
        self.unknown_count = 0
        self._unsellable = unsellable
        self._unsellable_places = UnsellablePlaces(unsellable, len(location_index))
        self._receipt_minute: dict[tuple[int, int, str], int] = {}
        # What was taken of days after the table: they move into it.
        self._capacity_later: dict[tuple[int, int], int] = {}

    @property
    def first_day(self) -> int:
        """Local day of the first capacity in the table."""
        return int(self._capacity_header[C_FIRST_DAY])

    def still(self, items: NDArray[np.int64]) -> "LiveStock":
        """Stock of these items as it is, until it is asked for again: itself, where nobody else changes it."""
        return self

    @cached_property
    def _items(self) -> IdIndex:
        return IdIndex(self.item_index)

    @cached_property
    def _locations(self) -> IdIndex:
        return IdIndex(self.location_index)

    def slot_of(self, item: int, location: int, receipt_id: str, pool: str) -> int:
        """The slot of a position; a receipt without a date counts as on hand."""
        minute = self.receipt_minute(item, location, receipt_id)
        return self.matrix.slot_index(Slot(receipt_id, pool, minute, not self.is_flagged(item, location, pool)))

    def on_hand_slots(self, items: Sequence[int], locations: Sequence[int], pools: Sequence[str]) -> list[int]:
        """As `slot_of`, of what is on hand at many places."""
        slots: dict[tuple[str, bool], int] = {}
        found = []
        for place in zip(items, locations, pools, strict=True):
            kind = place[2], place in self._unsellable
            slot = slots.get(kind)
            if slot is None:
                slot = slots[kind] = self.slot_of(place[0], place[1], "", place[2])
            found.append(slot)
        return found

    def is_flagged(self, item: int, location: int, pool: str) -> bool:
        """Whether a position is flagged as out of stock."""
        return (item, location, pool) in self._unsellable

    def receipt_minute(self, item: int, location: int, receipt_id: str) -> int:
        """From when a receipt can be used; `ON_HAND` for what is on hand, and for a receipt without a date."""
        return self._receipt_minute.get((item, location, receipt_id), ON_HAND) if receipt_id else ON_HAND

    def load(self, changes: Iterable[PositionChange]) -> None:
        """Fill an empty stock with distinct positions, in any order; far faster than one change after the other."""
        rows: list[tuple[int, int, int, int, int]] = []
        for change in changes:
            item, location = self.item_index.get(change.item_id), self.location_index.get(change.location_id)
            if item is None or location is None:
                self.unknown_count += 1
                continue
            if change.available_at_minute is not None and change.receipt_id:
                self._receipt_minute[item, location, change.receipt_id] = change.available_at_minute
            slot = self.slot_of(item, location, change.receipt_id, change.pool)
            rows.append((item, location, slot, change.supply_delta, change.demand_delta))
        table = np.array(rows, np.int64).reshape(-1, 5)
        item_column, location_column, slot_column = table[:, :3].astype(np.int32).T
        self.matrix.load(item_column, location_column, slot_column, table[:, 3], table[:, 4])

    def load_stored(self, stored: StoredPositions) -> None:
        """As `load`, of what was read of the store: part by part, in columns."""
        items = self._items.find(stored.item_ids)
        places = stored.places()
        locations = self._locations.find([place.location_id for place in places])
        slots = PlaceSlots(self.matrix, places, self._unsellable_places)
        for part in stored.parts:
            item, location = items[part.item], locations[part.place]
            is_known = (item >= 0) & (location >= 0)
            if not is_known.all():
                self.unknown_count += int(np.count_nonzero(~is_known))
                part = part.only(is_known)
                item, location = item[is_known], location[is_known]
            slot = slots.on_hand(part.place, item, location)
            for row in np.flatnonzero(slot < 0).tolist():
                place = places[part.place[row]]
                key = int(item[row]), int(location[row]), place.receipt_id
                minute = stored.minute_of(int(part.item[row]), place)
                if minute is not None:
                    self._receipt_minute[key] = minute
                slot[row] = self.slot_of(*key, place.pool)
            self.matrix.load(item, location, slot, part.supply, part.demand)

    def load_dates(self, dates: Mapping[str, int]) -> None:
        """Dates of receipts, as the store spells them, for positions that are there already."""
        for field, minute in dates.items():
            item_id, location_id, receipt_id = field.split(SEPARATOR)
            item, location = self.item_index.get(item_id), self.location_index.get(location_id)
            if item is not None and location is not None:
                self._receipt_minute[item, location, receipt_id] = minute

    @contextmanager
    def changed_everywhere(self) -> Iterator[None]:
        """While all of it is made, nobody reads any of it. Where that fails nobody ever does: see `apply`."""
        matrix = self.matrix
        every_item = np.arange(matrix.item_count)
        matrix.begin_changes()
        matrix.lock(every_item)
        yield
        matrix.unlock(every_item)
        matrix.end_changes()

    def apply(self, entry: LogEntry) -> None:
        """Bring the stock to the entry's position.

        Where it raises, the stock is of no use any more: its rows stay locked and the matrix dirty, so that what was left in
        the middle of a change is neither read by others nor taken up again. Whoever follows the log makes another one.
        """
        matrix = self.matrix
        matrix.begin_changes()
        if isinstance(entry.changes, ChangeColumns):
            self._apply_columns(entry.changes)
        elif matrix.is_shared:
            # Readers see all of an entry's changes of an item, or none.
            items = np.array([self.item_index.get(change.item_id, -1) for change in entry.changes], np.int64)
            matrix.lock(items)
            self._apply_each(entry.changes)
            matrix.unlock(items)
        else:
            self._apply_each(entry.changes)
        for use in entry.capacities:
            self.apply_capacity(use)
        self.apply_texts(entry.texts)
        matrix.position = entry.position
        matrix.end_changes()

    def apply_all(self, entries: Sequence[LogEntry]) -> None:
        """As `apply` of one entry after the other, but that readers see all of them at once."""
        few = [entry.changes for entry in entries if not isinstance(entry.changes, ChangeColumns)]
        if len(few) < len(entries) or sum(map(len, few)) <= FEW_ROWS_MAX:
            for entry in entries:
                self.apply(entry)
            return
        self.matrix.begin_changes()
        self._apply_columns(columns_of([change for changes in few for change in changes]))
        for entry in entries:
            for use in entry.capacities:
                self.apply_capacity(use)
            self.apply_texts(entry.texts)
        self.matrix.position = entries[-1].position
        self.matrix.end_changes()

    def _apply_each(self, changes: Sequence[PositionChange]) -> None:
        for change in changes:
            self.apply_change(change)

    def apply_texts(self, texts: Iterable[TextEffect]) -> None:
        """Follow holds and parts; what else the store keeps as text is read there when it is needed."""
        for each in texts:
            if each.table == TextTable.HOLDS:
                self.holds.apply(each.field, each.text)
            elif each.table == TextTable.PARTS:
                self.parts.apply(each.field, each.text)
            elif each.table in (TextTable.CLOSED, TextTable.LIMITS):
                self.places.apply(each.table, each.field, each.text)
                if each.table == TextTable.CLOSED:
                    self._close(each.field, each.text)

    def add_places(self, closed: Mapping[str, str], limits: Mapping[str, str]) -> None:
        """Add what one store says of locations."""
        for table, texts in ((TextTable.CLOSED, closed), (TextTable.LIMITS, limits)):
            self.apply_texts(TextEffect(table, "", field, text) for field, text in texts.items())

    def _close(self, location_id: str, text: str) -> None:
        location = self.location_index.get(location_id)
        if location is not None:
            self.closed[location] = parse_closing(text).is_closed

    def open_of(self, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """[L]: of locations that take part by the network, those that operations have not taken out."""
        return active & (self.closed == 0) if self.closed.any() else active

    def apply_change(self, change: PositionChange) -> None:
        """Add one change; a new date of a receipt moves its positions, in whichever pool."""
        item = self.item_index.get(change.item_id)
        location = self.location_index.get(change.location_id)
        if item is None or location is None:
            self.unknown_count += 1
            return
        if change.available_at_minute is not None and change.receipt_id:
            self._move_receipt(item, location, change.receipt_id, change.available_at_minute)
        slot = self.slot_of(item, location, change.receipt_id, change.pool)
        self.matrix.change(item, location, slot, change.supply_delta, change.demand_delta)

    def _apply_columns(self, columns: ChangeColumns) -> None:
        """As `apply_change` of one after the other: what is on hand in one go, receipts and new slots by themselves."""
        matrix = self.matrix
        item = self._items.find(columns.items.ids)[columns.items.places]
        location = self._locations.find(columns.locations.ids)[columns.locations.places]
        is_unknown = (item < 0) | (location < 0)
        self.unknown_count += int(np.count_nonzero(is_unknown))
        item[is_unknown] = -1
        is_sellable = self._unsellable_places.are_sellable(columns.pools, item, location)
        if matrix.is_shared:
            matrix.lock(item)
        slot, done = change_slots(matrix, columns, is_sellable), 0
        while True:
            done = matrix.change_many(done, item, location, slot, columns.supply_deltas, columns.demand_deltas)
            if done == len(columns):
                break
            if slot[done] >= 0 and matrix.make_room(int(item[done])):
                continue
            change = columns[done]
            self.apply_change(change)
            done += 1
            if slot[done - 1] < 0 and not change.receipt_id:
                slot = change_slots(matrix, columns, is_sellable)
        if matrix.is_shared:
            matrix.unlock(item)

    def apply_capacity(self, use: CapacityUse) -> None:
        """Add one use of capacity."""
        location = self.location_index.get(use.location_id)
        if location is None:
            self.unknown_count += not use.location_id.startswith(CALLER_MARK)
            return
        self._add_capacity(location, use.day, use.quantity_delta)

    def hold(self, pegs: Iterable[tuple[int, int]], capacities: Iterable[tuple[int, int, int]]) -> None:
        """Tentative (arena index, quantity) and (location, day, quantity) of what is planned but not committed."""
        for at, quantity in pegs:
            self.matrix.demand[at] += quantity
        for location, day, quantity in capacities:
            self._add_capacity(location, day, quantity)

    def release(self, pegs: Iterable[tuple[int, int]], capacities: Iterable[tuple[int, int, int]]) -> None:
        """Take a hold back; before anything else is applied, since arena indexes hold only until then."""
        for at, quantity in pegs:
            self.matrix.demand[at] -= quantity
        for location, day, quantity in capacities:
            self._add_capacity(location, day, -quantity)

    def used_on(self, location: int, day: int) -> int:
        """Capacity taken at a location on a local day; days before the table have none."""
        offset = day - self.first_day
        if 0 <= offset < self.capacity_used.shape[1]:
            return int(self.capacity_used[location, offset])
        return self._capacity_later.get((location, day), 0)

    def later_days(self, location_id: str) -> list[int]:
        """Local days after the table on which something is taken at a location."""
        location = self.location_index[location_id]
        return [day for at, day in self._capacity_later if at == location]

    def start_capacity(self, first_day: int) -> None:
        """Move the table on as days pass: those before `first_day` are forgotten, as many later ones come in."""
        days = first_day - self.first_day
        if days <= 0:
            return
        table, header = self.capacity_used.T, self._capacity_header
        kept = max(0, len(table) - days)
        header[C_VERSION] += 1
        table[:kept] = table[len(table) - kept :]
        table[kept:] = 0
        header[C_FIRST_DAY] = first_day
        header[C_VERSION] += 1
        later, self._capacity_later = self._capacity_later, {}
        for (location, day), quantity in later.items():
            self._add_capacity(location, day, quantity)

    def _add_capacity(self, location: int, day: int, quantity_delta: int) -> None:
        offset = day - self.first_day
        if 0 <= offset < self.capacity_used.shape[1]:
            self.capacity_used[location, offset] += quantity_delta
        elif offset > 0:
            key = location, day
            self._capacity_later[key] = self._capacity_later.get(key, 0) + quantity_delta

    def _move_receipt(self, item: int, location: int, receipt_id: str, minute: int) -> None:
        self._receipt_minute[item, location, receipt_id] = minute
        for slot, supply, demand in self._positions_of(item, location, receipt_id):
            if slot.available_at_minute != minute:
                self.matrix.change(item, location, self.matrix.slot_index(slot), -supply, -demand)
                self.matrix.change(item, location, self.slot_of(item, location, receipt_id, slot.pool), supply, demand)

    def _positions_of(self, item: int, location: int, receipt_id: str) -> list[tuple[Slot, int, int]]:
        """(slot, supply, demand) of a receipt's positions at a location that hold anything."""
        matrix = self.matrix
        return [
            (slot, int(matrix.supply[at]), int(matrix.demand[at]))
            for at in matrix.run(item, location)
            if (slot := matrix.slots[matrix.slot[at]]).receipt_id == receipt_id and (matrix.supply[at] or matrix.demand[at])
        ]
