"""Orders of each type that buyers place, led through their lives by the public API as if days lay between its steps.

After each step all is at rest: the orders are where the step brings them, and no run has anything to do. So the same
steps cost the same, whatever the machine. Timers are not waited for: the engine's clock is turned.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from bench.bed import ADDRESS
from bench.market import MERCHANT, WAREHOUSE, Market
from cli.client import Caller, JsonObject
from cli.purchase import at_the_cashier, attempt, goods, submit
from cli.simulator.steps import WAY, OpenParcel, report
from ordersaga.domain.lifecycle.group_buy import GroupBuyState
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.lifecycle.presale import PresaleState
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.messages import group_workflow_id, order_workflow_id, parcel_workflow_id
from ordersaga.domain.policies import PRODUCTION

_MOMENT, _DAY = timedelta(seconds=1), timedelta(days=1)
_IN_STOCK = 100_000
_CODES = 500
_ORDERS = "SELECT bool_and(state = $2) /* bench */ FROM orders WHERE order_no = ANY($1)"
_PARCELS = "SELECT bool_and(state = $2) /* bench */ FROM parcels WHERE order_no = ANY($1)"
_OPEN = "SELECT parcel_no, order_no, warehouse_id, state /* bench */ FROM parcels WHERE order_no = ANY($1)"
_BRINGS = {ParcelState.HANDED_OVER: State.SHIPPED, ParcelState.DELIVERED: State.DELIVERED}
"""What is heard of a parcel → where its order comes to by that."""


@dataclass(slots=True, kw_only=True)
class Journey:
    """Standard orders of one line and one parcel. `buyers` are those of the orders that were placed last."""

    order_type: ClassVar[str] = "standard"
    party: ClassVar[int] = 1
    """So many orders need one another."""
    market: Market
    sku: str = field(default_factory=lambda: f"COUNTED-{secrets.token_hex(4)}")
    buyers: dict[str, Caller] = field(default_factory=dict)

    @property
    def numbers(self) -> list[str]:
        return list(self.buyers)

    async def runs(self) -> list[str]:
        """What Temporal may have of them: who tells stands before who is told."""
        parcels = [parcel_workflow_id(parcel.parcel_no) for parcel in await self._parcels()]
        return [*parcels, *map(order_workflow_id, self.numbers)]

    async def begin(self) -> None:
        """Offer the goods."""
        await self._shelve()

    async def place(self, orders: int) -> None:
        """Preview and submit."""
        self.buyers.clear()
        await self.market.together([self._place] * orders)
        await self._rest()

    async def pay(self) -> None:
        """Until the parcels wait for their warehouse."""
        await self._pay(self.numbers)
        await self._are_in(State.IN_PRODUCTION)

    async def complete(self) -> None:
        """Parcels to the door, receipt confirmed, the time for after-sales over."""
        api, secret = self.market.api, self.market.carrier_secret
        parcels = await self._parcels()
        for event in WAY:
            await self.market.together(partial(report, api, parcel, event, secret) for parcel in parcels)
            await self.market.until(_PARCELS, self.numbers, event)
            if event in _BRINGS:
                await self.market.until(_ORDERS, self.numbers, _BRINGS[event])
            await self._rest()
        await self._each(lambda number, buyer: buyer.post(f"/v1/orders/{number}/confirm-receipt", {}))
        await self._are_in(State.RECEIVED)
        await self._close()

    async def _close(self) -> None:
        await self._turn(timedelta(seconds=PRODUCTION.after_sales_seconds))
        await self._are_in(State.COMPLETED)

    def _cart(self) -> JsonObject:
        return {"items": goods((self.sku, 1)), "address": ADDRESS, "order_type": self.order_type}

    async def _place(self, **choice: str) -> JsonObject:
        buyer = self.market.api.buyer(f"counted-{secrets.token_hex(8)}")
        order = await submit(buyer, await buyer.post("/v1/quotes", self._cart() | choice))
        self.buyers[order["order_no"]] = buyer
        return order

    async def _pay(self, numbers: Iterable[str]) -> None:
        async def pay(number: str) -> None:
            buyer = self.buyers[number]
            await at_the_cashier(buyer, await attempt(buyer, number, "card"), "succeed")

        await self.market.together(partial(pay, number) for number in numbers)

    async def _each(self, does: Callable[[str, Caller], Awaitable[object]]) -> None:
        await self.market.together(partial(does, number, buyer) for number, buyer in self.buyers.items())

    async def _are_in(self, state: str, numbers: Sequence[str] = ()) -> None:
        await self.market.until(_ORDERS, numbers or self.numbers, state)
        await self._rest()

    async def _rest(self) -> None:
        await self.market.at_rest(await self.runs())

    async def _turn(self, time: timedelta) -> None:
        await self.market.turn([order_workflow_id(number) for number in self.numbers], time + _MOMENT)

    async def _parcels(self) -> list[OpenParcel]:
        rows = await self.market.pool.fetch(_OPEN, self.numbers)
        return [OpenParcel(**{**row, "state": ParcelState(row["state"])}) for row in rows]

    async def _shelve(self, **changes: Any) -> None:
        sku = {
            "name": self.sku,
            "price": {"amount": 10_000, "currency": "TWD"},
            "merchant_id": MERCHANT,
            "stock": {WAREHOUSE: _IN_STOCK},
        }
        await self.market.enters(f"skus/{self.sku}", sku | changes)

    async def _sell(self, **more: Any) -> None:
        """Shelve the goods, and sell them under a campaign."""
        await self._shelve()
        now = datetime.now(UTC)
        campaign = {
            "order_type": self.order_type,
            "name": "Counted",
            "sku": self.sku,
            "price": {"amount": 5_000, "currency": "TWD"},
            "starts_at": (now - _DAY).isoformat(),
            "ends_at": (now + _DAY).isoformat(),
        }
        await self.market.enters(f"campaigns/{self.sku}-SALE", campaign | more)


@dataclass(slots=True, kw_only=True)
class FlashSale(Journey):
    """Of a campaign without a limit."""

    order_type = "flash_sale"

    async def begin(self) -> None:
        await self._sell(stock={WAREHOUSE: _IN_STOCK // 2})


@dataclass(slots=True, kw_only=True)
class Presale(Journey):
    """Deposit and balance."""

    order_type = "presale"
    _opens_in: ClassVar[timedelta] = 10 * _DAY

    async def begin(self) -> None:
        opens_at = datetime.now(UTC) + self._opens_in
        terms = {
            "deposit": 1_000,
            "counts_as": 2_000,
            "balance_opens_at": opens_at.isoformat(),
            "balance_closes_at": (opens_at + 4 * _DAY).isoformat(),
            "missed_balance": "forfeit",
            "cancelled": "forfeit",
        }
        await self._sell(terms=terms)

    async def pay(self) -> None:
        await self._pay(self.numbers)
        await self._are_in(PresaleState.DEPOSIT_PAID)
        await self._turn(self._opens_in)
        await self._are_in(PresaleState.AWAITING_BALANCE)
        await Journey.pay(self)


@dataclass(slots=True, kw_only=True)
class GroupBuy(Journey):
    """Groups of two: one buyer opens and pays, another joins and pays. `groups` are codes by their openers' orders."""

    order_type = "group_buy"
    party = 2
    groups: dict[str, str] = field(default_factory=dict)

    async def runs(self) -> list[str]:
        return [*await Journey.runs(self), *map(group_workflow_id, self.groups.values())]

    async def begin(self) -> None:
        await self._sell(terms={"size": self.party, "seconds": 86_400})

    async def place(self, orders: int) -> None:
        self.buyers.clear()
        self.groups.clear()
        await self.market.together([self._open] * (orders // self.party))
        await self._rest()
        await self.market.together(partial(self._place, group_code=code) for code in self.groups.values())
        await self._rest()

    async def _open(self) -> None:
        order = await self._place()
        self.groups[order["order_no"]] = order["group"]["code"]

    async def pay(self) -> None:
        openers = list(self.groups)
        await self._pay(openers)
        await self._are_in(GroupBuyState.AWAITING_GROUP, openers)
        await self._pay(number for number in self.numbers if number not in self.groups)
        await self._are_in(State.IN_PRODUCTION)


@dataclass(slots=True, kw_only=True)
class Digital(Journey):
    """Codes, at which their buyers look."""

    order_type = "digital"

    async def begin(self) -> None:
        await self._shelve(order_type=self.order_type, stock={})
        codes = [secrets.token_hex(8) for _ in range(_CODES)]
        await self.market.api.operator("counts").post(f"/v1/admin/skus/{self.sku}/codes", {"codes": codes})

    def _cart(self) -> JsonObject:
        return {"items": goods((self.sku, 1))}

    async def pay(self) -> None:
        """Until the codes were delivered."""
        await self._pay(self.numbers)
        await self._are_in(State.RECEIVED)

    async def complete(self) -> None:
        """Looked at, and the time for after-sales over."""
        await self._each(lambda number, buyer: buyer.post(f"/v1/orders/{number}/lines/1/reveal", {}))
        await self._rest()
        await self._close()


JOURNEYS: Mapping[str, type[Journey]] = {
    journey.order_type: journey for journey in (Journey, FlashSale, Presale, Digital, GroupBuy)
}
"""By order type."""
