"""The tables and the room that the search for long orders works in, laid out once for each order."""

import numpy as np

from engine.kernels.bit_sets import WORD
from engine.kernels.cover_tables import CURSOR_FIELDS, LEVEL, LEVEL_FIELDS, RANKED_FIELDS, Covers
from engine.kernels.long_order import (
    COLUMN_FIELDS,
    FREE,
    GRAIN,
    LINE_FIELDS,
    PLAIN,
    RULE_FIELDS,
    LongOrder,
    build_floor,
    build_rows,
    common_grain,
)  # fmt: skip
from engine.kernels.long_tables import divided_line_costs, drop_dominated, nothing_binds, whole_line_costs
from engine.kernels.plans import LOAD_FIELDS, USED_AT, PlanState
from engine.kernels.search_state import NOW_FIELDS, Search
from engine.kernels.staircase import SLOPES_MAX, STEPS_MAX
from engine.optimizer.problem import Problem

WINDOWS_MAX = 8
"""Numbers of shipments that are searched apart."""


def long_order(problem: Problem, *, is_divided: bool = False) -> LongOrder:
    """The tables of a problem, its dominated columns struck out; is_divided: lines cost what a unit costs at the least."""
    p = problem
    n, m, rows = p.line_count, p.column_count, len(p.zone)
    _, location = np.unique(p.location, return_inverse=True)
    repeated = np.bincount(p.item, minlength=1)[p.item] > 1
    lines = np.empty((LINE_FIELDS, n), np.int64)
    lines[:] = p.quantity, p.item, p.grams * p.quantity, p.volume * p.quantity, p.short_micros * p.quantity, repeated
    columns = np.empty((COLUMN_FIELDS, m), np.int64)
    row = p.price_row
    columns[:] = (
        location, p.fixed, row, p.capacity_kind, p.capacity_left, p.zone[row], p.divisor[row], p.package_grams_max[row]
    )  # fmt: skip
    rules = np.zeros(RULE_FIELDS, np.int64)
    rules[:] = p.split_micros, p.carrier_weight_ppm, min(p.locations_max, n), 0, 1, is_divided
    per_row = np.zeros((3, rows), np.int64)
    stairs = np.empty((2, rows, STEPS_MAX + 1), np.int64)
    costs = np.empty((2, m, n), np.int64)
    t = LongOrder(
        rules=rules, lines=lines, columns=columns, handling=costs[0], floor=costs[1], available=p.available,
        weight=np.empty((rows, n), np.int64), rate=per_row[0], steps=per_row[1], limit=stairs[0], step=stairs[1],
        slopes=per_row[2], base=np.empty((rows, SLOPES_MAX), np.int64), rise=np.empty((rows * SLOPES_MAX, n), np.int64),
        start=p.tariffs.start, max_grams=p.tariffs.max_grams, price=p.tariffs.price_micros,
        per_kg=p.tariffs.per_kg_micros,
    )  # fmt: skip
    same_price = build_rows(t, p.zone, p.divisor, p.package_grams_max)
    whole_line_costs(t, p.grams, p.volume, p.allowed, p.line_micros, p.unit_micros)
    if is_divided:
        # Before columns are struck out: one that carries no more whole lines than another may carry more of a divided one.
        divided_line_costs(t, p.line_locations_max, p.allowed, p.line_micros, p.unit_micros)
    if len(t.columns[0]) > location.max() + 1:
        drop_dominated(t, np.lexsort((np.arange(m), location)))
    build_floor(t)
    rules[PLAIN] = same_price and nothing_binds(t)
    rules[GRAIN] = common_grain(t)
    return t


def empty_search(t: LongOrder) -> Search:
    """Room for the state of a search."""
    m, n = t.handling.shape
    line, column = np.zeros((7, n), np.int64), np.zeros((13, m), np.int64)
    return Search(
        now=np.zeros(NOW_FIELDS, np.int64), cost=np.empty((m, n), np.int64), price=line[0], price_max=line[1],
        best_price=line[2], covered=line[3], shifted=np.empty((len(t.rise), n), np.int64), alive=column[0],
        rank=column[1], value=column[2], extra=column[3], slope_at=column[4], at_location=column[5], taken=column[6],
        picked=column[7], opened=column[8], ranked=column[9], below=column[10], rate_at=column[11],
        served=column[12], answer=line[4], worth=line[5], heavy=line[6],
    )  # fmt: skip


def empty_covers(n: int, m: int) -> Covers:
    """Room for a search of covers, by up to WINDOWS_MAX columns."""
    levels, words, line_words = WINDOWS_MAX + 1, m // WORD + 1, n // WORD + 1
    cursor = np.zeros(CURSOR_FIELDS, np.int64)
    cursor[LEVEL] = -1
    ranks, listed = np.empty((2, levels, words), np.int64), np.empty((2, levels, m), np.int64)
    return Covers(
        cursor=cursor, levels=np.empty((LEVEL_FIELDS, levels), np.int64), ranked=np.empty((RANKED_FIELDS, m), np.int64),
        members=np.empty(levels, np.int64), offered=np.empty(levels, np.int64), line_order=np.empty(n, np.int64),
        carrier_count=np.empty(n, np.int64), carriers=np.empty((n, words), np.int64),
        carried=np.empty((line_words, m), np.int64), uncovered=np.empty((levels, line_words), np.int64), allowed=ranks[0],
        options=ranks[1], listed=listed[0], most=listed[1], masks=np.empty((levels, line_words, m), np.int64),
        reach=np.empty((levels, n + 2), np.int64), gain=np.empty(m, np.int64), served=np.empty((levels, n), np.int64),
    )  # fmt: skip


def empty_plan(t: LongOrder) -> PlanState:
    """Room for a plan, every line of it free."""
    m, n = t.handling.shape
    load = np.zeros((LOAD_FIELDS, m), np.int64)
    load[USED_AT] = -1
    return PlanState(np.full(n, FREE), load, np.zeros(n + 2, np.int64))
