"""Plans written from tables of numbers, against the generated classes, at the ends of the ranges of their fields."""

import random
from itertools import accumulate

import numpy as np
import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.kernels import order_tables as table
from engine.kernels.order_tables import (
    B_ITEM_ID_BEGIN,
    B_ITEM_ID_END,
    B_LINE_ID_BEGIN,
    B_LINE_ID_END,
    COST_FIELDS,
    LINE_READ_FIELDS,
    PEG_FIELDS,
    PLANNED_FIELDS,
    SHIPMENT_FIELDS,
    W_ROUTE,
    W_SHIPMENT_STATE,
    W_STATUS,
    WORDS,
    Names,
    Texts,
)
from engine.kernels.put import FULL
from engine.kernels.write_plans import put_plan

LARGE = [0, 1, 127, 128, 2**31 - 1, 2**63 - 1]
MINUTES = [0, 1, 29_000_000, 2**40]
Cost = list[tuple[int, int, int, int]]


def texts_of(words: list[bytes]) -> Texts:
    ends = list(accumulate(map(len, words)))
    starts = [end - len(word) for end, word in zip(ends, words, strict=True)]
    return Texts(
        np.frombuffer(bytearray(b"".join(words) or b"-"), np.uint8), np.array(starts, np.int64), np.array(ends, np.int64)
    )


def drawn_words(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choice("aé-0") for _ in range(rng.choice([0, 1, 9, 130]))) for _ in range(count)]


def drawn_cost(rng: random.Random, rows: list[list[int]]) -> tuple[int, Cost]:
    """Some terms behind those there are: where they begin, and what they say."""
    cost = [
        (rng.randrange(3), rng.choice([*LARGE, -1, -(2**63)]), rng.choice([0, 333_333, 10**6, 10**9]), rng.choice([*LARGE, -5]))
        for _ in range(rng.randint(0, 3))
    ]
    rows += [[-99] * COST_FIELDS] * rng.randint(0, 1)
    first = len(rows)
    rows += [list(each) for each in cost]
    return first, cost


def breakdown(names: list[str], total: int, cost: Cost) -> types_pb2.CostBreakdown:
    return types_pb2.CostBreakdown(
        total_micros=total,
        terms=[
            types_pb2.CostTerm(term=names[term], raw_micros=raw, weight=ppm / 10**6, weighted_micros=weighted)
            for term, raw, ppm, weighted in cost
        ],
    )


@pytest.mark.parametrize("seed", range(120))
def test_a_plan_is_what_the_generated_classes_write(seed: int) -> None:
    rng = random.Random(seed)
    locations, services, receipts, pools, terms = (drawn_words(rng, 3) for _ in range(5))
    order_id, line_ids, item_ids = "order" * rng.randint(0, 3), drawn_words(rng, 3), drawn_words(rng, 3)
    message, begins = order_id.encode(), []
    for word in (*line_ids, *item_ids):
        begins.append(len(message))
        message += word.encode()
    ends = [*begins[1:], len(message)]
    lines = np.full((LINE_READ_FIELDS, 3), -99)
    lines[B_LINE_ID_BEGIN], lines[B_LINE_ID_END] = begins[:3], ends[:3]
    lines[B_ITEM_ID_BEGIN], lines[B_ITEM_ID_END] = begins[3:], ends[3:]
    words = [b""] * WORDS
    words[W_STATUS] = types_pb2.Certificate(status="CERTIFICATE_STATUS_OPTIMAL").SerializeToString()
    words[W_ROUTE] = types_pb2.Shipment(route="ROUTE_SHIP").SerializeToString()
    words[W_SHIPMENT_STATE] = types_pb2.Shipment(version=1, state="SHIPMENT_STATE_PLANNED").SerializeToString()
    none = texts_of([b""])
    names = Names(
        *(texts_of([word.encode() for word in each]) for each in (locations, services, receipts, pools, terms)),
        texts_of(words), none, none, none, np.array([0, 1, 1], np.int64), np.array([[5, 7, 9]], np.int64),
    )  # fmt: skip
    paid: set[int] = set()

    shipment_rows, peg_rows, term_rows, sum_rows = [[-99] * SHIPMENT_FIELDS], [[-99] * PEG_FIELDS], [], []
    shipments = []
    for number in range(rng.choice([0, 1, 2, 11])):
        row = [-99] * SHIPMENT_FIELDS
        place, service, handover = rng.randrange(3), rng.randrange(3), rng.choice(MINUTES)
        earliest, latest, grams = rng.choice(MINUTES), rng.choice(MINUTES), rng.choice(LARGE)
        meters, co2, total = rng.choice(LARGE), rng.choice(LARGE), rng.choice(LARGE)
        pegs = [(rng.randrange(3), rng.randrange(3), rng.choice(LARGE)) for _ in range(rng.randint(0, 3))]
        first_term, cost = drawn_cost(rng, term_rows)
        for field, value in {
            table.S_LOCATION: place, table.S_SERVICE: service, table.S_FIRST_PEG: len(peg_rows), table.S_PEG_COUNT: len(pegs),
            table.S_HANDOVER: handover, table.S_EARLIEST: earliest, table.S_LATEST: latest, table.S_GRAMS: grams,
            table.S_METERS: meters, table.S_CO2_GRAMS: co2, table.S_TOTAL_MICROS: total, table.S_FIRST_TERM: first_term,
            table.S_TERM_COUNT: len(cost),
        }.items():  # fmt: skip
            row[field] = value
        shipment_rows.append(row)
        for line, slot, units in pegs:
            peg = [-99] * PEG_FIELDS
            peg[table.K_LINE], peg[table.K_SLOT], peg[table.K_QUANTITY] = line, slot, units
            peg_rows.append(peg)
        moments = [Timestamp(seconds=60 * minute) for minute in (handover, earliest, latest)]
        shipment = types_pb2.Shipment(
            shipment_id=f"{order_id}-{number + 1}", version=1, state="SHIPMENT_STATE_PLANNED", location_id=locations[place],
            route="ROUTE_SHIP", carrier_service_id=services[service], pick_by=moments[0], handover_by=moments[0],
            ship_by=moments[0], delivery_earliest=moments[1], delivery_latest=moments[2], weight_grams=grams,
            distance_meters=meters, co2_grams=co2, cost=breakdown(terms, total, cost),
            fee_micros=0 if names.levels[service] in paid else names.fees[0, service],
            lines=[
                types_pb2.ShipmentLine(
                    line_id=line_ids[line], item_id=item_ids[line], quantity=units, receipt_id=receipts[slot], pool=pools[slot]
                )
                for line, slot, units in pegs
            ],
        )  # fmt: skip
        paid.add(int(names.levels[service]))
        shipments.append(shipment)
    first_sum, cost = drawn_cost(rng, sum_rows)
    total, candidates, nodes, micros = (rng.choice(LARGE) for _ in range(4))
    planned = np.full((2, PLANNED_FIELDS), -99)
    for field, value in {
        table.V_FIRST_SHIPMENT: 1, table.V_SHIPMENT_COUNT: len(shipments), table.V_FIRST_SUM: first_sum,
        table.V_SUM_COUNT: len(cost), table.V_TOTAL_MICROS: total, table.V_CANDIDATES: candidates,
        table.V_NODES: nodes, table.V_SOLVE_MICROS: micros, table.V_PIECE: 0,
    }.items():  # fmt: skip
        planned[1, field] = value
    certificate = types_pb2.Certificate(
        status="CERTIFICATE_STATUS_OPTIMAL", objective_micros=total, lower_bound_micros=total, candidates=candidates,
        nodes=nodes, solve_micros=micros,
    )  # fmt: skip
    plan = types_pb2.Plan(shipments=shipments, cost=breakdown(terms, total, cost), certificate=certificate)
    expected = sourcing_service_pb2.SourceOrderResponse(plan=plan).SerializeToString(deterministic=True)

    tables = [
        np.array(rows, np.int64).reshape(-1, width)
        for rows, width in (
            (shipment_rows, SHIPMENT_FIELDS),
            (peg_rows, PEG_FIELDS),
            (term_rows, COST_FIELDS),
            (sum_rows, COST_FIELDS),
        )
    ]
    buffer = np.frombuffer(bytearray(message or b"-"), np.uint8)
    for room in (len(expected) + 5, len(expected), len(expected) - 1, rng.randrange(len(expected)), 0):
        out = np.full(room + 9, 0xEE, np.uint8)
        at = put_plan(buffer, 0, len(order_id), lines, planned, 1, *tables, names, out, room)
        if room < len(expected):
            assert at == FULL
        else:
            assert out[at:room].tobytes() == expected
        assert (out[room:] == 0xEE).all()
