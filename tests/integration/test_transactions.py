"""Units of work on one connection: each leaves it as the next one expects it."""

from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ordersaga.persistence.database import Database
from ordersaga.settings import Settings

_NOTE = text("INSERT INTO noted VALUES ('a word')")
_COUNT = text("SELECT count(*) FROM noted")


async def test_a_connection_that_committed_each_statement_begins_transactions_again(settings: Settings) -> None:
    database = Database(settings.database_driver_url, pool_size=1)
    try:
        async with database.statements() as connection:
            await connection.execute(text("CREATE TEMPORARY TABLE noted (word text)"))
        with suppress(LookupError):
            async with database.transaction() as connection:
                await connection.execute(_NOTE)
                raise LookupError
        with suppress(LookupError):
            async with database.statements() as connection:
                assert await connection.scalar(_COUNT) == 0
                await connection.execute(_NOTE)
                raise LookupError
        async with database.reading() as connection:
            assert await connection.scalar(_COUNT) == 1
            with pytest.raises(DBAPIError, match="read-only"):
                await connection.execute(text("UPDATE orders SET buyer = ''"))
        async with database.statements() as connection:
            await connection.execute(_NOTE)
        async with database.transaction() as connection:
            assert await connection.scalar(_COUNT) == 2
    finally:
        await database.close()
