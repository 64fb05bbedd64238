"""Why a quote does not hold any more, as the error that its submit is answered with (R-SUB-3)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.quote import Quote
from ordersaga.domain.errors import CouponUnavailable, OfferExhausted, PointsUnavailable, QuoteChanged, Refused
from ordersaga.domain.pricing.promise import differences, promise
from ordersaga.domain.pricing.quote import Considered, Pricing
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import coupons, deductions

_EXHAUSTED = frozenset({"budget_exhausted", "usage_limit_reached", "account_limit_reached"})


async def refusal(connection: AsyncConnection, quote: Quote, pricing: Pricing, at: datetime) -> Refused | None:
    """Nothing while the promise holds. Otherwise what the quote rests on and is gone, or that prices changed.

    Either names every differing field as `changes`. Units that are not held at submit must be there at least.
    """
    changes = differences(quote.promised, promise(pricing.order))
    if not changes:
        return await deductions.shortage(connection, pricing.order)
    told = {(item.source, item.code): item for item in pricing.considered}
    lost = [(source, code) for source, code, _ in quote.rules if not _is_applied(told.get((source, code)))]
    gone = [code for source, code in lost if source == Source.COUPON]
    if faults := await _faults(connection, quote.buyer, gone, at):
        code, reason = next(iter(faults.items()))
        return CouponUnavailable(f"coupon {code} cannot be used", coupon_code=code, reason=reason, changes=changes)
    for key in lost:
        reason, most = (told[key].reason, told[key].at_most) if key in told else ("", None)
        if reason == "points_beyond_balance":
            wanted = quote.wishes.points
            return PointsUnavailable(
                f"there are no {wanted} points to spend", points=wanted, at_most=most, reason=reason, changes=changes
            )
        if reason in _EXHAUSTED:
            source, code = key
            return OfferExhausted(
                f"there is nothing left of {code}", source=source, offer_code=code, reason=reason, changes=changes
            )
    return QuoteChanged("prices have changed since the preview", changes=changes)


def _is_applied(item: Considered | None) -> bool:
    return item is not None and item.applied


async def _faults(connection: AsyncConnection, account: str, codes: list[str], at: datetime) -> Mapping[str, Any]:
    """The coupons that cannot be used any more, each with the reason; the others only do not fit the cart."""
    if not codes:
        return {}
    held = {coupon.coupon_code: coupon for coupon in await coupons.usable(connection, account, codes, at)}
    found = {code: held[code].fault(at) if code in held else "unknown_coupon" for code in codes}
    return {code: reason for code, reason in found.items() if reason}
