"""What is read of stock and network: availability by location or over all, and what the network is made of."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from belofte.v1 import inventory_service_pb2, network_service_pb2

from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND
from engine.inventory.transaction import Cell
from engine.network.image import NetworkImage
from engine.optimizer.kept import Asker, floor_for, rules_for
from engine.service.encode import stamp
from engine.service.fields import (
    NAME_LENGTH_MAX,
    Violations,
    check_scenario,
    check_text,
    index_of_item,
    indexes_of,
    minute_of,
)

ITEMS_MAX = 500
Availability = inventory_service_pb2.Availability


@dataclass(slots=True)
class _Row:
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


def get_availability(
    request: inventory_service_pb2.GetAvailabilityRequest, image: NetworkImage, stock: LiveStock, now_minute: int
) -> inventory_service_pb2.GetAvailabilityResponse:
    """Rows by item in the order asked, then by location and pool. Raises `Refusal`."""
    wrong = Violations()
    if not 1 <= len(request.item_ids) <= ITEMS_MAX:
        wrong.add("item_ids", f"1 to {ITEMS_MAX} items were expected, not {len(request.item_ids)}")
    items = [index_of_item(each, f"item_ids[{i}]", image, wrong) for i, each in enumerate(request.item_ids[:ITEMS_MAX])]
    locations = indexes_of(request.location_ids, "location_ids", image, wrong)
    if request.group_by not in inventory_service_pb2.GroupBy.values():
        wrong.add("group_by", "LOCATION or NETWORK was expected")
    for name in ("segment", "channel"):
        check_text(getattr(request, name), name, NAME_LENGTH_MAX, wrong)
    check_scenario(request.scenario_id, "scenario_id", image, wrong)
    by_minute = now_minute
    if request.HasField("by_date"):
        by_minute = minute_of(request.by_date, "by_date", wrong)
    wrong.check()
    asker = Asker(request.channel, request.scenario_id, now_minute)
    answer = inventory_service_pb2.GetAvailabilityResponse(position=stock.matrix.position)
    for item in items:
        rows = list(_rows(item, request.segment, asker, locations, image, stock))
        if request.group_by == inventory_service_pb2.GROUP_BY_NETWORK:
            answer.availabilities.append(_summed(rows, by_minute, now_minute))
        else:
            answer.availabilities.extend(_by_location(row, by_minute, now_minute, image) for row in rows)
        for each in answer.availabilities:
            each.item_id = each.item_id or image.item_ids[item]
            each.position = stock.matrix.position
    return answer


def _rows(
    item: int, segment: str, asker: Asker, locations: tuple[int, ...], image: NetworkImage, stock: LiveStock
) -> Iterator[_Row]:
    """Rows that hold anything, and a row of zeros for each location that was asked for by name."""
    floor, rules = floor_for(image, stock, item, asker, is_collected=True), rules_for(image, item, asker)
    sold = image.active if rules is None or rules.available is None else image.active & rules.available
    inbound = rules.inbound if rules is not None else None
    bar = image.common_bar(segment)
    pools = (segment,) if bar.everything or item in bar.items else ("", segment)
    item_id = image.item_ids[item]
    rows: dict[tuple[int, str], _Row] = {}
    for location in locations:
        rows[location, ""] = _Row(location, "", safety_stock=int(floor[location]), is_sellable=bool(sold[location]))
    for location, slot, supply, demand in stock.matrix.rows(item):
        if (locations and location not in locations) or slot.pool not in pools:
            continue
        row = rows.get((location, slot.pool))
        if row is None:
            kept = 0 if slot.pool else int(floor[location])
            row = rows[location, slot.pool] = _Row(location, slot.pool, safety_stock=kept, is_sellable=bool(sold[location]))
        if slot.available_at_minute == ON_HAND:
            row.supply += supply
            row.demand += demand
            row.reserved += stock.holds.reserved(Cell(item_id, image.location_ids[location], slot.receipt_id, slot.pool))
            row.is_sellable &= slot.sellable
        elif supply - demand > 0 and (inbound is None or inbound[location]):
            row.receipts.append((slot.available_at_minute, supply - demand))
    yield from (rows[key] for key in sorted(rows))


def _by_location(row: _Row, by_minute: int, now_minute: int, image: NetworkImage) -> Availability:
    answer = Availability(
        location_id=image.location_ids[row.location], pool=row.pool, on_hand=row.supply, reserved=row.reserved,
        allocated=row.demand - row.reserved, safety_stock=row.safety_stock, available=row.available(by_minute),
    )  # fmt: skip
    _add_windows(answer, [row], now_minute)
    return answer


def _summed(rows: list[_Row], by_minute: int, now_minute: int) -> Availability:
    answer = Availability(
        on_hand=sum(row.supply for row in rows), reserved=sum(row.reserved for row in rows),
        allocated=sum(row.demand - row.reserved for row in rows),
        safety_stock=sum(row.safety_stock for row in rows),
        available=sum(max(0, row.available(by_minute)) for row in rows),
    )  # fmt: skip
    _add_windows(answer, rows, now_minute)
    return answer


def _add_windows(answer: Availability, rows: list[_Row], now_minute: int) -> None:
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
