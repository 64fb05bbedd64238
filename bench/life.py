"""Orders led through their lives by the public API, each step awaited as if days lay between them."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench.counters import connect
from bench.orders import ADDRESS
from cli.client import Api, Caller
from cli.purchase import at_the_cashier, attempt, goods, preview, submit
from cli.simulator.steps import WAY, OpenParcel, report
from devstack.stack import Stack
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.lifecycle.states import State as OrderState

_PATIENCE = 60.0
_SKU = "BENCH-1"
_STATES = "SELECT state /* bench */ FROM orders WHERE order_no = $1"
_PARCELS = "SELECT parcel_no, order_no, warehouse_id, state /* bench */ FROM parcels WHERE order_no = $1"


@dataclass(slots=True)
class Life:
    """`numbers` are the orders of the last `until_paid`."""

    api: Api
    pool: Any
    concurrency: int
    carrier_secret: str
    _orders: dict[str, Caller] = field(default_factory=dict)

    @property
    def numbers(self) -> list[str]:
        return list(self._orders)

    async def whole(self, orders: int) -> None:
        await self.until_paid(orders)
        await self.until_completed()

    async def until_paid(self, orders: int) -> None:
        """Preview, submit, pay; done when every order's parcels wait for their warehouse."""
        self._orders.clear()
        await self._together(self._buy() for _ in range(orders))

    async def until_completed(self) -> None:
        """Parcels to the door, receipt confirmed, window closed."""
        await self._together(self._complete(number, buyer) for number, buyer in self._orders.items())

    async def _together(self, work: Iterable[Awaitable[None]]) -> None:
        gate = asyncio.Semaphore(self.concurrency)

        async def gated(one: Awaitable[None]) -> None:
            async with gate:
                await one

        await asyncio.gather(*(gated(one) for one in work))

    async def _buy(self) -> None:
        buyer = self.api.buyer(f"bench-{secrets.token_hex(8)}")
        order = await submit(buyer, await preview(buyer, goods((_SKU, 1)), ADDRESS))
        number = order["order_no"]
        await at_the_cashier(buyer, await attempt(buyer, number, "card"), "succeed")
        await self._until(_PARCELS, number, bool)
        self._orders[number] = buyer

    async def _complete(self, number: str, buyer: Caller) -> None:
        for parcel in await self.pool.fetch(_PARCELS, number):
            for event in WAY:
                moved = OpenParcel(**{**parcel, "state": ParcelState(parcel["state"])})
                await report(self.api, moved, event, self.carrier_secret)
                await self._until(_PARCELS, number, partial(_all_in, event))
        await self._until(_STATES, number, partial(_all_in, OrderState.DELIVERED))
        await buyer.post(f"/v1/orders/{number}/confirm-receipt", {})
        await self._until(_STATES, number, partial(_all_in, OrderState.COMPLETED))

    async def _until(self, query: str, number: str, held: Callable[[Any], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not held(rows := await self.pool.fetch(query, number)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{number}: {rows}")
            await asyncio.sleep(0.05)


def _all_in(state: str, rows: list[Any]) -> bool:
    return all(row["state"] == state for row in rows)


@asynccontextmanager
async def living(stack: Stack, concurrency: int) -> AsyncIterator[Life]:
    sku = {
        "name": "Bench",
        "price": {"amount": 100, "currency": "TWD"},
        "merchant_id": "ordersaga",
        "stock": {"tpe-1": 10_000_000},
    }
    decided = stack.environment
    pool = await connect(stack.addresses.database, size=concurrency)
    try:
        async with Api(stack.addresses.api, secret=decided["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]) as api:
            await api.operator("bench").put(f"/v1/admin/skus/{_SKU}", sku)
            yield Life(api, pool, concurrency, decided["ORDERSAGA_SANDBOX__CARRIER_SECRET"])
    finally:
        await pool.close()
