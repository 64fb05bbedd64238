"""One marketplace order placed through the public API as its customer, and seen through to its end."""

import asyncio
import time
from dataclasses import dataclass, field
from hashlib import blake2b

from cli.client import Api, Caller, JsonObject
from cli.marketplace.catalogue import sku_of
from cli.marketplace.orders import MarketplaceOrder
from cli.marketplace.outcome import ENDS, wrong_totals
from cli.purchase import at_the_cashier, attempt, goods, preview, submit


class AmountsDiffer(Exception):
    """A quote is not what the data says; the order is not placed."""


class Stalled(Exception):
    """Nothing at all has moved for too long; the message says where the order stands."""


@dataclass(slots=True)
class Pace:
    """How long orders take from placing to their end, learnt on the way so that few questions are asked in vain.

    `patience` is how many seconds may pass without any order getting on; between two looks at one order lie at least
    `shortest` and at most five times as many.
    """

    patience: float
    shortest: float = 1.0
    usual: float | None = None
    last_news: float = field(default_factory=time.monotonic)

    def news(self) -> None:
        self.last_news = time.monotonic()

    def ended(self, seconds: float) -> None:
        self.usual = seconds if self.usual is None else 0.8 * self.usual + 0.2 * seconds

    @property
    def exhausted(self) -> bool:
        return time.monotonic() - self.last_news > self.patience


async def place(api: Api, order: MarketplaceOrder, run: str) -> str:
    """Preview, submit, and pay or cancel. Gives the order number.

    Raises `AmountsDiffer`, `ApiProblem`, `ApiUnreachable`.
    """
    buyer = api.buyer(order.customer_id)
    key = idempotency_key(order, run)
    items = goods(*((sku_of(item), quantity) for item, quantity in order.quantities().items()))
    quote = await preview(buyer, items, address_of(order))
    differing = wrong_totals(order, quote)
    if differing:
        raise AmountsDiffer("quoted: " + "; ".join(differing))
    placed = await submit(buyer, quote, key=key)
    order_no = str(placed["order_no"])
    if order.cancelled:
        await buyer.post(f"/v1/orders/{order_no}/cancel", {}, key=key)
    else:
        payment = await attempt(buyer, order_no, "card", key=key)
        await at_the_cashier(buyer, payment, "succeed")
    return order_no


async def until_its_end(buyer: Caller, order_no: str, pace: Pace) -> JsonObject:
    """Wait until the order is completed or cancelled. Raises `Stalled` when nothing moves any more."""
    since, pause, seen = time.monotonic(), pace.usual or 2 * pace.shortest, ""
    while True:
        await asyncio.sleep(pause)
        shown = await buyer.get(f"/v1/orders/{order_no}")
        if shown["status"] in ENDS:
            pace.news()
            pace.ended(time.monotonic() - since)
            return shown
        standing = repr((shown["status"], [parcel["state"] for parcel in shown["parcels"]]))
        if standing != seen:
            seen, pause = standing, pace.shortest
            pace.news()
        elif pace.exhausted:
            raise Stalled(f"still {shown['status']} after {pace.patience:.0f} s in which no order got on")
        pause = min(pause * 1.5, 5 * pace.shortest)


def idempotency_key(order: MarketplaceOrder, run: str) -> str:
    return f"replay-{run}-{blake2b(order.order_id.encode(), digest_size=12).hexdigest()}"


def address_of(order: MarketplaceOrder) -> JsonObject:
    """The files know the customer's city and state; the rest is invented."""
    return {
        "name": f"Customer {order.customer_id[:8]}",
        "phone": "+55 11 5550-0100",
        "line1": "Rua do Comercio 1",
        "city": order.city,
        "region": order.state,
        "postal_code": "00000-000",
        "country": "BR",
    }
