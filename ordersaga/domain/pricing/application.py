"""Offers at work on a basket, stage by stage: what each takes of each line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import ge

from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import GOODS_STAGES, Candidate
from ordersaga.domain.pricing.effects import FreeShipping, Gift
from ordersaga.domain.pricing.source import Stage
from ordersaga.domain.pricing.takings import share

LinesOf = Sequence[tuple[Candidate, list[int]]]
"""Offers that go line by line, each with the lines on which it applies."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an offer took: of each of its lines in minor units, or units of a gift."""

    candidate: Candidate
    shares: tuple[tuple[int, int], ...]
    gift_units: int = 0

    @property
    def saved(self) -> int:
        """What the buyer pays less."""
        return sum(amount for _, amount in self.shares)

    @property
    def amount(self) -> int:
        """What it is worth to the buyer; a gift by its list price."""
        return self.saved + self.gift_units * self.candidate.gift_price


@dataclass(slots=True)
class Left:
    """What is left of a basket's lines and fees while offers take from it. `base` is that of the present stage."""

    basket: Basket
    base: list[int]
    left: list[int]
    fees: list[int]
    gifts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def whole(cls, basket: Basket) -> "Left":
        return cls(basket, list(basket.amounts), list(basket.amounts), list(basket.fees))

    def copy(self) -> "Left":
        return Left(self.basket, self.base, self.left.copy(), self.fees.copy(), self.gifts.copy())

    def after_this_stage(self) -> "Left":
        """What later stages begin with at the most: what is left now."""
        return Left(self.basket, self.left, self.left, self.fees, self.gifts)

    def begin(self, by_line: LinesOf, stage: Stage) -> list[Taken]:
        """Enter a stage: its base is what is left, and the offers that go line by line take from it first."""
        self.base = self.left.copy()
        taken = []
        for candidate, places in by_line:
            if candidate.stage is stage:
                wanted = dict(zip(candidate.lines, candidate.wants(self.base)[1], strict=True))
                shares = [(place, min(wanted[place], self.room(place))) for place in places]
                taken.append(self._take(candidate, shares))
        return [item for item in taken if item.shares]

    def apply(self, candidate: Candidate) -> Taken | None:
        """Let a whole offer take its part; `None` when that is nothing, and then nothing has changed."""
        if isinstance(candidate.offer.effect, FreeShipping):
            return self._free_of_fee(candidate, candidate.offer.effect)
        if isinstance(candidate.offer.effect, Gift):
            return self._gift(candidate, candidate.offer.effect)
        shares = self.shares(candidate)
        whole = sum(shares)
        if not whole or (candidate.budget is not None and whole > candidate.budget):
            return None
        return self._take(candidate, zip(candidate.lines, shares, strict=True))

    def shares(self, candidate: Candidate) -> list[int]:
        """What an offer takes of the goods of each of its lines as things are, whatever its budget."""
        amount, parts = candidate.wants(self.base)
        rooms = [self.room(place) for place in candidate.lines]
        if candidate.own_shares:
            return [min(part, room) for part, room in zip(parts, rooms, strict=True)]
        shares = share(amount, parts, rooms)
        if not candidate.takes_percentage or all(map(ge, rooms, parts)):
            return shares
        return list(map(min, shares, candidate.most_of_each(self.base)))

    def most(self, candidate: Candidate) -> int:
        """No less than what the offer takes of this base, or of any smaller one."""
        effect = candidate.offer.effect
        amount = self._fee(candidate, effect) if isinstance(effect, FreeShipping) else candidate.wants(self.base)[0]
        return amount if candidate.budget is None else min(amount, candidate.budget)

    def room(self, place: int) -> int:
        return self.left[place] - self.basket.floors[place]

    def _take(self, candidate: Candidate, shares: Iterable[tuple[int, int]]) -> Taken:
        found = tuple((place, amount) for place, amount in shares if amount)
        for place, amount in found:
            self.left[place] -= amount
        return Taken(candidate, found)

    def _fee(self, candidate: Candidate, effect: FreeShipping) -> int:
        """What an offer would take of the fees that are left."""
        fee = sum(self.fees[place] for place in candidate.lines) if candidate.reaches(self.base) else 0
        return fee if effect.at_most is None else min(fee, effect.at_most)

    def _free_of_fee(self, candidate: Candidate, effect: FreeShipping) -> Taken | None:
        amount = self._fee(candidate, effect)
        fees = [self.fees[place] for place in candidate.lines]
        if not amount or (candidate.budget is not None and amount > candidate.budget):
            return None
        shares = zip(candidate.lines, share(amount, fees, fees), strict=True)
        found = tuple((place, part) for place, part in shares if part)
        for place, part in found:
            self.fees[place] -= part
        return Taken(candidate, found)

    def _gift(self, candidate: Candidate, effect: Gift) -> Taken | None:
        units = candidate.gift(self.base)
        given = self.gifts.get(effect.sku, 0)
        if not units or units + given > candidate.gift_units:
            return None
        self.gifts[effect.sku] = given + units
        return Taken(candidate, (), units)


@dataclass(slots=True)
class Applied:
    """A combination worked out. `bases` has for each stage its base, and what is left at its end; `left` is what money
    pays, before points.
    """

    taken: list[Taken]
    bases: dict[Stage, Left]
    left: Left


def work_out(basket: Basket, by_line: LinesOf, whole: Sequence[Candidate]) -> Applied:
    """Apply a combination: `whole` offers, and beside them those that go line by line."""
    left = Left.whole(basket)
    taken: list[Taken] = []
    bases: dict[Stage, Left] = {}
    before_coupons = left
    for stage in GOODS_STAGES:
        taken += left.begin(by_line, stage)
        if stage is Stage.COUPON:
            before_coupons = left.copy()
        taken += _turns(left, whole, stage)
        bases[stage] = left.copy()
    bases[Stage.SHIPPING] = before_coupons
    before_coupons.fees = left.fees
    taken += _turns(before_coupons, whole, Stage.SHIPPING)
    return Applied(taken, bases, left)


def _turns(left: Left, whole: Sequence[Candidate], stage: Stage) -> list[Taken]:
    turns = sorted((item for item in whole if item.stage is stage), key=lambda item: item.order)
    return [found for item in turns if (found := left.apply(item)) is not None]
