"""Every way to ship an order's lines, as the kernels that explain read it: by the short way to a plan or by the long one."""

from typing import NamedTuple

import numpy as np

from engine.kernels.alternatives import (
    ANSWER_FIELDS,
    BEST_ROWS,
    C_DAY,
    C_KIND,
    C_LATEST,
    C_LEFT,
    C_LOCATION,
    C_OPENING,
    C_SERVICE,
    C_START,
    COLUMN_FIELDS,
    explain_locations,
)
from engine.kernels.asked import O_RUN_ROW, PARTIAL, R_HELD, R_STATUS
from engine.kernels.asked import OUT_OF_RANGE as BEYOND
from engine.kernels.choose import SHORT_TOTAL_MICROS
from engine.kernels.explained import columns_of_offers, columns_of_problem, units_in_time
from engine.kernels.offers import LINE_COUNT, OPENING, UNIT_COUNT
from engine.kernels.partition import NEVER, TABLES_EACH
from engine.kernels.runs import PICK_MIN, UNIT_MIN, ZONE_COUNT
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import Lanes
from engine.optimizer.bounds import least_lines, not_divisible
from engine.optimizer.candidates import Candidates
from engine.optimizer.direct import Request, decided_tables, suits_direct
from engine.optimizer.limits import line_locations
from engine.optimizer.scene import Ints, Scene
from engine.optimizer.workspace import workspace_of

NO_SHARED = np.zeros((1, 1), np.int64)


class ColumnTable(NamedTuple):
    """The arguments of `explain_locations`, but for the outputs, and what a unit short costs of each line."""

    lines: tuple[int, ...]
    """Of the basket, in the order of the table."""
    column_count: int
    split: int
    most: int
    divided_base: int
    opening: int
    extra: int
    facts: Ints
    handling: Ints
    price: Ints
    short: Ints
    shared: int
    shared_need: Ints
    shared_available: Ints
    line_count: Ints
    unit_count: Ints
    quantity: tuple[int, ...]
    """Units of each line that stock covers."""
    short_unit: int
    units: Ints | None
    """[n, L]: units in time, where they were counted on the way."""


def direct_table(
    scene: Scene, lanes: Lanes, lines: tuple[int, ...], services: tuple[int, ...], *, is_decided: bool = False
) -> ColumnTable | None:
    """The table by way of the deciding kernel; None where the order takes the long way. is_decided: as `decided_tables`."""
    request = Request(scene, lanes, lines, (services,))
    if not suits_direct(request):
        return None
    space, n = workspace_of(scene.image), len(lines)
    arguments, results = decided_tables(request, is_decided=is_decided)
    status, held = results[0, [R_STATUS, R_HELD]].tolist()
    if status in (PARTIAL, BEYOND):
        return None
    orders, rows, options, _, pools, floor, arena, limits, runs, tables = arguments[:10]
    offers, subsets, size = space.offers, space.subsets, 1 << n
    width = (len(scene.image.location_ids) + int(offers.clock[1])) * len(scene.image.service_ids)
    facts, handling = np.empty((COLUMN_FIELDS, width), np.int64), np.empty((n, width), np.int64)
    count = columns_of_offers(
        orders[0], options.item(0), rows, limits, runs, tables, space.zone_rows[3], offers, facts, handling
    )  # fmt: skip
    units = offers.units[:n].astype(np.int64)
    if offers.clock[1]:
        # Receipts land later, or a day is full: else what is there now is all there is.
        units_in_time(rows, scene.last_minute, floor, pools, arena, units)
    quantity = [scene.basket.lines[i].quantity for i in lines]
    is_held = [bool(held >> j & 1) for j in range(n)]
    run_sizes = runs.sizes[orders[0, O_RUN_ROW]]
    short_unit = SHORT_TOTAL_MICROS // max(1, sum(q for q, h in zip(quantity, is_held, strict=True) if h))
    if scene.short_micros is not None:
        short_unit = scene.short_micros
    short = [min(NEVER, short_unit * q) * h for q, h in zip(quantity, is_held, strict=True)]
    base, extra = least_divided(
        quantity, is_held, line_locations(scene, lines), run_sizes.item(PICK_MIN), run_sizes.item(UNIT_MIN), short_unit
    )  # fmt: skip
    rows_used = run_sizes.item(ZONE_COUNT)
    return ColumnTable(
        lines, count, scene.split_micros, min(scene.locations_max, n), base - scene.split_micros if base < NEVER else NEVER,
        int(offers.tally[list(services), OPENING].min(initial=NEVER)), extra, facts, handling,
        space.prices[: rows_used * size].reshape(rows_used, size), np.array(short, np.int64), 0, NO_SHARED, NO_SHARED,
        subsets[LINE_COUNT], subsets[UNIT_COUNT], tuple(quantity), short_unit, units,
    )  # fmt: skip


def by_location(table: ColumnTable, count: int, used: Ints) -> tuple[Ints, Ints]:
    """([ANSWER_FIELDS, count], [2, k]): answer and without of `explain_locations`, against a plan that uses some [k]."""
    n = len(table.short)  # less than there are lines, where ship sets are one line each
    answer, without = np.empty((ANSWER_FIELDS, count), np.int64), np.empty((2, len(used)), np.int64)
    scratch = np.empty((BEST_ROWS + 2 * TABLES_EACH * (n + 1), 1 << n), np.int64)
    explain_locations(n, *table[1:-3], used, scratch, answer, without)
    return answer, without


def least_divided(
    quantity: list[int], is_held: list[bool], most: list[int], pick: int, unit: int, short_unit: int
) -> tuple[int, int]:
    """(what the lines cost at the least, NEVER where none may be divided; what a line in part short costs above that)."""
    total, extra, divisible = 0, NEVER, False
    for q, held, parts in zip(quantity, is_held, most, strict=True):
        if not held:
            continue
        least = min(short_unit * q, pick + unit * q)
        total += least
        if parts > 1 and q > 1:
            divisible = True
            extra = min(extra, pick + unit + short_unit * (q - 1) - least, pick + unit * (q - 1) + short_unit - least)
    return (min(total, NEVER), min(extra, NEVER)) if divisible else (NEVER, NEVER)


def problem_table(candidates: Candidates) -> ColumnTable | None:
    """The table of a problem; None where the program over subsets does not suit it."""
    p, columns = candidates.problem, candidates.columns
    if p is None or p.line_count > SUBSET_LINES_MAX or p.ranked or p.sets is not None or p.locations_max <= 0:
        return None
    line_micros = p.line_micros
    if p.line_unit_micros is not None:
        line_micros = line_micros + p.line_unit_micros * p.quantity[:, None]
    n, count, size = p.line_count, p.column_count, 1 << p.line_count
    facts, handling = np.empty((COLUMN_FIELDS, count), np.int64), np.empty((n, count), np.int64)
    price, short, counts = np.empty((len(p.zone), size), np.int64), np.empty(n, np.int64), np.empty((2, size), np.int64)
    shared_need, shared_available = np.zeros((n, size), np.int64), np.zeros((n, count), np.int64)
    tariffs = p.tariffs
    shared = columns_of_problem(
        p.carrier_weight_ppm, p.quantity, p.item, p.grams, p.volume, p.short_micros, p.allowed.ravel(), p.fixed,
        line_micros.ravel(), p.unit_micros, p.available.ravel(), p.price_row, p.zone, p.divisor, p.package_grams_max,
        tariffs.start, tariffs.max_grams, tariffs.price_micros, tariffs.per_kg_micros, facts, handling, price, short,
        shared_need, shared_available, counts, np.empty((4, size), np.int64),
    )  # fmt: skip
    for row, values in (
        (C_LOCATION, p.location), (C_SERVICE, columns.service), (C_KIND, p.capacity_kind), (C_LEFT, p.capacity_left),
        (C_START, columns.start_minute), (C_DAY, columns.day), (C_LATEST, columns.latest),
    ):  # fmt: skip
        facts[row] = values
    base, extra = NEVER, NEVER
    if not not_divisible(p):
        least, extras = least_lines(p._replace(line_unit_micros=None))
        base, extra = int(least.sum()) - p.split_micros, int(extras.min())
    return ColumnTable(
        candidates.lines, count, p.split_micros, min(p.locations_max, n), base, int(facts[C_OPENING].min()), extra, facts,
        handling, price, short, shared, shared_need, shared_available, counts[0], counts[1], tuple(p.quantity.tolist()),
        p.short_micros.item(0), None,
    )  # fmt: skip
