"""How long does a quote take, from the bytes of its request to the bytes of its answer?

Baskets of three random items, one or two units each, to random postal areas, on a network of 1,000 locations that all have
every item, three carrier services each of a service level of its own. Quotes go through the engine's batch interface, 256 in
a call, in one thread: read, planned by all services and by each level, ranked and written, with three options, then with the
frontier as well; without tokens, which are measured beside. The same call without decision reads the same requests and writes
the same answers, planned before. The ways take turns batch by batch; figures are medians, by the clock and by the processor
time of the thread, which a busy machine changes less. Answers are compared with those of the ordinary way.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean, median

import numpy as np
from belofte.v1 import promise_service_pb2, types_pb2

from benchmarks.bench_kernel import MINUTE, POSITIONS
from benchmarks.report import Report
from engine.domain.clock import SystemClock
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage, compile_image
from engine.network.records import CarrierService, NetworkRecords, Tariff, Zone
from engine.promise.quote import quote_promise
from engine.service.decode import decode_quote
from engine.service.encode import encode_quote
from engine.service.fields import Violations
from engine.service.plain_quotes import Moment, PlainPromises
from engine.service.quote_tokens import QuoteKey
from loaders.large_network import large_network

SEED = 20261130
LOCATIONS, LINES, BATCH, BATCHES, AREAS = 1_000, 3, 256, 40, 90
COMPARED = 50
TARGET, TARGET_WITH_FRONTIER = 20, 60
MOMENT = Moment(MINUTE, "3-1041", stale=False)


def network() -> NetworkRecords:
    """Three carrier services: by road, by air, and a courier who comes the same day to who lives near."""
    records = large_network(LOCATIONS, POSITIONS // LOCATIONS, 0, SEED)
    return replace(
        records,
        carrier_services=(*records.carrier_services, CarrierService("COURIER", "SAMEDAY", pickup_minute=15 * 60)),
        zones=(*records.zones, Zone("COURIER", "DE", "1", 0, max_distance_meters=250_000)),
        tariffs=(*records.tariffs, Tariff("COURIER", "1", 10**6, 24_900_000)),
    )


def stocked(image: NetworkImage, rng: np.random.Generator) -> LiveStock:
    """Every item at every location, some of them out of it."""
    stock = LiveStock(image.item_index, image.location_index, frozenset(), MINUTE // 1440)
    zeros = np.zeros(POSITIONS, np.int32)
    item = np.repeat(np.arange(len(image.items), dtype=np.int32), LOCATIONS)
    location = np.tile(np.arange(LOCATIONS, dtype=np.int32), len(image.items))
    stock.matrix.load(item, location, zeros, rng.geometric(1 / 3, POSITIONS) - 1, zeros.astype(np.int64))
    return stock


def requests(image: NetworkImage, count: int, with_frontier: bool, rng: np.random.Generator) -> list[bytes]:
    """Quotes of random baskets."""
    made = []
    for _ in range(count):
        basket = types_pb2.Basket(
            lines=[
                types_pb2.BasketLine(line_id=str(n), item_id=image.item_ids[item], quantity=int(rng.integers(1, 3)))
                for n, item in enumerate(rng.choice(len(image.items), LINES, replace=False).tolist(), 1)
            ],
            destination=types_pb2.Destination(country_code="DE", postal_code=f"{int(rng.integers(AREAS)):02}500"),
        )  # fmt: skip
        request = promise_service_pb2.QuotePromiseRequest(basket=basket, omit_frontier=not with_frontier)
        made.append(request.SerializeToString())
    return made


def answered(promises: PlainPromises, stock: LiveStock, messages: Sequence[bytes]) -> list[bytes | None]:
    """The batch interface: bytes in, bytes out."""
    return promises.answer(messages, stock, MOMENT)


class Undecided:
    """The same call without decision: reads anew, and writes what was planned the first time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def run(self, promises: PlainPromises, stock: LiveStock, messages: Sequence[bytes]) -> None:
        """Time it, decision apart."""
        ends = np.cumsum([*map(len, messages)], dtype=np.int64)
        begins, text = np.append(0, ends[:-1]), b"".join(messages)
        started = time.perf_counter()
        asked = promises.read(text, begins, ends, stock, MINUTE)
        seconds = time.perf_counter() - started
        tables = promises.plan(asked, range(len(messages)), stock, MINUTE)
        started = time.perf_counter()
        promises.write(asked, tables, stock, MOMENT)
        seconds += time.perf_counter() - started
        self.seconds.append(seconds)


def compare(image: NetworkImage, stock: LiveStock, messages: Sequence[bytes], answers: Sequence[bytes | None]) -> None:
    """Answers are those of the ordinary way."""
    for message, answer in zip(messages[:COMPARED], answers, strict=False):
        assert answer is not None, "every basket here is plain"
        request = promise_service_pb2.QuotePromiseRequest.FromString(message)
        basket = decode_quote(request, image, MINUTE, LINES, Violations())
        quote = quote_promise(image, stock, basket, 0, 1_000, with_frontier=not request.omit_frontier)
        expected = encode_quote(quote, MOMENT.position, MOMENT.stale, 0)
        found = promise_service_pb2.QuotePromiseResponse.FromString(answer)
        for option in found.options:
            option.plan.certificate.ClearField("solve_micros")
        assert found == expected


def main() -> None:
    """Run the benchmark."""
    report = Report("promise", "Promises: quotes from bytes to bytes")
    rng = np.random.default_rng(SEED)
    image = compile_image(network())
    stock, promises = stocked(image, rng), PlainPromises(image, LINES, SystemClock())
    signing = PlainPromises(image, LINES, SystemClock(), QuoteKey(bytes(32)))
    answered(signing, stock, requests(image, BATCH, True, rng))
    shapes = {}
    for with_frontier in (False, True):
        messages = requests(image, BATCH, with_frontier, rng)
        answers = answered(promises, stock, messages)
        compare(image, stock, messages, answers)
        told = [promise_service_pb2.QuotePromiseResponse.FromString(each) for each in answers if each is not None]
        shapes[with_frontier] = (
            len(told) / BATCH, mean(len(each.options) for each in told), mean(len(each.frontier) for each in told),
            mean(map(len, filter(None, answers))),
        )  # fmt: skip
    ways = ("whole", "processor", "signed", "undecided")
    seconds: dict[tuple[str, bool], list[float]] = {(name, f): [] for f in (False, True) for name in ways}
    for _ in report.track(range(BATCHES), "batches"):
        for with_frontier in (False, True):
            messages = requests(image, BATCH, with_frontier, rng)
            started, worked = time.perf_counter(), time.thread_time()
            answers = answered(promises, stock, messages)
            seconds["whole", with_frontier].append(time.perf_counter() - started)
            seconds["processor", with_frontier].append(time.thread_time() - worked)
            messages = requests(image, BATCH, with_frontier, rng)
            worked = time.thread_time()
            answered(signing, stock, messages)
            seconds["signed", with_frontier].append(time.thread_time() - worked)
            undecided = Undecided()
            undecided.run(promises, stock, messages)
            seconds["undecided", with_frontier] += undecided.seconds
    micros = {key: median(each) / BATCH * 1e6 for key, each in seconds.items()}
    report.table(
        f"{LOCATIONS:,} locations × {LINES} lines, 3 services, {BATCH} quotes a call", ["", "three options", "with frontier"],
        [
            ["µs a quote, median", micros["whole", False], micros["whole", True]],
            ["processor time of it", micros["processor", False], micros["processor", True]],
            ["processor time with tokens", micros["signed", False], micros["signed", True]],
            ["of it without decision", micros["undecided", False], micros["undecided", True]],
            *(
                [name, shapes[False][n], shapes[True][n]]
                for n, name in enumerate(("share by kernels", "options", "points", "bytes of an answer"))
            ),
        ],
    )  # fmt: skip
    report.say(
        f"Target: at most {TARGET} µs a quote with three options, and {TARGET_WITH_FRONTIER} µs with the frontier as well."
    )
    report.finish({
        "quotes_per_second": 1e6 / micros["whole", False], "microseconds_per_quote": micros["whole", False],
        "microseconds_with_frontier": micros["whole", True],
        "quote_ratio_undecided": micros["whole", False] / micros["undecided", False],
        "frontier_ratio_undecided": micros["whole", True] / micros["undecided", True],
        "processor_microseconds_per_quote": micros["processor", False],
        "processor_microseconds_with_frontier": micros["processor", True],
        "processor_microseconds_signed": micros["signed", False],
        "microseconds_undecided": micros["undecided", False], "plain_share": shapes[False][0],
    })  # fmt: skip


if __name__ == "__main__":
    main()
