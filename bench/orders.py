"""A buyer who does nothing but buy."""

import time
from types import TracebackType
from typing import Any, Self

import httpx

from api.authentication import development_token
from devstack.stack import Stack

ADDRESS = {
    "name": "Bench",
    "phone": "0900000000",
    "line1": "1",
    "city": "Taipei",
    "region": "Taipei",
    "postal_code": "100",
    "country": "TW",
}


class Buyer:
    """Places and pays orders over HTTP, each as a buyer of its own, so that none is a duplicate of another."""

    def __init__(self, stack: Stack) -> None:
        self._secret = stack.environment["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]
        self._client = httpx.AsyncClient(base_url=stack.addresses.api, timeout=60, trust_env=False)

    async def __aenter__(self) -> Self:
        await self._ensure_stock()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def place_and_pay(self, number: int) -> float:
        """One order; the answer is how many seconds submit took."""
        headers = self._headers("buyer", f"bench-{time.time_ns()}-{number}")
        items = [{"sku": "BENCH-1", "quantity": 1}]
        quote = await self._post("/v1/quotes", headers, {"items": items, "address": ADDRESS})
        began = time.perf_counter()
        order = await self._post("/v1/orders", headers, {"quote_token": quote["quote_token"]})
        took = time.perf_counter() - began
        attempt = await self._post(f"/v1/orders/{order['order_no']}/payments", headers, {"channel": "card"})
        await self._post(f"{attempt['cashier_url']}/simulate", {}, {"outcome": "succeed"})
        return took

    async def _ensure_stock(self) -> None:
        sku = {
            "name": "Bench",
            "price": {"amount": 100, "currency": "TWD"},
            "merchant_id": "ordersaga",
            "stock": {"tpe-1": 10_000_000},
        }
        headers = self._headers("operator", "bench")
        (await self._client.put("/v1/admin/skus/BENCH-1", headers=headers, json=sku)).raise_for_status()

    async def _post(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Any:
        response = await self._client.post(path, headers=headers, json=body)
        response.raise_for_status()
        return response.json()

    def _headers(self, role: str, subject: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {development_token(self._secret, role=role, subject=subject)}"}
