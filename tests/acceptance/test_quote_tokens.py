"""A quote is held as it was shown: by a reservation, and by an order; and what stands in the way is named."""

import base64
from pathlib import Path

import pytest
from belofte.v1 import promise_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    COMMIT,
    PREVIEW,
    available,
    basket,
    lines,
    order_of,
    order_request,
    put,
    quote,
    refusal,
    send,
    stocked,
)
from tests.acceptance.server import Server
from tests.acceptance.test_demand_policies import asked, some_now_more_later

Option = promise_service_pb2.PromiseOption


def offered(server: Server, wanted: types_pb2.Basket) -> Option:
    (option,) = quote(server, wanted).options
    assert option.quote_token
    assert option.valid_until.seconds <= option.order_by.seconds
    return option


def ordered(
    server: Server, wanted: types_pb2.Basket, token: str, mode: "sourcing_service_pb2.SourceMode" = COMMIT
) -> sourcing_service_pb2.SourceOrderResponse:
    request = order_request(wanted, mode)
    request.quote_token = token
    return send(server, request)


def held(server: Server, wanted: types_pb2.Basket, token: str) -> reservation_service_pb2.Reservation:
    request = reservation_service_pb2.CreateReservationRequest(request_id=uuid7(), basket=wanted, quote_token=token)
    return server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX).reservation


def same(plan: types_pb2.Plan) -> types_pb2.Plan:
    """A plan without ids and timings."""
    found = types_pb2.Plan()
    found.CopyFrom(plan)
    found.certificate.ClearField("solve_micros")
    for shipment in found.shipments:
        shipment.ClearField("shipment_id")
    return found


def test_the_plan_that_was_shown_is_ordered_though_another_is_better_now(server: Server) -> None:
    """Two lines from A and B; then everything comes to X, from where one shipment would cost less."""
    one, two = stocked(server, A=1), stocked(server, B=1)
    wanted = basket(lines((one, 1), (two, 1)))
    option = offered(server, wanted)
    put(server, one, {"X": 1})
    put(server, two, {"X": 1})
    assert len(quote(server, wanted).options[0].plan.shipments) == 1
    assert same(ordered(server, wanted, option.quote_token, PREVIEW).plan) == same(option.plan)
    taken = ordered(server, wanted, option.quote_token)
    assert same(taken.plan) == same(option.plan)
    assert available(server, one) == {"A": 0, "X": 1}
    assert same(order_of(server, taken.order_id).plan) == same(option.plan)


def test_a_reservation_holds_the_plan_and_the_order_of_it_keeps_it(server: Server) -> None:
    one, two = stocked(server, A=1), stocked(server, B=1)
    wanted = basket(lines((one, 1), (two, 1)))
    option = offered(server, wanted)
    put(server, one, {"X": 1})
    put(server, two, {"X": 1})
    made = held(server, wanted, option.quote_token)
    assert same(made.plan) == same(option.plan)
    request = order_request(wanted)
    request.reservation_id = made.reservation_id
    assert same(send(server, request).plan) == same(option.plan)


def test_the_line_whose_stock_is_gone_is_named(server: Server) -> None:
    one, two = stocked(server, A=5), stocked(server, B=2)
    wanted = basket(lines((one, 1), (two, 2)))
    option = offered(server, wanted)
    send(server, order_request(basket(lines((two, 1)))))
    refused = refusal(lambda: ordered(server, wanted, option.quote_token))
    assert (refused.code, refused.reason, refused.fields) == (
        "FAILED_PRECONDITION", "QUOTE_CHANGED", ("order.basket.lines[1]",),
    )  # fmt: skip
    assert "stock: B has 1 of 2 units left" in refused.message
    assert available(server, one) == {"A": 5}
    refused = refusal(lambda: held(server, wanted, option.quote_token))
    assert (refused.reason, refused.fields) == ("QUOTE_CHANGED", ("basket.lines[1]",))


def test_another_basket_is_another_question(server: Server) -> None:
    item = stocked(server, A=5)
    token = offered(server, basket(lines((item, 1)))).quote_token
    refused = refusal(lambda: ordered(server, basket(lines((item, 2))), token))
    assert (refused.reason, refused.fields) == ("QUOTE_CHANGED", ("quote_token",))


def flipped(token: str) -> str:
    data = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    data[70] ^= 1
    return base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()


def of_another_key(token: str) -> str:
    data = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    data[1] ^= 1
    return base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (flipped, "QUOTE_TAMPERED"), (of_another_key, "QUOTE_FOREIGN"), (lambda token: token[:-4], "QUOTE_TAMPERED"),
        (lambda token: "no token", "QUOTE_TAMPERED"), (lambda token: "é" * 40, "QUOTE_TAMPERED"),
        (lambda token: "A" * 200_000, "QUOTE_TAMPERED"),
    ],
)  # fmt: skip
def test_a_token_that_is_not_ours_is_refused_by_name(server: Server, change: object, reason: str) -> None:
    item = stocked(server, A=5)
    wanted = basket(lines((item, 1)))
    assert callable(change)
    token = change(offered(server, wanted).quote_token)
    for call in (lambda: ordered(server, wanted, token), lambda: held(server, wanted, token)):
        refused = refusal(call)
        assert (refused.code, refused.reason, refused.fields) == ("INVALID_ARGUMENT", reason, ("quote_token",))
    assert available(server, item) == {"A": 5}


def test_what_is_put_together_on_its_way_is_held_as_it_was_shown(server: Server) -> None:
    one, other = server.item(), server.item()
    put(server, one, {"A": 5})
    put(server, other, {"B": 5})
    whole = types_pb2.Constraints(ship_complete=types_pb2.FlagConstraint(value=True))
    wanted = basket(lines((one, 1), (other, 2)), constraints=whole)
    option = offered(server, wanted)
    assert {s.route for s in option.plan.shipments} == {types_pb2.ROUTE_CONSOLIDATION}
    answer = ordered(server, wanted, option.quote_token)
    assert same(answer.plan) == same(option.plan)
    again = offered(server, wanted)
    # Of the second line there is less than then.
    ordered(server, basket(lines((other, 2))), "")
    found = refusal(lambda: ordered(server, wanted, again.quote_token))
    assert (found.code, found.reason) == ("FAILED_PRECONDITION", "QUOTE_CHANGED")
    assert "lines[1]" in found.message and "stock: B has 1 of 2 units left" in found.message


def test_of_several_dates_the_one_that_changed_is_named(server: Server) -> None:
    item = some_now_more_later(server)
    wanted = asked(item, 20, "late")
    option = offered(server, wanted)
    ordered(server, basket(lines((item, 4))), "")
    found = refusal(lambda: ordered(server, wanted, option.quote_token))
    assert found.reason == "QUOTE_CHANGED"
    assert "stock: A has 6 of 10 units left" in found.message


EXPRESS = {
    "carrier_services.csv": "EXP,EXPRESS,18:00,DELIVERY\n", "zones.csv": "EXP,,NL,home,1\n",
    "tariffs.csv": "EXP,home,100000000,9950000\n",
}  # fmt: skip


def test_an_option_that_leaves_a_line_short_is_taken_as_it_was_shown(folder: Path) -> None:
    """One line may only go by one service level, the other by another: each level alone leaves one of them short."""
    server = Server(folder)
    for name, row in EXPRESS.items():
        file = folder / "network" / name
        file.write_text(file.read_text("utf-8") + row, "utf-8")
    with server:
        wanted = basket(lines((stocked(server, A=9), 1), (stocked(server, A=9), 1)))
        for line, level in zip(wanted.lines, ("STANDARD", "EXPRESS"), strict=True):
            line.service_level = level
        found = quote(server, wanted).options
        assert [len(option.plan.short_lines) for option in found] == [0, 1, 1]
        for option in found:
            assert same(ordered(server, wanted, option.quote_token, PREVIEW).plan) == same(option.plan)
            assert same(held(server, wanted, option.quote_token).plan) == same(option.plan)
            taken = ordered(server, wanted, option.quote_token)
            assert same(order_of(server, taken.order_id).plan) == same(taken.plan) == same(option.plan)
