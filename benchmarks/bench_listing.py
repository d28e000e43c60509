"""How many items a second does GetEstimatedDelivery estimate, 1,000 in a call?

On the network of `bench_promise`: every item at each of 1,000 locations, three service levels. Each call asks for one unit of
1,000 random items to a random postal area, from the bytes of the request to those of the answer, in one thread. Answers are
compared with those of the ordinary way, which is timed apart.
"""

import time
from dataclasses import replace
from statistics import median

import numpy as np
from belofte.v1 import promise_service_pb2, types_pb2

from benchmarks.bench_promise import AREAS, LINES, MOMENT, SEED, network, stocked
from benchmarks.report import Report
from engine.domain.clock import SystemClock
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage, compile_image
from engine.promise.estimate import estimate_delivery
from engine.service.estimates import Listing, begin_listing, encode_estimate
from engine.service.plain_quotes import PlainPromises

ITEMS, CALLS, ALONE = 1_000, 30, 40


def listing(image: NetworkImage, rng: np.random.Generator) -> bytes:
    """One call."""
    return promise_service_pb2.GetEstimatedDeliveryRequest(
        item_ids=[image.item_ids[item] for item in rng.choice(len(image.items), ITEMS, replace=False).tolist()],
        destination=types_pb2.Destination(country_code="DE", postal_code=f"{int(rng.integers(AREAS)):02}500"),
    ).SerializeToString()  # fmt: skip


def estimated(message: bytes, promises: PlainPromises, stock: LiveStock) -> Listing:
    """A call as the handler works on it, as far as kernels go."""
    asked = begin_listing(message, promises.image, MOMENT)
    while not asked.is_done:
        told = asked.take_plain(promises, stock)
        asked.answers += [answer for answer in told if answer is not None]
        assert None not in told, "all items here are plain"
    return asked


def main() -> None:
    """Run the benchmark."""
    report = Report("listing", "Estimates for listing pages")
    rng = np.random.default_rng(SEED)
    image = compile_image(network())
    stock, promises = stocked(image, rng), PlainPromises(image, LINES, SystemClock())
    estimated(listing(image, rng), promises, stock)
    seconds, alone, answers, asked = [], [], [], []
    for _ in report.track(range(CALLS), "calls"):
        message = listing(image, rng)
        started = time.perf_counter()
        asked.append(estimated(message, promises, stock))
        answers.append(asked[-1].encoded())
        seconds.append(time.perf_counter() - started)
    told = promise_service_pb2.GetEstimatedDeliveryResponse.FromString(answers[-1])
    for item, of_item in list(zip(asked[-1].items, told.items, strict=True))[:ALONE]:
        started = time.perf_counter()
        found = estimate_delivery(image, stock, replace(asked[-1].asked, item=item), 1_000)
        alone.append(time.perf_counter() - started)
        assert list(of_item.estimates) == [encode_estimate(each, image.location_ids) for each in found]
    per_item = median(seconds) / ITEMS
    report.table(
        f"1,000 locations, 3 service levels, {ITEMS:,} items a call", ["", "µs an item, median", "items a second"],
        [["in a call", per_item * 1e6, 1 / per_item], ["one by one, decision alone", median(alone) * 1e6, 1 / median(alone)]],
    )  # fmt: skip
    report.say(f"{len(answers[-1]) / ITEMS:,.0f} bytes an item.")
    report.finish({
        "items_per_second": 1 / per_item, "microseconds_per_item": per_item * 1e6, "milliseconds_per_call": per_item * 1e6,
        "ratio_vs_one_by_one": median(alone) / per_item,
    })  # fmt: skip


if __name__ == "__main__":
    main()
