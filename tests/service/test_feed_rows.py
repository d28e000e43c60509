"""Rows of a feed at the door: the short way of a plain record says what the long one says."""

import random
import time

from belofte.v1 import types_pb2

from engine.network.image import compile_image
from engine.service.feed_rows import plain_row, refuse_record, row_of
from tests.network.small_network import small_records

IMAGE = compile_image(small_records())
NOW = int(time.time() * 1_000)
VALUES = {
    "item_id": ("bolt", "bolt", "bolt", "", "none", "no id"),
    "location_id": ("ams", "ams", "ams", "", "none", "no id"),
    "quantity": (0, 5, -5, 2**31 - 1, 2**31, -(2**31), -(2**31) + 1),
    "kind": (*types_pb2.InventoryKind.values(), 77),
    "source": ("", "erp", "erp", "no id"),
    "sequence": (0, 1, -1),
}
SELDOM = {
    "receipt_id": "po1", "pool": "vip", "order_id": "o1", "shipment_id": "s1", "lot": "l1", "condition": "NEW",
    "as_of": None, "available_at": None, "expires_at": None,
}  # fmt: skip


def drawn(draw: random.Random) -> types_pb2.InventoryRecord:
    record = types_pb2.InventoryRecord(**{name: draw.choice(values) for name, values in VALUES.items()})
    for name, value in SELDOM.items():
        if draw.random() < 0.05:
            if value is None:
                getattr(record, name).FromMilliseconds(NOW)
            else:
                setattr(record, name, value)
    return record


def test_plain_record_is_the_row_that_it_would_be_and_has_nothing_wrong() -> None:
    draw = random.Random(1)
    plain = 0
    for _ in range(20_000):
        record = drawn(draw)
        row = plain_row(record, IMAGE)
        if row is not None:
            plain += 1
            assert refuse_record(record, IMAGE, NOW) is None, record
            assert row == row_of(record)
    assert plain > 300, "the seed draws too little"


def test_most_rows_are_plain() -> None:
    for kind in (types_pb2.INVENTORY_KIND_ON_HAND, types_pb2.INVENTORY_KIND_COUNT, types_pb2.INVENTORY_KIND_ADJUST):
        made = types_pb2.InventoryRecord(item_id="bolt", location_id="ams", quantity=3, kind=kind, source="erp", sequence=9)
        assert plain_row(made, IMAGE) is not None
        made.quantity = -3
        is_count = kind == types_pb2.INVENTORY_KIND_COUNT
        # Books may say less than nothing; nobody counts it.
        assert (plain_row(made, IMAGE) is None, refuse_record(made, IMAGE, NOW) is not None) == (is_count, is_count)
