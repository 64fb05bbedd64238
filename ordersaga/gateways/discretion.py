"""What spans say, and what they do not: the order number yes, personal data and secrets no.

Loaded with OpenTelemetry only.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes, AttributeValue
from temporalio import workflow

from ordersaga.gateways import correlation

PREFIX = "ordersaga."
_OF_A_PERSON = frozenset({"net.peer.ip", "client.address", "http.client_ip", "http.user_agent", "user_agent.original"})
_ADDRESSES = frozenset({"http.url", "url.full"})
_PATHS = frozenset({"http.target", "url.path", "url.query"})
"""Paths hold sealed tickets, query strings names; `http.route` tells as much and is kept."""
_WORDS = frozenset({"exception.message", "exception.stacktrace"})
"""An error may quote the row that it is about. The log has it, without the row."""


_DATABASE = frozenset({"db.system", "db.system.name"})


_FIELDS = (
    "name", "context", "parent", "resource", "attributes", "events", "links", "kind", "status", "start_time",
    "end_time", "instrumentation_scope",
)  # fmt: skip


class SpanFacts:
    """The current span as `correlation` sees it."""

    def identifiers(self) -> Mapping[str, str]:
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def describe(self, facts: Mapping[str, str]) -> None:
        trace.get_current_span().set_attributes(attributes_of(facts))


class OrderSpans(BatchSpanProcessor):
    """Sends spans on in batches; each names the order that it is about.

    A run lives for days, and its span would be sent at its end: until then everything beneath it would hang in the
    air. So it is sent at once, as the moment at which the run began.
    """

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        run = str((span.attributes or {}).get("temporalWorkflowID", ""))
        span.set_attributes(attributes_of(correlation.subject_of(run) or correlation.facts()))
        if _is_run(span):
            if not (workflow.in_workflow() and workflow.unsafe.is_replaying()):
                super().on_end(_changed(span, end_time=span.start_time))
        else:
            super().on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        # What loops ask the database every second belongs to no request and no run.
        if not _is_run(span) and (span.parent is not None or not _DATABASE & (span.attributes or {}).keys()):
            super().on_end(span)


class DiscreetExporter(SpanExporter):
    """Leaves out, before `exporter` sends it, what must not leave the process."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def discreet(span: ReadableSpan) -> ReadableSpan:
    """The same span without paths, query strings, people's addresses and the words of errors."""
    events = [Event(event.name, _kept(event.attributes), event.timestamp) for event in span.events]
    return _changed(span, attributes=_kept(span.attributes), events=events, status=Status(span.status.status_code))


def _changed(span: ReadableSpan, **changes: Any) -> ReadableSpan:
    return ReadableSpan(**{field: getattr(span, field) for field in _FIELDS} | changes)


def _is_run(span: ReadableSpan) -> bool:
    return span.name.startswith("RunWorkflow:")


def attributes_of(facts: Mapping[str, str]) -> dict[str, str]:
    return {f"{PREFIX}{name}": value for name, value in facts.items() if name != "trace_id"}


def _kept(attributes: Attributes) -> dict[str, AttributeValue]:
    left_out = _OF_A_PERSON | _PATHS | _WORDS
    kept = {name: value for name, value in (attributes or {}).items() if name not in left_out}
    return {name: _origin(str(value)) if name in _ADDRESSES else value for name, value in kept.items()}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}" if parts.port else f"{parts.scheme}://{parts.hostname}"
