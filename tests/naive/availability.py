"""Availability by rules and backorders for one item at one location, from plain rows. Shares no code with the engine."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.naive.stock import Position

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute_of(text: str, zone: str, is_last: bool) -> int:
    """The first UTC minute of a date (or of the day after it), or of an instant."""
    if "T" in text:
        return -((EPOCH - datetime.fromisoformat(text)) // timedelta(minutes=1))
    day = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) + timedelta(days=is_last)
    return (day.astimezone(UTC) - EPOCH) // timedelta(minutes=1)


def said(
    rows: list[Any], name: str, otherwise: Any, item: Any, location: Any, channel: str, scenario: str, minute: int, zone: str
) -> Any:
    """What rows say of one thing: the most specific one that says anything, of equals the one that leaves less."""
    best: tuple[Any, ...] = ()
    value = otherwise
    for row in rows:
        mine = getattr(row, name)
        if mine is None or (row.scenario_id and row.scenario_id != scenario) or (row.channel and row.channel != channel):
            continue
        if (row.item_id and row.item_id != item.item_id) or (row.item_class and row.item_class != item.item_class):
            continue
        if (row.location_id and row.location_id != location.location_id) or (
            row.location_group and row.location_group not in location.groups
        ):
            continue
        if row.country_code and row.country_code != location.country_code:
            continue
        if row.from_moment and minute < minute_of(row.from_moment, zone, False):
            continue
        if row.until_moment and minute >= minute_of(row.until_moment, zone, True):
            continue
        rank = (
            bool(row.scenario_id), bool(row.item_id), bool(row.item_class), bool(row.location_id), bool(row.location_group),
            bool(row.country_code), bool(row.channel), bool(row.from_moment or row.until_moment), -mine if mine in (True, False)
            and isinstance(mine, bool) else mine,
        )  # fmt: skip
        if not best or rank > best:
            best, value = rank, mine
    return value


def cap_of(backorders: list[Any], item: Any, location: Any, has_position: bool) -> tuple[int, int]:
    """(units beyond stock, days they take) at a location."""
    best: tuple[bool, bool] = (False, False)
    found = 0, 0
    for row in backorders:
        if (row.item_id and row.item_id != item.item_id) or (row.location_id and row.location_id != location.location_id):
            continue
        rank = bool(row.item_id), bool(row.location_id)
        if (found == (0, 0) and best == (False, False)) or rank >= best:
            best, found = rank, (row.quantity, row.lead_time_days)
    return found if best[1] or has_position else (0, 0)


def promised_by(
    positions: list[Position], rows: list[Any], backorders: list[Any], item: Any, location: Any, *, channel: str, scenario: str,
    minute: int, by: int, zone: str, is_collected: bool, allows_backorder: bool,
) -> int:  # fmt: skip
    """Units of the common pool that can be promised at a location by a minute."""

    def rule(name: str, otherwise: Any) -> Any:
        return said(rows, name, otherwise, item, location, channel, scenario, minute, zone)

    if rule("available", True) is False:
        return 0
    supply = sum(p.supply for p in positions if not p.receipt)
    demand = sum(p.demand for p in positions if not p.receipt)
    kept = rule("safety_stock", 0) + rule("buffer_quantity", 0)
    reserve = rule("pickup_reserve", 0)
    share = -(-max(0, supply) * rule("buffer_ppm", 0) // 10**6)
    shipped, collected = kept + reserve + share, kept + share
    there = supply - demand - (collected if is_collected else shipped)
    comes = sum(max(0, p.supply - p.demand) for p in positions if p.receipt and p.available_at <= by)
    units = max(0, there)
    if rule("inbound", True):
        units = max(0, there + comes)
    if allows_backorder:
        cap, days = cap_of(backorders, item, location, bool(positions))
        if minute + days * 1440 <= by:
            units += max(0, cap - max(0, shipped - (supply - demand)))
    return units
