"""What an offer gives: one small type for each kind of rule (R-PRC-1). Amounts are minor units of its currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from ordersaga.domain.errors import RuleInvalid

WHOLE = 10_000
"""Basis points in a whole: 200 of them are 2 %."""


class Measure(StrEnum):
    """What a threshold counts: what the goods in scope cost, or how many units they are."""

    AMOUNT = "amount"
    COUNT = "count"


def _basis_points(field: str, value: int) -> None:
    _positive(field, value)
    if value > WHOLE:
        raise RuleInvalid(field, f"cannot be more than {WHOLE}, which is 100 %")


def _positive(field: str, value: int | None) -> None:
    if value is not None and value <= 0:
        raise RuleInvalid(field, "must be more than zero")


def _not_negative(field: str, value: int) -> None:
    if value < 0:
        raise RuleInvalid(field, "must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentageOff:
    """A share of the base, at most `at_most`. A member who pays 98 % has 200 basis points off."""

    kind: ClassVar = "percentage"
    basis_points: int
    at_most: int | None = None

    def __post_init__(self) -> None:
        _basis_points("effect.basis_points", self.basis_points)
        _positive("effect.at_most", self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountOff:
    """An amount off the goods together, or off each unit."""

    kind: ClassVar = "amount_off"
    amount: int
    each_unit: bool = False

    def __post_init__(self) -> None:
        _positive("effect.amount", self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPrice:
    """Each unit costs `price`, unless it costs less already."""

    kind: ClassVar = "fixed_price"
    price: int

    def __post_init__(self) -> None:
        _not_negative("effect.price", self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """A price of its own for each SKU, such as those of a member's tier."""

    kind: ClassVar = "price_list"
    prices: Mapping[str, int]

    def __post_init__(self) -> None:
        if not self.prices:
            raise RuleInvalid("effect.prices", "names no SKU")
        for sku, price in self.prices.items():
            _not_negative(f"effect.prices.{sku}", price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """From `threshold` on: `amount_off`, or `basis_points` of the base."""

    threshold: int
    amount_off: int | None = None
    basis_points: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """Spend X, save Y (滿減): the highest tier that is reached; with `repeat`, its one tier for every X."""

    kind: ClassVar = "tiers"
    measure: Measure = Measure.AMOUNT
    tiers: tuple[Tier, ...]
    repeat: bool = False
    at_most: int | None = None

    def __post_init__(self) -> None:
        _positive("effect.at_most", self.at_most)
        if not self.tiers:
            raise RuleInvalid("effect.tiers", "has no tier")
        if self.repeat and (len(self.tiers) > 1 or self.tiers[0].amount_off is None):
            raise RuleInvalid("effect.repeat", "needs exactly one tier with an amount_off")
        for place, tier in enumerate(self.tiers):
            self._check(f"effect.tiers.{place}", tier)
        for place, (lower, higher) in enumerate(zip(self.tiers, self.tiers[1:], strict=False), start=1):
            self._check_order(f"effect.tiers.{place}", lower, higher)

    def measured(self, whole: int, count: int) -> int:
        """What its thresholds are compared with: what goods cost, or how many they are."""
        return whole if self.measure is Measure.AMOUNT else count

    def reached(self, whole: int, count: int) -> Tier | None:
        """The highest tier that is reached; `None` below the first."""
        measured = self.measured(whole, count)
        return next((tier for tier in reversed(self.tiers) if measured >= tier.threshold), None)

    def _check(self, field: str, tier: Tier) -> None:
        _positive(f"{field}.threshold", tier.threshold)
        if (tier.amount_off is None) == (tier.basis_points is None):
            raise RuleInvalid(field, "give either amount_off or basis_points")
        if tier.basis_points is not None:
            _basis_points(f"{field}.basis_points", tier.basis_points)
        elif tier.amount_off is not None:
            _positive(f"{field}.amount_off", tier.amount_off)
            if self.measure is Measure.AMOUNT and tier.amount_off > tier.threshold:
                raise RuleInvalid(f"{field}.amount_off", "saves more than its threshold asks")

    def _check_order(self, field: str, lower: Tier, higher: Tier) -> None:
        if higher.threshold <= lower.threshold:
            raise RuleInvalid(f"{field}.threshold", "must be higher than the tier's before")
        for name in ("amount_off", "basis_points"):
            before, after = getattr(lower, name), getattr(higher, name)
            if (before is None) != (after is None):
                raise RuleInvalid(f"{field}.{name}", "all tiers must give the same kind of discount")
            if before is not None and after <= before:
                raise RuleInvalid(f"{field}.{name}", "must be more than the tier's before")


@dataclass(frozen=True, slots=True, kw_only=True)
class NthItem:
    """Of every `every` units, dearest first, the `discounted` cheapest are `basis_points` off (第 N 件折扣).

    With `same_sku` each SKU is counted alone; `times` limits how many such groups count.
    """

    kind: ClassVar = "nth_item"
    every: int
    discounted: int = 1
    basis_points: int
    same_sku: bool = False
    times: int | None = None

    def __post_init__(self) -> None:
        if self.every < 2:
            raise RuleInvalid("effect.every", "must be at least 2")
        if not 0 < self.discounted < self.every:
            raise RuleInvalid("effect.discounted", "must be at least 1 and less than every")
        _basis_points("effect.basis_points", self.basis_points)
        _positive("effect.times", self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyGet:
    """Buy N, get M of them free: of every N + M units, dearest first, the M cheapest cost nothing (買 N 送 M)."""

    kind: ClassVar = "buy_get"
    buy: int
    get: int
    same_sku: bool = False
    times: int | None = None

    def __post_init__(self) -> None:
        _positive("effect.buy", self.buy)
        _positive("effect.get", self.get)
        _positive("effect.times", self.times)

    @property
    def as_nth_item(self) -> NthItem:
        return NthItem(
            every=self.buy + self.get,
            discounted=self.get,
            basis_points=WHOLE,
            same_sku=self.same_sku,
            times=self.times,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BundlePrice:
    """These goods together cost `price`, for as many sets as the cart holds, at most `times`. It is its own scope."""

    kind: ClassVar = "bundle_price"
    items: Mapping[str, int]
    price: int
    times: int | None = None

    def __post_init__(self) -> None:
        if sum(self.items.values()) < 2:
            raise RuleInvalid("effect.items", "a bundle has at least two units")
        for sku, quantity in self.items.items():
            _positive(f"effect.items.{sku}", quantity)
        _not_negative("effect.price", self.price)
        _positive("effect.times", self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """Units of a SKU for nothing; with `repeat`, for every time that the offer's minimum is reached."""

    kind: ClassVar = "gift"
    sku: str
    quantity: int = 1
    repeat: bool = False

    def __post_init__(self) -> None:
        _positive("effect.quantity", self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeShipping:
    """The delivery fee of the lines in scope, at most `at_most`, for these shipping options, or for all of them."""

    kind: ClassVar = "free_shipping"
    options: frozenset[str] = frozenset()
    at_most: int | None = None

    def __post_init__(self) -> None:
        _positive("effect.at_most", self.at_most)


def goes_by_line(effect: "Effect") -> bool:
    """Whether an effect is worked out on each line by itself, so that there is nothing to share."""
    match effect:
        case FixedPrice() | PriceList():
            return True
        case AmountOff():
            return effect.each_unit
        case PercentageOff():
            return effect.at_most is None
        case _:
            return False


Effect = (
    PercentageOff | AmountOff | FixedPrice | PriceList | Tiers | NthItem | BuyGet | BundlePrice | Gift | FreeShipping
)
EFFECTS: Mapping[str, type[Effect]] = {
    effect.kind: effect
    for effect in (
        PercentageOff,
        AmountOff,
        FixedPrice,
        PriceList,
        Tiers,
        NthItem,
        BuyGet,
        BundlePrice,
        Gift,
        FreeShipping,
    )
}
