"""WatchAvailability: what is available at first, then each change of it, or each crossing of a threshold.

The desk's thread notes which positions the log's entries change, for items that somebody watches; between two batches it
computes their rows and puts them, for a few milliseconds at most. What changes several times meanwhile is told once. Who
reads slowly is told later, and as much at once: all that is kept for it is which rows it has not been told.
"""

import time
from collections import Counter, deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

import structlog
from belofte.v1 import inventory_service_pb2

from engine.domain.reasons import Reason, Refusal
from engine.inventory.live import LiveStock, LogEntry
from engine.inventory.transaction import TextTable
from engine.inventory.write_path import WritePath
from engine.ledger.ledger import Ledger
from engine.network.image import NetworkImage
from engine.network.kits import kits_by_component
from engine.service.fields import IDS_MAX, Violations, begin_read, check_count, check_position, index_of_item, parse
from engine.service.outflow import SIGN_OF_LIFE_SECONDS, Outflow
from engine.service.reads import decode_view
from engine.service.stock_changes import CatchUp, CellSums, Missed, note_changes, places_by_item
from engine.service.stock_telling import Asked, Response, Telling, Watcher, put

if TYPE_CHECKING:
    from engine.service.desk import Call
    from engine.service.handlers import Handlers

THRESHOLDS_MAX = 10
TELL_SECONDS_MIN = 0.02
"""Between two tellings: what changes in between is told once."""

TELL_SECONDS_MAX = 0.004
"""Of one telling: then calls come first."""

RELOADED = "the network was reloaded: start anew, without from_position"

Request = inventory_service_pb2.WatchAvailabilityRequest


@dataclass(slots=True)
class _Waiting:
    """Watchers that wait for what they missed."""

    catch_up: CatchUp
    watchers: list[Watcher]
    reading: "Future[Missed | Refusal | None] | None" = None


class StockWatch:
    """All who watch the stock of one engine. Used by the desk's thread, but for the end of a stream."""

    def __init__(self, path: WritePath, ledger: Ledger, readers: Executor) -> None:
        """Costs nothing until somebody watches."""
        self._path = path
        self._ledger = ledger
        self._readers = readers
        self._watchers: dict[Watcher, None] = {}
        self._gone: deque[Watcher] = deque()
        self._lock = Lock()
        self._watched: Counter[str] = Counter()
        self._everything = 0
        self._sums: CellSums = {}
        self._waiting: list[_Waiting] = []
        self._image: NetworkImage | None = None
        self._told_at = 0.0
        self._turn = 0
        self._log = structlog.get_logger("watch-availability")

    def __len__(self) -> int:
        return len(self._watchers)

    def add(self, flow: Outflow, asked: Asked, image: NetworkImage, from_position: str, now_minute: int) -> None:
        """Begin with all rows, or go on from a position that the stock in memory has seen."""
        if self._image is None or self._image.version != image.version:
            self.start_anew(RELOADED)
            self._image = image
        # What was noted so far is for those who are here so far.
        self._share(now_minute)
        kits = kits_by_component(asked.items, image.items, image.item_index) if asked.items else image.kits
        watcher = Watcher(flow, asked, frozenset(asked.items), kits, from_position)
        self._watchers[watcher] = None
        self._count(watcher, 1)
        self._path.follower = self
        if not flow.attach(lambda: self._remove(watcher)):
            self._remove(watcher)
            return
        position = self._path.position
        if from_position:
            self._wait(CatchUp(self._ledger, from_position, position, "from_position"), [watcher])
        else:
            items = asked.items or range(len(image.item_ids))
            watcher.batch, watcher.ending = ((item, None) for item in items), position

    def _remove(self, watcher: Watcher) -> None:
        """From any thread."""
        with self._lock:
            if self._watchers.pop(watcher, self) is not self:
                self._gone.append(watcher)

    def _count(self, watcher: Watcher, sign: int) -> None:
        assert self._image is not None
        if not watcher.items:
            self._everything += sign
        for item in watcher.stocked:
            item_id = self._image.item_ids[item]
            self._watched[item_id] += sign
            if not self._watched[item_id]:
                del self._watched[item_id]

    # -- what happens to the stock

    def note(self, stock: LiveStock, entry: LogEntry) -> None:
        """An entry is about to be applied."""
        note_changes(self._sums, stock, entry, None if self._everything else self._watched)
        if any(text.table == TextTable.CLOSED for text in entry.texts):
            self.start_anew("a location went out, or came back: start anew, without from_position")

    def reloaded(self, before: str, position: str) -> None:
        """The stock was made anew: what happened between the two positions is in the ledger, or else was lost."""
        watchers = [each for each in tuple(self._watchers) if each.position or each.batch is not None]
        if watchers and before != position:
            self._wait(CatchUp(self._ledger, before, position), watchers)

    def _wait(self, catch_up: CatchUp, watchers: list[Watcher]) -> None:
        for watcher in watchers:
            watcher.catch_ups += 1
        self._waiting.append(_Waiting(catch_up, watchers))

    def _go_on(self, waiting: _Waiting, stock: LiveStock, now_minute: int) -> bool:
        """Whether its watchers still wait."""
        if waiting.reading is None:
            waiting.reading = self._readers.submit(waiting.catch_up.read)
        if not waiting.reading.done():
            return True
        try:
            result = waiting.reading.result()
        except Exception:
            self._log.exception("the ledger cannot be asked for what watchers missed")
            result = Refusal(Reason.STORE_RECOVERING, "the ledger cannot be asked; go on from the last position read")
        waiting.reading = None
        if result is None:
            return True
        for watcher in waiting.watchers:
            watcher.catch_ups -= 1
            if isinstance(result, Refusal):
                self._end(watcher, result)
        if isinstance(result, Missed):
            changed = places_by_item(result.sums, stock, now_minute)
            for watcher in waiting.watchers:
                watcher.add(changed)
        return False

    def _share(self, now_minute: int) -> None:
        """Hand what was noted to those who watch it."""
        if self._sums and self._path.stock is not None:
            changed = places_by_item(self._sums, self._path.stock, now_minute)
            for watcher in tuple(self._watchers):
                watcher.add(changed)
        self._sums = {}

    # -- telling

    def tell(self, image: NetworkImage, now_minute: int) -> bool:
        """Put what there is to tell, for a few milliseconds; whether more could be told at once."""
        while self._gone:
            self._count(self._gone.popleft(), -1)
        stock = self._path.stock
        if not self._watchers or stock is None:
            self._path.follower = None
            self._sums, self._waiting = {}, []
            return False
        started = time.monotonic()
        if started - self._told_at < TELL_SECONDS_MIN:
            return False
        if self._image is None or image.version != self._image.version:
            # Items, locations and what is kept back of them are others now.
            self.start_anew(RELOADED)
            return False
        self._share(now_minute)
        watchers = tuple(self._watchers)
        self._waiting = [each for each in self._waiting if self._go_on(each, stock, now_minute)]
        self._turn += 1
        first = self._turn % max(1, len(watchers))
        telling = Telling(stock, image, now_minute, started + TELL_SECONDS_MAX, {}, {})
        busy = [self._tell(each, telling) for each in chain(watchers[first:], watchers[:first])]
        is_busy = any(busy)
        # With more to tell the next may come at once: calls that arrived have had their turn then.
        self._told_at = 0.0 if is_busy else started
        return is_busy

    def _tell(self, watcher: Watcher, telling: "Telling") -> bool:
        flow = watcher.flow
        if flow.is_stalled:
            flow.end_stalled()
            self._remove(watcher)
            return False
        is_busy = False
        if not watcher.catch_ups:
            is_busy = telling.tell(watcher)
        is_first = not watcher.has_begun and not watcher.catch_ups and not watcher.is_picture
        if is_first or (flow.has_room and time.monotonic() - flow.put_at > SIGN_OF_LIFE_SECONDS):
            put(watcher, Response(position=watcher.position))
        return is_busy

    def start_anew(self, why: str) -> None:
        """End all streams: what changed cannot be told from the log."""
        for watcher in tuple(self._watchers):
            self._end(watcher, Refusal(Reason.POSITION_LOST, why))
        self._image = None
        with self._lock:
            self._gone.clear()
        self._watched.clear()
        self._everything = 0
        self._sums, self._waiting = {}, []

    def _end(self, watcher: Watcher, refusal: Refusal) -> None:
        watcher.flow.end(refusal)
        self._remove(watcher)


def watch_availability(handlers: "Handlers", call: "Call") -> bytes:
    """WatchAvailability. Raises `Refusal`."""
    request = parse(Request, call.message)
    image = handlers.image
    wrong = begin_read(request, image)
    check_position(request.from_position, wrong, "from_position")
    asked = decode_asked(request, image, wrong)
    wrong.check()
    assert call.flow is not None, "the front has a stream for it"
    handlers.stock(request.min_position)
    handlers.stock(request.from_position, "from_position")
    handlers.stock_watch.add(call.flow, asked, image, request.from_position, handlers.now_minute())
    return b""


def decode_asked(request: Request, image: NetworkImage, wrong: Violations) -> Asked:
    """What is watched."""
    items: list[int] = []
    if check_count(request.item_ids, "item_ids", IDS_MAX, wrong):
        items = [index_of_item(each, f"item_ids[{i}]", image, wrong) for i, each in enumerate(request.item_ids)]
    view = decode_view(request, image, wrong)
    check_count(request.thresholds, "thresholds", THRESHOLDS_MAX, wrong)
    return Asked(tuple(dict.fromkeys(items)), view, tuple(dict.fromkeys(request.thresholds)))
