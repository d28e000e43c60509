"""How many lines requests ask for, before anything else of them is read."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.read_orders import BAD, read_varint

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
"""How a field is written."""

VARINT_BYTES_MAX = 10
DEPTH = 4
"""Field numbers that lead from a request to its lines, the last ones 0 where there are fewer."""


@kernel
def count_lines(messages: Bytes, begins: Ints, ends: Ints, paths: Ints, room: Ints, counts: Ints) -> None:
    """counts [n] = fields that the path [n, DEPTH] of each message leads to, in its part [begin, end) of `messages`.

    `room` [DEPTH] is written over. Of a message that is none, those before the place where that shows.
    """
    for n in range(len(begins)):
        room[0] = ends[n]
        counts[n] = count_along(messages, begins[n], paths[n], room)


@kernel
def count_along(messages: Bytes, begin: int, path: Ints, ends: Ints) -> int:
    """Fields that a path leads to. ends [DEPTH]: room for where the fields end that one is in; the first is the message's."""
    count, at, level = 0, begin, 0
    while level >= 0:
        end = ends[level]
        number, content, last = next_field(messages, at, end) if at < end else (0, 0, BAD)
        if last == BAD:  # This field is read as far as it goes: on behind it.
            at = end
            level -= 1
        elif number != path[level]:
            at = last
        elif level == DEPTH - 1 or path[level + 1] == 0:
            count += 1
            at = last
        else:
            level += 1
            ends[level] = last
            at = content
    return count


@inlined_kernel
def next_field(messages: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """Number of the field that begins at `at`, 0 where it has no length; where its content begins, and where it ends or BAD."""
    tag, content = read_varint(messages, at, end)
    if content == BAD:
        return 0, 0, BAD
    kind = tag & 7
    if kind == LENGTH:
        size, content = read_varint(messages, content, end)
        if content == BAD or size < 0 or size > end - content:
            return 0, 0, BAD
        return tag >> 3, content, content + size
    if kind == VARINT:
        return 0, content, skip_varint(messages, content, end)
    size = 8 if kind == EIGHT_BYTES else 4
    if kind not in (EIGHT_BYTES, FOUR_BYTES) or size > end - content:
        return 0, 0, BAD
    return 0, content, content + size


@inlined_kernel
def skip_varint(messages: Bytes, at: int, end: int) -> int:
    """Where a varint of any value ends; BAD: it is longer than any, or cut off."""
    for n in range(at, min(end, at + VARINT_BYTES_MAX)):
        if messages[n] < 128:
            return n + 1
    return BAD
