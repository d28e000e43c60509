"""Fields of a request: each that is wrong or not served is told by its path, names by their length and characters."""

from dataclasses import replace

import pytest
from belofte.v1 import types_pb2

from engine.network.image import NetworkImage, compile_image
from engine.service.decode import NAMES, decode_basket, decode_substitutes
from engine.service.fields import Violations
from tests.network.small_network import small_records
from tests.optimizer.baskets import NOW


@pytest.fixture(scope="module")
def image() -> NetworkImage:
    return compile_image(small_records())


def wrong_fields(image: NetworkImage, destination: types_pb2.Destination | None = None, **names: str) -> list[str]:
    line = types_pb2.BasketLine(line_id="1", item_id="bolt", quantity=1)
    where = destination or types_pb2.Destination(postal_code="1012")
    violations = Violations()
    decode_basket(types_pb2.Basket(lines=[line], destination=where, **names), "basket", image, NOW, 500, violations)
    assert not violations.unknown
    return [violation.field for violation in violations.invalid]


def test_names_are_of_any_words_up_to_their_length(image: NetworkImage) -> None:
    assert wrong_fields(image, **dict.fromkeys(NAMES, "é 店" + "x" * 125)) == []
    assert wrong_fields(image, **dict.fromkeys(NAMES, "x" * 129)) == [f"basket.{name}" for name in NAMES]


@pytest.mark.parametrize("character", ["\0", "\n", "\x7f", "\x85"])
def test_names_hold_no_control_characters(image: NetworkImage, character: str) -> None:
    for name in NAMES:
        assert wrong_fields(image, **{name: f"a{character}"}) == [f"basket.{name}"]


@pytest.mark.parametrize("where", [{}, {"latitude": 52.0, "longitude": 5.0}])
@pytest.mark.parametrize(("code", "good"), [("1" * 16, True), ("1" * 17, False), ("10\t12", False)])
def test_a_postal_code_is_short_also_beside_coordinates(
    image: NetworkImage, where: dict[str, float], code: str, good: bool
) -> None:
    found = wrong_fields(image, types_pb2.Destination(postal_code=code, **where))
    assert found == ([] if good else ["basket.destination.postal_code"])


def test_coordinates_need_no_postal_code(image: NetworkImage) -> None:
    assert wrong_fields(image, types_pb2.Destination(latitude=52.0, longitude=5.0)) == []
    assert wrong_fields(image, types_pb2.Destination()) == ["basket.destination.postal_code"]


def test_an_item_has_substitutes_of_its_own() -> None:
    """Those that a line names come first; a kit is none."""
    records = small_records()
    first, second = records.items[0], records.items[1]
    kit = replace(first, item_id="kit", components=((second.item_id, 2),))
    items = (replace(first, substitutes=("kit", second.item_id)), second, kit)
    image = compile_image(replace(records, items=items))
    wrong = Violations()
    line = types_pb2.BasketLine(item_id=first.item_id, allow_substitutes=True)
    assert decode_substitutes(line, "lines[0]", 0, image, wrong) == (1,)
    assert decode_substitutes(types_pb2.BasketLine(item_id=first.item_id), "lines[0]", 0, image, wrong) == ()
    assert not wrong.invalid
    decode_substitutes(types_pb2.BasketLine(item_id="kit", allow_substitutes=True), "lines[0]", 2, image, wrong)
    assert [each.field for each in wrong.invalid] == ["lines[0].allow_substitutes"]
