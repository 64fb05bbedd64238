"""A collector of traces in the test's own process: OTLP over HTTP, decoded by OpenTelemetry's own messages."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Seen:
    """A span as it arrived; ids are in hexadecimal."""

    process: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str]
    text: str


@dataclass
class Collector:
    url: str
    spans: list[Seen] = field(default_factory=list)

    def trace_of(self, order_no: str) -> list[Seen]:
        """Every span of the trace in which an order was submitted."""
        found = [span.trace_id for span in self.of(order_no) if span.name.startswith("StartUpdateWithStartWorkflow:")]
        assert len(found) == 1, sorted({span.name for span in self.of(order_no)})
        return [span for span in self.spans if span.trace_id == found[0]]

    def of(self, order_no: str) -> list[Seen]:
        """Every span that names an order, whatever its trace."""
        return [span for span in self.spans if span.attributes.get("ordersaga.order_no") == order_no]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen on a free port of the loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
            collector.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing: a test says itself what it has seen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Seen]:
    for resource in request.resource_spans:
        named = {item.key: item.value.string_value for item in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _seen(named["service.name"], span)


def _seen(process: str, span: Span) -> Seen:
    return Seen(
        process=process,
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes={item.key: item.value.string_value for item in span.attributes},
        text=str(span),
    )
