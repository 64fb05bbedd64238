"""Orders for which nobody's time is over while a test on a busy machine does its steps.

What an order is pinned to is decided by the API that places it: here one in this process, with deadlines of its own,
on the session's servers. Everything else is asked of the session's API.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from api.app import build_services, create_app
from devstack.stack import Stack
from tests.security.own_api import settings_of
from tests.shop import Document, Person, Shop

MINUTES = 10
LONG = dict.fromkeys(
    (
        "payment_seconds",
        "review_seconds",
        "astray_seconds",
        "confirm_seconds",
        "after_sales_seconds",
        "claim_review_seconds",
        "stop_seconds",
        "return_seconds",
        "return_reminder_seconds",
        "return_transit_seconds",
        "inspection_seconds",
        "escalation_seconds",
        "consent_seconds",
    ),
    MINUTES * 60,
)
POLICIES = dict.fromkeys(("standard", "digital", "flash_sale", "group_buy"), LONG)


@asynccontextmanager
async def placing(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API in this process. It sends nobody's callbacks: those are left to the session's API."""
    with pytest.MonkeyPatch.context() as patch:
        settings = settings_of(stack, patch, policies=POLICIES)
        app = create_app(settings)
        services = await build_services(settings)
    app.state.services, app.state.database = services, services.database
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as http:
            yield http
    finally:
        await services.providers.aclose()
        await services.redis.aclose()
        await services.database.close()


@dataclass(slots=True)
class UnhurriedShop(Shop):
    """Whoever orders here has minutes to pay, and everybody has them for what follows."""

    places_at: httpx.AsyncClient | None = field(default=None, repr=False)

    @classmethod
    async def opens(cls, stack: Stack, http: httpx.AsyncClient, placing: httpx.AsyncClient) -> "UnhurriedShop":
        shop = await cls.open(stack, http)
        shop.places_at = placing
        return shop

    def placer(self, buyer: Person) -> Person:
        """The buyer, at the API that places unhurried orders."""
        assert self.places_at is not None
        return replace(buyer, http=self.places_at)

    async def submits(self, buyer: Person, quote: Document, key: str | None = None, **more: Any) -> Document:
        return await Shop.submits(self, self.placer(buyer), quote, key, **more)
