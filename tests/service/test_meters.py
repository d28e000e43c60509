"""Meters tell what calls, batches and lanes came to, alike over both fronts, and `top` what became of it between two looks."""

import time
import urllib.request
from collections.abc import Iterator

import grpc
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from engine.service.meters import SECONDS_BOUNDS, Counted, DeskMeter, EngineMeters, Gauges, added, serve_meters
from engine.service.top import look, quantile_ms, shown
from tests.service.fronts import FRONTS, QUOTE, SECONDS_MAX, RunningFront
from tests.sidecars import wait_until

GAUGES = Gauges(
    {"light": 3, "heavy": 0},
    {"light": 1, "heavy": 0},
    {"light": 0.01, "heavy": 0.0},
    True,
    7,
    "2-41",
    {"plan": 1.5, "commit": 0.25},
)


@pytest.fixture(params=list(FRONTS))
def metered(request: pytest.FixtureRequest) -> Iterator[tuple[RunningFront, str]]:
    running = RunningFront(request.param)
    meters = EngineMeters(running.front.calls, running.desk.meter, lambda: GAUGES)
    stop, port = serve_meters(meters, "127.0.0.1", 0)
    yield running, f"http://127.0.0.1:{port}/metrics"
    stop()
    running.close()


def samples(url: str) -> dict[tuple[str, str], float]:
    with urllib.request.urlopen(url, timeout=SECONDS_MAX) as answer:
        text = answer.read().decode()
    kinds = ("stage", "code", "lane", "le")
    return {
        (sample.name, next((sample.labels[kind] for kind in kinds if kind in sample.labels), "")): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }  # fmt: skip


def ask(running: RunningFront, message: bytes, count: int) -> None:
    for _ in range(count):
        try:
            running.quote(message, timeout=SECONDS_MAX)
        except grpc.RpcError:
            assert message != b"x"


def test_calls_are_counted_by_code_with_their_time(metered: tuple[RunningFront, str]) -> None:
    running, url = metered
    ask(running, b"x", 10)
    ask(running, b"refuse:NO_STOCK", 3)
    ask(running, b"refuse:OVERLOADED", 2)
    wait_until(lambda: samples(url).get(("belofte_call_seconds_count", "")) == 15)
    found = samples(url)
    codes = {code: value for (name, code), value in found.items() if name == "belofte_calls_total"}
    assert codes == {"OK": 10, "FAILED_PRECONDITION": 3, "RESOURCE_EXHAUSTED": 2}
    assert found["belofte_call_seconds_bucket", "+Inf"] == 15
    assert found["belofte_batch_calls_sum", ""] == 15
    assert found["belofte_decide_seconds_total", "light"] > 0
    assert (found["belofte_lines_waiting", "light"], found["belofte_stale", ""]) == (3, 1)
    assert (found["belofte_stage_seconds_total", "plan"], found["belofte_stage_seconds_total", "commit"]) == (1.5, 0.25)
    assert (found["belofte_position_epoch", ""], found["belofte_position_sequence", ""]) == (2, 41)
    assert found["belofte_plan_retries_total", ""] == 7


def test_top_shows_what_came_between_two_looks(metered: tuple[RunningFront, str]) -> None:
    running, url = metered
    ask(running, b"x", 5)
    before = look(url, 100.0)
    assert quantile_ms(before, before, QUOTE, 0.5) is None
    ask(running, b"x", 20)
    ask(running, b"refuse:NO_STOCK", 4)
    wait_until(lambda: look(url, 0.0).value("belofte_call_seconds_count", method=QUOTE) == 29)
    now = look(url, 102.0)
    console = Console(width=120, record=True)
    console.print(shown(before, now))
    text = console.export_text()
    (row,) = (line for line in text.splitlines() if "QuotePromise" in line)
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells[:3] == ["QuotePromise", "10", "2"]
    assert float(cells[3]) <= float(cells[4]) < 10_000
    assert "2-41" in text and "yes" in text


def test_counting_costs_little(metered: tuple[RunningFront, str]) -> None:
    """A scrape of a front that has answered much is as short as one that has not."""
    running, url = metered
    ask(running, b"x", 300)
    started = time.monotonic()
    first = samples(url)
    assert len(first) == len(samples(url))
    assert time.monotonic() - started < SECONDS_MAX


def test_calls_of_two_fronts_are_added() -> None:
    one = {("/a", 0): Counted(3, 0.5, (0.1, 1.0), (1, 2, 0)), ("/a", 8): Counted(1, 0.1, (0.1, 1.0), (1, 0, 0))}
    other = {("/a", 0): Counted(2, 0.25, (0.1, 1.0), (0, 1, 1)), ("/b", 0): Counted(4, 0.0, (0.1, 1.0), (4, 0, 0))}
    assert added([one, other]) == {
        ("/a", 0): Counted(5, 0.75, (0.1, 1.0), [1, 3, 1]), ("/a", 8): one["/a", 8], ("/b", 0): other["/b", 0],
    }  # fmt: skip


def test_counting_costs_less_than_two_percent() -> None:
    """Processor time of what is added for a batch and of a scrape every 15 s, against quotes of 25 µs that fill a processor.

    Calls are counted beside the interpreter. A batch under load has 64 calls or more.
    """
    desk, batches, scrapes = DeskMeter(), 20_000, 20
    calls = {(f"/a{n}", code): Counted(3, 0.5, SECONDS_BOUNDS, [1] * 16) for n in range(60) for code in (0, 8)}
    meters = EngineMeters(lambda: calls, desk, lambda: GAUGES)
    started = time.thread_time()
    for _ in range(batches):
        desk.add("light", 64, 1_600_000)
    a_batch = (time.thread_time() - started) / batches
    registry = CollectorRegistry(auto_describe=False)
    registry.register(meters)
    started = time.thread_time()
    for _ in range(scrapes):
        assert generate_latest(registry)
    a_scrape = (time.thread_time() - started) / scrapes
    assert a_batch / (64 * 25e-6) + a_scrape / 15 < 0.02, (a_batch, a_scrape)
