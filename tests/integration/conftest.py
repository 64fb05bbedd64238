"""A database of this folder's own on the session's PostgreSQL, and a worker in this process that works on it."""

from collections.abc import AsyncIterator

import pytest

from devstack.secrets import load_secrets
from devstack.stack import Stack
from ordersaga.gateways.entitlements.sandbox import SandboxEntitlements
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings
from tests.integration.books_stand import BooksStand, books
from tests.integration.observed_processes import Observed, observing
from tests.integration.order_stand import OrderStand
from tests.integration.order_worker import own_database, standing


@pytest.fixture(scope="session")
async def settings(stack: Stack) -> Settings:
    return await own_database(stack.addresses, "order_rules")


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(
        settings.database_driver_url, audit_keys=settings.audit.ring(), pool_size=settings.database_pool_size
    )
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def observed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Observed]:
    """An API and a worker of this folder's own, whose traces are collected; tests may stop and start them."""
    async with observing(stack, tmp_path_factory.mktemp("observed")) as observed:
        yield observed


@pytest.fixture(scope="session")
async def order_stand(stack: Stack, settings: Settings, database: Database) -> AsyncIterator[OrderStand]:
    secret = load_secrets(stack.folder.secrets).payment_webhook_secret
    entitlements = SandboxEntitlements(secret=secret, url=stack.addresses.api)
    async with standing(stack.addresses, settings, database, entitlements) as stand:
        yield stand
    await entitlements.aclose()


@pytest.fixture(scope="session")
async def bookshop(stack: Stack) -> AsyncIterator[BooksStand]:
    """A shop in a database of its own, in which tests make things wrong."""
    async with books(stack, "reconciled") as shop:
        yield shop
