"""A downstream system: a real HTTP server that keeps what it is sent, and answers as a test wants it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def order_no(self) -> str:
        return str(self.document["data"]["order_no"])

    @property
    def sequence(self) -> int:
        return int(self.document["data"]["sequence"])

    def verify(self, secret: str) -> dict[str, Any]:
        """As the receivers of our documentation do it. Raises `WebhookVerificationError`."""
        return dict(Webhook(secret).verify(self.body, self.headers))


Answer = Callable[[Received], str | None]
"""A status line with headers, or `None` for silence."""


def accepting(_: Received) -> str:
    return "200 OK"


@dataclass(slots=True)
class Receiver:
    """`received` is everything that came; `taken` what was answered with a success."""

    port: int
    answer: Answer = accepting
    received: list[Received] = field(default_factory=list)
    taken: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def of(self, order_no: str) -> list[int]:
        """The sequences of an order's events that were taken, as they came."""
        return [item.sequence for item in self.taken if item.order_no == order_no]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await self._answer_one(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        item = Received(headers, await reader.readexactly(int(headers["content-length"])))
        self.received.append(item)
        said = self.answer(item)
        if said is None:
            await reader.read()  # until the caller has had enough
            return
        if said.startswith("2"):
            self.taken.append(item)
        writer.write(f"HTTP/1.1 {said}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def receiving(answer: Answer = accepting, *, port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver(port, answer)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
