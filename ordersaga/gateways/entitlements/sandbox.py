"""The adapter to the built-in provider of entitlements, whose other side is `api/sandbox`."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from ordersaga.gateways.entitlements.provider import (
    EntitlementOrder,
    EntitlementRefused,
    EntitlementsUnavailable,
    EntitlementUsed,
)
from ordersaga.gateways.payment.sandbox_keys import SandboxKeys

CALL_SECONDS = 10.0


class SandboxEntitlements:
    """A provider for development. Implements `EntitlementProvider`. Close it with `aclose()`."""

    name = "sandbox"

    def __init__(self, *, secret: str, url: str) -> None:
        self._url = url.rstrip("/")
        self._key = SandboxKeys(secret).entitlement_key
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(5, connect=2),
            limits=httpx.Limits(max_connections=20, keepalive_expiry=3),
            trust_env=False,  # a proxy from the environment would swallow loopback calls
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def grant(self, order: EntitlementOrder) -> None:
        body = {"reference": order.reference, "product": order.product, "account": order.account}
        answer = await self._call("", body)
        if answer.status_code == httpx.codes.CONFLICT:
            raise EntitlementRefused(_code(answer))
        _expect_success(answer)

    async def revoke(self, references: Sequence[str], *, forced: bool = False) -> None:
        answer = await self._call("/revocations", {"references": list(references), "forced": forced})
        if answer.status_code == httpx.codes.CONFLICT:
            raise EntitlementUsed("one of them is in use")
        _expect_success(answer)

    async def _call(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        address = f"{self._url}/sandbox/api/entitlements{path}"
        headers = {"authorization": f"Bearer {self._key}"}
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self._client.post(address, headers=headers, json=body)
        except (httpx.HTTPError, TimeoutError) as error:
            raise EntitlementsUnavailable(f"the sandbox did not answer: {type(error).__name__}") from error


def _expect_success(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise EntitlementsUnavailable(f"the sandbox answered {answer.status_code}")


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "refused"
