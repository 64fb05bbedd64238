"""Traces: off unless asked for, and discreet when on."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from ordersaga.gateways.discretion import attributes_of, discreet
from ordersaga.gateways.telemetry import is_wanted, temporal_plugins

START = """
import sys
import api.app, worker.main
from api.observation import tracing
from ordersaga.gateways.telemetry import start_tracing, temporal_plugins
start_tracing("api")
loaded = {name for name in sys.modules if name.startswith(("opentelemetry.sdk.trace", "opentelemetry.instrumentation"))}
print(bool(loaded), len(temporal_plugins()), tracing()["tracing"])
"""


def start(**environment: str) -> str:
    result = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", START], capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    return result.stdout.strip()


def test_without_an_endpoint_nothing_is_loaded_and_nothing_instrumented() -> None:
    assert start() == "False 0 False"


def test_with_an_endpoint_everything_is() -> None:
    assert start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_TRACES_SAMPLER="always_off") == "True 1 True"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_opentelemetrys_own_variables_decide(environment: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environment) is wanted


def test_this_process_traces_nothing() -> None:
    assert temporal_plugins() == []


def test_what_leaves_the_process_holds_no_link_no_address_and_no_words_of_an_error() -> None:
    error = {"exception.type": "ValueError", "exception.message": "王小明", "exception.stacktrace": "王小明"}
    span = ReadableSpan(
        name="POST",
        context=SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)),
        attributes={
            "http.route": "/sandbox/cashier/{token}",
            "url.path": "/sandbox/cashier/eyJ",
            "url.query": "name=王小明",
            "http.url": "http://127.0.0.1:8000/sandbox/cashier/eyJ?name=王小明",
            "client.address": "203.0.113.7",
            "user_agent.original": "curl",
        },
        events=[Event("exception", error)],
        status=Status(StatusCode.ERROR, "ValueError: 王小明"),
    )
    sent = discreet(span)
    assert dict(sent.attributes or {}) == {
        "http.route": "/sandbox/cashier/{token}",
        "http.url": "http://127.0.0.1:8000",
    }
    assert [dict(event.attributes or {}) for event in sent.events] == [{"exception.type": "ValueError"}]
    assert (sent.status.status_code, sent.status.description) == (StatusCode.ERROR, None)
    assert (sent.name, sent.context) == (span.name, span.context)


def test_facts_become_attributes_under_our_own_name() -> None:
    assert attributes_of({"order_no": "O-1", "trace_id": "t"}) == {"ordersaga.order_no": "O-1"}
