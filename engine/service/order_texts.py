"""What the numbers in the tables of plain orders are called, and the fields of their records that are the same again and again.

The generated classes make each of these once, so that kernels can write records without knowing what is in them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2, types_pb2

from engine.domain.enums import Term
from engine.domain.plan import CertificateStatus, Route
from engine.inventory.matrix import Slot
from engine.kernels.order_tables import (
    W_AND,
    W_COST,
    W_EVENT_TYPE,
    W_FROM,
    W_METHOD,
    W_ROUTE,
    W_SHIPMENT,
    W_SHIPMENT_COUNT,
    W_SHIPMENT_STATE,
    W_SHIPMENTS,
    W_SOURCED,
    W_STATE,
    W_STATUS,
    WORDS,
    Names,
    Texts,
)
from engine.network.fees import service_fees
from engine.network.image import NetworkImage
from engine.network.records import Policy
from engine.service.encode import ROUTES, STATUSES
from engine.service.record import SOURCE_ORDER


class Pieces(NamedTuple):
    """What a policy of a network says in every record of its orders: fields of an answer, of an entry and of an event."""

    answer_end: bytes
    entry_end: bytes
    attributes: bytes


def pieces_of(currency: str, policy_id: str, network_version: str, policy_version: str) -> Pieces:
    """The fields, encoded: of an answer and of an entry those that come after the plan, of an event some of its attributes."""
    answer = sourcing_service_pb2.SourceOrderResponse(
        currency=currency, policy_id=policy_id, network_version=network_version, policy_version=policy_version
    )
    entry = ledger_entry_pb2.LedgerEntry(network_version=network_version, policy_id=policy_id)
    event = types_pb2.OrderEvent(
        attributes={"currency": currency, "policy_id": policy_id, "certificate": CertificateStatus.OPTIMAL.value}
    )
    return Pieces(*(each.SerializeToString(deterministic=True) for each in (answer, entry, event)))


def names_of(image: NetworkImage, slots: Sequence[Slot], pieces: Sequence[Pieces], policies: Sequence[Policy]) -> Names:
    """Names in a network. Slots become more: whoever keeps this puts `slot_names` anew. `policies`: by piece."""
    return Names(
        utf8(image.location_ids), utf8(image.service_ids), *slot_names(slots), utf8([term.value for term in Term]),
        fixed_words(), texts_of([each.answer_end for each in pieces]), texts_of([each.entry_end for each in pieces]),
        texts_of([each.attributes for each in pieces]), image.service_level_index.astype(np.int64),
        service_fees(image, policies),
    )  # fmt: skip


def slot_names(slots: Sequence[Slot]) -> tuple[Texts, Texts]:
    """Receipts and pools, by slot."""
    return utf8([slot.receipt_id for slot in slots]), utf8([slot.pool for slot in slots])


def fixed_words() -> Texts:
    """The texts that are the same in every record, by W_…; those of the event are the words of `record.order_events`."""
    words = {
        W_METHOD: ledger_entry_pb2.LedgerEntry(method=SOURCE_ORDER).SerializeToString(),
        W_STATE: sourcing_service_pb2.SourceOrderResponse(state=types_pb2.ORDER_STATE_SOURCED).SerializeToString(),
        W_SHIPMENT_STATE: types_pb2.Shipment(version=1, state=types_pb2.SHIPMENT_STATE_PLANNED).SerializeToString(),
        W_ROUTE: types_pb2.Shipment(route=ROUTES[Route.SHIP]).SerializeToString(),
        W_STATUS: types_pb2.Certificate(status=STATUSES[CertificateStatus.OPTIMAL]).SerializeToString(),
        W_EVENT_TYPE: types_pb2.OrderEvent(type=types_pb2.EVENT_TYPE_ORDER_SOURCED).SerializeToString(),
        W_SOURCED: b"sourced as ",
        W_SHIPMENT: b" shipment: ",
        W_SHIPMENTS: b" shipments: ",
        W_FROM: b" from ",
        W_AND: b", ",
        W_SHIPMENT_COUNT: b"shipments",
        W_COST: b"cost_micros",
    }
    return texts_of([words[number] for number in range(WORDS)])


def utf8(names: Iterable[str]) -> Texts:
    """Names by number."""
    return texts_of([name.encode() for name in names])


def texts_of(each: Sequence[bytes]) -> Texts:
    """Texts one behind the other."""
    ends = np.cumsum([0, *map(len, each)], dtype=np.int64)
    # A bytearray, since kernels take arrays that may be written to for others than those that may not.
    return Texts(np.frombuffer(bytearray(b"".join(each)), np.uint8), ends[:-1].copy(), ends[1:].copy())
