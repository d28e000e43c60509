"""The best plan by the services of one option: the program over what they offer, and its proof or the lack of it."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import (
    DIVISIBLE,
    EMPTY,
    L_ALL_OR_NOTHING,
    L_MOST,
    L_QUANTITY,
    P_DAY,
    P_EARLIEST,
    P_HANDOVER,
    P_LATEST,
    P_LOCATION,
    P_SERVICE,
    P_START,
    PARTIAL,
    R_COLUMNS,
    R_HELD,
    R_NODES,
    R_OBJECTIVE,
    R_SHIPMENTS,
    R_STATUS,
    REPEATED,
    SOLVED,
    Asked,
)
from engine.kernels.bounds import product
from engine.kernels.dates import HorizonTables, delivery_window, handover_minute
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.offers import (
    BEST,
    CHOICE,
    COLUMNS,
    COUNT,
    E_DAY,
    E_START,
    LATE,
    LINE_COUNT,
    OPENING,
    SUBSET_ROWS,
    VALUE,
    WHOLE,
    Offers,
    is_before,
    is_entry,
    lines_in_part,
    source_location,
)
from engine.kernels.offers import LEAST as CHOSEN
from engine.kernels.partition import NEVER, partition, partition_within
from engine.kernels.runs import PICK_MIN, RUN, SERVICE_FIELDS, UNIT_MIN, RunTables

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]

SHORT_TOTAL_MICROS = 2**50
"""Charged for a wholly short order where a policy names no price; as `optimizer.problem` has it."""


@inlined_kernel
def choose_plan(
    p: int, services: int, asked: Asked, lines: Ints, split: int, short: int, most: int, profile: Int32s, runs: RunTables,
    tables: HorizonTables, subsets: Ints, offers: Offers, results: Ints, placed: Ints,
) -> None:  # fmt: skip
    """results[p], placed[p] of the option that may use `services` (bits); short per unit, or −1; `most` locations."""
    n, size = asked.n, 1 << asked.n
    held, columns, opening = 0, 0, NEVER
    tally = offers.tally
    for s in range(tally.shape[0]):
        if (services >> s) & 1:
            held |= tally[s, WHOLE]
            columns += tally[s, COLUMNS]
            opening = min(opening, tally[s, OPENING])
    units, some = 0, 0
    if held != size - 1:
        some = lines_in_part(asked, lines, services, runs, offers) & ~held
    results[p, R_HELD] = held
    for j in range(n):
        at = asked.first_line + j
        if some >> j & 1 and not (lines[L_ALL_OR_NOTHING, at] and lines[L_MOST, at] <= 1):
            results[p, R_STATUS] = PARTIAL
            return
        units += lines[L_QUANTITY, at] if held >> j & 1 else 0
    if held == 0:
        results[p, R_STATUS] = EMPTY
        return
    short = unit_short(short, units)
    merge_services(services, asked, runs, subsets, offers)
    line_short = subsets[LATE]
    for j in range(n):
        line_short[j] = product(short, lines[L_QUANTITY, asked.first_line + j]) if held >> j & 1 else 0
    if most < n:
        partition_within(n, most, split, subsets[BEST], line_short, subsets[SUBSET_ROWS:], subsets[VALUE], subsets[COUNT],
                         subsets[CHOICE])  # fmt: skip
    else:
        partition(n, split, subsets[BEST], line_short, subsets[VALUE], subsets[COUNT], subsets[CHOICE])
    objective = subsets[VALUE, size - 1]
    if objective >= NEVER:
        return
    objective -= split
    results[p, R_OBJECTIVE], results[p, R_SHIPMENTS] = objective, subsets[COUNT, size - 1]
    results[p, R_COLUMNS], results[p, R_NODES] = columns, columns + (1 << subsets[LINE_COUNT, held])
    if read_plan(p, asked, profile, runs, tables, subsets, offers, placed):
        results[p, R_STATUS] = REPEATED
    elif objective > divided_bound(asked, lines, held, split, short, opening, runs.sizes[asked.row]):
        results[p, R_STATUS] = DIVISIBLE
    else:
        results[p, R_STATUS] = SOLVED


@inlined_kernel
def unit_short(short: int, units: int) -> int:
    """What a unit short of an order of so many units counts; `short` is −1 where the policy names no price."""
    return short if short >= 0 else SHORT_TOTAL_MICROS // units


@inlined_kernel
def merge_services(services: int, asked: Asked, runs: RunTables, subsets: Ints, offers: Offers) -> None:
    """BEST[S] = the least that any of the services asks for S, and CHOSEN[S] which; the first column wins a tie."""
    costs, sources = offers.cost, offers.source
    for s in range(1, 1 << asked.n):
        least, chosen = np.int64(NEVER), -1
        for service in range(costs.shape[0]):
            cost = costs[service, s]
            if (services >> service) & 1 == 0 or cost > least or cost >= NEVER:
                continue
            if cost < least or is_before(
                sources[service, s], service, sources[chosen, s], chosen, s, asked, runs, subsets, offers
            ):
                least, chosen = cost, service
        subsets[BEST, s], subsets[CHOSEN, s] = least, chosen


@kernel
def divided_bound(asked: Asked, lines: Ints, held: int, split: int, short: int, opening: int, sizes: Ints) -> int:
    """What every plan that divides a line costs at the least, as `bounds.divided_bound`, but simpler and so lower.

    Each line at the least that any location asks, and two shipments at the least that any costs, or one with a part short.
    """
    pick: int = sizes[PICK_MIN]
    unit: int = sizes[UNIT_MIN]
    total, extra, divisible = 0, NEVER, False
    for j in range(asked.n):
        q: int = lines[L_QUANTITY, asked.first_line + j]
        if held >> j & 1 == 0:
            continue
        least = min(product(short, q), pick + unit * q)
        total += least
        if lines[L_MOST, asked.first_line + j] > 1 and q > 1:
            divisible = True
            one_ships, one_short = pick + unit + product(short, q - 1), pick + unit * (q - 1) + short
            extra = min(extra, min(one_ships, one_short) - least)
    return total + opening - split + min(opening, extra) if divisible else NEVER


@kernel
def read_plan(
    p: int, asked: Asked, profile: Int32s, runs: RunTables, tables: HorizonTables, subsets: Ints, offers: Offers,
    placed: Ints,
) -> bool:  # fmt: skip
    """Write where each line comes from; returns whether a location stands in the plan twice."""
    n = asked.n
    rest, repeated = (1 << n) - 1, False
    for j in range(n):
        placed[p, j, P_LOCATION] = -1
    while rest:
        taken = subsets[CHOICE, rest]
        if taken < 0:
            rest &= rest - 1
            continue
        service = subsets[CHOSEN, taken]
        source = offers.source[service, taken]
        l = source_location(source, taken, asked.row, runs, subsets, offers)  # noqa: E741
        for j in range(n):
            repeated |= placed[p, j, P_LOCATION] == l
        place(p, taken, source, service, l, asked, profile, runs, tables, offers, placed)
        rest ^= taken
    return repeated


@kernel
def place(
    p: int, taken: int, source: int, service: int, location: int, asked: Asked, profile: Int32s, runs: RunTables,
    tables: HorizonTables, offers: Offers, placed: Ints,
) -> None:  # fmt: skip
    """Write the location, service and dates of the lines that leave together."""
    location_count = runs.fixed.shape[1]
    start, day = asked.now, tables.first_day + offers.day[profile[location]]
    if is_entry(source, runs, offers):
        start = offers.entries[E_START, source - location_count]
        day = offers.entries[E_DAY, source - location_count]
    transit = runs.runs[asked.row, runs.places[asked.row, RUN, location], SERVICE_FIELDS + 2 * service + 1]
    minute, handover_day = handover_minute(start, profile[location], service, tables)
    earliest, latest = delivery_window(minute, handover_day, transit, service, tables)
    for j in range(asked.n):
        if taken >> j & 1:
            placed[p, j, P_LOCATION], placed[p, j, P_SERVICE] = location, service
            placed[p, j, P_START], placed[p, j, P_DAY], placed[p, j, P_HANDOVER] = start, day, minute
            placed[p, j, P_EARLIEST], placed[p, j, P_LATEST] = earliest, latest
