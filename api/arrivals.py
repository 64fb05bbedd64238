"""Wakes those who wait for an order's next event, by one reader of the Redis stream per process.

Nobody waits on a connection of their own. While Redis is away the database is asked every second, once for all.
"""

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ordersaga.gateways.loops import heed
from ordersaga.persistence import events
from ordersaga.persistence.database import Database

log = structlog.get_logger()

_BLOCK_SECONDS = 1.0
_SAFETY_SECONDS = 5.0
"""How often the database is asked although Redis answers: the relay may be behind, or the stream begun anew."""


class Watcher:
    """Somebody who has seen an order's events up to `sequence`."""

    def __init__(self) -> None:
        self.sequence = 0
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Until there may be something new; `False` when nothing came in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        came = self._event.is_set()
        self._event.clear()
        return came


class Arrivals:
    """Those who watch are woken too when the process is about to stop: then it is `ending`."""

    def __init__(self, database: Database, redis: Redis, *, key: str) -> None:
        self._database = database
        self._redis = redis
        self._key = key
        self.ending = False
        self._watchers: defaultdict[str, set[Watcher]] = defaultdict(set)
        self._watching: Counter[str] = Counter()
        self._anybody = asyncio.Event()
        self._read_to = "$"
        self._looked_at = 0.0

    def open_for(self, caller: str) -> int:
        """How many orders somebody watches."""
        return self._watching[caller]

    @contextmanager
    def watching(self, order_no: str, caller: str) -> Iterator[Watcher]:
        watcher = Watcher()
        self._watchers[order_no].add(watcher)
        self._watching[caller] += 1
        self._anybody.set()
        try:
            yield watcher
        finally:
            self._watchers[order_no].discard(watcher)
            if not self._watchers[order_no]:
                del self._watchers[order_no]
            self._watching[caller] -= 1
            if not self._watching[caller]:
                del self._watching[caller]
            if not self._watchers:
                self._anybody.clear()
                self._read_to = "$"

    async def run(self, is_ending: Callable[[], bool]) -> None:
        """Until it is cancelled, or has sent everybody away because the process is about to stop."""
        while not self.ending:
            heed()
            await self._anybody.wait()
            heard = await self._read()
            if not heard or time.monotonic() - self._looked_at > _SAFETY_SECONDS:
                await self._look()
            if is_ending():
                self.ending = True
                self._wake_all()

    async def _read(self) -> bool:
        """Wait for the stream for a second at most; `False` while Redis is away."""
        began = time.monotonic()
        try:
            answer = await self._redis.xread({self._key: self._read_to}, count=500, block=int(_BLOCK_SECONDS * 1000))
        except (RedisError, OSError, TimeoutError):
            await asyncio.sleep(max(_BLOCK_SECONDS - (time.monotonic() - began), 0))
            return False
        for entry_id, fields in _entries(answer):
            self._read_to = entry_id
            for watcher in self._watchers.get(fields.get(b"order_no", b"").decode(), ()):
                watcher.wake()
        return True

    async def _look(self) -> None:
        self._looked_at = time.monotonic()
        try:
            async with self._database.transaction() as connection:
                newest = await events.newest(connection, list(self._watchers))
        except Exception as error:
            log.warning("watched orders could not be looked up", error=type(error).__name__)
            return
        for order_no, sequence in newest.items():
            for watcher in self._watchers.get(order_no, ()):
                if watcher.sequence < sequence:
                    watcher.wake()

    def _wake_all(self) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.wake()


def _entries(answer: Any) -> Iterator[tuple[str, dict[bytes, bytes]]]:
    """The ids and fields of what was read from the one stream; the client's two protocols differ in the form."""
    streams = answer.values() if isinstance(answer, dict) else [entries for _, entries in answer or ()]
    for entries in streams:
        for batch in entries if entries and isinstance(entries[0], list) else [entries]:
            for entry_id, fields in batch:
                yield entry_id.decode(), fields
