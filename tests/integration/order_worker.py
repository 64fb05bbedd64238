"""The worker that the workflows' tests stand on, and a database of its own."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.plugin import SimplePlugin

from devstack.ready import Addresses
from ordersaga.domain.policies import PRODUCTION
from ordersaga.gateways.entitlements.provider import EntitlementProvider
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.persistence import policies
from ordersaga.persistence.database import Database
from ordersaga.persistence.migrate import upgrade
from ordersaga.settings import AuditSettings, Settings
from tests.integration.order_stand import QUEUE, OrderStand
from tests.integration.outside import FakeProvider, Outages
from worker.main import build_worker

_MIGRATED = "migrated"


async def own_database(addresses: Addresses, name: str) -> Settings:
    """A worker's settings, for an empty migrated database of the stack that no other process touches."""
    await _copy_migrated(addresses, name)
    return Settings(
        database_url=SecretStr(_named(addresses, name)),
        redis_url=SecretStr(addresses.redis),
        database_pool_size=20,
        profile="production",
        task_queue=QUEUE,
        sandboxed_workflows=True,
        audit=AuditSettings(keys={"k1": SecretStr(base64.b64encode(bytes(32)).decode())}),
    )


async def _copy_migrated(addresses: Addresses, name: str) -> None:
    """Copy one that is migrated: the first who wants one makes it, and nobody else ever connects to it."""
    server = await asyncpg.connect(addresses.database, timeout=10)
    try:
        if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _MIGRATED, timeout=10):
            await server.execute(f"CREATE DATABASE {_MIGRATED}", timeout=30)
            await upgrade(_named(addresses, _MIGRATED).replace("postgresql://", "postgresql+asyncpg://"))
        await server.execute(f"CREATE DATABASE {name} TEMPLATE {_MIGRATED}", timeout=30)
    finally:
        await server.close(timeout=10)


def _named(addresses: Addresses, name: str) -> str:
    return f"{addresses.database.rpartition('/')[0]}/{name}"


@asynccontextmanager
async def standing(
    addresses: Addresses, settings: Settings, database: Database, entitlements: EntitlementProvider | None = None
) -> AsyncIterator[OrderStand]:
    """A worker as it is in production, sandbox and policies included, on a network that may be told to fail."""
    provider, outages = FakeProvider(), Outages()

    async def connect(*plugins: SimplePlugin) -> Client:
        return await Client.connect(
            addresses.temporal, namespace=addresses.namespace, plugins=plugins, identity="order-stand"
        )

    async with database.transaction() as connection:
        version = await policies.publish(connection, "standard", PRODUCTION, datetime.now(UTC))
    client = await connect(SimplePlugin("outages", interceptors=[outages]))
    async with build_worker(client, settings, database, PaymentProviders([provider]), entitlements):
        yield OrderStand(
            client=await connect(),
            outages=outages,
            database=database,
            provider=provider,
            policy_version=version,
            queue=settings.task_queue,
        )
