"""What the log lines, spans and problems of one request or task have in common: above all the order that it concerns.

Facts are names and numbers, never personal data. They are kept in one mapping per request or task, so that what an
inner part learns later (the order number that a sealed quote decides) stands on the outer part's lines as well.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

Facts = dict[str, str]

_facts: ContextVar[Facts | None] = ContextVar("ordersaga_facts", default=None)


class Tracing(Protocol):
    """What `gateways.telemetry` does here once traces are switched on."""

    def identifiers(self) -> Mapping[str, str]:
        """`trace_id` and `span_id` of the span that is current, or nothing."""

    def describe(self, facts: Mapping[str, str]) -> None:
        """Give the current span these facts as attributes."""


_tracing: Tracing | None = None


def trace_with(tracing: Tracing | None) -> None:
    """From now on lines carry the ids of `tracing`, and its spans carry the facts."""
    global _tracing
    _tracing = tracing


def facts() -> Mapping[str, str]:
    """What is known of this request or task."""
    return _facts.get() or {}


def current() -> Mapping[str, str]:
    """The same with the ids of its trace."""
    return {**facts(), **_tracing.identifiers()} if _tracing is not None else facts()


def trace_id() -> str | None:
    """The id of the trace that is current; `None` while nothing is traced."""
    return _tracing.identifiers().get("trace_id") if _tracing is not None else None


def begin(known: Mapping[str, str]) -> Facts:
    """Start anew for this task and what it starts. What is bound later appears in the answer too."""
    fresh = dict(known)
    _facts.set(fresh)
    if _tracing is not None:
        _tracing.describe(fresh)
    return fresh


def bind(**learnt: str) -> None:
    """Add what was learnt. Outside any request or task it is forgotten."""
    known = _facts.get()
    if known is not None:
        known.update(learnt)
    if _tracing is not None:
        _tracing.describe(learnt)


@contextmanager
def concerning(known: Mapping[str, str]) -> Iterator[None]:
    """Facts for a part of a task, such as one activity or one round of a loop."""
    token = _facts.set({**facts(), **known})
    if _tracing is not None:
        _tracing.describe(known)
    try:
        yield
    finally:
        _facts.reset(token)


def subject_of(workflow_id: str) -> Facts:
    """What a run concerns, by its id: `order/<order_no>`, `parcel/<order_no>-<number>`, `refund/<payment_id>`."""
    kind, _, name = workflow_id.partition("/")
    if kind == "order":
        return {"order_no": name}
    if kind == "parcel":
        return {"order_no": name.rpartition("-")[0], "parcel_no": name}
    return {"payment_id": name} if kind == "refund" else {}


def new_trace_id() -> str:
    """An id in W3C's form, for requests that nobody traces."""
    return secrets.token_hex(16)
