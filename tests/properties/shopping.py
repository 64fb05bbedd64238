"""Carts and the occasions that they are priced on, by chance."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from hypothesis import strategies as st

from ordersaga.domain.catalogue import Merchant, Sku
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer, Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.domain.pricing.quote import CartItem, Pricing
from tests.goods import goods, seller, tariff, twd
from tests.offers import GOLD, NOW
from tests.properties.random_offers import CATEGORIES, GIFT, KINDS, MERCHANTS, NAMES, held_coupon, maybe, offer
from tests.properties.reference_effects import Row
from tests.properties.reference_pricing import Reference

POLICIES = (
    None,
    PointsPolicy(currency="TWD"),
    PointsPolicy(currency="TWD", points=10, amount=3, share_basis_points=5_000, minimum=20),
)


@dataclass(frozen=True)
class Visit:
    """A cart, the catalogue around it, and the occasion."""

    items: tuple[CartItem, ...]
    skus: dict[str, Sku]
    merchants: dict[str, Merchant]
    occasion: Occasion

    def price(self) -> Pricing:
        return price_cart(self.items, self.skus, self.merchants, occasion=self.occasion)

    def reference(self) -> Reference:
        plain = price_cart(sorted(self.items), self.skus, self.merchants)
        rows = [Row(self.skus[line.sku], line.quantity, line.shipping) for line in plain.order.lines]
        return Reference(rows, plain.order.shipping_option, self.occasion)

    def on(self, **changes: Any) -> "Visit":
        """The same cart on an occasion that differs in this."""
        return replace(self, occasion=replace(self.occasion, **changes))

    def smallest(self, fails: Callable[["Visit"], bool]) -> "Visit":
        """A visit of which no offer, coupon or item can be left out without `fails` no longer being so."""
        for each in self._without_one():
            if fails(each):
                return each.smallest(fails)
        return self

    def _without_one(self) -> Iterator["Visit"]:
        for found in self.occasion.offers:
            yield self.on(offers=tuple(each for each in self.occasion.offers if each is not found))
        for coupon in self.occasion.coupons:
            yield self.on(coupons=tuple(each for each in self.occasion.coupons if each is not coupon))
        for item in self.items if len(self.items) > 1 else ():
            yield replace(self, items=tuple(each for each in self.items if each is not item))
        if self.occasion.wishes != Wishes():
            yield self.on(wishes=Wishes())


def visits(
    most_lines: int = 8, most_offers: int = 8, kinds: Sequence[str] = KINDS, *, freely: bool = False
) -> st.SearchStrategy[Visit]:
    """Carts of up to so many lines, with up to so many offers, a third of them coupons.

    Only the seed is Hypothesis's: thousands of carts a minute are worth more than a shrunken one; see `smallest`.
    """
    seeds = st.integers(0, 2**64 - 1)
    return seeds.map(lambda seed: visit(Random(seed), most_lines, most_offers, kinds, freely=freely))


def visit(
    random: Random, most_lines: int, most_offers: int, kinds: Sequence[str] = KINDS, *, freely: bool = False
) -> Visit:
    names = random.sample(NAMES, random.randint(most_lines // 3 + 1, most_lines))
    skus = {name: _sku(random, name) for name in names}
    others = most_offers - most_offers // 3
    offers = [offer(random, f"O{place}", kinds, freely=freely) for place in range(random.randint(others // 2, others))]
    coupons = [held_coupon(random, f"C{place}", freely=freely) for place in range(random.randint(0, most_offers // 3))]
    gifts = {GIFT: goods(GIFT, random.choice((0, 1, 60)))} | {name: skus[name] for name in names if name == "A"}
    return Visit(
        items=tuple(CartItem(name, random.randint(1, 5)) for name in names),
        skus=skus,
        merchants={name: seller(name, {"standard": tariff(random.choice((0, 10, 99, 100)))}) for name in MERCHANTS},
        occasion=Occasion(
            at=NOW,
            member_tier=GOLD,
            offers=tuple(RunningOffer(offer=each, spent=random.randint(0, 20)) for each in offers),
            coupons=tuple(coupons),
            points_policy=random.choice(POLICIES),
            points_balance=random.choice((30, 1_000)),
            gifts=gifts,
            gift_stock={GIFT: random.randint(0, 8), "A": random.randint(0, 8)},
            wishes=Wishes(
                coupon_codes=maybe(random, 0.2, _named(random, [each.coupon_code for each in coupons])),
                promotion_codes=_named(random, [each.code for each in offers]) if random.random() < 0.2 else (),
                points=random.choice((0, 0, 10, 30, 100)),
            ),
        ),
    )


def _sku(random: Random, name: str) -> Sku:
    price = random.choice((0, 1, 10, 100, *[random.randint(1, 200) for _ in range(6)]))
    return goods(
        name,
        price,
        floor_price=min(price, random.choice((0, 0, 0, 1, 20, 150))),
        merchant_id=random.choice(MERCHANTS),
        category=random.choice(CATEGORIES),
        shipping_fee=random.choice((None, None, None, twd(0), twd(7))),
    )


def _named(random: Random, codes: list[str]) -> tuple[str, ...]:
    return tuple(random.sample(codes, random.randint(0, min(2, len(codes)))))
