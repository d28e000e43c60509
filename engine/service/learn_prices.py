"""What stock is worth to orders that are still to come, learned from those that came: prices of opportunity by item and place.

A thread of its own samples the orders of the last days, prices the pool of those that are to be expected on the stock of the
moment (`engine/reroute/rates.py`) and records what it found, like all that changes what is decided. Every engine charges what
was recorded last, until that is older than the policy takes.
"""

import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson
import structlog
from belofte.v1 import ledger_entry_pb2, types_pb2
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from engine.domain.basket import Basket
from engine.domain.enums import OrderBy
from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.kernels.pool_tables import Pool
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import NetworkImage
from engine.network.opportunity import Micros, opportunity_prices
from engine.optimizer.cut import IsCut
from engine.optimizer.scene import Scene, set_scene
from engine.reroute.order_pool import NOWHERE, OpenOrder, OrderPool, pool_of_orders
from engine.reroute.rates import EXPECTED_MAX, beyond_cheapest, elsewhere_micros, learned_prices
from engine.service.decode import decode_basket
from engine.service.fields import Violations
from engine.service.note_write import NoteWrite
from engine.service.reroute import RECORD_SECONDS_MAX, in_desk, live_stock
from engine.service.reroute_orders import fork_of

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

Ints = NDArray[np.int64]

SHIPPED = (types_pb2.DELIVERY_METHOD_UNSPECIFIED, types_pb2.DELIVERY_METHOD_SHIP)

LEARN_PRICES, RECORD = "LearnPrices", "@prices"
"""The method that its entries name, and what stands there in place of an order's id."""

ASK_NS = 5_000_000_000
"""How often the ledger is asked what was recorded last."""

SOLVES_A_LIFE = 4
"""Prices are learned anew when they have lived so large a part of what the strictest policy gives them."""

TRY_MINUTES = 1
"""How long nothing is tried after a try."""

MINUTE_MS, DAY_MS = 60_000, 86_400_000
DAYS, SLICES = 7, 28
"""Orders of so many days count, sampled from so many stretches of them, each as often as orders came in it."""

SOLVE_SECONDS_MAX = 60.0
PAUSE_SECONDS = 0.001
"""After each order that is looked at: whoever decides has its turn."""

PRICE_MICROS_MIN = 10_000
"""Less than a cent decides nothing, and would only take orders off the short way."""

PRICES_MAX = 20_000
"""The highest are kept: they are recorded for ever."""


class Sample(NamedTuple):
    """Orders that came, how many each stands for, and how many come in a day."""

    orders: Sequence[types_pb2.Order]
    weights: Sequence[float]
    a_day: float


class PriceLearner:
    """One engine's. `tick` is called in the desk's thread."""

    def __init__(self, h: "Handlers", ask_ns: int = ASK_NS) -> None:
        """Asks nothing until it is first called."""
        self._h = h
        self._ask_ns = ask_ns
        self._asked_ns = -ask_ns
        self._asking = threading.Lock()
        self._tried_minute = 0
        self._log = structlog.get_logger("prices")

    def tick(self) -> None:
        """Now and then see what was recorded, and learn anew what grows old, where any policy charges it."""
        h = self._h
        now = h.clock.monotonic_ns()
        if h.path.stock is None or h.path.stale or now - self._asked_ns < self._ask_ns:
            return
        ages = [each.opportunity_minutes_max for each in h.image.records.policies if each.opportunity_minutes_max]
        self._let_go(max(ages, default=0))
        if not ages or not self._asking.acquire(blocking=False):
            return
        self._asked_ns = now
        threading.Thread(target=self._run, args=(min(ages),), name="belofte-prices", daemon=True).start()

    def _let_go(self, minutes_max: int) -> None:
        """Of prices that no policy charges any more nothing is left to look at."""
        h = self._h
        prices = h.image.opportunity
        if prices is not None and not prices.is_young(h.now_minute(), minutes_max):
            h.image, h.path.prices_position = replace(h.image, opportunity=None), ""
            self._log.warning("prices of opportunity are too old: none are charged", solved_minute=prices.solved_minute)

    def _run(self, minutes_min: int) -> None:
        """In a thread of its own."""
        try:
            self._look(minutes_min)
        except SQLAlchemyError as error:
            self._log.warning("the ledger cannot be asked for orders", error=str(error))
        except Refusal as refusal:
            self._log.info("no prices are learned now", reason=refusal.reason)
        except Exception:
            self._log.exception("a fault of the engine")
        finally:
            self._asking.release()

    def _look(self, minutes_min: int) -> None:
        h = self._h
        recorded = h.ledger.last_of(RECORD)
        solved_minute = 0
        if recorded is not None:
            solved_minute, known = prices_in(recorded.entry)
            if h.path.prices_position != recorded.position or h.image.opportunity is None:
                image = h.image
                h.hand_over(partial(self._charge, image, with_opportunity(image, solved_minute, known), recorded.position))
        minute, life = h.now_minute(), max(TRY_MINUTES, minutes_min // SOLVES_A_LIFE)
        if h.path.is_shared or minute < max(solved_minute + life, self._tried_minute + TRY_MINUTES):
            return
        self._tried_minute, started = minute, time.monotonic()
        micros = solved(h, lambda: time.monotonic() - started > SOLVE_SECONDS_MAX)
        if micros is None:
            return
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=uuid7(h.clock.unix_ms()), method=LEARN_PRICES, request_digest=bytes(32), order_id=RECORD,
            response=content_of(minute, micros), network_version=h.image.version, decided_unix_ms=h.clock.unix_ms(),
        )  # fmt: skip
        write = NoteWrite(entry)
        h.hand_over(partial(self._record, write))
        # Who looks next must find it in the ledger: else the same would be learned once more.
        write.settled.wait(RECORD_SECONDS_MAX)
        count = sum(map(len, micros.values()))
        self._log.info("prices of opportunity learned", prices=count, seconds=round(time.monotonic() - started, 3))

    def _record(self, write: NoteWrite) -> bool:
        """In the desk's thread; what was recorded is charged once it is read again."""
        self._h.path.run([write])
        self._asked_ns = -self._ask_ns
        return True

    def _charge(self, before: NetworkImage, image: NetworkImage, position: str) -> bool:
        """In the desk's thread, between two batches; where the network is another by now, the next look finds that."""
        h = self._h
        assert image.opportunity is not None
        ages = [each.opportunity_minutes_max for each in image.records.policies]
        if h.image is before and image.opportunity.is_young(h.now_minute(), max(ages, default=0)):
            h.image, h.path.prices_position = image, position
        return True


def content_of(solved_minute: int, micros: Micros) -> bytes:
    """Prices as an entry has them."""
    return zlib.compress(orjson.dumps([solved_minute, micros], option=orjson.OPT_SORT_KEYS))


def prices_in(entry: bytes) -> tuple[int, Micros]:
    """(the minute that they are of, micros by item and location) that an entry recorded."""
    solved_minute, micros = orjson.loads(zlib.decompress(ledger_entry_pb2.LedgerEntry.FromString(entry).response))
    return solved_minute, micros


def with_opportunity(image: NetworkImage, solved_minute: int, micros: Micros) -> NetworkImage:
    """The network with these prices."""
    return replace(
        image, opportunity=opportunity_prices(micros, solved_minute, image.item_index, image.location_index)
    )  # fmt: skip


def solved(h: "Handlers", is_cut: IsCut) -> dict[str, dict[str, int]] | None:
    """Prices of the orders that are to be expected, on the stock of now; None: no order tells of any. Raises `Refusal`."""
    image = replace(h.image, opportunity=None)
    sample = sampled(h)
    scenes, weights = _scenes(h, image, sample)
    if not scenes:
        return None
    made: list[OrderPool] = []

    def pool_of(kinds: Ints) -> Pool:
        made.append(pool_of_orders(_paced([scenes[kind] for kind in kinds.tolist()]), 0))
        pool = made[0].pool
        return pool._replace(short_micros=elsewhere_micros(pool))

    prices = learned_prices(np.array(weights), sample.a_day * image.network.demand_days, pool_of, 1, is_cut)
    return kept(image, made[0], prices.position_micros)


def kept(image: NetworkImage, made: OrderPool, position_micros: Ints) -> dict[str, dict[str, int]]:
    """What is recorded of prices of a pool: what each is above its item's least, of those the highest."""
    micros = beyond_cheapest(position_micros, made.pool.position_item)
    found: dict[tuple[int, int], int] = {}
    for key, price in zip(made.positions, micros.tolist(), strict=True):
        # What lands there later is another position of the pool; taken now, either is missed.
        found[key] = max(found.get(key, 0), price)
    highest = sorted((each for each in found.items() if each[1] >= PRICE_MICROS_MIN), key=lambda each: (-each[1], each[0]))
    prices: dict[str, dict[str, int]] = {}
    for (item, location), price in highest[:PRICES_MAX]:
        prices.setdefault(image.item_ids[item], {})[image.location_ids[location]] = price
    return prices


def _scenes(h: "Handlers", image: NetworkImage, sample: Sample) -> tuple[list[Scene], list[float]]:
    """Orders as they would be asked for now, on all the stock that there is for them; without those that cannot be."""
    baskets = [(basket, weight) for order, weight in zip(sample.orders, sample.weights, strict=True)
               if (basket := _basket(h, image, order)) is not None]  # fmt: skip
    if not baskets:
        return [], []
    items = {line.item for basket, _ in baskets for line in basket.lines}
    stock = in_desk(h, lambda: fork_of(live_stock(h), items))
    scenes, weights = [], []
    for basket, weight in baskets:
        time.sleep(PAUSE_SECONDS)
        try:
            scene = set_scene(image, stock, basket)
        except Refusal:
            continue
        if scene.lanes is not None and scene.policy.order_by is OrderBy.COST:
            scenes.append(scene)
            weights.append(weight)
    return scenes, weights


def _basket(h: "Handlers", image: NetworkImage, order: types_pb2.Order) -> Basket | None:
    """What an order asked to be shipped, at any date; None where nothing of it says what stock is worth."""
    wire = types_pb2.Basket()
    wire.CopyFrom(order.basket)
    wire.policy_id = order.policy_id
    wire.ClearField("request_time")
    del wire.lines[:]
    for line in order.basket.lines:
        if line.delivery_method in SHIPPED and not line.kit_parent_line_id:
            added = wire.lines.add()
            added.CopyFrom(line)
            added.ClearField("earliest_date")
            added.ClearField("latest_date")
    if not 1 <= len(wire.lines) <= SUBSET_LINES_MAX:
        return None
    wrong = Violations()
    basket = decode_basket(wire, "order.basket", image, h.now_minute(), h.limits.lines_max, wrong)
    is_wrong = wrong.invalid or wrong.unknown or wrong.unbuilt
    return None if is_wrong or len(basket.lines) > SUBSET_LINES_MAX else basket


def _paced(scenes: Sequence[Scene]) -> Iterator[OpenOrder]:
    for scene in scenes:
        time.sleep(PAUSE_SECONDS)
        yield OpenOrder(scene, (NOWHERE,) * len(scene.basket.lines))


def sampled(h: "Handlers") -> Sample:
    """Orders of the last days."""
    now = h.clock.unix_ms()
    ids: list[str] = []
    weights: list[float] = []
    total, first = 0, now
    step = DAYS * DAY_MS // SLICES
    for begin in range(now - DAYS * DAY_MS, now, step):
        count, some = h.ledger.orders_made(begin, begin + step, EXPECTED_MAX // SLICES)
        if some:
            ids += some
            weights += [count / len(some)] * len(some)
            total, first = total + count, min(first, begin)
    orders = {each.order_id: each for each in h.ledger.find_orders(ids)}
    known = [(orders[each], weight) for each, weight in zip(ids, weights, strict=True) if each in orders]
    days = (now - first) / DAY_MS if total else 1.0
    return Sample([order for order, _ in known], [weight for _, weight in known], total / days)
