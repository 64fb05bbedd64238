"""The part of a worker that tells downstream systems: the relay, the Redis stream, the webhooks (R-ORD-3)."""

import asyncio

from redis.asyncio import Redis

from ordersaga.gateways.event_stream import EventStream
from ordersaga.gateways.secrets import SecretBox
from ordersaga.gateways.webhooks.sending import WebhookSender
from ordersaga.gateways.webhooks.targets import TargetRules
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings
from worker.publishing import Publisher
from worker.relay import Relay
from worker.webhooks import Webhooks

_REDIS_SECONDS = 5.0


async def tell_downstream(settings: Settings, database: Database) -> None:
    """Run until cancelled."""
    redis: Redis = Redis.from_url(
        settings.redis_url.get_secret_value(), socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
    )
    stream = EventStream(redis, key=settings.events.stream, length=settings.events.stream_length)
    webhooks = Webhooks(
        database,
        WebhookSender(
            TargetRules(
                anywhere=settings.environment == "development", networks=tuple(settings.webhooks.allowed_networks)
            ),
            answer_seconds=settings.webhooks.answer_seconds,
        ),
        SecretBox(settings.encryption.ring()),
        settings.retry_plan,
        places=settings.webhooks.connections_per_endpoint,
    )
    relay = Relay(settings.database_session_url, Publisher(database, stream), on_deliveries=webhooks.wake)
    try:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(webhooks.run())
            loops.create_task(relay.run())
    finally:
        await redis.aclose()
