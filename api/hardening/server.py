"""The HTTP server's side of it: heads without end, idle connections, and whose word on the client's address counts."""

import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.hardening.sizes import too_large_a_head
from ordersaga.settings import HttpSettings


def _answer(settings: HttpSettings) -> bytes:
    body = json.dumps(too_large_a_head(settings)).encode()
    head = f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + head.encode() + body


def uvicorn_options(settings: HttpSettings) -> dict[str, Any]:
    """What `uvicorn.run` is given. Without trusted proxies, `X-Forwarded-For` is a header like any other."""

    class BoundedHeads(HttpToolsProtocol):
        """The parser keeps what it has read of a head for as long as the head goes on, so somebody must stop it."""

        _bytes = 0
        _is_in_head = False

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._bytes = self._bytes + len(data) if self._is_in_head else 0
            if self._bytes > settings.head_bytes and not self.transport.is_closing():
                self.transport.write(_answer(settings))
                self.transport.close()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._is_in_head = True

        def on_headers_complete(self) -> None:
            self._is_in_head = False
            super().on_headers_complete()

    return {
        "http": BoundedHeads,
        # Whoever ends an idle connection should be its caller, who knows whether a request is on its way.
        "timeout_keep_alive": settings.keep_alive_seconds,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies,
    }
