"""Lines that are delivered without anything being moved: units, such as licences, of wherever there are some, soonest first.

Nothing of it costs work or a carrier, so that of plans with as many units the soonest is the best one.
"""

from engine.domain.basket import DeliveryMethod
from engine.domain.plan import Peg, Route, Shipment
from engine.domain.reasons import Reason
from engine.optimizer.assemble import MINUTES_PER_DAY, peg, unit_terms
from engine.optimizer.collect import Collected
from engine.optimizer.limits import line_sources
from engine.optimizer.scene import Scene
from engine.optimizer.shortage import Shortage, Shortfall

NOWHERE = -2
"""In place of the location that a load is collected at: it goes by no way at all."""


def deliver_digital(scene: Scene) -> Collected:
    """Shipments of all such lines, one a location and minute, and what is short; stock is left as it was."""
    lines = [i for i, line in enumerate(scene.basket.lines) if line.delivery_method is DeliveryMethod.DIGITAL]
    found: dict[tuple[int, int], list[Peg]] = {}
    shortage: Shortage = {}
    held: list[tuple[int, int]] = []
    for i in lines:
        line, taken = scene.basket.lines[i], pegs_of(scene, i)
        missing = line.quantity - sum(each.quantity for _, each in taken)
        if missing:
            reason = why_missing(scene, i)
            taken = [] if line.all_or_nothing else taken
            fields = (f"{scene.basket.path(i)}.latest_date",) if reason is Reason.PROMISE_UNREACHABLE else ()
            shortage[i] = Shortfall(line.quantity - sum(each.quantity for _, each in taken), reason, fields)
        for minute, each in taken:
            found.setdefault((each.location, minute), []).append(each)
        hold = [(each.arena_index, each.quantity) for _, each in taken]
        scene.stock.hold(hold, ())
        held += hold
    scene.stock.release(held, ())
    shipments = [digital_shipment(scene, location, minute, pegs) for (location, minute), pegs in found.items()]
    # Where units have prices of their own, another location's may cost less.
    return Collected(shipments, shortage, sum(shipment.cost_micros for shipment in shipments))


def pegs_of(scene: Scene, i: int) -> list[tuple[int, Peg]]:
    """(minute, units) of one line: those there first, then by when they land; of one minute by location."""
    line, matrix = scene.basket.lines[i], scene.stock.matrix
    sources = line_sources(scene, line)
    able = scene.active if sources is None else scene.active & sources
    last = min(line.latest_minute, scene.last_minute)
    first = max(scene.start_minute, line.earliest_minute)
    landings = {max(first, slot.available_at_minute) for _, slot, _, _ in matrix.rows(line.item)}
    taken: list[tuple[int, Peg]] = []
    left = line.quantity
    for minute in sorted(landings):
        for location in range(len(able)) if minute <= last and left else ():
            pegs = peg(scene, i, location, left, minute) if able[location] else []
            scene.stock.hold([(each.arena_index, each.quantity) for each in pegs], ())
            taken += [(minute, each) for each in pegs]
            left -= sum(each.quantity for each in pegs)
            if not left:
                break
    scene.stock.release([(each.arena_index, each.quantity) for _, each in taken], ())
    return taken


def why_missing(scene: Scene, i: int) -> Reason:
    """Whether there would be enough, were there no latest date."""
    line = scene.basket.lines[i]
    there = scene.item_stock(line.item)
    if int(there.by_latest[scene.active].sum()) < line.quantity:
        return Reason.NO_STOCK
    return Reason.PROMISE_UNREACHABLE if line.latest_minute < scene.last_minute else Reason.RESTRICTED


def digital_shipment(scene: Scene, location: int, minute: int, pegs: list[Peg]) -> Shipment:
    """What is delivered of a location at a minute."""
    terms = unit_terms(scene, location, [(each.item, each.quantity) for each in pegs], is_shipped=False)
    return Shipment(
        location=location, route=Route.DIGITAL, service=-1, pegs=tuple(pegs), pick_by_minute=minute, handover_by_minute=minute,
        order_by_minute=scene.last_minute, delivery_earliest_minute=minute, delivery_latest_minute=minute,
        capacity_day=minute // MINUTES_PER_DAY, capacity_quantity=0, weight_grams=0, distance_meters=0, co2_grams=0,
        terms=tuple(term for term in terms if term.raw_micros), start_minute=minute,
    )  # fmt: skip
