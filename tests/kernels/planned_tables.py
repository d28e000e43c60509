"""Orders that the ordinary path has planned, in the tables of those that kernels plan."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import Term
from engine.domain.plan import CertificateStatus, CostTerm, Route, Shipment
from engine.inventory.id_index import IdIndex
from engine.kernels.order_tables import (
    A_FIRST_LINE,
    A_STATUS,
    ASKED_FIELDS,
    COST_FIELDS,
    LINE_READ_FIELDS,
    PEG_FIELDS,
    PLAIN,
    PLANNED_FIELDS,
    S_FIRST_PEG,
    S_FIRST_TERM,
    SHIPMENT_FIELDS,
)
from engine.kernels.read_orders import LINE_BYTES_MIN, read_orders
from engine.network.image import NetworkImage
from engine.sourcing.order import Planned

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
TERMS = list(Term)


class Read(NamedTuple):
    """Messages as they were read."""

    messages: Bytes
    starts: Ints
    digests: Bytes
    asked: Ints
    lines: Ints


class Tables(NamedTuple):
    """Plans, as `write_orders` takes them."""

    planned: Ints
    shipments: Ints
    pegs: Ints
    terms: Ints
    sums: Ints


def read_of(orders: Sequence[Planned], image: NetworkImage) -> Read:
    """The orders' messages, all of which are plain."""
    messages = [order.request.message for order in orders]
    together = buffer(b"".join(messages))
    starts = np.cumsum([0, *map(len, messages)])
    asked = np.zeros((len(messages), ASKED_FIELDS), np.int64)
    lines = np.zeros((LINE_READ_FIELDS, len(together) // LINE_BYTES_MIN), np.int64)
    read_orders(together, starts, buffer(image.network.name.encode()), 10, IdIndex(image.item_index).table, asked, lines)
    assert (asked[:, A_STATUS] == PLAIN).all()
    return Read(together, starts, buffer(b"".join(order.request.digest for order in orders)), asked, lines)


def tables_of(orders: Sequence[Planned], asked: Ints, piece: int, decided_unix_ms: Sequence[int]) -> Tables:
    """Rows of the orders in turn, the last first: rows follow from numbers, and not from where they stand."""
    junk = -(2**40)
    planned: list[list[int]] = []
    shipments, pegs, terms, sums = ([[junk] * count] for count in (SHIPMENT_FIELDS, PEG_FIELDS, COST_FIELDS, COST_FIELDS))
    for message in reversed(range(len(orders))):
        order, plan = orders[message], orders[message].plan
        assert not plan.short_lines
        assert plan.certificate.status is CertificateStatus.OPTIMAL
        assert plan.certificate.lower_bound_micros == plan.certificate.objective_micros == plan.cost_micros
        rows = [row_of(shipment) for shipment in plan.shipments]
        # Pegs and terms of the later shipments stand before those of the earlier ones.
        for row, shipment in zip(rows[::-1], plan.shipments[::-1], strict=True):
            assert all(each.item == order.scene.basket.lines[each.line].item for each in shipment.pegs)
            row[S_FIRST_PEG], row[S_FIRST_TERM] = len(pegs), len(terms)
            first_line = int(asked[message, A_FIRST_LINE])
            pegs += [
                [first_line + each.line, each.item, each.location, each.slot, each.arena_index, each.quantity, each.kept]
                for each in shipment.pegs
            ]
            terms += ranked(shipment.terms)
        planned.append(
            [
                message, len(shipments), len(rows), len(sums), len(plan.terms), plan.cost_micros, plan.certificate.candidates,
                plan.certificate.nodes, order.solve_micros, order.attempt, piece, decided_unix_ms[message],
            ]
        )  # fmt: skip
        shipments += rows
        sums += ranked(plan.terms)
    arrays = [np.array(rows, np.int64) for rows in (planned, shipments, pegs, terms, sums)]
    assert arrays[0].shape[1] == PLANNED_FIELDS
    return Tables(*arrays)


def row_of(shipment: Shipment) -> list[int]:
    assert shipment.route is Route.SHIP
    assert shipment.pick_by_minute == shipment.handover_by_minute
    row = [
        shipment.location, shipment.service, -1, len(shipment.pegs), shipment.handover_by_minute,
        shipment.delivery_earliest_minute, shipment.delivery_latest_minute, shipment.capacity_day, shipment.capacity_quantity,
        shipment.weight_grams, shipment.distance_meters, shipment.co2_grams, shipment.cost_micros, -1, len(shipment.terms),
    ]  # fmt: skip
    assert len(row) == SHIPMENT_FIELDS
    return row


def ranked(terms: Sequence[CostTerm]) -> list[list[int]]:
    rows = [[TERMS.index(each.term), each.raw_micros, each.weight_ppm, each.weighted_micros] for each in terms]
    return sorted(rows, key=lambda row: row[0])


def buffer(data: bytes) -> Bytes:
    """As kernels are given bytes: such as may be written to."""
    return np.frombuffer(bytearray(data), np.uint8)
