"""Whether any plan that divides a line could beat the best plan of whole lines: a second program over subsets, wider by parts.

A line that may be divided stands in it as two parts. A part by itself is one unit of the line, both together are all of it,
and a location that has a unit is taken to have as many as are asked. So each plan that divides lines costs at least what
the program says: its shipments carry no more in the program, from no fewer locations, at no higher prices and no later dates.
For lines of two units whose locations have both, it says what the best plan costs.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import L_LATEST, L_MOST, L_QUANTITY, Asked
from engine.kernels.bounds import product
from engine.kernels.cheapest import BARRED, find_sorted, gather_bits, scan_each
from engine.kernels.dates import HorizonTables, window_in
from engine.kernels.jit import inlined_kernel
from engine.kernels.offers import (
    BEST,
    CHOICE,
    COUNT,
    E_BITS,
    E_LOCATION,
    FOUND,
    FULL,
    GRAM_SUM,
    LATE,
    LATE_MAX,
    LEAST,
    LINE_COUNT,
    MINUTES_PER_DAY,
    NEVER_MINUTE,
    STEP,
    UNIT_COUNT,
    VALUE,
    VOLUME_SUM,
    Offers,
    permitted_lines,
)
from engine.kernels.partition import NEVER, partition
from engine.kernels.runs import BEGIN, END, PROFILE, RUN_COUNT, SERVICE_FIELDS, SORTED, RunTables
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.kernels.tariffs import is_steady, price_subsets, weigh

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]


@inlined_kernel
def count_parts(asked: Asked, lines: Ints, held: int) -> int:
    """Parts of the lines in `held` (bits)."""
    parts = 0
    for j in range(asked.n):
        if held >> j & 1:
            parts += 2 if is_divisible(lines, asked.first_line + j) else 1
    return parts


@inlined_kernel
def is_divisible(lines: Ints, at: int) -> bool:
    """Whether a line may come from several locations."""
    return bool(lines[L_MOST, at] > 1 and lines[L_QUANTITY, at] > 1)


@inlined_kernel
def part_bits(asked: Asked, lines: Ints, held: int, bits: int) -> int:
    """The parts that a location with these bits (see `score.carry_bits`) is taken to have."""
    out, k = 0, 0
    for j in range(asked.n):
        if held >> j & 1 == 0:
            continue
        if is_divisible(lines, asked.first_line + j):
            out |= (3 if bits >> (ANY_SHIFT + j) & 1 else 0) << k
            k += 2
        else:
            out |= (bits >> j & 1) << k
            k += 1
    return out


@inlined_kernel
def sum_parts(asked: Asked, lines: Ints, held: int, per_unit: int, out: Ints) -> None:
    """out[parts] = what they amount to: per_unit a row of `lines`; −1: units, −2: lines."""
    out[0] = 0
    size = 1
    for j in range(asked.n):
        if held >> j & 1 == 0:
            continue
        at = asked.first_line + j
        each = lines[per_unit, at] if per_unit >= 0 else 1
        whole = each if per_unit == -2 else each * lines[L_QUANTITY, at]
        if is_divisible(lines, at):
            for s in range(size):
                out[size + s] = out[2 * size + s] = out[s] + each
                out[3 * size + s] = out[s] + whole
            size *= 4
        else:
            for s in range(size):
                out[size + s] = out[s] + whole
            size *= 2


@inlined_kernel
def sum_late(asked: Asked, lines: Ints, held: int, latest: int, late: Ints) -> bool:
    """late[parts] = what delivery at `latest` costs, of a divided line once; False where it is out of range."""
    late[0] = 0
    size = 1
    for j in range(asked.n):
        if held >> j & 1 == 0:
            continue
        at = asked.first_line + j
        due = lines[L_LATEST, at]
        days = (max(latest - due, 0) + MINUTES_PER_DAY - 1) // MINUTES_PER_DAY if due < NEVER_MINUTE else 0
        if days > 0 and asked.late_micros_per_day > LATE_MAX // days:
            return False
        micros = weigh(days * asked.late_micros_per_day, asked.late_ppm)
        if not 0 <= micros <= LATE_MAX:
            return False
        for s in range(size):
            late[size + s] = late[s] + micros
        if is_divisible(lines, at):
            for s in range(size):
                late[2 * size + s], late[3 * size + s] = late[s], late[s] + micros
            size *= 2
        size *= 2
    return True


@inlined_kernel
def spread_bits(asked: Asked, lines: Ints, held: int, offers: Offers) -> None:
    """parts[l] = the parts that location l is taken to have, now or when any of its receipts has landed."""
    bits, parts, entries = offers.bits[0], offers.parts[0], offers.entries
    for l in range(bits.shape[0]):  # noqa: E741
        parts[l] = np.int32(part_bits(asked, lines, held, int(bits[l]))) if bits[l] != 0 else np.int32(0)
    for e in range(offers.clock[1]):
        if entries[E_BITS, e] != 0:
            parts[entries[E_LOCATION, e]] |= np.int32(part_bits(asked, lines, held, entries[E_BITS, e]))


@inlined_kernel
def lower_prices(
    parts: int, asked: Asked, lines: Ints, held: int, rows: Ints, row_count: int, start: Ints, max_grams: Ints, price: Ints,
    per_kg: Ints, table: Ints,
) -> None:  # fmt: skip
    """Where more weight can cost less, a part that stands for more than its units counts the least price of the row only."""
    counted = True
    for j in range(asked.n):
        at = asked.first_line + j
        counted &= (held >> j & 1 == 0) | (lines[L_QUANTITY, at] <= 2) | (not is_divisible(lines, at))
    if counted:
        return
    for r in range(row_count):
        if rows[0, r] >= 0 and not is_steady(rows[0, r], start, max_grams, price, per_kg):
            for s in range(1, 1 << parts):
                table[r, s] = rows[3, r]


@inlined_kernel
def offer_parts(
    parts: int, services: int, asked: Asked, lines: Ints, held: int, runs: RunTables, tables: HorizonTables, by_parts: Ints,
    table: Ints, offers: Offers,
) -> bool:  # fmt: skip
    """BEST[parts] = the least that any location and service may ask for them; False where lateness is out of range."""
    places, fixed, handling, by_run = runs.places, runs.fixed, runs.handling, runs.runs
    least, best, late, found = by_parts[LEAST], by_parts[BEST], by_parts[LATE], by_parts[FOUND]
    line_count, unit_count, row = by_parts[LINE_COUNT], by_parts[UNIT_COUNT], asked.row
    best[: 1 << parts] = NEVER
    late[: 1 << parts] = 0
    for run in range(runs.sizes[row, RUN_COUNT]):
        begin: int = by_run[row, run, BEGIN]
        end: int = by_run[row, run, END]
        profile, scanned = by_run[row, run, PROFILE], False
        for s in range(offers.cost.shape[0]):
            price_row, transit = by_run[row, run, SERVICE_FIELDS + 2 * s], by_run[row, run, SERVICE_FIELDS + 2 * s + 1]
            handover = offers.handover[profile, s]
            if price_row < 0 or (services >> s) & 1 == 0 or handover[1] < 0:
                continue
            _, last = window_in(handover[0], handover[1], transit, tables.delivery_row[s], tables.delivery_days)
            mask = permitted_lines(asked, lines, s, last) if last < NEVER_MINUTE else 0
            if mask == 0:
                continue
            if not scanned:
                scanned = True
                if by_run[row, run, SORTED]:
                    find_sorted(
                        begin, end, row, parts, line_count, unit_count, places, fixed, handling, offers.parts[0], least, found
                    )
                else:
                    least[: 1 << parts] = BARRED
                    gather_bits(begin, end, row, places, offers.parts[0], offers.parts[1])
                    scan_each(begin, end, row, parts, line_count, unit_count, fixed, handling, offers.parts[1], least)
            if asked.late_micros_per_day > 0 and not sum_late(asked, lines, held, last, late):
                return False
            # Parts of a line go by the same services as the line.
            allowed = part_bits(asked, lines, held, mask | mask << ANY_SHIFT)
            t = (0 - allowed) & allowed
            while t != 0:
                at = np.uint64(t)
                best[at] = min(best[at], least[at] + table[price_row, at] + late[at])
                t = (t - allowed) & allowed
    return True


@inlined_kernel
def prove_whole(
    objective: int, services: int, asked: Asked, lines: Ints, held: int, split: int, short: int, weight_ppm: int,
    grams_row: int, volume_row: int, row_count: int, runs: RunTables, tables: HorizonTables, start: Ints, max_grams: Ints,
    price: Ints, per_kg: Ints, rows: Ints, offers: Offers,
) -> bool:  # fmt: skip
    """Whether no plan by these services that divides one of the lines `held` costs less than `objective`.

    grams_row, volume_row: of `lines`; rows [4, row_count]: the destination's price rows, as `decide.price_rows` wrote them.
    """
    parts = count_parts(asked, lines, held)
    if parts > SUBSET_LINES_MAX:
        return False
    size, by_parts = 1 << parts, offers.by_parts
    sum_parts(asked, lines, held, -2, by_parts[LINE_COUNT])
    sum_parts(asked, lines, held, -1, by_parts[UNIT_COUNT])
    sum_parts(asked, lines, held, grams_row, by_parts[GRAM_SUM])
    sum_parts(asked, lines, held, volume_row, by_parts[VOLUME_SUM])
    table = offers.part_prices[: row_count * size].reshape(row_count, size)
    price_subsets(size, row_count, 0, rows[0], rows[1], rows[2], weight_ppm, by_parts[GRAM_SUM], by_parts[VOLUME_SUM], start,
                  max_grams, price, per_kg, by_parts[STEP], by_parts[FULL], table)  # fmt: skip
    lower_prices(parts, asked, lines, held, rows, row_count, start, max_grams, price, per_kg, table)
    spread_bits(asked, lines, held, offers)
    if not offer_parts(parts, services, asked, lines, held, runs, tables, by_parts, table, offers):
        return False
    line_short, k = by_parts[LATE], 0
    for j in range(asked.n):
        at = asked.first_line + j
        if held >> j & 1:
            two = is_divisible(lines, at)
            line_short[k] = short if two else product(short, lines[L_QUANTITY, at])
            line_short[k + int(two)] = line_short[k]
            k += 1 + int(two)
    partition(parts, split, by_parts[BEST], line_short, by_parts[VALUE], by_parts[COUNT], by_parts[CHOICE])
    return bool(by_parts[VALUE, size - 1] - split >= objective)
