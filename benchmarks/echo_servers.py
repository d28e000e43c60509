"""Empty servers to measure against: a unary method that answers with so many bytes, by `grpc.aio` on uvloop or natively.

python benchmarks/echo_servers.py aio 150 1200
"""

import sys
import threading
from typing import Any

import grpc
import uvloop
from grpc import aio
from pygrpc_native import EVENT_CALL, NativeGrpcFront

METHOD = "/bench.Echo/Say"


async def serve_aio(answer: bytes) -> None:
    """The usual server of Python: one coroutine a call."""
    server = aio.server(options=[("grpc.so_reuseport", 0)])

    async def say(message: bytes, context: Any) -> bytes:
        return answer

    handlers = {"Say": grpc.unary_unary_rpc_method_handler(say)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


def serve_native(answer: bytes) -> None:
    """The fast one: calls in batches."""
    front = NativeGrpcFront("127.0.0.1:0", [(METHOD, False)], io_threads=1)
    front.start()
    print(front.bound_port, flush=True)

    def work() -> None:
        while (events := front.recv_batch(256, 100)) is not None:
            for kind, call_id, _, _, _ in events:
                if kind == EVENT_CALL:
                    front.respond(call_id, answer)

    threading.Thread(target=work, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    kind, size = sys.argv[1], int(sys.argv[2])
    if kind == "aio":
        uvloop.run(serve_aio(bytes(size)))
    else:
        serve_native(bytes(size))
