"""The API in this process, with settings of the test's own, on the session's servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from devstack.stack import Stack
from ordersaga.settings import Settings


def settings_of(stack: Stack, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Settings:
    """The stack's settings with changes; nothing listens for metrics."""
    for name, value in (stack.environment | {"NO_PROXY": "127.0.0.1"}).items():
        monkeypatch.setenv(name, value)
    return Settings(**changes)


@asynccontextmanager
async def serving(settings: Settings, *, client: str = "192.0.2.1") -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """The application, and a client whose address is `client`."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, client=(client, 50_000), raise_app_exceptions=False)
    async with (
        asyncio.timeout(60),
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as http,
    ):
        yield app, http
