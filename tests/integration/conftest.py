"""A database of this folder's own on the session's PostgreSQL, and a worker in this process that works on it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.plugin import SimplePlugin

from devstack.stack import Stack
from ordersaga.domain.policies import PRODUCTION
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.persistence import policies
from ordersaga.persistence.database import Database
from ordersaga.persistence.migrate import upgrade
from ordersaga.settings import Settings
from tests.integration.order_stand import QUEUE, OrderStand
from tests.integration.outside import FakeProvider, Outages
from worker.main import build_worker

_POOL = 20


@pytest.fixture(scope="session")
async def settings(stack: Stack) -> Settings:
    """As a worker process has them, for an empty migrated database that no other process touches."""
    server = await asyncpg.connect(stack.addresses.database, timeout=10)
    await server.execute("CREATE DATABASE order_rules", timeout=30)
    await server.close(timeout=10)
    url = f"{stack.addresses.database.rpartition('/')[0]}/order_rules"
    settings = Settings(
        database_url=SecretStr(url),
        redis_url=SecretStr(stack.addresses.redis),
        database_pool_size=_POOL,
        profile="production",
        task_queue=QUEUE,
        sandboxed_workflows=True,
    )
    await upgrade(settings.database_driver_url)
    return settings


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_driver_url, pool_size=_POOL)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def order_stand(stack: Stack, settings: Settings, database: Database) -> AsyncIterator[OrderStand]:
    """The worker as it is in production, sandbox and policies included, on a network that may be told to fail."""
    provider, outages = FakeProvider(), Outages()
    plugin = SimplePlugin("outages", interceptors=[outages])
    addresses = stack.addresses
    client = await Client.connect(addresses.temporal, namespace=addresses.namespace, plugins=[plugin])
    async with database.transaction() as connection:
        version = await policies.publish(connection, "standard", PRODUCTION, datetime.now(UTC))
    async with build_worker(client, settings, database, PaymentProviders([provider])):
        plain = await Client.connect(addresses.temporal, namespace=addresses.namespace)
        yield OrderStand(database, plain, provider, outages, version)
