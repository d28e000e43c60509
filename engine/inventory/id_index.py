"""The indexes of a network's ids, looked up many at a time."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.kernels.ids import FREE, IdTable, enter_ids, find_ids, hash_texts

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
END = "\n"


class IdIndex:
    """Index by id; see `kernels/ids.py`."""

    def __init__(self, index: Mapping[str, int]) -> None:
        """Ids as the door lets them in: no blanks or line feeds."""
        self._indexes = np.append(np.fromiter(index.values(), np.int64, len(index)), -1)
        self._texts, self._starts, self._ends, hashes = laid_out(list(index))
        # At most half full: a search looks at two slots or so.
        self._slots = np.full(1 << (2 * len(index) + 1).bit_length(), FREE, np.int64)
        enter_ids(hashes, self._slots)

    @property
    def table(self) -> IdTable:
        """As kernels take it. Its arrays are not to be changed."""
        return IdTable(self._texts, self._starts, self._ends, self._indexes, self._slots)

    def find(self, ids: Sequence[str]) -> Ints:
        """[ids] the index of each, −1 where there is none of it."""
        return self.find_in(*laid_out(ids))

    def find_in(self, texts: Bytes, starts: Ints, ends: Ints, hashes: Ints) -> Ints:
        """[n] the index of each of n ids that lie in `texts`, with their hashes."""
        numbers = np.empty(len(starts), np.int64)
        find_ids(texts, starts, ends, hashes, self._texts, self._starts, self._ends, self._slots, numbers)
        found: Ints = self._indexes[numbers]
        return found


def laid_out(ids: Sequence[str]) -> tuple[Bytes, Ints, Ints, Ints]:
    """Ids as one text: its bytes, then start, end and hash [ids] of each."""
    # A bytearray, since kernels take arrays that may be written to for others than those that may not.
    texts = np.frombuffer(bytearray((END.join(ids) + END).encode() if ids else b""), np.uint8)
    starts, ends, hashes = np.zeros((3, len(ids)), np.int64)
    count = hash_texts(texts, starts, ends, hashes)
    assert count == len(ids), "an id holds a line feed"
    return texts, starts, ends, hashes
