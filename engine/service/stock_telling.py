"""What a watcher of stock is told: the rows of what changed, in messages of a bounded size, or how they crossed thresholds."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from belofte.v1 import inventory_service_pb2

from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.network.kits import components
from engine.optimizer.kept import Asker
from engine.service.kit_rows import kit_rows, kits_before
from engine.service.outflow import Outflow
from engine.service.reads import Availability, Place, Row, View, available_before, rows_of, shown_rows
from engine.service.stock_changes import Changes, merge_places

ROWS_EACH = 500
"""Rows in one message, about: those of an item stay together."""

Response = inventory_service_pb2.WatchAvailabilityResponse

Shown = tuple[list[Row], list[Availability]]
"""Rows of an item, and as they are answered."""


class Asked(NamedTuple):
    """What a watcher asked for. No items: all; no thresholds: each change."""

    items: tuple[int, ...]
    view: View
    thresholds: tuple[int, ...]


@dataclass(eq=False, slots=True)
class Watcher:
    """One who watches. `position`: everything up to it has been put; empty while the first picture is not complete.

    `items`: of no items all. `kits`: those that are watched, by each of their components.
    """

    flow: Outflow
    asked: Asked
    items: frozenset[int]
    kits: Mapping[int, tuple[int, ...]]
    position: str
    stocked: frozenset[int] = field(init=False)
    """Items whose stock is watched, the components of kits among them; of no items all."""
    batch: Iterator[tuple[int, Changes | None]] | None = None
    """What is being told: items, and what of them (None: all). Then everything up to `ending` has been."""
    ending: str = ""
    later: dict[int, Changes] = field(default_factory=dict)
    """What comes after it: by item what of its own stock was changed, or of the stock of its components."""
    catch_ups: int = 0
    """How often it waits for what it missed."""
    has_begun: bool = False

    def __post_init__(self) -> None:
        self.stocked = self.items.union(self.kits) if self.items else self.items

    @property
    def is_picture(self) -> bool:
        """Whether it has not been told all that there was at first."""
        return not self.position

    def add(self, changed: Changes) -> None:
        """Tell these as well, where they are watched."""
        for item in changed if not self.items else changed.keys() & self.stocked:
            if not self.items or item in self.items:
                merge_places(self.later.setdefault(item, {}).setdefault(item, {}), changed[item])
            for kit in self.kits.get(item, ()):
                merge_places(self.later.setdefault(kit, {}).setdefault(item, {}), changed[item])


class Telling(NamedTuple):
    """One time of telling: the stock as it is now, and until when."""

    stock: LiveStock
    image: NetworkImage
    now_minute: int
    until: float
    shown: dict[object, Shown]
    rows: dict[object, list[Row]]

    def tell(self, watcher: Watcher) -> bool:
        """Put what there is room and time for; whether only time was lacking."""
        while watcher.flow.has_room:
            if watcher.batch is None:
                position = self.stock.matrix.position
                if not watcher.later:
                    watcher.position = position
                    return False
                watcher.batch, watcher.ending, watcher.later = iter(tuple(watcher.later.items())), position, {}
            if time.monotonic() >= self.until:
                return True
            self._put_part(watcher)
        return False

    def _put_part(self, watcher: Watcher) -> None:
        """One message of rows, or one of each threshold that they cross."""
        assert watcher.batch is not None
        is_picture, is_last = watcher.is_picture, False
        rows: list[Availability] = []
        crossed: dict[tuple[bool, int], list[Availability]] = {}
        count = 0
        while count < ROWS_EACH and time.monotonic() < self.until:
            item, changes = next(watcher.batch, (-1, None))
            if item < 0:
                is_last = True
                break
            # What comes later is in the stock already: it is told with this, and not again.
            newer = watcher.later.pop(item, None)
            if changes is None or is_picture:
                rows += self._rows(watcher, item, None)[1]
                count = len(rows)
                continue
            for part, places in (newer or {}).items():
                merge_places(changes.setdefault(part, {}), places)
            found = self._told_of(watcher, item, changes)
            count += 1 + len(found)
            if watcher.asked.thresholds:
                self._cross(watcher, item, changes, crossed)
            else:
                rows += found
        messages = [Response(availabilities=rows)] if rows or (is_picture and is_last) else []
        messages += [Response(availabilities=each, threshold=threshold) for (_, threshold), each in _in_order(crossed)]
        for n, message in enumerate(messages, 1):
            message.position = watcher.ending if is_last and n == len(messages) else watcher.position
            put(watcher, message)
        if is_last:
            watcher.position, watcher.batch = watcher.ending, None

    def _told_of(self, watcher: Watcher, item: int, changes: Changes) -> list[Availability]:
        """Rows of an item that are changed where the watcher looks."""
        seen = self._seen(watcher, item, changes)
        if not seen:
            return []
        return self._rows(watcher, item, None if watcher.asked.view.is_summed else seen)[1]

    def _seen(self, watcher: Watcher, item: int, changes: Changes) -> tuple[Place, ...]:
        """Of a kit the locations where a component was changed: its rows are in no pool."""
        view, parts = watcher.asked.view, components(self.image, item)
        seen: set[Place] = set()
        for part in parts or (item,):
            pools = view.pools(part, self.image)
            for location, pool in changes.get(part, ()):
                if pool in pools and (not view.locations or location in view.locations):
                    seen.add((location, "" if parts else pool))
        return tuple(sorted(seen))

    def _rows(self, watcher: Watcher, item: int, places: tuple[Place, ...] | None) -> Shown:
        """Computed once for all who look at the same."""
        view = watcher.asked.view
        key = item, view, places
        found = self.shown.get(key)
        if found is None:
            parts = components(self.image, item)
            if parts:
                asked = view.locations if places is None else [location for location, _ in places]
                rows = kit_rows(parts, self._rows_by_part(parts, view, places), asked)
            else:
                rows = self._item_rows(item, view, places)
            position, now = self.stock.matrix.position, self.now_minute
            found = self.shown[key] = rows, shown_rows(item, rows, view, now, now, self.image, position)
        return found

    def _rows_by_part(self, parts: Mapping[int, int], view: View, places: tuple[Place, ...] | None) -> dict[int, list[Row]]:
        """Of the components of a kit, in all their pools that count."""
        found = {}
        for part in parts:
            pools = view.pools(part, self.image)
            there = None if places is None else tuple((location, pool) for location, _ in places for pool in pools)
            found[part] = self._item_rows(part, view, there)
        return found

    def _item_rows(self, item: int, view: View, places: tuple[Place, ...] | None) -> list[Row]:
        """Computed once for all kits that the item is in."""
        key = item, view, places
        found = self.rows.get(key)
        if found is None:
            found = self.rows[key] = rows_of(item, view, self._asker(view), self.image, self.stock, places)
        return found

    def _asker(self, view: View) -> Asker:
        return Asker(view.channel, minute=self.now_minute)

    def _cross(
        self, watcher: Watcher, item: int, changes: Changes, crossed: dict[tuple[bool, int], list[Availability]]
    ) -> None:  # fmt: skip
        """Rows whose availability came from one side of a threshold to the other."""
        view = watcher.asked.view
        seen = self._seen(watcher, item, changes)
        if not seen:
            return
        places = None if view.is_summed else seen
        rows, shown = self._rows(watcher, item, places)
        parts = components(self.image, item)
        if parts:
            rows_by_part = self._rows_by_part(parts, view, places)
            were = {part: self._before(part, found, view, changes) for part, found in rows_by_part.items()}
            before = [was for _, was in sorted(kits_before(parts, rows_by_part, were).items())]
        else:
            before = self._before(item, rows, view, changes)
        if view.is_summed:
            before = [sum(max(0, each) for each in before)]
        for was, row in zip(before, shown, strict=True):
            for threshold in watcher.asked.thresholds:
                is_rising = row.available > threshold
                if is_rising != (was > threshold):
                    crossed.setdefault((is_rising, threshold), []).append(row)

    def _before(self, item: int, rows: list[Row], view: View, changes: Changes) -> list[int]:
        return available_before(item, rows, changes.get(item, {}), self._asker(view), self.image, self.stock)


def _in_order(
    crossed: dict[tuple[bool, int], list[Availability]]
) -> list[tuple[tuple[bool, int], list[Availability]]]:  # fmt: skip
    """As what falls and then what rises comes by them."""
    return sorted(crossed.items(), key=lambda each: (each[0][0], each[0][1] if each[0][0] else -each[0][1]))


def put(watcher: Watcher, message: Response) -> None:
    """Send it a message."""
    watcher.has_begun = True
    watcher.flow.put(message.SerializeToString())
