"""The latest commits that tell of something: who keeps up with the ledger is told from here."""

from collections import deque
from itertools import takewhile

from engine.inventory.client import ordinal
from engine.inventory.gate import ORIGIN
from engine.inventory.shards import Shards
from engine.service.commit_events import Commit

RECENT_COMMITS_MAX = 4_096
RECENT_BYTES_MAX = 8 * 2**20


class Recent:
    """The latest commits: all that tell of something after `start` and up to `end`, bounded in number and size.

    Over several logs both are places in each of them, and commits stand in the order in which they are told.
    """

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._commits: deque[Commit] = deque()
        self._size = 0
        self.start = self.end = ORIGIN

    def begin(self, position: str) -> None:
        """Forget all, and go on from a position."""
        self._commits.clear()
        self._size = 0
        self.start = self.end = position

    def add(self, commit: Commit) -> None:
        """The next that tells of something; the oldest may have to go."""
        self._commits.append(commit)
        self._size += commit.size
        self.end = self._shards.latest(self.end, commit.position)
        while len(self._commits) > RECENT_COMMITS_MAX or self._size > RECENT_BYTES_MAX:
            oldest = self._commits.popleft()
            self._size -= oldest.size
            self.start = self._shards.latest(self.start, oldest.position)

    def after(self, position: str) -> list[Commit] | None:
        """Those after a position; None where some of them are not here any more."""
        if self._shards.is_ahead(self.start, position):
            return None
        places = [ordinal(each) for each in self._shards.parse(position)]
        count = self._shards.count
        if count == 1:
            return list(takewhile(lambda commit: commit.place > places[0], reversed(self._commits)))[::-1]
        return [commit for commit in self._commits if commit.place > places[commit.place[0] % count]]
