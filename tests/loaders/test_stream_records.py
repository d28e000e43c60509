"""Messages of a stream: what is no record, under which id one is sent, and which of them wait for others."""

import random
from typing import Any

import pytest
from belofte.v1 import types_pb2

from engine.domain.ids import is_uuid7, unix_ms_of
from loaders.stream_records import (
    DELTAS,
    REQUEST_BYTES_MAX,
    Run,
    decode_record,
    is_repeatable,
    parts_of,
    request_id_of,
    runs_of,
)

ON_HAND, COUNT, ADJUST, RECEIVED, SHIPPED = (
    types_pb2.INVENTORY_KIND_ON_HAND, types_pb2.INVENTORY_KIND_COUNT, types_pb2.INVENTORY_KIND_ADJUST,
    types_pb2.INVENTORY_KIND_RECEIVED, types_pb2.INVENTORY_KIND_SHIPPED,
)  # fmt: skip
KINDS = (ON_HAND, COUNT, ADJUST, RECEIVED, SHIPPED)
Record = types_pb2.InventoryRecord


def of(kind: Any, item: str = "i", **fields: Any) -> Record:
    return Record(kind=kind, item_id=item, location_id="A", quantity=1, **fields)


@pytest.mark.parametrize("payload", [b"", b"{", b'{"quantity": "many"}', b'{"colour": 1}', b"\xff\xff", b"{\xff}"])
def test_payload_that_is_no_record_says_why(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_record(payload)


def test_records_go_together_as_far_as_a_request_holds_them() -> None:
    sizes = [REQUEST_BYTES_MAX // 2, REQUEST_BYTES_MAX // 2, 1, REQUEST_BYTES_MAX + 1, 7, 7]
    assert list(parts_of(sizes)) == [(0, 2), (2, 3), (3, 4), (4, 6)]
    assert list(parts_of([])) == []


def test_a_message_has_one_id_for_ever() -> None:
    """Another version of Belofte that takes the message up must send it under the same id, or it counts twice."""
    assert request_id_of("stock", b"1700000000000-5", 0) == "018bcfe5-6800-711d-9fe4-4b09f75bd353"
    ids = {
        request_id_of(stream, message_id, attempt)
        for stream in ("stock", "stock2") for message_id in (b"1700000000000-5", b"1700000000000-50") for attempt in range(5)
    }  # fmt: skip
    assert len(ids) == 20 and all(is_uuid7(each) for each in ids)
    assert {unix_ms_of(each) for each in ids} == {1_700_000_000_000}


@pytest.mark.parametrize("message_id", [b"20300101120000-1", b"18446744073709551615-18446744073709551615", b"0-1"])
def test_an_id_that_says_no_time_of_this_century_is_of_none(message_id: bytes) -> None:
    made = request_id_of("stock", message_id, 0)
    assert is_uuid7(made) and unix_ms_of(made) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_delta_is_repeatable_where_its_feed_numbers_it(kind: Any) -> None:
    assert is_repeatable(of(kind)) is is_repeatable(of(kind, source="wms")) is (kind not in DELTAS)
    assert is_repeatable(of(kind, source="wms", sequence=1))


def test_a_count_waits_for_the_deltas_before_it_and_those_after_it_wait_for_the_count() -> None:
    records = [of(ADJUST), of(ADJUST), of(COUNT), of(ADJUST), of(ADJUST, "other"), of(COUNT), of(COUNT, "other")]
    assert runs_of(records) == [Run([], [0, 1, 4]), Run([2, 6], []), Run([], [3]), Run([5], [])]


def test_what_is_sent_together_keeps_its_order_and_needs_no_runs() -> None:
    numbered = {"source": "wms", "sequence": 1}
    records = [of(COUNT), of(ADJUST, **numbered), of(ON_HAND), of(RECEIVED, **numbered), of(COUNT, "other")]
    assert runs_of(records) == [Run([0, 1, 2, 3, 4], [])]


def test_records_of_one_order_are_sent_one_after_the_other() -> None:
    """Two at once would contend for the order; those of other orders, and deltas of one kind, need not wait."""
    shipped = [of(SHIPPED, item, order_id=order) for order in ("1", "2") for item in ("i", "j")]
    assert runs_of(shipped) == [Run([], [0, 2]), Run([], [1, 3])]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_depends_on_the_order_of_the_stream_keeps_it(seed: int) -> None:
    draw = random.Random(seed)
    records = [
        of(draw.choice(KINDS), draw.choice("ij"), **draw.choice([{}, {"source": "wms", "sequence": n}, {"order_id": "1"}]))
        for n in range(1, 60)
    ]  # fmt: skip
    runs = runs_of(records)
    assert sorted(place for run in runs for place in (*run.together, *run.alone)) == list(range(len(records)))
    run_of = {place: n for n, run in enumerate(runs) for place in (*run.together, *run.alone)}
    for run in runs:
        assert run.together == sorted(run.together) and all(is_repeatable(records[place]) for place in run.together)
        assert not any(is_repeatable(records[place]) for place in run.alone)
    for later, record in enumerate(records):
        for earlier, before in enumerate(records[:later]):
            is_sent_in_order = is_repeatable(record) and is_repeatable(before)
            is_same_order = bool(record.order_id) and record.order_id == before.order_id
            may_change_places = record.kind == before.kind and record.kind in DELTAS
            if (record.item_id == before.item_id and not may_change_places) or is_same_order:
                assert run_of[earlier] < run_of[later] + is_sent_in_order
