"""One process at a time, of however many: leadership by an advisory lock on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from ordersaga.persistence.engine import engine_at

_TRY = text("SELECT pg_try_advisory_lock(:key)")


@asynccontextmanager
async def leading(url: str, key: int, *, silence: float, pause: float = 1.0) -> AsyncIterator[AsyncConnection]:
    """Wait to become the leader; the connection holds the lock for as long as it lives.

    PostgreSQL itself ends the connection of a leader that is silent for `silence` seconds, hung or cut off, and the
    next one takes over. Whatever only the leader may write is written through this connection: it fails then.
    Each statement is a transaction of its own.
    """
    limit = str(max(int(silence * 1000), 1))
    session = {
        "idle_session_timeout": limit,
        "idle_in_transaction_session_timeout": limit,
        "application_name": "ordersaga relay",
    }
    engine = engine_at(url, patience=silence, session=session, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            while not await _tried(connection, key):  # noqa: ASYNC110 - what is waited for is in another process
                await asyncio.sleep(pause)
            yield connection
    finally:
        await engine.dispose()


async def _tried(connection: AsyncConnection, key: int) -> bool:
    async with connection.begin():
        return bool(await connection.scalar(_TRY, {"key": key}))
