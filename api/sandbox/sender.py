"""Delivers the sandbox provider's callbacks: at least once, with back-off, from a table that outlives the process."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from ordersaga.gateways.signing import sign
from ordersaga.persistence import sandbox
from ordersaga.persistence.database import Database
from ordersaga.persistence.sandbox import DueCallback

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderPace:
    """How the sender waits. `lease` must exceed `answer_within`, or two senders could hold one delivery."""

    poll: timedelta = timedelta(seconds=1)
    answer_within: timedelta = timedelta(seconds=10)
    lease: timedelta = timedelta(seconds=20)
    first_retry: timedelta = timedelta(seconds=0.5)
    longest_retry: timedelta = timedelta(seconds=60)
    tries: int = 14
    in_flight: int = 16

    def retry_after(self, tries: int) -> timedelta:
        """The pause after so many failed tries: it doubles up to its limit."""
        return min(self.first_retry * (1 << (tries - 1)), self.longest_retry)


class SandboxSender:
    """One per API process; several share the table. `run()` ends after `stop()`; what is unsent stays in the table."""

    def __init__(self, database: Database, secret: str, pace: SenderPace | None = None) -> None:
        self._database = database
        self._secret = secret
        self._pace = pace or SenderPace()
        self._wake = asyncio.Event()
        self._stopping = False
        self._ended = asyncio.Event()
        self._ended.set()
        self._sending: dict[asyncio.Task[None], DueCallback] = {}

    def wake(self, after: timedelta = timedelta()) -> None:
        """Look for due callbacks after this delay instead of at the next poll."""
        if after:
            asyncio.get_running_loop().call_later(after.total_seconds(), self._wake.set)
        else:
            self._wake.set()

    async def run(self) -> None:
        """Send what falls due until `stop()`. A database that is away is waited for."""
        self._ended.clear()
        try:
            async with _client(self._pace) as client:
                while not self._stopping:
                    self._wake.clear()
                    await self._send_due(client)
                    await self._rest()
        finally:
            await self._hand_back()
            self._ended.set()

    async def stop(self) -> None:
        """End `run()` and wait for it. Deliveries under way are cut off and handed back."""
        self._stopping = True
        self._wake.set()
        async with asyncio.timeout(5):
            await self._ended.wait()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.poll.total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _send_due(self, client: httpx.AsyncClient) -> None:
        free = self._pace.in_flight - len(self._sending)
        for callback in await self._claim(free) if free else ():
            task = asyncio.create_task(self._deliver(client, callback))
            self._sending[task] = callback
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        # A full house claims nothing, so each place that falls free looks for what is waiting.
        if len(self._sending) == self._pace.in_flight:
            self._wake.set()
        del self._sending[task]

    async def _claim(self, limit: int) -> list[DueCallback]:
        try:
            async with self._database.statements() as connection:
                return await sandbox.claim_callbacks(
                    connection, now=datetime.now(UTC), lease=self._pace.lease, limit=limit
                )
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            _log.warning("sandbox_callbacks_unreadable", error=str(error))
            return []

    async def _deliver(self, client: httpx.AsyncClient, callback: DueCallback) -> None:
        taken = await self._post(client, callback)
        try:
            await self._note(callback, taken)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            _log.warning("sandbox_callback_unnoted", event_id=callback.event_id, error=str(error))

    async def _post(self, client: httpx.AsyncClient, callback: DueCallback) -> bool:
        headers = sign(self._secret, callback.event_id, callback.body) | {"content-type": "application/json"}
        try:
            async with asyncio.timeout(self._pace.answer_within.total_seconds()):
                response = await client.post(callback.url, content=callback.body.encode(), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            _log.info("sandbox_callback_unanswered", event_id=callback.event_id, error=type(error).__name__)
            return False
        return response.is_success

    async def _note(self, callback: DueCallback, taken: bool) -> None:
        now, pause = datetime.now(UTC), self._pace.retry_after(callback.tries)
        async with self._database.statements() as connection:
            if taken:
                return await sandbox.mark_delivered(connection, callback, now)
            if callback.tries >= self._pace.tries:
                return await sandbox.give_up(connection, callback, now)
            await sandbox.postpone(connection, callback, now + pause)
        return self.wake(pause)

    async def _hand_back(self) -> None:
        unsent = dict(self._sending)
        for task in unsent:
            task.cancel()
        await asyncio.gather(*unsent, return_exceptions=True)
        try:
            async with self._database.transaction() as connection:
                await sandbox.hand_back(connection, list(unsent.values()), datetime.now(UTC))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            _log.warning("sandbox_callbacks_left_to_their_leases", error=str(error))


def _client(pace: SenderPace) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=pace.in_flight, keepalive_expiry=3)
    # The receiver is the order system itself; a proxy from the environment would swallow loopback calls.
    return httpx.AsyncClient(timeout=pace.answer_within.total_seconds(), limits=limits, trust_env=False)
