"""What the customer pays: quoted, kept by the order, estimated; and never charged again for what keeps a promise."""

from belofte.v1 import types_pb2

from tests.acceptance.asking import basket, lines, order_request, put, quote, send, stocked
from tests.acceptance.living import do, order
from tests.acceptance.server import Server
from tests.acceptance.test_declines import DAMAGED, declined

STANDARD, PICKUP = 4_950_000, 1_000_000


def test_an_option_has_the_fee_of_its_levels_once(server: Server) -> None:
    """Also where lines are collected, or two parcels come: the fee is for the delivery, and no part of what a plan costs."""
    here, there = stocked(server, A=1), stocked(server, B=1)
    wanted = lines((here, 1), (there, 1))
    free, paid = (quote(server, basket(wanted, policy_id=policy)).options[0] for policy in ("", "paid"))
    assert len(paid.plan.shipments) == 2
    assert (free.fee_micros, paid.fee_micros) == (0, STANDARD)
    assert sorted(each.fee_micros for each in paid.plan.shipments) == [0, STANDARD]
    assert paid.cost_micros == sum(each.weighted_micros for each in paid.plan.cost.terms)

    item = server.item()
    put(server, item, {"A": 5, "corner": 5})
    mixed = lines((item, 1), (here, 1))
    mixed[0].delivery_method, mixed[0].pickup_location_id = types_pb2.DELIVERY_METHOD_PICKUP, "corner"
    assert quote(server, basket(mixed, policy_id="paid")).options[0].fee_micros == STANDARD + PICKUP


def test_a_shipment_in_place_of_a_declined_one_is_not_charged_again(server: Server) -> None:
    item = stocked(server, A=1, B=1)
    order_id = send(server, order_request(basket(lines((item, 1)), policy_id="paid"))).order_id
    assert [each.fee_micros for each in order(server, order_id).plan.shipments] == [STANDARD]
    do(server, "DeclineShipmentLines", order_id=order_id, shipment_id=f"{order_id}-1", lines=[declined("1", DAMAGED)])
    after = order(server, order_id).plan.shipments
    assert [(each.location_id, each.fee_micros) for each in after] == [("A", STANDARD), ("B", 0)]
