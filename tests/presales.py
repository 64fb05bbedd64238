"""Plain presale campaigns for tests: each names only what it is about."""

from datetime import datetime, timedelta
from typing import Any

from ordersaga.domain.campaigns import Campaign, Sale
from ordersaga.domain.catalogue import Sku
from ordersaga.domain.presale import FORFEIT, PresaleTerms
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import CartItem, Pricing
from tests.goods import goods, seller, twd
from tests.offers import NO_FEE, NOW, occasion

DAY = timedelta(days=1)


def terms(**changes: Any) -> PresaleTerms:
    """10.00 that count as 20.00; the balance from the tenth to the fourteenth day; what is missed is forfeited."""
    return PresaleTerms(
        **{
            "deposit": 1_000,
            "counts_as": 2_000,
            "balance_opens_at": NOW + 10 * DAY,
            "balance_closes_at": NOW + 14 * DAY,
            "missed_balance": FORFEIT,
            "cancelled": FORFEIT,
            **changes,
        }
    )


def presale(
    sku: str = "LAMP", price: int = 10_000, *, at: datetime = NOW, ends_at: datetime | None = None, **changes: Any
) -> Campaign:
    """A campaign that began yesterday and goes on for a week; `changes` are of its terms."""
    return Campaign(
        code="LAMP-PRESALE",
        order_type="presale",
        name="Lamps before anybody has them",
        sku=sku,
        price=twd(price),
        starts_at=at - DAY,
        ends_at=ends_at or at + 7 * DAY,
        terms=terms(**changes),
    )


def ordered(
    quantity: int, *offers: Offer | Coupon, campaign: Campaign | None = None, sku: Sku | None = None, **facts: Any
) -> Pricing:
    """So many lamps of a presale, delivered for nothing unless `facts` say otherwise."""
    fee = facts.pop("fee", NO_FEE)
    lamp = sku or goods("LAMP", 12_000)
    return price_cart(
        [CartItem(lamp.sku, quantity)],
        {lamp.sku: lamp},
        {lamp.merchant_id: seller(lamp.merchant_id, shipping={"standard": fee})},
        occasion=occasion(*offers, **facts),
        sale=Sale(campaign=campaign or presale(lamp.sku)),
    )
