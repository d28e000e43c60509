"""Which sequences of a feed have been applied: each exactly once, in whatever order they come, and what is missing so far.

Kept as runs of sequences that follow each other. A feed begins with whatever number it is first heard with; what is lower
and comes later, because the feed was reordered at its very beginning, is still taken.
"""

from bisect import bisect_right
from itertools import chain, islice
from typing import NamedTuple

RUNS_MAX = 1_024
"""Runs kept of one feed, so that its text stays within some KiB: beyond, the oldest gap is given up."""

GIVEN_UP_MAX = 8
"""Gaps given up that are still reported, the newest."""


class Gap(NamedTuple):
    """Sequences that have not been applied, both ends included; those of a gap that is given up are never taken again."""

    first: int
    last: int
    is_given_up: bool


class FeedSequences:
    """The sequences of one source. What was not told is not applied."""

    def __init__(self, text: str = "") -> None:
        """`text`: as `text()` gave it; "" for a feed that was never heard of."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._given_up: list[tuple[int, int]] = []
        if not text:
            return
        runs, _, given_up = text.partition(";")
        at, lengths = runs.split(":")
        end = int(at) - 1
        for place, length in enumerate(map(int, lengths.split(","))):
            if place % 2 == 0:
                self._firsts.append(end + 1)
                self._lasts.append(end + length)
            end += length
        for gap in given_up.split(",") if given_up else ():
            first, _, last = gap.partition("-")
            self._given_up.append((int(first), int(last)))

    def text(self) -> str:
        """First sequence, then the lengths of run, gap, run and so on; then the gaps that were given up."""
        if not self._firsts:
            return ""
        lengths = [self._lasts[0] - self._firsts[0] + 1]
        for last, first, end in zip(self._lasts, self._firsts[1:], self._lasts[1:], strict=False):
            lengths += (first - last - 1, end - first + 1)
        given_up = ",".join(f"{first}-{last}" for first, last in self._given_up)
        return f"{self._firsts[0]}:{','.join(map(str, lengths))}" + (f";{given_up}" if given_up else "")

    def is_applied(self, sequence: int) -> bool:
        """Whether it was applied before."""
        if not self._lasts or sequence > self._lasts[-1]:
            return False
        at = bisect_right(self._firsts, sequence) - 1
        return at >= 0 and sequence <= self._lasts[at] and not self.is_given_up(sequence)

    def is_given_up(self, sequence: int) -> bool:
        """Whether it is too late for it: its gap was given up, or is older than one that was."""
        if not self._given_up or sequence >= self._given_up[-1][0]:
            return bool(self._given_up) and sequence <= self._given_up[-1][1]
        return any(first <= sequence <= last for first, last in self._given_up) or sequence < self._firsts[0]

    def add(self, sequence: int) -> None:
        """Note that it is applied."""
        firsts, lasts = self._firsts, self._lasts
        if lasts and sequence == lasts[-1] + 1:
            # As nearly always.
            lasts[-1] = sequence
            return
        at = bisect_right(firsts, sequence)
        joins_before = at > 0 and lasts[at - 1] >= sequence - 1
        joins_after = at < len(firsts) and firsts[at] == sequence + 1
        if joins_before and joins_after:
            lasts[at - 1] = lasts[at]
            del firsts[at], lasts[at]
        elif joins_before:
            lasts[at - 1] = max(lasts[at - 1], sequence)
        elif joins_after:
            firsts[at] = sequence
        else:
            firsts.insert(at, sequence)
            lasts.insert(at, sequence)
            if len(firsts) > RUNS_MAX:
                self._give_up()

    def gaps(self, count_max: int = RUNS_MAX + GIVEN_UP_MAX) -> list[Gap]:
        """What is missing between the sequences applied, oldest first."""
        given_up = (Gap(first, last, True) for first, last in self._given_up)
        starts = zip(self._lasts, islice(self._firsts, 1, None), strict=False)
        return list(islice(chain(given_up, (Gap(last + 1, first - 1, False) for last, first in starts)), count_max))

    def gap_count(self) -> int:
        """How many `gaps` there are."""
        return len(self._given_up) + max(0, len(self._firsts) - 1)

    def _give_up(self) -> None:
        self._given_up.append((self._lasts[0] + 1, self._firsts[1] - 1))
        del self._given_up[:-GIVEN_UP_MAX]
        del self._lasts[0], self._firsts[1]
