"""The OpenAPI document, completed: what every operation may answer is said here once, and not in each route."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from api.problems import responses

Document = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch")
_PROBLEM = "application/problem+json"
_COMPONENT: Document = {
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; what an error is about stands beside it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "`urn:ordersaga:problem:` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "`request_invalid`: each field that was not acceptable, and by which rule",
            "items": {
                "type": "object",
                "required": ["field", "rule", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "rule", "message")},
            },
        },
    },
}
_RETRY_AFTER: Document = {
    "Retry-After": {"description": "seconds", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}
_COMES_BACK = ("429", "503")


def complete(app: FastAPI) -> None:
    """Let `app.openapi()` also tell the problems that stand before and behind every route."""
    described: Callable[[], Document] = app.openapi

    def openapi() -> Document:
        if app.openapi_schema is None:
            document = described()
            document["components"]["schemas"]["Problem"] = _COMPONENT
            for path, operation in _operations(document):
                _complete(path, operation)
            _drop_frameworks_own(document)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, item[method]


def _complete(path: str, operation: Document) -> None:
    answers: Document = operation["responses"]
    if path.startswith("/sandbox"):
        return  # another company's: it documents its own problems
    codes = [*(code for answer in answers.values() for code in _codes(answer)), *_codes_of(path, operation)]
    for status, answer in responses(*dict.fromkeys(codes)).items():
        answers[str(status)] = {**answers.get(str(status), {}), **answer}
    for status in _COMES_BACK:
        if status in answers:
            answers[status].setdefault("headers", {}).update(_RETRY_AFTER)


def _codes_of(path: str, operation: Document) -> Iterator[str]:
    """What an operation may answer because of what it takes."""
    if operation.get("security"):
        yield from ("unauthenticated", "rate_limited")
    if "requestBody" in operation or path.startswith("/v1/webhooks"):
        yield from ("body_too_large",)
    if "requestBody" in operation:
        yield from ("body_malformed", "request_invalid")
    if operation.get("parameters"):
        yield "request_invalid"
    if path.startswith("/v1/"):
        yield "unavailable"


def _codes(answer: Document) -> list[str]:
    codes: list[str] = (
        answer.get("content", {}).get(_PROBLEM, {}).get("schema", {}).get("properties", {}).get("code", {})
    ).get("enum", [])
    return codes


def _drop_frameworks_own(document: Document) -> None:
    """The framework's form of a 422, which nothing answers here."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
