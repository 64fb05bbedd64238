"""What the tests of relay and webhooks stand on: a database and a Redis of their own, orders without runs."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, text

from ordersaga.domain.events import Event
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.webhooks import EndpointState, RetryPlan
from ordersaga.gateways.event_stream import EventStream
from ordersaga.gateways.loops import end
from ordersaga.gateways.secrets import SecretBox
from ordersaga.gateways.webhooks.sending import WebhookSender
from ordersaga.gateways.webhooks.signing_secrets import new_secret, sealed
from ordersaga.gateways.webhooks.targets import TargetRules
from ordersaga.persistence import events, webhook_endpoints
from ordersaga.persistence.database import Database
from ordersaga.persistence.locks import AdvisoryLock
from ordersaga.persistence.tables.events import events as outbox
from ordersaga.persistence.tables.orders import orders
from ordersaga.persistence.webhook_endpoints import Endpoint
from tests.goods import TAIPEI
from worker.publishing import Publisher
from worker.relay import Relay, RelayPace
from worker.webhooks import Webhooks

PLAN = RetryPlan(first_seconds=0.05, longest_seconds=0.2, tries=6)
PATIENT = RetryPlan(first_seconds=0.05, longest_seconds=0.2, tries=10_000)
"""Gives nothing up, however long a busy machine takes over a test."""
QUICK = RelayPace(shortest=0.02, longest=0.1, silence=1.0, batch=40)
BOX = SecretBox(KeyRing({"k1": bytes(32)}, "k1"))


@dataclass(slots=True)
class DownstreamStand:
    database: Database
    redis: Any
    url: str
    stream: EventStream
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def order(self) -> str:
        """A new order, nothing of which was told yet."""
        order_no, at = f"D-{next(self._numbers)}", datetime.now(UTC)
        sums = dict.fromkeys(("goods", "discount", "points", "shipping", "tax", "payable", "due_now"), 0)
        row = {
            "order_no": order_no,
            "order_type": "standard",
            "buyer": "alice",
            "state": "paid",
            "table_version": 1,
            "policy_version": 1,
            "currency": "TWD",
            "shipping_option": "standard",
            "receiver": asdict(TAIPEI),
            "placed_at": at,
            "payment_due_at": at,
            "updated_at": at,
        }
        async with self.database.transaction() as connection:
            await connection.execute(insert(orders).values(row | sums))
        return order_no

    async def happens(self, order_no: str, *sequences: int, kind: str = "order.paid") -> None:
        """Events of an order, a transaction each, as its transitions write them."""
        for sequence in sequences:
            data = {"order_no": order_no, "sequence": sequence}
            async with self.database.transaction() as connection:
                await connection.execute(
                    insert(outbox).values(
                        order_no=order_no, sequence=sequence, type=kind, at=datetime.now(UTC), document=data
                    )
                )

    async def endpoint(self, url: str, *types: str) -> tuple[str, str]:
        """A new endpoint: its id and its secret."""
        endpoint_id, secret, at = f"whe-{next(self._numbers)}", new_secret(), datetime.now(UTC)
        async with self.database.transaction() as connection:
            await webhook_endpoints.add(
                connection,
                Endpoint(
                    endpoint_id=endpoint_id,
                    url=url,
                    description="",
                    event_types=types,
                    secret=sealed(BOX, endpoint_id, [secret]),
                    state=EndpointState.ENABLED,
                    state_reason="",
                    created_at=at,
                    updated_at=at,
                ),
            )
        return endpoint_id, secret.text

    async def numbered(self) -> list[Event]:
        """Everything that has a position, in its order."""
        async with self.database.transaction() as connection:
            return list(await events.between(connection, 0, await events.head(connection), limit=100_000))

    async def unnumbered(self) -> int:
        async with self.database.transaction() as connection:
            return len((await connection.execute(select(outbox.c.event_id).where(outbox.c.position.is_(None)))).all())

    async def head(self) -> int:
        async with self.database.transaction() as connection:
            return await events.head(connection)

    async def streamed(self) -> list[tuple[int, str, int]]:
        """Position, order and sequence of what the stream holds."""
        entries = await self.redis.xrange(self.stream.key)
        return [
            (int(number.split(b"-")[0]), fields[b"order_no"].decode(), int(fields[b"sequence"]))
            for number, fields in entries
        ]

    async def leader(self) -> int | None:
        """The PostgreSQL process of the connection that leads."""
        async with self.database.transaction() as connection:
            query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :low"
            found = await connection.scalar(text(query), {"low": AdvisoryLock.RELAY & 0xFFFFFFFF})
        return None if found is None else int(found)

    def relay(self, webhooks: Webhooks | None = None) -> Relay:
        publisher = Publisher(self.database, self.stream, interval=0.1)
        return Relay(self.url, publisher, on_deliveries=webhooks.wake if webhooks else lambda: None, pace=QUICK)

    def webhooks(self, *, answer_seconds: float = 20, places: int = 3, plan: RetryPlan = PLAN) -> Webhooks:
        sender = WebhookSender(TargetRules(anywhere=True), answer_seconds=answer_seconds)
        return Webhooks(self.database, sender, BOX, plan, places=places, interval=0.05)

    @asynccontextmanager
    async def telling(
        self, *, relays: int = 1, answer_seconds: float = 20, plan: RetryPlan = PLAN
    ) -> AsyncIterator[None]:
        """Relay and webhooks run while the block does."""
        webhooks = self.webhooks(answer_seconds=answer_seconds, plan=plan)
        loops = [webhooks.run(), *(self.relay(webhooks).run() for _ in range(relays))]
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            yield
        finally:
            await end(tasks)
