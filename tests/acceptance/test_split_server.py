"""A whole server over two shards: sold from, its children killed, audited, started again; never with another number."""

import json
from pathlib import Path

import grpc
from belofte.v1 import sourcing_service_pb2, types_pb2

from tests.acceptance.asking import CALL_SECONDS_MAX, basket, lines, order_request, stocked
from tests.acceptance.living import do
from tests.acceptance.server import Server, wait_for
from tests.acceptance.test_audit import audited
from tests.acceptance.test_reservations import counts

SHARDS = "2"
BACK_SECONDS_MAX = 60.0


def test_a_server_over_shards(folder: Path) -> None:
    with Server(folder, warm_up="short", shards=SHARDS) as server:
        items = [stocked(server, A=9, B=9) for _ in range(6)]
        request = order_request(basket(lines(*((item, 2) for item in items))))
        answer = server.sourcing.SourceOrder(request, timeout=CALL_SECONDS_MAX)
        assert answer.state == types_pb2.ORDER_STATE_SOURCED
        assert len(answer.position.split(",")) == 2, "its items lie in both"
        assert [counts(server, item) for item in items] == [(0, 2, 16)] * 6
        for name in ("valkey", "engine"):
            server.kill_child(name)
        wait_for(lambda: is_known(server, request), BACK_SECONDS_MAX)
        assert [counts(server, item) for item in items] == [(0, 2, 16)] * 6
        do(server, "CancelOrder", order_id=request.order.order_id)
        assert [counts(server, item) for item in items] == [(0, 0, 18)] * 6
        found = json.loads(audited(server, "--json", shards=SHARDS).stdout)
        assert len(found) == 2 and all(each["clean"] and each["entries"] for each in found)
        assert server.terminate() == 0
        server.start()
        assert is_known(server, request)
        assert server.terminate() == 0
    other = Server(folder, warm_up="short")
    assert other.launch().wait(BACK_SECONDS_MAX) == 1
    assert "the ledger holds a network over 2 shards, not 1" in " ".join(other.log_text().split())


def is_known(server: Server, request: sourcing_service_pb2.SourceOrderRequest) -> bool:
    """Whether the order's request is answered as a repeat; False while the server cannot."""
    try:
        return server.sourcing.SourceOrder(request, timeout=CALL_SECONDS_MAX).duplicate
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED), error
        return False
