"""What a buyer does, as calls of the public API: preview, submit, pay."""

from collections.abc import Sequence
from typing import Any

from cli.client import Caller, JsonObject
from ordersaga.domain.money import Money


def money_of(document: JsonObject) -> Money:
    return Money(document["amount"], document["currency"])


def goods(*items: tuple[str, int]) -> list[JsonObject]:
    """`("TEA", 2)` … in the form of a quote's items."""
    return [{"sku": sku, "quantity": quantity} for sku, quantity in items]


async def preview(buyer: Caller, items: Sequence[JsonObject], address: JsonObject, **choice: Any) -> JsonObject:
    """`choice` is what else the buyer says: `coupon_codes`, `points` …"""
    return await buyer.post("/v1/quotes", {"items": list(items), "address": address, **choice})


async def submit(buyer: Caller, quote: JsonObject, *, key: str | None = None) -> JsonObject:
    return await buyer.post("/v1/orders", {"quote_token": quote["quote_token"]}, key=key)


async def attempt(buyer: Caller, order_no: str, channel: str, *, key: str | None = None) -> JsonObject:
    """Ask for a payment attempt; the answer has `payment_id` and `cashier_url`."""
    return await buyer.post(f"/v1/orders/{order_no}/payments", {"channel": channel}, key=key)


async def at_the_cashier(buyer: Caller, payment: JsonObject, outcome: str) -> JsonObject:
    """Do on the sandbox cashier's page what `outcome` says: `succeed`, `fail` or `close`."""
    return await buyer.api.nobody().post(f"{payment['cashier_url']}/simulate", {"outcome": outcome})
