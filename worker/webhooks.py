"""Delivers webhooks: signed, again and again until they are taken, of each order one after the other (R-ORD-3)."""

import asyncio
import contextlib
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ordersaga.domain.events import Event
from ordersaga.domain.webhooks import DeliveryState, Reply, RetryPlan, Verdict
from ordersaga.gateways import correlation, metrics
from ordersaga.gateways.loops import heed
from ordersaga.gateways.secrets import SecretBox, SecretUnreadable
from ordersaga.gateways.webhooks.sending import WebhookSender
from ordersaga.gateways.webhooks.signing_secrets import opened, valid
from ordersaga.persistence import webhook_deliveries, webhook_endpoints
from ordersaga.persistence.database import Database
from ordersaga.persistence.webhook_deliveries import Taken

log = structlog.get_logger()

_SPARE = timedelta(seconds=15)
"""What a lease lasts longer than a try may take."""
_LAST_MOMENT = 3.0


def body_of(event: Event) -> bytes:
    """The same bytes for the same event, however often it is sent."""
    document = {"type": event.type, "timestamp": event.at.astimezone(UTC).isoformat(), "data": event.data}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Webhooks:
    """A loop in every worker. Each endpoint has places of its own, so that a slow one holds up nobody else."""

    def __init__(
        self,
        database: Database,
        sender: WebhookSender,
        box: SecretBox,
        plan: RetryPlan,
        *,
        places: int = 4,
        interval: float = 1.0,
    ) -> None:
        self._database = database
        self._sender = sender
        self._box = box
        self._plan = plan
        self._places = places
        self._interval = interval
        self._lease = timedelta(seconds=sender.answer_seconds) + _SPARE
        self._wake = asyncio.Event()
        self._busy: Counter[str] = Counter()
        self._sending: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    async def run(self) -> None:
        """When it is cancelled, what is being sent has a moment left; what is cut off is sent again after its lease."""
        try:
            while True:
                heed()
                self._wake.clear()
                try:
                    await self._send_due()
                except Exception as error:
                    # The database is away; what is due stays due.
                    log.warning("webhooks could not be looked for", error=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._interval):
                        await self._wake.wait()
        finally:
            if self._sending:
                _, unfinished = await asyncio.wait(set(self._sending), timeout=_LAST_MOMENT)
                for task in unfinished:
                    task.cancel()
                await asyncio.gather(*unfinished, return_exceptions=True)
            await self._sender.aclose()

    async def _send_due(self) -> None:
        async with self._database.statements() as connection:
            due = await webhook_deliveries.due_endpoints(connection, datetime.now(UTC))
        for endpoint_id in due:
            free = self._places - self._busy[endpoint_id]
            if free > 0:
                async with self._database.transaction() as connection:
                    found = await webhook_deliveries.take(
                        connection, endpoint_id, now=datetime.now(UTC), lease=self._lease, limit=free
                    )
                for taken in found:
                    self._begin(taken)

    def _begin(self, taken: Taken) -> None:
        self._busy[taken.endpoint_id] += 1
        task = asyncio.create_task(self._deliver(taken))
        self._sending.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._sending.discard(task)
            self._busy[taken.endpoint_id] -= 1
            self._wake.set()  # a place is free, and the order's next event may be due

        task.add_done_callback(ended)

    async def _deliver(self, taken: Taken) -> None:
        with correlation.concerning({"order_no": taken.event.order_no, "endpoint_id": taken.endpoint_id}):
            reply = await self._send(taken)
            verdict = self._plan.judge(reply, taken.tries)
            metrics.WEBHOOK_DELIVERIES.labels(result=verdict).inc()
            if verdict is not Verdict.DELIVERED:
                log.info("a webhook was not taken", verdict=verdict, status=reply.status, tries=taken.tries)
            try:
                await self._note(taken, reply, verdict)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("what came of a webhook could not be noted", error=type(error).__name__)

    async def _send(self, taken: Taken) -> Reply:
        try:
            secrets = opened(self._box, taken.endpoint_id, taken.secret)
        except SecretUnreadable as error:
            log.error("a webhook cannot be signed", error=str(error))
            return Reply(error="its secret cannot be opened")
        event = taken.event
        return await self._sender.send(taken.url, valid(secrets, datetime.now(UTC)), event.event_id, body_of(event))

    async def _note(self, taken: Taken, reply: Reply, verdict: Verdict) -> None:
        at = datetime.now(UTC)
        state, pause = DeliveryState.PENDING, 0.0
        if verdict is Verdict.AGAIN:
            pause = self._plan.wait(reply, taken.tries, random.random())  # noqa: S311 - spreads tries, guards nothing
        elif verdict is not Verdict.GONE:
            state = DeliveryState(verdict)
        async with self._database.transaction() as connection:
            await webhook_deliveries.settle(
                connection,
                taken,
                state,
                status=reply.status,
                error=reply.error,
                at=at,
                next_try_at=at + timedelta(seconds=pause),
            )
            if verdict is Verdict.GONE:
                await webhook_endpoints.disable(connection, taken.endpoint_id, "it answered 410 Gone", at)
        if 0 < pause < self._interval:
            asyncio.get_running_loop().call_later(pause, self.wake)
