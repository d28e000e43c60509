"""Kits whose components stand on lines of their own: all of them, each in its number, and no kit within a kit."""

from typing import Any

import pytest
from belofte.v1 import types_pb2

from engine.domain.basket import BasketLine
from engine.domain.reasons import FieldViolation
from engine.network.image import NetworkImage, compile_image
from engine.network.records import Item
from engine.service.decode import decode_basket
from engine.service.fields import Violations
from tests.network.small_network import small_records
from tests.optimizer.baskets import NOW

ITEMS = (
    Item("leg"), Item("top"), Item("lamp"), Item("table", components=(("leg", 4), ("top", 1))),
    Item("pair", components=(("table", 2), ("lamp", 1))),
)  # fmt: skip
TABLE = FieldViolation("basket.lines[0].item_id", "component lines of leg × 4, top × 1 were expected")


@pytest.fixture(scope="module")
def image() -> NetworkImage:
    return compile_image(small_records(items=ITEMS))


def part(line_id: str, item: str, quantity: int, ratio: int, parent: str = "1") -> types_pb2.BasketLine:
    return types_pb2.BasketLine(line_id=line_id, item_id=item, quantity=quantity, kit_parent_line_id=parent, kit_ratio=ratio)


def kit(item: str, quantity: int = 2) -> types_pb2.BasketLine:
    return types_pb2.BasketLine(line_id="1", item_id=item, quantity=quantity)


def decoded(image: NetworkImage, *lines: types_pb2.BasketLine) -> tuple[tuple[BasketLine, ...], list[FieldViolation]]:
    wire = types_pb2.Basket(lines=lines, destination=types_pb2.Destination(postal_code="1012"))
    violations = Violations()
    basket = decode_basket(wire, "basket", image, NOW, 500, violations)
    return basket.lines, violations.invalid


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([kit("table"), part("2", "leg", 8, 4), part("3", "top", 2, 1)], [("leg", 8), ("top", 2)]),
        # One component on two lines.
        ([kit("table"), part("2", "leg", 2, 1), part("3", "top", 2, 1), part("4", "leg", 6, 3)],
         [("leg", 2), ("top", 2), ("leg", 6)]),
        # A kit in a kit may stand for its own components, or be taken apart.
        ([kit("pair", 1), part("2", "table", 2, 2), part("3", "lamp", 1, 1)], [("leg", 8), ("top", 2), ("lamp", 1)]),
        ([kit("pair", 1), part("2", "leg", 8, 8), part("3", "lamp", 1, 1), part("4", "top", 2, 2)],
         [("leg", 8), ("lamp", 1), ("top", 2)]),
        # The network does not know what a lamp is made of.
        ([kit("lamp"), part("2", "leg", 2, 1)], [("lamp", 2), ("leg", 2)]),
    ],
)  # fmt: skip
def test_whole_kits_come_as_their_components(image: NetworkImage, lines: Any, expected: Any) -> None:
    joined, wrong = decoded(image, *lines)
    assert not wrong
    assert [(image.item_ids[line.item], line.quantity) for line in joined] == expected
    assert len({line.ship_set for line in joined}) == 1
    assert joined[0].ship_set >= 0


@pytest.mark.parametrize(
    "parts",
    [
        [part("2", "leg", 8, 4)],
        [part("2", "leg", 8, 4), part("3", "top", 4, 2)],
        [part("2", "leg", 6, 3), part("3", "top", 2, 1)],
        [part("2", "leg", 8, 4), part("3", "top", 2, 1), part("4", "lamp", 2, 1)],
        [part("2", "lamp", 2, 1)],
    ],
)
def test_a_kit_in_part_is_refused_and_told_what_is_in_it(image: NetworkImage, parts: Any) -> None:
    assert decoded(image, kit("table"), *parts)[1] == [TABLE]


def test_what_is_wrong_with_a_component_is_named_once(image: NetworkImage) -> None:
    _, wrong = decoded(image, kit("table"), part("2", "leg", 8, 3), part("3", "top", 2, 1))
    assert [violation.field for violation in wrong] == ["basket.lines[1].kit_ratio"]


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ([part("1", "leg", 1, 1, "2"), part("2", "top", 1, 1, "1")], [0, 1]),
        ([kit("lamp", 1), part("2", "leg", 1, 1), part("3", "top", 1, 1, "2")], [1]),
        ([part("1", "leg", 1, 1, "1")], [0]),
    ],
)
def test_a_component_has_no_components(image: NetworkImage, lines: Any, fields: list[int]) -> None:
    _, wrong = decoded(image, *lines)
    assert [violation.field for violation in wrong] == [f"basket.lines[{i}].kit_parent_line_id" for i in fields]
