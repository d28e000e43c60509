"""Ids looked up by the hundred thousand: a table of hashes, searched by bytes.

A dictionary keeps keys, hashes and numbers in places of their own, each of them a wait for memory once it outgrows the
caches. Here a slot is hash and number in 64 bits, and what the next ids will need is fetched while this one is compared.
Texts are UTF-8 in one array, from a start to an end (exclusive) each.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.prefetch import prefetch

END = 10
"""A line feed: after each of many texts in one; no id holds it."""

FREE = -1
HASH_SEED = np.uint64(0xCBF29CE484222325)
HASH_PRIME = np.uint64(0x100000001B3)
"""FNV-1a of 64 bits (Fowler, Noll, Vo; RFC 9923)."""

SLOT_BITS = 31
"""Of a slot, the lower ones are the id's number."""

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class IdTable(NamedTuple):
    """Known ids: their bytes, then start, end and index [n] of each, and the slots of their hashes."""

    texts: Bytes
    starts: Ints
    ends: Ints
    indexes: Ints
    slots: Ints


@inlined_kernel
def hash_text(texts: Bytes, start: int, end: int) -> int:
    """FNV-1a of a text, its upper half mixed into the lower one, without sign."""
    mixed = HASH_SEED
    for at in range(start, end):
        mixed = (mixed ^ np.uint64(texts[at])) * HASH_PRIME
    hashed: Any = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(2**62 - 1))
    number: int = hashed
    return number


@kernel
def hash_texts(texts: Bytes, starts: Ints, ends: Ints, hashes: Ints) -> int:
    """Start, end and hash [n] of texts that are each followed by END. Returns their number, n + 1 where there are more."""
    count, start = 0, 0
    for at in range(len(texts)):
        if texts[at] == END:
            if count == len(ends):
                return count + 1
            starts[count], ends[count] = start, at
            hashes[count] = hash_text(texts, start, at)
            count += 1
            start = at + 1
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
    texts: Bytes, starts: Ints, ends: Ints, hashes: Ints, known_texts: Bytes, known_starts: Ints, known_ends: Ints,
    slots: Ints, numbers: Ints,
) -> None:  # fmt: skip
    """numbers [n] receives the number of each text among the known ones, −1 where it is none of them."""
    ahead = 8
    mask = len(slots) - 1
    for i in range(min(ahead, len(numbers))):
        prefetch(slots, hashes[i] & mask)
    for i in range(len(numbers)):
        if i + ahead < len(numbers):
            prefetch(slots, hashes[i + ahead] & mask)
        numbers[i] = first_slot(hashes[i], slots)
        if numbers[i] >= 0:
            prefetch(known_starts, numbers[i])
            prefetch(known_ends, numbers[i])
    for i in range(len(numbers)):
        if i + ahead < len(numbers) and numbers[i + ahead] >= 0:
            prefetch(known_texts, known_starts[numbers[i + ahead]])
        known = numbers[i]
        if known >= 0 and not is_same(texts, starts[i], ends[i], known_texts, known_starts[known], known_ends[known]):
            numbers[i] = search(texts, starts[i], ends[i], hashes[i], known_texts, known_starts, known_ends, slots)


@inlined_kernel
def find_id(texts: Bytes, start: int, end: int, table: IdTable) -> int:
    """The index of one text, −1 where it is none of the known ones."""
    hashed = hash_text(texts, start, end)
    known = search(texts, start, end, hashed, table.texts, table.starts, table.ends, table.slots)
    return table.indexes[known] if known >= 0 else -1


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


@inlined_kernel
def search(
    texts: Bytes, start: int, end: int, hashed: int, known_texts: Bytes, known_starts: Ints, known_ends: Ints, slots: Ints
) -> int:
    """The number of a text, whichever ids share its hash; −1: it is none of them."""
    mask = len(slots) - 1
    at = hashed & mask
    while slots[at] != FREE:
        number: int = slots[at] & (2**SLOT_BITS - 1)
        if slots[at] >> SLOT_BITS == hashed >> SLOT_BITS and is_same(
            texts, start, end, known_texts, known_starts[number], known_ends[number]
        ):
            return number
        at = (at + 1) & mask
    return -1


@inlined_kernel
def is_same(texts: Bytes, start: int, end: int, known_texts: Bytes, known_start: int, known_end: int) -> bool:
    """Whether two texts are the same."""
    if end - start != known_end - known_start:
        return False
    for k in range(end - start):
        if texts[start + k] != known_texts[known_start + k]:
            return False
    return True
