"""Every request is counted, timed and told in one log line; all its lines name its trace and its order.

The line holds method, route template, status, duration, the caller's role and the problem's code: no path, no query
string and nobody's name.
"""

import re
import time
from collections.abc import Mapping
from functools import cache

import structlog
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from prometheus_client import Counter, Gauge, Histogram
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ordersaga.gateways import correlation, telemetry

log = structlog.get_logger()

TRACE_HEADER = "X-Trace-Id"
"""What a caller can quote to us: the id of the trace, which stands on every log line of the request."""
_TRACE_HEADER = TRACE_HEADER.lower().encode()

REQUESTS = Counter(
    "ordersaga_http_requests", "Requests that were answered, by route template.", ["route", "method", "status"]
)
DURATION = Histogram(
    "ordersaga_http_request_duration_seconds",
    "How long answering took, to the answer's end.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
IN_FLIGHT = Gauge("ordersaga_http_requests_in_flight", "Requests that are being answered.")
PROBLEMS = Counter("ordersaga_http_problems", "Problems that were answered, by their stable code.", ["code"])


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ASKED_ALL_THE_TIME = frozenset({"/healthz", "/readyz", "/metrics"})
_SUBJECT = re.compile(r"^/v1/(?:orders/(?P<order_no>\d{6}-[0-9A-Z]{12})|parcels/(?P<parcel_no>\d{6}-[0-9A-Z]{12}-\d+))")
_TRACEPARENT = re.compile(rb"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def tracing() -> TelemetryConfig:
    """What FastAPI is told of traces: one span per request, none for health checks and scrapes; else it is off."""
    return {
        "tracing": telemetry.is_wanted(),
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
        "exclude": lambda scope: scope["path"] in _ASKED_ALL_THE_TIME,
    }


def observe(app: FastAPI) -> None:
    """Observe every request of `app`, around whatever middleware it is given."""
    build = app.build_middleware_stack

    def build_observed() -> ASGIApp:
        app.user_middleware.insert(0, Middleware(RequestObservation))
        return build()

    app.build_middleware_stack = build_observed  # type: ignore[method-assign]


class RequestObservation:
    """ASGI, inside the span of the request where there is one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began = time.perf_counter()
        facts = correlation.begin(_known_at_once(scope))
        trace_id = facts["trace_id"]
        status = 500

        async def telling(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_TRACE_HEADER, trace_id.encode())]
            await send(message)

        IN_FLIGHT.inc()
        try:
            await self._app(scope, receive, telling)
        except Exception:
            facts["code"] = "internal_error"
            raise
        finally:
            IN_FLIGHT.dec()
            _tell(scope, status, time.perf_counter() - began, facts)


def _tell(scope: Scope, status: int, seconds: float, facts: Mapping[str, str]) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    requests, duration = _series(route, method, status // 100)
    requests.inc()
    duration.observe(seconds)
    if "code" in facts:
        PROBLEMS.labels(facts["code"]).inc()
    say = log.debug if route in _ASKED_ALL_THE_TIME else log.info
    say("request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 1))


@cache
def _series(route: str, method: str, hundreds: int) -> tuple[Counter, Histogram]:
    """Those of an answer; there are as many as routes and kinds of answers."""
    return REQUESTS.labels(route, method, f"{hundreds}xx"), DURATION.labels(route, method)


def _known_at_once(scope: Scope) -> dict[str, str]:
    """The trace, and what the path says of the order; the rest is bound where it becomes known."""
    facts = {"trace_id": correlation.trace_id() or _callers_trace(scope) or correlation.new_trace_id()}
    found = _SUBJECT.match(scope["path"])
    if found and (parcel_no := found["parcel_no"]):
        facts |= {"order_no": parcel_no.rpartition("-")[0], "parcel_no": parcel_no}
    elif found:
        facts["order_no"] = found["order_no"]
    return facts


def _callers_trace(scope: Scope) -> str | None:
    """The trace that the caller says it is in (W3C Trace Context), where this process traces nothing itself."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            found = _TRACEPARENT.match(value)
            return found[1].decode() if found else None
    return None
