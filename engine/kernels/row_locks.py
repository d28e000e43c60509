"""Rows that one process changes and others read from the same memory: a sequence lock an item.

An item's version is odd while its row is changed, and another one afterwards. A reader takes what it read only if the version
was even before and is the same after (Lamport, "Concurrent reading and writing", 1977): it never holds the writer up.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from engine.kernels.jit import kernel

CHANGING, TOO_LONG = -1, -2

Ints = NDArray[np.int64]
Column = NDArray[np.int32]


@intrinsic
def _fence(_: Any) -> tuple[Any, Callable[..., Any]]:
    """What stands before it is seen by others before what stands after it, and read here in that order."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


def _nothing() -> None:
    """Without a compiler nothing is put in another order."""


fence: Any = _nothing if vars(config)["DISABLE_JIT"] else _fence


@kernel
def lock_rows(item: Ints, version: Ints) -> None:
    """Versions of these items become odd, where they are not; an item may stand there twice, −1 is none."""
    for at in range(len(item)):
        if item[at] >= 0 and version[item[at]] & 1 == 0:
            version[item[at]] += 1
    fence()


@kernel
def unlock_rows(item: Ints, version: Ints) -> None:
    """Versions of these items become even again: new ones."""
    fence()
    for at in range(len(item)):
        if item[at] >= 0 and version[item[at]] & 1 == 1:
            version[item[at]] += 1


@kernel
def versions_of(item: Ints, version: Ints, found: Ints) -> bool:
    """found [items] receives the version of each; whether none of them is being changed. What is read next is read later."""
    for at in range(len(item)):
        found[at] = version[item[at]]
        if found[at] & 1 == 1:
            return False
    fence()
    return True


@kernel
def are_unchanged(item: Ints, version: Ints, found: Ints) -> bool:
    """Whether each item still has the version that was found; what was read before was read earlier."""
    fence()
    for at in range(len(item)):
        if version[item[at]] != found[at]:
            return False
    return True


@kernel
def copy_rows(
    first: int, item: Ints, version: Ints, row_start: Ints, row_count: Ints, at_location: Column, at_slot: Column,
    supply: Column, demand: Column, start: Ints, count: Ints, rows: Column,
) -> int:  # fmt: skip
    """`copy_row` of item[first], item[first + 1] … one behind the other into rows [4, n], from where the one before ends.

    start, count [items]: where each lies. Returns how many are there by now: fewer than there are where one is being changed
    (count of it CHANGING), or where there is no room for it (TOO_LONG).
    """
    for k in range(first, len(item)):
        at = start[k - 1] + count[k - 1] if k else 0
        start[k] = at
        count[k] = copy_row(
            item[k], version, row_start, row_count, at_location, at_slot, supply, demand, rows[:, at:]
        )  # fmt: skip
        if count[k] < 0:
            return k
    return len(item)


@kernel
def copy_row(
    item: int, version: Ints, row_start: Ints, row_count: Ints, at_location: Column, at_slot: Column, supply: Column,
    demand: Column, row: Column,
) -> int:  # fmt: skip
    """An item's row as it was at one moment: row [4, n] receives location, slot, supply and demand; returns the count.

    CHANGING: it is being changed, or was meanwhile. TOO_LONG: n is too small.
    """
    before = version[item]
    fence()
    if before & 1 == 1:
        return CHANGING
    start, count = row_start[item], row_count[item]
    fence()
    if version[item] != before:
        return CHANGING
    if count > row.shape[1]:
        return TOO_LONG
    for at in range(count):
        row[0, at] = at_location[start + at]
        row[1, at] = at_slot[start + at]
        row[2, at] = supply[start + at]
        row[3, at] = demand[start + at]
    fence()
    if version[item] != before:
        return CHANGING
    copied: int = count
    return copied
