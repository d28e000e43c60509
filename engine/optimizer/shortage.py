"""Why a line is short: stock, or a smallest set of what was asked without which it could be had.

The set is found by a deletion filter: everything is dropped first, then taken back one by one as long as the lines can
still be had; what cannot be taken back is the set, and no part of it would do, as far as a search finds. Each step is a
plan of its own, so that limits that only bind together are found together.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import NO_LATEST
from engine.domain.enums import OrderBy, Term
from engine.domain.reasons import Reason
from engine.kernels.entries import UNLIMITED
from engine.network.image import Lanes
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.collect_candidates import sources_of
from engine.optimizer.cut import never_cut
from engine.optimizer.limits import whole_sets
from engine.optimizer.scene import Scene
from engine.optimizer.shipping import decide_shipping

LINES_EACH_MAX = 10
"""Lines of which each is looked at by itself; of more, what they have in common is named for all of them."""

LINES_FOUND_OUT = 3
"""Of no more lines it is found out even once the decision is cut: that takes as long as a few plans of so few lines do,
and a reason that is not so sends people looking in the wrong place."""

NODES_MAX = 200
"""Of each step, which asks whether the lines can be had, not what they cost."""

CAPACITY = "capacity"
"""In a set of restrictions: the locations' capacity by day, which no field of a request holds."""


MESSAGES = {
    Reason.NO_STOCK: "not enough stock at any location that may serve it",
    Reason.NO_ROUTE: "stock is there, but no location that has it can serve this destination",
    Reason.PROMISE_UNREACHABLE: "no location can have it there by the latest date",
    Reason.NO_CAPACITY: "stock is there, but no location that has it has capacity left",
    Reason.RESTRICTED: "stock is there, but not within what was asked",
    Reason.SHORT_IS_CHEAPER: "stock is there, but leaving it out costs less than shipping it",
    Reason.OVERLOADED: "stock is there, but there was no time to find out how it can be had: ask again",
}

MORE_THAN_SENT = "stock is there, but no location that has it can send more of it"
"""In place of NO_ROUTE, of what is left of a line: a carrier takes no more, say."""

NO_FIELDS: tuple[str, ...] = ()


FIELDS = {"no_split_classes": "no_split_item_classes", "express_only": "express_only_location_ids"}
"""Fields whose name on the wire is another."""


class Shortfall(NamedTuple):
    """Units of a line that no shipment holds, why, and without which fields they could be had."""

    quantity: int
    reason: Reason
    restricted_by: tuple[str, ...] = ()
    is_rest: bool = False
    """Whether other units of the line are shipped."""


Shortage = dict[int, Shortfall]
"""By line of the basket."""

NO_ROUTE = Shortfall(0, Reason.NO_ROUTE)
NO_TIME = Shortfall(0, Reason.OVERLOADED)


class Restriction(NamedTuple):
    """Something that may stand in the way: its field, the scene without it, and whether it may be broken at a price."""

    field: str
    without: Callable[[Scene], Scene]
    is_soft: bool = False


class Way(NamedTuple):
    """How lines reach the customer: by carrier services on lanes, or collected at a location."""

    lanes: Lanes | None
    services: tuple[int, ...]
    collected_at: int = -1


def why_short(scene: Scene, way: Way, shipped: tuple[int, ...], missing: dict[int, int], *, is_cut: bool) -> Shortage:
    """Reasons for the units missing of each line that goes one way; what goes another is held.

    Once the scene is cut nothing is planned anew for more than `LINES_FOUND_OUT`: what has not been found out by then is
    told as OVERLOADED. So is what could be had, where the search for it was cut (`is_cut`): nothing was compared.
    """
    if len(shipped) <= LINES_FOUND_OUT:
        scene = replace(scene, is_cut=never_cut)
    scene = replace(without_soft_limits(scene), policy=replace(scene.policy, short_micros=None))
    reasons = {i: Shortfall(0, Reason.NO_STOCK) for i in lines_without_stock(scene, way, shipped)}
    reasons |= tied_to(scene, shipped, reasons)
    if missing.keys() <= reasons.keys():
        # By far the most frequent case: there is nothing to plan anew.
        return {i: reasons[i]._replace(quantity=units) for i, units in missing.items()}
    rest = tuple(i for i in shipped if i not in reasons)
    restrictions = list(restrictions_of(scene))
    free = without(scene, restrictions)
    if not scene.is_cut() and not can_be_had(free, way, rest):
        unrouted = {i: NO_ROUTE for i in rest if not scene.is_cut() and not can_be_had(free, way, (i,))}
        reasons |= unrouted | tied_to(scene, shipped, unrouted)
        rest = tuple(i for i in rest if i not in reasons)
    found = NO_ROUTE
    if set(missing) & set(rest):
        if not scene.is_cut() and can_be_had(free, way, rest):
            found = Shortfall(0, *restriction_of(scene, way, rest, restrictions))
            found = NO_TIME if is_cut and found.reason is Reason.SHORT_IS_CHEAPER else found
        elif scene.is_cut():
            found = NO_TIME
    return {i: reasons.get(i, found)._replace(quantity=units) for i, units in missing.items()}


def short_text(short: Shortfall) -> tuple[int, Reason, str, tuple[str, ...]]:
    """A shortfall as a plan says it, for a person as well."""
    message = MORE_THAN_SENT if short.is_rest and short.reason is Reason.NO_ROUTE else MESSAGES[short.reason]
    if short.restricted_by:
        message += f": it could be had without {' and '.join(short.restricted_by)}"
    return short.quantity, short.reason, message, short.restricted_by


def without_soft_limits(scene: Scene) -> Scene:
    """The scene without the limits that may be broken at a price: none of them keeps a line from being had."""
    limits = scene.basket.constraints
    free: dict[str, Any] = {
        "ship_complete": False, "international": True, "no_split_classes": (), "express_only": (), "max_locations": None,
        "max_locations_per_line": None, "max_distance_meters": None, "no_split_locations": 2**31,
    }  # fmt: skip
    changes = {name: free[name] for name, _ in limits.penalties}
    return replace(scene, basket=replace(scene.basket, constraints=replace(limits, penalties=(), **changes)))


def tied_to(scene: Scene, shipped: tuple[int, ...], out: Mapping[int, Shortfall]) -> Shortage:
    """Lines that cannot leave since a line of their set cannot: of a kit for its reason, of a basket's set for being one."""
    sets = dict(zip(shipped, whole_sets(scene, shipped), strict=True))
    basket = scene.basket
    field = "constraints.ship_complete" if basket.constraints.ship_complete else ""
    tied: Shortage = {}
    for i in shipped:
        others = [o for o in out if o != i and sets[o] == sets[i]]
        if others and i not in out:
            of_kit = [o for o in others if basket.path(o) == basket.path(i)]
            tied[i] = Shortfall(0, Reason.RESTRICTED, (field or f"{basket.path(i)}.ship_set",))
            if of_kit:
                tied[i] = out[of_kit[0]]
    return tied


def lines_without_stock(scene: Scene, way: Way, lines: tuple[int, ...]) -> set[int]:
    """Lines of items of which there is less than all the lines ask for, at whatever active location and date."""
    basket = scene.basket.lines
    active = scene.active if way.collected_at < 0 else sources_of(scene, way.collected_at)
    asked: dict[int, int] = {}
    for i in lines:
        asked[basket[i].item] = asked.get(basket[i].item, 0) + basket[i].quantity
    short = {item for item, units in asked.items() if units_at(scene, item, active) < units}
    return {i for i in lines if basket[i].item in short}


def units_at(scene: Scene, item: int, active: NDArray[np.bool_]) -> int:
    """Units of an item at whatever date, at active locations that rules have not switched off for it."""
    sources = scene.sources(item)
    return int(scene.item_stock(item).by_latest[active if sources is None else active & sources].sum())


def more_could_be_had(scene: Scene, way: Way, lines: tuple[int, ...], missing: Mapping[int, int]) -> bool:
    """Whether a plan might hold more units of the lines than all but those missing, where a unit short has no price.

    It then weighs much, but plans at the highest rates cost more: what can be had at all is asked where nothing costs anything.
    """
    basket = scene.basket.lines
    active = scene.active if way.collected_at < 0 else sources_of(scene, way.collected_at)
    asked, short = Counter[int](), Counter[int]()
    for i in lines:
        asked[basket[i].item] += basket[i].quantity
        short[basket[i].item] += missing.get(i, 0)
    if all(units <= max(0, asked[item] - units_at(scene, item, active)) for item, units in short.items() if units):
        return False
    if scene.is_cut():
        return True
    request = ShipRequest(lines, way.services, collected_at=way.collected_at)
    chosen = decide_shipping(at_no_cost(scene), way.lanes, request, NODES_MAX)
    held = sum(units for load in chosen.loads for _, units in load.quantities)
    return held > asked.total() - short.total() or chosen.objective_micros > chosen.lower_bound_micros


def restriction_of(
    scene: Scene, way: Way, lines: tuple[int, ...], restrictions: list[Restriction]
) -> tuple[Reason, tuple[str, ...]]:
    """The smallest set that stands in the way, by its fields, and the reason that says most of it."""
    dropped = filtered(scene, way, lines, restrictions)
    if not dropped:
        return Reason.SHORT_IS_CHEAPER, ()
    fields = tuple(restriction.field for restriction in dropped)
    if any(field.endswith("latest_date") for field in fields):
        return Reason.PROMISE_UNREACHABLE, fields
    return (Reason.NO_CAPACITY, ()) if fields == (CAPACITY,) else (Reason.RESTRICTED, fields)


def filtered(scene: Scene, way: Way, lines: tuple[int, ...], restrictions: list[Restriction]) -> list[Restriction]:
    """Those of the restrictions that cannot be taken back; without all of them the lines can be had."""
    dropped = list(restrictions)
    for restriction in restrictions:
        if scene.is_cut():
            break
        fewer = [other for other in dropped if other is not restriction]
        if can_be_had(without(scene, fewer), way, lines):
            dropped = fewer
    return dropped


def can_be_had(scene: Scene, way: Way, lines: tuple[int, ...]) -> bool:
    """Whether a plan holds the lines whole, as far as a search finds: what it does not have is asked for at no cost too."""
    if not lines:
        return True
    request = ShipRequest(lines, way.services, collected_at=way.collected_at)
    asked = sum(scene.basket.lines[i].quantity for i in lines)
    for tried in (scene, at_no_cost(scene)):
        chosen = decide_shipping(tried, way.lanes, request, NODES_MAX)
        if sum(units for load in chosen.loads for _, units in load.quantities) == asked:
            return True
    return False


def at_no_cost(scene: Scene) -> Scene:
    """The scene where nothing but a unit short costs anything."""
    return replace(scene, policy=replace(scene.policy, weights=tuple((term.value, 0) for term in Term)))


def without(scene: Scene, restrictions: list[Restriction]) -> Scene:
    """The scene once the restrictions are gone."""
    for restriction in restrictions:
        scene = restriction.without(scene)
    return scene


def restrictions_of(scene: Scene) -> Iterator[Restriction]:
    """What basket and policy ask for, and capacity; those named first are the last to be blamed."""
    policy, constraints, image = scene.policy, scene.basket.constraints, scene.image
    if (image.capacity_per_day < UNLIMITED).any():
        yield Restriction(CAPACITY, unlimited)
    free: dict[str, Any] = {
        "order_by": OrderBy.COST, "max_locations_per_order": None, "max_locations_per_line": None, "allow_split_lines": True,
        "no_split_below_micros": 0, "max_distance_meters": None, "international": True,
    }  # fmt: skip
    for name, value in free.items():
        if getattr(policy, name) != value and not (name == "international" and constraints.international is not None):
            yield Restriction(f"policy.{name}", partial(ruled, name=name, value=value))
    asked: dict[str, Any] = {
        "max_locations": None, "max_locations_per_line": None, "no_split_below_micros": None, "max_distance_meters": None,
        "international": True, "ship_complete": False, "no_split_classes": (), "express_only": (),
    }  # fmt: skip
    for name, value in asked.items():
        if getattr(constraints, name) not in (None, value):
            is_soft = constraints.is_soft("no_split_locations" if name == "no_split_below_micros" else name)
            without_it = partial(constrained, name=name, value=value)
            yield Restriction(f"constraints.{FIELDS.get(name, name)}", without_it, is_soft)
    wishes: dict[str, tuple[str, Any]] = {
        "max_splits": ("max_splits", 0), "min_split_quantity": ("min_split_quantity", 0), "ship_set": ("ship_set", -1),
        "arrival_set": ("arrival_set", -1), "ship_complete": ("ship_complete", False),
        "preferred_services": ("preferred_carrier_service_ids", ()),
        "service_level": ("service_level", ""), "excluded_locations": ("excluded_location_ids", ()),
        "allowed_locations": ("allowed_location_ids", ()), "preassigned_location": ("preassigned_location_id", -1),
        "earliest_minute": ("earliest_date", 0), "latest_minute": ("latest_date", NO_LATEST),
    }  # fmt: skip
    for name, (field, value) in wishes.items():
        wishing = [i for i, line in enumerate(scene.basket.lines) if getattr(line, name) != value]
        for group in [[i] for i in wishing] if len(scene.basket.lines) <= LINES_EACH_MAX else [wishing] * bool(wishing):
            path = scene.basket.path(group[0]) if len(group) == 1 else "lines[]"
            yield Restriction(f"{path}.{field}", partial(wished, lines=group, name=name, value=value))


def unlimited(scene: Scene) -> Scene:
    """The scene with capacity without a limit."""
    capacity = np.full_like(scene.image.capacity_per_day, UNLIMITED)
    capacity.flags.writeable = False  # as a network's arrays are: kernels are compiled for no other
    return replace(scene, image=replace(scene.image, capacity_per_day=capacity))


def ruled(scene: Scene, name: str, value: Any) -> Scene:
    """The scene with a policy that differs in one field."""
    return replace(scene, policy=replace(scene.policy, **{name: value}))


def constrained(scene: Scene, name: str, value: Any) -> Scene:
    """The scene with one other constraint."""
    basket = scene.basket
    return replace(scene, basket=replace(basket, constraints=replace(basket.constraints, **{name: value})))


def wished(scene: Scene, lines: list[int], name: str, value: Any) -> Scene:
    """The scene with one other wish of some lines."""
    changed = list(scene.basket.lines)
    for i in lines:
        changed[i] = replace(changed[i], **{name: value})
    return replace(scene, basket=replace(scene.basket, lines=tuple(changed)))
