"""The version follows the content, not the order of rows."""

from dataclasses import fields, replace
from typing import Any

import pytest

from engine.network.records import (
    AvailabilityRule,
    Backorder,
    CalendarDay,
    Item,
    Policy,
    PostalArea,
    Receipt,
    SafetyStock,
    Segment,
    Tariff,
    Transfer,
    Zone,
)
from engine.network.version import network_version
from tests.network.small_network import inventory, prices, small_records, weekly

FULL = small_records(
    calendars=tuple(weekly("day", 540, 1020)),
    policies=(Policy("a", when=(("channel", "web"),)), Policy("b")),
    transfers=(Transfer("ams", "ehv", 1), Transfer("ehv", "ams", 1)),
    segments=(Segment("b2b", 5), Segment("b2c", 5)),
    safety_stock=(SafetyStock(1), SafetyStock(2, channel="web")),
    availability_rules=(AvailabilityRule(available=False, channel="web"), AvailabilityRule("peak", safety_stock=2)),
    backorders=(Backorder(1, 2), Backorder(3, 4, "lamp")),
)
VERSION = network_version(FULL)
ROWS = [
    field.name
    for field in fields(FULL)
    if field.name not in ("network", "inventory", "receipts", "inventory_prices", "sources")
]


def test_a_version_is_64_hex_digits() -> None:
    assert len(VERSION) == 64
    int(VERSION, 16)


@pytest.mark.parametrize("name", [name for name in ROWS if name != "policies"])
def test_another_order_of_rows_is_the_same_version(name: str) -> None:
    rows = getattr(FULL, name)
    assert len(rows) > 1
    assert network_version(replace(FULL, **{name: rows[::-1]})) == VERSION


@pytest.mark.parametrize("name", ROWS)
def test_a_row_less_is_another_version(name: str) -> None:
    assert network_version(replace(FULL, **{name: getattr(FULL, name)[1:]})) != VERSION


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("items", {"weight_grams": 1}),
        ("locations", {"longitude": 4.8923}),
        ("locations", {"groups": ("north",)}),
        ("carrier_services", {"dimensional_divisor": 5000}),
        ("zones", {"transit_days": 2}),
        ("calendars", {"close_minute": None}),
    ],
)
def test_another_value_is_another_version(name: str, change: dict[str, Any]) -> None:
    rows = getattr(FULL, name)
    assert network_version(replace(FULL, **{name: (replace(rows[0], **change), *rows[1:])})) != VERSION


def test_prices_of_inventory_are_content_in_whatever_order_they_and_what_they_name_are() -> None:
    """Indexes follow the order of items and locations; the version goes by their ids."""
    rows = [(0, 1, 5, 0), (1, 0, 0, 7), (1, 2, 3, 0)]
    version = network_version(replace(FULL, inventory_prices=prices(rows)))
    assert version != VERSION
    assert network_version(replace(FULL, inventory_prices=prices(rows[::-1]))) == version
    turned = [(1 - item, 2 - location, *micros) for item, location, *micros in rows]
    other = replace(FULL, items=FULL.items[::-1], locations=FULL.locations[::-1])
    assert network_version(replace(other, inventory_prices=prices(turned))) == version
    for at, row in ((0, (0, 1, 0, 5)), (0, (0, 2, 5, 0)), (1, (0, 0, 0, 7)), (2, (1, 2, 3, 1))):
        changed = [row if n == at else each for n, each in enumerate(rows)]
        assert network_version(replace(FULL, inventory_prices=prices(changed))) != version
    assert network_version(replace(FULL, inventory_prices=prices(rows[1:]))) != version


def test_the_order_of_policies_is_content() -> None:
    assert network_version(replace(FULL, policies=FULL.policies[::-1])) != VERSION


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("zones", (Zone("post", "NL", "x", 1), Zone("post", "NL", "y", 1))),
        ("tariffs", (Tariff("post", "x", 1, 1), Tariff("post", "x", 1, 2))),
        ("postal_areas", (PostalArea("NL", "1", "2", 1.0, 1.0), PostalArea("NL", "1", "2", 2.0, 1.0))),
        ("calendars", (CalendarDay("a", "MON", 1, 2), CalendarDay("a", "MON", 3, 4))),
    ],
)
def test_between_rows_that_say_the_same_the_order_is_content(name: str, rows: tuple[Any, ...]) -> None:
    versions = {network_version(replace(FULL, **{name: order})) for order in (rows, rows[::-1])}
    assert len(versions) == 2


def test_stock_and_names_of_files_are_no_content() -> None:
    receipt = Receipt("r", "lamp", "ams", 5, 30_000_000)
    assert network_version(replace(FULL, inventory=inventory(3), receipts=(receipt,), sources=("a.csv",))) == VERSION


def test_the_same_rows_in_another_file_are_another_version() -> None:
    assert network_version(replace(FULL, items=())) != network_version(replace(FULL, items=(Item(""),)))
    assert network_version(replace(FULL, network=replace(FULL.network, horizon_days=31))) != VERSION
