"""What stands around the application: sizes, headers, foreign pages."""

from fastapi import FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from api.hardening.headers import SecurityHeaders
from api.hardening.sizes import BodyTooLarge, RequestSizes, too_large
from ordersaga.settings import Settings


def harden(app: FastAPI, settings: Settings) -> None:
    """Bound what comes in and say what browsers may do with what goes out."""
    app.add_middleware(RequestSizes, settings=settings.http)
    app.add_exception_handler(BodyTooLarge, _too_large)
    if settings.http.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.http.allowed_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Accept-Language"],
            expose_headers=["Retry-After", "RateLimit", "RateLimit-Policy"],
        )
    build = app.build_middleware_stack

    def build_with_headers() -> ASGIApp:
        return SecurityHeaders(build(), https=settings.public_url.startswith("https://"))

    # Around the framework's own outermost layer, which answers what nobody expected.
    app.build_middleware_stack = build_with_headers  # type: ignore[method-assign]


async def _too_large(_: Request, error: Exception) -> Response:
    assert isinstance(error, BodyTooLarge)  # noqa: S101 - registered for just this
    return too_large(error.allowed)
