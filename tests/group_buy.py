"""A campaign that sells to groups, for tests that call the API."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.shop import TAIPEI, Document, Person, Shop, items, twd

PRICE = 7_500
"""Of one unit, for members."""


@dataclass(frozen=True, slots=True)
class GroupBuy:
    """A campaign of this test's own."""

    shop: Shop
    code: str
    sku: str

    @classmethod
    async def opens(cls, shop: Shop, *, size: int = 3, seconds: int = 60) -> "GroupBuy":
        sku = await shop.shelves()
        buy = cls(shop, f"{sku}-together", sku)
        terms = {"size": size, "seconds": seconds}
        await shop.operator.put(f"/v1/admin/campaigns/{buy.code}", buy.campaign() | {"terms": terms})
        return buy

    def campaign(self) -> Document:
        """As it is entered, but for its terms."""
        now = datetime.now(UTC)
        return {
            "order_type": "group_buy",
            "name": "Together",
            "sku": self.sku,
            "price": twd(PRICE),
            "starts_at": (now - timedelta(hours=1)).isoformat(),
            "ends_at": (now + timedelta(hours=1)).isoformat(),
        }

    def cart(self, group: str | None = None, quantity: int = 1) -> Document:
        """What a preview is asked for by who joins a group, or opens one."""
        choice = {"group_code": group} if group else {}
        return {"items": items((self.sku, quantity)), "address": TAIPEI, "order_type": "group_buy", **choice}

    async def quotes(self, buyer: Person, group: str | None = None, quantity: int = 1) -> Document:
        return await buyer.post("/v1/quotes", self.cart(group, quantity))

    async def joins(self, buyer: Person, group: str | None = None, quantity: int = 1) -> Document:
        """The order of a buyer who joins a group, or opens one."""
        return await self.shop.submits(buyer, await self.quotes(buyer, group, quantity))

    async def group(self, code: str) -> Document:
        return await self.shop.nobody().get(f"/v1/groups/{code}")

    async def pays(self, buyer: Person, order: Document) -> Document:
        payment = await self.shop.pays(buyer, order["order_no"])
        await self.shop.until(order["order_no"], "awaiting_group", "paid", "in_production")
        return payment
