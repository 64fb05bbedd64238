"""Offers for a test's own goods: all tests share one shop, so each rule names just the SKUs that it is about."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from tests.shop import Document, Person, Shop

SEK = "SEK"
"""The currency of tests with points: there is one policy for each, and nobody else has this one."""
POINTS_POLICY = {
    "points": 10,
    "amount": {"amount": 100, "currency": SEK},
    "share_basis_points": 5000,
    "minimum": 50,
}


def off(amount: int, currency: str = "TWD") -> Document:
    return {"kind": "amount_off", "amount": {"amount": amount, "currency": currency}}


def sek(amount: int) -> Document:
    return {"amount": amount, "currency": SEK}


def percent(basis_points: int) -> Document:
    return {"kind": "percentage", "basis_points": basis_points}


@dataclass(slots=True)
class Marketing:
    """What an operator of the shop enters. Codes begin with the shop's mark."""

    shop: Shop
    _documents: Any = field(default_factory=lambda: count(1))

    def code(self, name: str) -> str:
        return f"{self.shop.mark}-{name}"

    async def promotes(self, name: str, effect: Document, *skus: str, **terms: Any) -> str:
        """Begin a promotion, or change it. Gives its code."""
        body = {"name": f"Promotion {name}", "effect": effect, "scope": {"skus": list(skus)}} | terms
        await self.shop.operator.put(f"/v1/admin/promotions/{self.code(name)}", body)
        return self.code(name)

    async def grants(self, name: str, effect: Document, *skus: str, to: Person, **terms: Any) -> str:
        """Give somebody a coupon of a template of this name. Gives the coupon's code."""
        body = {"name": f"Coupon {name}", "effect": effect, "scope": {"skus": list(skus)}} | terms
        path = f"/v1/admin/coupons/{self.code(name)}"
        await self.shop.operator.put(path, body)
        (granted,) = (await self.shop.operator.post(f"{path}/grants", {"accounts": [to.subject]}))["coupons"]
        return str(granted["coupon_code"])

    async def shelves_for_points(self, price: int, fee: int = 0, **changes: Any) -> str:
        """A new SKU that is sold in a currency in which points are worth something; `fee` is for each unit."""
        await self.shop.operator.put(f"/v1/admin/policies/points/{SEK}", POINTS_POLICY)
        return await self.shop.shelves(price=price, currency=SEK, shipping_fee=sek(fee), **changes)

    async def gives_points(self, to: Person, points: int) -> None:
        body = {"points": points, "document": f"{self.shop.mark}/{next(self._documents)}"}
        await self.shop.operator.post(f"/v1/admin/members/{to.subject}/points", body)

    async def points_of(self, person: Person) -> tuple[int, int]:
        """Balance and locked, having seen that the ledger adds up to both."""
        points = (await self.shop.operator.get(f"/v1/admin/members/{person.subject}"))["points"]
        assert points["adds_up"], points
        return points["balance"], points["locked"]

    async def coupon_states(self, person: Person) -> dict[str, str]:
        return {item["coupon_code"]: item["state"] for item in (await person.get("/v1/coupons"))["items"]}


def offers_of(quote: Document) -> dict[str, Document]:
    """What a quote says of each offer that it considered, by its code."""
    return {offer["code"]: offer for offer in quote["offers"]}


def applied(quote: Document) -> dict[str, int]:
    """What each applied offer takes off, in cents."""
    return {offer["code"]: offer["amount"]["amount"] for offer in quote["offers"] if offer["applied"]}


def fields_of(problem: Document) -> set[str]:
    return {change["field"] for change in problem["changes"]}


async def move_to_the_past(shop: Shop, coupon: str) -> None:
    """As if a coupon's time had passed: nobody has to grant or claim one in its last second."""
    connection = await asyncpg.connect(shop.stack.addresses.database, timeout=10)
    earlier = "valid_from = valid_from - interval '2 hours', valid_until = valid_until - interval '2 hours'"
    try:
        change = f"UPDATE coupons SET {earlier} WHERE coupon_code = $1"  # noqa: S608
        await connection.execute(change, coupon, timeout=10)
    finally:
        await connection.close(timeout=10)
