"""How many quotes does a server answer over gRPC in a second, and against an empty one?

`server.py serve` on a network of 1,000 locations that stock every item, with three carrier services each of a service level of
its own, called over loopback by a load generator in another process on the same machine. Baskets of three random items to
random postal areas ask for three options without the frontier. The empty servers, `grpc.aio` on uvloop and `pygrpc-native`,
answer messages of the same sizes with bytes made before. They take turns; figures are medians of the rounds, ratios those
within a round. Latencies are those of an open loop, counted from when a call was due. Light quotes come alone, then with
baskets of 500 lines among them, 5 % of all, at a rate that keeps the server busy 60 % of the time, for as long as it takes to
ask for ten of those; quotes and empty `grpc.aio` calls at 60 % of what the latter can do. Only calls whose trailers say OK
count.
"""

import time
from argparse import ArgumentParser
from dataclasses import dataclass, replace
from math import isfinite
from statistics import median

import grpc
import numpy as np
from belofte.v1 import promise_service_pb2, types_pb2

from benchmarks.echo_servers import METHOD as ECHO
from benchmarks.load import Load, OneMessage, Result, run, run_together
from benchmarks.report import Report
from benchmarks.running_server import echo_server, running_server
from engine.network.records import CarrierService, NetworkRecords, Tariff, Zone
from loaders.large_network import large_network

SEED = 20261201
LOCATIONS, ITEMS, LINES, AREAS = 1_000, 500, 3, 90
BASKETS = 2_000
HEAVY_LINES, HEAVY_SHARE, HEAVY_BASKETS = 500, 0.05, 20
HEAVY_CALLS, MIXED_SECONDS_MAX = 10, 30.0
WARM_SECONDS_MAX = 300.0
"""The first large basket of an engine takes seconds."""

BUSY = 0.6
ROUNDS, SECONDS = 3, 4.0
QUOTE = "/belofte.v1.PromiseService/QuotePromise"
TARGETS = {"quote_vs_aio_echo": 3.5, "quote_vs_native_echo": 0.35, "light_p99_ratio": 2.0, "p99_ratio_vs_aio_echo": 1.0}


def network() -> NetworkRecords:
    """By road, by air, and by a courier who comes the same day to who lives near."""
    records = large_network(LOCATIONS, ITEMS, LOCATIONS * ITEMS, SEED)
    return replace(
        records,
        carrier_services=(*records.carrier_services, CarrierService("COURIER", "SAMEDAY", pickup_minute=15 * 60)),
        zones=(*records.zones, Zone("COURIER", "DE", "1", 0, max_distance_meters=250_000)),
        tariffs=(*records.tariffs, Tariff("COURIER", "1", 10**6, 24_900_000)),
    )


@dataclass(frozen=True, slots=True)
class Quotes:
    """Random baskets."""

    lines: int
    count: int

    def __call__(self, number: int) -> list[bytes]:
        """Those of one process of the load generator."""
        rng = np.random.default_rng((SEED, number, self.lines))
        made = []
        for _ in range(self.count):
            basket = types_pb2.Basket(
                lines=[
                    types_pb2.BasketLine(line_id=str(n), item_id=f"I{item:08d}", quantity=int(rng.integers(1, 3)))
                    for n, item in enumerate(rng.choice(ITEMS, self.lines, replace=False).tolist(), 1)
                ],
                destination=types_pb2.Destination(country_code="DE", postal_code=f"{int(rng.integers(AREAS)):02}500"),
            )  # fmt: skip
            request = promise_service_pb2.QuotePromiseRequest(basket=basket, omit_frontier=True)
            made.append(request.SerializeToString())
        return made


def seconds_of_heavy(server: str) -> float:
    """What a large basket takes alone, the first one left out."""
    seconds = []
    with grpc.insecure_channel(server) as channel:
        for message in Quotes(HEAVY_LINES, HEAVY_BASKETS)(0)[:4]:
            started = time.monotonic()
            channel.unary_unary(QUOTE)(message, timeout=WARM_SECONDS_MAX)
            seconds.append(time.monotonic() - started)
    return median(seconds[1:])


def light_and_heavy(server: str, rate: float, seconds: float) -> tuple[Result, Result]:
    """Light quotes with heavy ones among them; of each what came back."""
    light = Load(server, QUOTE, seconds, rate=rate * (1 - HEAVY_SHARE))
    heavy = Load(server, QUOTE, seconds, rate=rate * HEAVY_SHARE)
    return run_together([(light, Quotes(LINES, BASKETS)), (heavy, Quotes(HEAVY_LINES, HEAVY_BASKETS))])


def main() -> None:
    """Run the benchmark."""
    parser = ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--small", action="store_true", help="one short round")
    small = parser.parse_args().small
    rounds, seconds = (1, 2.0) if small else (ROUNDS, SECONDS)
    report = Report("rpc", "Quotes over gRPC")
    quotes = Quotes(LINES, BASKETS)
    question = quotes(0)[0]
    rows: list[dict[str, float]] = []
    with running_server(network(), wait_ms_max="10000") as server:
        report.say(f"The server stood after {server.seconds_to_start:.0f} s.")
        first = run(Load(server.address, QUOTE, 1.0, warm_up_seconds=3.0), quotes)
        assert set(first.statuses) == {0}, first.statuses
        heavy_per_second = 1 / seconds_of_heavy(server.address)
        with echo_server("aio", first.answer_bytes) as aio, echo_server("native", first.answer_bytes) as native:
            for _ in report.track(range(rounds), "rounds"):
                row = {}
                for name, address, method, messages in (
                    ("quotes", server.address, QUOTE, quotes), ("aio", aio, ECHO, OneMessage(question)),
                    ("native", native, ECHO, OneMessage(question)),
                ):  # fmt: skip
                    result = run(Load(address, method, seconds), messages)
                    assert set(result.statuses) == {0}, (name, result.statuses)
                    row[name] = result.per_second
                rate = BUSY * row["aio"]
                for name, address, method, messages in (
                    ("quote_p99_ms", server.address, QUOTE, quotes), ("aio_p99_ms", aio, ECHO, OneMessage(question)),
                ):  # fmt: skip
                    row[name] = run(Load(address, method, seconds, rate=rate), messages).percentile_ms(99)
                row["heavy"] = heavy_per_second
                mixed = BUSY / ((1 - HEAVY_SHARE) / row["quotes"] + HEAVY_SHARE / row["heavy"])
                row["mixed_rate"] = mixed
                mixed_seconds = min(MIXED_SECONDS_MAX, max(seconds, HEAVY_CALLS / (HEAVY_SHARE * mixed)))
                alone = run(Load(server.address, QUOTE, mixed_seconds, rate=mixed * (1 - HEAVY_SHARE)), quotes)
                among, heavy = light_and_heavy(server.address, mixed, mixed_seconds)
                row["light_p99_ms"], row["light_p99_among_ms"] = alone.percentile_ms(99), among.percentile_ms(99)
                row["heavy_p99_ms"], row["heavy_answered"] = heavy.percentile_ms(99), heavy.good / max(1, heavy.offered)
                rows.append(row)
    figures = {
        "quote_vs_aio_echo": median(row["quotes"] / row["aio"] for row in rows),
        "quote_vs_native_echo": median(row["quotes"] / row["native"] for row in rows),
        "light_p99_ratio": median(row["light_p99_among_ms"] / row["light_p99_ms"] for row in rows),
        "p99_ratio_vs_aio_echo": median(row["quote_p99_ms"] / row["aio_p99_ms"] for row in rows),
        "quotes_per_second": median(row["quotes"] for row in rows),
    }
    report.table(
        f"{LOCATIONS:,} locations × {LINES} lines, {len(question)} bytes asked, {first.answer_bytes:,} answered",
        ["", "median", *(f"round {n}" for n in range(1, rounds + 1))],
        [[name, median(row[name] for row in rows), *(row[name] for row in rows)] for name in rows[0]],
    )
    report.say("Targets: " + ", ".join(f"{name} {value:g}" for name, value in TARGETS.items()) + ".")
    report.finish({name: value if isfinite(value) else None for name, value in figures.items()})


if __name__ == "__main__":
    main()
