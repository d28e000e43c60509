"""What orders to come need more is left to them: prices learned from the ledger, recorded, charged, and let go when old."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from belofte.v1 import inventory_service_pb2, ledger_entry_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.ledger.database import open_database
from engine.network.records import Policy
from engine.service import learn_prices
from engine.service.learn_prices import PriceLearner, content_of, prices_in
from engine.tools.replay import Replayer
from tests.network.small_network import small_records
from tests.service.room import ADJUST, ANSWER_SECONDS_MAX, SOURCE, Room, running
from tests.service.test_sweep import HOME

EXPLAIN = "/belofte.v1.SourcingService/ExplainPlan"
EVERY_NS = 50_000_000
MINUTES_MAX = 60


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Bolts lie in both Dutch warehouses, few of them in `ams`, where alone there are lamps."""
    with running(tmp_path, small_records(policies=(Policy("default", opportunity_minutes_max=MINUTES_MAX),))) as made:
        stock = (("bolt", "ams", 12), ("bolt", "ehv", 1_000), ("lamp", "ams", 1_000))
        records = [
            types_pb2.InventoryRecord(item_id=item, location_id=at, quantity=n, kind=types_pb2.INVENTORY_KIND_ON_HAND)
            for item, at, n in stock
        ]
        request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=records)
        assert isinstance(made.ask(ADJUST, request.SerializeToString()), bytes)
        yield made


def basket(*items: str) -> types_pb2.Basket:
    lines = [types_pb2.BasketLine(line_id=item, item_id=item, quantity=1) for item in items]
    return types_pb2.Basket(lines=lines, destination=HOME)


def source(room: Room, *items: str) -> sourcing_service_pb2.SourceOrderResponse:
    order = types_pb2.Order(order_id=f"O-{uuid7()}", basket=basket(*items))
    request = sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(room.clock.unix_ms()), order=order)
    answer = room.ask(SOURCE, request.SerializeToString())
    assert isinstance(answer, bytes), answer
    return sourcing_service_pb2.SourceOrderResponse.FromString(answer)


def explained(room: Room, *items: str) -> sourcing_service_pb2.ExplainPlanResponse:
    request = sourcing_service_pb2.ExplainPlanRequest(basket=basket(*items))
    answer = room.ask(EXPLAIN, request.SerializeToString())
    assert isinstance(answer, bytes), answer
    return sourcing_service_pb2.ExplainPlanResponse.FromString(answer)


def places(plan: types_pb2.Plan) -> list[str]:
    return [shipment.location_id for shipment in plan.shipments]


def charged(cost: types_pb2.CostBreakdown) -> int:
    return sum(term.raw_micros for term in cost.terms if term.term == "opportunity")


def learn(room: Room) -> None:
    """Let prices be learned from what came so far."""
    handlers = room.engine._handlers
    handlers.price_learner = PriceLearner(handlers, EVERY_NS)
    until = time.monotonic() + ANSWER_SECONDS_MAX
    while handlers.image.opportunity is None:
        assert time.monotonic() < until, "nothing was learned"
        time.sleep(0.02)


def test_content_is_read_as_it_was_written() -> None:
    micros = {"bolt": {"ams": 5, "ehv": 2**50}}
    entry = ledger_entry_pb2.LedgerEntry(response=content_of(7, micros)).SerializeToString()
    assert prices_in(entry) == (7, micros)


def test_a_bolt_alone_leaves_those_beside_the_lamps_to_orders_of_both(room: Room, tmp_path: Path) -> None:
    """A bolt and a lamp from `ams` are one shipment; without the bolt there they would be two, 4.95 each."""
    for _ in range(4):
        assert places(source(room, "bolt").plan) == ["ams"], "the nearest"
        assert places(source(room, "bolt", "lamp").plan) == ["ams"]
    learn(room)
    recorded = room.engine._ledger.last_of("@prices")
    assert recorded is not None
    _, micros = prices_in(recorded.entry)
    assert list(micros) == ["bolt"] and list(micros["bolt"]) == ["ams"]
    price = micros["bolt"]["ams"]
    assert 100_000 < price <= 2 * 2 * 4_950_000
    alone, both = source(room, "bolt"), source(room, "bolt", "lamp")
    assert (places(alone.plan), places(both.plan)) == (["ehv"], ["ams"])
    assert (charged(alone.plan.cost), charged(both.plan.cost)) == (0, price)
    assert both.plan.cost.total_micros == both.plan.certificate.objective_micros
    told = explained(room, "bolt")
    assert "without prices of opportunity" not in told.explanation.summary
    assert {each.location_id: charged(each.cost) for each in told.explanation.candidates} == {"ams": price, "ehv": 0, "nyc": 0}
    # Both are planned again as they were: their entries name the prices in force.
    database = open_database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    for each in (alone, both):
        (entry,) = room.engine._ledger.find_order(each.order_id)
        assert ledger_entry_pb2.LedgerEntry.FromString(entry.entry).basis.prices_position == recorded.position
        (replay,) = Replayer(database, room.engine._ledger).order(each.order_id)
        assert replay.is_equal, replay.differences
    # Nobody learns any more: what is known grows too old.
    handlers = room.engine._handlers
    assert handlers.price_learner._asking.acquire(timeout=10)
    room.clock.ahead_minutes = MINUTES_MAX + 2
    late = source(room, "bolt")
    assert (places(late.plan), charged(late.plan.cost)) == (["ams"], 0)
    assert "without prices of opportunity" in explained(room, "bolt").explanation.summary
    until = time.monotonic() + 10
    while handlers.image.opportunity is not None:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert handlers.path.prices_position == ""


def test_policies_that_charge_nothing_learn_nothing(tmp_path: Path) -> None:
    with running(tmp_path, replace(small_records(), policies=(Policy("default"),))) as room:
        handlers = room.engine._handlers
        handlers.price_learner = PriceLearner(handlers, EVERY_NS)
        time.sleep(0.5)
        assert room.engine._ledger.last_of("@prices") is None


def test_nothing_is_learned_again_before_it_is_recorded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the minute: who looks next sees what was found."""
    monkeypatch.setattr(learn_prices, "TRY_MINUTES", 0)
    source(room, "bolt", "lamp")
    learn(room)
    time.sleep(1.0)
    assert [each.position for each in room.engine._ledger.find_order("@prices")] == [room.engine._handlers.path.prices_position]
