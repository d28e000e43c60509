"""Estimates of many items in one call are those of each by itself."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
from belofte.v1 import promise_service_pb2, types_pb2

from engine.domain.reasons import Refusal
from engine.network.image import NetworkImage
from engine.promise.estimate import estimate_delivery
from engine.service.decode import decode_estimate
from engine.service.estimates import encode_estimate
from engine.service.fields import Violations
from engine.service.plain_quotes import PlainPromises
from tests.optimizer.baskets import NOW, drawn_image, drawn_stock
from tests.optimizer.test_closed import closed_at
from tests.service.test_plain_orders import CLOCK, plainer_image

NODES_MAX = 2_000
Estimated = promise_service_pb2.GetEstimatedDeliveryResponse


def drawn_listing(rng: random.Random, image: NetworkImage) -> promise_service_pb2.GetEstimatedDeliveryRequest:
    """All items, one of them twice, or one alone."""
    request = promise_service_pb2.GetEstimatedDeliveryRequest(
        quantity=rng.choice([0, 1, 1, 2, 3]), channel=rng.choice(["", "web"]), segment=rng.choice(["", "", "vip"]),
        destination=types_pb2.Destination(country_code="NL", postal_code="1011", latitude=52.37, longitude=4.90),
        service_levels=rng.choice([(), (), image.service_levels[:1], image.service_levels[::-1]]),
    )  # fmt: skip
    if rng.random() < 0.1:
        request.item_id = rng.choice(image.item_ids)
    else:
        request.item_ids.extend([*image.item_ids, image.item_ids[0]])
    if rng.random() < 0.05:
        request.delivery_methods.append(types_pb2.DELIVERY_METHOD_SHIP)
    return request


def test_each_item_is_estimated_as_if_alone() -> None:
    """On random networks and stock, scarce and limited, receipts, pools and all; and nothing is held."""
    told: Counter[str] = Counter()
    for seed in range(500):
        rng = random.Random(seed)
        image = drawn_image(rng) if seed % 4 == 0 else plainer_image(rng)
        stock = drawn_stock(rng, image)
        if seed % 5 == 0:
            closed_at(stock, image, [at for at in range(len(image.location_ids)) if (at + seed) % 3 == 0])
        demand = stock.matrix.demand.copy()
        request = drawn_listing(rng, image)
        asked, items = decode_estimate(request, image, NOW, wrong := Violations())
        wrong.check()
        answers = PlainPromises(image, 500, CLOCK).listings.answer(request, asked, items, stock)
        assert np.array_equal(stock.matrix.demand, demand)
        for item, answer in zip(items, answers, strict=True):
            told["all"] += 1
            if answer is None:
                continue
            try:
                alone = estimate_delivery(image, stock, replace(asked, item=item), NODES_MAX)
            except Refusal as refusal:
                raise AssertionError(f"{seed}: {refusal}") from refusal
            expected = [encode_estimate(each, image.location_ids) for each in alone]
            found = Estimated.FromString(answer)
            if request.item_ids:
                (of_item,) = found.items
                assert of_item.item_id == image.item_ids[item] and list(of_item.estimates) == expected, seed
            else:
                assert list(found.estimates) == expected, seed
            told["plain"] += 1
            told["one"] += not request.item_ids
            told["none"] += not expected
            told["several"] += len(expected) > 1
            told["more than one unit"] += asked.quantity > 1 and bool(expected)
            told["later"] += any(each.available > 0 and each.order_by_minute > NOW + 1440 for each in alone)
    assert min(told.values()) > 15, told
    assert told["plain"] > told["all"] // 3, told
