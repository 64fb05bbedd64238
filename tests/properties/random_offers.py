"""Offers of every kind with small amounts, by chance: rounding bites, and they get in each other's way."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.effects import (
    AmountOff,
    BundlePrice,
    BuyGet,
    Effect,
    FixedPrice,
    FreeShipping,
    Gift,
    Measure,
    NthItem,
    PercentageOff,
    PriceList,
    Tier,
    Tiers,
)
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.scope import EVERYTHING, Scope
from ordersaga.domain.pricing.source import Bearer, Source, Stage
from tests.offers import GOLD, coupon, only

Some = TypeVar("Some")
NAMES = ("A", "B", "C", "D", "E", "F", "G", "H")
GIFT = "Z-GIFT"
CATEGORIES = ("tea", "tea/oolong", "cup", "")
MERCHANTS = ("own", "north")
COUPON_KINDS = ("percentage", "amount_off", "tiers", "free_shipping")
BY_LINE = ("percentage", "amount_off", "fixed_price", "price_list")
KINDS = (*COUPON_KINDS, *BY_LINE, "nth_item", "buy_get", "bundle_price", "gift")
RATES = (1, 333, 1_000, 1_250, 2_500, 3_333, 5_000, 6_667, 10_000)


def maybe(random: Random, chance: float, value: Some) -> Some | None:
    return value if random.random() < chance else None


def effect(random: Random, kind: str) -> Effect:
    amount, times = random.randint(1, 200), maybe(random, 0.3, random.randint(1, 2))
    at_most = maybe(random, 0.4, random.randint(1, 200))
    match kind:
        case "percentage":
            return PercentageOff(basis_points=random.choice(RATES), at_most=at_most)
        case "amount_off":
            each_unit = random.random() < 0.5
            return AmountOff(amount=random.randint(1, 30) if each_unit else amount, each_unit=each_unit)
        case "tiers":
            return _tiers(random, at_most)
        case "free_shipping":
            options = random.choice(((), (), (), ("standard",), ("express",)))
            return FreeShipping(options=frozenset(options), at_most=at_most)
        case "fixed_price":
            return FixedPrice(price=random.randint(0, 150))
        case "price_list":
            return PriceList(prices={sku: random.randint(0, 150) for sku in _some(random, NAMES, 4)})
        case "nth_item":
            every, rate, same_sku = random.randint(2, 4), random.choice(RATES), random.random() < 0.4
            discounted = random.randint(1, every - 1)
            return NthItem(every=every, discounted=discounted, basis_points=rate, same_sku=same_sku, times=times)
        case "buy_get":
            buy, get = random.randint(1, 2), random.randint(1, 2)
            return BuyGet(buy=buy, get=get, same_sku=random.random() < 0.4, times=times)
        case "bundle_price":
            skus = random.sample(NAMES[:4], random.randint(2, 3))
            return BundlePrice(
                items={sku: random.randint(1, 2) for sku in skus}, price=random.randint(0, 200), times=times
            )
        case _:
            return Gift(sku=random.choice((GIFT, "A")), quantity=random.randint(1, 2))


def offer(
    random: Random, code: str, kinds: Sequence[str] = KINDS, source: Source | None = None, *, freely: bool = False
) -> Offer:
    """An offer of one of these kinds; `freely` asks for no minimum and has no budget."""
    found = effect(random, random.choice(kinds))
    source = source or random.choice((Source.PROMOTION, Source.PROMOTION, Source.MEMBER_BENEFIT))
    conditions = {} if freely else _conditions(random, found)
    if isinstance(found, Gift) and conditions.get("minimum_amount", conditions.get("minimum_count")):
        found = replace(found, repeat=random.random() < 0.5)
    if source is Source.PROMOTION and not isinstance(found, FreeShipping):
        conditions["stage"] = random.choice((None, None, None, Stage.GOODS, Stage.ORDER))
    if source is Source.COUPON:
        conditions.pop("budget", None)
    return Offer(
        code=code,
        source=source,
        name=code,
        effect=found,
        scope=_scope(random, found),
        currency="TWD",
        priority=random.choice((100, 100, 100, 1, 200)),
        exclusion_group=maybe(random, 0.3, random.choice("xy")),
        stackable_with=maybe(random, 0.2, frozenset(_some(random, STACKED, 5))),
        funded_by=random.choice(tuple(Bearer)),
        member_tiers=frozenset({GOLD} if source is Source.MEMBER_BENEFIT else ()),
        **conditions,
    )


STACKED = ("promotion", "member_benefit", "coupon", "points", "O1", "C2-TEMPLATE")


def held_coupon(random: Random, code: str, *, freely: bool = False) -> Coupon:
    terms = offer(random, f"{code}-TEMPLATE", COUPON_KINDS, Source.COUPON, freely=freely)
    return replace(coupon(code, terms.effect), offer=terms.granted_as(code))


def _conditions(random: Random, found: Effect) -> dict[str, Any]:
    least = found.amount if isinstance(found, AmountOff) and not found.each_unit else 0
    amount = maybe(random, 0.2, max(least, random.choice((1, 50, 100, 300, 600))))
    count = maybe(random, 0.15, random.choice((1, 2, 4, 7)))
    named = {"minimum_amount": amount, "minimum_count": count, "budget": maybe(random, 0.15, random.randint(20, 200))}
    return {name: value for name, value in named.items() if value is not None}


def _scope(random: Random, found: Effect) -> Scope:
    if isinstance(found, BundlePrice):
        return only(*found.items)
    if isinstance(found, PriceList):
        return only(*found.prices)
    match random.randint(0, 9):
        case 0 | 1 | 2:
            return only(*_some(random, NAMES, 4))
        case 3:
            return Scope(categories=frozenset({random.choice(CATEGORIES[:3])}))
        case 4:
            return Scope(merchants=frozenset({random.choice(MERCHANTS)}))
        case 5:
            return Scope(everything=True, excluded_skus=frozenset({random.choice(NAMES)}))
        case _:
            return EVERYTHING


def _tiers(random: Random, at_most: int | None) -> Effect:
    measure = random.choice(tuple(Measure))
    thresholds = sorted(random.sample(range(1, 400 if measure is Measure.AMOUNT else 12), random.randint(1, 3)))
    if random.random() < 0.4:
        rates = sorted(random.sample(range(1, 10_001), len(thresholds)))
        tiers = [Tier(threshold=each, basis_points=rate) for each, rate in zip(thresholds, rates, strict=True)]
    else:
        first = random.randint(1, thresholds[0] if measure is Measure.AMOUNT else 60)
        tiers = [Tier(threshold=each, amount_off=first + each - thresholds[0]) for each in thresholds]
    repeat = len(tiers) == 1 and tiers[0].amount_off is not None and random.random() < 0.6
    return Tiers(measure=measure, tiers=tuple(tiers), repeat=repeat, at_most=at_most)


def _some(random: Random, members: Sequence[str], most: int) -> list[str]:
    return random.sample(members, random.randint(1, min(most, len(members))))
