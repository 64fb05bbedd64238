"""An offer: a rule as data that takes something off a cart (R-PRC-1, R-PRC-2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.effects import (
    AmountOff,
    BundlePrice,
    Effect,
    FixedPrice,
    FreeShipping,
    Gift,
    Measure,
    PercentageOff,
    PriceList,
    Tiers,
    goes_by_line,
)
from ordersaga.domain.pricing.scope import Scope
from ordersaga.domain.pricing.source import Bearer, Source, Stage

FIRST_VERSION = 1
_STAGES = {Source.PRESALE: Stage.GOODS, Source.MEMBER_BENEFIT: Stage.MEMBER, Source.COUPON: Stage.COUPON}
"""Where offers stand whose stage follows from their source."""


class Period(StrEnum):
    """Over what `usage_limit_per_account` counts; calendar periods of UTC."""

    EVER = "ever"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    def key(self, at: datetime) -> str:
        """The name of the period that `at` lies in, such as `2026-11`."""
        match self:
            case Period.EVER:
                return ""
            case Period.DAY:
                return f"{at:%Y-%m-%d}"
            case Period.MONTH:
                return f"{at:%Y-%m}"
            case Period.YEAR:
                return f"{at:%Y}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A promotion, a member benefit, or what a coupon gives.

    Amounts are minor units of `currency`, which a rule without amounts may leave out. `priority` orders offers within
    a stage, the lowest first. Two offers of one `exclusion_group` never touch the same line; `stackable_with` names
    the sources and codes that this one may share a line with, `None` is all of them. `channels` and `member_tiers`
    narrow when they name something. `budget` is the most that all orders together take off, `usage_limit` how many
    orders may have it. `template` is set on a coupon's offer, whose `code` is the coupon's own. `stock_policy` is a
    promotion's, for the lines that it is applied to.

    Raises `RuleInvalid`, which names the field.
    """

    code: str
    source: Source
    name: str
    effect: Effect
    scope: Scope
    version: int = FIRST_VERSION
    currency: str | None = None
    stage: Stage | None = None
    priority: int = 100
    exclusion_group: str | None = None
    stackable_with: frozenset[str] | None = None
    funded_by: Bearer = Bearer.PLATFORM
    minimum_amount: int | None = None
    minimum_count: int | None = None
    channels: frozenset[str] = frozenset()
    member_tiers: frozenset[str] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    enabled: bool = True
    budget: int | None = None
    usage_limit: int | None = None
    usage_limit_per_account: int | None = None
    usage_period: Period = Period.EVER
    template: str | None = None
    stock_policy: StockPolicy | None = None

    def __post_init__(self) -> None:
        for name in ("minimum_amount", "minimum_count", "budget", "usage_limit", "usage_limit_per_account"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise RuleInvalid(name, "must be more than zero")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise RuleInvalid("ends_at", "must be after starts_at")
        if self.currency is None and self._names_amounts():
            raise RuleInvalid("currency", "is needed for a rule with amounts in it")
        if self.source is Source.POINTS:
            raise RuleInvalid("source", "points have a policy of their own, and are no offer")
        if self.stock_policy is not None and self.source is not Source.PROMOTION:
            raise RuleInvalid("stock_policy", "is for promotions to say")
        if self.source is Source.MEMBER_BENEFIT and not self.member_tiers:
            raise RuleInvalid("member_tiers", "a member benefit is for at least one tier")
        if self.stage is not None and not self._may_stand_in(self.stage):
            raise RuleInvalid("stage", f"a {self.source} of this kind is not applied in the stage {self.stage}")
        self._check_effect()

    @property
    def applied_in(self) -> Stage:
        if self.stage is not None:
            return self.stage
        if isinstance(self.effect, FreeShipping):
            return Stage.SHIPPING
        if self.source is not Source.PROMOTION:
            return _STAGES[self.source]
        is_about_the_order = isinstance(self.effect, Tiers | Gift) or (
            isinstance(self.effect, AmountOff) and not self.effect.each_unit
        )
        return Stage.ORDER if is_about_the_order else Stage.GOODS

    @property
    def is_line_wise(self) -> bool:
        """Whether it is applied to each line by itself. All others apply to their whole scope, or not at all."""
        conditional = self.minimum_amount or self.minimum_count or self.budget is not None
        return goes_by_line(self.effect) and not conditional and self.source is not Source.COUPON

    @property
    def is_limited(self) -> bool:
        """Whether an order that has it must hold a part of its budget or quota."""
        return any(limit is not None for limit in (self.budget, self.usage_limit, self.usage_limit_per_account))

    def permits(self, other: "Offer") -> bool:
        """Whether this offer may share a line with `other`, as far as it is concerned. A presale's always may."""
        if Source.PRESALE in (self.source, other.source):
            return True
        if self.exclusion_group is not None and self.exclusion_group == other.exclusion_group:
            return False
        return self.stackable_with is None or not self.stackable_with.isdisjoint(
            (other.source, other.code, other.template or other.code)
        )

    @property
    def permits_points(self) -> bool:
        return self.stackable_with is None or Source.POINTS in self.stackable_with

    def is_earned(self, whole: int, count: int) -> bool:
        """Whether so many units in scope that cost `whole` reach its minimum."""
        return count >= max(1, self.minimum_count or 0) and whole >= (self.minimum_amount or 0)

    def gifts(self, whole: int, count: int) -> int:
        """How many units of its gift such goods earn."""
        if not isinstance(self.effect, Gift) or not self.is_earned(whole, count):
            return 0
        measured = ((whole, self.minimum_amount), (count, self.minimum_count))
        times = [amount // minimum for amount, minimum in measured if minimum is not None]
        return self.effect.quantity * (min(times) if self.effect.repeat else 1)

    def granted_as(self, coupon_code: str) -> "Offer":
        """What a coupon of this template gives, under the coupon's own code."""
        return replace(self, code=coupon_code, template=self.code)

    def _names_amounts(self) -> bool:
        if self.minimum_amount is not None or self.budget is not None:
            return True
        match self.effect:
            case AmountOff() | FixedPrice() | PriceList() | BundlePrice():
                return True
            case PercentageOff(at_most=at_most) | FreeShipping(at_most=at_most):
                return at_most is not None
            case Tiers(measure=measure, tiers=tiers, at_most=at_most):
                return measure is Measure.AMOUNT or at_most is not None or tiers[0].amount_off is not None
            case _:
                return False

    def _may_stand_in(self, stage: Stage) -> bool:
        if isinstance(self.effect, FreeShipping):
            return stage is Stage.SHIPPING
        if self.source is Source.PROMOTION:
            return stage in (Stage.GOODS, Stage.ORDER)
        return stage is _STAGES[self.source]

    def _check_effect(self) -> None:
        match self.effect:
            case AmountOff(amount=amount, each_unit=False) if self.minimum_amount and amount > self.minimum_amount:
                raise RuleInvalid("effect.amount", "saves more than minimum_amount asks")
            case Gift(repeat=True) if not (self.minimum_amount or self.minimum_count):
                raise RuleInvalid("effect.repeat", "needs a minimum_amount or minimum_count to count by")
            case BundlePrice(items=items) if self.scope.skus != frozenset(items):
                raise RuleInvalid("scope", "of a bundle is just the SKUs of its items")
            case PriceList(prices=prices) if self.scope.skus != frozenset(prices):
                raise RuleInvalid("scope", "of a price list is just the SKUs that it has prices for")
