"""Feeds: what comes twice, late or out of order, what a count has seen, and rows that are bad."""

import random
import time
from typing import Any

from belofte.v1 import inventory_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7 as new_id
from tests.acceptance.asking import adjust, record, stock_of, stock_rows, stocked
from tests.acceptance.server import Server
from tests.naive.feed import Row, supplies

ADJUST, COUNT = types_pb2.INVENTORY_KIND_ADJUST, types_pb2.INVENTORY_KIND_COUNT
INBOUND = types_pb2.INVENTORY_KIND_INBOUND
Answer = inventory_service_pb2.AdjustInventoryResponse
ROWS_EACH = 250


def ago(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMilliseconds(int((time.time() - seconds) * 1_000))
    return stamp


def at(unix_ms: int) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMilliseconds(unix_ms)
    return stamp


def reasons(answer: Answer) -> list[str]:
    return [result.reason for result in answer.results]


def gaps(answer: Answer) -> list[tuple[str, int, int]]:
    return [(gap.source, gap.first_sequence, gap.last_sequence) for gap in answer.gaps]


def delta(item: str, quantity: int, sequence: int = 0, **fields: Any) -> types_pb2.InventoryRecord:
    if sequence:
        fields.setdefault("source", f"wms-{item}")
    return record(item, "A", quantity, kind=ADJUST, sequence=sequence, **fields)


def test_each_sequence_counts_once_in_whatever_order(server: Server) -> None:
    item = stocked(server, A=10)
    source = f"wms-{item}"
    first = adjust(server, delta(item, 1, 5), delta(item, 2, 8), delta(item, 2, 8))
    assert reasons(first) == ["", "", "SUPERSEDED"]
    assert gaps(first) == [(source, 6, 7)]
    second = adjust(server, delta(item, 1, 5), delta(item, 4, 7), delta(item, 8, 4), delta(item, 0, 8))
    assert reasons(second) == ["SUPERSEDED", "", "", "SUPERSEDED"]
    assert gaps(second) == [(source, 6, 6)]
    assert stock_of(server, item).on_hand == 10 + 1 + 2 + 4 + 8
    # A row that was refused is missing until it comes mended.
    assert gaps(adjust(server, delta("nothing", 1, 6, source=source), delta(item, 1, 9))) == [(source, 6, 6)]
    assert gaps(adjust(server, delta(item, 16, 6))) == []
    assert stock_of(server, item).on_hand == 10 + 1 + 2 + 4 + 8 + 1 + 16


def test_more_gaps_than_are_told_are_counted(server: Server) -> None:
    """150 gaps: the oldest 100 are told, and that there are 150; once 60 are closed, all 90 of them are told."""
    item, other = server.item(), server.item()
    source = f"wms-{item}"
    first = adjust(server, *(delta(item, 1, n) for n in range(1, 302, 2)))
    assert gaps(first) == [(source, n, n) for n in range(2, 201, 2)]
    assert first.gap_count == 150
    # Those of several feeds are counted together, whichever are told.
    both = adjust(server, delta(item, 1, 303), delta(other, 1, 1), delta(other, 1, 3))
    assert (len(both.gaps), both.gap_count) == (100, 152)
    mended = adjust(server, *(delta(item, 1, n) for n in range(2, 122, 2)))
    assert (len(mended.gaps), mended.gap_count) == (91, 91)
    assert adjust(server, delta(other, 1, 2)).gap_count == 0
    assert stock_of(server, item).on_hand == 151 + 1 + 60


def test_gaps_given_up_are_told_before_all_others(server: Server) -> None:
    """A feed with 100 open gaps is named first, and yet those that are given up of another one are told."""
    item, broken = server.item(), server.item()
    adjust(server, *(delta(broken, 1, n) for n in range(1, 2_000, 2)))
    adjust(server, *(delta(broken, 1, n) for n in range(2_001, 2_056, 2)))
    answer = adjust(server, *(delta(item, 1, n) for n in range(1, 302, 2)), delta(broken, 1, 2_056))
    told = [(gap.source, gap.first_sequence) for gap in answer.gaps if gap.given_up]
    assert told == [(f"wms-{broken}", 2), (f"wms-{broken}", 4), (f"wms-{broken}", 6), (f"wms-{broken}", 8)]
    assert [gap.given_up for gap in answer.gaps] == [True] * 4 + [False] * 96
    # 1,024 runs stay, with 1,023 open gaps between them, beside the 4 given up and the 150 of the first feed.
    assert answer.gap_count == 1_023 + 4 + 150


def test_absolute_row_is_superseded_by_a_later_one_of_its_source(server: Server) -> None:
    item = server.item()
    rows = [record(item, "A", quantity, source=f"erp-{item}", sequence=n) for n, quantity in ((3, 30), (2, 20), (4, 40))]
    assert reasons(adjust(server, *rows)) == ["", "SUPERSEDED", ""]
    assert stock_of(server, item).on_hand == 40


def test_count_as_of_then_keeps_what_happened_after(server: Server) -> None:
    item = stocked(server, A=100)
    assert adjust(server, delta(item, -1, as_of=ago(-60))).accepted_count == 1
    for seconds, quantity in ((50, -3), (30, -5), (10, -7)):
        assert adjust(server, delta(item, quantity, as_of=ago(seconds))).results[0].message != ""
    item = server.item()
    for seconds, quantity in ((50, -3), (30, -5), (10, -7)):
        assert adjust(server, delta(item, quantity, as_of=ago(seconds))).results[0].message == ""
    counted = adjust(server, record(item, "A", 60, kind=COUNT, as_of=ago(40)))
    assert (counted.results[0].supply, stock_of(server, item).on_hand) == (60 - 5 - 7, 48)
    late = adjust(server, delta(item, -20, as_of=ago(45)), delta(item, -2, as_of=ago(20)))
    assert [result.supply for result in late.results] == [48, 46]
    assert late.results[0].accepted and "seen" in late.results[0].message
    older = adjust(server, record(item, "A", 99, kind=COUNT, as_of=ago(44)))
    assert reasons(older) == ["SUPERSEDED"]
    assert stock_of(server, item).on_hand == 46


def test_day_out_of_order_with_duplicates_replayed_three_times(server: Server) -> None:
    """20 % of the rows come twice, each up to 1,000 places late, and the whole day three times: as if in order, once."""
    draw = random.Random(11)
    item = server.item()
    places = ("A", "B", "X", "Y")
    start = int(time.time() * 1_000) - 3_600_000
    day = [
        Row(draw.choice(places), start + 500 * n, n, draw.random() < 0.1, draw.randrange(0, 50))
        for n in range(1, 3_001)
    ]  # fmt: skip
    day = [row if row.is_absolute else row._replace(quantity=row.quantity - 25) for row in day]
    for _ in range(3):
        sent = day + draw.sample(day, len(day) // 5)
        sent.sort(key=lambda row: row.sequence + draw.randrange(1_000))
        for first in range(0, len(sent), ROWS_EACH):
            answer = adjust(server, *(wire(item, row) for row in sent[first : first + ROWS_EACH]))
            assert set(reasons(answer)) <= {"", "SUPERSEDED"}
        assert gaps(answer) == []
    expected = supplies(day)
    assert {row.location_id: row.on_hand for row in stock_rows(server, item)} == expected


def wire(item: str, row: Row) -> types_pb2.InventoryRecord:
    kind = types_pb2.INVENTORY_KIND_ON_HAND if row.is_absolute else ADJUST
    return record(
        item, row.place, row.quantity, kind=kind, source=f"day-{item}", sequence=row.sequence, as_of=at(row.unix_ms)
    )  # fmt: skip


def test_calls_of_one_feed_side_by_side_lose_nothing(server: Server) -> None:
    item = server.item()
    requests = [
        inventory_service_pb2.AdjustInventoryRequest(request_id=new_id(), records=[delta(item, 1, 1 + n // 2)])
        for n in range(200)
    ]
    futures = [server.inventory.AdjustInventory.future(request, timeout=20) for request in requests]
    answers = [future.result() for future in futures]
    assert sum(answer.accepted_count for answer in answers) == 100
    assert stock_of(server, item).on_hand == 100


def test_receipt_in_the_past_is_refused_and_one_that_is_cut_is_not(server: Server) -> None:
    """What should have been there yesterday, and was not told to have come in, is not sold as if it were."""
    item = server.item()
    late = record(item, "A", 4, kind=INBOUND, receipt_id="PO-1", available_at=ago(86_400))
    gone = record(item, "A", 0, kind=INBOUND, receipt_id="PO-2", available_at=ago(86_400))
    answer = adjust(server, late, gone)
    assert [(each.accepted, each.reason) for each in answer.results] == [(False, "INVALID_FIELD"), (True, "")]
    assert answer.results[0].message.startswith("available_at: ") and "RECEIVED" in answer.results[0].message
    assert stock_of(server, item)[::2] == (0, 0)


def test_one_bad_row_in_a_hundred_costs_the_others_nothing(server: Server) -> None:
    """The rows that are good are as fast beside bad ones, within what this machine's timing can tell."""
    item = server.item()

    def seconds(bad_each: int) -> float:
        rows = [record(item, "A", n, kind=ADJUST) for n in range(1_000)]
        for n in range(0, 1_000, bad_each):
            rows[n].quantity = 2**40
        started = time.perf_counter()
        for _ in range(4):
            adjust(server, *rows)
        return time.perf_counter() - started

    seconds(1_000)
    clean, poisoned = [], []
    for _ in range(5):
        clean.append(seconds(1_000))
        poisoned.append(seconds(100))
    assert min(poisoned) < 1.5 * min(clean)
