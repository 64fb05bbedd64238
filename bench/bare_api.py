"""The floor under preview and the refusals of a sale: endpoints that do nothing but know their caller.

`python -m bench.bare_api` is their server, a process of its own with the settings of the project's API: the same
framework, server options and authentication, the body read as JSON and a small constant document answered. One of the
two asks Redis for a key before, with the client that the API has. Nothing else is in it: no other middleware, no log
line, no database.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import psutil
import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis

from api import problems
from api.access import Buyer
from api.authentication import Authenticator, development_token
from api.hardening.rates import RateLimiter
from api.hardening.server import uvicorn_options
from bench.wire import Wire, wire
from devstack.ports import LOOPBACK, Ports
from devstack.stack import Stack
from ordersaga.settings import Settings, get_settings

BARE = "/bare"
BARE_REDIS = "/bare/redis"
_PATIENCE_SECONDS = 30


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(openapi_url=None)
    redis: Redis = Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=0.5, socket_connect_timeout=0.5)
    app.state.settings = settings
    app.state.services = SimpleNamespace(
        authenticator=Authenticator(settings.auth), rates=RateLimiter(settings.rate_limits, redis, enabled=False)
    )
    problems.install(app)

    @app.post(BARE)
    async def bare(caller: Buyer, body: dict[str, Any]) -> dict[str, str]:
        return {"answer": "bare"}

    @app.post(BARE_REDIS)
    async def bare_redis(caller: Buyer, body: dict[str, Any]) -> dict[str, str]:
        await redis.get("bare")
        return {"answer": "bare"}

    return app


@dataclass(frozen=True, slots=True)
class BareApi:
    """`pid` is the server's."""

    wire: Wire
    pid: int


@asynccontextmanager
async def bare_api(stack: Stack) -> AsyncIterator[BareApi]:
    """The bare endpoints beside the stack's API."""
    ports = Ports(api=0)
    ports.take("api")
    environment = {**os.environ, **stack.environment, "ORDERSAGA_API_PORT": str(ports["api"])}
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", "bench.bare_api", env=environment)
    try:
        async with wire(f"http://{LOOPBACK}:{ports['api']}") as opened:
            await _answers(opened, development_token(secret_of(stack), role="buyer", subject="bare"))
            yield BareApi(opened, process.pid)
    finally:
        if psutil.pid_exists(process.pid):
            process.send_signal(signal.SIGTERM)
        await process.wait()


def secret_of(stack: Stack) -> str:
    """What development tokens of a stack are signed with."""
    return stack.environment["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]


async def _answers(opened: Wire, token: str) -> None:
    """Wait until the server answers."""
    ask = opened.post(BARE_REDIS, {}, token, expected=200)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            try:
                await ask()
                return
            except OSError:
                await asyncio.sleep(0.05)


def serve(settings: Settings) -> None:
    """With the options of `cli.api`."""
    config = uvicorn.Config(
        create_app(settings),
        host=LOOPBACK,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        **uvicorn_options(settings.http),
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    serve(get_settings())
