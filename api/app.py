"""The HTTP API, put together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from fastapi import FastAPI
from redis.asyncio import Redis

from api import openapi, problems
from api.authentication import Authenticator
from api.deadline import Deadline
from api.downstream import Downstream
from api.gate import Gates
from api.hardening.middleware import harden
from api.hardening.rates import RateLimiter
from api.observation import observe, tracing
from api.routers import (
    addresses,
    admin,
    admin_after_sales_rules,
    admin_block_lists,
    admin_campaigns,
    admin_codes,
    admin_coupons,
    admin_limits,
    admin_members,
    admin_offers,
    admin_policies,
    admin_reconciliation,
    admin_risk,
    after_sales,
    allocations,
    attachments,
    audit,
    catalogue,
    codes,
    coupons,
    event_stream,
    events,
    groups,
    health,
    membership,
    metrics,
    notifications,
    order_actions,
    order_changes,
    order_events,
    order_types,
    orders,
    parcels,
    quotes,
    refunds,
    webhook_endpoints,
    webhooks,
)
from api.sandbox.entitlements import router as sandbox_entitlements
from api.sandbox.router import is_enabled
from api.sandbox.router import router as sandbox
from api.sandbox.sender import SandboxSender
from api.sealing import Sealer
from api.services import Services
from api.turnstile import Turnstile
from ordersaga.gateways.attachments.store import store_at
from ordersaga.gateways.codes import CodeVault
from ordersaga.gateways.logistics import CarrierCallbacks
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.pseudonyms import Pseudonyms
from ordersaga.gateways.scraping import Scraping
from ordersaga.gateways.temporal import connect
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings

log = structlog.get_logger()

DESCRIPTION = """
The order system of an online shop, as durable Temporal workflows.

Money is `{"amount": <integer minor units>, "currency": "TWD"}`; times are RFC 3339 in UTC; errors are RFC 9457
problems with a stable `code`; lists are `{items, next_cursor}`. Every POST that creates takes an `Idempotency-Key`.
"""


def create_app(settings: Settings) -> FastAPI:
    """The application; its connections open when it starts serving."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = await build_services(settings)
        app.state.services, app.state.database = services, services.database
        scraping: Scraping = app.state.scraping
        async with (
            _sandbox_sender(app, services),
            services.downstream.running(lambda: scraping.draining),
            scraping.listening(settings.metrics_host, settings.metrics_port),
        ):
            yield
        await services.providers.aclose()
        await services.redis.aclose()
        await services.database.close()

    app = FastAPI(title="ordersaga", version="0.1.0", description=DESCRIPTION, lifespan=lifespan, telemetry=tracing())
    app.state.settings, app.state.scraping = settings, Scraping()
    problems.install(app)
    rooms = (
        catalogue, quotes, orders, order_actions, order_changes, order_events, groups, audit, allocations, parcels,
        addresses, coupons, codes, membership, notifications, events, webhooks, order_types, admin, admin_offers,
        admin_coupons, after_sales, admin_members, admin_campaigns, admin_codes, admin_policies,
        admin_after_sales_rules, admin_limits, admin_risk, admin_block_lists, webhook_endpoints, event_stream, refunds,
        admin_reconciliation, attachments, health, metrics,
    )  # fmt: skip
    for room in rooms:
        app.include_router(room.router)
    app.include_router(sandbox)
    app.include_router(sandbox_entitlements)
    app.add_middleware(Turnstile)
    app.add_middleware(Deadline, seconds=settings.request_deadline_seconds)
    harden(app, settings)
    observe(app)
    openapi.complete(app)
    return app


async def build_services(settings: Settings) -> Services:
    payment_secret, carrier_secret = settings.sandbox.payment_secret, settings.sandbox.carrier_secret
    redis: Redis = Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=0.5, socket_connect_timeout=0.5)
    database = Database(
        settings.database_driver_url, audit_keys=settings.audit.ring(), pool_size=settings.database_pool_size
    )
    return Services(
        settings=settings,
        database=database,
        redis=redis,
        temporal=await connect(lazy=True, compression=settings.temporal_compression),
        providers=PaymentProviders.build(
            public_url=settings.public_url,
            sandbox_secret=payment_secret.get_secret_value() if payment_secret else None,
            sandbox_url=settings.sandbox.internal_url,
        ),
        carriers=CarrierCallbacks.build(sandbox_secret=carrier_secret.get_secret_value() if carrier_secret else None),
        authenticator=Authenticator(settings.auth),
        sealer=Sealer(settings.quote),
        pseudonyms=Pseudonyms(settings.encryption.ring()),
        rates=RateLimiter(settings.rate_limits, redis, enabled=settings.counts_requests),
        gates=Gates(settings, redis, database),
        downstream=Downstream.build(settings, database),
        codes=CodeVault(settings.encryption.ring()),
        attachments=store_at(settings.attachments.folder, database.engine),
    )


@contextlib.asynccontextmanager
async def _sandbox_sender(app: FastAPI, services: Services) -> AsyncIterator[None]:
    secret = services.settings.sandbox.payment_secret
    if secret is None or not is_enabled(services.settings):
        yield
        return
    sender = SandboxSender(services.database, secret.get_secret_value())
    app.state.sandbox_sender = sender
    task = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        await sender.stop()
        await task
