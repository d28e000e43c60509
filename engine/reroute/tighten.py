"""A pool without what no plan can have: the same plans, a bound that is nearer to them, and less to look at."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_tables import Pool

Ints = NDArray[np.int64]

UNITS = 2
"""The kind of a slot that counts units, see `kernels.subsets.capacity_need`."""

UNITS_ADDED_MAX = 64
"""Units of a position up to which it is looked at which sums of quantities there can be."""


class Tightened(NamedTuple):
    """The pool that is left, and where its ways and positions stood before."""

    pool: Pool
    way: Ints
    position: Ints

    def narrow(self, plan: Ints) -> Ints:
        """A plan by the ways of before as one by those that are left; −1 where there is no such way any more."""
        place = np.searchsorted(self.way, plan)
        found = (plan >= 0) & (place < len(self.way))
        found[found] = self.way[place[found]] == plan[found]
        return np.where(found, place, -1)

    def widen(self, plan: Ints) -> Ints:
        """A plan by the ways that are left as one by those of before."""
        if len(self.way) == 0:
            return plan
        return np.where(plan >= 0, self.way[np.maximum(plan, 0)], -1)

    def widen_micros(self, micros: Ints, count: int) -> Ints:
        """[count]: prices of the positions of before; nothing for those that nobody can have."""
        out = np.zeros(count, np.int64)
        out[self.position] = micros
        return out


def tightened(pool: Pool, *, is_whole: bool = True) -> Tightened:
    """Without entries that ask for more than there is, ways without entries, and units that no sum of quantities reaches.

    Positions that nobody can have any more are left out: those that remain are numbered anew. Not `is_whole`: orders stand for
    more than they are, whose quantities are not known, so that all units are left.
    """
    order_of_way = np.repeat(np.arange(len(pool.most)), np.diff(pool.first_way))
    way_of_entry = np.repeat(np.arange(len(pool.way_fixed)), np.diff(pool.first_entry))
    quantity = pool.quantity[pool.first_line[order_of_way[way_of_entry]] + pool.entry_line]
    slot = pool.way_slot[way_of_entry]
    # A slot more, that always suffices, stands for the way without one.
    kind, there = np.append(pool.slot_kind, 0)[slot], np.append(pool.slot_left, 2**62)[slot]
    fits = (quantity <= pool.position_units[pool.entry_position]) & (np.where(kind == UNITS, quantity, 1) <= there)
    counts = np.bincount(way_of_entry[fits], minlength=len(pool.way_fixed))
    kept = counts > 0
    position, index = np.unique(pool.entry_position[fits], return_inverse=True)
    units = pool.position_units[position]
    left = pool._replace(
        first_way=_ends(np.bincount(order_of_way[kept], minlength=len(pool.most))),
        way_slot=pool.way_slot[kept], way_fixed=pool.way_fixed[kept], way_price=pool.way_price[kept],
        first_entry=_ends(counts[kept]), entry_line=pool.entry_line[fits], entry_position=index.astype(np.int32),
        entry_micros=pool.entry_micros[fits], position_item=pool.position_item[position],
        position_units=reachable(units, index, quantity[fits]) if is_whole else units,
    )  # fmt: skip
    return Tightened(left, np.flatnonzero(kept), position)


def reachable(units: Ints, position: Ints, quantity: Ints) -> Ints:
    """Of each position the most units, up to what there is, that some of the quantities asked of it add up to."""
    order = np.lexsort((quantity, position))
    ends = np.searchsorted(position[order], np.arange(len(units) + 1))
    asked = quantity[order]
    least = np.full(len(units), 2**62, np.int64)
    np.minimum.at(least, position, quantity)
    total = np.bincount(position, quantity, len(units)).astype(np.int64)
    most = np.minimum(units, total)
    # With a single unit among what is asked, and little else, sums have no holes worth looking for.
    for p in np.flatnonzero((least > 1) & (most < total) & (most <= UNITS_ADDED_MAX)).tolist():
        sums, limit = 1, int(most[p])
        for q in asked[ends[p] : ends[p + 1]].tolist():
            sums |= sums << q
            sums &= (2 << limit) - 1
        most[p] = sums.bit_length() - 1
    return most


def _ends(counts: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(counts)))
