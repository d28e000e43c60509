"""Where an order comes from: acceptance cases 1 to 7, each with its own numbers and with others."""

import time
from typing import Any

import pytest
from belofte.v1 import promise_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.acceptance.asking import (
    COMMIT,
    PREVIEW,
    Answer,
    available,
    basket,
    instant,
    lines,
    order_of,
    order_request,
    preview,
    put,
    quote,
    refusal,
    send,
    shipped,
    source,
    stock_of,
    stocked,
    without_timings,
)
from tests.acceptance.server import Server

PARCEL_MICROS, SPLIT_MICROS = 4_950_000, 1_000_000
"""What any parcel within the country costs, and each shipment after the first."""


def shorts(answer: Answer) -> list[tuple[str, int, int, str]]:
    """(line, short, promised, reason) of what a plan leaves out."""
    return [(s.line_id, s.short_quantity, s.promised_quantity, s.reason) for s in answer.plan.short_lines]


@pytest.mark.parametrize(
    ("first", "second", "need", "plan"),
    [
        (55, 30, 70, {"eu-1": {"1": 55}, "eu-2": {"1": 15}}),
        (55, 30, 55, {"eu-1": {"1": 55}}),
        (55, 30, 56, {"eu-1": {"1": 55}, "eu-2": {"1": 1}}),
        (0, 30, 4, {"eu-2": {"1": 4}}),
        (7, 900, 8, {"eu-1": {"1": 7}, "eu-2": {"1": 1}}),
    ],
)
def test_priority_takes_all_of_the_first_then_the_rest(
    server: Server, first: int, second: int, need: int, plan: dict[str, dict[str, int]]
) -> None:
    """Case 1. By priority eu-1 is emptied first, although one shipment from eu-2 could do it: 70 = 55 + 15."""
    item = stocked(server, **{"eu-1": first, "eu-2": second})
    answer = source(server, (item, need), policy_id="priority")
    assert shipped(answer.plan) == plan
    assert (answer.state, shorts(answer)) == (types_pb2.ORDER_STATE_SOURCED, [])
    assert stock_of(server, item) == (first + second, need, first + second - need)


@pytest.mark.parametrize(("first", "second", "need", "short"), [(55, 30, 150, 65), (2, 1, 4, 1)])
def test_priority_gives_what_there_is_and_names_the_rest(
    server: Server, first: int, second: int, need: int, short: int
) -> None:
    """Case 1. 150 − 55 − 30 = 65 short, on the line that is short; what there is is taken."""
    item = stocked(server, **{"eu-1": first, "eu-2": second})
    answer = source(server, (item, need), policy_id="priority")
    assert shipped(answer.plan) == {"eu-1": {"1": first}, "eu-2": {"1": second}}
    assert shorts(answer) == [("1", short, first + second, "NO_STOCK")]
    assert answer.state == types_pb2.ORDER_STATE_PARTIALLY_SOURCED
    assert stock_of(server, item) == (first + second, first + second, 0)


def test_priority_sends_what_a_carrier_takes_and_goes_on_with_the_next(server: Server) -> None:
    """Case 1, of items of 4 t: the carrier takes 100 t a shipment, so that 31 = 25 + 6, though eu-1 has 28."""
    put(server, "stone", {"eu-1": 28, "eu-2": 30})
    answer = source(server, ("stone", 31), policy_id="priority")
    assert shipped(answer.plan) == {"eu-1": {"1": 25}, "eu-2": {"1": 6}}
    assert shorts(answer) == []
    assert stock_of(server, "stone") == (58, 31, 27)


@pytest.mark.parametrize(("at_off", "at_a", "need"), [(50, 3, 4), (1, 0, 1)])
def test_disabled_location_is_never_used(server: Server, at_off: int, at_a: int, need: int) -> None:
    """Case 2. `off` holds enough, but is disabled: it neither sends nor counts."""
    item = stocked(server, off=at_off, A=at_a)
    assert stock_of(server, item).available == at_a
    refused = refusal(lambda: source(server, (item, need)))
    assert (refused.code, refused.reason, refused.fields) == (
        "FAILED_PRECONDITION", "NO_STOCK", ("order.basket.lines[0].quantity",)
    )  # fmt: skip
    assert shipped(source(server, (item, need), policy_id="priority").plan if at_a else types_pb2.Plan()) == (
        {"A": {"1": at_a}} if at_a else {}
    )
    assert stock_of(server, item).allocated == at_a


def test_position_flagged_out_of_stock_is_never_used(server: Server) -> None:
    """Case 2. The flag counts, not the quantity: 100 at A, and 200 after a feed, give nothing; B has 7."""
    for quantity in (100, 200):
        put(server, "flagged", {"A": quantity})
        assert available(server, "flagged") == {"A": 0, "B": 7}
        assert refusal(lambda: source(server, ("flagged", 8))).reason == "NO_STOCK"
    assert shipped(source(server, ("flagged", 3)).plan) == {"B": {"1": 3}}
    assert shipped(source(server, ("flagged", 4)).plan) == {"B": {"1": 4}}
    assert available(server, "flagged") == {"A": 0, "B": 0}


@pytest.mark.parametrize(("at_a", "at_b", "need"), [(10, 15, 13), (10, 15, 25), (10, 15, 16), (3, 3, 1)])
def test_exactly_what_is_needed_is_allocated(server: Server, at_a: int, at_b: int, need: int) -> None:
    """Case 3. Never more than was asked for, however much a location has: 25 − 13 = 12 are left."""
    item = stocked(server, A=at_a, B=at_b)
    answer = source(server, (item, need))
    assert sum(sum(units.values()) for units in shipped(answer.plan).values()) == need
    assert stock_of(server, item) == (at_a + at_b, need, at_a + at_b - need)


@pytest.mark.parametrize(
    ("at_a", "at_b", "need", "plan"),
    [
        (2, 5, 5, {"B": {"1": 5}}), (5, 2, 5, {"A": {"1": 5}}), (4, 5, 5, {"B": {"1": 5}}), (199, 200, 200, {"B": {"1": 200}}),
    ],
)  # fmt: skip
def test_one_shipment_rather_than_two(server: Server, at_a: int, at_b: int, need: int, plan: dict[str, dict[str, int]]) -> None:
    """Case 4. One parcel costs 4.95, two cost 2 × 4.95 + 1.00 = 10.90."""
    item = stocked(server, A=at_a, B=at_b)
    answer = source(server, (item, need))
    assert shipped(answer.plan) == plan
    assert answer.plan.cost.total_micros == PARCEL_MICROS
    assert answer.plan.certificate.status == types_pb2.CERTIFICATE_STATUS_OPTIMAL


def test_fewest_shipments_cover_all_lines(server: Server) -> None:
    """Case 5. X has the most lines, and yet leaves 5 and 6 to two others: three parcels, where Y and Z are two."""
    items = [server.item() for _ in range(6)]
    for location, held in {"X": (1, 2, 3, 4), "Y": (1, 2, 5), "Z": (3, 4, 6)}.items():
        for n in held:
            put(server, items[n - 1], {location: 1})
    answer = source(server, *((item, 1) for item in items))
    assert shipped(answer.plan) == {"Y": {"1": 1, "2": 1, "5": 1}, "Z": {"3": 1, "4": 1, "6": 1}}
    assert answer.plan.cost.total_micros == 2 * PARCEL_MICROS + SPLIT_MICROS


def test_fewest_shipments_cover_all_lines_with_other_numbers(server: Server) -> None:
    """Case 5. X={1..6} and Y={7,8} are two; the greedy start with Z={1..7} leaves 8, which only Y has: two as well.

    Taking A={2..8} and one of {1} ties no better: the least is 2 parcels, and every line comes whole.
    """
    items = [server.item() for _ in range(8)]
    for location, held in {"A": (1, 2, 3, 4, 5), "B": (3, 4, 5, 6), "X": (1, 2, 3, 6), "Y": (4, 5, 7, 8)}.items():
        for n in held:
            put(server, items[n - 1], {location: 3})
    answer = source(server, *((item, 3) for item in items))
    # Only Y has 7 and 8; of what is left (1, 2, 3, 6) only X has all: 2 parcels, where the largest, A, would make 3.
    assert shipped(answer.plan) == {"X": dict.fromkeys("1236", 3), "Y": dict.fromkeys("4578", 3)}
    assert answer.plan.cost.total_micros == 2 * PARCEL_MICROS + SPLIT_MICROS


def unnamed(plan: types_pb2.Plan) -> types_pb2.Plan:
    """A plan without what differs between a quote and an order: names of shipments and timings."""
    same = types_pb2.Plan()
    same.CopyFrom(plan)
    same.certificate.ClearField("solve_micros")
    for shipment in same.shipments:
        shipment.ClearField("shipment_id")
    return same


@pytest.mark.parametrize(("at_a", "at_b", "need"), [(1, 1, 2), (3, 4, 7), (6, 2, 7)])
def test_line_is_split_where_no_location_has_it_all(server: Server, at_a: int, at_b: int, need: int) -> None:
    """Case 6. Two shipments, and the quote before promises what the order after it takes: place, date, cost, proof."""
    item = stocked(server, A=at_a, B=at_b)
    wanted = basket(lines((item, need)))
    quoted = quote(server, wanted)
    assert (len(quoted.options), len(quoted.unavailable)) == (1, 0)
    answer = send(server, order_request(wanted))
    assert len(answer.plan.shipments) == 2
    assert {where: sum(units.values()) for where, units in shipped(answer.plan).items()}.keys() == {"A", "B"}
    assert answer.plan.cost.total_micros == quoted.options[0].cost_micros == 2 * PARCEL_MICROS + SPLIT_MICROS
    assert unnamed(answer.plan) == unnamed(quoted.options[0].plan)
    assert stock_of(server, item) == (at_a + at_b, need, at_a + at_b - need)


def test_ties_are_broken_the_same_way_every_time(server: Server) -> None:
    """Case 7. Five locations alike: the choice does not depend on when, on what else is sold, or on the feed's order."""
    places = ["A", "B", "X", "Y", "Z"]
    other = stocked(server, A=100)
    chosen = set()
    for turn in range(5):
        rotated = places[turn:] + places[:turn]
        item = stocked(server, **dict.fromkeys(rotated, 4))
        for _ in range(3):
            chosen.add(tuple(shipped(preview(server, (item, 3)).plan)))
            source(server, (other, 1))
        chosen.add(tuple(shipped(source(server, (item, 3)).plan)))
    assert chosen == {("A",)}


def test_ties_of_splits_are_broken_the_same_way_every_time(server: Server) -> None:
    """Case 7. 5 units of 2 + 2 + 2 + 2: three shipments, of which one sends 1; which ones is the same each time."""
    plans = set()
    for places in (["A", "B", "X", "Y"], ["Y", "X", "B", "A"], ["X", "A", "Y", "B"]):
        item = stocked(server, **dict.fromkeys(places, 2))
        for _ in range(4):
            plans.add(str(shipped(preview(server, (item, 5)).plan)))
    assert len(plans) == 1


def test_preview_takes_nothing_and_is_what_the_order_gets(server: Server) -> None:
    """A preview is the same plan with nothing held and nothing recorded; the order can still be placed."""
    item = stocked(server, A=6, B=2)
    before = stock_of(server, item)
    request = order_request(basket(lines((item, 7))))
    asked = type(request)()
    asked.CopyFrom(request)
    asked.mode = 2  # PREVIEW
    for _ in range(3):
        previewed = send(server, asked)
        assert (previewed.version, previewed.duplicate) == (0, False)
    assert stock_of(server, item) == before == (8, 0, 8)
    assert refusal(lambda: order_of(server, request.order.order_id)).reason == "UNKNOWN_ORDER"
    request.mode = COMMIT
    answer = send(server, request)
    expected = without_timings(previewed)
    expected.version = 1
    assert without_timings(answer) == expected
    assert stock_of(server, item) == (8, 7, 1)


@pytest.mark.parametrize(
    ("quantity", "wishes", "reason"),
    [
        (9, {}, "NO_STOCK"),
        (3, {"preassigned_location_id": "B"}, "RESTRICTED"),
        (1, {"latest_date": Timestamp(seconds=int(time.time()) + 1_800)}, "PROMISE_UNREACHABLE"),
    ],
)
def test_preview_is_refused_where_the_order_would_be(
    server: Server, quantity: int, wishes: dict[str, Any], reason: str
) -> None:  # fmt: skip
    """With the same code, reason, fields and words; and nothing is held for either."""
    item = stocked(server, A=6, B=2)
    wanted = basket(lines((item, quantity), **wishes))
    previewed, refused = (refusal(lambda mode=mode: send(server, order_request(wanted, mode))) for mode in (PREVIEW, COMMIT))  # type: ignore[misc]
    assert previewed == refused
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", reason)
    assert stock_of(server, item) == (8, 0, 8)


def test_preview_leaves_out_what_the_order_would(server: Server) -> None:
    """By priority an order takes what there is: 8 of 9."""
    item = stocked(server, A=6, B=2)
    answers = [send(server, order_request(basket(lines((item, 9)), policy_id="priority"), mode)) for mode in (PREVIEW, COMMIT)]
    assert [shorts(answer) for answer in answers] == [[("1", 1, 8, "NO_STOCK")]] * 2


def test_terms_of_a_cost_stand_in_a_fixed_order(server: Server) -> None:
    """Those of the contract's list, whichever shipment has them: eu-1 has a priority of 1 and eu-2 of 2."""
    item = stocked(server, **{"eu-1": 1, "eu-2": 1})
    plan = source(server, (item, 2)).plan
    assert [term.term for term in plan.cost.terms] == ["carrier", "split", "priority"]
    assert [[term.term for term in each.cost.terms] for each in plan.shipments] == [["carrier", "priority"]] * 2


def test_quote_takes_nothing(server: Server) -> None:
    item = stocked(server, A=3)
    quotes = [quote(server, basket(lines((item, 3)))) for _ in range(3)]
    assert stock_of(server, item) == (3, 0, 3)
    assert {each.options[0].cost_micros for each in quotes} == {PARCEL_MICROS}
    # The field is there, so its absence says something.
    assert isinstance(quotes[0], promise_service_pb2.QuotePromiseResponse) and not quotes[0].stale


def test_what_an_order_says_besides_is_kept_with_it_and_changes_nothing(server: Server) -> None:
    """Marks, gift wrap, the window promised before and who asks; fields set by the service are not the caller's to set."""
    item = stocked(server, A=2)
    plain = source(server, (item, 1))
    wanted = basket(
        lines((item, 1), gift_wrap=True, tags=[f"t:{n}" for n in range(20)]), customer_id="K-1", demand_class="retail",
        calling_system="é" * 64, channel="web",
    )  # fmt: skip
    wanted.destination.address_type = types_pb2.ADDRESS_TYPE_BUSINESS
    request = order_request(wanted)
    request.order.priority, request.order.value_micros = -3, 10**18
    request.order.promise.delivery_latest.CopyFrom(instant("2030-01-01T21:00"))
    request.order.reservation_id, request.order.state = "R-1", types_pb2.ORDER_STATE_CANCELLED
    answer = send(server, request)
    assert answer.plan.cost == plain.plan.cost
    order = order_of(server, answer.order_id)
    assert (order.basket, order.promise) == (wanted, request.order.promise)
    assert (order.priority, order.value_micros) == (-3, 10**18)
    assert (order.state, order.reservation_id) == (types_pb2.ORDER_STATE_SOURCED, "")


def test_order_is_recorded_as_it_was_answered(server: Server) -> None:
    item = stocked(server, A=1, B=1)
    answer = source(server, (item, 2))
    order = order_of(server, answer.order_id)
    assert (order.plan, order.state, order.policy_id) == (answer.plan, answer.state, "cost")
    assert [(line.item_id, line.quantity) for line in order.basket.lines] == [(item, 2)]
