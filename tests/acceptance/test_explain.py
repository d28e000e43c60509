"""Why a plan is what it is, asked over gRPC: in quotes and orders, of baskets and recorded orders, location by location."""

import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2

from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    COMMIT,
    PREVIEW,
    basket,
    lines,
    order_request,
    quote,
    refusal,
    send,
    shipped,
    source,
    stock_of,
    stocked,
)
from tests.acceptance.server import Server

CANDIDATES, FULL = types_pb2.EXPLAIN_LEVEL_CANDIDATES, types_pb2.EXPLAIN_LEVEL_FULL
PARCEL_MICROS, FAR_MICROS, SPLIT_MICROS = 4_950_000, 19_950_000, 1_000_000
EXACT = types_pb2.DIFFERENCE_KIND_EXACT


def explain(server: Server, **subject: object) -> sourcing_service_pb2.ExplainPlanResponse:
    return server.sourcing.ExplainPlan(sourcing_service_pb2.ExplainPlanRequest(**subject), timeout=CALL_SECONDS_MAX)


def candidates(
    server: Server, wanted: types_pb2.Basket, **asked: object
) -> sourcing_service_pb2.ListCandidateLocationsResponse:
    request = sourcing_service_pb2.ListCandidateLocationsRequest(basket=wanted, **asked)
    return server.sourcing.ListCandidateLocations(request, timeout=CALL_SECONDS_MAX)


def by_id(explanation: types_pb2.Explanation) -> dict[str, types_pb2.CandidateLocation]:
    return {each.location_id: each for each in explanation.candidates}


def reasons(candidate: types_pb2.CandidateLocation) -> list[tuple[str, tuple[str, ...]]]:
    return [(reason.reason, tuple(reason.line_ids)) for reason in candidate.reasons]


def test_each_location_says_what_stands_in_its_way(server: Server) -> None:
    """A has both lines; B one of them, so that a plan with B costs one parcel and one split more; the others say why not."""
    one = stocked(server, A=5, B=5, off=5, store=5, **{"new-york": 5})
    two = stocked(server, A=5, B=1)
    answer = explain(server, basket=basket(lines((one, 1), (two, 2))))
    assert shipped(answer.plan) == {"A": {"1": 1, "2": 2}}
    seen = by_id(answer.explanation)
    assert len(seen) == 13
    assert (seen["A"].chosen, seen["A"].feasible, seen["A"].difference_micros, reasons(seen["A"])) == (True, True, 0, [])
    assert (seen["B"].feasible, seen["B"].difference_micros) == (True, PARCEL_MICROS + SPLIT_MICROS)
    assert seen["B"].difference_kind == EXACT
    assert reasons(seen["B"]) == [("OUT_OF_STOCK", ("2",)), ("DOMINATED", ())]
    assert seen["B"].reasons[1].dominated_by_location_id == "A"
    assert [stock.available_quantity for stock in seen["B"].stock] == [5, 1]
    assert seen["B"].cost.total_micros == PARCEL_MICROS
    assert reasons(seen["off"]) == [("DISABLED", ())]
    assert reasons(seen["store"]) == [("NO_ROUTE", ())]
    assert reasons(seen["new-york"]) == [("RESTRICTED", ())]
    assert reasons(seen["Y"]) == [("OUT_OF_STOCK", ())]
    assert seen["A"].zone == "home" and seen["A"].carrier_service_id == "POST"
    assert [(f.location_id, f.change_micros, f.dearer) for f in answer.explanation.flips] == [
        ("B", PARCEL_MICROS + SPLIT_MICROS, False)
    ]


def test_levels_are_kept(server: Server) -> None:
    """CANDIDATES has no costs, limits or flips; nothing asked, nothing told."""
    item = stocked(server, A=5, B=5)
    wanted = basket(lines((item, 1)))
    assert not quote(server, wanted).HasField("explanation")
    some = quote(server, wanted, explain=CANDIDATES).explanation
    assert len(some.candidates) == 13 and not some.flips and not some.binding_constraints
    assert not any(each.HasField("cost") for each in some.candidates)
    full = quote(server, wanted, explain=FULL).explanation
    assert by_id(full)["B"].cost.total_micros == PARCEL_MICROS
    # B could do it for the same price: it takes nothing off to be used, and A may not cost more.
    assert [(f.location_id, f.change_micros, f.dearer) for f in full.flips] == [("A", 0, True), ("B", 0, False)]


def test_a_limit_that_binds_says_what_it_costs(server: Server) -> None:
    """Only new-york may send it: a parcel from A costs 15 less, and 5,858 km less at a micro each."""
    item = stocked(server, A=5, **{"new-york": 5})
    wanted = basket(lines((item, 1), allowed_location_ids=["new-york"]), policy_id="abroad")
    answer = explain(server, basket=wanted)
    assert shipped(answer.plan) == {"new-york": {"1": 1}}
    (bound,) = answer.explanation.binding_constraints
    assert (bound.constraint, bound.saving_micros) == ("lines[0].allowed_location_ids", FAR_MICROS - PARCEL_MICROS + 5_858)
    assert not bound.HasField("shadow_price_micros")
    assert reasons(by_id(answer.explanation)["A"]) == [("RESTRICTED", ())]


@pytest.mark.parametrize(("count", "price"), [(2, True), (3, False)])
def test_what_one_more_location_would_save(server: Server, count: int, price: bool) -> None:
    """Only new-york has all, 5,858 km away: with a second location two parcels cost less; three lines take a third."""
    at = {"A": 5, "B": 5, "X": 5}
    items = [stocked(server, **{name: 5, "new-york": 5}) for name in list(at)[:count]]
    limits = types_pb2.Constraints(max_locations=types_pb2.IntegerConstraint(value=1))
    wanted = basket(lines(*((item, 1) for item in items)), policy_id="abroad", constraints=limits)
    answer = explain(server, basket=wanted)
    assert shipped(answer.plan).keys() == {"new-york"}
    (bound,) = answer.explanation.binding_constraints
    assert (bound.constraint, bound.limit, bound.used) == ("constraints.max_locations", 1, 1)
    assert bound.saving_micros == FAR_MICROS - count * PARCEL_MICROS + 5_858
    assert bound.shadow_price_micros == (bound.saving_micros if price else 0)


def test_dominated_is_not_dearer(server: Server) -> None:
    """X could send more in one parcel than either that was chosen; B nothing that Y could not send as well."""
    items = [stocked(server, **dict.fromkeys(names, 5)) for names in ("XY", "XY", "XZ", "XZ", "YB", "Z")]
    answer = explain(server, basket=basket(lines(*((item, 1) for item in items))))
    assert shipped(answer.plan).keys() == {"Y", "Z"}
    seen = by_id(answer.explanation)
    assert reasons(seen["X"])[-1] == ("DEARER", ())
    assert reasons(seen["B"])[-1] == ("DOMINATED", ())
    assert seen["B"].reasons[-1].dominated_by_location_id == "Y"


@pytest.mark.parametrize("mode", [COMMIT, PREVIEW])
def test_an_order_is_explained_on_the_stock_it_was_planned_on(server: Server, mode: int) -> None:
    """The last units: they are taken, and the explanation still counts them. A repetition comes without."""
    item = stocked(server, A=2, B=2)
    request = order_request(basket(lines((item, 2))), mode)
    request.explain = FULL
    answer = send(server, request)
    assert shipped(answer.plan) == {"A": {"1": 2}}
    assert by_id(answer.explanation)["A"].stock[0].available_quantity == 2
    assert by_id(answer.explanation)["A"].chosen
    if mode == COMMIT:
        assert stock_of(server, item).allocated == 2
        again = send(server, request)
        assert again.duplicate and not again.HasField("explanation")
        assert again.plan.shipments == answer.plan.shipments


def test_a_recorded_order_is_explained_as_of_now(server: Server) -> None:
    """A was emptied by the order itself: planned now, its basket would come from B."""
    item = stocked(server, A=2, B=2)
    order = source(server, (item, 2))
    assert shipped(order.plan) == {"A": {"1": 2}}
    answer = explain(server, order_id=order.order_id)
    assert shipped(answer.plan) == {"B": {"1": 2}}
    assert reasons(by_id(answer.explanation)["A"]) == [("OUT_OF_STOCK", ())]


def test_candidates_come_page_by_page(server: Server) -> None:
    """Three that could, the one of the plan first; ten that could not, last."""
    item = stocked(server, B=1, X=1, **{"eu-2": 1})
    wanted = basket(lines((item, 1)))
    first = candidates(server, wanted, page_size=5)
    second = candidates(server, wanted, page_size=5, page_token=first.next_page_token)
    third = candidates(server, wanted, page_size=5, page_token=second.next_page_token)
    seen = [*first.candidates, *second.candidates, *third.candidates]
    assert [each.feasible for each in seen] == [True] * 3 + [False] * 10
    assert (seen[0].location_id, seen[0].chosen, third.next_page_token) == ("B", True, "")
    only = candidates(server, wanted, feasible_only=True)
    assert [each.location_id for each in only.candidates] == ["B", "X", "eu-2"]


def test_what_is_collected_is_explained_simply(server: Server) -> None:
    item = stocked(server, store=3)
    wanted = basket(lines((item, 1), delivery_method=types_pb2.DELIVERY_METHOD_PICKUP, pickup_location_id="store"))
    answer = explain(server, basket=wanted)
    assert answer.explanation.summary == "collected at store as asked"
    assert by_id(answer.explanation)["store"].chosen


def test_explanations_repeat_to_the_byte(server: Server) -> None:
    item = stocked(server, A=5, B=5, X=2)
    wanted = basket(lines((item, 3)))
    first, second = (explain(server, basket=wanted).explanation for _ in range(2))
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(deterministic=True)


def test_bad_requests_are_named(server: Server) -> None:
    item = stocked(server, A=1)
    wanted = basket(lines((item, 1)))
    for call, code, reason, field in [
        (lambda: explain(server), "INVALID_ARGUMENT", "INVALID_FIELD", "basket"),
        (lambda: explain(server, order_id="O-nobody"), "NOT_FOUND", "UNKNOWN_ORDER", "order_id"),
        (lambda: explain(server, order_id="a b"), "INVALID_ARGUMENT", "INVALID_FIELD", "order_id"),
        (lambda: explain(server, quote_token="x"), "UNIMPLEMENTED", "NOT_BUILT", "quote_token"),
        (lambda: explain(server, basket=wanted, explain=9), "INVALID_ARGUMENT", "INVALID_FIELD", "explain"),
        (lambda: explain(server, basket=basket(lines(("nothing", 1)))), "NOT_FOUND", "UNKNOWN_ITEM", "basket.lines[0].item_id"),
        (lambda: candidates(server, wanted, page_size=-1), "INVALID_ARGUMENT", "INVALID_FIELD", "page_size"),
        (lambda: candidates(server, wanted, page_token="x"), "INVALID_ARGUMENT", "INVALID_FIELD", "page_token"),
        (lambda: quote(server, wanted, explain=9), "INVALID_ARGUMENT", "INVALID_FIELD", "explain"),
    ]:
        error = refusal(call)
        assert (error.code, error.reason, error.fields) == (code, reason, (field,))
