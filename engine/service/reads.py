"""What is read of stock and network: rows of items by location or over all, and what the network is made of."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from belofte.v1 import inventory_service_pb2, network_service_pb2
from numpy.typing import NDArray

from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND, Slot
from engine.inventory.on_hand import on_hand_of
from engine.inventory.transaction import Cell
from engine.network.image import NetworkImage
from engine.optimizer.kept import Asker, floor_for, rules_for
from engine.service.encode import stamp
from engine.service.fields import NAME_LENGTH_MAX, Violations, check_text, indexes_of

LOOKED_UP_MAX = 8
"""Locations that are looked up one by one in an item's positions: with more of them it is faster to go through all."""

Availability = inventory_service_pb2.Availability


Place = tuple[int, str]
"""(location, pool) of an item."""


@dataclass(slots=True)
class Row:
    """Stock of an item at one location, in one pool: on hand, and receipts as (minute, units left)."""

    location: int
    pool: str
    supply: int = 0
    demand: int = 0
    reserved: int = 0
    safety_stock: int = 0
    is_sellable: bool = True
    receipts: list[tuple[int, int]] = field(default_factory=list)

    def available(self, by_minute: int) -> int:
        """What can be promised by a minute; below zero: oversold. Nothing where nothing may be sold."""
        if not self.is_sellable:
            return 0
        on_hand = self.supply - self.demand - self.safety_stock
        return on_hand + sum(units for minute, units in self.receipts if minute <= by_minute)


class Change(NamedTuple):
    """What was added to a place of an item, in base units: to what is on hand and free, and to receipts that came since."""

    on_hand: int = 0
    arrived: int = 0
    supply: int = 0
    """On hand, whether it is free or not."""


UNCHANGED = Change()


class View(NamedTuple):
    """Which rows of an item are asked for, and whether they are summed. No locations: all."""

    segment: str
    channel: str
    locations: tuple[int, ...]
    is_summed: bool

    def pools(self, item: int, image: NetworkImage) -> tuple[str, ...]:
        """Pools of an item that count."""
        bar = image.common_bar(self.segment)
        return (self.segment,) if bar.everything or item in bar.items else ("", self.segment)


def decode_view(
    request: inventory_service_pb2.GetAvailabilityRequest | inventory_service_pb2.WatchAvailabilityRequest,
    image: NetworkImage, wrong: Violations,
) -> View:  # fmt: skip
    """What of the items is asked for."""
    locations = indexes_of(request.location_ids, "location_ids", image, wrong)
    if request.group_by not in inventory_service_pb2.GroupBy.values():
        wrong.add("group_by", "LOCATION or NETWORK was expected")
    for name in ("segment", "channel"):
        check_text(getattr(request, name), name, NAME_LENGTH_MAX, wrong)
    is_summed = request.group_by == inventory_service_pb2.GROUP_BY_NETWORK
    return View(request.segment, request.channel, locations, is_summed)


def rows_of(
    item: int, view: View, asker: Asker, image: NetworkImage, stock: LiveStock, places: Collection[Place] | None = None
) -> list[Row]:  # fmt: skip
    """Rows of an item that hold anything, and a row of zeros for each location that was asked for by name.

    `places`: just these of the view, whether they hold anything or not.
    """
    floor, rules = floor_for(image, stock, item, asker, is_collected=True), rules_for(image, item, asker)
    active = stock.open_of(image.active)
    sold = active if rules is None or rules.available is None else active & rules.available
    inbound = rules.inbound if rules is not None else None
    pools = view.pools(item, image)
    item_id = image.item_ids[item]
    rows: dict[Place, Row] = {}

    def open_row(place: Place) -> Row:
        location, pool = place
        kept = 0 if pool else int(floor[location])
        row = rows[place] = Row(location, pool, safety_stock=kept, is_sellable=bool(sold[location]))
        return row

    for place in [(each, "") for each in view.locations] if places is None else places:
        open_row(place)
    locations = view.locations if places is None else tuple({location for location, _ in places})
    for location, slot, supply, demand in _positions(item, locations, stock):
        if slot.pool not in pools or (places is not None and (location, slot.pool) not in places):
            continue
        row = rows.get((location, slot.pool)) or open_row((location, slot.pool))
        if slot.available_at_minute == ON_HAND:
            row.supply += supply
            row.demand += demand
            row.reserved += stock.holds.reserved(Cell(item_id, image.location_ids[location], slot.receipt_id, slot.pool))
            row.is_sellable &= slot.sellable
        elif supply - demand > 0 and (inbound is None or inbound[location]):
            row.receipts.append((slot.available_at_minute, supply - demand))
    return [rows[place] for place in sorted(rows)]


def available_before(
    item: int, rows: list[Row], changed: Mapping[Place, Change], asker: Asker, image: NetworkImage, stock: LiveStock
) -> list[int]:  # fmt: skip
    """What could be promised of each row by the asker's minute, before its place was changed."""
    rules = rules_for(image, item, asker)
    inbound = rules.inbound if rules is not None else None
    kept: NDArray[np.int64] | None = None
    if rules is not None and rules.buffer_ppm is not None and image.availability is not None:
        # A share of what is on hand is left: another one then.
        on_hand = on_hand_of(stock.matrix, item).supply
        for (location, pool), change in changed.items():
            on_hand[location] -= 0 if pool else change.supply
        kept = image.availability.floor(rules, item, lambda: on_hand, is_collected=True)
    found = []
    for row in rows:
        change = changed.get((row.location, row.pool), UNCHANGED)
        before = row.available(asker.minute)
        if row.is_sellable:
            before -= change.on_hand + (change.arrived if inbound is None or inbound[row.location] else 0)
            before += row.safety_stock - int(kept[row.location]) if kept is not None and not row.pool else 0
        found.append(before)
    return found


def _positions(item: int, locations: tuple[int, ...], stock: LiveStock) -> Iterator[tuple[int, Slot, int, int]]:
    """(location, slot, supply, demand) of an item's positions; few locations are looked up, many are picked from all."""
    matrix = stock.matrix
    if not locations:
        yield from matrix.rows(item)
    elif len(locations) <= LOOKED_UP_MAX:
        for location in dict.fromkeys(locations):
            for at in matrix.run(item, location):
                yield location, matrix.slots[matrix.slot[at]], int(matrix.supply[at]), int(matrix.demand[at])
    else:
        wanted = frozenset(locations)
        yield from (row for row in matrix.rows(item) if row[0] in wanted)


def shown_rows(
    item: int, rows: list[Row], view: View, by_minute: int, now_minute: int, image: NetworkImage, position: str
) -> list[Availability]:  # fmt: skip
    """Rows of an item as they are answered."""
    if view.is_summed:
        shown = [_summed(rows, by_minute, now_minute)]
    else:
        shown = [_by_location(row, by_minute, now_minute, image) for row in rows]
    for each in shown:
        each.item_id = image.item_ids[item]
        each.position = position
    return shown


def _by_location(row: Row, by_minute: int, now_minute: int, image: NetworkImage) -> Availability:
    answer = Availability(
        location_id=image.location_ids[row.location], pool=row.pool, on_hand=row.supply, reserved=row.reserved,
        allocated=row.demand - row.reserved, safety_stock=row.safety_stock, available=row.available(by_minute),
    )  # fmt: skip
    _add_windows(answer, [row], now_minute)
    return answer


def _summed(rows: list[Row], by_minute: int, now_minute: int) -> Availability:
    answer = Availability(
        on_hand=sum(row.supply for row in rows), reserved=sum(row.reserved for row in rows),
        allocated=sum(row.demand - row.reserved for row in rows),
        safety_stock=sum(row.safety_stock for row in rows),
        available=sum(max(0, row.available(by_minute)) for row in rows),
    )  # fmt: skip
    _add_windows(answer, rows, now_minute)
    return answer


def _add_windows(answer: Availability, rows: list[Row], now_minute: int) -> None:
    """From now, and from each arrival that adds something; the last window has no end."""
    arrivals = {minute for row in rows if row.is_sellable for minute, _ in row.receipts if minute > now_minute}
    starts = [now_minute, *sorted(arrivals)]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        window = inventory_service_pb2.AvailabilityWindow(quantity=sum(max(0, row.available(start)) for row in rows))
        # `from` is a word of Python.
        getattr(window, "from").CopyFrom(stamp(start))
        if end is not None:
            window.to.CopyFrom(stamp(end))
        answer.windows.append(window)


def describe_network(image: NetworkImage, version: int) -> network_service_pb2.Network:
    """What the network is made of; `version` counts the images that this engine has taken."""
    network, records = image.network, image.records
    return network_service_pb2.Network(
        network_id=network.name, version=version, network_version=image.version, name=network.name,
        currency=network.currency, country_code=network.country_code, time_zone=network.time_zone,
        horizon_days=network.horizon_days, location_count=len(image.locations), item_count=len(image.items),
        carrier_service_count=len(image.carrier_services), zone_count=len(records.zones), tariff_count=len(records.tariffs),
        policy_ids=[policy.policy_id for policy in records.policies],
    )  # fmt: skip
