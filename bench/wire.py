"""Requests that are written before they are sent, over connections that stay open.

A client for people costs more CPU for a call than a bare endpoint does, on cores that both share: it would be measured
in the server's place. This one writes bytes and reads an answer by its length.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from bench.load import Call

_PATIENCE_SECONDS = 30


class UnexpectedAnswer(Exception):
    """Another status than the measurement is about."""


@dataclass(slots=True)
class Wire:
    """A server. Connections are opened when all that there are wait for answers."""

    host: str
    port: int
    _idle: list["_Connection"] = field(default_factory=list)
    _all: list["_Connection"] = field(default_factory=list)

    def post(self, path: str, body: Mapping[str, Any], token: str, *, expected: int) -> Call:
        """A request that may be sent again and again. Its call raises `UnexpectedAnswer`."""
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\nauthorization: Bearer {token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        return partial(self._send, head.encode() + content, expected)

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        connection = await self._free()
        answer = await asyncio.wait_for(connection.ask(request), _PATIENCE_SECONDS)
        self._idle.append(connection)
        return answer

    async def _send(self, request: bytes, expected: int) -> None:
        status, content = await self.ask(request)
        if status != expected:
            raise UnexpectedAnswer(f"{status}, not {expected}: {content[:500]!r}")

    async def _free(self) -> "_Connection":
        """One that is open, and waits for no answer. Servers hang up after a while."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        _, opened = await loop.create_connection(partial(_Connection, loop), self.host, self.port)
        self._all.append(opened)
        return opened

    def close(self) -> None:
        for connection in self._all:
            connection.close()


@asynccontextmanager
async def wire(address: str) -> AsyncIterator[Wire]:
    """Of `http://host:port`."""
    parts = urlsplit(address)
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"{address} names no host and port")
    opened = Wire(parts.hostname, parts.port)
    try:
        yield opened
    finally:
        opened.close()


class _Connection(asyncio.Protocol):
    """One request at a time; its answer says how long it is."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._read = b""
        self._answer: asyncio.Future[tuple[int, bytes]] = loop.create_future()
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the server hung up")
        self._read = b""
        self._answer = self._loop.create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - that is what TCP connections have
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, content = self._read.partition(b"\r\n\r\n")
        if found and len(content) >= _length(head) and not self._answer.done():
            self._answer.set_result((int(head[9:12]), content))


def _length(head: bytes) -> int:
    """What the head of an answer says of its body; with 204 there is none."""
    if head[9:12] == b"204":
        return 0
    _, found, rest = head.lower().partition(b"content-length:")
    if not found:
        raise ValueError("an answer that does not say how long it is")
    return int(rest.partition(b"\r\n")[0])
