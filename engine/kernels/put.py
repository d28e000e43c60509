"""Bytes of messages written backwards, from the end of a buffer: a length stands before what it counts, and is known by then.

Every function writes what ends before `at` and returns where that begins, FULL where the buffer has no room. What is written
before FULL stays FULL, so that it is asked once, at the end. Fields that hold their default are left out, as in proto3; the
encoding is that of protobuf.dev/programming-guides/encoding.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.order_tables import Texts

FULL = -1
MINUS, ZERO = 45, 48
DOUBLE_BYTES = 8

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def put_bytes(texts: Bytes, begin: int, end: int, out: Bytes, at: int) -> int:
    """texts[begin : end] as they are."""
    first = at - (end - begin)
    if first < 0:
        return FULL
    for i in range(end - begin):
        out[first + i] = texts[begin + i]
    return first


@kernel
def put_word(texts: Texts, number: int, out: Bytes, at: int) -> int:
    """A text by number, as it is."""
    return put_bytes(texts.texts, texts.starts[number], texts.ends[number], out, at)


@kernel
def put_byte(byte: int, out: Bytes, at: int) -> int:
    """One byte."""
    if at < 1:
        return FULL
    out[at - 1] = byte
    return at - 1


@kernel
def put_varint(value: int, out: Bytes, at: int) -> int:
    """A whole number, 7 bits a byte; below zero in ten bytes, as 2^64 + value."""
    if 0 <= value < 128:
        return put_byte(value, out, at)
    rest = np.int64(value).view(np.uint64)
    size = 1
    while size < 10 and rest >> np.uint64(7 * size):
        size += 1
    first = at - size
    if first < 0:
        return FULL
    for i in range(size - 1):
        out[first + i] = np.uint8(rest & np.uint64(127)) | np.uint8(128)
        rest >>= np.uint64(7)
    out[at - 1] = np.uint8(rest)
    return first


@kernel
def put_digits(value: int, out: Bytes, at: int) -> int:
    """A whole number as a person reads it; −2^63 is none."""
    rest = abs(value)
    at = put_byte(ZERO + rest % 10, out, at)
    while rest >= 10:
        rest //= 10
        at = put_byte(ZERO + rest % 10, out, at)
    return put_byte(MINUS, out, at) if value < 0 else at


# -- fields


@kernel
def put_head(tag: int, end: int, out: Bytes, at: int) -> int:
    """Length and tag of the field that ends at `end`, all of which is written."""
    return put_varint(tag, out, put_varint(end - at, out, at))


@kernel
def put_span(tag: int, texts: Bytes, begin: int, end: int, out: Bytes, at: int) -> int:
    """A field of texts[begin : end]."""
    return put_head(tag, at, out, put_bytes(texts, begin, end, out, at)) if end > begin else at


@kernel
def put_text(tag: int, texts: Texts, number: int, out: Bytes, at: int) -> int:
    """A field of a text by number."""
    return put_span(tag, texts.texts, texts.starts[number], texts.ends[number], out, at)


@kernel
def put_number(tag: int, value: int, out: Bytes, at: int) -> int:
    """A field of type int32 or int64."""
    return put_varint(tag, out, put_varint(value, out, at)) if value else at


@kernel
def put_delta(tag: int, value: int, out: Bytes, at: int) -> int:
    """A field of type sint64: 0, −1, 1, −2, 2 … are counted from 0."""
    return put_number(tag, value << 1 ^ value >> 63, out, at)


@kernel
def put_double(tag: int, value: float, out: Bytes, at: int) -> int:
    """A field of type double, little-endian; 0 is +0."""
    bits: Any = np.float64(value).view(np.uint64)
    if bits == np.uint64(0):
        return at
    first = at - DOUBLE_BYTES
    if first < 0:
        return FULL
    for i in range(DOUBLE_BYTES):
        out[first + i] = np.uint8(bits >> np.uint64(8 * i) & np.uint64(255))
    return put_varint(tag, out, first)
