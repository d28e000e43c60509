"""Locations that decline often are charged for it: rates from the ledger, recorded, and decided by."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from belofte.v1 import order_service_pb2

from engine.domain.ids import uuid7
from engine.network.records import Policy
from engine.service.learn import PRIOR_LINES, DeclineLearner, learned_ppm, rates_in
from tests.network.small_network import small_records
from tests.service.room import ANSWER_SECONDS_MAX, Room, running
from tests.service.test_sweep import ORDERS, order, source, stocked

EVERY_NS = 50_000_000


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Both Dutch warehouses cost the same, and a declined line a euro."""
    records = small_records(policies=(Policy("default", decline_micros=1_000_000),))
    ams, ehv, nyc = records.locations
    with running(tmp_path, replace(records, locations=(ams, replace(ehv, decline_ppm=10_000), nyc))) as made:
        yield made


def test_rates_begin_as_the_folders_and_follow_what_happens() -> None:
    assert learned_ppm(20_000, 0, 0) == 20_000
    assert learned_ppm(0, PRIOR_LINES, 0) == 0
    assert learned_ppm(0, 0, PRIOR_LINES) == 500_000
    assert learned_ppm(1_000_000, 950, 0) == 50_000


def test_a_location_that_declines_is_passed_over_for_one_that_seldom_does(room: Room) -> None:
    stocked(room, ams=100, ehv=100)
    first = source(room, 1)
    (shipment,) = order(room, first).plan.shipments
    assert shipment.location_id == "ams", "ehv declines one line in a hundred, says the folder"
    for _ in range(3):
        declined = source(room, 1)
        line = order_service_pb2.DeclinedLine(line_id="1", reason="TOO_BUSY")
        request = order_service_pb2.DeclineShipmentLinesRequest(
            request_id=uuid7(), order_id=declined, shipment_id=f"{declined}-1", lines=[line]
        )
        answer = room.ask(ORDERS + "DeclineShipmentLines", request.SerializeToString())
        assert isinstance(answer, bytes), answer
    handlers = room.engine._handlers
    handlers._learner = DeclineLearner(handlers, EVERY_NS)
    until = time.monotonic() + ANSWER_SECONDS_MAX
    # 3 of 3 lines, beside the 50 of the folder that declines none.
    expected = 3 * 1_000_000 // (3 + PRIOR_LINES)
    while handlers.image.decline_ppm[0] != expected:
        assert time.monotonic() < until, handlers.image.decline_ppm
        time.sleep(0.02)
    recorded = room.engine._ledger.last_of("@declines")
    assert recorded is not None and rates_in(recorded.entry) == {"ams": expected}
    (elsewhere,) = order(room, source(room, 1)).plan.shipments
    assert elsewhere.location_id == "ehv"
    terms = {term.term: term.raw_micros for term in elsewhere.cost.terms}
    assert terms["decline"] == 10_000
