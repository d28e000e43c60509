"""WatchEvents: what the ledger records, told to whoever follows it, in the order of the log.

One thread reads the ledger for all watchers. The latest entries stay in memory for a while: who keeps up is served from
there, who starts further back or falls behind is served page by page from the ledger, at the pace of its reader. So each
watcher is nothing but a place in the log, and cannot miss or repeat anything.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TYPE_CHECKING

import structlog
from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.inventory.gate import ORIGIN
from engine.ledger.ledger import Ledger
from engine.service.commit_events import Commit, Filter, commit_of
from engine.service.fields import (
    IDS_MAX,
    Violations,
    begin_read,
    check_count,
    check_id,
    check_position,
    indexes_of,
    parse,
)
from engine.service.outflow import SIGN_OF_LIFE_SECONDS, Outflow
from engine.service.recent_commits import Recent

if TYPE_CHECKING:
    from engine.service.desk import Call
    from engine.service.handlers import Handlers

PAGE_ENTRIES = 200
PAGES_MAX = 20
"""Pages that are followed before watchers are served again."""

POLL_SECONDS = 0.5
"""How often the ledger is looked at when nothing is heard; what is recorded is heard of at once."""

FOLLOW_SECONDS_MIN = 0.02
"""Between two looks: entries that are recorded in a row are read together."""

AGAIN_SECONDS = 1.0
"""After the ledger could not be asked."""

RECORD_SECONDS_MAX = 5.0
"""How long a position that a watcher names may take to be recorded: answers from memory are ahead of the ledger."""

Request = order_service_pb2.WatchEventsRequest
Response = order_service_pb2.WatchEventsResponse


@dataclass(eq=False, slots=True)
class Watcher:
    """One who follows. `position`: up to where everything has been put; `unproven`: (field, position) to be found recorded."""

    flow: Outflow
    wanted: Filter
    position: str
    unproven: list[tuple[str, str]]
    since: float = field(default_factory=time.monotonic)
    has_begun: bool = False
    parts: Iterator[bytes] = field(default=iter(()))
    """What is left of the commit that is being told, which ends at `ending`."""
    ending: str = ""


class EventWatch:
    """All who follow the events of one engine's ledger, and the thread that serves them; it runs while there are any."""

    def __init__(self, ledger: Ledger) -> None:
        """Asks the ledger for nothing until somebody watches."""
        self._ledger = ledger
        self._changed = Condition()
        self._watchers: list[Watcher] = []
        self._is_woken = self._is_stopping = False
        self._recent = Recent(ledger.shards)
        self._is_following = False
        self._thread: Thread | None = None
        self._log = structlog.get_logger("watch-events")

    def __len__(self) -> int:
        return len(self._watchers)

    def stop(self) -> None:
        """End the thread; streams are ended by the front."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Something was recorded, or somebody may be sent more; from any thread."""
        if self._watchers:
            with self._changed:
                self._is_woken = True
                self._changed.notify()

    def add(self, watcher: Watcher) -> None:
        """Serve another one, until its stream is over."""
        with self._changed:
            self._watchers.append(watcher)
            if self._thread is None and not self._is_stopping:
                self._thread = Thread(target=self._run, name="belofte-watch-events", daemon=True)
                self._thread.start()
        if watcher.flow.attach(lambda: self._remove(watcher), self.wake):
            self.wake()
        else:
            self._remove(watcher)

    def _remove(self, watcher: Watcher) -> None:
        with self._changed:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

    def _run(self) -> None:
        while self._wait():
            started = time.monotonic()
            try:
                self._follow()
                busy = [self._serve(watcher) for watcher in tuple(self._watchers)]
            except Exception:
                # Who watches hears nothing new until the ledger can be asked again, and loses nothing.
                self._log.exception("the ledger cannot be followed")
                self._pause(started + AGAIN_SECONDS)
                continue
            if any(busy):
                self.wake()
            else:
                self._pause(started + FOLLOW_SECONDS_MIN)

    def _wait(self) -> bool:
        """Until there is something to do; False: no more."""
        with self._changed:
            if not self._watchers:
                self._is_following = False
                self._recent.begin(ORIGIN)
                self._changed.wait_for(lambda: self._watchers or self._is_stopping)
            elif not self._is_woken:
                self._changed.wait(POLL_SECONDS)
            self._is_woken = False
            return not self._is_stopping

    def _pause(self, until: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping, until - time.monotonic())

    def _follow(self) -> None:
        """Read what was recorded since the last look."""
        if not self._is_following:
            self._recent.begin(self._ledger.last_position())
            self._is_following = True
            return
        for _ in range(PAGES_MAX):
            page = self._ledger.entries_after(self._recent.end, PAGE_ENTRIES)
            for recorded in page:
                commit = commit_of(recorded)
                if commit is not None:
                    self._recent.add(commit)
            if page:
                self._recent.end = page[-1].after
            if len(page) < PAGE_ENTRIES:
                return

    def _serve(self, watcher: Watcher) -> bool:
        """Put what there is room for; whether there is more to be had from the ledger at once."""
        flow = watcher.flow
        if flow.is_stalled:
            flow.end_stalled()
            self._remove(watcher)
            return False
        if not self._is_proven(watcher):
            return False
        is_behind = self._tell(watcher)
        if not watcher.has_begun or (flow.has_room and time.monotonic() - flow.put_at > SIGN_OF_LIFE_SECONDS):
            # The first one says that the stream stands, and from where on everything will be told.
            watcher.has_begun = True
            flow.put(Response(position=watcher.position).SerializeToString())
        return is_behind

    def _is_proven(self, watcher: Watcher) -> bool:
        """Whether every position that the watcher names is recorded; one that never will be ends its stream."""
        while watcher.unproven:
            name, position = watcher.unproven[0]
            if position != ORIGIN and not self._ledger.has_recorded(position):
                if self._ledger.is_lost(position) or time.monotonic() - watcher.since > RECORD_SECONDS_MAX:
                    watcher.flow.end(position_lost(name, f"{position} is not recorded: start anew"))
                    self._remove(watcher)
                return False
            if name == "from_position" and not self._ledger.is_kept_after(position):
                watcher.flow.end(position_lost(name, f"what came after {position} was cut by retention: start anew"))
                self._remove(watcher)
                return False
            watcher.unproven.pop(0)
        return True

    def _tell(self, watcher: Watcher) -> bool:
        """Put what there is room for. From the ledger one page at most: others wait."""
        if not self._put_rest(watcher):
            return False
        recent = self._recent.after(watcher.position)
        if recent is not None:
            if self._put(watcher, recent):
                self._move(watcher, self._recent.end)
            return False
        page = self._ledger.entries_after(watcher.position, PAGE_ENTRIES)
        commits = [commit for recorded in page if (commit := commit_of(recorded)) is not None]
        if not self._put(watcher, commits):
            return False
        if page:
            self._move(watcher, page[-1].after)
        return watcher.flow.has_room

    def _put(self, watcher: Watcher, commits: list[Commit]) -> bool:
        """Put commits in order, as far as there is room; whether that was all of them."""
        for commit in commits:
            watcher.ending = self._ledger.shards.latest(watcher.position, commit.position)
            watcher.parts = commit.messages(watcher.wanted, watcher.position, watcher.ending)
            if not self._put_rest(watcher):
                return False
        return True

    def _put_rest(self, watcher: Watcher) -> bool:
        """Put what is left of the commit in hand, as far as there is room; whether that was all."""
        if not watcher.ending:
            return True
        while watcher.flow.has_room:
            part = next(watcher.parts, None)
            if part is None:
                self._move(watcher, watcher.ending)
                watcher.ending = ""
                return True
            watcher.has_begun = True
            watcher.flow.put(part)
        return False

    def _move(self, watcher: Watcher, position: str) -> None:
        """All up to a position has been put; never back: a watcher may be ahead of what is followed."""
        watcher.position = self._ledger.shards.latest(watcher.position, position)


def watch_events(handlers: "Handlers", call: "Call") -> bytes:
    """WatchEvents. Raises `Refusal`."""
    request = parse(Request, call.message)
    wrong = begin_read(request, handlers.image)
    check_position(request.from_position, wrong, "from_position")
    wanted = decode_filter(request, handlers, wrong)
    wrong.check()
    for name in ("min_position", "from_position"):
        handlers.check_logs(getattr(request, name), name)
    assert call.flow is not None, "the front has a stream for it"
    unproven = [(name, position) for name in ("min_position", "from_position") if (position := getattr(request, name))]
    position = request.from_position or handlers.ledger.last_position()
    handlers.events.add(Watcher(call.flow, wanted, position, unproven))
    return b""


def decode_filter(request: Request, handlers: "Handlers", wrong: Violations) -> Filter:
    """What is wanted. Orders need not be recorded yet: they may be watched from their beginning on."""
    known = set(types_pb2.EventType.values()) - {types_pb2.EVENT_TYPE_UNSPECIFIED}
    if check_count(request.types, "types", IDS_MAX, wrong):
        for i, each in enumerate(request.types):
            if each not in known:
                wrong.add(f"types[{i}]", f"a type of event was expected, not {each}")
    if check_count(request.order_ids, "order_ids", IDS_MAX, wrong):
        for i, order_id in enumerate(request.order_ids):
            check_id(order_id, f"order_ids[{i}]", wrong)
    indexes_of(request.location_ids, "location_ids", handlers.image, wrong)
    return Filter(frozenset(request.types), frozenset(request.order_ids), frozenset(request.location_ids))


def position_lost(name: str, why: str) -> Refusal:
    """Refused because nobody can go on from a position."""
    return Refusal(Reason.POSITION_LOST, f"{name}: {why}", (FieldViolation(name, why),))
