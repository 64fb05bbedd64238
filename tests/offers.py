"""Plain offers, coupons and occasions for tests: each names only what it is about."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ordersaga.domain.catalogue import Merchant, Sku
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.coupons import Coupon, CouponState
from ordersaga.domain.pricing.effects import Effect
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import CartItem, Considered, PricedLine, Pricing
from ordersaga.domain.pricing.scope import EVERYTHING, Scope
from ordersaga.domain.pricing.source import Source
from tests.goods import seller, tariff

NOW = datetime(2026, 11, 11, 11, 11, tzinfo=UTC)
GOLD = "gold"
NO_FEE = tariff(0)


def only(*skus: str) -> Scope:
    """A scope of just these SKUs."""
    return Scope(skus=frozenset(skus))


def promotion(code: str, effect: Effect, **terms: Any) -> Offer:
    """A promotion on everything, in TWD cents unless `terms` say otherwise."""
    return Offer(
        **{
            "code": code,
            "source": Source.PROMOTION,
            "name": f"Promotion {code}",
            "effect": effect,
            "scope": EVERYTHING,
            "currency": "TWD",
            **terms,
        }
    )


def benefit(code: str, effect: Effect, **terms: Any) -> Offer:
    """What members of the tier `gold` have."""
    return promotion(
        code, effect, **{"source": Source.MEMBER_BENEFIT, "name": f"Benefit {code}", "member_tiers": {GOLD}, **terms}
    )


def coupon(code: str, effect: Effect, *, state: CouponState = CouponState.AVAILABLE, **terms: Any) -> Coupon:
    """One coupon of its own template `<code>-TEMPLATE`, valid since yesterday and for ever."""
    terms = {"source": Source.COUPON, "name": f"Coupon {code}", "template": f"{code}-TEMPLATE", **terms}
    offer = promotion(code, effect, **terms)
    return Coupon(
        coupon_code=code,
        template=str(offer.template),
        account="ann",
        state=state,
        valid_from=NOW - timedelta(days=1),
        valid_until=None,
        offer=offer,
    )


def occasion(*offers: Offer | RunningOffer | Coupon, **facts: Any) -> Occasion:
    """Now, for a buyer whose coupons are those among `offers`."""
    running = [RunningOffer(offer=offer) if isinstance(offer, Offer) else offer for offer in offers]
    return Occasion(
        at=NOW,
        offers=tuple(offer for offer in running if isinstance(offer, RunningOffer)),
        coupons=tuple(offer for offer in running if isinstance(offer, Coupon)),
        **facts,
    )


def price(
    items: Sequence[CartItem],
    skus: Sequence[Sku],
    *offers: Offer | RunningOffer | Coupon,
    sellers: Sequence[Merchant] = (),
    shipping_option: str | None = None,
    **facts: Any,
) -> Pricing:
    """The cart priced by a catalogue of just these SKUs and sellers, and with just these offers."""
    known = {merchant.merchant_id: merchant for merchant in sellers or (seller(shipping={"standard": NO_FEE}),)}
    return price_cart(
        items,
        {sku.sku: sku for sku in skus},
        known,
        shipping_option=shipping_option,
        occasion=occasion(*offers, **facts),
    )


def considered(pricing: Pricing, code: str) -> Considered:
    """What was found of the offer of this code."""
    (found,) = (each for each in pricing.considered if each.code == code)
    return found


def applied(pricing: Pricing) -> dict[str, int]:
    """What each offer that was applied takes off."""
    return {each.code: each.amount for each in pricing.considered if each.applied}


def line_of(pricing: Pricing, sku: str) -> PricedLine:
    """The line of what the buyer asked for of this SKU."""
    (found,) = (line for line in pricing.order.lines if line.sku == sku and not line.gift)
    return found
