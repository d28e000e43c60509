"""Where the messages lie that a message holds in one of its fields."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.order_fields import BYTES
from engine.kernels.read_orders import BAD, read_varint

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def read_batch(message: Bytes, tag: int, begins: Ints, ends: Ints) -> int:
    """begins, ends [n]: of what each field with a tag holds, in their order; how many there are.

    Of a message whose other fields have a length and tags of one byte too; −1: it is another, or holds more than n.
    """
    at, count = 0, 0
    while at < len(message):
        length, first = read_varint(message, at + 1, len(message))
        if message[at] & 7 != BYTES or message[at] >= 128 or first == BAD or length > len(message) - first:
            return -1
        if message[at] == tag:
            if count == len(begins):
                return -1
            begins[count], ends[count] = first, first + length
            count += 1
        at = first + length
    return count
