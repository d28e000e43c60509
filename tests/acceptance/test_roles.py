"""A server that asks callers who they are: what each role may do, caps by caller, and what a store sees of an order."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from belofte.v1 import inventory_service_pb2, network_service_pb2, order_service_pb2, reservation_service_pb2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from engine.domain.ids import uuid7
from tests.acceptance.asking import CALL_SECONDS_MAX, basket, lines, order_request, record, refusal
from tests.acceptance.server import Server

KEY = ed25519.Ed25519PrivateKey.generate()


def by(*roles: str, name: str = "") -> dict[str, Any]:
    """How a call is made with these roles."""
    claims = {"sub": name or "-".join(roles), "roles": list(roles), "exp": int(time.time()) + 3_600}
    return {"metadata": (("authorization", f"Bearer {jwt.encode(claims, KEY, 'EdDSA')}"),), "timeout": CALL_SECONDS_MAX}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    (folder / "keys.pem").write_bytes(
        KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with Server(folder, token_keys=str(folder / "keys.pem"), reservations_max="2") as running:
        yield running
        assert running.terminate() == 0
    shutil.rmtree(folder)


def stocked(server: Server, **stock: int) -> str:
    item = server.item()
    request = inventory_service_pb2.AdjustInventoryRequest(
        request_id=uuid7(), records=[record(item, location, quantity) for location, quantity in stock.items()]
    )
    server.inventory.AdjustInventory(request, **by("feed"))
    return item


def sourced(server: Server) -> Any:
    """An order of two shipments, from A and from B."""
    one, other = stocked(server, A=5), stocked(server, B=5)
    return server.sourcing.SourceOrder(order_request(basket(lines((one, 1), (other, 1)))), **by("oms"))


def test_each_role_has_its_methods_and_no_other(guarded: Server) -> None:
    item = stocked(guarded, A=5)
    order = order_request(basket(lines((item, 1))))
    for roles in (("checkout",), ("feed",), ("store:A",), ()):
        assert refusal(lambda roles=roles: guarded.sourcing.SourceOrder(order, **by(*roles))).code == "PERMISSION_DENIED"  # type: ignore[misc]
    assert refusal(lambda: guarded.sourcing.SourceOrder(order, timeout=CALL_SECONDS_MAX)).code == "UNAUTHENTICATED"
    guarded.sourcing.SourceOrder(order, **by("oms"))
    assert guarded.network.GetNetwork(network_service_pb2.GetNetworkRequest(), **by("store:A")).network.name == "acceptance"
    reload = network_service_pb2.ReloadNetworkRequest(request_id=uuid7())
    assert refusal(lambda: guarded.network.ReloadNetwork(reload, **by("operations"))).code == "PERMISSION_DENIED"


def test_a_store_sees_its_own_shipments_and_no_others(guarded: Server) -> None:
    answer = sourced(guarded)
    request = order_service_pb2.GetOrderRequest(order_id=answer.order_id, min_position=answer.position)
    whole = guarded.order.GetOrder(request, **by("oms")).order
    assert {shipment.location_id for shipment in whole.plan.shipments} == {"A", "B"}
    seen = guarded.order.GetOrder(request, **by("store:A")).order
    assert [shipment.location_id for shipment in seen.plan.shipments] == ["A"]
    assert [line.line_id for line in seen.basket.lines] == ["1"]
    assert len(guarded.order.GetOrder(request, **by("store:A", "store:B")).order.plan.shipments) == 2
    assert len(guarded.order.GetOrder(request, **by("store:A", "oms")).order.plan.shipments) == 2
    error = refusal(lambda: guarded.order.GetOrder(request, **by("store:X")))
    assert (error.code, error.reason) == ("NOT_FOUND", "UNKNOWN_ORDER")


def test_a_store_lists_its_own(guarded: Server) -> None:
    order_id = sourced(guarded).order_id
    for location, count in (("A", 1), ("X", 0)):
        listed = guarded.order.ListOrders(order_service_pb2.ListOrdersRequest(page_size=1_000), **by(f"store:{location}"))
        own = [order for order in listed.orders if order.order_id == order_id]
        assert len(own) == count
        assert {s.location_id for order in listed.orders for s in order.plan.shipments} <= {location}
    others = order_service_pb2.ListOrdersRequest(location_ids=["A", "B"])
    assert refusal(lambda: guarded.order.ListOrders(others, **by("store:A"))).code == "PERMISSION_DENIED"


def test_a_store_changes_its_own(guarded: Server) -> None:
    answer = sourced(guarded)
    shipments = {shipment.location_id: shipment.shipment_id for shipment in answer.plan.shipments}

    def accept(location: str, role: str) -> Any:
        request = order_service_pb2.AcceptShipmentRequest(
            request_id=uuid7(), order_id=answer.order_id, shipment_id=shipments[location], min_position=answer.position
        )
        return guarded.order.AcceptShipment(request, **by(role))

    error = refusal(lambda: accept("B", "store:A"))
    assert (error.code, error.reason, error.fields) == ("NOT_FOUND", "UNKNOWN_SHIPMENT", ("shipment_id",))
    accept("A", "store:A")
    accept("B", "operations")
    cancel = order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=answer.order_id)
    assert refusal(lambda: guarded.order.CancelOrder(cancel, **by("store:A"))).code == "PERMISSION_DENIED"


def test_reservations_are_capped_by_caller(guarded: Server) -> None:
    item = stocked(guarded, A=50)

    def reserve(name: str) -> None:
        request = reservation_service_pb2.CreateReservationRequest(
            request_id=uuid7(), reservation_id=f"R-{uuid7()}", basket=basket(lines((item, 1)))
        )
        guarded.reservation.CreateReservation(request, **by("checkout", name=name))

    for name in ("web", "app"):
        reserve(name)
        reserve(name)
        assert refusal(lambda name=name: reserve(name)).code in ("RESOURCE_EXHAUSTED", "FAILED_PRECONDITION")  # type: ignore[misc]


def test_open_port_is_not_served_without_identity(folder: Path) -> None:
    server = Server(folder, host="0.0.0.0")
    process = server.launch()
    try:
        assert process.wait(60) == 2
        assert "can be reached from other machines" in server.log_text()
    finally:
        server.end()


def test_health_is_for_everybody(guarded: Server) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    health = health_pb2_grpc.HealthStub(guarded.channel)
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS_MAX).status == 1
    with pytest.raises(grpc.RpcError):
        guarded.channel.unary_unary("/belofte.v1.OrderService/Nothing")(b"", timeout=CALL_SECONDS_MAX)
