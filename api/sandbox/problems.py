"""The sandbox provider's refusals as RFC 9457 problems. They are another company's, so they know nothing of ours."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute


class Problem(Exception):
    """An answer that is no success. `code` is stable."""

    def __init__(self, status: int, code: str, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.status = status
        self.document = {"type": "about:blank", "status": status, "code": code, "detail": detail} | extra


_DESCRIPTIONS = {
    400: "the body cannot be read",
    401: "this wants the merchant's key",
    404: "nothing is known by this link or number",
    409: "the attempt is settled already",
    413: "the body is too large",
    422: "the request cannot be understood",
    503: "try again",
}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the refusals of an operation."""
    content = {"application/problem+json": {"schema": _SCHEMA}}
    return {status: {"description": _DESCRIPTIONS[status], "content": content} for status in statuses}


class ProblemRoute(APIRoute):
    """Answers problems by itself, whatever the application around it does with errors."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                return _response(problem)
            except RequestValidationError as error:
                return _response(_invalid(error))

        return handler


def _invalid(error: RequestValidationError) -> Problem:
    faults = [
        {"at": "/".join(str(step) for step in fault["loc"][1:]), "message": fault["msg"]} for fault in error.errors()
    ]
    return Problem(422, "request_invalid", "the request cannot be understood", errors=faults)


def _response(problem: Problem) -> JSONResponse:
    headers = {"www-authenticate": "Bearer"} if problem.status == 401 else None
    return JSONResponse(problem.document, problem.status, media_type="application/problem+json", headers=headers)
