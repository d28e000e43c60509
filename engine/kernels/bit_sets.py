"""Sets as bits of int64 words, WORD a word, without the sign; tables [sets, words]."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

WORD = 63
"""Bits of a word: int64 without its sign."""

ONE, TWO, FOUR, TOP = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)
PAIRS, FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
EIGHTS, BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)

Ints = NDArray[np.int64]


@kernel
def next_bit(words: Ints, row: int, first: int, end: int) -> int:
    """The lowest bit set in the first `end` words of a row at or after `first`; −1 when there is none."""
    w = first // WORD
    if w >= end:
        return -1
    rest = words[row, w] >> (first % WORD) << (first % WORD)
    while rest == 0:
        w += 1
        if w == end:
            return -1
        rest = words[row, w]
    return w * WORD + count_bits((rest & -rest) - 1)


@kernel
def count_bits(word: int) -> int:
    """How many bits of a word are set: written so that the compiler sees it, and takes the one instruction there is."""
    bits = np.uint64(word)
    pairs = bits - ((bits >> ONE) & PAIRS)
    fours = (pairs & FOURS) + ((pairs >> TWO) & FOURS)
    return int((((fours + (fours >> FOUR)) & EIGHTS) * BYTES) >> TOP)
