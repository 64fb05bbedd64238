"""An order on which many claims can be made: one of its parcels has arrived, the other has not left and never will."""

from dataclasses import dataclass

from tests.shop import TAIPEI, WAY_OF_A_PARCEL, Document, Shop, until

COUNT = 60


@dataclass(frozen=True, slots=True)
class ManyUnits:
    """Line 1 has arrived, line 2 is in its warehouse; nobody waits for the window, for it is not open before both are
    there.
    """

    shop: Shop
    order_no: str
    sold_out: str

    @classmethod
    async def ordered(cls, shop: Shop) -> "ManyUnits":
        goods = [await shop.shelves(weight_g=1, transport_class=kind) for kind in ("ordinary", "cold_chain")]
        address = TAIPEI | {"name": "Philippa Fuzzington"}
        order = await shop.produces(shop.buyer(), (goods[0], COUNT), (goods[1], COUNT), address=address)
        (parcel,) = (found for found in order["parcels"] if found["lines"][0]["line_no"] == 1)
        await shop.reports(parcel, *WAY_OF_A_PARCEL)
        many = cls(shop, order["order_no"], await shop.shelves(on_hand=0, weight_g=1))
        await until(many._order, lambda seen: "delivered" in {parcel["state"] for parcel in seen["parcels"]})
        await shop.until(many.order_no, "partly_shipped")
        return many

    async def is_left(self) -> bool:
        body = {"kind": "return"}
        seen = await self.shop.buyer().post(f"/v1/orders/{self.order_no}/after-sales/preview", body)
        arrived, kept = seen["claimable"]
        return bool(arrived["return"] and kept["cancellation"])

    async def claimed(self, kind: str, **more: str) -> str:
        body = {"kind": kind, "lines": [{"line_no": 1, "quantity": 1, **more}], "reason": "defective"}
        return str((await self.shop.buyer().post(f"/v1/orders/{self.order_no}/after-sales", body))["case_no"])

    async def approved(self, kind: str = "return", **more: str) -> str:
        return await self._decided(await self.claimed(kind, **more), "approve")

    async def rejected(self) -> str:
        return await self._decided(await self.claimed("refund"), "reject")

    async def short(self) -> str:
        """An exchange for what is sold out."""
        return await self.approved("exchange", replacement_sku=self.sold_out)

    async def returning(self) -> str:
        case_no = await self.approved()
        shipment = {"carrier": "post", "tracking_no": "RR123456789TW"}
        await self.shop.buyer().post(f"/v1/after-sales/{case_no}/return-shipment", shipment)
        return case_no

    async def stopping(self) -> str:
        """A cancellation of what its warehouse has picked."""
        for parcel in (await self._order())["parcels"]:
            if parcel["state"] == "created":
                await self.shop.reports(parcel, "picked")
        await until(self._order, lambda seen: "created" not in {parcel["state"] for parcel in seen["parcels"]})
        body = {"lines": [{"line_no": 2, "quantity": 1}]}
        order = await self.shop.buyer().post(f"/v1/orders/{self.order_no}/cancel", body)
        return str(order["after_sales"][-1]["case_no"])

    async def _decided(self, case_no: str, decision: str) -> str:
        body = {"decision": decision, "note": "looked at it"}
        await self.shop.merchant().post(f"/v1/after-sales/{case_no}/decision", body)
        return case_no

    async def _order(self) -> Document:
        return await self.shop.operator.order(self.order_no)
