"""Servers that replicate late, go back in time and are promoted, with the scripts that run in them; and the ledger.

A server's past is a list of states that are never changed: a replica stands at an earlier one of its primary, a restart goes
back to an earlier one, and a script is one step from a state to the next.
"""

from typing import NamedTuple

from tests.model.rules import Rules
from tests.model.stock import EMPTY, MARGIN_TICKS, REMEMBERED_TICKS, Change, Data, apply, born, refusal

GATE_TICKS = 3
"""How long a gate stays open without being renewed."""

LAG_ENTRIES_MAX = 6
LOG_TAIL_ENTRIES = 5
"""Recorded entries that stay in the log for engines."""

Position = tuple[int, int]
ORIGIN: Position = (0, 0)

CLOSED, TOO_FAR_BEHIND = "closed", "too far behind"


class Away(Exception):  # noqa: N818 - an outcome
    """The server did not answer, or is a replica that takes no writes."""


class Last(NamedTuple):
    """An entry's position and its link, which stands for all of its past."""

    position: Position
    link: int


FIRST = Last(ORIGIN, 0)


class Entry(NamedTuple):
    """One entry of the log."""

    position: Position
    previous: Position
    link: int
    request: int
    change: Change


class Gate(NamedTuple):
    """Which epoch may commit, until when, and on which server."""

    epoch: int
    run: int
    replid: int
    until: int


class State(NamedTuple):
    """All keys of a partition. `data` by layout; `stamped_on`: run and replication id of the server that was stamped.

    `base`: the last recorded entry when the gate was opened, or the opening.
    """

    data: dict[int, Data]
    stamp: int = 0
    stamped_on: tuple[int, int] = (0, 0)
    gate: Gate | None = None
    layout: int = 0
    head: Last = FIRST
    recorded: Last = FIRST
    base: Last = FIRST
    log: tuple[Entry, ...] = ()


class Committed(NamedTuple):
    """The head before, and for each transaction its entry, or why it was refused."""

    head: Last
    outcomes: list[Entry | str]


class Clock:
    """Ticks; and numbers that are given out once."""

    def __init__(self) -> None:
        self.now = 1
        self._number = 0

    def number(self) -> int:
        """A number that nobody else has."""
        self._number += 1
        return self._number


class Server:
    """One process of the store: primary, or a replica that lags behind one."""

    def __init__(self, name: str, clock: Clock, rules: Rules) -> None:
        self.name = name
        self.clock = clock
        self.rules = rules
        self.run = clock.number()
        self.replid = clock.number()
        self.is_primary = True
        self.promoted = 0
        self.states = [State({})]
        self.source: Server | None = None
        self.copied = 0
        self.copied_of = 0
        """Replication id of the primary that `copied` counts the states of."""

    @property
    def state(self) -> State:
        """As of now."""
        return self.states[-1]

    # -- what happens to servers

    def restart(self, lost: int) -> None:
        """Come back as an earlier state: what was written since had not reached the disk."""
        del self.states[max(1, len(self.states) - lost) :]
        self._begin()

    def empty(self) -> None:
        """Come back without anything."""
        self.states = [State({})]
        self._begin()

    def _begin(self) -> None:
        self.run, self.replid, self.copied_of = self.clock.number(), self.clock.number(), 0

    def promote(self) -> None:
        """Become a primary, from wherever it had come."""
        self.is_primary, self.source = True, None
        self.replid = self.promoted = self.clock.number()

    def follow(self, source: "Server") -> None:
        """Become a replica, at first with the states it had."""
        self.is_primary, self.source, self.copied_of = False, source, 0

    def replicate(self, count: int) -> None:
        """Receive some of what the primary has written, or all of it where it goes on from another past."""
        source = self.source
        if source is None or not source.is_primary:
            return
        if self.copied_of != source.replid or self.copied > len(source.states):
            self.states, self.copied, self.copied_of = [source.state], len(source.states), source.replid
            self.replid = source.replid
            return
        for state in source.states[self.copied : self.copied + count]:
            self.states.append(state)
            self.copied += 1

    # -- scripts

    def _write(self, state: State) -> None:
        self.states.append(state)

    def _check_writes(self) -> None:
        if not self.is_primary:
            raise Away

    def gate_is_open(self, epoch: int) -> bool:
        """gate.lua."""
        gate = self.state.gate
        if gate is None or gate.epoch != epoch or gate.until < self.clock.now:
            return False
        if not self.rules.r6_script_vets_server:
            return True
        return self.is_primary and (gate.run, gate.replid) == (self.run, self.replid)

    def epoch_open(self) -> int:
        """The epoch in the gate, wherever its copy is; 0: none. A read, as an engine does it before it loads."""
        gate = self.state.gate
        return gate.epoch if gate is not None and gate.until >= self.clock.now else 0

    def commit(self, epoch: int, layout: int, batch: list[tuple[int, Change]]) -> Committed | str:
        """commit.lua: guards, effects and one entry of the log each."""
        self._check_writes()
        state, rules, now = self.state, self.rules, self.clock.now
        if not self.gate_is_open(epoch) or state.layout != layout:
            return CLOSED
        waiting = 0
        for entry in reversed(state.log):
            if entry.position <= state.recorded.position:
                break
            waiting += 1
        if rules.r9_lag_is_bounded and waiting >= LAG_ENTRIES_MAX:
            return TOO_FAR_BEHIND
        data, head = state.data[layout], state.head
        outcomes: list[Entry | str] = []
        entries: list[Entry] = []
        for request, change in batch:
            why = refusal(data, request, change, now, rules.r7_requests_are_remembered)
            if why:
                outcomes.append(why)
                continue
            data = apply(data, request, change, max(born(request) + REMEMBERED_TICKS, now + MARGIN_TICKS))
            position = next_position(head.position, epoch, rules)
            entry = Entry(position, head.position, hash((head.link, position, request, change[1:])), request, change)
            head = Last(position, entry.link)
            entries.append(entry)
            outcomes.append(entry)
        if entries:
            self._write(state._replace(head=head, log=state.log + tuple(entries), data={**state.data, layout: data}))
        return Committed(state.head, outcomes)

    def close(self, epoch: int) -> bool:
        """close.lua."""
        self._check_writes()
        if self.state.stamp >= epoch:
            return False
        self._write(self.state._replace(stamp=epoch, stamped_on=(self.run, self.replid), gate=None))
        return True

    def _is_stamped(self, epoch: int) -> bool:
        state = self.state
        is_here = state.stamped_on == (self.run, self.replid) or not self.rules.r5_stamp_of_this_server
        return state.stamp == epoch and is_here

    def fill(self, epoch: int, part: dict[str, object]) -> bool:
        """fill.lua."""
        self._check_writes()
        if not self._is_stamped(epoch):
            return False
        state = self.state
        filled = state.data.get(epoch, EMPTY)._replace(**part)
        self._write(state._replace(data={**state.data, epoch: filled}))
        return True

    def open(self, epoch: int, last: Last, opening: Last, layout: int) -> bool:
        """open.lua. layout: that of what was rebuilt; 0: the data stays."""
        self._check_writes()
        if not self._is_stamped(epoch):
            return False
        state = self.state
        if not layout and state.head != last and self.rules.r5_opened_at_the_last_entry:
            return False
        gate = Gate(epoch, self.run, self.replid, self.clock.now + GATE_TICKS)
        if layout:
            data = {layout: state.data.get(layout, EMPTY)}
            state = state._replace(layout=layout, head=last, log=(), data=data)
        if opening != last:
            state = state._replace(head=opening)
        self._write(state._replace(gate=gate, recorded=opening, base=opening))
        return True

    def tell(self, epoch: int, last: Last) -> bool:
        """recorded.lua, but for what it publishes."""
        self._check_writes()
        if not self.gate_is_open(epoch):
            return False
        state = self.state
        kept, surplus = state.log, len(state.log) - LOG_TAIL_ENTRIES
        while surplus > 0 and kept[0].position < last.position:
            kept, surplus = kept[1:], surplus - 1
        self._write(state._replace(gate=state.gate._replace(until=self.clock.now + GATE_TICKS), recorded=last, log=kept))
        return True

    # -- reads

    def holds(self, last: Last) -> bool:
        """Whether the log goes through an entry: it is in the log, or was the last one recorded."""
        state = self.state
        if not state.layout:
            return False
        for entry in state.log:
            if entry.position == last.position:
                return entry.link == last.link
        return state.recorded == last and (state.head == last or any(each.previous == last.position for each in state.log))

    def read(self, position: Position) -> tuple[Entry, ...]:
        """Entries after a position."""
        log = self.state.log
        at = len(log)
        while at and log[at - 1].position > position:
            at -= 1
        return log[at:]


def next_position(position: Position, epoch: int, rules: Rules) -> Position:
    """The position after one, for an epoch."""
    if not rules.r3_new_epoch:
        return 0, position[1] + 1
    return epoch, position[1] + 1 if position[0] == epoch else 1


class Fenced(Exception):  # noqa: N818 - an outcome
    """Another sidecar has taken over."""


class BrokenLog(Exception):  # noqa: N818 - an outcome
    """The log does not continue what is recorded."""


class Ledger:
    """The fence and the entries; each method is one transaction."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.epoch = 0
        self.last = FIRST
        self.entries: list[Entry] = []
        self.by_request: dict[int, Entry] = {}
        self.by_link: dict[int, Entry] = {}
        self.openings: dict[int, Last] = {0: FIRST}
        """By link."""

    def take_over(self, above: int) -> int:
        """Begin a new epoch, before anything is read."""
        self.epoch = max(self.epoch, above) + 1
        return self.epoch

    def check_record(self, epoch: int, known: Last, entries: tuple[Entry, ...]) -> None:
        """Raise unless the entries follow the last one, as the sidecar knows it, and this sidecar was the last to take over."""
        last = known
        for entry in entries:
            follows = entry.position > last.position and entry.previous == last.position
            is_next = not self.rules.r3_new_epoch or entry.position[1] == (
                last.position[1] + 1 if entry.position[0] == last.position[0] else 1
            )
            if not (follows and is_next and entry.link == hash((last.link, entry.position, entry.request, entry.change[1:]))):
                raise BrokenLog
            last = Last(entry.position, entry.link)
        if self.rules.r4_fence and (epoch != self.epoch or known != self.last):
            raise Fenced

    def record(self, entries: tuple[Entry, ...]) -> Last:
        """Record what was checked."""
        for entry in entries:
            self.entries.append(entry)
            self.by_request[entry.request] = entry
            self.by_link[entry.link] = entry
        self.last = Last(entries[-1].position, entries[-1].link)
        return self.last

    def record_opening(self, epoch: int, known: Last) -> Last:
        """The epoch is opened: nothing follows but what goes on from here."""
        if self.rules.r4_fence and (epoch != self.epoch or known != self.last):
            raise Fenced
        if not (self.rules.r3_new_epoch and self.rules.r3_opening_is_recorded):
            return known
        self.last = Last((epoch, 0), hash((known.link, epoch)))
        self.openings[self.last.link] = known
        return self.last

    def has_recorded(self, position: Position) -> bool:
        """Whether an entry of the position's epoch is recorded, at or after it; openings are before they are known."""
        if self.rules.r3_opening_is_recorded and position[0] and not position[1]:
            return position <= self.last.position
        for entry in reversed(self.entries):
            if entry.position[0] == position[0]:
                return entry.position >= position
        return False
