"""Plain orders planned together get the plans, the records and the guards that they get one by one."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2, types_pb2

from engine.domain.enums import OrderBy
from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Transaction
from engine.inventory.write_path import Write
from engine.kernels.entries import UNLIMITED
from engine.network.image import NetworkImage, compile_image
from engine.network.opportunity import opportunity_prices
from engine.optimizer.plain import PlainPolicies
from engine.service.decode import decode_order
from engine.service.desk import Call
from engine.service.fields import Violations, digest_of
from engine.service.plain_kinds import PlainKinds
from engine.service.plain_orders import PlainOrders
from engine.service.record import encode_order
from engine.sourcing.cells import home_hold
from engine.sourcing.order import SourceRequest
from engine.sourcing.source import plan_order, refuse_shortage, taken_by, transaction_of
from tests.network.small_network import prices
from tests.optimizer.baskets import NOW, drawn_image, drawn_stock

NODES_MAX = 2_000
NOW_MS = NOW * 60_000
SOURCE = "/belofte.v1.SourcingService/SourceOrder"


@dataclass
class StoppedClock:
    """It stands at the minute of the networks drawn."""

    def unix_ms(self) -> int:
        return NOW_MS

    def monotonic_ns(self) -> int:
        return 0


CLOCK: Any = StoppedClock()


def plainer_image(rng: random.Random) -> NetworkImage:
    """Drawn networks bar many items from some place, and charge for carbon and the like; of this one most orders are plain."""
    records = drawn_image(rng).records
    locations = tuple(replace(each, hazmat=True, excluded_item_classes=()) for each in records.locations)
    services = tuple(replace(each, hazmat=True) for each in records.carrier_services)
    items = tuple(replace(each, duty_ppm=0) for each in records.items)
    policies = tuple(
        replace(
            each,
            carbon_micros_per_kg=0,
            capacity_price_micros=0,
            order_by=OrderBy.COST,
            max_locations_per_order=None,
            fees=tuple((service.service_level, 1_000_000 * n) for n, service in enumerate(services)),
        )
        for each in records.policies
    )
    return compile_image(
        replace(records, locations=locations, carrier_services=services, items=items, policies=policies,
                inventory_prices=prices([]))
    )  # fmt: skip


def drawn_request(rng: random.Random, image: NetworkImage, number: int) -> sourcing_service_pb2.SourceOrderRequest:
    """Mostly a plain order; what is not is planned alone in between."""
    basket = types_pb2.Basket(
        destination=types_pb2.Destination(country_code="NL", postal_code="1011", latitude=52.37, longitude=4.90),
        segment=rng.choice(["", "", "vip"]), channel=rng.choice(["", "web"]),
    )  # fmt: skip
    items = rng.sample(range(len(image.items)), rng.randint(1, 5))
    for n, item in enumerate(items):
        basket.lines.add(
            line_id=f"l{n}", item_id=image.item_ids[item], quantity=rng.choice([1, 1, 2, 3, 7]),
            unit_price_micros=rng.choice([0, 5_000_000]),
        )  # fmt: skip
    if rng.random() < 0.1:
        basket.lines[0].fill_or_kill = True
    request_id = uuid7(NOW_MS - rng.randint(0, 1000))
    order = types_pb2.Order(order_id=f"O{number}", basket=basket)
    return sourcing_service_pb2.SourceOrderRequest(request_id=request_id, order=order)


def planned_alone(
    request: sourcing_service_pb2.SourceOrderRequest, image: NetworkImage, stock: LiveStock
) -> Transaction | Refusal:
    """By the ordinary way; what it takes is held."""
    wrong = Violations()
    basket = decode_order(request, image, NOW, 500, wrong)
    wrong.check()
    order = SourceRequest(request.request_id, digest_of(request), request.order.order_id, basket, request.SerializeToString())
    try:
        planned = plan_order(image, stock, order, NODES_MAX, CLOCK)
        refuse_shortage(planned.scene, planned.plan, order.field)
    except Refusal as refusal:
        return refusal
    taken = taken_by(planned)
    entry, _ = encode_order(planned, taken, NOW_MS)
    for shipment in planned.plan.shipments:
        stock.hold(*home_hold(planned.scene, shipment))
    return transaction_of(order, taken, entry)


def refuse_to_plan(call: Call) -> Write:
    raise AssertionError(f"{call} is planned in a group here")


def planned_together(
    requests: Sequence[sourcing_service_pb2.SourceOrderRequest], orders: PlainOrders, stock: LiveStock
) -> tuple[list[Transaction | Refusal], int]:
    """As the write path does: groups as far as they go, the others alone; and how many went in groups."""
    calls: list[Any] = [Call(SOURCE, request.SerializeToString(), 2**62, lambda answer: None) for request in requests]
    batch = orders.read(calls, stock, NOW)
    kinds = batch.kinds if batch is not None else [None] * len(calls)
    writes = batch.writes(calls, refuse_to_plan, print) if batch is not None else []
    found: list[Transaction | Refusal] = []
    together = at = 0
    while at < len(calls):
        end = at
        while end < len(calls) and kinds[end] is not None:
            end += 1
        if end > at:
            assert batch is not None
            members = [write for write in writes if at <= write.row < end]
            group = batch.plan(members, stock, 1)
            for member, transaction in zip(members, group.transactions, strict=False):
                entry = ledger_entry_pb2.LedgerEntry.FromString(transaction.entry)
                assert member.response == entry.response
            found += group.transactions
            at += len(group.transactions)
            together += len(group.transactions)
        if at < len(calls):
            found.append(planned_alone(requests[at], orders.image, stock))
            at += 1
    return found, together


def comparable(entry: bytes) -> tuple[ledger_entry_pb2.LedgerEntry, sourcing_service_pb2.SourceOrderResponse]:
    """Without what the clock says; the answer is compared as a message, since maps and such come in any order."""
    message = ledger_entry_pb2.LedgerEntry.FromString(entry)
    response = sourcing_service_pb2.SourceOrderResponse.FromString(message.response)
    response.plan.certificate.ClearField("solve_micros")
    message.ClearField("response")
    return message, response


def test_plans_records_and_guards_are_those_of_one_by_one() -> None:
    """On random networks and stock, scarce and limited, receipts, pools and all: entry for entry, and the holds as well."""
    together = refused = several = 0
    for seed in range(400):
        rng = random.Random(seed)
        image = drawn_image(rng) if seed % 4 == 0 else plainer_image(rng)
        state = rng.getstate()
        one = drawn_stock(rng, image)
        rng.setstate(state)
        other = drawn_stock(rng, image)
        requests = [drawn_request(rng, image, n) for n in range(rng.randint(2, 12))]
        alone = [planned_alone(request, image, other) for request in requests]
        found, count = planned_together(requests, PlainOrders(image, 500, CLOCK), one)
        together += count
        for request, a, b in zip(requests, found, alone, strict=True):
            if isinstance(b, Refusal):
                assert isinstance(a, Refusal) and (a.reason, a.message) == (b.reason, b.message), (seed, request)
                refused += 1
                continue
            assert isinstance(a, Transaction), (seed, a)
            assert comparable(a.entry) == comparable(b.entry), seed
            assert (a.request_id, a.request_digest, a.order_id) == (b.request_id, b.request_digest, b.order_id)
            assert (a.cells, a.capacities, a.texts) == (b.cells, b.capacities, b.texts), seed
            several += len(a.cells) > len(request.order.basket.lines)
        assert np.array_equal(one.matrix.demand, other.matrix.demand), seed
        # Where there is no limit, what is held of a day is nobody's business.
        limited = image.capacity_per_day < UNLIMITED
        assert np.array_equal(one.capacity_used[limited], other.capacity_used[limited]), seed
    assert min(together, refused) > 300
    assert several > 10


def test_stock_that_is_loaded_anew_numbers_its_slots_anew() -> None:
    """Records name the receipts and pools of the stock that they were planned on, also where a group was read before."""
    anew = 0
    for seed in range(150):
        rng = random.Random(seed)
        image = plainer_image(rng)
        orders = PlainOrders(image, 500, CLOCK)
        planned_together([drawn_request(rng, image, n) for n in range(6)], orders, drawn_stock(rng, image))
        state = rng.getstate()
        one = drawn_stock(rng, image)
        rng.setstate(state)
        other = drawn_stock(rng, image)
        requests = [drawn_request(rng, image, n) for n in range(6)]
        alone = [planned_alone(request, image, other) for request in requests]
        found, _ = planned_together(requests, orders, one)
        for a, b in zip(found, alone, strict=True):
            assert isinstance(a, Transaction) == isinstance(b, Transaction), seed
            if isinstance(a, Transaction) and isinstance(b, Transaction):
                assert comparable(a.entry) == comparable(b.entry), seed
                anew += any(change.cell.receipt_id or change.cell.pool for change in b.cells)
    assert anew > 30


def test_a_group_gives_back_what_it_held() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        image = plainer_image(rng)
        stock = drawn_stock(rng, image)
        demand, used = stock.matrix.demand.copy(), stock.capacity_used.copy()
        requests = [drawn_request(rng, image, n) for n in range(8)]
        orders = PlainOrders(image, 500, CLOCK)
        calls: list[Any] = [Call(SOURCE, request.SerializeToString(), 2**62, lambda answer: None) for request in requests]
        batch = orders.read(calls, stock, NOW)
        if batch is None:
            continue
        members = batch.writes(calls, refuse_to_plan, print)
        if members:
            group = batch.plan(members, stock, 1)
            group.release(stock)
        assert np.array_equal(stock.matrix.demand, demand)
        assert np.array_equal(stock.capacity_used, used)


def test_items_with_a_price_of_opportunity_are_planned_one_by_one() -> None:
    """They are no longer found by their ids; when the price is gone they are, and nobody looked at all items again."""
    image = plainer_image(random.Random(1))
    free = PlainKinds(image, 10, PlainPolicies())
    assert free.items is not None
    item = int(np.flatnonzero(free.is_plain)[0])
    prices_of_one = {image.item_ids[item]: {image.location_ids[0]: 1}}
    learned = opportunity_prices(prices_of_one, NOW, image.item_index, image.location_index)
    priced = PlainKinds(replace(image, opportunity=learned), 10, PlainPolicies())
    assert priced.items is not None
    without = [int(each) for each in free.items.indexes if each not in (item, -1)]
    assert [int(each) for each in priced.items.indexes if each >= 0] == without
    assert np.flatnonzero(free.is_plain != priced.is_plain).tolist() == [item]
    again = PlainKinds(replace(image, opportunity=None), 10, PlainPolicies())
    assert again.items is not None and again.is_plain is free.is_plain and again.items.indexes is free.items.indexes
