"""Substitutes: used where a line cannot be had as it is, and told wherever they are."""

from belofte.v1 import types_pb2

from tests.acceptance.asking import available, basket, lines, order_request, put, quote, refusal, send
from tests.acceptance.server import Server
from tests.acceptance.test_demand_policies import DUE, asked, expect


def wanted(item: str, quantity: int, *instead: str) -> types_pb2.Basket:
    return basket(lines((item, quantity), allow_substitutes=True, substitute_item_ids=instead))


def test_a_line_that_can_be_had_is_sent_as_it_is(server: Server) -> None:
    own, other = server.item(), server.item()
    put(server, own, {"A": 5})
    put(server, other, {"A": 5})
    option = quote(server, wanted(own, 5, other)).options[0]
    assert [line.item_id for line in option.plan.shipments[0].lines] == [own]
    assert option.line_promises[0].substitute_item_id == ""


def test_the_first_substitute_of_which_all_can_be_had_is_sent(server: Server) -> None:
    own, few, enough = server.item(), server.item(), server.item()
    put(server, own, {"A": 4})
    put(server, few, {"A": 4})
    put(server, enough, {"B": 9})
    asked = wanted(own, 5, few, enough)
    answer = quote(server, asked)
    option = answer.options[0]
    assert not answer.unavailable
    assert [(line.line_id, line.item_id, line.quantity) for line in option.plan.shipments[0].lines] == [("1", enough, 5)]
    assert option.line_promises[0].substitute_item_id == enough
    assert f"{enough} in place of {own}" in option.summary
    # The quote is kept, and without it the order is sourced alike.
    request = order_request(asked)
    request.quote_token = option.quote_token
    sent = send(server, request)
    assert {line.item_id for s in sent.plan.shipments for line in s.lines} == {enough}
    assert sent.plan.cost.total_micros == option.cost_micros
    assert {line.item_id for s in send(server, order_request(wanted(own, 4, enough))).plan.shipments for line in s.lines} == {
        own
    }
    again = send(server, order_request(wanted(own, 4, enough)))
    assert {line.item_id for s in again.plan.shipments for line in s.lines} == {enough}
    assert sum(available(server, enough).values()) == 0


def test_what_no_substitute_serves_is_refused_as_itself(server: Server) -> None:
    own, few = server.item(), server.item()
    put(server, own, {"A": 4})
    put(server, few, {"A": 4})
    refused = refusal(lambda: send(server, order_request(wanted(own, 5, few))))
    assert refused.reason == "NO_STOCK"
    assert own in refused.message and few not in refused.message
    assert (available(server, own), available(server, few)) == ({"A": 4}, {"A": 4})


def test_without_leave_nothing_else_is_sent(server: Server) -> None:
    own, other = server.item(), server.item()
    put(server, other, {"A": 5})
    assert not quote(server, basket(lines((own, 1)))).options
    assert quote(server, wanted(own, 1, other)).options


def test_two_lines_do_not_share_the_units_of_one_substitute(server: Server) -> None:
    one, two, other = server.item(), server.item(), server.item()
    put(server, other, {"A": 5})
    asked = basket(lines((one, 3), (two, 3), allow_substitutes=True, substitute_item_ids=[other]), policy_id="part")
    answer = quote(server, asked)
    assert [(line.line_id, line.item_id, line.short_quantity) for line in answer.unavailable] == [("2", two, 3)]
    assert [promise.substitute_item_id for promise in answer.options[0].line_promises] == [other]


def test_a_line_that_comes_too_late_is_sent_as_another_item(server: Server) -> None:
    own, other = server.item(), server.item()
    expect(server, own, "A", 5, "2030-01-09T08:00")
    put(server, other, {"A": 5})
    late = asked(own, 5, "cost")
    assert [short.reason for short in quote(server, late).unavailable] == ["PROMISE_UNREACHABLE"]
    in_time = asked(own, 5, "cost", allow_substitutes=True, substitute_item_ids=[other])
    option = quote(server, in_time).options[0]
    assert option.line_promises[0].substitute_item_id == other
    assert option.delivery_latest.ToSeconds() <= DUE.ToSeconds()
