"""How large a request may be: its head, and its body whether its length is said or not."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import document, response
from ordersaga.settings import HttpSettings


class BodyTooLarge(HTTPException):
    """More came than may. An `HTTPException`, because the framework takes any other error for broken JSON."""

    def __init__(self, allowed: int) -> None:
        super().__init__(413)
        self.allowed = allowed


class RequestSizes:
    """ASGI: refuses what is too large before anybody has read it, by its `Content-Length` or by counting."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if head_bytes(scope) > self._settings.head_bytes:
            return await response(too_large_a_head(self._settings))(scope, receive, send)
        allowed = self._allowed(scope["path"])
        if _said_bytes(scope) > allowed:
            return await too_large(allowed)(scope, receive, send)
        return await self._app(scope, _Counting(receive, allowed).receive, send)

    def _allowed(self, path: str) -> int:
        if path.startswith("/v1/admin/"):
            return self._settings.catalogue_bytes
        return self._settings.attachment_bytes if path == "/v1/attachments" else self._settings.body_bytes


class _Counting:
    def __init__(self, receive: Receive, allowed: int) -> None:
        self._receive = receive
        self._allowed = allowed
        self._bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._allowed:
            raise BodyTooLarge(self._allowed)
        return message


def too_large_a_head(settings: HttpSettings) -> dict[str, Any]:
    detail = f"the address and the headers have {settings.head_bytes} bytes at most"
    return document("head_too_large", detail, {"allowed_bytes": settings.head_bytes})


def too_large(allowed: int) -> Response:
    return response(document("body_too_large", f"a body has {allowed} bytes at most", {"allowed_bytes": allowed}))


def head_bytes(scope: Scope) -> int:
    address = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    return address + sum(len(name) + len(value) + 4 for name, value in scope["headers"])


def _said_bytes(scope: Scope) -> int:
    said = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value) for value in said if value.isdigit()), default=0)
