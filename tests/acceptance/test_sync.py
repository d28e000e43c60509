"""SyncInventory: stock becomes what a stream says, whole or not at all, and demand stays."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from belofte.v1 import inventory_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from tests.acceptance.asking import adjust, record, refusal, source, stock_of, stock_rows, stocked
from tests.acceptance.server import ITEM_COUNT, Server

INBOUND, ADJUST = types_pb2.INVENTORY_KIND_INBOUND, types_pb2.INVENTORY_KIND_ADJUST
Request, Response = inventory_service_pb2.SyncInventoryRequest, inventory_service_pb2.SyncInventoryResponse
SYNC_SECONDS_MAX = 120.0
# Locations that no other test of the suite has stock at, so that to replace theirs harms none.
HERE, THERE = "week", "new-york"


def shift(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMilliseconds(int((time.time() + seconds) * 1_000))
    return stamp


def stream(rows: Sequence[types_pb2.InventoryRecord], locations: Sequence[str] = (HERE,), **fields: Any) -> list[Request]:
    """The messages of a synchronisation, 200 rows each."""
    fields.setdefault("request_id", uuid7())
    parts = [rows[at : at + 200] for at in range(0, len(rows), 200)] or [[]]
    return [Request(records=parts[0], location_ids=locations, **fields)] + [Request(records=part) for part in parts[1:]]


def sync(server: Server, messages: Sequence[Request]) -> Response:
    return server.inventory.SyncInventory(iter(messages), timeout=SYNC_SECONDS_MAX)


def on_hand(server: Server, item: str) -> dict[str, int]:
    return {row.location_id: row.on_hand for row in stock_rows(server, item) if row.on_hand}


def test_what_is_not_named_becomes_zero_and_demand_stays(server: Server) -> None:
    named, unnamed, ordered = stocked(server, A=5), stocked(server, A=6), server.item()
    assert adjust(server, *(record(each, HERE, 9) for each in (named, unnamed, ordered))).accepted_count == 3
    receipt = record(unnamed, HERE, 4, kind=INBOUND, receipt_id="PO-1", available_at=shift(86_400))
    ring_fenced = record(unnamed, HERE, 3, pool="vip")
    assert adjust(server, receipt, ring_fenced).accepted_count == 2
    source(server, (ordered, 7))
    answer = sync(server, stream([record(named, HERE, 20), record(ordered, HERE, 2)], source="erp"))
    assert (answer.accepted_count, answer.rejected_count) == (2, 0)
    # Other tests may have left stock at the location.
    assert answer.zeroed_count >= 3
    assert on_hand(server, named) == {"A": 5, HERE: 20}
    assert on_hand(server, unnamed) == {"A": 6}
    assert stock_of(server, unnamed, by_date=shift(2 * 86_400), segment="vip").available == 6
    assert stock_of(server, ordered)[:2] == (2, 7)


def test_stream_speaks_of_an_instant(server: Server) -> None:
    """What happened after it stays, also where the stream names nothing; an older stream of the source is refused."""
    item, other = server.item(), server.item()
    feed = f"erp-{item}"
    assert (
        adjust(server, record(item, HERE, 5, as_of=shift(-100)), record(other, HERE, 5, as_of=shift(-100))).accepted_count == 2
    )
    changes = [record(each, HERE, -1, kind=ADJUST, as_of=shift(-20)) for each in (item, other)]
    assert adjust(server, *changes).accepted_count == 2
    newest = stream([record(item, HERE, 30)], source=feed, as_of=shift(-50))
    assert sync(server, newest).accepted_count == 1
    assert (on_hand(server, item), on_hand(server, other)) == ({HERE: 29}, {HERE: -1})
    older = stream([record(item, HERE, 99)], source=feed, as_of=shift(-60))
    error = refusal(lambda: sync(server, older))
    assert (error.code, error.reason, error.fields) == ("FAILED_PRECONDITION", "WRONG_STATE", ("as_of",))
    # Of another source it is only late: what it says is superseded row by row.
    late = sync(server, stream([record(item, HERE, 99)], source=f"wms-{item}", as_of=shift(-60)))
    assert [(result.index, result.reason) for result in late.rejected] == [(0, "SUPERSEDED")]
    assert on_hand(server, item) == {HERE: 29}


def test_gaps_that_are_not_told_are_counted(server: Server) -> None:
    item = server.item()
    rows = [record(item, HERE, n, source=f"gappy-{item}", sequence=n) for n in range(1, 302, 2)]
    answer = sync(server, stream(rows))
    assert (len(answer.gaps), answer.gap_count) == (100, 150)
    assert on_hand(server, item) == {HERE: 301}


def test_bad_rows_are_named_by_place_and_the_others_count(server: Server) -> None:
    items = [server.item() for _ in range(900)]
    kept = items[3]
    assert adjust(server, record(kept, HERE, 77)).accepted_count == 1
    rows = [record(item, HERE, 1) for item in items]
    rows[3].quantity = 2**40
    rows[250].item_id = "nothing"
    rows[450].location_id = "A"
    rows[899].kind = ADJUST
    answer = sync(server, stream(rows))
    assert (answer.accepted_count, answer.rejected_count) == (896, 4)
    assert [(result.index, result.reason) for result in answer.rejected] == [
        (3, "INVALID_FIELD"), (250, "UNKNOWN_ITEM"), (450, "INVALID_FIELD"), (899, "INVALID_FIELD"),
    ]  # fmt: skip
    assert on_hand(server, items[4]) == {HERE: 1}
    assert on_hand(server, kept) == {HERE: 77}, "a position that was named, however badly, is not nothing"


def test_repeat_is_the_recorded_answer_and_another_stream_is_refused(server: Server) -> None:
    item = server.item()
    messages = stream([record(item, HERE, 5)], source="erp-repeat")
    first = sync(server, messages)
    assert adjust(server, record(item, HERE, 1, kind=ADJUST)).accepted_count == 1
    again = sync(server, messages)
    assert again.duplicate and again.position == first.position
    assert on_hand(server, item) == {HERE: 6}
    error = refusal(lambda: sync(server, stream([record(item, HERE, 6)], request_id=messages[0].request_id)))
    assert (error.code, error.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


def test_stream_that_breaks_off_changes_nothing(server: Server) -> None:
    item = server.item()
    assert adjust(server, record(item, THERE, 5)).accepted_count == 1

    def broken() -> Iterator[Request]:
        yield from stream([record(item, THERE, 9)], [THERE])
        time.sleep(0.3)
        raise ConnectionError("the feed fell over")

    with pytest.raises(grpc.RpcError):
        server.inventory.SyncInventory(broken(), timeout=SYNC_SECONDS_MAX)
    time.sleep(0.5)
    assert on_hand(server, item) == {THERE: 5}


@pytest.mark.parametrize(
    ("fields", "code", "reason", "field"),
    [
        ({"network_id": "elsewhere"}, "NOT_FOUND", "UNKNOWN_NETWORK", "network_id"),
        ({"request_id": "x"}, "INVALID_ARGUMENT", "INVALID_FIELD", "request_id"),
        ({"locations": ["moon"]}, "NOT_FOUND", "UNKNOWN_LOCATION", "location_ids[0]"),
        ({"source": "a b"}, "INVALID_ARGUMENT", "INVALID_FIELD", "source"),
        ({"as_of": Timestamp(seconds=2**35)}, "INVALID_ARGUMENT", "INVALID_FIELD", "as_of"),
        ({"min_position": "9-9"}, "ABORTED", "POSITION_LOST", "min_position"),
    ],
)
def test_bad_first_message_is_refused_as_a_whole(
    server: Server, fields: dict[str, Any], code: str, reason: str, field: str
) -> None:
    error = refusal(lambda: sync(server, stream([], **fields)))
    assert (error.code, error.reason, error.fields) == (code, reason, (field,))


def test_stream_without_a_message_or_with_junk_is_refused(server: Server) -> None:
    assert refusal(lambda: sync(server, [])).code == "INVALID_ARGUMENT"
    call = server.channel.stream_unary("/belofte.v1.InventoryService/SyncInventory")
    assert refusal(lambda: call(iter([b"\xff"]), timeout=20)).fields == ("message",)
    crowded = [Request(request_id=uuid7(), location_ids=[HERE]), Request(records=[record("i0", HERE, 1)] * 1_001)]
    assert refusal(lambda: sync(server, crowded)).fields == ("records",)


def test_crash_half_way_is_completed_by_the_repeat(folder: Path) -> None:
    """The engine is killed while parts are recorded: with the same request the rest is done, and nothing twice."""
    rows = [record(f"i{n}", location, n % 50) for location in ("A", "B", "X") for n in range(ITEM_COUNT)]
    with Server(folder) as server:
        before = [record(f"i{n}", "Y", 5) for n in range(900)]
        assert adjust(server, *before).accepted_count == 900
        messages = stream(rows, (), source="erp")
        future = server.inventory.SyncInventory.future(iter(messages), timeout=SYNC_SECONDS_MAX)
        deadline = time.monotonic() + 60
        while not on_hand(server, "i2999").get("A") and time.monotonic() < deadline:
            time.sleep(0.005)
        server.kill_child("engine")
        assert future.exception() is not None
        server.disconnect()
        until = time.monotonic() + 120
        while True:
            try:
                answer = sync(server, messages)
                break
            except grpc.RpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE and time.monotonic() < until
                time.sleep(0.2)
        assert (answer.accepted_count, answer.rejected_count, answer.zeroed_count) == (len(rows), 0, 902)
        for n in (0, 7, 1_234, 2_999):
            expected = {location: n % 50 for location in ("A", "B", "X") if n % 50}
            assert on_hand(server, f"i{n}") == expected
        assert on_hand(server, "flagged") == {}
        assert server.terminate() == 0
