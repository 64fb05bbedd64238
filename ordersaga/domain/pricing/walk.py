"""A walk through the stages: in each the offers that stand in it are taken or left, and what is left is the base of the
next. A branch is cut as soon as even its ceiling is no better than what is known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

from ordersaga.domain.pricing.application import Left, LinesOf
from ordersaga.domain.pricing.candidates import WALK
from ordersaga.domain.pricing.ceiling import NOTHING, Ceilings, Worth, ceilings
from ordersaga.domain.pricing.dominance import Dominance
from ordersaga.domain.pricing.rivalry import Rivalry, bits_of, candidates_of, numbers_of
from ordersaga.domain.pricing.source import Source, Stage


class OutOfDecisions(Exception):
    """The search has taken as long as it may."""


@dataclass(slots=True)
class Progress:
    """How many decisions may still be taken, and the best combination so far: its whole offers and those by line.

    The more `offers` and lines there are, the more decisions one counts for, and the entry of a stage for more yet, so
    that the effort is bounded for large carts too.
    """

    decisions: int
    offers: int
    lines_in_cart: int
    worth: Worth | None = None
    whole: tuple[int, ...] = ()
    lines: LinesOf = ()

    def decide(self) -> None:
        self._spend(1 + self.offers // 40)

    def enter(self) -> None:
        self._spend(1 + self.offers * self.lines_in_cart // 80)

    def _spend(self, decisions: int) -> None:
        self.decisions -= decisions
        if self.decisions < 0:
            raise OutOfDecisions

    def is_better(self, worth: Worth) -> bool:
        return self.worth is None or worth > self.worth

    def keep(self, worth: Worth, whole: tuple[int, ...], lines: LinesOf) -> None:
        if self.is_better(worth):
            self.worth, self.whole, self.lines = worth, whole, lines


@dataclass(frozen=True, slots=True)
class _Way:
    """A way so far: the `whole` offers that took, and their `worth`; `open` are those on which it is still to decide.

    `before_coupons` is what shipping offers look at.
    """

    open: int
    left: Left
    whole: tuple[int, ...]
    worth: Worth
    before_coupons: Left | None = None


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage that a way has entered."""

    turn: int
    way: _Way
    ahead: Ceilings
    dominance: Callable[[], Dominance]


class Walk:
    """Every way beside the prices of `lines`: the `required` offers are taken, and of those `open` the best ones."""

    def __init__(self, rivalry: Rivalry, progress: Progress, lines: LinesOf, required: Iterable[int]) -> None:
        self._rivalry = rivalry
        self._progress = progress
        self._lines = lines
        self._required = bits_of(required)

    def through(self, basket_left: Left, open_offers: int) -> None:
        chosen = sum(item.chosen for item, _ in self._lines)
        way = _Way(open_offers | self._required, basket_left, (), NOTHING._replace(chosen=chosen))
        self._enter(0, way)

    def _enter(self, turn: int, way: _Way) -> None:
        if turn == len(WALK):
            self._progress.keep(way.worth, way.whole, self._lines)
            return
        self._progress.enter()
        way = self._begun(turn, way)
        rivalry, here = self._rivalry, self._rivalry.stages[turn]
        sure = rivalry.unrivalled(way.open)
        ahead = ceilings(way.worth, rivalry, way.left, turn, self._lines, sure)
        useless = bits_of(number for number, value in ahead.values.items() if not value.is_something)
        taken = numbers_of(way.open & here & self._required)
        undecided = way.open & ~useless & ~bits_of(taken)
        dominance = cache(lambda: self._dominance(turn, way, way.open & ~useless))
        self._decide(_Stage(turn, way, ahead, dominance), undecided, taken)

    def _begun(self, turn: int, way: _Way) -> _Way:
        """The way once what goes by line has taken its part of the stage."""
        still_open = way.open & self._rivalry.from_stage[turn]
        stage = WALK[turn]
        if stage is Stage.SHIPPING:
            return replace(way, left=way.before_coupons or way.left, open=still_open)
        left = way.left.copy()
        saved = sum(taken.amount for taken in left.begin(self._lines, stage))
        worth = way.worth._replace(saved=way.worth.saved + saved)
        before = left.copy() if stage is Stage.COUPON else None
        return _Way(still_open, left, way.whole, worth, before)

    def _dominance(self, turn: int, way: _Way, open_offers: int) -> Dominance:
        here = self._rivalry.stages[turn]
        later = [found for found in self._lines if found[0].turn > turn]
        return Dominance(
            way.left,
            candidates_of(self._rivalry, open_offers & here),
            candidates_of(self._rivalry, open_offers & ~here),
            later,
        )

    def _decide(self, stage: _Stage, undecided: int, taken: tuple[int, ...]) -> None:
        """Take or leave the dearest of the offers of a stage on which nothing is decided, then the others."""
        self._progress.decide()
        here = numbers_of(undecided & self._rivalry.stages[stage.turn])
        if not here:
            self._apply(stage, taken)
            return
        first = max(here, key=lambda number: (stage.ahead.values[number], -number))
        others = undecided & ~(1 << first)
        ways = [(others & ~self._rivalry.clash[first], (*taken, first)), (others, taken)]
        for open_offers, chosen in ways:
            if self._may_be_better(stage, open_offers, chosen):
                is_left = chosen is taken and not self._rivalry.clash[first] & undecided
                if not (is_left and stage.dominance().holds_for(self._rivalry.whole[first])):
                    self._decide(stage, open_offers, chosen)

    def _may_be_better(self, stage: _Stage, open_offers: int, taken: tuple[int, ...]) -> bool:
        coupons = sum(self._rivalry.whole[number].offer.source is Source.COUPON for number in taken)
        value = stage.ahead.of(taken, self._rivalry.cliques_of(open_offers))
        return self._progress.is_better(stage.ahead.ceiling(value, coupons))

    def _apply(self, stage: _Stage, taken: tuple[int, ...]) -> None:
        """Let the offers of a stage take, in their turns; one that finds nothing to take is left out."""
        way = stage.way
        left, whole = way.left.copy(), list(way.whole)
        chosen, saved, gifts, coupons_left = way.worth
        for number in sorted(taken):
            item = self._rivalry.whole[number]
            found = left.apply(item)
            if found is None and self._rivalry.displacing >> number & 1:
                return  # and it has kept prices away for nothing
            if found is not None:
                chosen, saved = chosen + item.chosen, saved + found.saved
                gifts += found.gift_units * item.gift_worth
                coupons_left -= item.offer.source is Source.COUPON
                whole.append(number)
        closed = bits_of(taken) | self._rivalry.excluded_by(whole)
        worth = Worth(chosen, saved, gifts, coupons_left)
        self._enter(stage.turn + 1, _Way(way.open & ~closed, left, tuple(whole), worth, way.before_coupons))
