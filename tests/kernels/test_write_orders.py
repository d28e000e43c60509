"""Records written from tables, against those that the ordinary path makes of the same plans with the generated classes."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2, types_pb2

from engine.domain.clock import SystemClock
from engine.domain.enums import Term
from engine.domain.ids import uuid7
from engine.domain.plan import Certificate, CertificateStatus, CostTerm, Peg, Plan, Route, Shipment
from engine.inventory.effects import FEW_ROWS_MAX, effects_in
from engine.kernels.order_tables import (
    A_ORDER_ID_BEGIN,
    A_ORDER_ID_END,
    B_ITEM_ID_BEGIN,
    B_ITEM_ID_END,
    C_RAW_MICROS,
    C_WEIGHT_PPM,
    C_WEIGHTED_MICROS,
    K_LOCATION,
    K_QUANTITY,
    S_DAY,
    S_FIRST_TERM,
    S_HANDOVER,
    V_ATTEMPTS,
    V_CANDIDATES,
    V_NODES,
    V_SOLVE_MICROS,
    V_TOTAL_MICROS,
    Names,
    Texts,
)
from engine.kernels.put import FULL
from engine.kernels.write_orders import entries_bytes_max, widest_text, write_orders
from engine.network.policies import policy_version
from engine.optimizer.scene import Scene, set_scene
from engine.service.fields import digest_of
from engine.service.order_texts import Pieces, names_of, pieces_of, texts_of
from engine.service.record import Encoded, encode_order
from engine.sourcing.order import Planned, SourceRequest
from engine.sourcing.source import UNLIMITED, plan_order, taken_by
from tests.kernels.planned_tables import Read, Tables, read_of, tables_of
from tests.optimizer.baskets import NOW, drawn_basket, drawn_image, drawn_stock

NODES_MAX = 10_000
OTHER_PIECE = Pieces(b"answer", b"entry", b"event")


def request_for(scene: Scene, order_id: str) -> SourceRequest:
    """A plain message of the basket's lines, whatever else the basket asks for."""
    lines = [
        types_pb2.BasketLine(
            line_id=line.line_id, item_id=scene.image.item_ids[line.item], quantity=line.quantity,
            unit_price_micros=line.unit_price_micros,
        )
        for line in scene.basket.lines
    ]  # fmt: skip
    basket = types_pb2.Basket(lines=lines, destination=types_pb2.Destination(country_code="NL", postal_code="1011"))
    request = sourcing_service_pb2.SourceOrderRequest(
        request_id=uuid7(), order=types_pb2.Order(order_id=order_id, basket=basket), mode=1
    )
    message = request.SerializeToString(deterministic=True)
    return SourceRequest(request.request_id, digest_of(request), order_id, scene.basket, message)


def planned_orders(seed: int) -> list[Planned]:
    """Orders on one stock whose plans the tables can say: of different items, whole and proven."""
    rng = random.Random(seed)
    image = drawn_image(rng)
    stock = drawn_stock(rng, image)
    planned: list[Planned] = []
    for n in range(6):
        basket = drawn_basket(rng, image)
        if len({line.item for line in basket.lines}) < len(basket.lines):
            continue
        request = request_for(set_scene(image, stock, basket), rng.choice(("A", "order:", "x" * 100)) + str(n))
        order = plan_order(image, stock, request, NODES_MAX, SystemClock(), attempt=rng.randint(1, 4))
        plan = order.plan
        if plan.shipments and not plan.short_lines and plan.certificate.status is CertificateStatus.OPTIMAL:
            planned.append(order)
    return planned


def encoded(order: Planned, decided_unix_ms: int) -> Encoded:
    return encode_order(order, taken_by(order), decided_unix_ms)


class Written:
    """Orders of one image, written by the kernel."""

    def __init__(self, orders: Sequence[Planned], decided_unix_ms: Sequence[int]) -> None:
        scene = orders[0].scene
        image, policy = scene.image, scene.policy
        pieces = pieces_of(image.network.currency, policy.policy_id, image.version, policy_version(policy))
        self.orders, self.decided_unix_ms = orders, decided_unix_ms
        self.names: Names = names_of(image, scene.stock.matrix.slots, [OTHER_PIECE, pieces], [policy, policy])
        self.read: Read = read_of(orders, image)
        self.tables: Tables = tables_of(orders, self.read.asked, 1, decided_unix_ms)
        self.limited = image.capacity_per_day < UNLIMITED
        self.spans = np.zeros((len(orders), 4), np.int64)

    def write(self, size: int) -> tuple[int, bytes]:
        """(bytes used, the buffer) of so many bytes, past which nothing may be written."""
        guard = 64
        out = np.full(guard + size + guard, 0xEE, np.uint8)
        inner = out[guard : guard + size]
        used = write_orders(*self.read, *self.tables, self.limited, self.names, inner, self.spans)
        assert (out[:guard] == 0xEE).all()
        assert (out[guard + size :] == 0xEE).all()
        return used, inner.tobytes()

    def bytes_max(self) -> int:
        tables = self.tables
        return entries_bytes_max(
            len(self.read.messages), len(tables.planned), len(tables.shipments), len(tables.pegs),
            len(tables.terms) + len(tables.sums), widest_text(self.names),
        )  # fmt: skip

    def check(self) -> int:
        """Every record is that of the ordinary path; the bytes of all of them."""
        used, out = self.write(self.bytes_max())
        assert used != FULL
        end = len(out) - used
        # Tables hold the orders in reverse; entries lie one behind the other in the order of the rows.
        for span, order, decided in zip(self.spans.tolist(), self.orders[::-1], self.decided_unix_ms[::-1], strict=True):
            assert span[0] == end
            end = span[1]
            check_record(out[span[0] : span[1]], out[span[2] : span[3]], encoded(order, decided))
        assert end == len(out)
        return used


def check_record(entry: bytes, response: bytes, wanted: Encoded) -> None:
    expected = ledger_entry_pb2.LedgerEntry.FromString(wanted.entry)
    found = ledger_entry_pb2.LedgerEntry.FromString(entry)
    assert response == wanted.response == found.response
    # One for all orders of a tick, it follows what the kernel writes.
    expected.ClearField("basis")
    if expected.HasField("position_columns"):
        changes = effects_in(expected)[0]
        assert len(changes) > FEW_ROWS_MAX
        expected.ClearField("position_columns")
        for each in changes:
            expected.positions.add(
                item_id=each.item_id, location_id=each.location_id, receipt_id=each.receipt_id, pool=each.pool,
                demand_delta=each.demand_delta,
            )  # fmt: skip
    assert found == expected
    again = found.SerializeToString(deterministic=True)
    assert ledger_entry_pb2.LedgerEntry.FromString(again) == expected
    # No field stands twice, none holds its default, and no number is longer than it need be.
    assert len(entry) == len(again)


def test_records_are_those_of_the_ordinary_path() -> None:
    written = shipments = 0
    for seed in range(60):
        orders = planned_orders(seed)
        if orders:
            rng = random.Random(seed)
            decided = [rng.choice((NOW * 60_000, 1_782_036_000_123, rng.randrange(2**44))) for _ in orders]
            Written(orders, decided).check()
            written += len(orders)
            shipments += sum(len(order.plan.shipments) for order in orders)
    assert written >= 80
    assert shipments > written


def drawn_terms(rng: random.Random, lowest: int) -> tuple[CostTerm, ...]:
    amounts = [amount for amount in (0, 1, -1, -(10**6), 2**50, rng.randrange(10**12)) if amount >= lowest]
    weights = (0, 1, 333_333, 10**6, rng.randrange(10**7), 7 * 10**9)
    terms = rng.sample(list(Term), rng.randrange(5))
    return tuple(CostTerm(term, rng.choice(amounts), rng.choice(weights), rng.choice(amounts)) for term in terms)


def spread(rng: random.Random, scene: Scene, count: int) -> Plan:
    """A plan of so many shipments that nobody would make: any numbers, positions and days that come again."""
    numbers = (0, 0, 1, 127, 128, 2**31, 2**40 + 1)
    lines, slots = scene.basket.lines, scene.stock.matrix.slots
    location_count = len(scene.image.locations)
    place_count = rng.choice((6, 40))
    places = [(rng.randrange(len(lines)), rng.randrange(location_count), rng.randrange(len(slots))) for _ in range(place_count)]
    shipments = []
    for _ in range(count):
        handover = rng.choice((0, 1, NOW, -1))
        pegs = tuple(
            Peg(line, lines[line].item, location, slot, 0, rng.choice((1, 1, 63, 64, 2**31 - 1)), 0)
            for line, location, slot in rng.sample(places, rng.randint(1, 6))
        )
        shipments.append(
            Shipment(
                location=rng.choice((0, rng.randrange(location_count))), route=Route.SHIP,
                service=rng.randrange(len(scene.image.service_ids)), pegs=pegs, pick_by_minute=handover,
                handover_by_minute=handover, order_by_minute=0, delivery_earliest_minute=rng.choice((0, NOW)),
                delivery_latest_minute=NOW + rng.randrange(10_000), capacity_day=rng.choice((0, -1, NOW // 1_440)),
                capacity_quantity=rng.choice((0, 0, 1, 3, 100)), weight_grams=rng.choice(numbers),
                distance_meters=rng.choice(numbers), co2_grams=rng.choice(numbers), terms=drawn_terms(rng, lowest=-(10**6)),
            )
        )  # fmt: skip
    # What a whole plan costs is never less than nothing.
    sums = drawn_terms(rng, lowest=0)
    objective = sum(term.weighted_micros for term in sums)
    certificate = Certificate(CertificateStatus.OPTIMAL, objective, objective, rng.choice(numbers), rng.choice(numbers))
    return Plan(tuple(shipments), (), sums, certificate, scene.policy.policy_id)


@pytest.fixture(scope="module")
def drawn() -> list[list[Planned]]:
    """Orders by image, of several images; some of the latter have limited locations, receipts and pools."""
    return [orders for orders in map(planned_orders, range(40)) if orders]


def test_numbers_of_any_size_and_positions_that_come_again(drawn: list[list[Planned]]) -> None:
    """What the optimizer hardly makes is written as it is; also more positions than the ordinary path has in rows."""
    many = capacities = 0
    for seed, orders in enumerate(drawn * 8):
        rng = random.Random(seed)
        changed = [
            replace(order, plan=spread(rng, order.scene, rng.choice((1, 2, 9, 10, 11))), solve_micros=rng.choice((0, 1, 2**33)))
            for order in orders
        ]
        decided = [rng.choice((0, 999, 1_000, 2**44)) for _ in changed]
        Written(changed, decided).check()
        taken = [taken_by(order) for order in changed]
        many += sum(len(each.cells) > FEW_ROWS_MAX for each in taken)
        capacities += sum(len(each.capacities) for each in taken)
    assert many > 10
    assert capacities > 50


def test_no_room_is_told_and_nothing_is_written_outside(drawn: list[list[Planned]]) -> None:
    for seed, orders in enumerate(drawn[:12]):
        rng = random.Random(seed)
        written = Written(orders, [NOW * 60_000 + 7] * len(orders))
        used = written.check()
        assert used <= written.bytes_max()
        exact, out = written.write(used)
        assert (exact, len(out)) == (used, used)
        for size in {0, 1, 2, used - 1, used - 2, *(rng.randrange(used) for _ in range(40))}:
            assert written.write(size)[0] == FULL


def test_every_size_up_to_what_is_needed_is_too_small(drawn: list[list[Planned]]) -> None:
    """Whichever of the writes finds no room: of the smallest record, every one of them."""
    written = min((Written(orders[:1], [NOW * 60_000]) for orders in drawn), key=lambda each: each.check())
    used = written.check()
    for size in range(used):
        assert written.write(size)[0] == FULL, size


@pytest.mark.parametrize("number", [-1, 2**62])
@pytest.mark.parametrize("widest", [1, 128, 700])
def test_room_asked_for_is_enough_for_the_widest_of_everything(
    drawn: list[list[Planned]], widest: int, number: int
) -> None:  # fmt: skip
    """Names of so many bytes, ids of 128, numbers of ten, and a position and a day of its own for each peg and shipment."""
    order = drawn[0][0]
    basket = order.scene.basket
    lines = tuple(replace(line, line_id=f"{n:0>128}") for n, line in enumerate(basket.lines))
    scene = replace(order.scene, basket=replace(basket, lines=lines))
    widened = replace(order, scene=scene, request=request_for(scene, "x" * 128))
    orders = [replace(widened, plan=spread(random.Random(seed), scene, count)) for seed, count in enumerate((1, 3, 11))]
    written = Written(orders, [2**62] * len(orders))
    words = written.names.words
    wide = {
        name: texts_of([b"x" * widest] * len(each.ends)) for name, each in written.names._asdict().items()
        if isinstance(each, Texts)
    }  # fmt: skip
    fees = np.full_like(written.names.fees, number)
    written.names = written.names._replace(**{**wide, "words": words, "fees": fees})
    for column in range(written.read.lines.shape[1]):
        written.read.lines[[B_ITEM_ID_BEGIN, B_ITEM_ID_END], column] = written.read.asked[0, [A_ORDER_ID_BEGIN, A_ORDER_ID_END]]
    for table, columns in (
        (written.tables.planned, (V_TOTAL_MICROS, V_CANDIDATES, V_NODES, V_SOLVE_MICROS, V_ATTEMPTS)),
        (written.tables.shipments, (*range(S_HANDOVER, S_FIRST_TERM),)),
        (written.tables.pegs, (K_QUANTITY,)),
        (written.tables.terms, (C_RAW_MICROS, C_WEIGHT_PPM, C_WEIGHTED_MICROS)),
        (written.tables.sums, (C_RAW_MICROS, C_WEIGHT_PPM, C_WEIGHTED_MICROS)),
    ):
        table[:, columns] = number
    written.tables.shipments[:, S_DAY] -= np.arange(len(written.tables.shipments)) << 32
    written.limited[:] = True
    pegs = written.tables.pegs
    pegs[:, K_LOCATION] = np.arange(len(pegs))
    written.names = written.names._replace(locations=texts_of([b"x" * widest] * len(pegs)))
    used, _ = written.write(written.bytes_max())
    assert used != FULL
    assert used > written.bytes_max() * 0.6
