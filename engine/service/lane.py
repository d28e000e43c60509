"""One lane of the desk: what waits in it, how long that will take, and whether more may come."""

from typing import Generic, TypeVar

from engine.service.fair_queue import FairQueue

T = TypeVar("T")

LINES_FREE = 2_000
"""So many lines may wait before enough is measured."""

LINES_TOLD_MIN = 30
"""Of fewer lines measured nothing is told about many: what one call takes alone is mostly what a batch takes."""

CALLS_FREE = 2
"""So many calls may wait however long each takes, so that whoever works on them always has a next one."""

KEPT = 0.8
"""Of time and lines measured before, at each new measurement: slow small batches do not weigh as much as large ones."""


class Waiting(Generic[T]):
    """Used under the lock of the desk. Instants are of any clock in nanoseconds, the same for all methods."""

    def __init__(self, lines_a_turn: int, count_max: int, wait_ms_max: int) -> None:
        """At most `count_max` calls wait, and none that is expected to wait for longer than `wait_ms_max`."""
        self._queue: FairQueue[T] = FairQueue(lines_a_turn)
        self._count_max, self._wait_ms_max = count_max, wait_ms_max
        self._measured_ns = self._measured_lines = self._ms_a_line = 0.0
        self._taken_ns, self._taken_lines = 0, 0

    def __len__(self) -> int:
        return self._queue.count

    @property
    def lines(self) -> int:
        """Lines that wait."""
        return self._queue.lines

    @property
    def wait_ms(self) -> int:
        """How long what comes now is expected to wait."""
        return int(self._queue.lines * self._ms_a_line)

    def has_room(self, ms_left: int) -> bool:
        """Whether a call may wait that has so many milliseconds left."""
        queue = self._queue
        if queue.count >= self._count_max:
            return False
        if self._measured_lines < LINES_TOLD_MIN:
            return queue.lines <= LINES_FREE
        return queue.count < CALLS_FREE or int(queue.lines * self._ms_a_line) <= min(self._wait_ms_max, ms_left)

    def put(self, caller: str, deadline: int, lines: int, item: T) -> None:
        """Let a call wait."""
        self._queue.put(caller, deadline, lines, item)

    def take(self, lines_max: int, count_max: int, now_ns: int) -> list[T]:
        """Those whose turn it is; the time since the last of them is what their lines took, where more waited all along."""
        if not self._queue.count:
            self._taken_lines = 0
            return []
        if self._taken_lines:
            self._measured_ns = KEPT * self._measured_ns + now_ns - self._taken_ns
            self._measured_lines = KEPT * self._measured_lines + self._taken_lines
            self._ms_a_line = self._measured_ns / self._measured_lines / 1e6
        before = self._queue.lines
        taken = self._queue.take(lines_max, count_max)
        self._taken_ns, self._taken_lines = now_ns, before - self._queue.lines
        return taken
