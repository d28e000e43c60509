"""The state of a search of long orders: what is decided, the prices, and what each undecided column answers to them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.long_order import GRAIN, LongOrder
from engine.kernels.plans import PlanState, copy_plan, plan_cost

Ints = NDArray[np.int64]

NOW_FIELDS = 12
"""`now`: ALIVE, how many columns are still undecided; SUNK, what the decided part costs (without carrier prices unless
these are plain); BEST, what the cheapest plan known costs; GOAL, a bound that leaves nothing cheaper; NODES, bounds taken,
and NODES_MAX; LEAST and MOST, how many locations ship; CREDIT, what the dearest location taken gives way for; PAUSE_AT, the
nodes at which a search gives control back; DEPTH, where it goes on, −1 where it begins anew; ENTERING, 1 where the node
there has not been met yet."""
ALIVE, SUNK, BEST, GOAL, NODES, NODES_MAX, LEAST, MOST, CREDIT, PAUSE_AT, DEPTH, ENTERING = range(NOW_FIELDS)


BY_LINE, BY_WHOLE_LINES = -1, -2
"""Instead of a rate: a column answers by one line below its staircase; by lines served whole."""


class Search(NamedTuple):
    """The state of a search: what is decided, and the prices; n lines, m columns, r rows."""

    now: Ints
    cost: Ints
    """[m, n]: `floor`, NEVER where the search has ruled the pair out."""
    price: Ints
    price_max: Ints
    best_price: Ints
    covered: Ints
    """[n]: how many of the locations taken serve the line."""
    shifted: Ints
    """[r · SLOPES_MAX, n]: price less the rise of the carrier's price, −1 for lines that are decided."""
    alive: Ints
    """[m]: undecided columns in front; the others behind, in the order in which they left."""
    rank: Ints
    """[m]: where a column stands in `alive`."""
    value: Ints
    """[m]: what each undecided column answers."""
    extra: Ints
    """[m]: by how much the bound rises when the column ships."""
    slope_at: Ints
    """[m]: the line below its row's staircase by which a column answers most."""
    below: Ints
    """[m]: what each undecided column answers by that line alone; `value` is more where the steps tell more."""
    rate_at: Ints
    """[m]: micros per unit of weight by which the steps answer, or BY_LINE, or BY_WHOLE_LINES."""
    at_location: Ints
    """[locations]: the column that answers for a location."""
    taken: Ints
    """[m]: 1 for the columns taken."""
    picked: Ints
    opened: Ints
    """[m]: columns in use in the order in which they opened; how many is `plan.used`."""
    ranked: Ints
    """[m]: the undecided columns that answer least, for local search."""
    served: Ints
    """[m]: the lines that a column serves by BY_WHOLE_LINES, as bits."""
    answer: Ints
    worth: Ints
    heavy: Ints
    """[n]: scratch."""


@kernel
def copy_values(source: Ints, target: Ints) -> None:
    """target = source; assigning slices asks first whether they overlap, and makes an array where they do."""
    for i in range(source.shape[0]):
        target[i] = source[i]


@kernel
def remove(s: Search, c: int) -> None:
    """Take a column out of the undecided ones; it comes back when ALIVE is what it was."""
    last = s.now[ALIVE] - 1
    at = s.rank[c]
    other = s.alive[last]
    s.alive[at], s.alive[last] = other, c
    s.rank[other], s.rank[c] = at, last
    s.now[ALIVE] = last


@kernel
def adopt_plan(t: LongOrder, s: Search, plan: PlanState, best: PlanState) -> bool:
    """Make a complete plan the best one where it is cheaper; returns whether it was."""
    cost = plan_cost(t, plan)
    if cost >= s.now[BEST]:
        return False
    copy_plan(t, plan, best)
    s.now[BEST] = cost
    s.now[GOAL] = cost - t.rules[GRAIN] + 1
    return True
