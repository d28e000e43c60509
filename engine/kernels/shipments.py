"""Branch and bound over shipments where lines may be divided: exact quantities, bounded by the program over portions.

Depth first. A node is what is still wanted of each line; its children are the shipments that hold some of the first line
still wanted, or leave the rest of it short. Shipments of one first line come in the order of their columns, once each.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.layers import lines_cost, pick_digits
from engine.kernels.portions import (
    DIGIT_MAX,
    DIGITS,
    EXACT,
    GRAMS,
    ITEM,
    MOST,
    PLACE,
    QUANTITY,
    SHARED,
    SHORT,
    VOLUME,
    WHOLE,
    digit_of,
    portion_fits,
)
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh_price

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STACK_MAX = 2**16
"""Nodes waiting; what does not fit is lost, and nothing is proven then."""

NODE_FIELDS = 5
"""Of a node on the stack: cost so far, what all of it costs at the least, depth, the column that led here (−1: left short),
the column after which the next must come; then what is still wanted of each line, and what that column took of each."""
COST, TOTAL, DEPTH, COLUMN, AFTER = range(NODE_FIELDS)

STATE_FIELDS = 5
"""TOP: nodes on the stack; LIMIT: only plans that cost less are of interest; FOUND: placements of the plan found."""
TOP, NODES, COMPLETE, LIMIT, FOUND = range(STATE_FIELDS)

OPTION_FIELDS = 4
"""What a shipment may take of a line: the portion it counts as, the portion then wanted, fewest and most units."""
TAKES, LEAVES, LOW, HIGH = range(OPTION_FIELDS)


@kernel
def choices_max(lines: Ints) -> int:
    """How many choices of `list_choices` a shipment may have at the most."""
    count = 1
    for j in range(lines.shape[1]):
        count *= max(lines[DIGIT_MAX, j] + 1, 3)
    return count


@kernel
def search_shipments(
    lines: Ints, location: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints, available: Ints, capacity_kind: Ints,
    capacity_left: Ints, price_row: Ints, zone: Ints, divisor: Ints, package_grams_max: Ints, start: Ints,
    max_grams: Ints, price: Ints, per_kg: Ints, weight_ppm: int, split: int, locations_max: int, nodes_max: int,
    digit_max: Ints, line_count: Ints, unit_count: Ints, shared: int, shared_need: Ints, shared_available: Ints,
    prices: Ints, best: Ints, value: Ints, stack: Ints, path: Ints, out_line: Ints, out_column: Ints, out_quantity: Ints,
    state: Ints, options: Ints, choices: Ints, by_line: Ints, seen: Bools,
) -> None:  # fmt: skip
    """Look for plans below state[LIMIT], which falls with each one found.

    Scratch: stack [STACK_MAX, ≥ NODE_FIELDS + 2n], path [≥ placements ÷ n + 1, as wide], options [n, OPTION_FIELDS, largest
    digit + 3], choices [2, `choices_max`], by_line [≥ 6, n], seen [locations], False everywhere, before and after.
    """
    n, columns = digit_max.shape
    depth_max = out_line.shape[0] // n
    width = NODE_FIELDS + 2 * n
    takes, leaves = choices[0], choices[1]
    units, low, high, option_count, digits, least = by_line[0], by_line[1], by_line[2], by_line[3], by_line[4], by_line[5]
    for k in range(NODE_FIELDS):
        stack[0, k] = -1
    stack[0, COST], stack[0, TOTAL], stack[0, DEPTH] = 0, 0, 0
    for j in range(n):
        stack[0, NODE_FIELDS + j] = lines[QUANTITY, j]
    state[TOP], state[COMPLETE], state[FOUND] = 1, 1, 0
    while state[TOP] > 0 and state[NODES] < nodes_max:
        state[TOP] -= 1
        state[NODES] += 1
        depth = stack[state[TOP], DEPTH]
        for k in range(width):
            path[depth, k] = stack[state[TOP], k]
        node = path[depth]
        if node[TOTAL] >= state[LIMIT]:
            continue
        if depth == depth_max:
            state[COMPLETE] = 0
            continue
        first = first_wanted(n, node)
        shipments = mark_locations(depth, path, location, seen, True)
        leave_short(first, shipments, split, lines, value, units, path, depth, stack, out_line, out_column, out_quantity,
                    state)  # fmt: skip
        count = list_options(first, lines, node, options, option_count)
        count = list_choices(n, options, option_count, takes, leaves)
        for choice in range(count if shipments < locations_max else 0):
            beyond = node[COST] + value[leaves[choice]]
            if beyond + best[takes[choice]] >= state[LIMIT]:
                continue
            pick_options(n, choice, options, option_count, low, high)
            pick_digits(lines, takes[choice], digits, least)
            for c in range(node[AFTER] + 1, columns):
                cost = fixed[c] + prices[price_row[c], takes[choice]]
                if beyond + cost >= state[LIMIT] or seen[location[c]]:
                    continue
                cost += lines_cost(c, digits, least, digit_max, line_micros, unit_micros)
                if beyond + cost >= state[LIMIT]:
                    continue
                if not portion_fits(takes[choice], c, capacity_kind[c], capacity_left[c], line_count, unit_count, shared,
                                    shared_need, shared_available):  # fmt: skip
                    continue
                ship_units(
                    c, first, leaves[choice], nodes_max, lines, low, high, units, fixed, line_micros, unit_micros,
                    available, capacity_kind, capacity_left, price_row, zone, divisor, package_grams_max, start, max_grams,
                    price, per_kg, weight_ppm, shared, shared_available, value, path, depth, stack, out_line, out_column,
                    out_quantity, state,
                )  # fmt: skip
        mark_locations(depth, path, location, seen, False)
    if state[TOP] > 0:
        state[COMPLETE] = 0


@kernel
def first_wanted(n: int, node: Ints) -> int:
    """The first line of which something is still wanted."""
    for j in range(n):
        if node[NODE_FIELDS + j] > 0:
            return j
    return n


@kernel
def mark_locations(depth: int, path: Ints, location: Ints, seen: Bools, mark: bool) -> int:
    """Mark the locations that ship on the path, or take the marks away; returns how many there are."""
    shipments = 0
    for d in range(1, depth + 1):
        if path[d, COLUMN] >= 0:
            seen[location[path[d, COLUMN]]] = mark
            shipments += 1
    return shipments


@kernel
def list_options(first: int, lines: Ints, node: Ints, options: Ints, option_count: Ints) -> int:
    """What the next shipment may take of each line: of the first line wanted something, of others perhaps nothing."""
    n: int = lines.shape[1]
    for j in range(n):
        wanted, place, kind = node[NODE_FIELDS + j], lines[PLACE, j], lines[DIGITS, j]
        digit = digit_of(lines, j, wanted)
        count = 0
        if j != first:
            count = add_option(options[j], count, 0, digit * place, 0, 0)
        if kind == EXACT:
            for d in range(1, digit + 1):
                count = add_option(options[j], count, d * place, (digit - d) * place, d, d)
        elif wanted > 0:
            if kind != WHOLE and wanted > 1:
                count = add_option(options[j], count, place, place, 1, wanted - 1)
            count = add_option(options[j], count, digit * place, 0, wanted, wanted)
        option_count[j] = count
    return n


@kernel
def add_option(option: Ints, count: int, takes: int, leaves: int, low: int, high: int) -> int:
    """Write one option of a line; returns how many there are now."""
    option[TAKES, count], option[LEAVES, count], option[LOW, count], option[HIGH, count] = takes, leaves, low, high
    return count + 1


@kernel
def list_choices(n: int, options: Ints, option_count: Ints, takes: Ints, leaves: Ints) -> int:
    """Every combination of one option a line, as what it takes and what it leaves; returns how many there are."""
    takes[0], leaves[0] = 0, 0
    count: int = 1
    for j in range(n):
        for o in range(option_count[j] - 1, -1, -1):
            more, rest = options[j, TAKES, o], options[j, LEAVES, o]
            for e in range(count):
                takes[o * count + e] = takes[e] + more
                leaves[o * count + e] = leaves[e] + rest
        count *= option_count[j]
    return count


@kernel
def pick_options(n: int, choice: int, options: Ints, option_count: Ints, low: Ints, high: Ints) -> None:
    """The fewest and the most units of each line in a choice."""
    rest = choice
    for j in range(n):
        o = rest % option_count[j]
        rest //= option_count[j]
        low[j], high[j] = options[j, LOW, o], options[j, HIGH, o]


@kernel
def ship_units(
    c: int, first: int, leaves: int, nodes_max: int, lines: Ints, low: Ints, high: Ints, units: Ints, fixed: Ints,
    line_micros: Ints, unit_micros: Ints, available: Ints, capacity_kind: Ints, capacity_left: Ints, price_row: Ints,
    zone: Ints, divisor: Ints, package_grams_max: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints,
    weight_ppm: int, shared: int, shared_available: Ints, value: Ints, path: Ints, depth: int, stack: Ints,
    out_line: Ints, out_column: Ints, out_quantity: Ints, state: Ints,
) -> None:  # fmt: skip
    """Put every shipment of a column with low … high units of each line on the stack, where it stays below the limit."""
    n = lines.shape[1]
    row = price_row[c]
    for j in range(n):
        units[j] = low[j]
        if low[j] > 0 and (available[lines[ITEM, j], c] < low[j] or parts_so_far(n, j, depth, path) >= lines[MOST, j]):
            return
    while True:
        state[NODES] += 1
        if state[NODES] >= nodes_max:
            state[COMPLETE] = 0
            return
        if units_fit(c, capacity_kind[c], capacity_left[c], lines, units, shared, shared_available):
            cost = path[depth, COST] + fixed[c]
            gram_sum, volume_sum = 0, 0
            for j in range(n):
                if units[j] > 0:
                    cost += line_micros[j, c] + unit_micros[c] * units[j]
                    gram_sum += lines[GRAMS, j] * units[j]
                    volume_sum += lines[VOLUME, j] * units[j]
            raw = shipment_micros(gram_sum, volume_sum, zone[row], divisor[row], package_grams_max[row], start, max_grams,
                                  price, per_kg)  # fmt: skip
            cost += weigh_price(raw, weight_ppm)
            if cost + value[leaves] < state[LIMIT]:
                add_node(c, first, cost, value[leaves], units, path, depth, stack, out_line, out_column, out_quantity, state)
        at = 0
        while at < n and (units[at] >= min(high[at], available[lines[ITEM, at], c])):
            units[at] = low[at]
            at += 1
        if at == n:
            return
        units[at] += 1


@kernel
def parts_so_far(n: int, j: int, depth: int, path: Ints) -> int:
    """From how many locations a line comes on the path."""
    parts = 0
    for d in range(1, depth + 1):
        parts += path[d, COLUMN] >= 0 and path[d, NODE_FIELDS + n + j] > 0
    return parts


@kernel
def units_fit(c: int, kind: int, spare: int, lines: Ints, units: Ints, shared: int, shared_available: Ints) -> bool:
    """Whether a column's capacity and the stock that lines share suffice for exactly these units."""
    line_count, unit_count = 0, 0
    for j in range(lines.shape[1]):
        line_count += units[j] > 0
        unit_count += units[j]
    if capacity_need(kind, line_count, unit_count) > spare:
        return False
    for k in range(shared):
        need = 0
        for j in range(lines.shape[1]):
            need += units[j] * (lines[SHARED, j] == k)
        if need > shared_available[k, c]:
            return False
    return True


@kernel
def leave_short(
    first: int, shipments: int, split: int, lines: Ints, value: Ints, units: Ints, path: Ints, depth: int, stack: Ints,
    out_line: Ints, out_column: Ints, out_quantity: Ints, state: Ints,
) -> None:  # fmt: skip
    """Put the node on the stack in which the rest of its first line is short; units [n] is scratch."""
    n = lines.shape[1]
    units[:] = 0
    units[first] = path[depth, NODE_FIELDS + first]
    cost = path[depth, COST] + lines[SHORT, first] * units[first]
    leaves = 0
    for j in range(n):
        leaves += digit_of(lines, j, path[depth, NODE_FIELDS + j] - units[j]) * lines[PLACE, j]
    if leaves == 0 and shipments == 0:
        cost += split
    if cost + value[leaves] < state[LIMIT]:
        add_node(-1, first, cost, value[leaves], units, path, depth, stack, out_line, out_column, out_quantity, state)


@kernel
def add_node(
    c: int, first: int, cost: int, more: int, units: Ints, path: Ints, depth: int, stack: Ints, out_line: Ints,
    out_column: Ints, out_quantity: Ints, state: Ints,
) -> None:  # fmt: skip
    """Put what is wanted after a shipment on the stack; where nothing is, the plan is complete and written out."""
    n = units.shape[0]
    top = state[TOP]
    if top == stack.shape[0]:
        state[COMPLETE] = 0
        return
    stack[top, COST], stack[top, TOTAL], stack[top, DEPTH], stack[top, COLUMN] = cost, cost + more, depth + 1, c
    wanted = 0
    for j in range(n):
        stack[top, NODE_FIELDS + j] = path[depth, NODE_FIELDS + j] - units[j]
        stack[top, NODE_FIELDS + n + j] = units[j]
        wanted += stack[top, NODE_FIELDS + j]
    stack[top, AFTER] = c if stack[top, NODE_FIELDS + first] > 0 else -1
    if wanted > 0:
        state[TOP] += 1
        return
    for k in range(NODE_FIELDS + 2 * n):
        path[depth + 1, k] = stack[top, k]
    state[LIMIT] = cost
    state[FOUND] = 0
    for d in range(1, depth + 2):
        for j in range(n):
            if path[d, NODE_FIELDS + n + j] > 0:
                at = state[FOUND]
                out_line[at], out_column[at], out_quantity[at] = j, path[d, COLUMN], path[d, NODE_FIELDS + n + j]
                state[FOUND] += 1
