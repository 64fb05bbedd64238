"""Coupons: a template with its terms, and the grants that accounts hold (R-PRC-1, S6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.effects import AmountOff, FreeShipping, PercentageOff, Tiers
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.restoration import Restorations
from ordersaga.domain.pricing.source import Source


class CouponState(StrEnum):
    """`EXPIRED` and `FORFEITED` are where a held coupon goes that the restoration table does not give back."""

    AVAILABLE = "available"
    LOCKED = "locked"
    USED = "used"
    RETURNED = "returned"
    EXPIRED = "expired"
    FORFEITED = "forfeited"


NEXT: Mapping[CouponState, frozenset[CouponState]] = {
    CouponState.AVAILABLE: frozenset({CouponState.LOCKED}),
    CouponState.RETURNED: frozenset({CouponState.LOCKED}),
    CouponState.LOCKED: frozenset({CouponState.USED, CouponState.RETURNED, CouponState.EXPIRED, CouponState.FORFEITED}),
    CouponState.USED: frozenset({CouponState.RETURNED, CouponState.EXPIRED, CouponState.FORFEITED}),
    CouponState.EXPIRED: frozenset(),
    CouponState.FORFEITED: frozenset(),
}
USABLE = frozenset(state for state, following in NEXT.items() if CouponState.LOCKED in following)


def fault(state: CouponState, valid_from: datetime, valid_until: datetime | None, at: datetime) -> str:
    """Why a coupon cannot be used at a time, as a stable word, or nothing."""
    if state not in USABLE:
        return f"coupon_{state}"
    if valid_until is not None and valid_until <= at:
        return "coupon_expired"
    return "coupon_not_yet_valid" if at < valid_from else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponTemplate:
    """The terms of a coupon. `offer` is what it gives; its code is the template's, its period when it may be used.

    A coupon is valid from its grant on for `valid_days`, and never outside the offer's period. `issue_limit` is how
    many there are in all. With a `claim_code` buyers may fetch it themselves. `restorations` are its own exceptions
    from the shop's table.
    """

    offer: Offer
    issue_limit: int | None = None
    limit_per_account: int = 1
    claim_code: str | None = None
    claim_until: datetime | None = None
    valid_days: int | None = None
    restorations: Restorations = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.offer.source is not Source.COUPON:
            raise RuleInvalid("source", "of a coupon is coupon")
        if not isinstance(self.offer.effect, PercentageOff | AmountOff | Tiers | FreeShipping):
            raise RuleInvalid("effect.kind", "a coupon gives percentage, amount_off, tiers or free_shipping")
        if self.offer.is_limited:
            raise RuleInvalid("issue_limit", "limits a coupon; it has no budget or usage limit of its own")
        for name in ("issue_limit", "limit_per_account", "valid_days"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise RuleInvalid(name, "must be more than zero")
        if self.issue_limit is not None and self.limit_per_account > self.issue_limit:
            raise RuleInvalid("limit_per_account", "cannot be more than issue_limit")
        if self.claim_until is not None and self.claim_code is None:
            raise RuleInvalid("claim_until", "has no meaning without a claim_code")

    def validity(self, granted_at: datetime) -> tuple[datetime, datetime | None]:
        """From when until when a coupon granted then may be used; `None` is for ever."""
        begins = max(granted_at, self.offer.starts_at or granted_at)
        ends = [end for end in (self.offer.ends_at, self._own_end(begins)) if end is not None]
        return begins, min(ends, default=None)

    def _own_end(self, begins: datetime) -> datetime | None:
        return None if self.valid_days is None else begins + timedelta(days=self.valid_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """One coupon of one account. `offer` has the coupon's own code, and the terms that it was granted with."""

    coupon_code: str
    template: str
    account: str
    state: CouponState
    valid_from: datetime
    valid_until: datetime | None
    offer: Offer
    order_no: str | None = None

    def fault(self, at: datetime) -> str:
        """Why it cannot be used at a time, as a stable word, or nothing."""
        return fault(self.state, self.valid_from, self.valid_until, at)
