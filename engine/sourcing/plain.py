"""The short way of plain orders: many of them planned in one kernel call, each on what those before it leave.

Everything that is not plain (see `optimizer.plain`) is planned one by one (`source.py`), and finds the same plans.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.live import LiveStock
from engine.kernels.asked import PLACED_FIELDS, RESULT_FIELDS
from engine.kernels.plan_orders import Planned, hold, plan_orders
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import NetworkImage
from engine.optimizer.plain import PlainKind, PlainLines, PlainPolicies, lay_out, new_scratch, new_tables
from engine.optimizer.workspace import workspace_of

Ints = NDArray[np.int64]


class PlainPlans(NamedTuple):
    """What was planned together: tables as `order_tables` has them; of their orders the first `order_count` are planned."""

    order_count: int
    tables: Planned

    def release(self, stock: LiveStock) -> None:
        """Take back what all of them hold."""
        hold(0, self.order_count, -1, stock.first_day, stock.capacity_used.T, stock.matrix.demand, self.tables)


class PlainPlanner:
    """Plans plain orders of one network. Used by one thread."""

    def __init__(self, image: NetworkImage) -> None:
        self.image = image
        self.policies = PlainPolicies()
        self._scratch = new_scratch()

    def plan(
        self, stock: LiveStock, minute: int, kinds: Sequence[PlainKind], first_line: Ints, line_count: Ints, lines: PlainLines
    ) -> PlainPlans:
        """Plan orders, from the first on, until one cannot be planned here; those that are planned are held.

        first_line, line_count [orders]: where in `lines` those of each are.
        """
        image = self.image
        space = workspace_of(image)
        n = min(len(kinds), space.row_count)
        services = np.array([(1 << len(image.service_ids)) - 1], np.int64)
        laid = lay_out(image, stock, minute, kinds[:n], first_line[:n], line_count[:n], lines, services)
        total = len(laid.item)
        planned = new_tables(n, total)
        results = np.empty((n, RESULT_FIELDS), np.int64)
        placed = np.empty((n, SUBSET_LINES_MAX, PLACED_FIELDS), np.int64)
        arguments = (
            laid.pieces, laid.first_line, laid.item, *laid.arguments, results, placed, self.policies.rates(image),
            self._scratch, planned,
        )  # fmt: skip
        return PlainPlans(plan_orders(*arguments), planned)
