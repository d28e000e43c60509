"""Lines counted from bytes: as a reader that knows no field counts them, and never more in a message that is none."""

import random

import numpy as np
import pytest
from belofte.v1 import promise_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.message import DecodeError, Message

from engine.kernels.count_lines import DEPTH, count_lines
from engine.service.handlers import METHODS
from engine.service.work import LIGHT_LINES_MAX, LINE_BYTES, lines_of
from tests.naive.count_lines import count_lines as count_naively

QUOTE, BATCH, SOURCE, ORDERS = (5, 1), (5, 5, 1), (5, 3, 1), (5, 5, 3, 1)


def counted(message: bytes, path: tuple[int, ...]) -> int:
    buffer = np.frombuffer(b"\xff" + message + b"\x0a\x00", np.uint8)
    counts = np.zeros(1, np.int64)
    along = np.array([(*path, 0, 0, 0)[:DEPTH]], np.int64)
    count_lines(buffer, np.array([1]), np.array([1 + len(message)]), along, np.empty(DEPTH, np.int64), counts)
    return int(counts[0])


def basket(rng: random.Random, lines: int) -> types_pb2.Basket:
    return types_pb2.Basket(
        lines=[
            types_pb2.BasketLine(line_id=str(n), item_id="i" * rng.randrange(200), quantity=rng.choice([1, -1, 2**62]))
            for n in range(lines)
        ],
        destination=types_pb2.Destination(latitude=52.0, longitude=4.0), request_time={"seconds": -5},
    )  # fmt: skip


def messages(rng: random.Random) -> list[tuple[Message, tuple[int, ...]]]:
    quote = promise_service_pb2.QuotePromiseRequest(basket=basket(rng, rng.randrange(20)), max_options=3)
    batch = promise_service_pb2.BatchQuotePromisesRequest(
        requests=[
            promise_service_pb2.QuotePromiseRequest(basket=basket(rng, rng.randrange(5))) for _ in range(rng.randrange(9))
        ]
    )
    order = types_pb2.Order(order_id="o", basket=basket(rng, rng.randrange(600)), priority=-1)
    source = sourcing_service_pb2.SourceOrderRequest(order=order)
    orders = sourcing_service_pb2.BatchSourceOrdersRequest(requests=[source] * rng.randrange(4))
    return [(quote, QUOTE), (batch, BATCH), (source, SOURCE), (orders, ORDERS)]


@pytest.mark.parametrize("seed", range(20))
def test_lines_are_counted_as_a_reader_counts_them(seed: int) -> None:
    rng = random.Random(seed)
    for message, path in messages(rng):
        data = message.SerializeToString()
        assert counted(data, path) == count_naively(data, path)


@pytest.mark.parametrize("seed", range(10))
def test_spoilt_messages_are_counted_as_far_as_they_are_good(seed: int) -> None:
    rng = random.Random(seed)
    agreed = disagreed = 0
    for _ in range(300):
        message, path = rng.choice(messages(rng)[:2])
        data = bytearray(message.SerializeToString())
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
        found = counted(bytes(data), path)
        assert 0 <= found <= len(data)
        try:
            expected = count_naively(bytes(data), path)
        except DecodeError:
            continue
        # A tag or length that is written longer than it needs to be ends the count; it cannot add to it.
        assert found <= expected
        agreed += found == expected
        disagreed += found < expected
    assert agreed > 20 and disagreed < agreed


def test_each_path_leads_to_lines() -> None:
    """By the contract: messages down to a repeated field of lines."""
    paths = {name: method.lines for name, method in METHODS.items() if method.lines}
    assert len(paths) == 7
    pool = promise_service_pb2.DESCRIPTOR.pool
    for name, path in paths.items():
        service, method = name.strip("/").split("/")
        kind = pool.FindServiceByName(service).FindMethodByName(method).input_type
        for number in path[:-1]:
            kind = kind.fields_by_number[number].message_type
        assert (kind.full_name, kind.fields_by_number[path[-1]].name) == ("belofte.v1.Basket", "lines"), name


def test_size_counts_where_lines_do_not() -> None:
    padded = types_pb2.Basket(customer_id="x" * 20 * LINE_BYTES).SerializeToString()
    quote = promise_service_pb2.QuotePromiseRequest(basket=types_pb2.Basket.FromString(padded)).SerializeToString()
    assert lines_of([quote, b""], [QUOTE, QUOTE]) == [20, 1]
    assert lines_of([bytes(LINE_BYTES * 3)], [()]) == [3]
    assert lines_of([bytes(10**6), b""], [(), QUOTE]) == [LIGHT_LINES_MAX, 1]
