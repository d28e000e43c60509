"""The indexes of a network's ids, looked up many at a time."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.kernels.ids import FREE, enter_ids, find_ids, hash_ids

Ints = NDArray[np.int64]
END = "\n"


class IdIndex:
    """Index by id; see `kernels/ids.py`."""

    def __init__(self, index: Mapping[str, int]) -> None:
        """Ids as the door lets them in: no blanks or line feeds."""
        self._indexes = np.append(np.fromiter(index.values(), np.int64, len(index)), -1)
        self._texts = _texts(list(index))
        self._ends, hashes = np.zeros(len(index), np.int64), np.zeros(len(index), np.int64)
        count = hash_ids(self._texts, self._ends, hashes)
        assert count == len(index), "an id holds a line feed"
        # At most half full: a search looks at two slots or so.
        self._slots = np.full(1 << (2 * len(index) + 1).bit_length(), FREE, np.int64)
        enter_ids(hashes, self._slots)

    def find(self, ids: Sequence[str]) -> Ints:
        """[ids] the index of each, −1 where there is none of it."""
        texts = _texts(ids)
        ends, hashes, numbers = np.empty((3, len(ids)), np.int64)
        count = hash_ids(texts, ends, hashes)
        assert count == len(ids), "an id holds a line feed"
        find_ids(texts, ends, hashes, self._texts, self._ends, self._slots, numbers)
        found: Ints = self._indexes[numbers]
        return found


def _texts(ids: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer((END.join(ids) + END).encode() if ids else b"", np.uint8)
