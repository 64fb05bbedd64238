"""The address at which Prometheus asks a process, apart from whatever the process serves: `/metrics`, `/readyz`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog

from ordersaga.gateways import metrics
from ordersaga.gateways.temporal_core import core_metrics

log = structlog.get_logger()

Refresh = Callable[[], Awaitable[None]]

_SECONDS = 10.0
_PLAIN = "text/plain; charset=utf-8"


class Scraping:
    """A tiny HTTP server. `refresh` is awaited before each scrape, for what has to be looked up first."""

    def __init__(self, refresh: Refresh | None = None) -> None:
        self._refresh = refresh
        self.draining = False
        """Set when the process finishes what it has and takes nothing new: `/readyz` says 503 then."""

    @asynccontextmanager
    async def listening(self, host: str, port: int | None) -> AsyncIterator[None]:
        """Answer while the block runs; without a port nobody listens. A port that is taken is logged, not fatal."""
        async with contextlib.AsyncExitStack() as open_now:
            if port is not None:
                try:
                    server = await asyncio.start_server(self._answer, host, port, limit=16_384)
                except OSError as error:
                    log.error("the metrics port cannot be opened", host=host, port=port, error=str(error))
                else:
                    await open_now.enter_async_context(server)
            yield

    async def exposition(self) -> bytes:
        """Our metrics and those of Temporal's SDK, whatever of them can be had."""
        try:
            async with asyncio.timeout(_SECONDS / 2):
                if self._refresh is not None:
                    await self._refresh()
        except Exception as error:
            log.warning("metrics could not be refreshed", error=type(error).__name__)
        try:
            return metrics.exposition() + await core_metrics()
        except OSError as error:
            log.warning("the metrics of Temporal's SDK cannot be read", error=type(error).__name__)
            return metrics.exposition()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(*await self._respond(request.split(b"\r\n", 1)[0].decode("latin-1"))))
                await writer.drain()
        writer.close()

    async def _respond(self, line: str) -> tuple[HTTPStatus, str, bytes]:
        method, _, rest = line.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if method != "GET" or path not in ("/metrics", "/readyz"):
            return HTTPStatus.NOT_FOUND, _PLAIN, b"GET /metrics or /readyz\n"
        if path == "/metrics":
            return HTTPStatus.OK, metrics.CONTENT_TYPE, await self.exposition()
        if self.draining:
            return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, b"draining\n"
        return HTTPStatus.OK, _PLAIN, b"ready\n"


def _response(status: HTTPStatus, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body
