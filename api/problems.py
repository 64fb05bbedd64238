"""Errors as RFC 9457 problems; which error is which HTTP status is said here and nowhere else."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from ordersaga.domain.errors import OrderError
from ordersaga.gateways import correlation

log = structlog.get_logger()

STATUS = {
    "not_found": 404,
    "quote_invalid": 400,
    "quote_expired": 400,
    "quote_changed": 409,
    "out_of_stock": 409,
    "duplicate_submission": 409,
    "placing_timed_out": 409,
    "action_not_allowed": 409,
    "stock_below_reserved": 409,
    "coupon_unavailable": 409,
    "points_unavailable": 409,
    "offer_exhausted": 409,
    "campaign_unavailable": 409,
    "sold_out": 409,
    "purchase_limit_exceeded": 409,
    "group_unavailable": 409,
    "after_sales_window_closed": 409,
    "units_not_claimable": 409,
    "sellers_mixed": 409,
    "replacement_unavailable": 409,
    "attachment_invalid": 422,
    "change_invalid": 422,
    "change_outdated": 409,
    "limit_below_use": 409,
    "review_exists": 409,
    "request_in_flight": 409,
    "sku_unknown": 422,
    "address_needed": 422,
    "address_not_needed": 422,
    "order_type_mixed": 422,
    "order_too_large": 422,
    "currency_mismatch": 422,
    "money_invalid": 422,
    "rule_invalid": 422,
    "shipping_option_unknown": 422,
    "payment_channel_unknown": 422,
    "reference_unknown": 422,
    "idempotency_key_reused": 422,
    "request_invalid": 422,
    "body_malformed": 400,
    "unauthenticated": 401,
    "signature_invalid": 401,
    "forbidden": 403,
    "risk_denied": 403,
    "body_too_large": 413,
    "head_too_large": 431,
    "rate_limited": 429,
    "unavailable": 503,
}


_NOT_CONNECTED = "Failed client connect"
_PASSING = ("08", "53", "57P")
"""SQLSTATEs of a PostgreSQL that is starting, stopping or out of connections: it answers, but does not serve."""


class Problem(OrderError):
    """An error that only the HTTP edge knows; `code` is one of `STATUS`."""

    def __init__(self, code: str, message: str, headers: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.code = code  # type: ignore[misc]
        self.headers = dict(headers or {})


def not_found() -> Problem:
    """What belongs to somebody else is not there (P8)."""
    return Problem("not_found", "there is nothing here for you")


def not_acceptable(field: str, rule: str, message: str) -> Problem:
    """What the schema cannot say of a field, answered like what it can."""
    return Problem(
        "request_invalid", f"not acceptable: {field}", errors=[{"field": field, "rule": rule, "message": message}]
    )


def unavailable(what: str) -> Problem:
    return Problem("unavailable", f"{what} is not available at the moment; try again", {"Retry-After": "2"})


def document(code: str, message: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a problem. The code is the type; `details` stand beside the standard members."""
    status = STATUS[code]
    return {
        **details,
        "type": f"urn:ordersaga:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "code": code,
    }


def response(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    correlation.bind(code=body["code"])
    return JSONResponse(
        body, status_code=body["status"], headers=dict(headers or {}), media_type="application/problem+json"
    )


def refusing(error: OrderError) -> JSONResponse:
    headers = error.headers if isinstance(error, Problem) else None
    return response(document(error.code, error.message, error.details), headers)


def install(app: FastAPI) -> None:
    app.add_exception_handler(OrderError, _order_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    for neighbour_away in (OSError, InterfaceError, OperationalError, PoolTimeout):
        app.add_exception_handler(neighbour_away, _neighbour_away)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(RuntimeError, _maybe_temporal_away)
    app.add_exception_handler(Exception, _unexpected)


async def _order_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OrderError)  # noqa: S101 - registered for just these
    return refusing(error)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for just these
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return response(document("body_malformed", "the body is not JSON", {}))
    errors = [{"field": _field(item["loc"]), "rule": item["type"], "message": item["msg"]} for item in found]
    names = ", ".join(dict.fromkeys(item["field"] for item in errors))
    return response(document("request_invalid", f"not acceptable: {names}", {"errors": errors}))


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for just these
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # The framework's own way to say that it could not read a body, such as one nested without end.
        return response(document("body_malformed", "the body cannot be read", {}), error.headers)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    body = {
        "type": f"urn:ordersaga:problem:{code}",
        "title": phrase,
        "status": error.status_code,
        "detail": str(error.detail),
        "code": code,
    }
    return response(body, error.headers)


async def _neighbour_away(request: Request, error: Exception) -> JSONResponse:
    """PostgreSQL or another neighbour does not answer: the caller may try again, nothing was half done."""
    log.warning("a neighbour is away", error=type(error).__name__)
    problem = unavailable("the shop")
    return response(document(problem.code, problem.message, {}), problem.headers)


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)  # noqa: S101 - registered for just these
    if error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")).startswith(_PASSING):
        return await _neighbour_away(request, error)
    return await _unexpected(request, error)


async def _maybe_temporal_away(request: Request, error: Exception) -> JSONResponse:
    """A client of Temporal that connects at its first call says with a plain `RuntimeError` that it could not."""
    if _NOT_CONNECTED in str(error):
        return await _neighbour_away(request, error)
    return await _unexpected(request, error)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("a request failed", exc_info=error)
    body = {
        "type": "urn:ordersaga:problem:internal_error",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "this is our fault; it has been logged",
        "code": "internal_error",
    }
    return response(body)


def _field(location: Sequence[Any]) -> str:
    parts = [str(part) for part in location if part not in ("body", "query", "path", "header")]
    return ".".join(parts) or "body"


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the problems that an operation may answer."""
    by_status: dict[int | str, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    return {
        status: {
            "description": " · ".join(f"`{name}`" for name in names),
            "content": {
                "application/problem+json": {
                    "schema": {
                        "allOf": [{"$ref": "#/components/schemas/Problem"}],
                        "properties": {"status": {"const": status}, "code": {"enum": names}},
                    },
                    "example": document(names[0], "why", {}),
                }
            },
        }
        for status, names in by_status.items()
    }
