"""Branch and bound over shipments where lines may be divided: exact quantities, bounded by the program over portions.

Depth first. A node is what is still wanted of each line; its children are the shipments that hold some of the first line
still wanted, or leave the rest of it short. Shipments of one first line come in the order of their columns, once each.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.bounds import least_row_prices
from engine.kernels.jit import kernel
from engine.kernels.portions import (
    DIGIT_MAX,
    DIGITS,
    EXACT,
    GRAMS,
    ITEM,
    LINE_FIELDS,
    MOST,
    PLACE,
    QUANTITY,
    SHARED,
    SHORT,
    VOLUME,
    WHOLE,
    choose_digits,
    count_lines,
    count_steps,
    digit_of,
    digit_units,
    lay_portions,
    leave_lowest_short,
    portion_fits,
    price_portions,
    share_portions,
    sum_portions,
)  # fmt: skip
from engine.kernels.subsets import NEVER, capacity_need
from engine.kernels.tariffs import price_subsets, shipment_micros, tariff_micros, weigh_price

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STACK_MAX = 2**17
"""Nodes waiting; what does not fit is lost, and nothing is proven then."""

NODE_FIELDS = 5
"""Of a node on the stack: cost so far, what all of it costs at the least, depth, the column that led here (−1: left short),
the column after which the next must come; then what is still wanted of each line, and what that column took of each."""
COST, TOTAL, DEPTH, COLUMN, AFTER = range(NODE_FIELDS)

DIVIDE_FIELDS = 4
"""Of `out` of `divide_order`."""

LAYERS_MAX = 24
"""Locations that the bound counts at most once."""

LAYERED_MAX = 4
"""How many times the most steps of one program all programs of an order may take."""

STEPS_PER_NODE = 2048
"""Steps of the program that take as long as a node."""

ROUNDS = 10
"""Searches with a limit that rises from the bound to the incumbent, since a low limit leaves little to search."""

STATE_FIELDS = 5
"""TOP: nodes on the stack; LIMIT: only plans that cost less are of interest; FOUND: placements of the plan found."""
TOP, NODES, COMPLETE, LIMIT, FOUND = range(STATE_FIELDS)

OPTION_FIELDS = 4
"""What a shipment may take of a line: the portion it counts as, the portion then wanted, fewest and most units."""
TAKES, LEAVES, LOW, HIGH = range(OPTION_FIELDS)


@kernel
def divide_order(
    quantity: Ints, item: Ints, grams: Ints, volume: Ints, short: Ints, most: Ints, usable: Bools, location: Ints,
    fixed: Ints, line_micros: Ints, unit_micros: Ints, available: Ints, capacity_kind: Ints, capacity_left: Ints,
    price_row: Ints, zone: Ints, divisor: Ints, package_grams_max: Ints, start: Ints, max_grams: Ints, price: Ints,
    per_kg: Ints, weight_ppm: int, split: int, locations_max: int, nodes_max: int, steps_max: int, incumbent: int,
    out_line: Ints, out_column: Ints, out_quantity: Ints, out: Ints,
) -> None:  # fmt: skip
    """Find the cheapest plan below `incumbent`, or prove that there is none, within `nodes_max` nodes.

    Tables as in `optimizer.Problem`, usable [n, c] in place of allowed. Each shipment is charged `split`, and so is a plan
    without any, as in `subsets.partition`. The plan is written as placements (column −1: short); out = cost (the incumbent
    when nothing cheaper was found), lower bound, placements, nodes. Cost and bound are equal where the search is complete.
    """
    n, columns, rows = quantity.shape[0], location.shape[0], zone.shape[0]
    lines = np.empty((LINE_FIELDS, n), np.int64)
    fill_lines(quantity, item, grams, volume, short, most, usable, lines)
    size = choose_digits(lines, steps_max)
    work = np.empty((7, size), np.int64)
    gram_sum, volume_sum, line_count, unit_count = work[0], work[1], work[2], work[3]
    codes, sums, best = work[4], work[5], work[6]
    sum_portions(lines, lines[GRAMS], gram_sum)
    sum_portions(lines, lines[VOLUME], volume_sum)
    sum_portions(lines, np.ones(n, np.int64), unit_count)
    count_lines(lines, line_count)
    digit_max = np.zeros((n, columns), np.int64)
    fill_digits(lines, usable, available, digit_max)
    shared = number_shared(lines)
    shared_need, shared_available = np.empty((shared, size), np.int64), np.empty((shared, columns), np.int64)
    share_stock(lines, available, shared, shared_need, shared_available)
    prices = np.empty((rows, size), np.int64)
    price_subsets(size, rows, 0, zone, divisor, package_grams_max, weight_ppm, gram_sum, volume_sum, start, max_grams,
                  price, per_kg, codes, sums, prices)  # fmt: skip
    lower_unsteady(lines, zone, weight_ppm, start, max_grams, price, per_kg, prices)
    values, layer_best = np.empty((LAYERS_MAX + 1, size), np.int64), np.empty((LAYERS_MAX, size), np.int64)
    layers, steps = lay_repeated(
        lines, steps_max, incumbent, digit_max, location, fixed, line_micros, unit_micros, price_row, prices,
        capacity_kind, capacity_left, line_count, unit_count, shared, shared_need, shared_available, codes, sums, best,
        layer_best, values,
    )  # fmt: skip
    value = values[layers]
    for k in range(layers):
        best[:] = np.minimum(best, layer_best[k])
    bound = value[size - 1]
    state = np.array([0, steps // STEPS_PER_NODE, 1, incumbent, 0])
    out[0], out[1], out[2] = incumbent, min(bound, incumbent), 0
    for turn in range(ROUNDS - 1, -1, -1):
        if state[LIMIT] >= incumbent and bound >= incumbent:
            break
        state[LIMIT] = bound + max(1, (incumbent - bound) >> turn)
        before = state[LIMIT]
        search_shipments(
            lines, usable, location, fixed, line_micros, unit_micros, available, capacity_kind, capacity_left, price_row,
            zone, divisor, package_grams_max, start, max_grams, price, per_kg, weight_ppm, split, locations_max, nodes_max,
            digit_max, line_count, unit_count, shared, shared_need, shared_available, prices, best, value, out_line,
            out_column, out_quantity, state,
        )  # fmt: skip
        if state[COMPLETE]:
            out[1] = state[LIMIT]
        if state[LIMIT] < before:
            out[0], out[2] = state[LIMIT], state[FOUND]
            break
        if not state[COMPLETE]:
            break
    out[3] = state[NODES]


@kernel
def fill_lines(
    quantity: Ints, item: Ints, grams: Ints, volume: Ints, short: Ints, most: Ints, usable: Bools, lines: Ints
) -> None:
    """The table `lines` but for its digits. A line that nothing may carry weighs nothing: its weight may be out of range."""
    for j in range(quantity.shape[0]):
        carried = False
        for c in range(usable.shape[1]):
            carried |= usable[j, c]
        lines[QUANTITY, j], lines[ITEM, j], lines[SHORT, j], lines[MOST, j] = quantity[j], item[j], short[j], most[j]
        lines[GRAMS, j] = grams[j] if carried else 0
        lines[VOLUME, j] = volume[j] if carried else 0


@kernel
def fill_digits(lines: Ints, usable: Bools, available: Ints, digit_max: Ints) -> None:
    """digit_max[j, c] = the largest digit of line j for which column c has the units."""
    for j in range(lines.shape[1]):
        for digit in range(1, lines[DIGIT_MAX, j] + 1):
            units = digit_units(lines, j, digit)
            for c in range(usable.shape[1]):
                digit_max[j, c] += usable[j, c] & (available[lines[ITEM, j], c] >= units)


@kernel
def number_shared(lines: Ints) -> int:
    """Number the items that stand in several lines; returns how many there are."""
    shared = 0
    lines[SHARED] = -1
    for j in range(lines.shape[1]):
        for i in range(j):
            if lines[ITEM, i] == lines[ITEM, j] and lines[SHARED, j] < 0:
                if lines[SHARED, i] < 0:
                    lines[SHARED, i] = shared
                    shared += 1
                lines[SHARED, j] = lines[SHARED, i]
    return shared


@kernel
def share_stock(lines: Ints, available: Ints, shared: int, shared_need: Ints, shared_available: Ints) -> None:
    """Needs by portion and stock by column of each item that stands in several lines."""
    asks = np.empty(lines.shape[1], np.int64)
    for k in range(shared):
        for j in range(lines.shape[1]):
            asks[j] = lines[SHARED, j] == k
            if asks[j]:
                shared_available[k] = available[lines[ITEM, j]]
        sum_portions(lines, asks, shared_need[k])


@kernel
def lower_unsteady(
    lines: Ints, zone: Ints, weight_ppm: int, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, prices: Ints
) -> None:  # fmt: skip
    """Where more weight can cost less, a portion that stands for more than its units counts the least price only."""
    least = np.empty(zone.shape[0], np.int64)
    least_row_prices(zone, weight_ppm, start, price, least)
    counted = True
    for j in range(lines.shape[1]):
        counted &= lines[DIGITS, j] <= EXACT
    for row in range(zone.shape[0]):
        if zone[row] >= 0 and not counted and not is_steady(zone[row], start, max_grams, price, per_kg):
            for t in range(1, prices.shape[1]):
                prices[row, t] = least[row]


@kernel
def is_steady(zone: int, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints) -> bool:
    """Whether the carrier never charges less for more weight, as a weight break with a lower price per kg may."""
    steady = True
    for row in range(start[zone], start[zone + 1] - 1):
        limit = max_grams[row]
        steady &= tariff_micros(limit, zone, start, max_grams, price, per_kg) <= tariff_micros(
            limit + 1, zone, start, max_grams, price, per_kg
        )
    return steady


@kernel
def lay_repeated(
    lines: Ints, steps_max: int, incumbent: int, digit_max: Ints, location: Ints, fixed: Ints, line_micros: Ints,
    unit_micros: Ints, price_row: Ints, prices: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints,
    unit_count: Ints, shared: int, shared_need: Ints, shared_available: Ints, codes: Ints, sums: Ints, best: Ints,
    layer_best: Ints, values: Ints,
) -> tuple[int, int]:  # fmt: skip
    """The program over portions, with the locations that its solutions use twice laid over it; returns layers and steps.

    values[k] is the program with k of them, best and layer_best[k] what a portion costs from the rest and from location k.
    """
    n, columns = digit_max.shape
    size = best.shape[0]
    each = count_steps(lines, 0, n)
    layered, order, most = np.empty(LAYERS_MAX, np.int64), np.empty(columns, np.int64), np.empty(n, np.int64)
    layers, steps = 0, 0
    while True:
        for turn in range(layers + 1):
            used = 0
            most[:] = 0
            for c in range(columns):
                wanted = True
                if turn > 0:
                    wanted = location[c] == layered[turn - 1]
                else:
                    for k in range(layers):
                        wanted &= location[c] != layered[k]
                if wanted:
                    order[used] = c
                    used += 1
                    for j in range(n):
                        most[j] = max(most[j], digit_max[j, c])
            price_portions(
                lines, used, order, digit_max, fixed, line_micros, unit_micros, price_row, prices, capacity_kind,
                capacity_left, line_count, unit_count, shared, shared_need, shared_available, codes, sums,
                best if turn == 0 else layer_best[turn - 1],
            )  # fmt: skip
            if turn == 0:
                share_portions(lines, best, values[0])
            else:
                lay_portions(lines, most, layer_best[turn - 1], values[turn - 1], values[turn])
            steps += each
        if values[layers, size - 1] >= incumbent or steps + each * (layers + 2) > LAYERED_MAX * steps_max:
            return layers, steps
        found = repeat_locations(
            layers, lines, digit_max, location, fixed, line_micros, unit_micros, price_row, prices, capacity_kind,
            capacity_left, line_count, unit_count, shared, shared_need, shared_available, best, layer_best, values, layered,
        )  # fmt: skip
        if found == layers:
            return layers, steps
        layers = found


@kernel
def repeat_locations(
    layers: int, lines: Ints, digit_max: Ints, location: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints,
    price_row: Ints, prices: Ints, capacity_kind: Ints, capacity_left: Ints, line_count: Ints, unit_count: Ints,
    shared: int, shared_need: Ints, shared_available: Ints, best: Ints, layer_best: Ints, values: Ints, layered: Ints,
) -> int:  # fmt: skip
    """Add the locations that the program's solution uses twice to `layered`; returns how many there are now."""
    n, columns = digit_max.shape
    s = best.shape[0] - 1
    for k in range(layers - 1, -1, -1):
        if values[k + 1, s] != values[k, s]:
            s -= find_portion(lines, s, values[k + 1, s], False, layer_best[k], values[k])
    count = layers
    seen = np.zeros(location.max() + 1, np.bool_)
    picked = np.empty(n, np.int64)
    while s > 0:
        t = find_portion(lines, s, values[0, s], True, best, values[0])
        if t == 0:
            s = without_lowest(lines, s)
            continue
        s -= t
        rest = t
        for j in range(n):
            picked[j] = rest % (lines[DIGIT_MAX, j] + 1) * lines[PLACE, j]
            rest //= lines[DIGIT_MAX, j] + 1
        at = -1
        for c in range(columns):
            cost = portion_cost(n, c, t, lines, picked, digit_max, fixed, line_micros, unit_micros, price_row, prices)
            layer = False
            for k in range(count):
                layer |= layered[k] == location[c]
            if at < 0 and cost == best[t] and not layer and portion_fits(
                t, c, capacity_kind[c], capacity_left[c], line_count, unit_count, shared, shared_need, shared_available
            ):  # fmt: skip
                at = location[c]
        if at >= 0 and seen[at] and count < LAYERS_MAX:
            layered[count] = at
            count += 1
        if at >= 0:
            seen[at] = True
    return count


@kernel
def find_portion(lines: Ints, s: int, cost: int, lowest: bool, best: Ints, below: Ints) -> int:
    """The first t ≤ s with best[t] + below[s − t] = cost; 0 when the lowest line of s is left short for that cost instead."""
    if lowest and leave_lowest_short(lines, s, below) == cost:
        return 0
    for t in range(1, s + 1):
        if best[t] < NEVER and best[t] + below[s - t] == cost and holds(lines, s, t, lowest):
            return t
    return 0


@kernel
def holds(lines: Ints, s: int, t: int, lowest: bool) -> bool:
    """Whether t lies within s, and holds some of its lowest line if it must."""
    for j in range(lines.shape[1]):
        base = lines[DIGIT_MAX, j] + 1
        if t % base > s % base or (lowest and s % base > 0 and t % base == 0):
            return False
        lowest &= s % base == 0
        s //= base
        t //= base
    return True


@kernel
def without_lowest(lines: Ints, s: int) -> int:
    """A portion without its lowest line."""
    place = 1
    for j in range(lines.shape[1]):
        place *= lines[DIGIT_MAX, j] + 1
        if s % place > 0:
            rest: int = s - s % place
            return rest
    return 0


@kernel
def search_shipments(
    lines: Ints, usable: Bools, location: Ints, fixed: Ints, line_micros: Ints, unit_micros: Ints, available: Ints,
    capacity_kind: Ints, capacity_left: Ints, price_row: Ints, zone: Ints, divisor: Ints, package_grams_max: Ints,
    start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, weight_ppm: int, split: int, locations_max: int,
    nodes_max: int, digit_max: Ints, line_count: Ints, unit_count: Ints, shared: int, shared_need: Ints,
    shared_available: Ints, prices: Ints, best: Ints, value: Ints, out_line: Ints, out_column: Ints, out_quantity: Ints,
    state: Ints,
) -> None:  # fmt: skip
    """Look for plans below state[LIMIT], which falls with each one found."""
    n, columns = digit_max.shape
    depth_max = out_line.shape[0] // n
    stack = np.empty((STACK_MAX, NODE_FIELDS + 2 * n), np.int64)
    path = np.empty((depth_max + 1, NODE_FIELDS + 2 * n), np.int64)
    options = np.empty((n, OPTION_FIELDS, lines[DIGIT_MAX].max() + 3), np.int64)
    option_count = np.empty(n, np.int64)
    choice_max = 1
    for j in range(n):
        choice_max *= max(lines[DIGIT_MAX, j] + 1, 3)
    takes, leaves = np.empty(choice_max, np.int64), np.empty(choice_max, np.int64)
    picked, units, low, high = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    seen = np.zeros(location.max() + 1, np.bool_)
    stack[0, :NODE_FIELDS] = -1
    stack[0, COST], stack[0, TOTAL], stack[0, DEPTH] = 0, 0, 0
    stack[0, NODE_FIELDS : NODE_FIELDS + n] = lines[QUANTITY]
    state[TOP], state[COMPLETE], state[FOUND] = 1, 1, 0
    while state[TOP] > 0 and state[NODES] < nodes_max:
        state[TOP] -= 1
        state[NODES] += 1
        depth = stack[state[TOP], DEPTH]
        path[depth] = stack[state[TOP]]
        node = path[depth]
        if node[TOTAL] >= state[LIMIT]:
            continue
        if depth == depth_max:
            state[COMPLETE] = 0
            continue
        first = first_wanted(n, node)
        shipments = mark_locations(depth, path, location, seen, True)
        leave_short(first, shipments, split, lines, value, path, depth, stack, out_line, out_column, out_quantity, state)
        count = list_options(first, lines, node, options, option_count)
        count = list_choices(n, options, option_count, takes, leaves)
        for choice in range(count if shipments < locations_max else 0):
            beyond = node[COST] + value[leaves[choice]]
            if beyond + best[takes[choice]] >= state[LIMIT]:
                continue
            pick_options(n, choice, options, option_count, picked, low, high)
            for c in range(node[AFTER] + 1, columns):
                if seen[location[c]]:
                    continue
                cost = portion_cost(n, c, takes[choice], lines, picked, digit_max, fixed, line_micros, unit_micros,
                                    price_row, prices)  # fmt: skip
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
def pick_options(n: int, choice: int, options: Ints, option_count: Ints, picked: Ints, low: Ints, high: Ints) -> None:
    """The options of a choice: the portion of each line, and its fewest and most units."""
    rest = choice
    for j in range(n):
        o = rest % option_count[j]
        rest //= option_count[j]
        picked[j], low[j], high[j] = options[j, TAKES, o], options[j, LOW, o], options[j, HIGH, o]


@kernel
def portion_cost(
    n: int, c: int, taken: int, lines: Ints, picked: Ints, digit_max: Ints, fixed: Ints, line_micros: Ints,
    unit_micros: Ints, price_row: Ints, prices: Ints,
) -> int:  # fmt: skip
    """What a column asks for a portion; NEVER where it has not the stock."""
    cost: int = fixed[c] + prices[price_row[c], taken]
    for j in range(n):
        if picked[j] > 0:
            digit = picked[j] // lines[PLACE, j]
            if digit > digit_max[j, c]:
                return NEVER
            cost += line_micros[j, c] + unit_micros[c] * digit_units(lines, j, digit)
    return cost


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
        if low[j] > 0 and (available[lines[ITEM, j], c] < low[j] or parts_so_far(j, depth, path) >= lines[MOST, j]):
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
def parts_so_far(j: int, depth: int, path: Ints) -> int:
    """From how many locations a line comes on the path."""
    n = (path.shape[1] - NODE_FIELDS) // 2
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
    first: int, shipments: int, split: int, lines: Ints, value: Ints, path: Ints, depth: int, stack: Ints, out_line: Ints,
    out_column: Ints, out_quantity: Ints, state: Ints,
) -> None:  # fmt: skip
    """Put the node on the stack in which the rest of its first line is short."""
    n = lines.shape[1]
    units = np.zeros(n, np.int64)
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
    path[depth + 1] = stack[top]
    state[LIMIT] = cost
    state[FOUND] = 0
    for d in range(1, depth + 2):
        for j in range(n):
            if path[d, NODE_FIELDS + n + j] > 0:
                at = state[FOUND]
                out_line[at], out_column[at], out_quantity[at] = j, path[d, COLUMN], path[d, NODE_FIELDS + n + j]
                state[FOUND] += 1
