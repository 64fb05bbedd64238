"""Where a discount comes from, when it is applied, and who bears it."""

from enum import StrEnum


class Source(StrEnum):
    """`PRESALE` is what a presale's deposit counts for beyond itself: a part of its campaign's price."""

    PRESALE = "presale"
    PROMOTION = "promotion"
    MEMBER_BENEFIT = "member_benefit"
    COUPON = "coupon"
    POINTS = "points"


class Stage(StrEnum):
    """The order of application. Each stage's base is what the stages before it have left of a line (M6).

    Shipping offers are measured on what is left before coupons.
    """

    GOODS = "goods"
    ORDER = "order"
    MEMBER = "member"
    COUPON = "coupon"
    POINTS = "points"
    SHIPPING = "shipping"


class Bearer(StrEnum):
    """Who pays for a discount in settlement: the platform, or the merchant of each line."""

    PLATFORM = "platform"
    MERCHANT = "merchant"
