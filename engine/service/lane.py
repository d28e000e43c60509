"""One lane of the desk: what waits in it, how long that will take, and whether more may come."""

from typing import Generic, TypeVar

from engine.service.fair_queue import FairQueue

T = TypeVar("T")

LINES_FREE = 2_000
"""So many lines may wait however slow it goes: what comes in a burst is not refused before anything is measured."""

WEIGHT = 0.1
"""Of the newest measurement in the average."""


class Waiting(Generic[T]):
    """Used under the lock of the desk. Instants are of any clock in nanoseconds, the same for all methods."""

    def __init__(self, lines_a_turn: int, count_max: int, wait_ms_max: int) -> None:
        """At most `count_max` calls wait, and none that is expected to wait for longer than `wait_ms_max`."""
        self._queue: FairQueue[T] = FairQueue(lines_a_turn)
        self._count_max, self._wait_ms_max = count_max, wait_ms_max
        self._nanos_per_line = 0.0
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
        return int(self._queue.lines * self._nanos_per_line) // 1_000_000

    def has_room(self, ms_left: int) -> bool:
        """Whether a call may wait that has so many milliseconds left."""
        if self._queue.count >= self._count_max:
            return False
        return self._queue.lines <= LINES_FREE or self.wait_ms <= min(self._wait_ms_max, ms_left)

    def put(self, caller: str, deadline: int, lines: int, item: T) -> None:
        """Let a call wait."""
        self._queue.put(caller, deadline, lines, item)

    def take(self, lines_max: int, count_max: int, now_ns: int) -> list[T]:
        """Those whose turn it is; the time since the last of them is what their lines took, where more waited all along."""
        if not self._queue.count:
            self._taken_lines = 0
            return []
        if self._taken_lines:
            sample = (now_ns - self._taken_ns) / self._taken_lines
            self._nanos_per_line += WEIGHT * (sample - self._nanos_per_line) if self._nanos_per_line else sample
        before = self._queue.lines
        taken = self._queue.take(lines_max, count_max)
        self._taken_ns, self._taken_lines = now_ns, before - self._queue.lines
        return taken
