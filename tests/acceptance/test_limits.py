"""Lines that belong together, kits, and limits that are hard or have a price, through gRPC; acceptance case 32."""

import pytest
from belofte.v1 import types_pb2

from tests.acceptance.asking import (
    Stock,
    basket,
    lines,
    order_of,
    order_request,
    put,
    put_available,
    quote,
    refusal,
    send,
    shipped,
    source,
    stock_of,
    stocked,
)
from tests.acceptance.server import Server

IntegerConstraint, FlagConstraint = types_pb2.IntegerConstraint, types_pb2.FlagConstraint


def test_a_ship_set_leaves_one_location_though_two_would_be_cheaper_to_pick(server: Server) -> None:
    near, far = stocked(server, A=5, B=5), stocked(server, B=5)
    answer = send(server, order_request(basket(lines((near, 1), (far, 1), ship_set="s"))))
    assert shipped(answer.plan) == {"B": {"1": 1, "2": 1}}
    # Apart: neither leaves, and the answer names what keeps them.
    only_a = stocked(server, A=5)
    error = refusal(lambda: send(server, order_request(basket(lines((only_a, 1), (far, 1), ship_set="s")))))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "RESTRICTED")
    assert "lines[1].ship_set" in error.message
    assert stock_of(server, only_a).allocated == 0


def test_an_arrival_set_comes_on_one_day(server: Server) -> None:
    fast, slow = stocked(server, A=1), stocked(server, **{"new-york": 1})
    apart = quote(server, basket(lines((fast, 1), (slow, 1)), policy_id="abroad")).options[0]
    days = {promise.delivery_latest.seconds // 86_400 for promise in apart.line_promises}
    assert len(days) == 2
    # What A could deliver sooner waits there for what comes from New York.
    wanted = basket(lines((fast, 1), (slow, 1), arrival_set="s"), policy_id="abroad")
    answer = quote(server, wanted)
    assert not answer.unavailable
    (day,) = {promise.delivery_latest.seconds for promise in answer.options[0].line_promises}
    assert day == max(promise.delivery_latest.seconds for promise in apart.line_promises)


def test_a_limit_with_a_price_is_broken_only_where_that_pays(server: Server) -> None:
    one, other = stocked(server, A=5), stocked(server, B=5)
    limits = types_pb2.Constraints(max_locations=IntegerConstraint(value=1, penalty_micros=700))
    answer = source(server, (one, 1), (other, 1), constraints=limits)
    assert shipped(answer.plan) == {"A": {"1": 1}, "B": {"2": 1}}
    terms = {term.term: term for term in answer.plan.cost.terms}
    assert (terms["penalty"].raw_micros, terms["penalty"].weighted_micros) == (700, 700)
    assert answer.plan.cost.total_micros == sum(term.weighted_micros for term in answer.plan.cost.terms)
    assert answer.plan.certificate.lower_bound_micros == answer.plan.certificate.objective_micros
    # Hard, it is kept, and named where it is what stands in the way.
    limits.max_locations.ClearField("penalty_micros")
    error = refusal(lambda: source(server, (one, 1), (other, 1), constraints=limits))
    assert (error.reason, "constraints.max_locations" in error.message) == ("RESTRICTED", True)


def test_ship_complete_of_a_basket_is_one_shipment_or_nothing(server: Server) -> None:
    one, other = stocked(server, A=5, X=1), stocked(server, Y=5, X=1)
    limits = types_pb2.Constraints(ship_complete=FlagConstraint(value=True))
    assert shipped(source(server, (one, 1), (other, 1), constraints=limits).plan) == {"X": {"1": 1, "2": 1}}
    error = refusal(lambda: source(server, (one, 1), (other, 1), constraints=limits))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "RESTRICTED")
    assert error.message.count("constraints.ship_complete") >= 1
    wanted = basket(lines((one, 1), (other, 1)), constraints=limits)
    wanted.lines[0].delivery_method, wanted.lines[0].pickup_location_id = types_pb2.DELIVERY_METHOD_PICKUP, "store"
    assert refusal(lambda: quote(server, wanted)).fields == ("basket.constraints.ship_complete",)


def test_a_line_to_be_filled_or_killed_is_killed_and_the_rest_goes_on(server: Server) -> None:
    some, plenty = stocked(server, A=2, B=1), stocked(server, A=5)
    killed, rest = lines((some, 4), (plenty, 2))
    killed.fill_or_kill = True
    request = order_request(basket([killed, rest]))
    answer = send(server, request)
    assert shipped(answer.plan) == {"A": {"2": 2}}
    assert [(line.line_id, line.short_quantity, line.reason) for line in answer.plan.short_lines] == [("1", 4, "NO_STOCK")]
    assert answer.plan.certificate.status == types_pb2.CERTIFICATE_STATUS_OPTIMAL
    assert (stock_of(server, some), stock_of(server, plenty)) == (Stock(3, 0, 3), Stock(5, 2, 3))
    repeated = send(server, request)
    assert (repeated.duplicate, repeated.plan) == (True, answer.plan)
    # Three there are: filled whole, by two shipments.
    killed.quantity = 3
    assert shipped(send(server, order_request(basket([killed, rest]))).plan) == {"A": {"1": 2, "2": 2}, "B": {"1": 1}}


@pytest.mark.parametrize("killed_first", [True, False])
def test_a_line_that_may_be_killed_gives_way_to_one_that_may_not(server: Server, killed_first: bool) -> None:
    """Of one item there is enough for either: whichever comes first, the order goes on with the line that must be had."""
    scarce = stocked(server, A=4)
    wanted = lines((scarce, 3), (scarce, 3))
    wanted[0 if killed_first else 1].fill_or_kill = True
    answer = send(server, order_request(basket(wanted)))
    kept = "2" if killed_first else "1"
    assert shipped(answer.plan) == {"A": {kept: 3}}
    (killed,) = answer.plan.short_lines
    assert (killed.line_id == kept, killed.short_quantity, killed.reason) == (False, 3, "NO_STOCK")
    assert stock_of(server, scarce) == Stock(4, 3, 1)


def test_of_lines_that_may_be_killed_the_first_that_can_stay_do(server: Server) -> None:
    """Five of one item for 2 + 2 + 2, of which the last must be had: the first stays, the second is killed."""
    scarce = stocked(server, A=5)
    wanted = lines((scarce, 2), (scarce, 2), (scarce, 2))
    wanted[0].fill_or_kill = wanted[1].fill_or_kill = True
    answer = send(server, order_request(basket(wanted)))
    assert shipped(answer.plan) == {"A": {"1": 2, "3": 2}}
    assert [line.line_id for line in answer.plan.short_lines] == ["2"]
    # One location for an order that has what may be killed at one, and the other line elsewhere.
    here, there = stocked(server, A=5), stocked(server, B=5)
    wanted = lines((here, 5), (there, 1))
    wanted[0].fill_or_kill = True
    limits = types_pb2.Constraints(max_locations=IntegerConstraint(value=1))
    answer = send(server, order_request(basket(wanted, constraints=limits)))
    assert (shipped(answer.plan), [line.line_id for line in answer.plan.short_lines]) == ({"B": {"2": 1}}, ["1"])


def test_nothing_but_killed_lines_is_no_order(server: Server) -> None:
    some, plenty = stocked(server, A=2), stocked(server, A=5)
    killed, rest = lines((some, 3), (plenty, 2))
    killed.fill_or_kill = True
    error = refusal(lambda: send(server, order_request(basket([killed]))))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "NO_STOCK")
    # What is to come complete does not go without a line, and neither does a line that is not to be killed.
    limits = types_pb2.Constraints(ship_complete=FlagConstraint(value=True))
    assert refusal(lambda: send(server, order_request(basket([killed, rest], constraints=limits)))).reason == "NO_STOCK"
    killed.fill_or_kill, killed.ship_complete = False, True
    assert refusal(lambda: send(server, order_request(basket([killed, rest])))).reason == "NO_STOCK"
    assert (stock_of(server, some), stock_of(server, plenty)) == (Stock(2, 0, 2), Stock(5, 0, 5))


def test_a_cheap_basket_is_not_split_below_its_value(server: Server) -> None:
    one, other = stocked(server, A=5), stocked(server, B=5)
    limits = types_pb2.Constraints(no_split_below_micros=IntegerConstraint(value=50_000_000))
    error = refusal(lambda: source(server, (one, 1), (other, 1), constraints=limits))
    assert (error.reason, "constraints.no_split_below_micros" in error.message) == ("RESTRICTED", True)
    worth = basket(lines((one, 1), (other, 1), unit_price_micros=25_000_000), constraints=limits)
    assert len(send(server, order_request(worth)).plan.shipments) == 2


def test_classes_are_kept_whole_and_items_that_ship_alone_have_their_own_shipment(server: Server) -> None:
    put(server, "cup", {"A": 3, "B": 3})
    limits = types_pb2.Constraints(no_split_item_classes=types_pb2.NamesConstraint(values=["whole"]))
    error = refusal(lambda: source(server, ("cup", 4), constraints=limits))
    assert (error.reason, "no_split_item_classes" in error.message) == ("RESTRICTED", True)
    assert sum(sum(units.values()) for units in shipped(source(server, ("cup", 4)).plan).values()) == 4
    put(server, "sofa", {"A": 2})
    item = stocked(server, A=2)
    plan = source(server, ("sofa", 1), (item, 1)).plan
    assert [sorted(line.item_id for line in shipment.lines) for shipment in plan.shipments] in (
        [["sofa"], [item]],
        [[item], ["sofa"]],
    )


@pytest.mark.parametrize("mode", ["network", "spelt out"])
def test_a_kit_is_sourced_as_its_components_from_one_location(server: Server, mode: str) -> None:
    for part, units in (("leg", 40), ("top", 3), ("board", 40)):
        put_available(server, part, {"Y": units})
    wanted = lines(("table", 2))
    if mode == "spelt out":
        wanted += [
            types_pb2.BasketLine(line_id="leg", item_id="leg", quantity=8, kit_parent_line_id="1", kit_ratio=4),
            types_pb2.BasketLine(line_id="top", item_id="top", quantity=2, kit_parent_line_id="1", kit_ratio=1),
        ]
    before = {part: stock_of(server, part).allocated for part in ("leg", "top")}
    option = quote(server, basket(wanted)).options[0]
    if mode == "network":
        assert [(promise.line_id, promise.quantity) for promise in option.line_promises] == [("1", 2)]
    answer = send(server, order_request(basket(wanted)))
    (shipment,) = answer.plan.shipments
    assert {(line.item_id, line.quantity) for line in shipment.lines} == {("leg", 8), ("top", 2)}
    assert {part: stock_of(server, part).allocated - before[part] for part in before} == {"leg": 8, "top": 2}
    assert order_of(server, answer.order_id).order_id == answer.order_id


def test_kits_that_share_a_component_are_refused_as_one(server: Server) -> None:
    """Case 32: eight of each, and legs for ten."""
    for part, units in (("leg", 40), ("top", 50), ("board", 50)):
        put_available(server, part, {"Y": units})
    allocated = {part: stock_of(server, part).allocated for part in ("leg", "top", "board")}
    error = refusal(lambda: source(server, ("table", 8), ("bench", 8)))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "NO_STOCK")
    assert error.fields == ("order.basket.lines[0].quantity", "order.basket.lines[1].quantity")
    assert {part: stock_of(server, part).allocated for part in allocated} == allocated
    assert len(source(server, ("table", 5), ("bench", 5)).plan.shipments) == 1
    # A kit of kits comes down to the same parts.
    put_available(server, "leg", {"Y": 40})
    plan = source(server, ("set", 1)).plan
    assert {(line.item_id, line.quantity) for line in plan.shipments[0].lines} == {("leg", 12), ("top", 1), ("board", 2)}
