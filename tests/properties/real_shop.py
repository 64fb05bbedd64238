"""A cart as large as carts get, on a day with as many offers as a shop really runs, by chance."""

from random import Random

from ordersaga.domain.pricing.coupons import Coupon
from ordersaga.domain.pricing.effects import (
    AmountOff,
    BundlePrice,
    BuyGet,
    Effect,
    FixedPrice,
    FreeShipping,
    Gift,
    NthItem,
    PercentageOff,
    Tier,
    Tiers,
)
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import CartItem
from ordersaga.domain.pricing.scope import EVERYTHING, Scope
from tests.goods import goods, seller, tariff
from tests.offers import GOLD, NOW, benefit, coupon, only, promotion
from tests.properties.shopping import Visit

MERCHANTS = ("own", "north", "south", "west")
CATEGORIES = ("tea", "tea/oolong", "cup", "lamp", "lamp/desk", "book")
SKUS = tuple(f"SKU-{number:02}" for number in range(40))


def real_visit(random: Random, lines: int = 20, promotions: int = 28, coupons: int = 20) -> Visit:
    """Promotions are mostly about some goods; coupons of one issuer exclude each other or stack."""
    skus = {
        name: goods(
            name,
            random.randint(5, 300) * 1_000 - random.choice((0, 1, 100)),
            merchant_id=random.choice(MERCHANTS),
            category=random.choice(CATEGORIES),
            weight_g=random.randint(50, 3_000),
        )
        for name in SKUS
    }
    names = random.sample(SKUS, lines)
    offers = [_promotion(random, f"P{number:02}") for number in range(promotions)]
    offers += [benefit("GOLD-98", PercentageOff(basis_points=200)), benefit("GOLD-DELIVERY", FreeShipping())]
    return Visit(
        items=tuple(CartItem(name, random.randint(1, 4)) for name in names),
        skus=skus,
        merchants={name: seller(name, {"standard": tariff(6_000, 500)}) for name in MERCHANTS},
        occasion=Occasion(
            at=NOW,
            member_tier=GOLD,
            offers=tuple(RunningOffer(offer=each) for each in offers),
            coupons=tuple(_coupon(random, f"C{number:02}") for number in range(coupons)),
            gifts={"SAMPLE": goods("SAMPLE", 9_900)},
            gift_stock={"SAMPLE": 100},
        ),
    )


def _promotion(random: Random, code: str) -> Offer:
    tens = random.choice((50, 100, 200, 500)) * 1_000
    effect: Effect = random.choice(
        (
            PercentageOff(basis_points=random.choice((500, 1_000, 2_000, 3_000))),
            PercentageOff(basis_points=1_500, at_most=tens // 5),
            AmountOff(amount=random.choice((500, 1_000, 3_000)), each_unit=True),
            FixedPrice(price=random.randint(5, 100) * 900),
            Tiers(tiers=(Tier(threshold=tens, amount_off=tens // 10), Tier(threshold=2 * tens, amount_off=tens // 4))),
            Tiers(tiers=(Tier(threshold=tens, amount_off=tens // 20),), repeat=True),
            NthItem(every=2, basis_points=5_000),
            BuyGet(buy=2, get=1, times=2),
            BundlePrice(items=dict.fromkeys(random.sample(SKUS, 2), 1), price=30_000),
            Gift(sku="SAMPLE"),
        )
    )
    scope = only(*effect.items) if isinstance(effect, BundlePrice) else _scope(random)
    group = random.choice((None, None, None, "flash", "brand-day"))
    minimum = tens if isinstance(effect, Gift) else None
    return promotion(code, effect, scope=scope, exclusion_group=group, minimum_amount=minimum)


def _coupon(random: Random, code: str) -> Coupon:
    least = random.choice((50, 100, 300, 600)) * 1_000
    effect = random.choice(
        (
            AmountOff(amount=least // 10),
            PercentageOff(basis_points=1_000, at_most=20_000),
            PercentageOff(basis_points=500),
            FreeShipping(at_most=6_000),
        )
    )
    merchant = random.choice((None, *MERCHANTS))
    return coupon(
        code,
        effect,
        minimum_amount=least,
        scope=EVERYTHING if merchant is None else Scope(merchants=frozenset({merchant})),
        exclusion_group=random.choice((None, f"issuer-{merchant}", f"issuer-{merchant}")),
    )


def _scope(random: Random) -> Scope:
    match random.randint(0, 9):
        case 0 | 1 | 2 | 3:
            return only(*random.sample(SKUS, random.randint(1, 6)))
        case 4 | 5 | 6:
            return Scope(categories=frozenset({random.choice(CATEGORIES)}))
        case 7 | 8:
            return Scope(merchants=frozenset({random.choice(MERCHANTS)}))
        case _:
            return EVERYTHING
