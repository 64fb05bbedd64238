"""The migrations make the database that the tables describe."""

import asyncio

from ordersaga.persistence.migrate import differences, head, upgrade
from ordersaga.settings import Settings


async def test_the_migrated_database_lacks_nothing_of_the_tables(settings: Settings) -> None:
    assert await differences(settings.database_driver_url) == []


async def test_migrating_again_and_from_several_processes_at_once_changes_nothing(settings: Settings) -> None:
    async with asyncio.timeout(60):
        reached = await asyncio.gather(*(upgrade(settings.database_driver_url) for _ in range(3)))
    assert set(reached) == {head()}
