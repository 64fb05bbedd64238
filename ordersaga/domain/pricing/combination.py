"""The best lawful combination of offers, found by branch and bound (R-PRC-2; the law is in docs/pricing.md).

Only offers that apply as a whole are chosen; which offers go line by line beside them follows. First those that stand
in the way of prices, or of offers of other stages, are chosen among; then the stages are walked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ordersaga.domain.pricing.application import Left, LinesOf, Taken, work_out
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import WALK, Candidate
from ordersaga.domain.pricing.ceiling import NOTHING, Ceilings, Worth, ceilings
from ordersaga.domain.pricing.exclusion import ByLine
from ordersaga.domain.pricing.rivalry import Rivalry, bits_of, numbers_of
from ordersaga.domain.pricing.source import Source
from ordersaga.domain.pricing.walk import OutOfDecisions, Progress, Walk

DECISIONS = 10_000
"""After so many decisions the best combination so far is the answer. Most carts need some hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The `whole` offers that apply, and beside them those that go line by line. `exact` is false when the search was
    cut short after too many `decisions`.
    """

    whole: tuple[Candidate, ...]
    by_line: LinesOf
    exact: bool
    decisions: int


@dataclass(frozen=True, slots=True)
class _Outlook:
    """How things stand beside some of the contested offers before the others are chosen."""

    lines: LinesOf
    ceilings: Ceilings


def best_combination(candidates: Sequence[Candidate], basket: Basket, decisions: int = DECISIONS) -> Combination:
    by_line = ByLine([item for item in candidates if item.by_line], basket)
    list_amounts = Left.whole(basket)
    whole = [item for item in candidates if not item.by_line]
    whole = [item for item in whole if list_amounts.most(item) or item.most_gifts(basket.amounts)]
    if not whole:
        return Combination(whole=(), by_line=by_line.beside(()), exact=True, decisions=0)
    search = _Search(by_line, whole, basket, decisions)
    exact = search.is_exhaustive()
    progress = search.progress
    return Combination(
        whole=tuple(search.rivalry.whole[number] for number in progress.whole),
        by_line=progress.lines,
        exact=exact,
        decisions=decisions - max(0, progress.decisions),
    )


class _Search:
    """Among `whole` offers, each of which may take something."""

    def __init__(self, by_line: ByLine, whole: Sequence[Candidate], basket: Basket, decisions: int) -> None:
        self._basket = basket
        self._by_line = by_line
        self.rivalry = Rivalry(whole, self._by_line)
        self.progress = Progress(decisions, len(whole), len(basket.skus))
        most = self._by_line.most_beside(())[1]
        self._price_of = {
            number: most - self._by_line.most_beside([self.rivalry.whole[number]])[1]
            for number in numbers_of(self.rivalry.displacing)
        }
        self._unrivalled = self.rivalry.unrivalled(self.rivalry.everything) & ~self.rivalry.displacing
        self._rough = ceilings(NOTHING, self.rivalry, Left.whole(basket), 0, (), self._unrivalled)
        self._outlooks: dict[tuple[int, ...], _Outlook] = {}

    def is_exhaustive(self) -> bool:
        """Search; whether nothing better is left."""
        try:
            self._begin()
            self._choose((), self.rivalry.everything)
        except OutOfDecisions:
            return False
        return True

    def _begin(self) -> None:
        """Know a good combination from the start: the dearest first, as far as they exclude neither one another nor
        prices.
        """
        taken, closed = [], self.rivalry.displacing
        for number in sorted(numbers_of(self.rivalry.everything), key=lambda number: -self._rough.values[number].goods):
            if not closed >> number & 1:
                taken.append(number)
                closed |= self.rivalry.clash[number]
        lines = self._by_line.beside(())
        applied = work_out(self._basket, lines, [self.rivalry.whole[number] for number in taken])
        applying = {found.candidate for found in applied.taken}
        whole = tuple(number for number in taken if self.rivalry.whole[number] in applying)
        self.progress.keep(_worth(applied.taken, lines), whole, lines)

    def _choose(self, chosen: tuple[int, ...], open_offers: int) -> None:
        """Choose among the offers that stand in the way of prices, or of others in other stages; then walk."""
        self.progress.decide()
        if not self._may_be_better(self._roughly(chosen), chosen, open_offers):
            return
        contested = [
            number
            for number in numbers_of(open_offers)
            if self.rivalry.displacing >> number & 1
            or self.rivalry.clash[number] & open_offers & ~self.rivalry.stage_of(number)
        ]
        if not self.rivalry.displacing & open_offers:
            outlook = self._outlook(chosen)
            if not self._may_be_better(outlook.ceilings, chosen, open_offers):
                return
            if not contested:
                walk = Walk(self.rivalry, self.progress, outlook.lines, chosen)
                walk.through(Left.whole(self._basket), open_offers)
                return
        number = max(contested, key=lambda number: self._eagerness(number, open_offers))
        others = open_offers & ~(1 << number)
        ways = [((*chosen, number), others & ~self.rivalry.clash[number]), (chosen, others)]
        for way in ways if self._is_worth_it(number, open_offers) else reversed(ways):
            self._choose(*way)

    def _eagerness(self, number: int, open_offers: int) -> tuple[int, int, tuple[int, ...], int]:
        """Which contested offer to decide on first: whatever settles most."""
        rivals = (self.rivalry.clash[number] & open_offers).bit_count()
        return self.rivalry.displacing >> number & 1, rivals, self._rough.values[number], -number

    def _is_worth_it(self, number: int, open_offers: int) -> bool:
        """Whether an offer looks better than any of its rivals, and than the prices that it displaces."""
        values = self._rough.values
        rivals = numbers_of(self.rivalry.clash[number] & open_offers)
        cost = max((values[rival].goods for rival in rivals), default=0)
        return bool(values[number].chosen) or values[number].goods >= max(cost, self._price_of.get(number, 0))

    def _may_be_better(self, ahead: Ceilings, chosen: tuple[int, ...], open_offers: int) -> bool:
        value = ahead.of(chosen, self.rivalry.cliques_of(open_offers))
        return self.progress.is_better(ahead.ceiling(value))

    def _roughly(self, chosen: tuple[int, ...]) -> Ceilings:
        """The ceilings while nothing is sure of what goes by line but what it takes at the most."""
        displacing = [self.rivalry.whole[number] for number in chosen if self.rivalry.displacing >> number & 1]
        return replace(self._rough, worth=Worth(*self._by_line.most_beside(displacing), 0, 0))

    def _outlook(self, chosen: tuple[int, ...]) -> _Outlook:
        """The outlook once it is settled which prices there are; of the chosen ones those matter that displace prices,
        or take a percentage of what others leave.
        """
        shaping = tuple(
            number
            for number in sorted(chosen)
            if self.rivalry.displacing >> number & 1 or self.rivalry.whole[number].takes_percentage
        )
        if shaping not in self._outlooks:
            self.progress.enter()
            lines = self._by_line.beside([self.rivalry.whole[number] for number in shaping])
            left = Left.whole(self._basket)
            saved = sum(taken.amount for taken in left.begin(lines, WALK[0]))
            worth = Worth(sum(item.chosen for item, _ in lines), saved, 0, 0)
            sure = self._unrivalled | bits_of(shaping)
            self._outlooks[shaping] = _Outlook(lines, ceilings(worth, self.rivalry, left, 0, lines, sure))
        return self._outlooks[shaping]


def _worth(taken: Sequence[Taken], lines: LinesOf) -> Worth:
    whole = [found for found in taken if not found.candidate.by_line]
    return Worth(
        chosen=sum(item.chosen for item, _ in lines) + sum(found.candidate.chosen for found in whole),
        saved=sum(found.saved for found in taken),
        gifts=sum(found.gift_units * found.candidate.gift_worth for found in whole),
        coupons_left=-sum(found.candidate.offer.source is Source.COUPON for found in whole),
    )
