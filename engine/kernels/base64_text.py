"""Bytes as URL-safe base64 without padding (RFC 4648, section 5)."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel

Bytes = NDArray[np.uint8]

ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8)


@inlined_kernel
def base64_length(count: int) -> int:
    """Characters for so many bytes: four for three, and one more than a rest has bytes."""
    return (4 * count + 2) // 3


@inlined_kernel
def put_base64(data: Bytes, begin: int, end: int, out: Bytes, at: int) -> int:
    """The characters for data[begin:end] at out[at:]; returns where they end."""
    for first in range(begin, end - 2, 3):
        three = np.int64(data[first]) << 16 | np.int64(data[first + 1]) << 8 | np.int64(data[first + 2])
        out[at] = ALPHABET[three >> 18]
        out[at + 1] = ALPHABET[three >> 12 & 63]
        out[at + 2] = ALPHABET[three >> 6 & 63]
        out[at + 3] = ALPHABET[three & 63]
        at += 4
    rest = (end - begin) % 3
    if rest:
        bits = np.int64(data[end - rest]) << 16 | (np.int64(data[end - 1]) << 8 if rest == 2 else 0)
        for digit in range(rest + 1):
            out[at] = ALPHABET[bits >> (18 - 6 * digit) & 63]
            at += 1
    return at
