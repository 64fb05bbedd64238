"""What the goods that stay may no longer keep: shares of offers whose condition they do not meet any more (M5, M10).

Goods for whose return the seller is at fault count as though they had stayed: the buyer did not break the condition.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ordersaga.domain.after_sales.bought import Bought, Gone, UnitKey, staying
from ordersaga.domain.after_sales.breakdown import Withheld, Withholding
from ordersaga.domain.catalogue import Sku
from ordersaga.domain.money import Money
from ordersaga.domain.pricing.allocation import Allocation, Kind, spread
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import TURN
from ordersaga.domain.pricing.effects import BundlePrice, BuyGet, Gift, NthItem, Tiers
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.pricing.source import Source, Stage
from ordersaga.domain.pricing.takings import taking


@dataclass(frozen=True, slots=True)
class _Scope:
    """Lines in an offer's scope, the units of each that count, and what earlier stages left of them."""

    lines: tuple[PricedLine, ...]
    quantities: tuple[int, ...]
    base: tuple[int, ...]

    @property
    def whole(self) -> int:
        return sum(self.base)

    @property
    def count(self) -> int:
        return sum(self.quantities)


def lost_shares(bought: Bought, gone: Gone) -> Iterator[Withheld]:
    """For each offer what the goods that stay enjoy of it beyond what its rule allows them by themselves."""
    for offer, shares in bought.offers:
        if not isinstance(offer.effect, Gift):
            counted, stays = _enjoyed(shares, gone, _counts), _enjoyed(shares, gone, _stays)
            loss = counted - _allowed(bought, offer, gone, counted) if stays else 0
            if loss > 0:
                yield Withheld(
                    reason=Withholding.THRESHOLD_LOST,
                    amount=loss * stays // counted,
                    source=offer.source,
                    code=offer.code,
                )


def kept_gifts(bought: Bought, gone: Gone) -> Iterator[Withheld]:
    """The value of gifts that stay although the goods that earned them do not."""
    for offer, shares in bought.offers:
        if isinstance(offer.effect, Gift):
            scope = _scope(bought, offer, gone)
            due = offer.gifts(scope.whole, scope.count)
            for line, _ in shares:
                unearned = max(0, len(staying(line, gone)) - due)
                if unearned and line.unit_price:
                    yield Withheld(
                        reason=Withholding.GIFT_KEPT,
                        amount=unearned * line.unit_price,
                        source=offer.source,
                        code=offer.code,
                        line_no=line.line_no,
                    )


def _stays(key: UnitKey, gone: Gone) -> bool:
    return key not in gone


def _counts(key: UnitKey, gone: Gone) -> bool:
    """Whether a unit counts for conditions."""
    return key not in gone or gone[key].seller_at_fault


def _enjoyed(
    shares: Sequence[tuple[PricedLine, Allocation]], gone: Gone, takes_part: Callable[[UnitKey, Gone], bool]
) -> int:
    return sum(
        amount
        for line, item in shares
        for unit, amount in enumerate(spread(item.units), start=1)
        if takes_part((line.line_no, unit), gone)
    )


def _allowed(bought: Bought, offer: Offer, gone: Gone, enjoyed: int) -> int:
    """What the rule gives the goods that count, as though they had been bought by themselves; no more is asked than
    whether its condition is met where that is all that it has.
    """
    scope, effect = _scope(bought, offer, gone), offer.effect
    if not offer.is_earned(scope.whole, scope.count):
        return 0
    if isinstance(effect, Tiers):
        whole = _scope(bought, offer, {})
        if not effect.repeat and effect.reached(scope.whole, scope.count) == effect.reached(whole.whole, whole.count):
            return enjoyed
    if not isinstance(effect, Tiers | NthItem | BuyGet | BundlePrice):
        return enjoyed
    return taking(effect, _basket(bought, scope), range(len(scope.lines)))(scope.base)[0]


def _scope(bought: Bought, offer: Offer, gone: Gone) -> _Scope:
    found = []
    for line in bought.lines:
        if not line.gift and _is_about(offer, line, bought):
            base = _left_for(offer.applied_in, line, bought)
            counted = [amount for unit, amount in enumerate(base, start=1) if _counts((line.line_no, unit), gone)]
            if counted:
                found.append((line, len(counted), sum(counted)))
    found.sort(key=lambda item: item[0].sku)
    lines, quantities, base_of = zip(*found, strict=True) if found else ((), (), ())
    return _Scope(lines, quantities, base_of)


def _is_about(offer: Offer, line: PricedLine, bought: Bought) -> bool:
    named = any((item.source, item.code) == (offer.source, offer.code) for item in line.allocations)
    return named or offer.scope.covers(_goods(line, bought))


def _left_for(stage: Stage, line: PricedLine, bought: Bought) -> list[int]:
    """What earlier stages left of each unit. The delivery fee's offers are measured before coupons."""
    turn = TURN[Stage.COUPON if stage is Stage.SHIPPING else stage]
    left = [line.unit_price] * line.quantity
    for item in line.allocated(Kind.DISCOUNT):
        if TURN[_stage_of(item, bought)] < turn:
            left = [amount - less for amount, less in zip(left, spread(item.units), strict=True)]
    return left


def _stage_of(item: Allocation, bought: Bought) -> Stage:
    rule = bought.rules.get((item.source, item.code))
    if rule is not None:
        return rule.applied_in
    return {Source.MEMBER_BENEFIT: Stage.MEMBER, Source.COUPON: Stage.COUPON}.get(Source(item.source), Stage.GOODS)


def _basket(bought: Bought, scope: _Scope) -> Basket:
    return Basket(
        skus=tuple(_goods(line, bought) for line in scope.lines),
        quantities=scope.quantities,
        amounts=scope.base,
        floors=(0,) * len(scope.lines),
        fees=(0,) * len(scope.lines),
        currency=bought.currency,
        order_type=bought.order_type,
        shipping_option="",
    )


def _goods(line: PricedLine, bought: Bought) -> Sku:
    """A line's goods as its order froze them."""
    return Sku(
        sku=line.sku,
        name=line.name,
        merchant_id=line.merchant_id,
        price=Money(line.unit_price, bought.currency),
        category=line.category,
        order_type=bought.order_type,
    )
