"""Prices of opportunity over gRPC: learned by the server from its own orders, shown in plans and explanations."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2

from tests.acceptance.asking import basket, lines, preview, shipped, source, stocked
from tests.acceptance.server import Server, server_with

SECONDS_MAX = 180.0
POLICY = "[policy.ahead]\nsplit_micros = 1000000\nopportunity_minutes_max = 4\n"


@pytest.fixture
def learning(folder: Path) -> Iterator[Server]:
    """A server that learns prices."""
    with server_with(folder, POLICY) as running:
        yield running


def charged(cost: types_pb2.CostBreakdown) -> int:
    return sum(term.raw_micros for term in cost.terms if term.term == "opportunity")


def test_what_orders_to_come_need_is_left_to_them(learning: Server) -> None:
    """Few of the first item lie at A, beside the second; alone it comes from A until later orders are known to want both."""
    first, second = stocked(learning, A=9, B=500), stocked(learning, A=500)
    for _ in range(3):
        source(learning, (first, 1), (second, 1), policy_id="ahead")
    assert shipped(preview(learning, (first, 1), policy_id="ahead").plan) == {"A": {"1": 1}}
    until = time.monotonic() + SECONDS_MAX
    while shipped(preview(learning, (first, 1), policy_id="ahead").plan) != {"B": {"1": 1}}:
        assert time.monotonic() < until, "nothing was learned"
        time.sleep(0.2)
    both = preview(learning, (first, 1), (second, 1), policy_id="ahead").plan
    assert shipped(both) == {"A": {"1": 1, "2": 1}}
    price = charged(both.cost)
    assert 0 < price < 4_950_000 + 1_000_000
    assert both.cost.total_micros == both.certificate.objective_micros == both.certificate.lower_bound_micros
    request = sourcing_service_pb2.ExplainPlanRequest(basket=basket(lines((first, 1)), policy_id="ahead"))
    told = learning.sourcing.ExplainPlan(request).explanation
    assert {each.location_id: charged(each.cost) for each in told.candidates if each.feasible} == {"A": price, "B": 0}
    assert "without prices of opportunity" not in told.summary
    # A policy that charges none decides as ever.
    assert shipped(preview(learning, (first, 1), policy_id="cost").plan) == {"A": {"1": 1}}
