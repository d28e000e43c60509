"""Tokens of plain quotes, out of the tables that they were planned in: see `quote_tokens` for what a token is."""

from collections.abc import Sequence

import numpy as np
from belofte.v1 import promise_service_pb2
from numpy.typing import NDArray

from engine.domain.plan import Certificate, CertificateStatus
from engine.kernels.order_tables import (
    K_LINE,
    K_QUANTITY,
    PLAIN,
    S_DAY,
    S_EARLIEST,
    S_FIRST_PEG,
    S_HANDOVER,
    S_LATEST,
    S_LOCATION,
    S_PEG_COUNT,
    S_SERVICE,
    V_CANDIDATES,
    V_FIRST_SHIPMENT,
    V_NODES,
    V_SHIPMENT_COUNT,
    V_TOTAL_MICROS,
)
from engine.kernels.plan_orders import PEGS_USED, SHIPMENTS_USED
from engine.kernels.quote_tables import F_ORDER_BY, Q_FIRST_LINE, Q_OPTION_COUNT, Q_PIECE, Q_STATUS, TokenRoom
from engine.network.image import NetworkImage
from engine.network.records import Policy
from engine.optimizer.load import Load
from engine.optimizer.quoted_plan import START_UNKNOWN, policy_index, written
from engine.promise.plain import QuoteTables
from engine.service.quote_tokens import QuoteKey, QuoteSigner


class PlainSigner:
    """Signs the options of plain quotes that were planned together; their messages in the order of the rows."""

    def __init__(
        self,
        key: QuoteKey,
        image: NetworkImage,
        policies: Sequence[Policy],
        messages: Sequence[bytes],
        minute: int,
        position: str,
    ) -> None:
        """policies: by piece."""
        self._key, self._image, self._policies, self._messages = key, image, policies, messages
        self._minute, self._position = minute, position
        self._tokens: dict[int, str] = {}

    def room(self, tables: QuoteTables) -> TokenRoom:
        """How long the token of each plan is, and until when it is accepted."""
        length, until = np.zeros((2, tables.ranked.size), np.int64)
        used = tables.planned.used.tolist()
        shipments = tables.planned.shipments[: used[SHIPMENTS_USED]].tolist()
        pegs = tables.planned.pegs[: used[PEGS_USED]].tolist()
        for message, quote, ranked in zip(self._messages, tables.quotes.tolist(), tables.ranked.tolist(), strict=True):
            if quote[Q_STATUS] != PLAIN or not quote[Q_OPTION_COUNT]:
                continue
            basket = promise_service_pb2.QuotePromiseRequest.FromString(message).basket
            signer = QuoteSigner(self._key, self._image, basket, self._minute, self._position, self._minute)
            policy = policy_index(self._image, self._policies[quote[Q_PIECE]].policy_id)
            for p in ranked[: quote[Q_OPTION_COUNT]]:
                order = tables.planned.orders[p].tolist()
                of_plan = shipments[order[V_FIRST_SHIPMENT] : order[V_FIRST_SHIPMENT] + order[V_SHIPMENT_COUNT]]
                loads = [load_of(shipment, pegs, quote[Q_FIRST_LINE]) for shipment in of_plan]
                cost = order[V_TOTAL_MICROS]
                certificate = Certificate(CertificateStatus.OPTIMAL, cost, cost, order[V_CANDIDATES], order[V_NODES])
                data = written(policy, loads, [0] * len(loads), (), certificate, (0, 0), self._minute)
                self._tokens[p], until[p] = signer.sign_data(data, int(tables.facts[p, F_ORDER_BY]))
                length[p] = len(self._tokens[p])
        return TokenRoom(length, until, np.full_like(length, -1))

    def fill(self, tables: QuoteTables, tokens: TokenRoom, out: NDArray[np.uint8]) -> None:
        """Put each where it goes."""
        for p, token in self._tokens.items():
            at = tokens.at.item(p)
            if at >= 0:
                out[at : at + len(token)] = np.frombuffer(token.encode(), np.uint8)


def load_of(shipment: list[int], pegs: list[list[int]], first_line: int) -> Load:
    """A shipment of the tables as a load; when its work starts they do not tell."""
    units: dict[int, int] = {}
    for peg in pegs[shipment[S_FIRST_PEG] : shipment[S_FIRST_PEG] + shipment[S_PEG_COUNT]]:
        line = peg[K_LINE] - first_line
        units[line] = units.get(line, 0) + peg[K_QUANTITY]
    return Load(
        shipment[S_LOCATION], shipment[S_SERVICE], START_UNKNOWN, shipment[S_DAY], shipment[S_HANDOVER], shipment[S_EARLIEST],
        shipment[S_LATEST], tuple(units.items()),
    )  # fmt: skip
