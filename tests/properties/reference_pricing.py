"""The law of docs/pricing.md once more, slow and obvious: every combination is tried, every unit is counted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import TypeVar

from ordersaga.domain.catalogue import Sku
from ordersaga.domain.pricing.coupons import USABLE, Coupon
from ordersaga.domain.pricing.effects import FreeShipping, Gift
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.source import Source, Stage
from tests.properties.reference_effects import Row, reaches_minimum, share_out, takes, times_given

Member = TypeVar("Member")
STAGES = (Stage.GOODS, Stage.ORDER, Stage.MEMBER, Stage.COUPON, Stage.SHIPPING)
SOURCES = (Source.PROMOTION, Source.MEMBER_BENEFIT, Source.COUPON)


@dataclass(frozen=True)
class Share:
    """What an offer, or points, took of a line, or of its fee."""

    code: str
    sku: str
    amount: int
    of_fee: bool = False


@dataclass
class Outcome:
    """What a combination comes to. `left` and `fees` are what each line's goods and their delivery still cost;
    `prices` are the offers by line that some line takes, be it that nothing is left to take.
    """

    whole: frozenset[str]
    left: dict[str, int]
    fees: dict[str, int]
    shares: list[Share] = field(default_factory=list)
    gifts: dict[str, tuple[str, int]] = field(default_factory=dict)
    prices: frozenset[str] = frozenset()

    @property
    def payable(self) -> int:
        return sum(self.left.values()) + sum(self.fees.values())

    @property
    def applied(self) -> set[str]:
        return {share.code for share in self.shares} | set(self.gifts)

    def taken_by(self, code: str) -> int:
        return sum(share.amount for share in self.shares if share.code == code)


class Reference:
    """One cart on one occasion. `rows` are its lines with what the catalogue says of them."""

    def __init__(self, rows: Sequence[Row], shipping_option: str, occasion: Occasion) -> None:
        self.rows = sorted(rows, key=lambda row: row.sku.sku)
        self.option = shipping_option
        self.occasion = occasion
        self.currency = rows[0].sku.price.currency
        running = [found for found in self._running() if self.lines(found.offer)]
        self.prices = [found.offer for found in running if found.offer.is_line_wise]
        self.whole = {found.offer.code: found for found in running if not found.offer.is_line_wise}

    def lines(self, offer: Offer) -> list[Row]:
        return [row for row in self.rows if offer.scope.covers(row.sku)]

    def best(self) -> Outcome:
        """A lawful combination than which none is better, found by trying all of them."""
        tried = (self.outcome(frozenset(some)) for some in _subsets(self.whole))
        return min((found for found in tried if found is not None), key=self.rank)

    def rank(self, found: Outcome) -> tuple[object, ...]:
        """What combinations are chosen by: the lowest is the best."""
        wishes = self.occasion.wishes
        return (
            [
                code not in found.whole | found.prices
                for code in (*(wishes.coupon_codes or ()), *wishes.promotion_codes)
            ],
            found.payable,
            -sum(max(1, self.occasion.gifts[sku].price.amount) * units for sku, units in found.gifts.values()),
            sum(self.whole[code].offer.source is Source.COUPON for code in found.whole),
        )

    def _running(self) -> Iterator[RunningOffer]:
        """The offers that could apply to a cart like this, whatever is in it."""
        coupons = [RunningOffer(offer=each.offer) for each in self.occasion.coupons if self._takes_part(each)]
        for found in (*self.occasion.offers, *coupons):
            offer = found.offer
            is_promised = offer.enabled and _within(offer, self.occasion) and offer.currency in (None, self.currency)
            is_left = not any(
                limit is not None and used >= limit
                for limit, used in (
                    (offer.usage_limit, found.used),
                    (offer.usage_limit_per_account, found.used_by_account),
                )
            )
            if is_promised and is_left:
                yield found

    def _takes_part(self, coupon: Coupon) -> bool:
        wanted, at = self.occasion.wishes.coupon_codes, self.occasion.at
        is_valid = coupon.valid_from <= at and (coupon.valid_until is None or at < coupon.valid_until)
        return coupon.state in USABLE and is_valid and (wanted is None or coupon.coupon_code in wanted)

    def outcome(self, codes: frozenset[str]) -> Outcome | None:
        """What comes of the combination; nothing if it is not lawful."""
        whole = [self.whole[code].offer for code in codes]
        if any(excludes(one, other) and self._meet(one, other) for one, other in combinations(whole, 2)):
            return None
        prices = {row.sku.sku: self._prices_of(row, whole) for row in self.rows}
        found = Outcome(
            whole=codes,
            left={row.sku.sku: row.amount for row in self.rows},
            fees={row.sku.sku: row.fee for row in self.rows},
            prices=frozenset(offer.code for offers in prices.values() for offer in offers),
        )
        base_before_coupons: Mapping[str, int] = {}
        for stage in STAGES:
            base = dict(found.left)
            if stage is Stage.COUPON:
                base_before_coupons = base
            for offer in sorted([*self.prices, *whole], key=_turn):
                if offer.applied_in is not stage:
                    continue
                if offer.is_line_wise:
                    rows = [row for row in self.lines(offer) if offer in prices[row.sku.sku]]
                    self._apply(offer, rows, base, base, found)
                else:
                    measured = base_before_coupons if stage is Stage.SHIPPING else base
                    self._apply(offer, self.lines(offer), base, measured, found)
                    if not self._took_lawfully(offer, found):
                        return None
        return found

    def _apply(
        self,
        offer: Offer,
        rows: Sequence[Row],
        base: Mapping[str, int],
        measured: Mapping[str, int],
        found: Outcome,
    ) -> None:
        if not reaches_minimum(offer, rows, measured):
            return
        if isinstance(offer.effect, Gift):
            units = offer.effect.quantity * times_given(offer, offer.effect, rows, measured)
            if self._can_be_given(offer.effect.sku, units, found):
                found.gifts[offer.code] = (offer.effect.sku, units)
        elif isinstance(offer.effect, FreeShipping):
            if not offer.effect.options or self.option in offer.effect.options:
                fees = {row.sku.sku: found.fees[row.sku.sku] for row in rows}
                at_most = offer.effect.at_most
                fee = sum(fees.values()) if at_most is None else min(sum(fees.values()), at_most)
                for sku, share in share_out(fee, fees).items():
                    found.fees[sku] -= share
                    found.shares += [Share(offer.code, sku, share, of_fee=True)] if share else []
        else:
            for sku, share in takes(offer.effect, rows, base, found.left).items():
                found.left[sku] -= share
                found.shares += [Share(offer.code, sku, share)] if share else []

    def _took_lawfully(self, offer: Offer, found: Outcome) -> bool:
        if offer.code in found.gifts:
            sku, units = found.gifts[offer.code]
            taken = self.occasion.gifts[sku].price.amount * units
        else:
            taken = found.taken_by(offer.code)
        spent = self.whole[offer.code].spent
        within_budget = offer.budget is None or taken <= offer.budget - spent
        return within_budget and (taken > 0 or offer.code in found.gifts)

    def _can_be_given(self, code: str, units: int, found: Outcome) -> bool:
        gift: Sku | None = self.occasion.gifts.get(code)
        bought = sum(row.quantity for row in self.rows if row.sku.sku == code)
        given = sum(count for sku, count in found.gifts.values() if sku == code)
        return (
            gift is not None
            and (gift.price.currency, gift.order_type) == (self.currency, self.rows[0].sku.order_type)
            and self.occasion.gift_stock.get(code, 0) - bought - given >= units
        )

    def _meet(self, one: Offer, other: Offer) -> bool:
        return any(row in self.lines(other) for row in self.lines(one))

    def _prices_of(self, row: Row, whole: Sequence[Offer]) -> list[Offer]:
        """The offers by line that the line takes: of all sets without exclusions the one that takes most."""
        displacing = [offer for offer in whole if offer.scope.covers(row.sku)]
        amount = {row.sku.sku: row.amount}
        worth = {
            offer.code: takes(offer.effect, [row], amount, amount)[row.sku.sku]
            for offer in self.prices
            if offer.scope.covers(row.sku) and not any(excludes(offer, other) for other in displacing)
        }
        candidates = [offer for offer in self.prices if worth.get(offer.code)]
        if not any(excludes(one, other) for one, other in combinations(candidates, 2)):
            return candidates
        lawful = (
            some
            for some in _subsets(candidates)
            if not any(excludes(one, other) for one, other in combinations(some, 2))
        )
        wanted = self.occasion.wishes.promotion_codes
        return list(
            min(
                lawful,
                key=lambda some: (
                    [code not in {offer.code for offer in some} for code in wanted],
                    -sum(worth[offer.code] for offer in some),
                    sorted((offer.priority, offer.code) for offer in some),
                ),
            )
        )

    def payable_in_points(self, found: Outcome) -> dict[str, int]:
        """What points may pay for: what is left of the lines that no applied offer keeps from them."""
        payable = {}
        for row in self.rows:
            on_line = {share.code for share in found.shares if share.sku == row.sku.sku} | found.whole
            offers = [*self.prices, *(running.offer for running in self.whole.values())]
            keeping = [
                offer
                for offer in offers
                if offer.code in on_line and offer.scope.covers(row.sku) and not offer.permits_points
            ]
            if not keeping:
                payable[row.sku.sku] = found.left[row.sku.sku]
        return payable

    def pay_with_points(self, found: Outcome) -> None:
        """Take off what the buyer wants to pay in points, if that is allowed."""
        policy, points = self.occasion.points_policy, self.occasion.wishes.points
        if policy is None or policy.currency != self.currency or points <= 0:
            return
        payable = self.payable_in_points(found)
        worth = points // policy.points * policy.amount
        is_allowed = (
            points % policy.points == 0
            and policy.minimum <= points <= self.occasion.points_balance
            and worth <= sum(payable.values()) * policy.share_basis_points // 10_000
        )
        for sku, share in share_out(worth if is_allowed else 0, payable).items():
            found.left[sku] -= share
            found.shares += [Share(Source.POINTS, sku, share)] if share else []


def excludes(one: Offer, other: Offer) -> bool:
    if one.exclusion_group is not None and one.exclusion_group == other.exclusion_group:
        return True
    return not _names(one, other) or not _names(other, one)


def _names(one: Offer, other: Offer) -> bool:
    named = one.stackable_with
    return named is None or other.source in named or other.code in named or other.template in named


def _turn(offer: Offer) -> tuple[object, ...]:
    if offer.applied_in is Stage.SHIPPING:
        return SOURCES.index(offer.source), offer.priority, offer.code
    return not offer.is_line_wise, offer.priority, offer.code


def _within(offer: Offer, occasion: Occasion) -> bool:
    return (
        (offer.starts_at is None or offer.starts_at <= occasion.at)
        and (offer.ends_at is None or occasion.at < offer.ends_at)
        and (not offer.channels or occasion.channel in offer.channels)
        and (not offer.member_tiers or occasion.member_tier in offer.member_tiers)
    )


def _subsets(members: Iterable[Member]) -> Iterator[tuple[Member, ...]]:
    every = list(members)
    return chain.from_iterable(combinations(every, size) for size in range(len(every) + 1))
