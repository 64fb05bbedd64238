"""What an order holds while it is priced again: for its own price it is there, for everybody else's it is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ordersaga.domain.pricing.coupons import Coupon, CouponState
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer


@dataclass(frozen=True, slots=True)
class HeldShare:
    """What an order took of a budget, in minor units, and the period in which its account's use counts."""

    amount: int
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`units` are SKU → what is held of it; `offers` are promotions and member benefits by code."""

    coupons: frozenset[str] = frozenset()
    points: int = 0
    offers: Mapping[str, HeldShare] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)

    def freed(self, occasion: Occasion) -> Occasion:
        """The occasion as if the order had not been placed. A coupon that it holds does not expire under it (S6)."""
        return replace(
            occasion,
            offers=tuple(self._without_its_share(running, occasion) for running in occasion.offers),
            coupons=tuple(self._usable(coupon) for coupon in occasion.coupons),
            points_balance=occasion.points_balance + self.points,
            gift_stock={sku: free + self.units.get(sku, 0) for sku, free in occasion.gift_stock.items()},
        )

    def _without_its_share(self, running: RunningOffer, occasion: Occasion) -> RunningOffer:
        share = self.offers.get(running.offer.code)
        if share is None:
            return running
        counts = share.period == running.offer.usage_period.key(occasion.at)
        return replace(
            running,
            spent=running.spent - share.amount,
            used=running.used - 1,
            used_by_account=running.used_by_account - (1 if counts else 0),
        )

    def _usable(self, coupon: Coupon) -> Coupon:
        if coupon.coupon_code not in self.coupons:
            return coupon
        return replace(coupon, state=CouponState.AVAILABLE, valid_until=None)
