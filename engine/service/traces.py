"""Traces for OpenTelemetry, where they are asked for: a span for each call, from its arrival to its answer.

A call that brings a `traceparent` (W3C Trace Context) goes on its caller's trace. Which calls are sampled, how spans are
sent in batches, and what the resource is called besides, the SDK reads of the standard `OTEL_…` variables.
"""

import os
from collections.abc import Iterable
from dataclasses import replace

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from engine.domain.reasons import Refusal
from engine.service.desk import Call
from engine.service.errors import wire_status

SERVICE = "belofte"
HEADERS = ("traceparent", "tracestate")

Metadata = Iterable[tuple[str, str | bytes]]


class Traces:
    """Sends spans to a collector. Used by several threads."""

    def __init__(self, url: str) -> None:
        """`url`: of an OTLP collector that speaks gRPC, `http://HOST:4317`, or `https://` for TLS."""
        name = os.environ.get("OTEL_SERVICE_NAME", SERVICE)
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url, insecure=url.startswith("http://"))))
        self._tracer = self._provider.get_tracer("belofte.front")
        self._propagator = TraceContextTextMapPropagator()

    def traced(self, call: Call, metadata: Metadata) -> Call:
        """The call, with a span that ends when it is answered."""
        headers = {name: value for name, value in metadata if name in HEADERS and isinstance(value, str)}
        service, method = call.method[1:].split("/")
        span = self._tracer.start_span(
            call.method[1:], self._propagator.extract(headers), SpanKind.SERVER,
            {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method, "belofte.request_bytes": len(call.message)},
        )  # fmt: skip
        answer = call.answer

        def told(value: bytes | Refusal) -> None:
            if isinstance(value, Refusal):
                span.set_attribute("rpc.grpc.status_code", wire_status(value).code.value[0])
                span.set_status(StatusCode.ERROR, value.reason.value)
            else:
                span.set_attribute("rpc.grpc.status_code", 0)
            span.end()
            answer(value)

        return replace(call, answer=told, span=span)

    def stop(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()
