"""Pools of orders the slow way: every plan of an order one by one, and every choice of plans of all orders."""

import math
from collections.abc import Iterator
from itertools import product

from engine.kernels.partition import NEVER
from engine.kernels.pool_tables import Pool

Parts = tuple[tuple[int, int], ...]
"""Shipments of a plan: (way, lines as bits)."""


def entries(pool: Pool, w: int) -> dict[int, int]:
    """The entry of each line that a way could carry."""
    return {int(pool.entry_line[e]): e for e in range(int(pool.first_entry[w]), int(pool.first_entry[w + 1]))}


def lines_of(pool: Pool, o: int) -> int:
    return int(pool.first_line[o + 1] - pool.first_line[o])


def part_micros(pool: Pool, w: int, mask: int) -> int:
    """What a shipment of some lines costs without prices; NEVER where the carrier does not take it."""
    price = int(pool.prices[pool.way_price[w] + mask])
    if price >= NEVER:
        return NEVER
    return int(pool.way_fixed[w]) + price + sum(int(pool.entry_micros[e]) for j, e in entries(pool, w).items() if mask >> j & 1)


def part_use(pool: Pool, o: int, w: int, mask: int) -> tuple[dict[int, int], dict[int, int]]:
    """(units of positions, need of slots) of a shipment."""
    units: dict[int, int] = {}
    first = int(pool.first_line[o])
    for j, e in entries(pool, w).items():
        if mask >> j & 1:
            position = int(pool.entry_position[e])
            units[position] = units.get(position, 0) + int(pool.quantity[first + j])
    slot = int(pool.way_slot[w])
    need = {} if slot < 0 else {slot: (1, mask.bit_count(), sum(units.values()))[int(pool.slot_kind[slot])]}
    return units, need


def parted(pool: Pool, o: int, rest: int) -> Iterator[Parts]:
    """All ways to ship the lines `rest`, or leave some short, in parts; one way may ship two of them."""
    if rest == 0:
        yield ()
        return
    low = rest & -rest
    yield from parted(pool, o, rest ^ low)
    for w in range(int(pool.first_way[o]), int(pool.first_way[o + 1])):
        able = sum(1 << j for j in entries(pool, w)) & rest
        mask = able
        while mask:
            if mask & low and part_micros(pool, w, mask) < NEVER:
                for others in parted(pool, o, rest ^ mask):
                    yield ((w, mask), *others)
            mask = (mask - 1) & able


def all_parts(pool: Pool, o: int) -> list[Parts]:
    """All plans of an order within its number of shipments."""
    return [parts for parts in parted(pool, o, (1 << lines_of(pool, o)) - 1) if len(parts) <= pool.most[o]]


def parts_micros(pool: Pool, o: int, parts: Parts) -> int:
    """What a plan costs without prices."""
    first, served = int(pool.first_line[o]), sum(mask for _, mask in parts)
    short = sum(int(pool.short_micros[first + j]) for j in range(lines_of(pool, o)) if not served >> j & 1)
    split = int(pool.split_micros[o]) if parts else 0
    return short + sum(part_micros(pool, w, mask) for w, mask in parts) - split


def priced_micros(pool: Pool, o: int, parts: Parts, position_micros: list[float], slot_micros: list[float]) -> float:
    """What a plan costs with prices."""
    total: float = parts_micros(pool, o, parts)
    for w, mask in parts:
        units, need = part_use(pool, o, w, mask)
        total += sum(position_micros[p] * q for p, q in units.items()) + sum(slot_micros[s] * q for s, q in need.items())
    return total


def softened(
    pool: Pool, o: int, position_micros: list[float], slot_micros: list[float], tau: float
) -> tuple[dict[int, float], dict[int, float], float]:
    """(use of positions, use of slots, log of the weight of all plans beside the best) of an order at a temperature."""
    plans = all_parts(pool, o)
    costs = [priced_micros(pool, o, parts, position_micros, slot_micros) for parts in plans]
    least = min(costs)
    weights = [math.exp(-(cost - least) / tau) for cost in costs]
    positions: dict[int, float] = {}
    slots: dict[int, float] = {}
    for parts, weight in zip(plans, weights, strict=True):
        for w, mask in parts:
            for into, use in zip((positions, slots), part_use(pool, o, w, mask), strict=True):
                for at, q in use.items():
                    into[at] = into.get(at, 0.0) + q * weight / sum(weights)
    return positions, slots, math.log(sum(weights))


def used(pool: Pool, plans: list[Parts]) -> tuple[list[int], list[int]]:
    """What the plans of all orders take of every position and slot."""
    units, needs = [0] * len(pool.position_units), [0] * len(pool.slot_left)
    for o, parts in enumerate(plans):
        for w, mask in parts:
            of_positions, of_slots = part_use(pool, o, w, mask)
            for p, q in of_positions.items():
                units[p] += q
            for s, q in of_slots.items():
                needs[s] += q
    return units, needs


def is_feasible(pool: Pool, plans: list[Parts]) -> bool:
    """Whether there is enough of everything, and no way ships twice."""
    units, needs = used(pool, plans)
    once = all(len({w for w, _ in parts}) == len(parts) for parts in plans)
    stock = all(u <= there for u, there in zip(units, pool.position_units.tolist(), strict=True))
    return once and stock and all(n <= there for n, there in zip(needs, pool.slot_left.tolist(), strict=True))


def parts_of(pool: Pool, plan: list[int], o: int) -> Parts:
    """The shipments of an order in a plan of ways by line."""
    masks: dict[int, int] = {}
    for j in range(lines_of(pool, o)):
        w = plan[int(pool.first_line[o]) + j]
        if w >= 0:
            masks[w] = masks.get(w, 0) | 1 << j
    return tuple(masks.items())


def least_micros(pool: Pool) -> int:
    """What the cheapest feasible plans of all orders cost together, by trying all of them."""
    choices = [
        [parts for parts in all_parts(pool, o) if len({w for w, _ in parts}) == len(parts)] for o in range(len(pool.most))
    ]
    return min(
        sum(parts_micros(pool, o, parts) for o, parts in enumerate(plans))
        for plans in product(*choices)
        if is_feasible(pool, list(plans))
    )
