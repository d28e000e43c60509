"""Every plan of a small basket, counted: units of each line from each location, whatever limits say, and what it costs.

Nothing of the optimizer is used. Locations differ in what their one carrier and their work cost, and everything leaves at one
time; what is collected has no other source than where it is collected.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from engine.domain.basket import BasketLine
from engine.network.records import Item, Location, Policy

Units = tuple[int, ...]
"""Of one line, by location."""


class SmallBasket(NamedTuple):
    """A basket on a network of a few locations. `limits` are of the basket, by name; those in `prices` may be broken."""

    locations: tuple[Location, ...]
    items: tuple[Item, ...]
    stock: dict[tuple[int, int], int]
    """(item, location)"""
    policy: Policy
    carrier_micros: tuple[int, ...]
    """[locations]: a shipment, whatever is in it."""
    lines: tuple[BasketLine, ...]
    limits: dict[str, int]
    prices: dict[str, int]


class Judged(NamedTuple):
    """What plans are compared by: units short where they have no price, then micros."""

    units: int
    micros: int


def best_of_all(given: SmallBasket) -> Judged:
    """The best plan of all that may be."""
    each = [list(divisions(line.quantity, len(given.locations))) for line in given.lines]
    found = (judged(given, plan) for plan in product(*each))
    return min(one for one in found if one is not None)


def divisions(units: int, places: int) -> Iterator[Units]:
    """Every way to have no more than so many units from so many places."""
    if not places:
        yield ()
        return
    for here in range(units + 1):
        for rest in divisions(units - here, places - 1):
            yield (here, *rest)


def judged(given: SmallBasket, plan: Sequence[Units]) -> Judged | None:
    """What a plan is worth; None where it may not be."""
    lines, policy = given.lines, given.policy
    taken: dict[tuple[int, int], int] = {}
    for line, units in zip(lines, plan, strict=True):
        if not may_be(given, line, units):
            return None
        for location, count in enumerate(units):
            taken[line.item, location] = taken.get((line.item, location), 0) + count
    if any(count > given.stock.get(position, 0) for position, count in taken.items()):
        return None
    tied = [i for i, line in enumerate(lines) if line.ship_set >= 0]
    if len(tied) > 1:
        places = {tuple(count > 0 for count in plan[i]) for i in tied}
        if len(places) > 1 or any(sum(plan[i]) not in (0, lines[i].quantity) or parts(plan[i]) > 1 for i in tied):
            return None
    broken = broken_micros(given, plan)
    if broken is None:
        return None
    short = sum(line.quantity - sum(units) for line, units in zip(lines, plan, strict=True))
    micros = broken + shipped_micros(given, plan, set(tied) if len(tied) > 1 else set())
    return Judged(short, micros) if policy.short_micros is None else Judged(0, micros + short * policy.short_micros)


def parts(units: Units) -> int:
    """From how many locations a line comes."""
    return sum(count > 0 for count in units)


def may_be(given: SmallBasket, line: BasketLine, units: Units) -> bool:
    """Whether a line's own wishes and the policy let it be divided so."""
    for location in (at for at, count in enumerate(units) if count):
        place = given.locations[location]
        if line.is_collected and not (location == line.pickup_location and place.pickup):
            return False
        if (line.is_shipped and not place.ships) or location in line.excluded_locations:
            return False
        if (line.allowed_locations and location not in line.allowed_locations) or line.preassigned_location not in (
            -1,
            location,
        ):
            return False
    policy, total, count = given.policy, sum(units), parts(units)
    if (line.fill_or_kill or line.ship_complete) and total not in (0, line.quantity):
        return False
    least = min(line.min_split_quantity, line.quantity)
    most = [1 if line.ship_complete or not policy.allow_split_lines else 2**31, policy.max_locations_per_line or 2**31]
    most.append(line.max_splits + 1 if line.max_splits else 2**31)
    return count <= min(most) and all(not part or part >= least for part in units)


def broken_micros(given: SmallBasket, plan: Sequence[Units]) -> int | None:
    """What the limits that a plan breaks cost; None where one of them has no price."""
    lines, policy, limits = given.lines, given.policy, given.limits
    places = len({location for units in plan for location, count in enumerate(units) if count})
    value = sum(line.unit_price_micros * line.quantity for line in lines)
    if places > (policy.max_locations_per_order or 2**31) or (value < policy.no_split_below_micros and places > 1):
        return None
    is_short = any(sum(units) < line.quantity for line, units in zip(lines, plan, strict=True))
    of_class = [units for line, units in zip(lines, plan, strict=True) if given.items[line.item].item_class == "c"]
    times = {
        "max_locations": max(0, places - limits.get("max_locations", places)),
        "max_locations_per_line": max(0, max(map(parts, plan)) - limits.get("max_locations_per_line", 2**31)),
        "no_split_below_micros": max(0, places - 1) * (value < limits.get("no_split_below_micros", 0)),
        "no_split_classes": sum(parts(units) > 1 for units in of_class) * ("no_split_classes" in limits),
        "ship_complete": int("ship_complete" in limits and places > 0 and (is_short or places > 1)),
    }
    if any(count and name not in given.prices for name, count in times.items()):
        return None
    return sum(count * given.prices[name] for name, count in times.items() if count)


def shipped_micros(given: SmallBasket, plan: Sequence[Units], tied: set[int]) -> int:
    """Carriers, work and what each shipment beyond the first costs."""
    shipments, micros = 0, 0
    is_one = "ship_complete" in given.limits and "ship_complete" not in given.prices
    for location, place in enumerate(given.locations):
        here = [i for i, units in enumerate(plan) if units[location]]
        collected = [i for i in here if given.lines[i].is_collected]
        shipped = [i for i in here if given.lines[i].is_shipped]
        alone = [i for i in shipped if given.items[given.lines[i].item].ship_alone and i not in tied and not is_one]
        groups = [collected, [i for i in shipped if i not in alone], *([i] for i in alone)]
        for group in filter(None, groups):
            shipments += 1
            units = sum(plan[i][location] for i in group)
            micros += place.pack_cost_micros + place.pick_cost_micros * len(group) + place.unit_cost_micros * units
            micros += 0 if group is collected else given.carrier_micros[location]
    return micros + given.policy.split_micros * max(0, shipments - 1)
