"""The API's client with a lean way of sending: what the load costs is not to be measured in the servers' place."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode, urlsplit

from bench.wire import Wire, wire
from cli.client import Answer, Api, JsonObject


class WiredApi(Api):
    """Sends every call once: no trouble hides in a latency."""

    def __init__(self, url: str, opened: Wire, *, secret: str) -> None:
        super().__init__(url, secret=secret, patience=0)
        self._wire = opened

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: JsonObject | bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        patience: float | None = None,
    ) -> Answer:
        """`path` may be an address of the same server."""
        content = json.dumps(body).encode() if isinstance(body, dict) else body or b""
        parts = urlsplit(path)
        lines = {
            "host": f"{self._wire.host}:{self._wire.port}",
            "content-type": "application/json",
            **{name.lower(): value for name, value in (headers or {}).items()},
            "content-length": str(len(content)),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        asked = f"{parts.path}?{urlencode(params)}" if params else parts.path
        status, answered = await self._wire.ask(f"{method} {asked} HTTP/1.1\r\n{head}\r\n".encode() + content)
        return Answer(status, json.loads(answered) if answered else {})


@asynccontextmanager
async def wired_api(url: str, *, secret: str) -> AsyncIterator[WiredApi]:
    async with wire(url) as opened, WiredApi(url, opened, secret=secret) as api:
        yield api
