"""Tokens of plain quotes: signed one by one, all else of them is worked out for many at once; as `quote_tokens.py` has them."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.domain.plan import CertificateStatus
from engine.kernels.pack_plans import PEG_BYTES, PLAN_BYTES, SHIPMENT_BYTES, Tokens, pack_plans
from engine.kernels.plan_orders import PEGS_USED, SHIPMENTS_USED
from engine.network.image import NetworkImage
from engine.network.records import Policy
from engine.optimizer.quoted_plan import STATUSES
from engine.promise.plain import QuoteTables
from engine.service.quote_tokens import HEAD, MAC_BYTES, VERSION, QuoteKey, keyed, network_mark, place_of

Ints = NDArray[np.int64]

DIGEST_BYTES, UNTIL_BYTES = 8, 8


def no_tokens(plans: int) -> Tokens:
    """Of so many plans, of which none is signed."""
    return Tokens(np.empty(0, np.uint8), np.zeros((plans, 2), np.int64), np.zeros(plans, np.int64))


class PlainSigner:
    """Signs the options of plain quotes that were decided at one minute on stock of one position."""

    def __init__(
        self, key: QuoteKey, image: NetworkImage, policies: Sequence[Policy], minute: int, position: str,
        baskets: Sequence[bytes],
    ) -> None:  # fmt: skip
        """policies: by piece; baskets: of each quote, as far as it decides anything, in its canonical bytes."""
        self._mac, self._minute = keyed(key.secret), minute
        numbers = {policy.policy_id: number for number, policy in reversed([*enumerate(image.records.policies)])}
        self._policies = np.array([numbers.get(policy.policy_id, -1) for policy in policies], np.int64)
        self._latest = minute + key.minutes_valid
        whole = HEAD.pack(VERSION, key.key_id, network_mark(image), bytes(DIGEST_BYTES), *place_of(position), minute, 0)
        at = HEAD.size - UNTIL_BYTES - 3 * 8
        before, after = whole[: at - DIGEST_BYTES], whole[at : HEAD.size - UNTIL_BYTES]
        heads = bytearray(b"".join([before + hashlib.sha256(each).digest()[:DIGEST_BYTES] + after for each in baskets]))
        self._heads = np.frombuffer(heads, np.uint8).reshape(len(baskets), -1)

    def sign(self, tables: QuoteTables) -> Tokens:
        """The token of each plan that is an option."""
        plans, used = tables.ranked.size, tables.planned.used
        plan_bytes = HEAD.size - UNTIL_BYTES + PLAN_BYTES + MAC_BYTES
        size = plans * plan_bytes + int(used[SHIPMENTS_USED]) * SHIPMENT_BYTES + int(used[PEGS_USED]) * PEG_BYTES
        tokens = no_tokens(plans)._replace(content=np.empty(size, np.uint8))
        pack_plans(
            tables.quotes, tables.planned, tables.facts, tables.starts, tables.ranked, self._policies, self._minute,
            self._latest, STATUSES.index(CertificateStatus.OPTIMAL), self._heads, MAC_BYTES, tokens,
        )  # fmt: skip
        content, unsigned = tokens.content.data, self._mac
        for begin, end in tokens.spans.tolist():
            if end:
                signature = end - MAC_BYTES
                mac = unsigned.copy()
                mac.update(content[begin:signature])
                content[signature:end] = mac.digest()
        return tokens
