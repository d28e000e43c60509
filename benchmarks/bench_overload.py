"""What becomes of a server that is asked for twice and five times what it can do?

`server.py serve`, called by a load generator that is pinned to a processor. Capacity is what closed loops get, the larger of
one before and one after. Open loops offer as much, twice and five times as much, and then half of it again until calls take as
long as before. Goodput is what is answered OK ÷ capacity; latencies are of those calls, from when each was due. A rate at which
the generator has not sent fails the run.
Orders of three lines, then quotes of fifty.
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks import bench_commit, bench_rpc
from benchmarks.bench_source import PER_SECOND_MAX, Orders
from benchmarks.load import OK, Load, Result, run
from benchmarks.report import Report
from benchmarks.running_server import running_server
from engine.network.records import NetworkRecords

LINES_MANY, BASKETS = 50, 50
SECONDS = 5.0
WARM_UP_SECONDS = 4.0
"""Until a closed loop has found its pace: batches grow with what waits."""

CALM = 0.5
CALM_SECONDS_MAX = 15.0
OFFERED_MIN = 0.9
"""Of a rate that must have been offered."""

REFUSED = 8
"""RESOURCE_EXHAUSTED."""

LATE = 4
TARGETS = {"goodput_2x": 0.9, "goodput_5x": 0.8, "p99_ratio_2x": 2.0, "p99_ratio_5x": 2.0, "seconds_to_normal": 5.0}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is asked for."""

    name: str
    method: str
    network: Callable[[], NetworkRecords]
    messages: Callable[[int], Callable[[int], Sequence[bytes]]]
    """Messages for so many calls."""
    in_hand: int
    """At once on each connection where as many as can be are asked for."""


def orders_of(count: int) -> Orders:
    """As many orders, each asked for once."""
    return Orders(count)


def quotes_of(count: int) -> bench_rpc.Quotes:
    """Some baskets, asked for over and over."""
    return bench_rpc.Quotes(LINES_MANY, BASKETS)


KINDS = (
    Kind("orders", bench_commit.SOURCE, bench_commit.network, orders_of, 64),
    Kind("quotes", bench_rpc.QUOTE, bench_rpc.network, quotes_of, 1),
)


def offered(kind: Kind, load: Load, rate: float) -> Result:
    """An open loop at a rate, which must have been offered."""
    count = int(rate * (load.seconds + load.warm_up_seconds) * 1.2) + 100
    result = run(replace(load, rate=rate), kind.messages(count))
    assert result.offered >= OFFERED_MIN * rate * load.seconds, f"{result.offered} calls were sent at {rate:.0f} a second"
    assert set(result.statuses) <= {OK, REFUSED, LATE}, result.statuses
    return result


def measure(kind: Kind, report: Report, seconds: float) -> dict[str, float]:
    """All rates of one kind."""
    with running_server(kind.network(), record_lag_entries_max="100000", record_wait_ms_max="60000") as server:
        load = Load(server.address, kind.method, seconds, cpus=(0,))
        capacity = capacity_of(kind, load)
        calm = offered(kind, load, CALM * capacity)
        full = offered(kind, load, capacity)
        over = {times: offered(kind, load, times * capacity) for times in (2, 5)}
        normal = seconds_to_normal(kind, load, CALM * capacity, 2 * calm.percentile_ms(99))
        capacity = max(capacity, capacity_of(kind, load))
    rows = {"capacity_per_second": capacity}
    for times, result in over.items():
        rows[f"goodput_{times}x"] = result.per_second / capacity
        rows[f"p99_ratio_{times}x"] = result.percentile_ms(99) / full.percentile_ms(99)
    return {
        **rows, "seconds_to_normal": normal, "p99_calm_ms": calm.percentile_ms(99),
        "p99_at_capacity_ms": full.percentile_ms(99),
    }  # fmt: skip


def capacity_of(kind: Kind, load: Load) -> float:
    """Good calls a second of a closed loop."""
    closed = replace(load, in_hand=kind.in_hand, warm_up_seconds=WARM_UP_SECONDS)
    result = run(closed, kind.messages(int(PER_SECOND_MAX * (load.seconds + WARM_UP_SECONDS))))
    assert result.good, result.statuses
    return result.per_second


def seconds_to_normal(kind: Kind, load: Load, rate: float, p99_ms: float) -> float:
    """After an overload, until a second's calls take as long as before it; CALM_SECONDS_MAX where that does not come."""
    began = time.monotonic()
    while time.monotonic() - began < CALM_SECONDS_MAX:
        started = time.monotonic()
        second = replace(load, rate=rate, seconds=1.0, warm_up_seconds=0.0)
        result = run(second, kind.messages(int(2 * rate) + 50))
        if set(result.statuses) == {OK} and result.percentile_ms(99) <= p99_ms:
            return started - began
    return CALM_SECONDS_MAX


def main() -> None:
    """Run the benchmark."""
    parser = ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--small", action="store_true", help="orders alone, and short")
    small = parser.parse_args().small
    report = Report("overload", "More than a server can do")
    figures: dict[str, float | None] = {}
    for kind in KINDS[:1] if small else KINDS:
        rows = measure(kind, report, 2.0 if small else SECONDS)
        report.table(kind.name, ["", "measured", "target"], [[name, value, TARGETS.get(name)] for name, value in rows.items()])
        figures.update({name if kind.name == "orders" else f"{name}_{kind.name}": value for name, value in rows.items()})
    report.finish(figures)


if __name__ == "__main__":
    main()
