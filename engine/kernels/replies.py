"""Hashes as a Redis or Valkey server sends them, read where they lie: no object is made of a field or a value.

The protocol is that of redis.io/docs/latest/develop/reference/protocol-spec: a hash is `*2n` (RESP2) or `%n` (RESP3), then
field and value in turn, each `$length`, its bytes and a line end.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.ids import hash_text
from engine.kernels.jit import inlined_kernel, kernel

ARRAY, MAP, STRING, MINUS, ZERO, NINE = 42, 37, 36, 45, 48, 57
LINE_END_BYTES = 2
PAIR_BYTES_MIN = 13
"""`$0`, line end, line end, `$1`, line end, a digit, line end: an array for so many pairs is long enough."""

BAD = -1

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def read_hashes(
    reply: Bytes, begin: int, hash_count: int, starts: Ints, ends: Ints, hashes: Ints, owners: Ints, values: Ints
) -> tuple[int, int]:
    """(pairs, where the hashes end) of hashes with whole values that stand one after the other from `begin`.

    Each pair's field is reply[starts : ends], its hash that of `ids.py`, its owner the number of the hash it stands in.
    Arrays [pairs], with room for one per PAIR_BYTES_MIN bytes. BAD pairs: it is something else, from the place returned.
    """
    at, pair = begin, 0
    for owner in range(hash_count):
        if at >= len(reply) or (reply[at] != ARRAY and reply[at] != MAP):
            return BAD, at
        count, after = read_number(reply, at + 1)
        if after < 0 or count < 0:
            return BAD, at
        if reply[at] == ARRAY:
            count //= 2
        at = after
        for _ in range(count):
            start, end = read_string(reply, at)
            value_start, value_end = (BAD, BAD) if end < 0 else read_string(reply, end + LINE_END_BYTES)
            if value_end < 0 or pair == len(values):
                return BAD, at
            value, after = read_number(reply, value_start)
            if after != value_end + LINE_END_BYTES:
                return BAD, value_start
            starts[pair], ends[pair], owners[pair], values[pair] = start, end, owner, value
            hashes[pair] = hash_text(reply, start, end)
            pair += 1
            at = after
    return pair, at


@inlined_kernel
def read_string(reply: Bytes, at: int) -> tuple[int, int]:
    """(start, end) of the string that begins at `at`, whose line end is there; end BAD: it is something else."""
    if at >= len(reply) or reply[at] != STRING:
        return at, BAD
    length, start = read_number(reply, at + 1)
    if start < 0 or length < 0 or start + length + LINE_END_BYTES > len(reply):
        return at, BAD
    return start, start + length


@inlined_kernel
def read_number(reply: Bytes, at: int) -> tuple[int, int]:
    """(a whole number, where the next line begins); BAD next line: it is no number."""
    sign = 1
    if at < len(reply) and reply[at] == MINUS:
        sign = -1
        at += 1
    first = at
    number: Any = np.int64(0)
    while at < len(reply) and ZERO <= reply[at] <= NINE:
        number = number * 10 + (np.int64(reply[at]) - ZERO)
        at += 1
    if at == first or at + LINE_END_BYTES > len(reply) or reply[at] != 13 or reply[at + 1] != 10:
        return 0, BAD
    return sign * number, at + LINE_END_BYTES
