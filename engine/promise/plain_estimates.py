"""The short way of estimates: many items in one kernel call, each by every service level asked for.

Everything that it does not tell is estimated one by one (`estimate.py`), with the same dates.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.live import LiveStock
from engine.kernels.asked import PLACED_FIELDS, RESULT_FIELDS
from engine.kernels.plan_estimates import E_STATUS, TOLD_FIELDS, UNTOLD, estimate_items
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import NetworkImage
from engine.optimizer.plain import PlainKind, PlainLines, lay_out
from engine.optimizer.workspace import workspace_of
from engine.promise.plain import Cutoffs

Ints = NDArray[np.int64]


class PlainEstimates(NamedTuple):
    """What was told of items by each of the levels, see `plan_estimates`."""

    told: Ints
    """[items, levels, TOLD_FIELDS]."""
    is_told: NDArray[np.bool_]
    """[items]: all of it is found."""


class PlainEstimator:
    """Estimates items of one network. Used by one thread."""

    def __init__(self, image: NetworkImage) -> None:
        self.image = image
        self._cutoffs = Cutoffs(image)
        count = len(image.location_ids)
        self._seen, self._most = np.zeros(count, np.int32), np.zeros(count, np.int64)

    def estimate(
        self, stock: LiveStock, minute: int, kind: PlainKind, items: Ints, quantity: int, levels: Sequence[str]
    ) -> PlainEstimates:
        """So many units of each item, to the destination of the kind, by service levels of the network."""
        image, n = self.image, len(items)
        of_levels = [image.service_levels.index(level) for level in levels]
        bits = [
            sum(1 << s for s in range(len(image.service_ids)) if image.service_level_index[s] == level) for level in of_levels
        ]
        told = np.empty((n, len(levels), TOLD_FIELDS), np.int64)
        most = workspace_of(image).row_count
        for first in range(0, n, most):
            part = items[first : first + most]
            count = len(part)
            lines = PlainLines(part, np.full(count, quantity, np.int64))
            laid = lay_out(
                image, stock, minute, [kind] * count, np.arange(count), np.ones(count, np.int64), lines,
                np.array(bits, np.int64),
            )  # fmt: skip
            results = np.empty((count * len(levels), RESULT_FIELDS), np.int64)
            placed = np.empty((count * len(levels), SUBSET_LINES_MAX, PLACED_FIELDS), np.int64)
            arguments = (
                *laid.arguments, results, placed, self._cutoffs.at(minute), self._seen, self._most,
                told[first : first + count].reshape(-1, TOLD_FIELDS),
            )  # fmt: skip
            estimate_items(*arguments)
        return PlainEstimates(told, (told[:, :, E_STATUS] != UNTOLD).all(axis=1))
