"""Every kernel compiled, or fetched from the cache, before the first caller waits for it.

A hand-made network is decided on rather than the one served, so that what is compiled never depends on data.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any, Literal

import numba.core.event
import numpy as np
from belofte.v1 import promise_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.basket import Basket, BasketLine, Constraints, DeliveryMethod, DestinationKey
from engine.domain.clock import SystemClock
from engine.domain.enums import CapacityUnit, LocationKind, OrderBy
from engine.domain.ids import uuid7
from engine.inventory.effects import PositionChange
from engine.inventory.live import LiveStock
from engine.inventory.write_path import Write
from engine.network.image import NetworkImage, compile_image
from engine.network.records import (
    CarrierService,
    Inventory,
    Item,
    Location,
    Network,
    NetworkRecords,
    Policy,
    PostalArea,
    SafetyStock,
    Tariff,
    Transfer,
    Zone,
)
from engine.optimizer.explanation import Level
from engine.optimizer.scene import set_scene
from engine.promise.quote import quote_promise
from engine.reroute.optimize import optimize
from engine.reroute.order_pool import NOWHERE, OpenOrder, pool_of_orders
from engine.service.decode import decode_estimate
from engine.service.desk import Call
from engine.service.explain import encode_explanation
from engine.service.fields import Violations
from engine.service.plain_orders import PlainOrders
from engine.service.plain_quotes import Moment, PlainPromises
from engine.service.quote_tokens import QuoteKey
from engine.service.quotes import request_spans
from engine.service.work import lines_of

COMPILATIONS_EXPECTED = {"short": 322, "all": 698}
"""Kernels and their callees, for the progress bar; that it ends does not depend on it."""

LINES_MANY = 12
MINUTE = 29_000_000
NODES_MAX = 1_000


def warm_up(extent: Literal["short", "all"], compiled: Callable[[str], None]) -> None:
    """Decide on baskets of every shape; `compiled` is told the name of each function as it has been compiled.

    `short`: only what whole lines of different items take, which is a quarter of the time. `all`: reroutes as well.
    """
    with numba.core.event.install_listener("numba:compile", _Listener(compiled)):
        for step in steps(extent):
            step()


def steps(extent: Literal["short", "all"]) -> list[Callable[[], object]]:
    """What a warm-up decides on, one thing after the other; in any order."""
    image = compile_image(_records())
    stock = _stock(image)
    baskets = _short_baskets() + (_long_baskets() if extent == "all" else [])
    return [
        # A call of two messages, as the desk has it when some come together.
        partial(lines_of, (b"", b""), ((1, 1), ())),
        *(partial(_explain, image, stock, basket) for basket in baskets),
        partial(_plan_plain, image, stock), partial(_quote_plain, image, stock),
        *([partial(_reroute, image, stock)] if extent == "all" else []),
    ]  # fmt: skip


class _Listener(numba.core.event.Listener):
    def __init__(self, compiled: Callable[[str], None]) -> None:
        self._compiled = compiled

    def on_start(self, event: numba.core.event.Event) -> None:
        """Nothing to tell yet."""

    def on_end(self, event: numba.core.event.Event) -> None:
        self._compiled(event.data["dispatcher"].__name__)


def _explain(image: NetworkImage, stock: LiveStock, basket: Basket) -> None:
    """A quote with its whole explanation."""
    quote = quote_promise(image, stock, basket, 0, NODES_MAX, Level.FULL)
    assert quote.explanation is not None
    encode_explanation(quote.explanation)


def _plan_plain(image: NetworkImage, stock: LiveStock, line_counts: Sequence[int] = (3, 3)) -> None:
    """Plain orders of so many lines on their way from bytes to bytes; what they take is given back."""
    clock = SystemClock()
    calls = []
    for number, line_count in enumerate(line_counts):
        order = types_pb2.Order(order_id=f"{number}", basket=_plain_basket(image, line_count))
        request = sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(), order=order)
        calls.append(Call("", request.SerializeToString(), 0, lambda answer: None))
    batch = PlainOrders(image, LINES_MANY, clock).read(calls, stock, MINUTE)
    assert batch is not None
    planned = batch.plan(batch.writes(calls, _never, lambda *told: None), stock, 1)
    assert len(planned.transactions) == len(calls), "they are plain"
    planned.release(stock)


def _quote_plain(image: NetworkImage, stock: LiveStock, line_counts: Sequence[int] = (3, 3)) -> None:
    """Plain quotes of so many lines on their way from bytes to bytes, in a batch."""
    requests = [promise_service_pb2.QuotePromiseRequest(basket=_plain_basket(image, line_count)) for line_count in line_counts]
    message = promise_service_pb2.BatchQuotePromisesRequest(requests=requests).SerializeToString()
    begins, ends = request_spans(message, len(requests))
    moment = Moment(MINUTE, "", stale=False)
    promises = PlainPromises(image, LINES_MANY, SystemClock(), QuoteKey(b"warm-up"))
    answers = promises.answer_within(message, begins, ends, stock, moment)
    destination = types_pb2.Destination(country_code=THERE.country_code, postal_code=THERE.postal_code)
    request = promise_service_pb2.GetEstimatedDeliveryRequest(item_ids=image.item_ids, destination=destination)
    asked, items = decode_estimate(request, image, MINUTE, Violations())
    answers += promises.listings.answer(request, asked, items, stock)
    assert None not in answers, "they are plain"


def _reroute(image: NetworkImage, stock: LiveStock, order_count: int = 30, checks_max: int = 180) -> None:
    """Many orders together that want more than there is, so that prices are looked for and plans are made anew; then cut."""
    orders = []
    for n in range(order_count):
        wanted = [_line(line, 1 + (n + line) % 7) for line in range(1 + n % 3)]
        present = ((0, 0) if n % 2 else NOWHERE,) * len(wanted)
        orders.append(OpenOrder(set_scene(image, stock, _basket(wanted), "basket"), present))
    made = pool_of_orders(orders, move_micros=1)
    checks = count()
    optimize(made.pool, gap_max=0.0, threads=1, start=made.start, is_cut=lambda: next(checks) >= checks_max)


def _plain_basket(image: NetworkImage, line_count: int) -> types_pb2.Basket:
    lines = [types_pb2.BasketLine(line_id=f"{n}", item_id=image.item_ids[n], quantity=2) for n in range(line_count)]
    destination = types_pb2.Destination(country_code=THERE.country_code, postal_code=THERE.postal_code)
    return types_pb2.Basket(lines=lines, destination=destination)


def _never(call: Call) -> Write:
    raise AssertionError("they are planned together")


def _records() -> NetworkRecords:
    empty = np.zeros(0, np.int32)
    return NetworkRecords(
        network=Network("warm-up", "EUR", "NL", "Europe/Amsterdam", horizon_days=20),
        locations=tuple(
            Location(
                f"l{i}", LocationKind.STORE, "1012", "NL", 52.3 + i, 4.9, "Europe/Amsterdam", pickup=True, priority=i,
                pick_cost_micros=1, capacity_per_day=100, capacity_unit=unit,
            )
            for i, unit in enumerate(CapacityUnit)
        ),
        calendars=(), items=tuple(Item(f"i{i}", weight_grams=900, length_mm=10, width_mm=10, height_mm=10) for i in range(3)),
        carrier_services=(
            CarrierService("post", "STANDARD", max_package_grams=2_000, dimensional_divisor=5_000),
            CarrierService("fast", "EXPRESS"),
        ),
        zones=(Zone("post", "NL", "home", 1), Zone("fast", "NL", "home", 0)),
        tariffs=(Tariff("post", "home", 1_000, 4), Tariff("post", "home", 90_000, 9, 1), Tariff("fast", "home", 90_000, 20)),
        policies=(
            Policy("cost", split_micros=3),
            Policy("priority", order_by=OrderBy.PRIORITY),
            Policy("late", late_micros_per_day=5, short_micros=1_000),
            Policy("green", carbon_micros_per_kg=9, capacity_price_micros=7),
        ),
        inventory=Inventory(empty, empty, np.zeros(0, np.int64), empty, np.zeros(0, np.bool_)),
        postal_areas=(PostalArea("NL", "1000", "9999", 52.1, 5.2),),
        safety_stock=(SafetyStock(1, item_id="i0"),), transfers=(Transfer("l0", "l2", 1, cost_micros=3),),
    )  # fmt: skip


def _stock(image: NetworkImage) -> LiveStock:
    stock = LiveStock(image.item_index, image.location_index, frozenset(), MINUTE // 1_440)
    for item in image.item_ids:
        for location in image.location_ids:
            stock.apply_change(PositionChange(item, location, "", "", 20, 1, None))
            stock.apply_change(PositionChange(item, location, "r", "", 20, 0, MINUTE + 3_000))
    return stock


THERE = DestinationKey("NL", "1012")


def _basket(lines: list[BasketLine], policy_id: str = "cost", limits: Constraints | None = None) -> Basket:
    return Basket(tuple(lines), MINUTE, THERE, policy_id=policy_id, constraints=limits or Constraints())


def _line(n: int, quantity: int, **wishes: Any) -> BasketLine:
    return BasketLine(f"{n}", n % 3, quantity, **wishes)


def _short_baskets() -> list[Basket]:
    few = [_line(n, 1) for n in range(3)]
    return [
        _basket(few),
        _basket(few[:1]),
        _basket(few, limits=Constraints(max_locations=2)),
        _basket([_line(n, 1, latest_minute=MINUTE + 600) for n in range(2)], "late"),
        _basket([_line(0, 1, delivery_method=DeliveryMethod.PICKUP, pickup_location=0), _line(1, 1)]),
        _basket([_line(n, 1, delivery_method=DeliveryMethod.SHIP_TO_STORE, pickup_location=2) for n in range(2)]),
        Basket(tuple(few), MINUTE, DestinationKey("NL", "", 52.0, 5.0), policy_id="cost"),
    ]


def _long_baskets() -> list[Basket]:
    few = [_line(n, 2) for n in range(3)]
    return [
        _basket(few),
        _basket(few, limits=Constraints(max_locations=2)),
        _basket([_line(n, 30) for n in range(3)]),
        _basket([_line(n, 2) for n in range(LINES_MANY)]),
        _basket([_line(0, 30)], "priority"),
        _basket([_line(0, 30)]),
        _basket([_line(n, 1, ship_set=0) for n in range(3)]),
        _basket([_line(n % 2, 40, ship_set=n) for n in (0, 0, 1, 1)]),
        _basket([_line(n, 70) for n in range(3)], "green"),
        _basket([_line(n, 900, latest_minute=MINUTE + 600) for n in range(2)], "late"),
        _searched_basket(),
    ]


def _searched_basket() -> Basket:
    """Lines that contend for stock of a few locations, so that no bound closes and the search must begin."""
    wanted = ((1, 20), (2, 19), (1, 2), (2, 1), (0, 2), (2, 20), (2, 2), (0, 40), (2, 10**6), (2, 20), (0, 2), (2, 20), (1, 20))
    lines = tuple(BasketLine(f"{n}", item, q, ship_complete=q in (19, 1)) for n, (item, q) in enumerate(wanted))
    return Basket(lines, MINUTE + 6_575, THERE, policy_id="cost", constraints=Constraints(max_locations_per_line=2))
