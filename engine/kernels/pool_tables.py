"""Many open orders as arrays: what each could ship by, and the stock and capacity that all of them contend for.

A *way* is one shipment that an order could have: a location, a carrier service and a day. Its *entries* are the lines that
it could carry, each from one position. A *slot* is the capacity of a location on a day.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.subsets import capacity_need

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]

(S_BEST, S_WAY, S_VALUE, S_COUNT, S_CHOICE, S_UNITS, S_LINES, S_SUMS, S_MASKS, S_SHORT, S_OLD, S_NEW, S_WITHIN) = range(13)
"""Rows of the scratch of one thread [S_WITHIN + TABLES_EACH · (lines + 1), 2^lines]."""


class Pool(NamedTuple):
    """Orders [N], their lines, their ways and the entries of these, each in a row behind the other; resources at the end.

    Money is weighted micros. `prices`: what the carrier asks for each subset of an order's lines, in rows of 2^lines.
    """

    first_line: Ints
    """[N + 1]"""
    first_way: Ints
    """[N + 1]"""
    split_micros: Ints
    """[N]: taken off once, since `way_fixed` of each shipment holds it."""
    most: Int32s
    """[N]: shipments at the most."""
    quantity: Ints
    """[lines]"""
    short_micros: Ints
    """[lines]: what leaving the line out costs."""
    way_slot: Int32s
    """[ways]: −1: its capacity has no limit."""
    way_fixed: Ints
    """[ways]: micros once per shipment."""
    way_price: Ints
    """[ways]: where its row of `prices` begins."""
    first_entry: Ints
    """[ways + 1]"""
    entry_line: Int32s
    """[entries]: which line of its order, from 0."""
    entry_position: Int32s
    """[entries]"""
    entry_micros: Ints
    """[entries]: of the whole line by this way."""
    prices: Ints
    """[rows of 2^lines]"""
    position_units: Ints
    """[positions]: units that all orders together may have."""
    position_item: Int32s
    """[positions]: positions of one number stand in for each other, mostly."""
    slot_left: Ints
    """[slots]"""
    slot_kind: Ints
    """[slots]: what a shipment takes of it: see `subsets.capacity_need`."""


@kernel
def count_subsets(o: int, pool: Pool, scratch: Ints) -> int:
    """S_UNITS and S_LINES of every subset of an order's lines; returns how many lines it has."""
    first = pool.first_line[o]
    n: int = pool.first_line[o + 1] - first
    units, lines = scratch[S_UNITS], scratch[S_LINES]
    units[0], lines[0] = 0, 0
    for j in range(n):
        half = 1 << j
        for s in range(half):
            units[half + s] = units[s] + pool.quantity[first + j]
            lines[half + s] = lines[s] + 1
    return n


@kernel
def slot_need(slot: int, lines: int, units: int, pool: Pool) -> int:
    """What a shipment of so many lines and units takes of a slot."""
    need: int = capacity_need(pool.slot_kind[slot], lines, units)
    return need
