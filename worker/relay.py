"""Relays the outbox: numbers what is committed, queues it for webhooks, and has it published (R-ORD-3).

Every worker runs this and one of them leads. Events are looked for often while there are some, and seldom while there
are none; a notice from the transactions themselves would make all of them commit one after the other.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.gateways import metrics
from ordersaga.gateways.loops import heed
from ordersaga.persistence import events
from ordersaga.persistence.leadership import leading
from ordersaga.persistence.locks import AdvisoryLock
from worker.publishing import Publisher

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPace:
    """In seconds. The pause between two looks doubles from `shortest` to `longest` while there is nothing.

    A leader that is silent for `silence` is replaced.
    """

    shortest: float = 0.05
    longest: float = 0.4
    silence: float = 10.0
    batch: int = 500


class Relay:
    """`on_deliveries` is called when there is something for webhook endpoints. `url` is the database's."""

    def __init__(
        self, url: str, publisher: Publisher, *, on_deliveries: Callable[[], None], pace: RelayPace | None = None
    ) -> None:
        self._url = url
        self._publisher = publisher
        self._on_deliveries = on_deliveries
        self._pace = pace or RelayPace()

    async def run(self) -> None:
        while True:
            heed()
            try:
                async with leading(self._url, AdvisoryLock.RELAY, silence=self._pace.silence) as connection:
                    log.info("this process relays the events")
                    await self._lead(connection)
            except Exception as error:
                # The database is away, or somebody else leads by now: what is committed waits.
                log.warning("events are not relayed from here", error=repr(error))
            await asyncio.sleep(1)

    async def _lead(self, connection: AsyncConnection) -> None:
        async with asyncio.TaskGroup() as beside:
            beside.create_task(self._publisher.run())
            await self._number(connection)

    async def _number(self, connection: AsyncConnection) -> None:
        """Through the connection that holds the lock, so that whoever lost the lock numbers nothing."""
        pause = self._pace.shortest
        while True:
            heed()
            async with connection.begin():
                numbered = await events.number(connection, limit=self._pace.batch, at=datetime.now(UTC))
            self._publisher.reach(numbered.head)
            if numbered.count:
                metrics.EVENTS_RELAYED.labels(sink="outbox").inc(numbered.count)
            if numbered.deliveries:
                self._on_deliveries()
            pause = self._pace.shortest if numbered.count else min(pause * 2, self._pace.longest)
            if numbered.count < self._pace.batch:
                await asyncio.sleep(pause)
