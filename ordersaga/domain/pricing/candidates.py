"""Offers looked at with one basket and one occasion in mind: which lines they are about, and what keeps them away."""

from collections.abc import Iterator
from dataclasses import dataclass

from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.effects import FreeShipping, Gift, PercentageOff, Tiers, goes_by_line
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.source import Source, Stage
from ordersaga.domain.pricing.takings import Base, Taking, percentage, share, taking

GOODS_STAGES = (Stage.GOODS, Stage.ORDER, Stage.MEMBER, Stage.COUPON)
WALK = (*GOODS_STAGES, Stage.SHIPPING)
TURN = {stage: number for number, stage in enumerate(WALK)}
_SOURCES = tuple(Source)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidate:
    """An offer that may apply. `lines` are places in the basket, `mask` the same as bits.

    `turn` numbers its stage. `by_line` offers are prices and always apply; `own_shares` says that the effect is worked
    out on each line by itself, `takes_percentage` that it is smaller for whatever is taken before it,
    `is_particular` that it does not share a line with every other. `chosen` is the
    buyer's preference, a bit that is higher than those of all named later, 0 for none; `budget` is what is left of the
    offer's own, `gift_units` how many units of its gift are free beside those bought.
    """

    offer: Offer
    stage: Stage
    turn: int
    lines: tuple[int, ...]
    mask: int
    count: int
    by_line: bool
    own_shares: bool
    takes_percentage: bool
    is_particular: bool
    take: Taking
    budget: int | None = None
    chosen: int = 0
    gift_price: int = 0
    gift_units: int = 0

    @property
    def order(self) -> tuple[int, int, str]:
        """Its turn within a stage."""
        scarce_last = _SOURCES.index(self.offer.source) if self.stage is Stage.SHIPPING else 0
        return scarce_last, self.offer.priority, self.offer.code

    def reaches(self, base: Base) -> bool:
        """Whether the offer's minimum is reached."""
        offer = self.offer
        if offer.minimum_count is not None and self.count < offer.minimum_count:
            return False
        return offer.minimum_amount is None or sum(base[place] for place in self.lines) >= offer.minimum_amount

    @property
    def gift_worth(self) -> int:
        """What a unit of the gift counts in choosing; one that is listed for nothing is worth something too."""
        return max(1, self.gift_price)

    def wants(self, base: Base) -> tuple[int, list[int]]:
        """What it would take of a base, and what takes part of each of its lines; nothing below its minimum."""
        return self.take(base) if self.reaches(base) else (0, [0] * len(self.lines))

    def percentage_of(self, base: Base) -> int:
        """The basis points of a base that it takes, and of any smaller one no more; 0 if a limit has more to say."""
        effect, whole = self.offer.effect, sum(base[place] for place in self.lines)
        points = self._basis_points(whole)
        at_most = effect.at_most if isinstance(effect, PercentageOff | Tiers) else None
        is_capped = self.budget is not None or (at_most is not None and percentage(whole, points) > at_most)
        return 0 if is_capped or not self.reaches(base) else points

    def most_of_each(self, base: Base) -> list[int]:
        """What an effect that `takes_percentage` would take of each line without its limit, and if each could give it.

        It takes no more of any: what others took of a line already is not taken of those beside it instead.
        """
        parts = [base[place] for place in self.lines]
        whole = sum(parts)
        return share(percentage(whole, self._basis_points(whole)), parts, parts)

    def _basis_points(self, whole: int) -> int:
        """The percentage that the effect is, or whose tier is reached; 0 for any other."""
        effect = self.offer.effect
        if isinstance(effect, PercentageOff):
            return effect.basis_points
        tier = effect.reached(whole, self.count) if isinstance(effect, Tiers) else None
        return tier.basis_points or 0 if tier is not None else 0

    def gift(self, base: Base) -> int:
        """How many units it gives: all or none."""
        units = self._gifts_for(base)
        return units if units <= self._affordable_gifts else 0

    def most_gifts(self, base: Base) -> int:
        """No fewer units than it gives of this base, or of any smaller one: a repeated gift that asks for too many may
        be given when the minimum is reached less often.
        """
        effect = self.offer.effect
        if not isinstance(effect, Gift) or not effect.repeat or self.offer.minimum_amount is None:
            return self.gift(base)
        most = min(self._gifts_for(base), self._affordable_gifts)
        return max(0, most - most % effect.quantity)

    def _gifts_for(self, base: Base) -> int:
        """How many units it promises."""
        return self.offer.gifts(sum(base[place] for place in self.lines), self.count)

    @property
    def _affordable_gifts(self) -> int:
        """How many units are free, and within the budget."""
        if self.budget is None or not self.gift_price:
            return self.gift_units
        return min(self.gift_units, self.budget // self.gift_price)


@dataclass(frozen=True, slots=True)
class KeptAway:
    """An offer that cannot apply, and why, as a stable word."""

    offer: Offer
    reason: str


def candidates(basket: Basket, occasion: Occasion) -> Iterator[Candidate | KeptAway]:
    """Every offer that is about this basket, or that the buyer named, by source and code."""
    coupons, promotions = occasion.wishes.coupon_codes, occasion.wishes.promotion_codes
    named = [(True, code) for code in coupons or ()] + [(False, code) for code in promotions]
    preference = {name: 1 << (len(named) - 1 - place) for place, name in reversed(list(enumerate(named)))}
    for running in sorted(occasion.offers, key=_by_source_and_code):
        chosen = preference.get((False, running.offer.code), 0)
        lines = _lines(running.offer, basket)
        if lines or chosen:
            reason = _kept_away(running, lines, basket, occasion)
            yield KeptAway(running.offer, reason) if reason else _candidate(running, lines, basket, occasion, chosen)
    for coupon in sorted(occasion.coupons, key=lambda coupon: coupon.coupon_code):
        chosen = preference.get((True, coupon.coupon_code), 0)
        lines = _lines(coupon.offer, basket)
        if lines or chosen:
            reason = coupon.fault(occasion.at) or _of_cart(coupon.offer, lines, basket, occasion)
            if coupons is not None and not chosen:
                reason = "not_chosen"
            running = RunningOffer(offer=coupon.offer)
            yield KeptAway(coupon.offer, reason) if reason else _candidate(running, lines, basket, occasion, chosen)


def _by_source_and_code(running: RunningOffer) -> tuple[int, str]:
    return _SOURCES.index(running.offer.source), running.offer.code


def _lines(offer: Offer, basket: Basket) -> tuple[int, ...]:
    """The lines that an offer has in scope."""
    return tuple(place for place, sku in enumerate(basket.skus) if offer.scope.covers(sku))


def _kept_away(running: RunningOffer, lines: tuple[int, ...], basket: Basket, occasion: Occasion) -> str:
    offer = running.offer
    if not offer.enabled:
        return "disabled"
    if offer.starts_at is not None and occasion.at < offer.starts_at:
        return "not_started"
    if offer.ends_at is not None and offer.ends_at <= occasion.at:
        return "expired"
    reason = _of_cart(offer, lines, basket, occasion)
    if reason:
        return reason
    if offer.usage_limit is not None and running.used >= offer.usage_limit:
        return "usage_limit_reached"
    if offer.usage_limit_per_account is not None and running.used_by_account >= offer.usage_limit_per_account:
        return "account_limit_reached"
    return "budget_exhausted" if offer.budget is not None and running.spent >= offer.budget else ""


def _of_cart(offer: Offer, lines: tuple[int, ...], basket: Basket, occasion: Occasion) -> str:
    if not lines:
        return "nothing_in_scope"
    if offer.channels and occasion.channel not in offer.channels:
        return "other_channel"
    if offer.member_tiers and occasion.member_tier not in offer.member_tiers:
        return "other_member_tier"
    if offer.currency is not None and offer.currency != basket.currency:
        return "other_currency"
    effect = offer.effect
    if isinstance(effect, FreeShipping) and effect.options and basket.shipping_option not in effect.options:
        return "other_shipping_option"
    if isinstance(effect, Gift):
        gift = occasion.gifts.get(effect.sku)
        if gift is None or (gift.price.currency, gift.order_type) != (basket.currency, basket.order_type):
            return "gift_unavailable"
    return ""


def _candidate(
    running: RunningOffer, lines: tuple[int, ...], basket: Basket, occasion: Occasion, chosen: int
) -> Candidate:
    offer = running.offer
    effect = offer.effect
    price, free = 0, 0
    if isinstance(effect, Gift):
        price = occasion.gifts[effect.sku].price.amount
        bought = sum(
            quantity for sku, quantity in zip(basket.skus, basket.quantities, strict=True) if sku.sku == effect.sku
        )
        free = occasion.gift_stock.get(effect.sku, 0) - bought
    return Candidate(
        offer=offer,
        stage=offer.applied_in,
        turn=TURN[offer.applied_in],
        lines=lines,
        mask=sum(1 << place for place in lines),
        count=sum(basket.quantities[place] for place in lines),
        by_line=offer.is_line_wise,
        own_shares=goes_by_line(effect),
        takes_percentage=isinstance(effect, PercentageOff)
        or (isinstance(effect, Tiers) and effect.tiers[0].amount_off is None),
        is_particular=offer.exclusion_group is not None or offer.stackable_with is not None,
        take=taking(effect, basket, lines),
        budget=None if offer.budget is None else offer.budget - running.spent,
        chosen=chosen,
        gift_price=price,
        gift_units=free,
    )
