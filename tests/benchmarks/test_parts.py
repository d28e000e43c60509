"""The parts of one quote, each run by itself: `make bench-parts` times them, `make test` only sees that they work."""

from typing import Any

import numpy as np
import pytest
from belofte.v1 import promise_service_pb2, types_pb2

from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage, compile_image
from engine.optimizer.direct import Request, decide_direct
from engine.promise.quote import Quote, quote_promise
from engine.service.decode import decode_basket
from engine.service.encode import encode_quote
from engine.service.fields import Violations, parse
from loaders.large_network import large_network

LOCATIONS, ITEMS, POSITIONS = 1_000, 30, 30_000
NOW = 29_700_600
NODES_MAX = 1_000


@pytest.fixture(scope="module")
def image() -> NetworkImage:
    return compile_image(large_network(LOCATIONS, ITEMS, POSITIONS, seed=7))


@pytest.fixture(scope="module")
def stock(image: NetworkImage) -> LiveStock:
    """Every item at every location."""
    live = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1_440)
    item, location = (part.reshape(-1).astype(np.int32) for part in np.indices((ITEMS, LOCATIONS)))
    supply = np.full(len(item), 9, np.int64)
    live.matrix.load(item, location, np.zeros(len(item), np.int32), supply, np.zeros(len(item), np.int64))
    return live


@pytest.fixture(scope="module")
def message(image: NetworkImage) -> bytes:
    """A quote of three lines."""
    place = image.locations[0]
    lines = [types_pb2.BasketLine(line_id=f"{n}", item_id=image.item_ids[n], quantity=1) for n in range(3)]
    destination = types_pb2.Destination(country_code=place.country_code, postal_code=place.postal_code)
    return promise_service_pb2.QuotePromiseRequest(
        basket=types_pb2.Basket(lines=lines, destination=destination)
    ).SerializeToString()


def decoded(message: bytes, image: NetworkImage) -> Any:
    violations = Violations()
    wire = parse(promise_service_pb2.QuotePromiseRequest, message)
    basket = decode_basket(wire.basket, "basket", image, NOW, 500, violations)
    violations.check()
    return basket


@pytest.fixture(scope="module")
def quote(image: NetworkImage, stock: LiveStock, message: bytes) -> Quote:
    return quote_promise(image, stock, decoded(message, image), 3, NODES_MAX)


def test_decode(benchmark: Any, image: NetworkImage, message: bytes) -> None:
    assert len(benchmark(decoded, message, image).lines) == 3


def test_decide(benchmark: Any, quote: Quote) -> None:
    scene = quote.scene
    assert scene.lanes is not None
    request = Request(scene, scene.lanes, (0, 1, 2), (scene.services,))
    ((chosen,),) = benchmark(decide_direct, [request])
    assert chosen is not None
    assert chosen.objective_micros == chosen.lower_bound_micros


def test_quote(benchmark: Any, image: NetworkImage, stock: LiveStock, message: bytes) -> None:
    basket = decoded(message, image)
    assert benchmark(quote_promise, image, stock, basket, 3, NODES_MAX).options


def test_encode(benchmark: Any, quote: Quote) -> None:
    assert len(benchmark(lambda: encode_quote(quote, "1-1", False, 0).SerializeToString())) > 100
