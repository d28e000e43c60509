"""Reservations that are active: what each holds, when it ends, and how much of every position is held in all.

The shared store keeps a text for each, replaced as a whole and guarded by what it was, so that of two who end or change a
hold at once only one succeeds. Engines follow the texts by the log.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from engine.inventory.parts import is_locked, unlocked
from engine.inventory.transaction import Cell


class HeldUnits(NamedTuple):
    """Units of a basket's line, held at a position."""

    line_id: str
    cell: Cell
    quantity: int


def merged(units: Iterable[HeldUnits]) -> tuple[HeldUnits, ...]:
    """Units by line and position, each once, in the order in which they come first."""
    sums: dict[tuple[str, Cell], int] = {}
    for line_id, cell, quantity in units:
        sums[line_id, cell] = sums.get((line_id, cell), 0) + quantity
    return tuple(HeldUnits(*key, quantity) for key, quantity in sums.items())


class HeldCapacity(NamedTuple):
    """Capacity held at a location on a local day (days since 1970)."""

    location_id: str
    day: int
    quantity: int


def merged_capacity(capacities: Iterable[HeldCapacity]) -> tuple[HeldCapacity, ...]:
    """Capacity by location and day, each once, in the order in which they come first."""
    sums: dict[tuple[str, int], int] = {}
    for location_id, day, quantity in capacities:
        sums[location_id, day] = sums.get((location_id, day), 0) + quantity
    return tuple(HeldCapacity(*key, quantity) for key, quantity in sums.items())


@dataclass(frozen=True, slots=True)
class Hold:
    """An active reservation. `version` rises with each change; `caller` is who is charged with it.

    `is_network`: of the network as a whole, whatever positions it stands on meanwhile. `is_planned`: it holds what a plan
    takes, and becomes an order of that plan.
    """

    reservation_id: str
    version: int
    expires_unix_ms: int
    caller: str
    is_network: bool
    is_planned: bool
    units: tuple[HeldUnits, ...]
    capacities: tuple[HeldCapacity, ...]

    def text(self) -> str:
        """As the store keeps it: the same hold gives the same text, since it is what guards compare."""
        units = [[each.line_id, *each.cell, each.quantity] for each in self.units]
        capacities = [tuple(each) for each in self.capacities]
        flags = [self.is_network, self.is_planned]
        fields = [self.version, self.expires_unix_ms, self.caller, *flags, units, capacities]
        return orjson.dumps(fields).decode()

    @classmethod
    def parse(cls, reservation_id: str, text: str) -> "Hold":
        """The hold in a text of the store."""
        version, expires_unix_ms, caller, is_network, is_planned, units, capacities = orjson.loads(text)
        return cls(
            reservation_id, version, expires_unix_ms, caller, is_network, is_planned,
            tuple(HeldUnits(line_id, Cell(*cell), quantity) for line_id, *cell, quantity in units),
            tuple(HeldCapacity(*each) for each in capacities),
        )  # fmt: skip


class Holds:
    """Every active hold, as of the log position of the stock that it stands beside."""

    def __init__(self) -> None:
        """None."""
        self._holds: dict[str, Hold] = {}
        self._reserved: dict[Cell, int] = defaultdict(int)
        self._holders: dict[Cell, set[str]] = defaultdict(set)
        self._by_caller: Counter[str] = Counter()
        self._locked: set[str] = set()
        self._expected: Counter[Cell] = Counter()
        # Each hold's end, and ends that it had before: those are passed over when their time comes.
        self._ends: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._holds)

    def __iter__(self) -> Iterator[Hold]:
        return iter(self._holds.values())

    def get(self, reservation_id: str) -> Hold | None:
        """An active hold; None where it has ended, or never was."""
        return self._holds.get(reservation_id)

    def load(self, texts: Mapping[str, str]) -> None:
        """Take in every hold of the store."""
        for reservation_id, text in texts.items():
            self.apply(reservation_id, text)

    def apply(self, reservation_id: str, text: str) -> None:
        """A hold's text has become this one; "": it has ended.

        A change that is not decided yet has locked it: until then it is what it was, and nobody else changes it.
        """
        (self._locked.add if is_locked(text) else self._locked.discard)(reservation_id)
        text = unlocked(text)
        before = self._holds.pop(reservation_id, None)
        if before is not None:
            self._count(before, -1)
            self._by_caller[before.caller] -= 1
        if text:
            hold = self._holds[reservation_id] = Hold.parse(reservation_id, text)
            self._count(hold, 1)
            self._by_caller[hold.caller] += 1
            heapq.heappush(self._ends, (hold.expires_unix_ms, reservation_id))

    def is_locked(self, reservation_id: str) -> bool:
        """Whether a change of a hold, or its making, is not decided yet."""
        return reservation_id in self._locked

    def count_of(self, caller: str) -> int:
        """Active reservations of a caller."""
        return self._by_caller[caller]

    def reserved(self, cell: Cell) -> int:
        """Units of a position that are held, a part of its demand."""
        return self._reserved.get(cell, 0)

    def holders(self, cell: Cell) -> list[str]:
        """Ids of the reservations that hold units of a position, sorted."""
        return sorted(self._holders.get(cell, ()))

    def expect(self, cells: Iterable[Cell], sign: int) -> None:
        """Positions of which units are being held by what is planned but not committed (1), or are not any more (−1)."""
        for cell in cells:
            self._expected[cell] += sign

    def is_expected(self, cell: Cell) -> bool:
        """Whether units of a position are being held by what is planned but not committed."""
        return self._expected[cell] > 0

    def due(self, now_unix_ms: int, count_max: int) -> list[Hold]:
        """Holds whose end has come, earliest first. They stay until the log says that they have ended."""
        found: dict[str, Hold] = {}
        looked_at = []
        while self._ends and self._ends[0][0] <= now_unix_ms and len(found) < count_max:
            end, reservation_id = heapq.heappop(self._ends)
            hold = self._holds.get(reservation_id)
            if hold is not None and hold.expires_unix_ms == end:
                if reservation_id not in self._locked:
                    found[reservation_id] = hold
                looked_at.append((end, reservation_id))
        for each in dict.fromkeys(looked_at):
            heapq.heappush(self._ends, each)
        return list(found.values())

    def _count(self, hold: Hold, sign: int) -> None:
        for each in hold.units:
            left = self._reserved[each.cell] + sign * each.quantity
            if left:
                self._reserved[each.cell] = left
            else:
                del self._reserved[each.cell]
        for cell in {each.cell for each in hold.units}:
            holders = self._holders[cell]
            (holders.add if sign > 0 else holders.remove)(hold.reservation_id)
            if not holders:
                del self._holders[cell]
