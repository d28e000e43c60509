"""Bytes written backwards are those that are written forwards; where a buffer has no room, it says so. Nothing is written
outside of the buffer, nor behind where it was begun; what lies before may be written over by whole words.
"""

import math
import random
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import pytest
from google.protobuf.internal import encoder

from engine.kernels.jit import kernel
from engine.kernels.order_tables import Texts
from engine.kernels.put import (
    FULL,
    put_byte,
    put_bytes,
    put_delta,
    put_digits,
    put_double,
    put_head,
    put_number,
    put_span,
    put_text,
    put_varint,
    put_word,
)
from engine.kernels.words import WORD_BYTES, leading_zeros, load_word, store_word
from tests.naive import encoding

EDGES = [
    *(sign * (2**power + more) for power in (0, 6, 7, 14, 21, 31, 32, 56, 62) for more in (-1, 0, 1) for sign in (1, -1)),
    2**63 - 1, -(2**63) + 1,
]  # fmt: skip
TAGS = [8, 10, 122, 130, 2**20]


def check(put: Callable[[np.ndarray, int], int], expected: bytes) -> None:
    """Written before the end of a buffer with room to spare, with just enough, and with every room that is too little."""
    for room in (len(expected) + 40, len(expected) + 3, len(expected)):
        out = np.full(room + 4, 0xEE, np.uint8)
        first = put(out, room)
        assert first == room - len(expected)
        assert out[first:room].tobytes() == expected
        assert (out[: max(0, first - 2 * WORD_BYTES)] == 0xEE).all()
        assert (out[room:] == 0xEE).all()
    for room in (FULL, *range(len(expected))):
        out = np.full(len(expected) + 4, 0xEE, np.uint8)
        assert put(out, room) == (FULL if expected else room)
        assert (out[max(room, 0) :] == 0xEE).all()


def texts_of(words: list[bytes]) -> Texts:
    ends = list(accumulate(map(len, words)))
    starts = [end - len(word) for end, word in zip(ends, words, strict=True)]
    return Texts(np.frombuffer(bytearray(b"".join(words)), np.uint8), np.array(starts), np.array(ends))


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("value", [*EDGES, -(2**63)])
def test_numbers(value: int, tag: int) -> None:
    check(lambda out, at: put_varint(value, out, at), encoding.varint(value))
    check(lambda out, at: put_number(tag, value, out, at), encoding.number(tag, value))
    # As it comes from a table: without a compiler it wraps as well.
    check(lambda out, at: put_delta(tag, np.int64(value), out, at), encoding.delta(tag, value))


@pytest.mark.parametrize("value", [0, 7, 9, 10, 99, 100, *EDGES])
def test_digits(value: int) -> None:
    check(lambda out, at: put_digits(value, out, at), str(value).encode())


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -1.5, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, 1e-6, 1 / 3])
def test_doubles(value: float, tag: int) -> None:
    """0 is left out; −0 is another number."""
    check(lambda out, at: put_double(tag, value, out, at), encoding.double(tag, value))


@pytest.mark.parametrize("seed", range(40))
def test_texts(seed: int) -> None:
    rng = random.Random(seed)
    words = [rng.randbytes(rng.choice([0, 0, 1, 5, 127, 128, 200])) for _ in range(rng.randint(1, 4))]
    texts, number, tag = texts_of(words), rng.randrange(len(words)), rng.choice(TAGS)
    begin, end, word = int(texts.starts[number]), int(texts.ends[number]), words[number]
    check(lambda out, at: put_word(texts, number, out, at), word)
    check(lambda out, at: put_bytes(texts.texts, begin, end, out, at), word)
    check(lambda out, at: put_text(tag, texts, number, out, at), encoding.text(tag, word))
    check(lambda out, at: put_span(tag, texts.texts, begin, end, out, at), encoding.text(tag, word))


@kernel
def moved(source: np.ndarray, at: int, out: np.ndarray, to: int) -> int:
    """Copy a word; its leading zeros."""
    word = load_word(source, at)
    store_word(out, to, word)
    zeros: int = leading_zeros(word)
    return zeros


@pytest.mark.parametrize("seed", range(20))
def test_words_wherever_they_lie(seed: int) -> None:
    rng = random.Random(seed)
    source = np.frombuffer(bytearray(rng.randbytes(20)), np.uint8).copy()
    source[rng.randrange(20) :] = 0
    at, to = rng.randrange(13), rng.randrange(13)
    out = np.full(20, 0xEE, np.uint8)
    word = int.from_bytes(source[at : at + 8].tobytes(), "little")
    assert moved(source, at, out, to) == 64 - word.bit_length()
    assert out.tobytes() == b"\xee" * to + word.to_bytes(8, "little") + b"\xee" * (12 - to)


@pytest.mark.parametrize("byte", [0, 1, 127, 255])
def test_a_byte(byte: int) -> None:
    check(lambda out, at: put_byte(byte, out, at), bytes([byte]))


@pytest.mark.parametrize("size", [0, 1, 127, 128, 20_000])
def test_the_length_of_what_stands_behind_it(size: int) -> None:
    for tag in TAGS:
        expected = encoding.counted(tag, b"")[:-1] + encoding.varint(size)
        out = np.zeros(size + 20, np.uint8)
        at = put_head(tag, size + 15, out, 15)
        assert out[at:15].tobytes() == expected
        assert put_head(tag, size + 1, out, 1) == FULL


def test_what_is_written_here_is_what_protobuf_writes() -> None:
    pieces: list[bytes] = []
    for value in EDGES:
        encoder._EncodeSignedVarint(pieces.append, value, False)
    assert b"".join(pieces) == b"".join(map(encoding.varint, EDGES))
