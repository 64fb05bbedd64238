"""Tells the gates of running sales what PostgreSQL knows, again and again: see `ordersaga.gateways.gate.gate`.

Every worker does; the one that comes first tells, the others find that somebody did. Without a sale Redis is not asked.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from redis.asyncio import Redis

from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.gateways.gate.gate import Gate, GateAway
from ordersaga.persistence import gates
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings

log = structlog.get_logger()

_AHEAD = timedelta(minutes=1)
"""A gate is built so long before its sale begins, so that nobody waits for that when it does."""
_REDIS_SECONDS = 5.0


class GateRefreshing:
    """A loop over the campaigns that run, or begin soon."""

    def __init__(self, database: Database, gate: Gate, *, interval: float) -> None:
        self._database = database
        self._gate = gate
        self._interval = interval

    async def run(self) -> None:
        while True:
            try:
                await self.refresh_all()
            except GateAway as error:
                log.warning("gates are not told: Redis is away", error=str(error))
            except Exception as error:
                # The database is away; it is asked again in a moment.
                log.warning("gates are not told", error=repr(error))
            await asyncio.sleep(self._interval)

    async def refresh_all(self) -> None:
        at = datetime.now(UTC)
        kinds = [kind.name for kind in ORDER_TYPES.values() if kind.gated]
        async with self._database.statements() as connection:
            found = await gates.running(connection, kinds, at=at, until=at + _AHEAD)
        for key in found:
            await self._gate.refresh(
                key,
                gates.reader(self._database, key),
                datetime.now(UTC),
                unless_within=timedelta(seconds=self._interval * 0.9),
            )


async def refresh_gates(settings: Settings, database: Database) -> None:
    """Run until cancelled."""
    redis: Redis = Redis.from_url(
        settings.redis_url.get_secret_value(), socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
    )
    try:
        await GateRefreshing(database, Gate(redis), interval=settings.gate.refresh_seconds).run()
    finally:
        await redis.aclose()
