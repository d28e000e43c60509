"""Tokens of plain quotes: signed one by one, all else of them is worked out for many at once; as `quote_tokens.py` has them."""

import base64
import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.domain.plan import CertificateStatus
from engine.kernels.order_tables import PLAIN
from engine.kernels.pack_plans import PEG_BYTES, PLAN_BYTES, SHIPMENT_BYTES, pack_plans
from engine.kernels.plan_orders import PEGS_USED, SHIPMENTS_USED
from engine.kernels.quote_tables import Q_OPTION_COUNT, Q_STATUS, TokenRoom
from engine.network.image import NetworkImage
from engine.network.records import Policy
from engine.optimizer.quoted_plan import STATUSES
from engine.promise.plain import QuoteTables
from engine.service.quote_tokens import HEAD, MAC_BYTES, VERSION, QuoteKey, network_mark, place_of

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

DIGEST_BYTES, UNTIL_BYTES = 8, 8
BLOCK_BYTES, INNER, OUTER = 64, 0x36, 0x5C


class Mac:
    """HMAC-SHA256 (RFC 2104) with the key worked in once: of short messages `hmac.digest` takes five times as long."""

    def __init__(self, secret: bytes) -> None:
        key = (secret if len(secret) <= BLOCK_BYTES else hashlib.sha256(secret).digest()).ljust(BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ INNER for byte in key))
        self._outer = hashlib.sha256(bytes(byte ^ OUTER for byte in key))

    def digest(self, message: bytes) -> bytes:
        """The 32 bytes that prove a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class PlainSigner:
    """Signs the options of plain quotes that were decided at one minute on stock of one position."""

    def __init__(
        self, key: QuoteKey, image: NetworkImage, policies: Sequence[Policy], minute: int, position: str,
        baskets: Sequence[bytes],
    ) -> None:  # fmt: skip
        """policies: by piece; baskets: of each quote, as far as it decides anything, in its canonical bytes."""
        self._mac, self._minute, self._baskets = Mac(key.secret), minute, baskets
        numbers = {policy.policy_id: number for number, policy in reversed([*enumerate(image.records.policies)])}
        self._policies = np.array([numbers.get(policy.policy_id, -1) for policy in policies], np.int64)
        self._latest = minute + key.minutes_valid
        whole = HEAD.pack(VERSION, key.key_id, network_mark(image), bytes(DIGEST_BYTES), *place_of(position), minute, 0)
        at = HEAD.size - UNTIL_BYTES - 3 * 8
        self._before, self._after = whole[: at - DIGEST_BYTES], whole[at : HEAD.size - UNTIL_BYTES]
        self._packed, self._spans = b"", np.empty((0, 2), np.int64)

    def room(self, tables: QuoteTables) -> TokenRoom:
        """How long the token of each plan is, and until when it is accepted."""
        count, used = tables.ranked.size, tables.planned.used
        size = count * PLAN_BYTES + int(used[SHIPMENTS_USED]) * SHIPMENT_BYTES + int(used[PEGS_USED]) * PEG_BYTES
        out, self._spans, until = np.empty(size, np.uint8), np.zeros((count, 2), np.int64), np.zeros(count, np.int64)
        end = pack_plans(
            tables.quotes, tables.planned, tables.facts, tables.starts, tables.ranked, self._policies, self._minute,
            self._latest, STATUSES.index(CertificateStatus.OPTIMAL), out, self._spans, until,
        )  # fmt: skip
        self._packed = out[:end].tobytes()
        packed = self._spans[:, 1] - self._spans[:, 0]
        signed = HEAD.size - UNTIL_BYTES + packed + MAC_BYTES
        # Base64 without padding: four characters for three bytes, and one more than a rest has bytes.
        return TokenRoom(np.where(packed > 0, (4 * signed + 2) // 3, 0), until, np.zeros(count, np.int64))

    def fill(self, tables: QuoteTables, tokens: TokenRoom, out: Bytes) -> None:
        """Put each where it goes."""
        view, spans, length, at = out.data, self._spans.tolist(), tokens.length.tolist(), tokens.at.tolist()
        for quote, ranked, basket in zip(tables.quotes.tolist(), tables.ranked.tolist(), self._baskets, strict=False):
            if quote[Q_STATUS] != PLAIN:
                continue
            head = self._before + hashlib.sha256(basket).digest()[:DIGEST_BYTES] + self._after
            for p in ranked[: quote[Q_OPTION_COUNT]]:
                begin, end = spans[p]
                message = head + self._packed[begin:end]
                signed = message + self._mac.digest(message)[:MAC_BYTES]
                view[at[p] : at[p] + length[p]] = base64.urlsafe_b64encode(signed)[: length[p]]
