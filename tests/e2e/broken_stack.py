"""A stack that tests break: started, killed in parts, revived."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from devstack.options import StackOptions
from devstack.stack import Stack
from tests.shop import Document, Person, callers_of, until

LONGEST = 100.0
QUICK = {"confirm_seconds": 1, "after_sales_seconds": 1}
PATIENT = {"payment_seconds": 600, "claim_review_seconds": 600}
"""Whoever pays or decides may have to wait for what was killed."""


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Stack]:
    policies = json.dumps({"standard": QUICK | PATIENT})
    options = StackOptions(
        data_dir=folder, port=0, profile="demo", simulate=False, environment={"ORDERSAGA_POLICIES": policies}
    )
    stack = Stack(options)
    async with asyncio.timeout(LONGEST):
        await stack.start()
    try:
        yield stack
    finally:
        async with asyncio.timeout(LONGEST):
            await stack.stop()


async def decided(buyer: Person, quote: Document, key: str) -> httpx.Response:
    """Submit, again and again with the same key, until there is an answer that does not ask to come back."""

    async def submit() -> httpx.Response | None:
        try:
            answer = await buyer.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]}, key=key)
        except httpx.TransportError:
            return None
        comes_later = answer.status_code >= 500 or "retry-after" in answer.headers
        assert answer.status_code != 500, answer.text
        return None if comes_later else answer

    found = await until(submit, lambda answer: answer is not None, LONGEST)
    assert found is not None
    return found


async def kill(stack: Stack, name: str) -> None:
    stack.kill(name)
    assert await stack.exited(name, LONGEST) is not None


async def revive(stack: Stack, name: str) -> None:
    """Start it again, and wait until the API has noticed."""
    async with asyncio.timeout(LONGEST):
        await stack.restart(name)
    async with callers_of(stack.addresses.api) as http:
        await until(lambda: http.get("/readyz"), lambda answer: answer.status_code == 200, LONGEST)
