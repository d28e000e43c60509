"""An explanation on the wire: locations with their reasons, what binds, and the least changes that flip the decision."""

from collections.abc import Iterable

import numpy as np
from belofte.v1 import types_pb2

from engine.domain.enums import CapacityUnit
from engine.kernels import explained as reasons
from engine.kernels.dates import delivery_window, handover_minute, processing_day
from engine.kernels.entries import UNLIMITED
from engine.kernels.partition import NEVER
from engine.kernels.tariffs import shipment_micros
from engine.optimizer.explanation import Explanation, Known, Level
from engine.optimizer.limits import line_services
from engine.service.encode import encode_cost, stamp

CANDIDATES_MAX = 100
"""Of one explanation: each takes the engine about as long as a small decision; the rest are told page by page."""

FLIPS_MAX = 20
UNITS = {
    CapacityUnit.ORDERS: types_pb2.CAPACITY_UNIT_ORDERS, CapacityUnit.LINES: types_pb2.CAPACITY_UNIT_LINES,
    CapacityUnit.UNITS: types_pb2.CAPACITY_UNIT_UNITS,
}  # fmt: skip

KINDS = {
    Known.UNKNOWN: types_pb2.DIFFERENCE_KIND_UNSPECIFIED, Known.EXACT: types_pb2.DIFFERENCE_KIND_EXACT,
    Known.AT_LEAST: types_pb2.DIFFERENCE_KIND_AT_LEAST, Known.AT_MOST: types_pb2.DIFFERENCE_KIND_AT_MOST,
}  # fmt: skip

PLAIN = {
    reasons.DISABLED: ("DISABLED", "it takes no part"),
    reasons.NOT_SHIPPING: ("NO_ROUTE", "it ships nothing"),
    reasons.ABROAD: ("RESTRICTED", "it lies in another country"),
    reasons.TOO_FAR: ("TOO_FAR", "it lies farther away than is allowed"),
    reasons.UNWANTED: ("RESTRICTED", "the line may not come from it"),
    reasons.NO_ZONE: ("NO_ROUTE", "no carrier service that the line may go by reaches the destination from it"),
    reasons.OUT_OF_STOCK: ("OUT_OF_STOCK", "it has too few units that can be promised by the line's date"),
}  # fmt: skip
"""Reasons that need no closer look."""

SWITCHED_OFF = "DISABLED", "an availability rule keeps the line's item from being promised there"


def encode_explanation(explained: Explanation) -> types_pb2.Explanation:
    """The first CANDIDATES_MAX locations; with FULL also what binds and what would flip the decision."""
    ranked = explained.ranked()
    wire = types_pb2.Explanation(candidates=encode_candidates(explained, ranked[:CANDIDATES_MAX]))
    wire.summary = summary(explained)
    if explained.level < Level.FULL:
        return wire
    for bound in explained.bindings:
        wire.binding_constraints.add(
            constraint=bound.field, limit=bound.limit or 0, used=bound.used or 0, saving_micros=bound.saving_micros,
            more_quantity=bound.more_units, message=binding_text(bound.saving_micros, bound.more_units),
            shadow_price_micros=bound.price_micros,
        )  # fmt: skip
    wire.flips.extend(flips(explained, ranked))
    return wire


def encode_candidates(explained: Explanation, locations: Iterable[int]) -> list[types_pb2.CandidateLocation]:
    """These locations, as the decision saw them."""
    return [encode_candidate(explained, location) for location in locations]


def encode_candidate(explained: Explanation, location: int) -> types_pb2.CandidateLocation:
    """One location: what it has, what it would send and when, and how much dearer the best plan with it is."""
    scene, image, lanes = explained.scene, explained.scene.image, explained.scene.lanes
    chosen = location in explained.chosen
    feasible = chosen or bool(explained.carries[:, location].any())
    known = Known(explained.known.item(location))
    wire = types_pb2.CandidateLocation(
        location_id=image.location_ids[location], feasible=feasible, chosen=chosen,
        capacity_unit=UNITS[image.locations[location].capacity_unit], difference_kind=KINDS[known],
        difference_micros=explained.difference_micros.item(location),
    )  # fmt: skip
    for j, i in enumerate(explained.lines):
        line = scene.basket.lines[i]
        wire.stock.add(
            line_id=line.line_id, item_id=image.item_ids[line.item], needed_quantity=line.quantity,
            available_quantity=explained.units.item(j, location),
        )  # fmt: skip
    if lanes is not None:
        wire.distance_meters = lanes.distance_meters.item(location)
    service, limit = explained.columns.service.item(location), image.capacity_per_day.item(location)
    if limit < UNLIMITED:
        wire.capacity_left = max(0, limit - scene.stock.used_on(location, day_of(explained, location)))
    if service >= 0 and lanes is not None:
        wire.carrier_service_id = image.service_ids[service]
        wire.zone = image.zones[lanes.zone_index.item(service, location)][1]
        start = explained.columns.start_minute.item(location)
        earliest, latest = window(explained, location, service, start)
        wire.delivery_earliest.CopyFrom(stamp(earliest))
        wire.delivery_latest.CopyFrom(stamp(latest))
    if explained.terms and service >= 0:
        wire.cost.CopyFrom(encode_cost(explained.cost_terms(location)))
    if not chosen:
        wire.reasons.extend(exclusion_reasons(explained, location, feasible, known))
    return wire


def exclusion_reasons(
    explained: Explanation, location: int, feasible: bool, known: Known
) -> list[types_pb2.ExclusionReason]:  # fmt: skip
    """Reasons line by line, equal ones once; then why a location that could serve is not in the plan."""
    found: dict[tuple[str, str], list[str]] = {}
    for j, why in enumerate(explained.why[:, location].tolist()):
        if why != reasons.SERVES:
            reason = plain_reason(explained, why, j, location) or closer_look(explained, j, location)
            found.setdefault(reason, []).append(explained.scene.basket.lines[explained.lines[j]].line_id)
    everywhere = len(found) == 1 and sum(map(len, found.values())) == len(explained.lines)
    wire = [
        types_pb2.ExclusionReason(reason=reason, message=message, line_ids=[] if everywhere else dict.fromkeys(ids))
        for (reason, message), ids in found.items()
    ]
    dominator = explained.dominator.item(location)
    if dominator >= 0:
        better = explained.scene.image.location_ids[dominator]
        message = f"{better} could send each set of whole lines that it could send, for no more"
        wire.append(types_pb2.ExclusionReason(reason="DOMINATED", message=message, dominated_by_location_id=better))
    elif feasible and known is not Known.UNKNOWN:
        wire.append(types_pb2.ExclusionReason(reason="DEARER", message="it could serve, but no plan that uses it is better"))
    elif feasible:
        wire.append(types_pb2.ExclusionReason(reason="DEARER", message="it could serve, but is in no plan found to be better"))
    if not wire:
        wire.append(types_pb2.ExclusionReason(reason="RESTRICTED", message="everything is collected elsewhere"))
    return wire


def plain_reason(explained: Explanation, why: int, j: int, location: int) -> tuple[str, str] | None:
    """What stands in the way in words, where it takes no closer look."""
    sources = explained.scene.sources(explained.scene.basket.lines[explained.lines[j]].item)
    if why == reasons.UNWANTED and sources is not None and not sources[location]:
        return SWITCHED_OFF
    return PLAIN.get(why)


def closer_look(explained: Explanation, j: int, location: int) -> tuple[str, str]:
    """Why a location that has a line's units, and a way to send them, still cannot: weight, date, cutoff or capacity."""
    scene, image, lanes = explained.scene, explained.scene.image, explained.scene.lanes
    assert lanes is not None
    line = scene.basket.lines[explained.lines[j]]
    able = line_services(scene, line)
    going = [s for s in scene.services if (able is None or able[s]) and lanes.zone_index.item(s, location) >= 0]
    grams, volume = image.weight_grams.item(line.item), image.volume_mm3.item(line.item)
    tariffs = image.tariff_start, image.tariff_max_grams, image.tariff_price_micros, image.tariff_per_kg_micros
    carried = [
        s for s in going
        if shipment_micros(
            grams * line.quantity, volume * line.quantity, lanes.zone_index.item(s, location),
            image.dimensional_divisor.item(s), image.max_package_grams.item(s), *tariffs,
        ) < NEVER
    ]  # fmt: skip
    if not carried:
        return "TOO_HEAVY", "no carrier service has a price for its weight"
    profile, tables = image.profile_index.item(location), scene.horizon.tables
    day = processing_day(scene.start_minute, profile, tables)
    soonest = min(window(explained, location, s, scene.start_minute)[1] for s in carried)
    if not scene.policy.late_micros_per_day and soonest > line.latest_minute:
        begun = tables.day_start_minute.item(profile, max(0, day - 1))
        in_time = min(window(explained, location, s, begun)[1] for s in carried) <= line.latest_minute
        if in_time:
            return "BEYOND_CUTOFF", "the latest date could be kept had the day's cutoff not passed"
        return "TOO_LATE", "no carrier service has it there by the latest date"
    if image.capacity_per_day.item(location) < UNLIMITED:
        return "NO_CAPACITY", "no capacity is left on a day that keeps the dates"
    return "NO_ROUTE", "it could not be planned from here"


def window(explained: Explanation, location: int, service: int, start: int) -> tuple[int, int]:
    """(earliest, latest) minute of delivery of work that may start at a minute."""
    scene = explained.scene
    assert scene.lanes is not None
    tables = scene.horizon.tables
    minute, day = handover_minute(start, scene.image.profile_index.item(location), service, tables)
    transit = scene.lanes.transit_days.item(service, location)
    earliest, latest = delivery_window(minute, day, transit, service, tables)
    return int(earliest), int(latest)


def day_of(explained: Explanation, location: int) -> int:
    """The local day that work would start on: that of what is sent, else the first there is."""
    day = explained.columns.day.item(location)
    if day >= 0:
        return day
    scene = explained.scene
    tables = scene.horizon.tables
    return int(tables.first_day + processing_day(scene.start_minute, scene.image.profile_index.item(location), tables))


def flips(explained: Explanation, ranked: list[int]) -> list[types_pb2.Flip]:
    """The least changes: locations that would have to be cheaper to be used, and dearer to be left."""
    ids = explained.scene.image.location_ids
    unchosen = np.array([each for each in ranked if each not in explained.chosen], np.int64)
    known = explained.known[unchosen]
    # That a change must be so large at the least tells of no change that does it: only where nothing better is known.
    sure = unchosen[(known != Known.UNKNOWN) & (known != Known.AT_LEAST)]
    nearest = sure if len(sure) else unchosen[known != Known.UNKNOWN]
    found = [
        types_pb2.Flip(
            message=f"if shipping from {ids[location]} cost less by more than this, the plan would use it",
            change_micros=max(0, explained.difference_micros.item(location)), location_id=ids[location],
            kind=KINDS[Known(explained.known.item(location))],
        )
        for location in nearest[:FLIPS_MAX].tolist()
    ]  # fmt: skip
    found += [
        types_pb2.Flip(
            message=f"if shipping from {ids[each.location]} cost more by more than this, the plan would leave it",
            change_micros=max(0, each.micros), location_id=ids[each.location], kind=KINDS[each.known], dearer=True,
        )
        for each in explained.without
        if each.known is not Known.UNKNOWN
    ]  # fmt: skip
    return sorted(found, key=lambda flip: (flip.change_micros, not flip.dearer, flip.location_id))[:FLIPS_MAX]


def binding_text(saving_micros: int | None, more_units: int) -> str:
    """What dropping a limit would do."""
    if saving_micros is None:
        return f"without it the best plan holds {more_units} more units"
    return f"without it the best plan costs {saving_micros} micros less"


def summary(explained: Explanation) -> str:
    """One English sentence."""
    ids, plan = explained.scene.image.location_ids, explained.plan
    collected = [ids[s.location] for s in plan.shipments if s.service < 0]
    shipped = list(dict.fromkeys(ids[s.location] for s in plan.shipments if s.service >= 0))
    feasible = int(np.count_nonzero(explained.carries.any(axis=0)))
    parts = [f"collected at {' and '.join(collected)} as asked"] if collected else []
    if shipped:
        parts.append(f"shipped from {' and '.join(shipped)}, the best of {feasible} locations that could serve")
    short = sum(line.quantity for line in plan.short_lines)
    if short:
        parts.append(f"{short} units short")
    minutes = explained.scene.policy.opportunity_minutes_max
    if minutes and explained.scene.opportunity is None:
        parts.append(f"without prices of opportunity, of which there are none at most {minutes} minutes old")
    return "; ".join(parts) or "nothing can be planned"
