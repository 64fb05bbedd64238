"""Publishes numbered events to the Redis stream. The stream's own last entry says what it lacks (R-ORD-3).

So nothing is lost when Redis was away, was emptied, or forgot its last second: the stream goes on from what it has, as
far back as its length reaches.
"""

import asyncio
import contextlib
from datetime import UTC, datetime

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from ordersaga.gateways import metrics
from ordersaga.gateways.event_stream import EventStream
from ordersaga.gateways.loops import heed
from ordersaga.persistence import events
from ordersaga.persistence.database import Database

log = structlog.get_logger()

_NAME = "stream"
_BATCH = 200


class Publisher:
    """`reach` tells it how far events are numbered. Every `interval` seconds it also asks the stream itself."""

    def __init__(self, database: Database, stream: EventStream, *, interval: float = 1.0) -> None:
        self._database = database
        self._stream = stream
        self._interval = interval
        self._head = 0
        self._published: int | None = None
        self._news = asyncio.Event()

    def reach(self, head: int) -> None:
        if head > self._head:
            self._head = head
            self._news.set()

    async def run(self) -> None:
        away = False
        while True:
            heed()
            try:
                await self._catch_up()
                away = False
            except (RedisError, SQLAlchemyError, OSError, TimeoutError) as error:
                self._published = None
                if not away:
                    log.warning("events wait for Redis or the database", error=type(error).__name__)
                away = True
            await self._rest(paused=away)

    async def _rest(self, *, paused: bool) -> None:
        """Until there is news; but in trouble, and for the question to the stream, until the interval is over."""
        if paused:
            return await asyncio.sleep(self._interval)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._interval):
                await self._news.wait()
            return None
        self._published = None
        return None

    async def _catch_up(self) -> None:
        self._news.clear()
        last = await self._look() if self._published is None else self._published
        while last < self._head:
            begin = max(last, self._head - self._stream.length)
            async with self._database.statements() as connection:
                batch = await events.between(connection, begin, self._head, limit=_BATCH)
            reached = await self._stream.append(last, batch)
            if reached != batch[-1].position:
                # Redis was emptied, or the stream begun anew, since we looked.
                self._published = None
                return self._news.set()
            metrics.EVENTS_RELAYED.labels(sink=_NAME).inc(len(batch))
            last = reached
        self._published = last
        return None

    async def _look(self) -> int:
        """What the stream has, noted in the database beside what it had."""
        last = await self._stream.last()
        async with self._database.statements() as connection:
            noted = await events.relayed(connection, _NAME)
            if last != noted:
                await events.note_relayed(connection, _NAME, last, datetime.now(UTC))
        if last < noted:
            log.warning("the stream has lost entries, which are published again", had=noted, has=last)
        if last > self._head > 0:
            log.error("the stream is ahead of the database: rebuild it", stream=last, database=self._head)
        return last
