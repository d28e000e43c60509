"""How many lines requests ask for, before anything else of them is read."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.read_orders import BAD, read_varint

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
"""How a field is written."""

VARINT_BYTES_MAX = 10
DEPTH = 4
"""Field numbers that lead from a request to its lines, the last ones 0 where there are fewer."""


@kernel
def count_lines(messages: Bytes, begins: Ints, ends: Ints, paths: Ints, counts: Ints) -> None:
    """counts [n] = fields that the path [n, DEPTH] of each message leads to, in its part [begin, end) of `messages`.

    Of a message that is none, those before the place where that shows.
    """
    for n in range(len(begins)):
        if paths[n, 3] == 0:
            counts[n] = count_along(messages, begins[n], ends[n], paths[n, 0], paths[n, 1], paths[n, 2])
        else:
            counts[n] = count_below(messages, begins[n], ends[n], paths[n])


@kernel
def count_below(messages: Bytes, begin: int, end: int, path: Ints) -> int:
    """Fields that a path of four leads to."""
    count, at = 0, begin
    while at < end:
        number, content, last = next_field(messages, at, end)
        if last == BAD:
            break
        if number == path[0]:
            count += count_along(messages, content, last, path[1], path[2], path[3])
        at = last
    return count


@kernel
def count_along(messages: Bytes, begin: int, end: int, first: int, second: int, third: int) -> int:
    """Fields `third` in fields `second` in fields `first`; a number of 0 stands for the message itself."""
    if second == 0:
        return count_fields(messages, begin, end, first)
    count, at = 0, begin
    while at < end:
        number, content, last = next_field(messages, at, end)
        if last == BAD:
            break
        if number == first and third == 0:
            count += count_fields(messages, content, last, second)
        elif number == first:
            count += count_inner(messages, content, last, second, third)
        at = last
    return count


@kernel
def count_inner(messages: Bytes, begin: int, end: int, second: int, third: int) -> int:
    """Fields `third` in fields `second`."""
    count, at = 0, begin
    while at < end:
        number, content, last = next_field(messages, at, end)
        if last == BAD:
            break
        if number == second:
            count += count_fields(messages, content, last, third)
        at = last
    return count


@kernel
def count_fields(messages: Bytes, begin: int, end: int, wanted: int) -> int:
    """Fields with a number."""
    count, at = 0, begin
    while at < end:
        number, _, last = next_field(messages, at, end)
        if last == BAD:
            break
        count += number == wanted
        at = last
    return count


@kernel
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


@kernel
def skip_varint(messages: Bytes, at: int, end: int) -> int:
    """Where a varint of any value ends; BAD: it is longer than any, or cut off."""
    for n in range(at, min(end, at + VARINT_BYTES_MAX)):
        if messages[n] < 128:
            return n + 1
    return BAD
