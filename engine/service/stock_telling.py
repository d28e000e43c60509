"""What a watcher of stock is told: the rows of what changed, in messages of a bounded size, or how they crossed thresholds."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from belofte.v1 import inventory_service_pb2

from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.optimizer.kept import Asker
from engine.service.outflow import Outflow
from engine.service.reads import Availability, Place, Row, View, available_before, rows_of, shown_rows
from engine.service.stock_changes import Places, merge_places

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
    """One who watches. `position`: everything up to it has been put; empty while the first picture is not complete."""

    flow: Outflow
    asked: Asked
    items: frozenset[int]
    position: str
    batch: Iterator[tuple[int, Places | None]] | None = None
    """What is being told: items, and what of them (None: all). Then everything up to `ending` has been."""
    ending: str = ""
    later: dict[int, Places] = field(default_factory=dict)
    """What comes after it."""
    catch_ups: int = 0
    """How often it waits for what it missed."""
    has_begun: bool = False

    @property
    def is_picture(self) -> bool:
        """Whether it has not been told all that there was at first."""
        return not self.position

    def add(self, changed: dict[int, Places]) -> None:
        """Tell these as well, where they are watched."""
        for item in changed if not self.items else changed.keys() & self.items:
            merge_places(self.later.setdefault(item, {}), changed[item])


class Telling(NamedTuple):
    """One time of telling: the stock as it is now, and until when."""

    stock: LiveStock
    image: NetworkImage
    now_minute: int
    until: float
    shown: dict[object, Shown]

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
            item, places = next(watcher.batch, (-1, None))
            if item < 0:
                is_last = True
                break
            # What comes later is in the stock already: it is told with this, and not again.
            newer = watcher.later.pop(item, None)
            if places is None or is_picture:
                rows += self._rows(watcher, item, None)[1]
                count = len(rows)
                continue
            if newer is not None:
                places = dict(places)
                merge_places(places, newer)
            found = self._told_of(watcher, item, places)
            count += 1 + len(found)
            if watcher.asked.thresholds:
                self._cross(watcher, item, places, crossed)
            else:
                rows += found
        messages = [Response(availabilities=rows)] if rows or (is_picture and is_last) else []
        messages += [Response(availabilities=each, threshold=threshold) for (_, threshold), each in _in_order(crossed)]
        for n, message in enumerate(messages, 1):
            message.position = watcher.ending if is_last and n == len(messages) else watcher.position
            put(watcher, message)
        if is_last:
            watcher.position, watcher.batch = watcher.ending, None

    def _told_of(self, watcher: Watcher, item: int, places: Places) -> list[Availability]:
        """Rows of an item that are changed where the watcher looks."""
        seen = self._seen(watcher, item, places)
        if not seen:
            return []
        return self._rows(watcher, item, None if watcher.asked.view.is_summed else seen)[1]

    def _seen(self, watcher: Watcher, item: int, places: Places) -> tuple[Place, ...]:
        view = watcher.asked.view
        pools = view.pools(item, self.image)
        return tuple(
            sorted(place for place in places if place[1] in pools and (not view.locations or place[0] in view.locations))
        )

    def _rows(self, watcher: Watcher, item: int, places: tuple[Place, ...] | None) -> Shown:
        """Computed once for all who look at the same."""
        view = watcher.asked.view
        key = item, view, places
        found = self.shown.get(key)
        if found is None:
            rows = rows_of(item, view, self._asker(view), self.image, self.stock, places)
            position, now = self.stock.matrix.position, self.now_minute
            found = self.shown[key] = rows, shown_rows(item, rows, view, now, now, self.image, position)
        return found

    def _asker(self, view: View) -> Asker:
        return Asker(view.channel, minute=self.now_minute)

    def _cross(
        self, watcher: Watcher, item: int, places: Places, crossed: dict[tuple[bool, int], list[Availability]]
    ) -> None:  # fmt: skip
        """Rows whose availability came from one side of a threshold to the other."""
        view = watcher.asked.view
        seen = self._seen(watcher, item, places)
        if not seen:
            return
        rows, shown = self._rows(watcher, item, None if view.is_summed else seen)
        before = available_before(item, rows, places, self._asker(view), self.image, self.stock)
        if view.is_summed:
            before = [sum(max(0, each) for each in before)]
        for was, row in zip(before, shown, strict=True):
            for threshold in watcher.asked.thresholds:
                is_rising = row.available > threshold
                if is_rising != (was > threshold):
                    crossed.setdefault((is_rising, threshold), []).append(row)


def _in_order(
    crossed: dict[tuple[bool, int], list[Availability]]
) -> list[tuple[tuple[bool, int], list[Availability]]]:  # fmt: skip
    """As what falls and then what rises comes by them."""
    return sorted(crossed.items(), key=lambda each: (each[0][0], each[0][1] if each[0][0] else -each[0][1]))


def put(watcher: Watcher, message: Response) -> None:
    """Send it a message."""
    watcher.has_begun = True
    watcher.flow.put(message.SerializeToString())
