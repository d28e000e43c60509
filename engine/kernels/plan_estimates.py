"""When items could be there, each by itself: by each service level the soonest plan that has all units there.

An item is scored once; by each level the soonest date by which a location can have the whole quantity there is found, and of
the plans that are there by then the cheapest. Where parts from several locations might be there sooner, nothing is said.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import (
    EMPTY,
    L_FLOOR_ROW,
    L_MOST,
    L_QUANTITY,
    L_ROW_COUNT,
    L_ROW_START,
    O_FIRST_LINE,
    O_FIRST_OPTION,
    O_LIMITED,
    O_NOW,
    O_OPTION_COUNT,
    O_POOL_ROW,
    O_RUN_ROW,
    P_EARLIEST,
    P_LATEST,
    P_LOCATION,
    P_SERVICE,
    P_START,
    R_STATUS,
    SOLVED,
    Arena,
    Limits,
)
from engine.kernels.dates import HorizonTables
from engine.kernels.decide import decide_order
from engine.kernels.entries import units_by
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.offers import E_BITS, E_LOCATION, E_START, NEVER_MINUTE, Offers
from engine.kernels.plan_quotes import last_order
from engine.kernels.quote_frontier import choose_by
from engine.kernels.runs import BEGIN, END, POSITION, RUN_COUNT, RunTables
from engine.kernels.score import UNITS_MAX

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

(E_STATUS, E_EARLIEST, E_LATEST, E_ORDER_BY, E_AVAILABLE, TOLD_FIELDS) = range(6)
"""Columns of what is told of an item by a level; minutes are UTC, E_AVAILABLE the units that could be had by then."""

TOLD, NONE, UNTOLD = range(3)
"""E_STATUS: there is such a date; there is none by this level; it is not found here."""


@kernel
def estimate_items(
    orders: Ints, lines: Ints, options: Ints, wishes: Int32s, pool_allowed: Bools, floor: Int32s, arena: Arena,
    limits: Limits, runs: RunTables, tables: HorizonTables, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints,
    subsets: Ints, prices: Ints, rows: Ints, offers: Offers, results: Ints, placed: Ints, order_by: Ints, seen: Int32s,
    most: Ints, told: Ints,
) -> None:  # fmt: skip
    """told [options, TOLD_FIELDS] of orders of one line each, with an option for each service level.

    orders … placed: as `decide.decide_orders` has them; order_by: see `plan_quotes.last_order`. seen [runs] and most [L],
    which is 0 before and after, are scratch.
    """
    for q in range(orders.shape[0]):
        order = orders[q]
        begin, end, line = order[O_FIRST_OPTION], order[O_FIRST_OPTION] + order[O_OPTION_COUNT], order[O_FIRST_LINE]
        decide_order(q, orders, lines, options, wishes, pool_allowed, floor, arena, limits, runs, tables, start, max_grams,
                     price, per_kg, subsets, prices, rows, offers, results, placed)  # fmt: skip
        divides = lines[L_QUANTITY, line] > 1 and lines[L_MOST, line] > 1
        # A day that is full for all units may have room for one: what is available is counted otherwise then.
        is_counted = lines[L_QUANTITY, line] == 1 or not order[O_LIMITED]
        see_runs(order[O_RUN_ROW], runs, offers, seen)
        for p in range(begin, end):
            told[p, E_STATUS] = NONE if results[p, R_STATUS] == EMPTY else UNTOLD
            if results[p, R_STATUS] == SOLVED and is_counted and placed[p, 0, P_LOCATION] >= 0:
                soonest, in_part = soonest_by(options[p], order[O_RUN_ROW], runs, offers, seen)
                units = units_there(options[p], soonest, order, lines, pool_allowed, floor, arena, runs, offers, seen, most)
                if units >= 0 and not (divides and in_part < soonest):
                    told[p, E_STATUS], told[p, E_LATEST], told[p, E_AVAILABLE] = TOLD, soonest, units
        # The offers of the first pass are read by now: those by an earlier date take their place.
        for p in range(begin, end):
            if told[p, E_STATUS] == TOLD and placed[p, 0, P_LATEST] != told[p, E_LATEST]:
                choose_by(p, told[p, E_LATEST], order, lines, options[p], limits, runs, tables, start, max_grams, price,
                          per_kg, subsets, prices, rows, offers, results, placed)  # fmt: skip
                is_found = results[p, R_STATUS] == SOLVED and placed[p, 0, P_LATEST] == told[p, E_LATEST]
                told[p, E_STATUS] = TOLD if is_found else UNTOLD
            if told[p, E_STATUS] == TOLD:
                at = placed[p, 0]
                told[p, E_EARLIEST] = at[P_EARLIEST]
                told[p, E_ORDER_BY] = last_order(at[P_START], order[O_NOW], limits.profile[at[P_LOCATION]], at[P_SERVICE],
                                                 tables, order_by)  # fmt: skip


@inlined_kernel
def see_runs(row: int, runs: RunTables, offers: Offers, seen: Int32s) -> None:
    """seen[run] = the bits of any of its locations, as `score.carry_bits` has them."""
    places, bits = runs.places, offers.bits
    for run in range(runs.sizes[row, RUN_COUNT]):
        found = np.int32(0)
        for c in range(runs.runs[row, run, BEGIN], runs.runs[row, run, END]):
            found |= bits[0, places[row, POSITION, c]]
        seen[run] = found


@inlined_kernel
def soonest_by(services: int, row: int, runs: RunTables, offers: Offers, seen: Int32s) -> tuple[int, int]:
    """The first minute by which a location can have the whole line there by any of the services; and some of it."""
    whole, part, latest, location_count = NEVER_MINUTE, NEVER_MINUTE, offers.latest, runs.fixed.shape[1]
    for s in range(latest.shape[1]):
        if (services >> s) & 1 == 0:
            continue
        for run in range(runs.sizes[row, RUN_COUNT]):
            if seen[run] != 0:
                part = min(part, latest[run, s])
                whole = min(whole, latest[run, s] if seen[run] & 1 else NEVER_MINUTE)
        for e in range(offers.clock[1]):
            bits, last = offers.entries[E_BITS, e], latest[location_count + e, s]
            if bits != 0:
                part = min(part, last)
                whole = min(whole, last if bits & 1 else NEVER_MINUTE)
    return whole, part


@inlined_kernel
def is_reached(source: int, services: int, minute: int, latest: Ints) -> bool:
    """Whether a run, or an entry, can have something there by a minute by any of the services."""
    reached = False
    for s in range(latest.shape[1]):
        reached |= ((services >> s) & 1 == 1) & (latest[source, s] <= minute)
    return reached


@inlined_kernel
def units_there(
    services: int, minute: int, order: Ints, lines: Ints, pool_allowed: Bools, floor: Int32s, arena: Arena, runs: RunTables,
    offers: Offers, seen: Int32s, most: Ints,
) -> int:  # fmt: skip
    """Units of the line that all locations together can have there by a minute; −1: a location has more than is told."""
    row, line, units = order[O_RUN_ROW], order[O_FIRST_LINE], offers.units
    total: Any = np.int64(0)
    places, bits, latest, entries = runs.places, offers.bits, offers.latest, offers.entries
    count, location_count = offers.clock[1], runs.fixed.shape[1]
    for run in range(runs.sizes[row, RUN_COUNT]):
        if seen[run] == 0 or not is_reached(run, services, minute, latest):
            continue
        for c in range(runs.runs[row, run, BEGIN], runs.runs[row, run, END]):
            l = places[row, POSITION, c]  # noqa: E741
            there: Any = np.int64(units[0, l]) if bits[0, l] != 0 else np.int64(0)
            if there >= UNITS_MAX:
                return -1
            total += there
            if count:
                most[l] = there
    # What lands at a location joins what is there: its last entry that is in time counts, and what it had before does not.
    for e in range(count):
        l = entries[E_LOCATION, e]  # noqa: E741
        if entries[E_BITS, e] != 0 and is_reached(location_count + e, services, minute, latest):
            there = units_by(
                lines[L_ROW_START, line], lines[L_ROW_COUNT, line], l, entries[E_START, e], pool_allowed[order[O_POOL_ROW]],
                floor[lines[L_FLOOR_ROW, line], l], arena.slot_available_at, arena.slot_pool, arena.slot_sellable,
                arena.location, arena.slot, arena.supply, arena.demand,
            )  # fmt: skip
            total += max(there - most[l], 0)
            most[l] = max(there, most[l])
    if count:
        for l in range(location_count):  # noqa: E741
            most[l] = 0
    counted: int = total
    return counted
