"""What this process needs to serve downstream systems: the stream, who watches orders, how webhooks are tried out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Self

from redis.asyncio import Redis

from api.arrivals import Arrivals
from ordersaga.gateways.event_stream import EventStream
from ordersaga.gateways.loops import end
from ordersaga.gateways.secrets import SecretBox
from ordersaga.gateways.webhooks.sending import WebhookSender
from ordersaga.gateways.webhooks.targets import TargetRules
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings

_REDIS_SECONDS = 4.0
"""Longer than the reader waits for the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Downstream:
    stream: EventStream
    arrivals: Arrivals
    sender: WebhookSender
    secrets: SecretBox
    redis: Redis

    @classmethod
    def build(cls, settings: Settings, database: Database) -> Self:
        redis: Redis = Redis.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=_REDIS_SECONDS, socket_connect_timeout=1
        )
        networks = tuple(settings.webhooks.allowed_networks)
        rules = TargetRules(anywhere=settings.environment == "development", networks=networks)
        return cls(
            stream=EventStream(redis, key=settings.events.stream, length=settings.events.stream_length),
            arrivals=Arrivals(database, redis, key=settings.events.stream),
            sender=WebhookSender(rules, answer_seconds=min(settings.webhooks.answer_seconds, _patience(settings))),
            secrets=SecretBox(settings.encryption.ring()),
            redis=redis,
        )

    @contextlib.asynccontextmanager
    async def running(self, is_ending: Callable[[], bool]) -> AsyncIterator[None]:
        """Whoever watches an order is told while the block runs, and sent away when `is_ending` says so."""
        reader = asyncio.create_task(self.arrivals.run(is_ending))
        try:
            yield
        finally:
            await end([reader])
            await self.sender.aclose()
            await self.redis.aclose()


def _patience(settings: Settings) -> float:
    """An endpoint that is tried out has to answer before the request for it must be answered."""
    return settings.request_deadline_seconds * 0.8
