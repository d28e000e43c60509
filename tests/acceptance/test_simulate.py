"""SimulateSourcing: the same orders as things are and as they would be, side by side, and nothing real is touched."""

from typing import Any

import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2

from tests.acceptance.asking import available, basket, lines, order_of, record, refusal, shipped, source, stocked
from tests.acceptance.server import Server

Scenario = sourcing_service_pb2.Scenario
Result = sourcing_service_pb2.SimulationResult


def simulate(server: Server, scenario: Scenario, *orders: types_pb2.Order, **fields: Any) -> Result:
    """The last message of the stream."""
    request = sourcing_service_pb2.SimulateSourcingRequest(scenario=scenario, orders=orders, **fields)
    messages = list(server.sourcing.SimulateSourcing(request, timeout=60))
    return messages[-1].result


def wanted(order_id: str, *asked: tuple[str, int]) -> types_pb2.Order:
    return types_pb2.Order(order_id=order_id, basket=basket(lines(*asked)))


def test_a_lost_location_beside_the_present(server: Server) -> None:
    first, second = stocked(server, A=2, B=2), stocked(server, A=1, X=5)
    orders = [wanted(f"sim-{n}", (first, 1), (second, 1)) for n in range(2)]
    result = simulate(server, Scenario(disabled_location_ids=["A"]), *orders)
    # As things are, the first has both from A, and the second `first` from A or B and `second` from X.
    assert (result.present.shipment_count, result.present.split_order_count) == (3, 1)
    # Without A both have `first` from B and `second` from X.
    assert [shipped(each.plan) for each in result.orders] == [{"B": {"1": 1}, "X": {"2": 1}}] * 2
    assert (result.simulated.shipment_count, result.simulated.split_order_count) == (4, 2)
    loads = {load.location_id: (load.shipment_count, load.unit_quantity) for load in result.simulated.loads}
    assert loads == {"B": (2, 2), "X": (2, 2)}
    # One shipment more costs what the carrier asks, 4.95, and what one more does by the policy, 1.
    assert result.simulated.cost_micros - result.present.cost_micros == 5_950_000
    assert [each.present_cost_micros for each in result.orders] == [4_950_000, 10_900_000]
    assert available(server, first) == {"A": 2, "B": 2}
    assert available(server, second) == {"A": 1, "X": 5}


def test_stock_and_capacity_that_are_not_there(server: Server) -> None:
    item = stocked(server, A=1)
    changed = [record(item, "Y", 2), record(item, "A", -1, kind=types_pb2.INVENTORY_KIND_ADJUST)]
    result = simulate(server, Scenario(inventory=changed), wanted("sim-y", (item, 2)))
    assert shipped(result.orders[0].plan) == {"Y": {"1": 2}}
    assert result.present.short_quantity == 1
    assert result.simulated.short_quantity == 0
    closed = simulate(server, Scenario(inventory=changed, capacity_per_day={"Y": 0}), wanted("sim-y", (item, 2)))
    assert closed.simulated.short_quantity == 2
    assert available(server, item) == {"A": 1}


def test_recorded_orders_once_more(server: Server) -> None:
    item = stocked(server, A=2, B=2)
    order_id = source(server, (item, 2)).order_id
    before = order_of(server, order_id)
    ((place, _),) = shipped(before.plan).items()
    chosen = sourcing_service_pb2.OrderFilter(order_ids=[order_id, "never-was"])
    result = simulate(server, Scenario(disabled_location_ids=[place], weights={"carrier": 2.0}), filter=chosen)
    by_id = {each.order_id: each for each in result.orders}
    assert by_id["never-was"].refusal.reason == "UNKNOWN_ORDER"
    again = by_id[order_id]
    assert set(shipped(again.plan)) == {"A", "B"} - {place}
    # What the carrier asks counts twice.
    assert again.recorded_cost_micros == again.present_cost_micros == before.plan.cost.total_micros
    assert again.plan.cost.total_micros == 2 * before.plan.cost.total_micros
    assert order_of(server, order_id) == before


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        (Scenario(disabled_location_ids=["nowhere"]), "scenario.disabled_location_ids[0]"),
        (Scenario(weights={"luck": 1.0}), "scenario.weights['luck']"),
        (Scenario(capacity_per_day={"A": -1}), "scenario.capacity_per_day['A']"),
    ],
)  # fmt: skip
def test_bad_fields_are_named(server: Server, scenario: Scenario, field: str) -> None:
    told = refusal(lambda: simulate(server, scenario, wanted("sim", (stocked(server, A=1), 1))))
    assert told.fields == (field,)
