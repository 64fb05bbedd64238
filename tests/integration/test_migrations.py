"""The migrations make the database that the tables describe."""

import asyncio

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from devstack.stack import Stack
from ordersaga.persistence.migrate import differences, head, upgrade
from ordersaga.settings import Settings


async def test_the_migrated_database_lacks_nothing_of_the_tables(settings: Settings) -> None:
    assert await differences(settings.database_driver_url) == []


async def test_migrating_again_and_from_several_processes_at_once_changes_nothing(settings: Settings) -> None:
    async with asyncio.timeout(60):
        reached = await asyncio.gather(*(upgrade(settings.database_driver_url) for _ in range(3)))
    assert set(reached) == {head()}


async def test_money_that_lies_unexpected_from_earlier_days_is_refunded_after_the_upgrade(stack: Stack) -> None:
    address = await _database_at(stack, "earlier_days", "0002")
    connection = await asyncpg.connect(address, timeout=10)
    await connection.execute(_EARLIER_DAYS, timeout=10)
    await upgrade(_driver_url(address))
    due = await connection.fetch("SELECT source, event_id, workflow_id, signal, subject FROM inbox", timeout=10)
    assert [tuple(row) for row in due] == [("refund", "pay_lost", "refund/pay_lost", "refund_due", "refund/pay_lost")]
    asked = await connection.fetch("SELECT payment_id FROM payments WHERE next_inquiry_at <= now()", timeout=10)
    assert [row["payment_id"] for row in asked] == ["pay_open"]
    await connection.close(timeout=10)


async def _database_at(stack: Stack, name: str, revision: str) -> str:
    """A new database of this revision; gives its address."""
    server = await asyncpg.connect(stack.addresses.database, timeout=10)
    await server.execute(f"CREATE DATABASE {name}", timeout=30)
    await server.close(timeout=10)
    address = f"{stack.addresses.database.rpartition('/')[0]}/{name}"
    await upgrade(_driver_url(address), revision)
    return address


def _driver_url(address: str) -> str:
    return address.replace("postgresql://", "postgresql+asyncpg://")


_EARLIER_DAYS = """
    INSERT INTO orders VALUES ('O-1', 'standard', 'alice', 'cancelled', 1, 1, 'TWD', 'standard', 9, 0, 0, 0, 0, 9, 9,
                               '{}', now(), now(), now());
    INSERT INTO payments (payment_id, order_no, channel, provider, amount, currency, state, created_at,
                          received_amount, received_currency)
    VALUES ('pay_lost', 'O-1', 'card', 'sandbox', 9, 'TWD', 'unexpected', now(), 9, 'TWD'),
           ('pay_nothing', 'O-1', 'card', 'sandbox', 9, 'TWD', 'unexpected', now(), 0, 'TWD'),
           ('pay_good', 'O-1', 'card', 'sandbox', 9, 'TWD', 'succeeded', now(), 9, 'TWD'),
           ('pay_open', 'O-1', 'card', 'sandbox', 9, 'TWD', 'open', now(), NULL, NULL);
"""
