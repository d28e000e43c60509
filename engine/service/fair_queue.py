"""What waits in one lane: callers take turns by the lines they ask for, and of one caller what is due first comes first.

Deficit round robin (Shreedhar and Varghese 1995): at each turn a caller may spend so many lines more, and keeps what it did not
spend while it has something waiting. One that asks for much waits behind itself, and keeps nobody else waiting.
"""

from collections import deque
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class _Caller(Generic[T]):
    """What one caller has waiting: (deadline, number, lines, item), the earliest deadline first."""

    __slots__ = ("lines_left", "name", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: list[tuple[int, int, int, T]] = []
        self.lines_left = 0


class FairQueue(Generic[T]):
    """Used under the lock of its owner."""

    def __init__(self, lines_a_turn: int) -> None:
        """`lines_a_turn`: what a caller may spend at each turn."""
        self._lines_a_turn = lines_a_turn
        self._callers: dict[str, _Caller[T]] = {}
        self._turns: deque[_Caller[T]] = deque()
        self._put_count = 0
        self.lines = 0
        """Lines of all that waits."""
        self.count = 0

    def put(self, caller: str, deadline: int, lines: int, item: T) -> None:
        """Let an item wait."""
        found = self._callers.get(caller)
        if found is None:
            found = self._callers[caller] = _Caller(caller)
            self._turns.append(found)
        self._put_count += 1
        heappush(found.waiting, (deadline, self._put_count, lines, item))
        self.lines += lines
        self.count += 1

    def take(self, lines_max: int, count_max: int) -> list[T]:
        """Items whose turn it is: as many as there may be, of so many lines; the first whatever its lines."""
        taken: list[T] = []
        lines_taken = 0
        while self._turns and len(taken) < count_max:
            caller = self._turns[0]
            waiting = caller.waiting
            if caller.lines_left < waiting[0][2] and len(self._turns) > 1:
                # Its turn is over; when it comes again it may spend more.
                self._turns.rotate(-1)
                caller.lines_left += self._lines_a_turn
                continue
            lines = waiting[0][2]
            if taken and lines_taken + lines > lines_max:
                break
            taken.append(heappop(waiting)[3])
            lines_taken += lines
            caller.lines_left = max(0, caller.lines_left - lines)
            if not waiting:
                self._turns.popleft()
                del self._callers[caller.name]
        self.lines -= lines_taken
        self.count -= len(taken)
        return taken
