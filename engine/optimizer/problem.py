"""One order as arrays: the lines to ship, and the columns (location, carrier service, ready date) that could ship them."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.assign import CARRIER_PPM, COLUMNS, LINES, LOCATIONS_MAX, SPLIT
from engine.kernels.tariffs import PPM

Ints = NDArray[np.int64]

SHORT_TOTAL_MICROS = 2**50
"""Charged for a wholly short order where a policy names no price: more than any plan costs, yet sums stay in int64."""

NO_LIMIT = 2**31
"""Locations at the most, where nothing limits them."""

SHORT_ALL_MICROS_MAX = 2**58
"""What leaving everything short may cost at the most: plans are sums below that, so that int64 holds them."""


WRONG_TABLE = "a table of a problem has another type or shape than it should"


class Tariffs(NamedTuple):
    """Weight breaks of every zone, one behind the other: start [zones + 1], the rest [breaks]."""

    start: Ints
    max_grams: Ints
    price_micros: Ints
    per_kg_micros: Ints


LINE_TABLES = ("quantity", "item", "grams", "volume", "short_micros", "line_locations_max")
COLUMN_TABLES = ("location", "fixed", "unit_micros", "capacity_kind", "capacity_left", "price_row")
ROW_TABLES = ("zone", "divisor", "package_grams_max")
RULES = ("split_micros", "carrier_weight_ppm", "locations_max")
"""The rows of `lines`, `columns` and `rows` of a problem, and what comes after its sizes, in the order that kernels know."""


class ProblemTables(NamedTuple):
    """What a `Problem` consists of: one table by line, column and price row each, since a small order's time goes by arrays."""

    sizes: Ints
    """[SIZE_FIELDS of `kernels.assign`]: lines, items, columns, price rows; the split penalty, the weight of the carrier's
    price in millionths and the locations of the order at the most; whether the problem is plain, without any of the last
    three fields (1, else 0); where the six tables that follow lie in memory."""
    lines: Ints
    """[LINE_TABLES, n]: quantity, item, grams and mm³ per unit, what a unit left out costs, and the locations of the line:
    of more than one, what is left may be short; of one, it goes whole or not at all."""
    columns: Ints
    """[COLUMN_TABLES, c]; `fixed` holds the split penalty of its shipment."""
    rows: Ints
    """[ROW_TABLES, r]"""
    allowed: NDArray[np.bool_]
    """[n, c]: whether the column may carry the line at all."""
    line_micros: Ints
    """[n, c]: once per line and shipment."""
    available: Ints
    """[k, c]: units the column can promise by its date."""
    tariffs: Tariffs
    ranked: bool = False
    """Whether cost is replaced by the order of the columns' locations."""
    sets: Ints | None = None
    """[n]: lines of one number leave one location together, whole, or are all short; None: each line by itself."""
    line_unit_micros: Ints | None = None
    """[n, c]: per unit of the line on the column, besides `unit_micros`; None: nothing."""


def _row(table: str, at: int, doc: str) -> property:
    """One of the rows of a table, by name."""
    return property(lambda problem: getattr(problem, table)[at], doc=doc)


class Problem(ProblemTables):
    """Lines [n], items [k] (distinct among the lines), columns [c] in order of preference, price rows [r].

    Money is weighted micros, none of it negative. `new_problem` makes one of named arrays.
    """

    __slots__ = ()

    @property
    def line_count(self) -> int:
        """Lines of the order."""
        return int(self.sizes[LINES])

    @property
    def column_count(self) -> int:
        """Columns to choose from."""
        return int(self.sizes[COLUMNS])

    @property
    def split_micros(self) -> int:
        """What each shipment but the first costs more; `fixed` holds it."""
        return int(self.sizes[SPLIT])

    @property
    def carrier_weight_ppm(self) -> int:
        """The weight of the carrier's price, in millionths."""
        return int(self.sizes[CARRIER_PPM])

    @property
    def locations_max(self) -> int:
        """Locations of the order at the most."""
        return int(self.sizes[LOCATIONS_MAX])

    quantity = _row("lines", 0, "Units of each line.")
    item = _row("lines", 1, "Which of the items each line asks for.")
    grams = _row("lines", 2, "Grams per unit.")
    volume = _row("lines", 3, "mm³ per unit.")
    short_micros = _row("lines", 4, "Per unit left out; SHORT_ALL_MICROS_MAX for all units together.")
    line_locations_max = _row("lines", 5, "Locations of each line at the most.")
    location = _row("columns", 0, "Where the column ships from.")
    fixed = _row("columns", 1, "Micros once per shipment.")
    unit_micros = _row("columns", 2, "Micros per unit of any line.")
    capacity_kind = _row("columns", 3, "What a shipment takes of the day: see `kernels.subsets.capacity_need`.")
    capacity_left = _row("columns", 4, "What is left of the day.")
    price_row = _row("columns", 5, "Its row of the tables by price row.")
    zone = _row("rows", 0, "Zone of the tariffs; −1: no carrier.")
    divisor = _row("rows", 1, "cm³ per kg; 0: actual weight only.")
    package_grams_max = _row("rows", 2, "Grams of one package at the most.")

    def _replace(self, **fields: Any) -> "Problem":
        """The problem with some of what `new_problem` takes replaced: `sizes` then says where the tables lie that it has."""
        return new_problem(**(self._named() | fields))

    def __reduce__(self) -> tuple[Any, ...]:
        """Elsewhere, the tables lie elsewhere."""
        return partial(new_problem, **self._named()), ()

    def _named(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in (*LINE_TABLES, *COLUMN_TABLES, *ROW_TABLES, *RULES, *self._fields[4:])}


def new_problem(
    *, allowed: NDArray[np.bool_], line_micros: Ints, available: Ints, tariffs: Tariffs, split_micros: int = 0,
    carrier_weight_ppm: int = PPM, locations_max: int = NO_LIMIT, ranked: bool = False, sets: Ints | None = None,
    line_unit_micros: Ints | None = None, **tables: Ints,
) -> Problem:  # fmt: skip
    """A problem of its tables by name: those of LINE_TABLES, COLUMN_TABLES and ROW_TABLES, all of them int64."""
    stacked = [np.array([tables.pop(name) for name in names]) for names in (LINE_TABLES, COLUMN_TABLES, ROW_TABLES)]
    assert not tables, f"there are no such tables: {sorted(tables)}"
    lines, columns, rows = stacked
    allowed = np.ascontiguousarray(allowed)
    line_micros, available = np.ascontiguousarray(line_micros), np.ascontiguousarray(available)
    n, c, items = lines.shape[1], columns.shape[1], len(available)
    # Kernels read them where they lie, and believe what they are told.
    assert all(table.dtype == np.int64 for table in (*stacked, line_micros, available)), WRONG_TABLE
    assert allowed.dtype == np.bool_ and allowed.shape == line_micros.shape == (n, c), WRONG_TABLE
    assert available.shape == (items, c), WRONG_TABLE
    assert n == 0 or (lines[1].min() >= 0 and lines[1].max() < items), WRONG_TABLE
    assert c == 0 or (columns[5].min() >= 0 and columns[5].max() < rows.shape[1]), WRONG_TABLE
    plain = not ranked and sets is None and line_unit_micros is None
    places = [table.ctypes.data for table in (*stacked, allowed, line_micros, available)]
    sizes = np.array(
        [n, items, c, rows.shape[1], split_micros, carrier_weight_ppm, locations_max, plain, *places], np.int64
    )  # fmt: skip
    return Problem(
        sizes, lines, columns, rows, allowed, line_micros, available, tariffs, ranked, sets, line_unit_micros
    )  # fmt: skip


class Placement(NamedTuple):
    """Units of a line on a column; column −1: short."""

    line: int
    column: int
    quantity: int


class Solution(NamedTuple):
    """The best plan found: OPTIMAL when objective and lower bound are equal."""

    placements: tuple[Placement, ...]
    objective_micros: int
    lower_bound_micros: int
    nodes: int
    is_cut: bool = False
    """Whether the clock ended the search before it was proven, or out of nodes."""
