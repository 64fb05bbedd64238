"""What a cart is priced by, beside the goods: when, for whom, with which wishes, and every offer that runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ordersaga.domain.catalogue import Sku
from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.points import PointsPolicy

WEB = "web"
"""The channel of a buyer who names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningOffer:
    """An offer with what has been spent of its budget and used of its limits, by all and in this account's period."""

    offer: Offer
    spent: int = 0
    used: int = 0
    used_by_account: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the buyer chose. `coupon_codes` of `None` leave the choice to the shop; `()` wants none.

    `promotion_codes` are preferred over whatever excludes them, in this order, after the coupons. `points` are to be
    spent.
    """

    coupon_codes: tuple[str, ...] | None = None
    promotion_codes: tuple[str, ...] = ()
    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """`coupons` are those of the buyer's account, `gifts` the SKUs that offers give, `gift_stock` what is free of them.

    A gift's SKU that is not in `gifts`, or of which too little is free, is not given.
    """

    at: datetime
    channel: str = WEB
    member_tier: str | None = None
    offers: tuple[RunningOffer, ...] = ()
    coupons: tuple[Coupon, ...] = ()
    points_policy: PointsPolicy | None = None
    points_balance: int = 0
    gifts: Mapping[str, Sku] = field(default_factory=dict)
    gift_stock: Mapping[str, int] = field(default_factory=dict)
    wishes: Wishes = field(default_factory=Wishes)


PLAIN = Occasion(at=datetime.min.replace(tzinfo=UTC))
"""No offers at all."""
