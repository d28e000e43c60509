"""Lines collected at a location: where they come from is given, so only stock, capacity and the hour remain."""

from engine.domain.plan import Peg, Route, Shipment
from engine.domain.reasons import Reason
from engine.kernels.dates import NEVER, ready_minute
from engine.kernels.entries import UNLIMITED, day_with_capacity
from engine.kernels.subsets import capacity_need
from engine.optimizer.assemble import handling_terms, peg
from engine.optimizer.scene import Scene


def first_day(scene: Scene, location: int, minute: int) -> tuple[int, int, int]:
    """(start minute, local day, capacity left) of the first day on which a location has any capacity left."""
    image, stock = scene.image, scene.stock
    start, day, left = day_with_capacity(
        location, minute, image.profile_index[location], image.capacity_per_day[location], stock.capacity_used.T,
        stock.first_day, scene.horizon.tables,
    )  # fmt: skip
    return int(start), int(day), int(left)


def collect_lines(scene: Scene, location: int, lines: list[int]) -> tuple[Shipment | None, dict[int, tuple[int, Reason]]]:
    """One shipment to collect at `location`, and per line what is short and why.

    Each line takes what is there, earliest arrival first; the shipment is ready when its last unit has been processed
    within opening hours. The pegs are not held afterwards.
    """
    image, tables = scene.image, scene.horizon.tables
    if not (image.active[location] and image.pickup[location]):
        return None, {i: (scene.basket.lines[i].quantity, Reason.NO_ROUTE) for i in lines}
    start, _, _ = first_day(scene, location, scene.start_minute)
    profile, kind = int(image.profile_index[location]), int(image.capacity_unit[location])
    pegs: list[Peg] = []
    units: list[int] = []
    short: dict[int, tuple[int, Reason]] = {}
    _, _, left = first_day(scene, location, start)
    ready = start
    for i in lines:
        line = scene.basket.lines[i]
        latest = min(scene.last_minute, line.latest_minute)
        room = line.quantity
        if kind == 2:
            room = min(room, left - sum(units))
        elif capacity_need(kind, len(units) + 1, 0) > left:
            room = 0
        taken = peg(scene, i, location, max(0, room), latest)
        arrival = max([start, *(int(scene.stock.matrix.slot_available_at[p.slot]) for p in taken)])
        done = int(ready_minute(arrival, profile, tables))
        count = sum(p.quantity for p in taken)
        if done >= NEVER or done > line.latest_minute:
            count, reason = 0, Reason.PROMISE_UNREACHABLE
        else:
            reason = Reason.NO_CAPACITY if room < line.quantity else Reason.NO_STOCK
        if count < line.quantity and (line.fill_or_kill or line.ship_complete):
            count = 0
        if count < line.quantity:
            short[i] = (line.quantity - count, reason)
        if count:
            pegs += taken
            units.append(count)
            ready = max(ready, done)
            scene.stock.hold([(p.arena_index, p.quantity) for p in taken], ())
    scene.stock.release([(p.arena_index, p.quantity) for p in pegs], ())
    if not units:
        return None, short
    _, day, _ = first_day(scene, location, start)
    grams = sum(int(image.weight_grams[p.item]) * p.quantity for p in pegs)
    terms = tuple(term for term in handling_terms(scene, location, units) if term.raw_micros)
    return (
        Shipment(
            location=location, route=Route.PICKUP, service=-1, pegs=tuple(pegs), pick_by_minute=ready,
            handover_by_minute=ready, order_by_minute=start, delivery_earliest_minute=ready, delivery_latest_minute=ready,
            capacity_day=day, capacity_quantity=int(capacity_need(kind, len(units), sum(units))) if left < UNLIMITED else 0,
            weight_grams=grams, distance_meters=0, co2_grams=0, terms=terms,
        ),
        short,
    )  # fmt: skip
