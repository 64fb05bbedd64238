"""What an order of each type costs, counted exactly: the API and a worker in this process, which nobody else uses.

`python -m tests.integration.counted_orders` counts again and writes the table that `test_counts` compares with.
"""

import asyncio
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import event
from temporalio.client import Client

from api.app import create_app
from bench.histories import left_in
from bench.journeys import JOURNEYS, Journey
from bench.market import Market, market
from cli.client import Api
from devstack.options import StackOptions
from devstack.stack import Stack
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.temporal import connect
from ordersaga.persistence.database import Database
from ordersaga.settings import RateLimitSettings, Settings
from tests.integration import order_counts
from tests.integration.order_counts import Counts
from tests.integration.order_worker import own_database
from tests.security.own_api import settings_of
from tests.shop import until
from worker.delivery import Delivery
from worker.main import beside, build_worker

_NAME = "counted"
_OWN_VALKEY = 9
_BRISK = 0.05
_LIVES = 3
_PRETENDED = "sandbox_"
_LOOKS = "WHERE inbox.delivered_at IS NULL AND inbox.workflow_id IS NOT NULL"
"""Of the loop that looks for reports whose first delivery did not come through: as often as it likes."""
_ABOUT_CONNECTIONS = frozenset({"AUTH", "CLIENT", "ECHO", "HELLO", "SELECT"})


@dataclass
class Tally:
    """What this process asked of PostgreSQL and Valkey so far. What the sandbox asked, nobody asks in production."""

    statements: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    transactions: int = 0
    _echoed: asyncio.Event = field(default_factory=asyncio.Event)

    def hears(self, database: Database) -> None:
        engine = database.engine.sync_engine
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "before_cursor_execute", self._execute)

    def _begin(self, connection: Any) -> None:
        connection.info[_NAME] = False

    def _execute(self, connection: Any, cursor: object, statement: str, *_rest: object) -> None:
        if _PRETENDED in statement or _LOOKS in statement:
            return
        if not connection.info[_NAME]:
            connection.info[_NAME] = True
            self.transactions += connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"
        self.statements[" ".join(statement.split())] += 1

    async def overhears(self, redis: Redis) -> None:
        """Every command that reaches our part of Valkey; what a script does is part of its one command."""
        async with redis.monitor() as monitor:
            while True:
                seen = await monitor.next_command()
                if seen["db"] != _OWN_VALKEY or seen["client_type"] == "lua":
                    continue
                name = seen["command"].partition(" ")[0].upper()
                self.commands[name] += 1
                if name == "ECHO":
                    self._echoed.set()

    async def is_complete(self, redis: Redis) -> None:
        """Wait until the last command was overheard."""
        self._echoed.clear()
        await redis.echo(_NAME)
        async with asyncio.timeout(30):
            await self._echoed.wait()

    @property
    def questions(self) -> int:
        return sum(asked for command, asked in self.commands.items() if command not in _ABOUT_CONNECTIONS)


@dataclass
class CountedShop:
    """Leads orders through their lives, and counts."""

    market: Market
    tally: Tally
    redis: Redis

    async def counts(self, order_type: str) -> Mapping[str, Counts]:
        """Of one order, or as many as need one another: until it is placed, until it is paid, and of its whole life.

        Lives in which Temporal had to have something done again are not counted, and others led instead.
        """
        for _ in range(_LIVES):
            counts, stumbles = await self._of_a_life(order_type)
            if not stumbles:
                return counts
        raise AssertionError(f"workflow tasks failed in each of {_LIVES} lives")

    async def _of_a_life(self, order_type: str) -> tuple[Mapping[str, Counts], int]:
        journey = JOURNEYS[order_type](market=self.market)
        await journey.begin()
        await journey.place(journey.party)  # scripts are loaded and rules known from now on
        await self.tally.is_complete(self.redis)
        self.tally.statements.clear()
        self.tally.commands.clear()
        self.tally.transactions = 0
        await journey.place(journey.party)
        placed, _ = await self._counts(journey)
        await journey.pay()
        paid, _ = await self._counts(journey)
        await journey.complete()
        whole, stumbles = await self._counts(journey)
        return {"placed": placed, "paid": paid, "whole": whole}, stumbles

    async def _counts(self, journey: Journey) -> tuple[Counts, int]:
        await self.tally.is_complete(self.redis)
        left = await left_in(self.market.temporal, *await journey.runs())
        counts = Counts(
            events=sum(left.events.values()),
            tasks=left.tasks,
            actions=left.actions,
            statements=sum(self.tally.statements.values()),
            transactions=self.tally.transactions,
            commands=self.tally.questions,
        )
        return counts, left.stumbles


@asynccontextmanager
async def counted_shop(stack: Stack) -> AsyncIterator[CountedShop]:
    own = await own_database(stack.addresses, _NAME)
    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = settings_of(
            stack,
            patch,
            profile="production",
            policies={},
            database_url=own.database_url,
            redis_url=SecretStr(f"{stack.addresses.redis.rpartition('/')[0]}/{_OWN_VALKEY}"),
            task_queue=_NAME,
            public_url=url,
            rate_limits=RateLimitSettings(enabled=True),
            sandboxed_workflows=False,
        )
        tally, redis = Tally(), Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=None)
        app = create_app(settings)
        async with (
            redis,
            beside(tally.overhears(redis), ended=lambda: None),
            _serving(app, listening),
            _working(settings, tally) as temporal,
            Api(url, secret=stack.environment["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"], patience=0) as api,
            market(
                api,
                own.database_url.get_secret_value(),
                temporal=temporal,
                carrier_secret=stack.environment["ORDERSAGA_SANDBOX__CARRIER_SECRET"],
            ) as found,
        ):
            tally.hears(app.state.services.database)
            for order_type in JOURNEYS:
                await app.state.services.policy_version(order_type)
            yield CountedShop(found, tally, redis)


@asynccontextmanager
async def _serving(app: FastAPI, listening: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3))
    serving = asyncio.create_task(server.serve([listening]))

    async def started() -> bool:
        return server.started

    try:
        await until(started, bool)
        yield
    finally:
        server.should_exit = True
        async with asyncio.timeout(20):
            await serving


@asynccontextmanager
async def _working(settings: Settings, tally: Tally) -> AsyncIterator[Client]:
    database = Database(settings.database_driver_url, audit_keys=settings.audit.ring())
    tally.hears(database)
    secret = settings.sandbox.payment_secret
    providers = PaymentProviders.build(
        public_url=settings.public_url,
        sandbox_secret=secret.get_secret_value() if secret else None,
        sandbox_url=settings.public_url,
    )
    client = await connect()
    delivery = Delivery(database, client, task_queue=settings.task_queue, interval=_BRISK)
    async with beside(delivery.run(), ended=lambda: None), build_worker(client, settings, database, providers):
        yield client
    await providers.aclose()
    await database.close()


async def _count_all() -> Mapping[str, Mapping[str, Counts]]:
    with tempfile.TemporaryDirectory(prefix="ordersaga-counts-") as folder:
        options = StackOptions(data_dir=Path(folder) / "data", port=0, servers_only=True, time_skipping=True)
        async with Stack(options) as stack:
            await stack.migrate()  # which makes the search attributes known
            async with counted_shop(stack) as shop:
                return {order_type: await shop.counts(order_type) for order_type in JOURNEYS}


def _rewritten(source: str, counted: Mapping[str, Mapping[str, Counts]]) -> str:
    """The file of the table with another one."""
    head, name, table = source.partition("ORDER_COUNTS: ")
    first, _, _ = table.partition("\n")
    rows = [
        f'    ("{order_type}", "{until}"): Counts({", ".join(map(str, counts))}),'
        for order_type, stages in counted.items()
        for until, counts in stages.items()
    ]
    return "\n".join((f"{head}{name}{first}", *rows, "}", ""))


if __name__ == "__main__":
    path = Path(order_counts.__file__)
    path.write_text(_rewritten(path.read_text(), asyncio.run(_count_all())))
    sys.stdout.write(path.read_text())
