"""What the numbers in the tables of plain quotes are called, and the fields that are the same in all answers of a batch."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import numpy as np
from belofte.v1 import promise_service_pb2
from numpy.typing import NDArray

from engine.kernels.dates import DELIVERY_CLOSE, NEVER
from engine.kernels.order_tables import Texts
from engine.kernels.quote_tables import W_AND, W_BY, W_FROM, W_OPTION, W_THERE_BY, WORDS
from engine.network.horizon import Horizon
from engine.network.image import NetworkImage
from engine.network.policies import policy_version
from engine.network.records import Policy
from engine.service.order_texts import texts_of, utf8
from engine.service.words import local_text


def answer_ends(image: NetworkImage, policies: Iterable[Policy], position: str, stale: bool) -> Texts:
    """By policy: the fields of an answer besides its options and its frontier."""
    return texts_of(
        [
            promise_service_pb2.QuotePromiseResponse(
                position=position, network_version=image.version, stale=stale, currency=image.network.currency,
                policy_id=policy.policy_id, policy_version=policy_version(policy),
            ).SerializeToString()
            for policy in policies
        ]
    )  # fmt: skip


def quote_words() -> Texts:
    """The words of `encode.summary`, and what the ids of an option's shipments begin with, by W_…."""
    words = {W_FROM: "from ", W_BY: " by ", W_THERE_BY: ", there by ", W_AND: "; ", W_OPTION: "option-"}
    return utf8([words[number] for number in range(WORDS)])


def delivery_minutes(horizon: Horizon, zone: ZoneInfo) -> tuple[NDArray[np.int64], Texts]:
    """Every minute by which anything can be there, ascending, and what a person calls it: deliveries end as their days do."""
    closes = np.unique(horizon.tables.delivery_days[:, :, DELIVERY_CLOSE])
    closes = np.ascontiguousarray(closes[(closes >= 0) & (closes < NEVER)])
    return closes, utf8([local_text(minute * 60, zone) for minute in closes.tolist()])
