"""Standard orders led through their lives by the public API, all side by side, as if days lay between their messages.

All are sent one message; then one query waits until every one of them has done what came of it.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench.bed import ADDRESS, SKU, sell
from bench.client import wired_api
from bench.counters import connect
from bench.load import Call, burst
from cli.client import Api, Caller
from cli.purchase import at_the_cashier, attempt, goods, preview, submit
from cli.simulator.steps import WAY, OpenParcel, report
from devstack.stack import Stack
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.lifecycle.states import State

_PATIENCE = 60.0
_PAUSE = 0.02
_ORDERS_IN = "SELECT bool_and(state = $2) /* bench */ FROM orders WHERE order_no = ANY($1)"
_PARCELS_IN = "SELECT bool_and(state = $2) /* bench */ FROM parcels WHERE order_no = ANY($1)"
_PARCELS_OF = "SELECT parcel_no, order_no, warehouse_id, state /* bench */ FROM parcels WHERE order_no = ANY($1)"
_PUBLISHED = "SELECT NOT EXISTS (SELECT FROM events WHERE position IS NULL) /* bench */"
_BRINGS = {ParcelState.HANDED_OVER: State.SHIPPED, ParcelState.DELIVERED: State.DELIVERED}
"""What is heard of a parcel → where its order comes to by that."""


@dataclass(slots=True)
class Lives:
    """`numbers` are the orders of the last `until_paid`; `concurrency` is how many calls are under way at a time."""

    api: Api
    pool: Any
    concurrency: int
    carrier_secret: str
    _buyers: dict[str, Caller] = field(default_factory=dict)

    @property
    def buyers(self) -> Mapping[str, Caller]:
        """Whose they are."""
        return self._buyers

    @property
    def numbers(self) -> list[str]:
        return list(self._buyers)

    async def whole(self, orders: int) -> None:
        await self.until_paid(orders)
        await self.until_completed()

    async def until_paid(self, orders: int) -> None:
        """Preview, submit, pay; done when every order's parcels wait for their warehouse."""
        self._buyers.clear()
        await self._together([self._buy] * orders)
        await self._are_in(State.IN_PRODUCTION)

    async def until_completed(self) -> None:
        """Parcels to the door, receipt confirmed, window closed."""
        parcels = await self.parcels()
        for event in WAY:
            await self._together([partial(report, self.api, parcel, event, self.carrier_secret) for parcel in parcels])
            await self._until(_PARCELS_IN, self.numbers, event)
            if event in _BRINGS:
                await self._are_in(_BRINGS[event])
        await self._together([partial(self._confirm, number) for number in self.numbers])
        await self._are_in(State.COMPLETED)

    async def parcels(self) -> list[OpenParcel]:
        """Of all orders, in no order."""
        rows = await self.pool.fetch(_PARCELS_OF, self.numbers)
        return [OpenParcel(**{**row, "state": ParcelState(row["state"])}) for row in rows]

    async def _buy(self) -> None:
        buyer = self.api.buyer(f"bench-{secrets.token_hex(8)}")
        order = await submit(buyer, await preview(buyer, goods((SKU, 1)), ADDRESS))
        number = order["order_no"]
        await at_the_cashier(buyer, await attempt(buyer, number, "card"), "succeed")
        self._buyers[number] = buyer

    async def _confirm(self, number: str) -> None:
        await self._buyers[number].post(f"/v1/orders/{number}/confirm-receipt", {})

    async def _together(self, calls: list[Call]) -> None:
        await burst(calls, self.concurrency)

    async def _are_in(self, state: State) -> None:
        """Wait until every order is in `state`, and its events are published."""
        await self._until(_ORDERS_IN, self.numbers, state)
        await self._until(_PUBLISHED)

    async def _until(self, question: str, *about: object) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not await self.pool.fetchval(question, *about):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{question}: {about[1:]}")
            await asyncio.sleep(_PAUSE)


@asynccontextmanager
async def living(stack: Stack, concurrency: int) -> AsyncIterator[Lives]:
    """Goods to sell, and who buys, packs and carries them. No call is repeated: trouble is not hidden."""
    decided = stack.environment
    pool = await connect(stack.addresses.database)
    try:
        secret = decided["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]
        async with wired_api(stack.addresses.api, secret=secret) as api:
            await sell(api, SKU)
            yield Lives(api, pool, concurrency, decided["ORDERSAGA_SANDBOX__CARRIER_SECRET"])
    finally:
        await pool.close()
