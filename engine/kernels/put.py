"""Bytes of messages written backwards, from the end of a buffer: a length stands before what it counts, and is known by then.

Every function writes what ends before `at` and returns where that begins, FULL where the buffer has no room. What is written
before FULL stays FULL, so that it is asked once, at the end. What lies before what is written is free, and may be written over:
words are stored whole. Fields that hold their default are left out, as in proto3; the
encoding is that of protobuf.dev/programming-guides/encoding.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_tables import Texts
from engine.kernels.words import WORD_BYTES, leading_zeros, load_word, store_word

FULL = -1
MINUS, ZERO = 45, 48

SPREAD_MAX = 2**56
"""What is below has seven bits for each byte of a word, at the most."""

SEVENS = (
    np.uint64(0x000000000FFFFFFF), np.uint64(0x00FFFFFFF0000000), np.uint64(0x00003FFF00003FFF), np.uint64(0x0FFFC0000FFFC000),
    np.uint64(0x007F007F007F007F), np.uint64(0x3F803F803F803F80),
)  # fmt: skip
MARKS = np.uint64(0x8080808080808080)

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@inlined_kernel
def put_bytes(texts: Bytes, begin: int, end: int, out: Bytes, at: int) -> int:
    """texts[begin : end] as they are."""
    first = at - (end - begin)
    if first < 0:
        return FULL
    if end - begin <= 2 * WORD_BYTES and min(end, at) >= 2 * WORD_BYTES:
        store_word(out, at - WORD_BYTES, load_word(texts, end - WORD_BYTES))
        if end - begin > WORD_BYTES:
            store_word(out, at - 2 * WORD_BYTES, load_word(texts, end - 2 * WORD_BYTES))
        return first
    for i in range(end - begin):
        out[first + i] = texts[begin + i]
    return first


@inlined_kernel
def put_word(texts: Texts, number: int, out: Bytes, at: int) -> int:
    """A text by number, as it is."""
    return put_bytes(texts.texts, texts.starts[number], texts.ends[number], out, at)


@inlined_kernel
def put_byte(byte: int, out: Bytes, at: int) -> int:
    """One byte."""
    if at < 1:
        return FULL
    out[at - 1] = byte
    return at - 1


@inlined_kernel
def put_varint(value: int, out: Bytes, at: int) -> int:
    """A whole number, 7 bits a byte; below zero in ten bytes, as 2^64 + value."""
    if 0 <= value < 128:
        return put_byte(value, out, at)
    rest = np.int64(value).view(np.uint64)
    if 0 < value < SPREAD_MAX and at >= WORD_BYTES:
        # Seven bits to each byte, in three steps; then to the end of the word, with a mark in all bytes but the last.
        word = (rest & SEVENS[0]) | (rest & SEVENS[1]) << np.uint64(4)
        word = (word & SEVENS[2]) | (word & SEVENS[3]) << np.uint64(2)
        word = (word & SEVENS[4]) | (word & SEVENS[5]) << np.uint64(1)
        free: int = leading_zeros(word) // 8 * 8
        marks = MARKS >> np.uint64(free + 8)
        store_word(out, at - WORD_BYTES, (word | marks) << np.uint64(free))
        return at - WORD_BYTES + free // 8
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


@inlined_kernel
def put_digits(value: int, out: Bytes, at: int) -> int:
    """A whole number as a person reads it; −2^63 is none."""
    rest = abs(value)
    at = put_byte(ZERO + rest % 10, out, at)
    while rest >= 10:
        rest //= 10
        at = put_byte(ZERO + rest % 10, out, at)
    return put_byte(MINUS, out, at) if value < 0 else at


# -- fields


@inlined_kernel
def put_head(tag: int, end: int, out: Bytes, at: int) -> int:
    """Length and tag of the field that ends at `end`, all of which is written."""
    return put_varint(tag, out, put_varint(end - at, out, at))


@inlined_kernel
def put_span(tag: int, texts: Bytes, begin: int, end: int, out: Bytes, at: int) -> int:
    """A field of texts[begin : end]."""
    return put_head(tag, at, out, put_bytes(texts, begin, end, out, at)) if end > begin else at


@inlined_kernel
def put_text(tag: int, texts: Texts, number: int, out: Bytes, at: int) -> int:
    """A field of a text by number."""
    return put_span(tag, texts.texts, texts.starts[number], texts.ends[number], out, at)


@inlined_kernel
def put_number(tag: int, value: int, out: Bytes, at: int) -> int:
    """A field of type int32 or int64."""
    return put_varint(tag, out, put_varint(value, out, at)) if value else at


@inlined_kernel
def put_delta(tag: int, value: int, out: Bytes, at: int) -> int:
    """A field of type sint64: 0, −1, 1, −2, 2 … are counted from 0."""
    return put_number(tag, value << 1 ^ value >> 63, out, at)


@kernel
def put_double(tag: int, value: float, out: Bytes, at: int) -> int:
    """A field of type double, little-endian; 0 is +0."""
    bits: Any = np.float64(value).view(np.uint64)
    if bits == np.uint64(0):
        return at
    if at < WORD_BYTES:
        return FULL
    store_word(out, at - WORD_BYTES, bits)
    return put_varint(tag, out, at - WORD_BYTES)
