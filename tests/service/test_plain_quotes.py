"""Plain quotes answered together get the answers that they get one by one."""

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from belofte.v1 import promise_service_pb2, types_pb2

from engine.domain.reasons import Refusal
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.promise.quote import quote_promise
from engine.service.decode import decode_estimate, decode_options_max, decode_quote
from engine.service.encode import encode_quote
from engine.service.fields import Violations
from engine.service.plain_quotes import Moment, PlainPromises
from engine.service.quote_tokens import QuoteKey, QuoteSigner
from tests.optimizer.baskets import NOW, drawn_image, drawn_stock
from tests.optimizer.test_closed import closed_at
from tests.service.test_plain_orders import CLOCK, plainer_image

NODES_MAX = 2_000
MOMENT = Moment(NOW, "3-1041", stale=False)


def drawn_quote(rng: random.Random, image: NetworkImage) -> promise_service_pb2.QuotePromiseRequest:
    """Mostly a plain one."""
    basket = types_pb2.Basket(
        destination=types_pb2.Destination(country_code="NL", postal_code="1011", latitude=52.37, longitude=4.90),
        segment=rng.choice(["", "", "vip"]), channel=rng.choice(["", "web"]), customer_id=rng.choice(["", "", "C1"]),
    )  # fmt: skip
    for n, item in enumerate(rng.sample(range(len(image.items)), rng.randint(1, 5))):
        basket.lines.add(
            line_id=f"l{n}", item_id=image.item_ids[item], quantity=rng.choice([1, 1, 1, 2, 3]),
            unit_price_micros=rng.choice([0, 5_000_000]),
        )  # fmt: skip
    if rng.random() < 0.05:
        basket.lines[0].fill_or_kill = True
    return promise_service_pb2.QuotePromiseRequest(
        basket=basket, max_options=rng.choice([0, 0, 1, 2, 10]), omit_frontier=rng.random() < 0.3
    )


def quoted_alone(
    request: promise_service_pb2.QuotePromiseRequest,
    image: NetworkImage,
    stock: LiveStock,
    key: QuoteKey | None = None,
    position: str = MOMENT.position,
) -> promise_service_pb2.QuotePromiseResponse | None:
    """By the ordinary way; None: refused."""
    wrong = Violations()
    options_max = decode_options_max(request.max_options, wrong)
    basket = decode_quote(request, image, NOW, 500, wrong)
    try:
        wrong.check()
        quote = quote_promise(image, stock, basket, options_max, NODES_MAX, with_frontier=not request.omit_frontier)
    except Refusal:
        return None
    signer = QuoteSigner(key, image, request.basket, NOW, position, NOW) if key is not None else None
    return without_timings(encode_quote(quote, position, MOMENT.stale, 0, signer))


def without_timings(answer: promise_service_pb2.QuotePromiseResponse) -> promise_service_pb2.QuotePromiseResponse:
    for option in answer.options:
        option.plan.certificate.ClearField("solve_micros")
    return answer


def quoted_together(
    requests: Sequence[promise_service_pb2.QuotePromiseRequest], promises: PlainPromises, stock: LiveStock
) -> list[promise_service_pb2.QuotePromiseResponse | None]:
    """None: left to the ordinary way."""
    answers = promises.answer([request.SerializeToString() for request in requests], stock, MOMENT)
    return [
        None if each is None else without_timings(promise_service_pb2.QuotePromiseResponse.FromString(each)) for each in answers
    ]


def test_stock_loaded_anew_numbers_its_receipts_anew() -> None:
    """Also where it is a listing that meets it first."""
    anew = 0
    for seed in range(200):
        rng = random.Random(seed)
        image = plainer_image(rng)
        promises = PlainPromises(image, 500, CLOCK)
        quoted_together([drawn_quote(rng, image) for _ in range(4)], promises, drawn_stock(rng, image))
        stock = drawn_stock(rng, image)
        if seed % 2:
            asked = promise_service_pb2.GetEstimatedDeliveryRequest(
                item_ids=image.item_ids, destination=types_pb2.Destination(country_code="NL", latitude=52.37, longitude=4.90)
            )
            promises.listings.answer(asked, *decode_estimate(asked, image, NOW, Violations()), stock)
        requests = [drawn_quote(rng, image) for _ in range(4)]
        for request, answer in zip(requests, quoted_together(requests, promises, stock), strict=True):
            if answer is not None:
                assert answer == quoted_alone(request, image, stock), seed
                anew += any(line.receipt_id for option in answer.options for s in option.plan.shipments for line in s.lines)
    assert anew > 10


@pytest.mark.parametrize("position", ["", "3-1041", "2-7,5-1"])
def test_a_position_of_any_kind_stands_in_a_token(position: str) -> None:
    """Before the first, of one log, and of several."""
    signed = 0
    for seed in range(80):
        rng = random.Random(seed)
        image, key = plainer_image(rng), QuoteKey(b"secret")
        stock, request = drawn_stock(rng, image), drawn_quote(rng, image)
        moment = MOMENT._replace(position=position)
        (answer,) = PlainPromises(image, 500, CLOCK, key).answer([request.SerializeToString()], stock, moment)
        if answer is not None:
            found = without_timings(promise_service_pb2.QuotePromiseResponse.FromString(answer))
            assert found == quoted_alone(request, image, stock, key, position)
            signed += bool(found.options[0].quote_token)
    assert signed > 3


def test_options_frontier_and_all_else_are_those_of_one_by_one() -> None:
    """Tokens too; on random networks and stock, scarce and limited, receipts, pools and all; and nothing is held."""
    told: Counter[str] = Counter()
    for seed in range(500):
        rng = random.Random(seed)
        image = drawn_image(rng) if seed % 4 == 0 else plainer_image(rng)
        stock = drawn_stock(rng, image)
        if seed % 5 == 0:
            closed_at(stock, image, [at for at in range(len(image.location_ids)) if (at + seed) % 3 == 0])
        demand, used = stock.matrix.demand.copy(), stock.capacity_used.copy()
        requests = [drawn_quote(rng, image) for _ in range(rng.randint(1, 6))]
        key = QuoteKey(b"secret", rng.choice([1, 30, 10_000])) if seed % 3 else None
        found = quoted_together(requests, PlainPromises(image, 500, CLOCK, key), stock)
        assert np.array_equal(stock.matrix.demand, demand) and np.array_equal(stock.capacity_used, used)
        for request, answer in zip(requests, found, strict=True):
            told["all"] += 1
            if answer is None:
                continue
            assert answer == quoted_alone(request, image, stock, key), seed
            told["signed"] += bool(answer.options[0].quote_token)
            told["plain"] += 1
            told["several options"] += len(answer.options) > 1
            told["several points"] += len(answer.frontier) > 1
            told["several shipments"] += any(len(option.plan.shipments) > 1 for option in answer.options)
            told["receipts"] += any(
                line.receipt_id for option in answer.options for s in option.plan.shipments for line in s.lines
            )
    assert min(told.values()) > 20
