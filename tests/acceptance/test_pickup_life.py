"""Orders that are collected: ready, kept, collected in parts; and pickups against deliveries of the same stock."""

from belofte.v1 import order_service_pb2, types_pb2

from tests.acceptance.asking import available, basket, lines, order_request, quote, refusal, send, source, stock_of, stocked
from tests.acceptance.living import PLANNED, do, listed, order, state, states, told, units, wrong
from tests.acceptance.server import Server

PICKUP = types_pb2.DELIVERY_METHOD_PICKUP


def collected(item: str, quantity: int, at: str) -> types_pb2.Basket:
    return basket(lines((item, quantity), delivery_method=PICKUP, pickup_location_id=at))


def test_a_pickup_holds_its_units_and_a_delivery_takes_what_is_left(server: Server) -> None:
    """Case 29: 4 of Z's 5 are held; a delivery of 2 takes at most 1 there."""
    item = stocked(server, Z=5)
    held = send(server, order_request(collected(item, 4, "Z")))
    assert refusal(lambda: source(server, (item, 2))).reason == "NO_STOCK"
    item_there = available(server, item)
    assert item_there == {"Z": 1}
    assert [each.location_id for each in source(server, (item, 1)).plan.shipments] == ["Z"]
    assert stock_of(server, item) == (5, 5, 0)
    do(server, "CancelOrder", order_id=held.order_id)
    assert available(server, item) == {"Z": 4}


def test_ready_collected_in_parts_and_done(server: Server) -> None:
    item = stocked(server, store=5)
    made = send(server, order_request(collected(item, 3, "store")))
    first = f"{made.order_id}-1"
    assert wrong(server, "CollectShipment", order_id=made.order_id, shipment_id=first).reason == "WRONG_STATE"
    refused = wrong(server, "ShipShipment", order_id=made.order_id, shipment_id=first)
    assert refused.reason == "WRONG_STATE" and "PICKUP" in refused.message
    found = do(server, "MarkReadyForPickup", order_id=made.order_id, shipment_id=first).order
    assert found.plan.shipments[0].HasField("keep_until")
    assert stock_of(server, item) == (5, 3, 2), "ready, and still in the store"
    found = do(server, "CollectShipment", order_id=made.order_id, shipment_id=first, lines=[("1", 2)]).order
    assert states(found) == [("1", "store", "COLLECTED", 2), ("2", "store", "READY_FOR_PICKUP", 1)]
    assert stock_of(server, item) == (3, 1, 2)
    do(server, "CollectShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-2")
    assert stock_of(server, item) == (2, 0, 2)
    assert state(server, made.order_id) == "COMPLETED"
    assert told(server, made.order_id)[1:] == ["SHIPMENT_READY", "SHIPMENT_COLLECTED", "SHIPMENT_COLLECTED"]


def test_what_waits_for_its_customer_can_be_cancelled(server: Server) -> None:
    item = stocked(server, store=2)
    made = send(server, order_request(collected(item, 2, "store")))
    do(server, "MarkReadyForPickup", order_id=made.order_id, shipment_id=f"{made.order_id}-1")
    assert units(do(server, "CancelOrder", order_id=made.order_id).order) == {"1": {"CANCELLED": 2}}
    assert stock_of(server, item) == (2, 0, 2)


def test_a_store_sees_its_own_list(server: Server) -> None:
    item = stocked(server, store=9, A=9)
    mine = [send(server, order_request(collected(item, 1, "store"))).order_id for _ in range(2)]
    other = source(server, (item, 1), destination=types_pb2.Destination(country_code="NL", postal_code="1012 AB")).order_id
    found = listed(server, location_ids=["store"], shipment_states=[PLANNED], item_ids=[item])
    assert found == mine[::-1] and other not in found
    do(server, "AcceptShipment", order_id=mine[0], shipment_id=f"{mine[0]}-1")
    assert listed(server, location_ids=["store"], shipment_states=[PLANNED], item_ids=[item]) == [mine[1]]
    assert quote(server, collected(item, 1, "store")).options
    assert order(server, mine[0]).state == types_pb2.ORDER_STATE_IN_FULFILLMENT


def test_a_complete_order_is_collected_where_a_part_of_it_came_by_transfer(server: Server) -> None:
    """Case 30, to its end: one line is at the store, the other is sent there first, declined, and comes from elsewhere."""
    here, there = stocked(server, corner=1), stocked(server, A=1, B=1)
    made = send(
        server, order_request(basket(lines((here, 1), (there, 1), delivery_method=PICKUP, pickup_location_id="corner")))
    )
    own = next(each for each in made.plan.shipments if each.location_id == "corner")
    moved = next(each for each in made.plan.shipments if each.location_id != "corner")
    assert moved.via_location_id == "corner"
    busy = order_service_pb2.DeclinedLine(line_id="2", reason="TOO_BUSY")
    left = do(server, "DeclineShipmentLines", order_id=made.order_id, shipment_id=moved.shipment_id, lines=[busy]).order
    other = left.plan.shipments[-1]
    assert (other.via_location_id, {moved.location_id, other.location_id}) == ("corner", {"A", "B"})
    refused = wrong(server, "MarkReadyForPickup", order_id=made.order_id, shipment_id=other.shipment_id)
    assert refused.reason == "WRONG_STATE" and "SHIP_TO_STORE" in refused.message, "it is not there yet"
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=other.shipment_id)
    assert stock_of(server, there) == (1, 0, 1), "it has left the stock that it came from"
    for shipment_id in (own.shipment_id, other.shipment_id):
        do(server, "MarkReadyForPickup", order_id=made.order_id, shipment_id=shipment_id)
    for shipment_id in (own.shipment_id, other.shipment_id):
        do(server, "CollectShipment", order_id=made.order_id, shipment_id=shipment_id)
    assert state(server, made.order_id) == "COMPLETED"
    assert (stock_of(server, here), stock_of(server, there)) == ((0, 0, 0), (1, 0, 1))
