"""The short way of plain quotes: many of them planned in one kernel call, each on the stock of this moment.

Everything that is not plain (see `optimizer.plain`) is quoted one by one (`quote.py`), and finds the same options.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.live import LiveStock
from engine.kernels.asked import PLACED_FIELDS, RESULT_FIELDS
from engine.kernels.plan_orders import Planned
from engine.kernels.plan_quotes import UNKNOWN, plan_quotes
from engine.kernels.quote_tables import FACT_FIELDS, POINT_FIELDS, POINTS_MAX, Q_PIECE, QUOTE_FIELDS
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.horizon import Horizon
from engine.network.image import NetworkImage
from engine.optimizer.direct import SERVICES_MAX
from engine.optimizer.plain import PlainKind, PlainLines, PlainPolicies, lay_out, new_scratch, new_tables
from engine.promise.quote import level_choices

Ints = NDArray[np.int64]


class QuoteTables(NamedTuple):
    """What was planned together: tables as `quote_tables` has them."""

    quotes: Ints
    planned: Planned
    facts: Ints
    starts: Ints
    """[shipments]: the minute at which work on each may start."""
    ranked: Ints
    points: Ints


class Cutoffs:
    """By when an order must be placed for a start now to hold, as kernels find it, until the minute is another."""

    def __init__(self, image: NetworkImage) -> None:
        self._image = image
        self._order_by = np.full((len(image.profiles), len(image.service_ids)), UNKNOWN, np.int64)
        self._of: tuple[int, Horizon] | None = None

    def at(self, minute: int) -> Ints:
        """[profiles, services] for kernels to fill."""
        of = minute, self._image.horizon(minute)
        if self._of is None or self._of[0] != minute or self._of[1] is not of[1]:
            self._of = of
            self._order_by[:] = UNKNOWN
        return self._order_by


class PlainQuoter:
    """Plans plain quotes of one network. Used by one thread, and its tables last until it plans again."""

    def __init__(self, image: NetworkImage) -> None:
        self.image = image
        self.policies = PlainPolicies()
        # With more services than there are bits nothing is plain.
        choices = level_choices(image) if len(image.service_ids) <= SERVICES_MAX else []
        self._choices = np.array([sum(1 << service for service in choice) for choice in choices], np.int64)
        self._scratch = new_scratch()
        self._cutoffs = Cutoffs(image)
        self._room = -1
        self._tables: QuoteTables | None = None
        self._results, self._placed = np.empty((0, 0), np.int64), np.empty((0, 0, 0), np.int64)

    def plan(
        self, stock: LiveStock, minute: int, kinds: Sequence[PlainKind], first_line: Ints, line_count: Ints, lines: PlainLines,
        wanted: Ints,
    ) -> QuoteTables:  # fmt: skip
        """Plan quotes, at most `row_count` of the workspace.

        first_line, line_count [quotes]: where in `lines` those of each are; wanted [quotes, 2]: most options, and 1 where the
        frontier is wanted.
        """
        image, n = self.image, len(kinds)
        laid = lay_out(image, stock, minute, kinds, first_line, line_count, lines, self._choices)
        tables = self._tables_for(n, len(laid.item))
        arguments = (
            laid.pieces, laid.first_line, laid.item, wanted, *laid.arguments, self._results, self._placed,
            self.policies.rates(image), self._scratch, self._cutoffs.at(minute), tables.planned, tables.facts, tables.starts,
            tables.ranked, tables.points, tables.quotes,
        )  # fmt: skip
        plan_quotes(*arguments)
        tables.quotes[:n, Q_PIECE] = laid.pieces
        return tables._replace(quotes=tables.quotes[:n], ranked=tables.ranked[:n])

    def _tables_for(self, quotes: int, lines: int) -> QuoteTables:
        """Room for so many, made anew only where there was less: memory that is new costs more than the plans in it."""
        if self._tables is None or len(self._tables.quotes) < quotes or self._room < lines:
            choices = len(self._choices)
            self._room = max(lines, self._room, 3 * quotes)
            quotes = max(quotes, 0 if self._tables is None else len(self._tables.quotes))
            # The last row is that of the frontier's plans.
            self._results = np.empty((quotes * choices + 1, RESULT_FIELDS), np.int64)
            self._placed = np.empty((quotes * choices + 1, SUBSET_LINES_MAX, PLACED_FIELDS), np.int64)
            self._tables = QuoteTables(
                np.zeros((quotes, QUOTE_FIELDS), np.int64), new_tables(quotes * choices, self._room * choices),
                np.empty((quotes * choices, FACT_FIELDS), np.int64), np.empty(self._room * choices, np.int64),
                np.empty((quotes, choices), np.int64),
                np.empty((quotes * POINTS_MAX, POINT_FIELDS), np.int64),
            )  # fmt: skip
        self._tables.planned.used[:] = 0
        return self._tables
