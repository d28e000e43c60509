"""An engine: plans on the stock in its memory, commits, waits for the record, answers. Each step is one call of another.

Mirrors engine/inventory/write_path.py and recorded.py, and what of engine/service/handlers.py concerns ids and positions.
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple, Protocol

from tests.model.auditor import BATCH_MAX, Auditor
from tests.model.rules import Rules
from tests.model.stock import (
    CANCEL,
    CANCELLED,
    CELLS,
    CONFIRM,
    ENDED,
    EXISTS,
    EXPIRE,
    EXTEND,
    FLOOR,
    HOLD,
    MARGIN_TICKS,
    ORDER,
    PUT,
    RELEASE,
    REMEMBERED_TICKS,
    SEEN,
    Change,
    Data,
    apply,
    born,
)
from tests.model.world import CLOSED, ORIGIN, TOO_FAR_BEHIND, Away, Clock, Entry, Last, Ledger, Position, Server

ATTEMPTS_MAX = 3
HOLD_TICKS = 4
LOOKED_UP_TICKS = 2
"""How long what the ledger said of an old id is good for."""


class Call(NamedTuple):
    """What a caller asks, under one request id however often it is sent. `quantity`: units, or the count of a put."""

    request: int
    kind: str
    key: int
    cell: int
    quantity: int


@dataclass(slots=True)
class Task:
    """A call in hand. `looked_up`: (epoch, tick) in which the ledger did not know its id."""

    call: Call
    attempts: int = 0
    looked_up: tuple[int, int] = (0, 0)


class Waiter(NamedTuple):
    """A call that waits for the record; its own entry, None where it is not known whether there is one."""

    call: Call
    entry: Entry | None


class Callers(Protocol):
    """Who is told answers and gives out ids."""

    tokens: list[Last]

    def tell(self, call: Call, answer: str) -> None: ...

    def new_request(self) -> int: ...


class Engine:
    """One process; `server` is whom it reaches at the moment under the store's name."""

    def __init__(
        self, name: str, server: Server, ledger: Ledger, auditor: Auditor, clock: Clock, rules: Rules, rng: Random,
        callers: Callers,
    ) -> None:  # fmt: skip
        self.name = name
        self.server, self.ledger, self.auditor, self.clock = server, ledger, auditor, clock
        self.rules, self.rng, self.callers = rules, rng, callers
        self.restart()

    def restart(self) -> None:
        """Everything in memory is gone."""
        self.stale = True
        self.epoch = self.layout = 0
        self.stock: Data | None = None
        self.seen = Last(ORIGIN, 0)
        self.base = ORIGIN
        self.tasks: list[Task] = []
        self.waiters: list[Waiter] = []
        self.heard: list[tuple[tuple[int, Position], ...]] = []
        """What the sidecar published: (request id, position) of each recorded entry."""

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits here."""
        return not (self.tasks or self.waiters)

    # -- the stock in memory

    def load(self) -> None:
        """Read all stock where a gate is open."""
        state = self.server.state
        if self.server.epoch_open() != state.stamp or not state.layout:
            return
        self.epoch, self.layout, self.seen = state.stamp, state.layout, state.head
        self.base = state.base.position
        self.stock = state.data[state.layout]
        self.stale = False

    def catch_up(self) -> None:
        """Follow the log; where it cannot be followed the stock is loaded anew."""
        state = self.server.state
        if self.stock is None or self.stale:
            self.load()
            return
        same_epoch = state.stamp == self.epoch or not self.rules.r3_new_epoch
        if not same_epoch or state.layout != self.layout:
            self.stale = True
            return
        entries = self.server.read(self.seen.position)
        if not entries and state.head.position != self.seen.position:
            self.stale = True
        for entry in entries:
            if entry.previous != self.seen.position:
                self.stale = True
                return
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        assert self.stock is not None
        self.stock = apply(self.stock, entry.request, entry.change, REMEMBERED_TICKS + self.clock.now)
        self.seen = Last(entry.position, entry.link)

    # -- writes

    def take(self, call: Call) -> None:
        """A caller asks."""
        self.tasks.append(Task(call))

    def commit(self) -> None:
        """Plan some of what waits and commit it in one call; or look an old id up, which is a step of its own."""
        if self.stale or self.stock is None:
            self.catch_up()
            return
        planned: list[tuple[Task, Change]] = []
        for task in self.tasks[: 1 + int(self.rng.random() * BATCH_MAX)]:
            if self._is_old(task.call.request) and not self._was_looked_up(task):
                self._look_up(task)
                return
            change = self._plan(task.call)
            if isinstance(change, str):
                self.tasks.remove(task)
                self._refuse(task.call, change)
            elif change.kind == CANCEL and not self.rules.r8_tombstone:
                self.tasks.remove(task)
                self._call_off_without_trace(task.call)
            else:
                planned.append((task, change))
        if planned:
            self._commit(planned)

    def _commit(self, planned: list[tuple[Task, Change]]) -> None:
        for task, _ in planned:
            self.tasks.remove(task)
        server, epoch = self.server, self.epoch
        try:
            result = server.commit(epoch, self.layout, [(task.call.request, change) for task, change in planned])
        except Away:
            self._lose(planned)
            return
        if result in (CLOSED, TOO_FAR_BEHIND):
            if result == CLOSED:
                self.stale = True
            for task, _ in planned:
                self.callers.tell(task.call, "unavailable")
            return
        assert not isinstance(result, str)
        before, outcomes = result
        entries = [outcome for outcome in outcomes if isinstance(outcome, Entry)]
        self.auditor.committed(server, epoch, before, entries)
        if self.rng.random() < 0.05:
            self._lose(planned)  # the answer did not arrive
            return
        if before.position == self.seen.position:
            for entry in entries:
                self._apply(entry)
        for (task, change), outcome in zip(planned, outcomes, strict=True):
            self._settle(task, change, outcome)

    def _lose(self, planned: list[tuple[Task, Change]]) -> None:
        """Whether it was committed is not known: only the ledger can tell."""
        self.stale = True
        self.waiters += [Waiter(task.call, None) for task, _ in planned]

    def _settle(self, task: Task, change: Change, outcome: Entry | str) -> None:
        call = task.call
        if isinstance(outcome, Entry):
            self.waiters.append(Waiter(call, outcome))
        elif outcome == SEEN:
            if self.rules.r2_duplicate_waits:
                self.waiters.append(Waiter(call, None))
            else:
                self._acknowledge(call, None, None)
        elif outcome in (EXISTS, CANCELLED):
            self._refuse_by_record(call, change, outcome)
        else:
            task.attempts += 1
            if task.attempts < ATTEMPTS_MAX:
                self.tasks.append(task)
                self.catch_up()
            else:
                self._refuse(call, outcome)

    def _refuse_by_record(self, call: Call, change: Change, why: str) -> None:
        """Another's commit stands in the way: it counts once it is recorded."""
        recorded = self.auditor.data
        in_the_way = change.key in recorded.orders if why == EXISTS else call.request in recorded.cancelled
        if in_the_way or not self.rules.r2_existing_order_is_recorded:
            self._tell_refused(call, why, change)
        else:
            self.callers.tell(call, "unavailable")

    def _refuse(self, call: Call, why: str) -> None:
        """Refuse what cannot be planned, but for repeats of what was committed: these may have taken the last units."""
        state = self.server.state
        if state.stamp != self.epoch or state.layout != self.layout:
            self.stale = True
            self.callers.tell(call, "unavailable")
        elif self.rules.r7_requests_are_remembered and state.data[self.layout].requests.get(call.request, -1) >= self.clock.now:
            self.waiters.append(Waiter(call, None))
        else:
            self._tell_refused(call, why, None)

    def _tell_refused(self, call: Call, why: str, change: Change | None) -> None:
        entry = self.ledger.by_request.get(call.request) if self.rules.r7_refused_ids_are_looked_up else None
        if entry is not None:
            self._acknowledge(call, entry.position, entry.change)
            return
        self.auditor.refused(call.request, why, change)
        self.callers.tell(call, why)

    def _call_off_without_trace(self, call: Call) -> None:
        if call.key not in self.ledger.by_request:
            self.auditor.call_off_told(call.key)
        self.callers.tell(call, "called off")

    # -- planning

    def _plan(self, call: Call) -> Change | str:
        """What a call would change, on the stock in memory; or why it cannot be done."""
        stock, kind = self.stock, call.kind
        assert stock is not None
        if kind in (ORDER, HOLD):
            cells = [cell for cell in range(CELLS) if stock.supply[cell] - stock.demand[cell] >= call.quantity]
            if not cells:
                return FLOOR
            cell = cells[int(self.rng.random() * len(cells))]
            return Change(kind, call.key, cell, call.quantity, 0, self.clock.now + HOLD_TICKS if kind == HOLD else 0)
        if kind == PUT:
            return Change(kind, 0, call.cell, call.quantity - stock.supply[call.cell], stock.supply[call.cell])
        if kind == CANCEL:
            return Change(kind, call.key)
        hold = stock.holds.get(call.key)
        if hold is None:
            return ENDED
        until = self.clock.now + HOLD_TICKS if kind == EXTEND else 0
        return Change(kind, call.key, hold.cell, hold.quantity, hold.version if kind in (EXTEND, EXPIRE) else 0, until)

    def sweep(self) -> None:
        """Expire a hold whose time is up."""
        if self.stock is None:
            return
        for key, hold in self.stock.holds.items():
            if hold.until <= self.clock.now and all(task.call.key != key for task in self.tasks):
                self.take(Call(self.callers.new_request(), EXPIRE, key, hold.cell, hold.quantity))
                return

    # -- ids that the store may have forgotten

    def _is_old(self, request: int) -> bool:
        return self.rules.r7_old_ids_are_looked_up and self.clock.now - born(request) >= REMEMBERED_TICKS - MARGIN_TICKS

    def _was_looked_up(self, task: Task) -> bool:
        epoch, tick = task.looked_up
        return epoch == self.epoch and tick + LOOKED_UP_TICKS > self.clock.now

    def _look_up(self, task: Task) -> None:
        entry = self.ledger.by_request.get(task.call.request)
        if entry is None:
            task.looked_up = self.epoch, self.clock.now
        else:
            self.tasks.remove(task)
            self._acknowledge(task.call, entry.position, entry.change)

    # -- waiters

    def hear(self) -> None:
        """One message of what was recorded."""
        if not self.heard:
            return
        message = self.heard.pop(0)
        if not self.rules.r1_release_by_request_id:
            reached = message[-1][1]
            for waiter in [each for each in self.waiters if each.entry is not None and each.entry.position <= reached]:
                self.waiters.remove(waiter)
                self._acknowledge(waiter.call, waiter.entry.position, waiter.entry.change)
            return
        positions = dict(message)
        for waiter in [each for each in self.waiters if each.call.request in positions]:
            self._release(waiter, positions[waiter.call.request])

    def ask(self) -> None:
        """Ask the ledger for one that waits."""
        if self.waiters:
            waiter = self.waiters[int(self.rng.random() * len(self.waiters))]
            entry = self.ledger.by_request.get(waiter.call.request)
            if entry is not None:
                self._release(waiter, entry.position)

    def give_up(self) -> None:
        """One has waited as long as it may: its fate is not known."""
        if self.waiters:
            self.callers.tell(self.waiters.pop(0).call, "unknown")

    def _release(self, waiter: Waiter, position: Position) -> None:
        self.waiters.remove(waiter)
        own = waiter.entry
        if own is not None and (own.position == position or not self.rules.r2_answer_of_the_record):
            self._acknowledge(waiter.call, position, own.change)
        else:
            self._acknowledge(waiter.call, position, self.ledger.by_request[waiter.call.request].change)

    def _acknowledge(self, call: Call, position: Position | None, change: Change | None) -> None:
        self.auditor.acknowledged(call.request, position, change)
        self.callers.tokens.append(Last(position, self.ledger.by_request[call.request].link) if position else self.ledger.last)
        self.callers.tell(call, "recorded")

    # -- reads

    def read(self, token: Last) -> None:
        """Show the stock in memory to a caller that has seen a position."""
        position = token.position
        if self.stock is None:
            self.catch_up()
            return
        if position > self.seen.position:
            self.catch_up()
        if position > self.seen.position:
            if not self.stale and self._is_lost(position):
                self.auditor.lost(token)
            return
        # Positions of two epochs compare, but only the ledger knows how much of the earlier one there is.
        is_old = position[0] != self.seen.position[0] and position != ORIGIN
        if is_old and self.rules.r3_old_tokens_are_looked_up:
            if not self.ledger.has_recorded(position):
                self.auditor.lost(token)
                return
            if position > self.base:
                return  # recorded since by way of another server: this one will not stay
        self.auditor.read(self.seen.link, token)
        self.callers.tokens.append(self.seen)

    def _is_lost(self, position: Position) -> bool:
        if not self.rules.r3_lost_is_looked_up:
            return True
        return position[0] < self.epoch and not self.ledger.has_recorded(position)


CLIENT_KINDS = (ORDER, ORDER, ORDER, HOLD, HOLD, EXTEND, CONFIRM, RELEASE, PUT, CANCEL)
