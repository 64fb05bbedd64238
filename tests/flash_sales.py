"""A flash sale of a test's own: goods, a campaign with its stock, a limit, and a crowd."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from tests.shop import TAIPEI, Document, Person, Shop, items, twd, until

LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class FlashSale:
    """`units` are set aside for the campaign; the general shelf has others of the same SKU."""

    shop: Shop
    sku: str
    code: str
    units: int

    @classmethod
    async def opens(cls, shop: Shop, units: int, *, limit: int | None = None, **changes: Any) -> Self:
        sku = await shop.shelves(on_hand=units + 10)
        sale = cls(shop, sku, f"{sku}-sale", units)
        await sale.is_entered(**changes)
        if limit is not None:
            goods = {"campaigns": [sale.code]}
            await shop.operator.put(f"/v1/admin/limits/{sale.code}", {"goods": goods, "quantity": limit})
            await sale.is_entered(**changes)  # so that the gate hears of the limit at once
        return sale

    async def is_entered(self, begins: timedelta = -timedelta(minutes=1), **changes: Any) -> None:
        begin = datetime.now(UTC) + begins
        campaign = {
            "order_type": "flash_sale",
            "name": "Lamps at noon",
            "sku": self.sku,
            "price": twd(5_000),
            "starts_at": begin.isoformat(),
            "ends_at": (begin + timedelta(hours=1)).isoformat(),
            "stock": {self.shop.warehouse_id(): self.units},
        }
        await self.shop.operator.put(f"/v1/admin/campaigns/{self.code}", campaign | changes)

    def body(self, quantity: int = 1, **changes: Any) -> Document:
        wanted = {"items": items((self.sku, quantity)), "address": TAIPEI, "order_type": "flash_sale"}
        return {name: value for name, value in (wanted | changes).items() if value is not None}

    async def asks(self, buyer: Person, quantity: int = 1, **changes: Any) -> httpx.Response:
        """Preview."""
        return await buyer.ask("POST", "/v1/quotes", self.body(quantity, **changes))

    async def asks_patiently(self, buyer: Person) -> httpx.Response:
        """Preview, coming back when asked to, or when the connection broke."""
        return await patiently(buyer, "POST", "/v1/quotes", self.body())

    async def previews(self, buyer: Person, quantity: int = 1) -> Document:
        return await buyer.post("/v1/quotes", self.body(quantity))

    async def places(self, buyer: Person, quantity: int = 1) -> str:
        return str((await self.shop.submits(buyer, await self.previews(buyer, quantity)))["order_no"])

    async def buys(self, buyer: Person, clicks: int = 1, quote: Document | None = None) -> list[httpx.Response]:
        """Preview, if need be, and submit, with several clicks at once; come back when asked to."""
        if quote is None:
            answer = await self.asks_patiently(buyer)
            if not answer.is_success:
                return [answer]
            quote = dict(answer.json())
        body = {"quote_token": quote["quote_token"]}
        return await asyncio.gather(*(patiently(buyer, "POST", "/v1/orders", body) for _ in range(clicks)))

    async def sold(self) -> int:
        """Units of the campaign that orders hold."""
        found = (await patiently(self.shop.operator, "GET", f"/v1/admin/stock/{self.sku}")).json()
        assert found["adds_up"], found
        return sum(item["reserved"] for item in found["warehouses"])

    async def orders_of(self, buyers: Iterable[Person]) -> list[list[str]]:
        """The flash sale orders of each buyer, as an operator lists those of everybody."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        rest: str | None = ""
        while rest is not None:
            path = f"/v1/orders?order_type=flash_sale&limit=200{rest}"
            page = (await patiently(self.shop.operator, "GET", path)).json()
            for order in page["items"]:
                found[order["buyer"]].append(order["order_no"])
            rest = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return [found[buyer.subject] for buyer in buyers]


async def patiently(caller: Person, method: str, path: str, body: Document | None = None) -> httpx.Response:
    """Ask until there is an answer that does not ask to come back."""

    async def ask() -> httpx.Response | None:
        try:
            answer = await caller.ask(method, path, body)
        except httpx.TransportError:
            return None
        assert answer.status_code != 500, answer.text
        return None if answer.status_code == 503 or "retry-after" in answer.headers else answer

    found = await until(ask, lambda answer: answer is not None, LONGEST)
    assert found is not None
    return found


def outcomes(answers: Iterable[httpx.Response]) -> list[str]:
    """`quoted`, `placed`, or the code of the refusal."""
    successes = {200: "quoted", 201: "placed"}
    return [successes.get(answer.status_code) or str(answer.json()["code"]) for answer in answers]
