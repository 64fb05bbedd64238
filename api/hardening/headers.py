"""What browsers are told about every answer: what it is not, who may frame it, who may keep it."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_DOCS = (
    "default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    "style-src 'unsafe-inline' https://cdn.jsdelivr.net https://fonts.googleapis.com; "
    "font-src https://fonts.gstatic.com; "
    "img-src 'self' data: https://fastapi.tiangolo.com https://cdn.redoc.ly; worker-src blob:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_DOCS_PAGES = ("/docs", "/redoc")
_ANYBODYS = ("/v1/skus", "/v1/order-types", "/openapi.json", "/docs", "/redoc", "/static")
"""What holds nothing of anybody, and may be kept by whoever passes it on."""

_HSTS = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """ASGI, around everything: adds what an answer does not say itself, errors of the framework included."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        always = _EVERYWHERE | ({"Strict-Transport-Security": _HSTS} if https else {})
        self._of_anybodys = _raw(always | {"Content-Security-Policy": _NOTHING})
        self._of_docs = _raw(always | {"Content-Security-Policy": _DOCS})
        self._of_others = [*self._of_anybodys, *_raw({"Cache-Control": "no-store"})]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        wanted = self._of(scope["path"])

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                said = {name for name, _ in headers}
                message["headers"] = [*headers, *(header for header in wanted if header[0] not in said)]
            await send(message)

        return await self._app(scope, receive, telling)

    def _of(self, path: str) -> Headers:
        if path.startswith(_DOCS_PAGES):
            return self._of_docs
        return self._of_anybodys if path.startswith(_ANYBODYS) else self._of_others


def _raw(headers: Mapping[str, str]) -> Headers:
    """As ASGI has them: names in lower case."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
