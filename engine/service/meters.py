"""What is counted of an engine, for Prometheus: read when it is asked for, so that it costs calls next to nothing.

The native front counts beside the interpreter; desk and write path add once a batch; only `grpc.aio` counts call by call.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import grpc
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CODE_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
SECONDS_BOUNDS = (0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
BATCH_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Counted(NamedTuple):
    """Calls of one method that ended with one code."""

    calls: int
    seconds: float
    bounds: Sequence[float]
    buckets: Sequence[int]
    """Calls up to each bound and above the one before; the last one: above all."""


Calls = Mapping[tuple[str, int], Counted]
"""By method and number of the gRPC code."""


def added(counts: Sequence[Calls]) -> Calls:
    """The calls of several fronts that count by the same bounds."""
    total: dict[tuple[str, int], Counted] = {}
    for key, each in (pair for calls in counts for pair in calls.items()):
        before = total.get(key)
        if before is not None:
            buckets = [sum(pair) for pair in zip(before.buckets, each.buckets, strict=True)]
            each = Counted(before.calls + each.calls, before.seconds + each.seconds, each.bounds, buckets)
        total[key] = each
    return total


class CallMeter:
    """Counts calls one by one, in one thread."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], list[float]] = {}
        """[count, seconds, buckets…]"""

    def add(self, method: str, code: int, seconds: float) -> None:
        """A call has ended."""
        row = self._found.get((method, code))
        if row is None:
            row = self._found[method, code] = [0.0] * (3 + len(SECONDS_BOUNDS))
        row[0] += 1
        row[1] += seconds
        row[2 + bisect_left(SECONDS_BOUNDS, seconds)] += 1

    def calls(self) -> Calls:
        """What was counted."""
        return {
            key: Counted(int(row[0]), row[1], SECONDS_BOUNDS, [int(each) for each in row[2:]])
            for key, row in tuple(self._found.items())
        }


class DeskMeter:
    """What the desk did: it adds once a batch."""

    def __init__(self) -> None:
        self.batches = [0] * (len(BATCH_BOUNDS) + 1)
        self.calls = 0
        self.seconds = {"light": 0.0, "heavy": 0.0}
        self.refused = {"overloaded": 0, "late": 0}

    def add(self, lane: str, calls: int, nanoseconds: int) -> None:
        """A batch was worked on."""
        self.batches[bisect_left(BATCH_BOUNDS, calls)] += 1
        self.calls += calls
        self.seconds[lane] += nanoseconds / 1e9


class Gauges(NamedTuple):
    """How it is with an engine at this moment."""

    lines_waiting: Mapping[str, int]
    calls_waiting: Mapping[str, int]
    wait_seconds: Mapping[str, float]
    is_stale: bool
    retries: int
    """Plans made anew because another engine took what they wanted, so far."""
    position: str
    stage_seconds: Mapping[str, float] = MappingProxyType({})
    """Time spent so far on the parts of plain quotes (read, plan, write), and waiting for commits."""


class EngineMeters(Collector):
    """All of it, as Prometheus has it."""

    def __init__(self, calls: Callable[[], Calls], desk: DeskMeter, gauges: Callable[[], Gauges]) -> None:
        self._calls, self._desk, self._gauges = calls, desk, gauges
        self._started = time.time()

    def collect(self) -> Iterator[Metric]:
        """Every metric, read now."""
        yield from _calls(self._calls())
        desk, now = self._desk, self._gauges()
        batches = HistogramMetricFamily("belofte_batch_calls", "Calls that were decided together.")
        batches.add_metric([], _cumulated(BATCH_BOUNDS, desk.batches), desk.calls)
        yield batches
        yield _by("belofte_decide_seconds", "Time spent on batches, by lane.", "lane", desk.seconds, CounterMetricFamily)
        yield _by("belofte_desk_refused", "Calls refused before work, by reason.", "reason", desk.refused, CounterMetricFamily)
        yield _by("belofte_lines_waiting", "Lines that wait, by lane.", "lane", now.lines_waiting, GaugeMetricFamily)
        yield _by("belofte_calls_waiting", "Calls that wait, by lane.", "lane", now.calls_waiting, GaugeMetricFamily)
        yield _by(
            "belofte_wait_seconds", "How long a call that comes now will wait.", "lane", now.wait_seconds, GaugeMetricFamily
        )
        yield GaugeMetricFamily("belofte_stale", "1 where answers may lag behind the store.", float(now.is_stale))
        yield CounterMetricFamily("belofte_plan_retries", "Plans made anew since others took what they wanted.", now.retries)
        yield _by("belofte_stage_seconds", "Time spent, by part of the way.", "stage", now.stage_seconds, CounterMetricFamily)
        epoch, _, sequence = now.position.partition("-")
        yield GaugeMetricFamily("belofte_position_epoch", "Epoch of the stock in memory.", float(epoch or 0))
        yield GaugeMetricFamily("belofte_position_sequence", "Sequence in the epoch.", float(sequence or 0))
        yield GaugeMetricFamily("belofte_start_time_seconds", "When this engine started, Unix time.", self._started)


def serve_meters(meters: EngineMeters, host: str, port: int) -> tuple[Callable[[], None], int]:
    """Answer scrapes at http://HOST:PORT/metrics; how to stop, and the port. Raises OSError where it is taken."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(meters)
    server, thread = start_http_server(port, host, registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop, server.server_port


def _calls(found: Calls) -> Iterator[Metric]:
    counts = CounterMetricFamily("belofte_calls", "Calls that have ended.", labels=("method", "code"))
    seconds = HistogramMetricFamily("belofte_call_seconds", "From a call's arrival to its answer.", labels=("method",))
    methods: dict[str, list[Counted]] = {}
    for (method, code), each in found.items():
        counts.add_metric([method, CODE_NAMES.get(code, str(code))], each.calls)
        methods.setdefault(method, []).append(each)
    for method, rows in methods.items():
        buckets = [sum(column) for column in zip(*(row.buckets for row in rows), strict=True)]
        seconds.add_metric([method], _cumulated(rows[0].bounds, buckets), sum(row.seconds for row in rows))
    yield counts
    yield seconds


def _cumulated(bounds: Sequence[float], buckets: Sequence[int]) -> list[tuple[str, float]]:
    total, made = 0, []
    for bound, count in zip((*map(str, map(float, bounds)), "+Inf"), buckets, strict=True):
        total += count
        made.append((bound, float(total)))
    return made


def _by(
    name: str, text: str, label: str, values: Mapping[str, float],
    family: type[CounterMetricFamily] | type[GaugeMetricFamily],
) -> Metric:  # fmt: skip
    made = family(name, text, labels=(label,))
    for key, value in values.items():
        made.add_metric([key], value)
    return made
