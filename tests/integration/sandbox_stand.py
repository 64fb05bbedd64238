"""What the sandbox's tests stand on: a database of its own, and a small application that is shop and provider."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr

from api.sandbox.router import router
from api.sandbox.sender import SandboxSender, SenderPace
from devstack.stack import Stack
from ordersaga.domain.money import Money
from ordersaga.gateways.payment.provider import PaymentAttempt, ProviderCallback
from ordersaga.gateways.payment.sandbox import SandboxProvider
from ordersaga.persistence.database import Database
from ordersaga.persistence.tables.metadata import metadata
from ordersaga.persistence.tables.sandbox import sandbox_callbacks, sandbox_payments, sandbox_refunds
from ordersaga.settings import SandboxSettings, Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LONGEST = 40.0
BRISK = SenderPace(
    poll=timedelta(seconds=0.2),
    answer_within=timedelta(seconds=20),
    lease=timedelta(seconds=30),
    first_retry=timedelta(seconds=0.05),
    tries=4,
)


async def own_database(stack: Stack, name: str) -> str:
    """A new, empty database on the session's PostgreSQL; gives its address for our driver."""
    address = stack.addresses.database
    connection = await asyncpg.connect(address, timeout=10)
    await connection.execute(f"CREATE DATABASE {name}", timeout=30)
    await connection.close(timeout=10)
    return address.rpartition("/")[0].replace("postgresql://", "postgresql+asyncpg://") + f"/{name}"


@asynccontextmanager
async def books(url: str) -> AsyncIterator[Database]:
    """The provider's tables, new."""
    tables = [sandbox_payments, sandbox_refunds, sandbox_callbacks]
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=tables)
    try:
        yield database
    finally:
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.drop_all, tables=tables)
        await database.close()


@dataclass
class Stand:
    """A shop and its provider at one address. `answers` are the statuses of the next callbacks; then 204."""

    url: str
    database: Database
    client: httpx.AsyncClient
    app: FastAPI
    sandbox: SandboxProvider
    answers: list[int] = field(default_factory=list)
    received: asyncio.Queue[ProviderCallback] = field(default_factory=asyncio.Queue)

    def attempt(self, payment_id: str = "pay_1", *, seconds: float = 900) -> PaymentAttempt:
        return PaymentAttempt(
            payment_id=payment_id,
            order_no="O1",
            channel="card",
            amount=Money(129_900, "TWD"),
            expires_at=datetime.now(UTC) + timedelta(seconds=seconds),
        )

    async def simulate(self, attempt: PaymentAttempt, **wish: object) -> httpx.Response:
        return await self.client.post(f"{await self.sandbox.open(attempt)}/simulate", json=wish)

    async def callback(self) -> ProviderCallback:
        """The next callback that arrives."""
        async with asyncio.timeout(LONGEST):
            return await self.received.get()

    @asynccontextmanager
    async def sending(self, pace: SenderPace = BRISK) -> AsyncIterator[SandboxSender]:
        """A sender at work, as the application's lifespan runs it."""
        sender = SandboxSender(self.database, SECRET, pace)
        self.app.state.sandbox_sender = sender
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            await sender.stop()
            async with asyncio.timeout(LONGEST):
                await task


@asynccontextmanager
async def stand(database: Database) -> AsyncIterator[Stand]:
    """The application behind a real HTTP server on a free port."""
    listener = _listener()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = FastAPI()
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        sandbox = SandboxProvider(secret=SECRET, public_url=url, client=client)
        stand = Stand(url, database, client, app, sandbox)
        app.state.database = database
        app.state.settings = settings(url)
        app.include_router(router)
        _receive_callbacks(app, stand)
        async with _serving(app, listener):
            yield stand


def settings(url: str, **changes: object) -> Settings:
    values: dict[str, object] = {
        "database_url": SecretStr("postgresql://unused"),
        "redis_url": SecretStr("redis://unused"),
        "public_url": url,
        "sandbox": SandboxSettings(payment_secret=SecretStr(SECRET)),
    }
    return Settings.model_validate(values | changes)


def _receive_callbacks(app: FastAPI, stand: Stand) -> None:
    @app.post("/v1/webhooks/payments/sandbox")
    async def receive(request: Request) -> Response:
        callback = stand.sandbox.verify(request.headers, await request.body())
        stand.received.put_nowait(callback)
        return Response(status_code=stand.answers.pop(0) if stand.answers else 204)


@asynccontextmanager
async def _serving(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    # The listener is open already, so that nobody has to wait for the server: early requests queue.
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=3, timeout_keep_alive=75)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        async with asyncio.timeout(LONGEST):
            await task


def _listener() -> socket.socket:
    # With its protocol named: asyncio turns Nagle's delay off only then, and each answer would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener
