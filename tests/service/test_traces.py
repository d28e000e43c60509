"""Spans of calls as a collector of OpenTelemetry gets them, by the exporter itself; and nothing of it where nobody asks."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

from engine.service.settings import SettingsError, read_settings
from engine.service.traces import Traces
from tests.acceptance.asking import refusal
from tests.service.fronts import FRONTS, QUOTE, SECONDS_MAX, RunningFront

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.resources: list[dict[str, str]] = []
        self.spans: list[trace_pb2.Span] = []
        self._lock = threading.Lock()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name of the method
        with self._lock:
            for resource in request.resource_spans:
                self.resources.append({each.key: each.value.string_value for each in resource.resource.attributes})
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    kept = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield kept, f"http://127.0.0.1:{port}"
    server.stop(None).wait(SECONDS_MAX)


def told(kind: str, collector: tuple[Collector, str], ask: Callable[[RunningFront], object]) -> list[trace_pb2.Span]:
    """The spans of what is asked, in the order in which it began."""
    kept, url = collector
    traces = Traces(url)
    running = RunningFront(kind, traces=traces)
    try:
        ask(running)
    finally:
        running.close()
        traces.stop()
    return sorted(kept.spans, key=lambda span: span.start_time_unix_nano)


def attributes(found: Any) -> dict[str, object]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in found.attributes}


@pytest.mark.parametrize("kind", FRONTS)
def test_a_call_is_a_span_from_its_arrival_to_its_answer(kind: str, collector: tuple[Collector, str]) -> None:
    def ask(running: RunningFront) -> None:
        assert running.quote(b"light", timeout=SECONDS_MAX) == b"light"
        assert running.quote(b"heavy", timeout=SECONDS_MAX) == b"heavy"

    spans = told(kind, collector, ask)
    assert [span.name for span in spans] == [QUOTE[1:]] * 2
    assert {span.kind for span in spans} == {trace_pb2.Span.SPAN_KIND_SERVER}
    for span, lane in zip(spans, ("light", "heavy"), strict=True):
        found = attributes(span)
        assert (found["rpc.system"], found["rpc.service"], found["rpc.method"]) == ("grpc", *QUOTE[1:].split("/"))
        assert (found["rpc.grpc.status_code"], found["belofte.request_bytes"]) == (0, 5)
        assert [event.name for event in span.events] == ["taken"]
        assert attributes(span.events[0]) == {"belofte.lane": lane, "belofte.batch_calls": 1}
        assert span.start_time_unix_nano <= span.events[0].time_unix_nano <= span.end_time_unix_nano
        assert span.status.code == trace_pb2.Status.STATUS_CODE_UNSET
    assert {each["service.name"] for each in collector[0].resources} == {"belofte"}


@pytest.mark.parametrize("kind", FRONTS)
def test_a_caller_goes_on_with_its_trace(kind: str, collector: tuple[Collector, str]) -> None:
    def ask(running: RunningFront) -> None:
        running.quote(b"x", timeout=SECONDS_MAX, metadata=(("traceparent", f"00-{TRACE}-{PARENT}-01"), ("x-other", "y")))
        running.quote(b"y", timeout=SECONDS_MAX, metadata=(("traceparent", "nonsense"),))
        # Its caller does not sample it.
        running.quote(b"z", timeout=SECONDS_MAX, metadata=(("traceparent", f"00-{TRACE}-{PARENT}-00"),))

    ours, other = told(kind, collector, ask)
    assert (ours.trace_id.hex(), ours.parent_span_id.hex()) == (TRACE, PARENT)
    assert (other.trace_id.hex() == TRACE, other.parent_span_id) == (False, b"")


@pytest.mark.parametrize("kind", FRONTS)
def test_a_refusal_is_an_error_with_its_reason(kind: str, collector: tuple[Collector, str]) -> None:
    spans = told(kind, collector, lambda running: refusal(lambda: running.quote(b"refuse:NO_STOCK", timeout=SECONDS_MAX)))
    assert len(spans) == 1
    assert (spans[0].status.code, spans[0].status.message) == (trace_pb2.Status.STATUS_CODE_ERROR, "NO_STOCK")
    assert attributes(spans[0])["rpc.grpc.status_code"] == 9


def test_a_collector_that_is_away_holds_nobody_up() -> None:
    kept = Collector()
    assert told("native", (kept, "http://127.0.0.1:9"), lambda running: running.quote(b"x", timeout=5.0)) == []


@pytest.mark.parametrize("url", ["collector:4317", "ftp://collector:4317", "http://", "http://collector:4317/v1/traces"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="--traces-url"):
        read_settings(traces_url=url)
