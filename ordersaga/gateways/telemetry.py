"""Traces, from the HTTP request through runs and activities to the statements that they make.

Switched on by OpenTelemetry's own variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`), OTLP over HTTP.
While they are not set nothing is instrumented and no tracer loaded. What leaves the process is decided in
`gateways.discretion`.
"""

import os
from collections.abc import Mapping

from temporalio.plugin import SimplePlugin

from ordersaga.gateways import correlation

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_started = False


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether OpenTelemetry's variables ask for traces."""
    return (
        any(environment.get(name) for name in _ENDPOINTS)
        and environment.get("OTEL_SDK_DISABLED", "").lower() != "true"
        and environment.get("OTEL_TRACES_EXPORTER", "otlp") != "none"
    )


def start_tracing(process: str) -> None:
    """Trace this process, the `api` or a `worker`, if that is wanted. Once per process, before it connects."""
    global _started
    if _started or not is_wanted():
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.sdk.resources import Resource
    from temporalio.contrib.opentelemetry import create_tracer_provider

    from ordersaga.gateways.discretion import DiscreetExporter, OrderSpans, SpanFacts

    _started = True
    named = "service.name" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "") or os.environ.get("OTEL_SERVICE_NAME")
    provider = create_tracer_provider(
        resource=Resource.create({} if named else {"service.name": f"ordersaga-{process}"})
    )
    sql = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    provider.add_span_processor(OrderSpans(DiscreetExporter(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    correlation.trace_with(SpanFacts())
    for instrumentor in (sql, RedisInstrumentor(), HTTPXClientInstrumentor()):
        instrumentor.instrument()


def temporal_plugins() -> list[SimplePlugin]:
    """What a client of Temporal, and the worker on it, needs to pass traces on: nothing while there are none."""
    if not _started:
        return []
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin

    return [OpenTelemetryPlugin(add_temporal_spans=True)]
