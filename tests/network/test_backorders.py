"""Backorders: the most specific row counts."""

from engine.network.backorders import BackorderCaps
from engine.network.image import compile_image
from engine.network.records import Backorder
from tests.network.small_network import small_records


def caps(item: int, *rows: Backorder) -> BackorderCaps | None:
    image = compile_image(small_records(backorders=rows))
    return None if image.backorders is None else image.backorders.caps(item)


def test_nothing_without_rows_or_units() -> None:
    assert caps(0) is None
    assert caps(0, Backorder(4, 2, "lamp")) is None
    assert caps(0, Backorder(0, 2, "bolt")) is None


def test_item_before_all_and_then_the_location() -> None:
    rows = (Backorder(9, 1), Backorder(5, 2, "bolt"), Backorder(3, 4, None, "ehv"), Backorder(2, 7, "bolt", "nyc"))
    found = caps(0, *rows)
    assert found is not None
    assert (found.quantity.tolist(), found.lead_time_days.tolist()) == ([5, 5, 2], [2, 2, 7])
    assert found.is_named.tolist() == [False, False, True]
    found = caps(1, *rows[::-1])
    assert found is not None
    assert (found.quantity.tolist(), found.lead_time_days.tolist()) == ([9, 3, 9], [1, 4, 1])
    assert found.is_named.tolist() == [False, True, False]
