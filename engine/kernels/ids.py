"""Ids looked up by the hundred thousand: a table of hashes, searched by bytes.

A dictionary keeps keys, hashes and numbers in places of their own, each of them a wait for memory once it outgrows the
caches. Here a slot is hash and number in 64 bits, and what the next ids will need is fetched while this one is compared.
Texts are UTF-8 in one array, each ended by END, which no id holds.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.prefetch import prefetch

END = 10
"""A line feed."""

FREE = -1
HASH_SEED = np.uint64(0xCBF29CE484222325)
HASH_PRIME = np.uint64(0x100000001B3)
"""FNV-1a of 64 bits (Fowler, Noll, Vo; RFC 9923)."""

SLOT_BITS = 31
"""Of a slot, the lower ones are the id's number."""

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def hash_ids(texts: Bytes, ends: Ints, hashes: Ints) -> int:
    """FNV-1a of each text, without its sign; ends [n] receives where its END stands. Returns the number of texts.

    ends and hashes [n]: where there are more texts than n, the rest is left.
    """
    count = 0
    mixed = HASH_SEED
    for at in range(len(texts)):
        if texts[at] == END:
            if count == len(ends):
                return count + 1
            ends[count] = at
            hashes[count] = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(2**62 - 1))
            count += 1
            mixed = HASH_SEED
        else:
            mixed = (mixed ^ np.uint64(texts[at])) * HASH_PRIME
    return count


@kernel
def enter_ids(hashes: Ints, slots: Ints) -> None:
    """Fill a table of free slots, a power of two and more than there are ids, with ids 0 … n − 1, which are distinct."""
    mask = len(slots) - 1
    for number in range(len(hashes)):
        at = hashes[number] & mask
        while slots[at] != FREE:
            at = (at + 1) & mask
        slots[at] = (hashes[number] >> SLOT_BITS << SLOT_BITS) | number


@kernel
def find_ids(
    texts: Bytes, ends: Ints, hashes: Ints, known_texts: Bytes, known_ends: Ints, slots: Ints, numbers: Ints
) -> None:  # fmt: skip
    """numbers [n] receives the number of each text among the known ones, −1 where it is none of them."""
    ahead = 8
    mask = len(slots) - 1
    for i in range(min(ahead, len(hashes))):
        prefetch(slots, hashes[i] & mask)
    for i in range(len(hashes)):
        if i + ahead < len(hashes):
            prefetch(slots, hashes[i + ahead] & mask)
        numbers[i] = first_slot(hashes[i], slots)
        if numbers[i] >= 0:
            prefetch(known_ends, numbers[i])
    for i in range(len(hashes)):
        if i + ahead < len(hashes) and numbers[i + ahead] >= 0:
            prefetch(known_texts, known_ends[numbers[i + ahead]])
        if numbers[i] >= 0 and not is_same(texts, i, ends, known_texts, numbers[i], known_ends):
            numbers[i] = search(texts, i, ends, hashes[i], known_texts, known_ends, slots)


@kernel
def first_slot(hashed: int, slots: Ints) -> int:
    """The number of the first id with such a hash, or −1."""
    mask = len(slots) - 1
    at = hashed & mask
    while slots[at] != FREE:
        if slots[at] >> SLOT_BITS == hashed >> SLOT_BITS:
            number: int = slots[at] & (2**SLOT_BITS - 1)
            return number
        at = (at + 1) & mask
    return -1


@kernel
def search(
    texts: Bytes, i: int, ends: Ints, hashed: int, known_texts: Bytes, known_ends: Ints, slots: Ints
) -> int:  # fmt: skip
    """The number of text i, whichever ids share its hash; −1: it is none of them."""
    mask = len(slots) - 1
    at = hashed & mask
    while slots[at] != FREE:
        number: int = slots[at] & (2**SLOT_BITS - 1)
        if slots[at] >> SLOT_BITS == hashed >> SLOT_BITS and is_same(texts, i, ends, known_texts, number, known_ends):
            return number
        at = (at + 1) & mask
    return -1


@kernel
def is_same(texts: Bytes, i: int, ends: Ints, known_texts: Bytes, number: int, known_ends: Ints) -> bool:
    """Whether text i is the known text `number`."""
    start = ends[i - 1] + 1 if i > 0 else 0
    known_start = known_ends[number - 1] + 1 if number > 0 else 0
    if ends[i] - start != known_ends[number] - known_start:
        return False
    for k in range(ends[i] - start):
        if texts[start + k] != known_texts[known_start + k]:
            return False
    return True
