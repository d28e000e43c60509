"""Estimates of many items from one request to the bytes of their answers, by kernels (`promise/plain_estimates.py`)."""

from collections.abc import Sequence

import numpy as np
from belofte.v1 import promise_service_pb2, types_pb2
from numpy.typing import NDArray

from engine.domain.basket import DeliveryMethod
from engine.inventory.live import LiveStock
from engine.kernels.plan_estimates import TOLD_FIELDS
from engine.kernels.write_estimates import ESTIMATE_BYTES, ITEM_BYTES, write_estimates
from engine.network.fees import fee_of
from engine.network.image import NetworkImage
from engine.promise.estimate import EstimateRequest
from engine.promise.plain_estimates import PlainEstimator
from engine.service.order_texts import utf8
from engine.service.plain_kinds import PlainKinds

Ints = NDArray[np.int64]


class PlainListings:
    """Estimates items of one network image that are to be shipped. Used by one thread."""

    def __init__(self, image: NetworkImage, kinds: PlainKinds) -> None:
        self._kinds = kinds
        self._estimator = PlainEstimator(image)
        self._image = image

    def answer(
        self, request: promise_service_pb2.GetEstimatedDeliveryRequest, asked: EstimateRequest, items: Sequence[int],
        stock: LiveStock,
    ) -> list[bytes | None]:  # fmt: skip
        """What is told of each item as fields of the answer, encoded; None: by the ordinary way. The request is in order."""
        answers: list[bytes | None] = [None] * len(items)
        kinds = self._kinds
        rows = np.flatnonzero(kinds.is_plain[np.array(items, np.int64)])
        if asked.destination is None or asked.pickup_locations or asked.is_digital or not len(rows):
            return answers
        kinds.follow(stock)
        basket = types_pb2.Basket(destination=request.destination, channel=request.channel, segment=request.segment)
        tail = basket.SerializeToString(deterministic=True)
        kind = kinds.kind_of(tail, 0, asked.quantity, asked.request_minute, stock)
        if kind is None:
            return answers
        levels, plain = asked.service_levels, np.array(items, np.int64)[rows]
        found = self._estimator.estimate(stock, asked.request_minute, kind, plain, asked.quantity, levels)
        names = [self._image.item_ids[item] for item in plain.tolist()]
        of_items, of_levels = utf8(names), utf8(levels)
        ranks = np.array([sorted(levels).index(level) for level in levels], np.int64)
        fees = np.array([fee_of(kind.scene.policy, DeliveryMethod.SHIP, level) for level in levels], np.int64)
        size = len(of_items.texts) + len(plain) * (ITEM_BYTES + len(levels) * ESTIMATE_BYTES + len(of_levels.texts))
        out, spans = np.empty(size, np.uint8), np.empty((len(plain), 2), np.int64)
        arguments = (
            found.told.reshape(-1, TOLD_FIELDS), len(levels), of_levels, ranks, fees, of_items, bool(request.item_ids), out,
            spans,
        )  # fmt: skip
        written = write_estimates(*arguments)
        assert written >= 0, "there is room for what is written at the most"
        view = out.data
        for row, is_told, (begin, end) in zip(rows.tolist(), found.is_told.tolist(), spans.tolist(), strict=True):
            if is_told:
                answers[row] = bytes(view[begin:end])
        return answers
