"""The best lawful combination of offers, found by branch and bound (R-PRC-2; the law is in docs/pricing.md).

Only offers that apply as a whole are chosen; which offers go line by line beside them follows. First those that stand
in one another's way are chosen among, then the stages are walked: in each the other offers are taken or left, and what
they leave is the base of the next. A branch is cut as soon as even its ceiling is no better than what is known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from ordersaga.domain.pricing.application import Left, LinesOf, Taken, work_out
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import WALK, Candidate
from ordersaga.domain.pricing.ceiling import NOTHING, Ceilings, Value, Worth, ceilings, places_of
from ordersaga.domain.pricing.dominance import Dominance
from ordersaga.domain.pricing.exclusion import ByLine, exclude_each_other
from ordersaga.domain.pricing.source import Source, Stage

DECISIONS = 10_000
"""After so many decisions the best combination so far is the answer. Realistic carts need some hundreds."""
_ENTRY = 10
"""How many decisions the work at the entry of a stage counts for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The `whole` offers that apply, and beside them those that go line by line. `exact` is false when the search was
    cut short after too many `decisions`.
    """

    whole: tuple[Candidate, ...]
    by_line: LinesOf
    exact: bool
    decisions: int


class _OutOfDecisions(Exception):
    """The search has taken as long as it may."""


@dataclass(frozen=True, slots=True)
class _Outlook:
    """How things stand beside some of the contested offers before the others are chosen."""

    lines: LinesOf
    ceilings: Ceilings


@dataclass(frozen=True, slots=True)
class _Walk:
    """A way through the stages so far. The `required` offers have to be taken, those of the bits `open` may be;
    `before_coupons` is what shipping offers look at.
    """

    required: tuple[int, ...]
    open: int
    lines: LinesOf
    left: Left
    whole: tuple[int, ...]
    worth: Worth
    before_coupons: Left | None = None


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage that a walk has entered."""

    number: int
    walk: _Walk
    ahead: Ceilings
    dominance: Callable[[], Dominance]


def best_combination(candidates: Sequence[Candidate], basket: Basket, decisions: int = DECISIONS) -> Combination:
    return _Search(candidates, basket, decisions).run()


class _Search:
    def __init__(self, candidates: Sequence[Candidate], basket: Basket, decisions: int) -> None:
        self._basket = basket
        self._by_line = ByLine([item for item in candidates if item.by_line], basket)
        self._whole = sorted((item for item in candidates if not item.by_line), key=_turn)
        self._clash = [
            sum(1 << place for place, other in enumerate(self._whole) if exclude_each_other(item, other))
            for item in self._whole
        ]
        self._in_stage = [
            sum(1 << place for place, item in enumerate(self._whole) if item.stage is stage) for stage in WALK
        ]
        self._displacing = sum(1 << place for place, item in enumerate(self._whole) if self._by_line.displaced_by(item))
        everything = self._by_line.most_beside(())[1]
        self._displaced_worth = [
            everything - self._by_line.most_beside([item])[1] if self._displacing >> place & 1 else 0
            for place, item in enumerate(self._whole)
        ]
        self._cliques = self._in_cliques()
        self._outlooks: dict[tuple[int, ...], _Outlook] = {}
        self._decisions_left = self._decisions = decisions
        self._best: tuple[Worth, tuple[int, ...], LinesOf] | None = None

    def run(self) -> Combination:
        everything = (1 << len(self._whole)) - 1
        exact = True
        try:
            self._begin_with(place for place in range(len(self._whole)) if not self._displacing >> place & 1)
            self._choose((), everything)
        except _OutOfDecisions:
            exact = False
        whole, by_line = (self._best[1], self._best[2]) if self._best else ((), self._by_line.beside(()))
        return Combination(
            whole=tuple(self._whole[place] for place in whole),
            by_line=by_line,
            exact=exact,
            decisions=self._decisions - max(0, self._decisions_left),
        )

    def _begin_with(self, places: Iterable[int]) -> None:
        """Know a good combination from the start: the dearest first, as far as they do not exclude one another."""
        whole = Left.whole(self._basket)
        taken, closed = [], 0
        for place in sorted(places, key=lambda place: -whole.most(self._whole[place])):
            if not closed >> place & 1:
                taken.append(place)
                closed |= self._clash[place]
        lines = self._by_line.beside(())
        applied = work_out(self._basket, lines, [self._whole[place] for place in taken])
        applying = {found.candidate for found in applied.taken}
        by_place = tuple(place for place in taken if self._whole[place] in applying)
        self._best = (_worth(applied.taken, lines), by_place, lines)

    def _choose(self, chosen: tuple[int, ...], open_offers: int) -> None:
        """Choose among the offers that stand in the way of prices, or of others in other stages; then walk."""
        self._spend(1)
        outlook = self._outlook(chosen, open_offers)
        ahead = outlook.ceilings
        if not self._is_better(ahead.ceiling(ahead.of(chosen, self._open_cliques(open_offers)))):
            return
        contested = [
            place
            for place in places_of(open_offers)
            if self._displacing >> place & 1 or self._clash[place] & open_offers & ~self._beside(place)
        ]
        if not contested:
            left = Left.whole(self._basket)
            self._stage(0, _Walk(chosen, open_offers | _bits(chosen), outlook.lines, left, (), NOTHING))
            return
        values = ahead.values
        place = max(contested, key=lambda place: self._eagerness(place, open_offers, values))
        others = open_offers & ~(1 << place)
        ways = [((*chosen, place), others & ~self._clash[place]), (chosen, others)]
        best_rival = max((values[rival][1] for rival in places_of(self._clash[place] & open_offers)), default=0)
        is_best = values[place][1] >= max(best_rival, self._displaced_worth[place])
        for way in ways if is_best or values[place][0] else reversed(ways):
            self._choose(*way)

    def _eagerness(self, place: int, open_offers: int, values: Mapping[int, Value]) -> tuple[int, int, Value, int]:
        """Which contested offer to decide on first: whatever settles most."""
        rivals = (self._clash[place] & open_offers).bit_count()
        return self._displacing >> place & 1, rivals, values[place], -place

    def _outlook(self, chosen: tuple[int, ...], open_offers: int) -> _Outlook:
        """The outlook beside the chosen ones; only those matter that displace others, or take a percentage later.

        While others may still displace what goes by line, nothing is sure of that but what it takes at the most.
        """
        may_displace = bool(self._displacing & open_offers)
        displacing = tuple(place for place in chosen if self._displacing >> place & 1)
        shaping = () if may_displace else (place for place in chosen if self._whole[place].takes_percentage)
        key = (may_displace, *sorted({*displacing, *shaping}))
        if key not in self._outlooks:
            self._spend(_ENTRY)
            beside = [self._whole[place] for place in displacing]
            lines: LinesOf = [] if may_displace else self._by_line.beside(beside)
            left = Left.whole(self._basket)
            if may_displace:
                worth = Worth(*self._by_line.most_beside(beside), 0, 0)
            else:
                worth = Worth(sum(item.chosen for item, _ in lines), _taken(left, lines, WALK[0]), 0, 0)
            sure = _bits([place for place, clash in enumerate(self._clash) if not clash]) & ~self._displacing
            sure |= _bits(key[1:]) & ~(self._displacing if may_displace else 0)
            ahead = ceilings(worth, self._whole, left, 0, lines, sure, self._cliques)
            self._outlooks[key] = _Outlook(lines, ahead)
        return self._outlooks[key]

    def _stage(self, number: int, walk: _Walk) -> None:
        """Enter the stage of this number, and decide on the offers that stand in it."""
        if number == len(WALK):
            if self._is_better(walk.worth):
                self._best = (walk.worth, walk.whole, walk.lines)
            return
        self._spend(_ENTRY)
        stage, before, left, worth = WALK[number], walk.before_coupons, walk.left, walk.worth
        if number == 0:
            worth = worth._replace(chosen=sum(item.chosen for item, _ in walk.lines))
        if stage is Stage.SHIPPING:
            left = before or left
        else:
            left = left.copy()
            worth = worth._replace(saved=worth.saved + _taken(left, walk.lines, stage))
            before = left.copy() if stage is Stage.COUPON else before
        still_open = walk.open & ~sum(self._in_stage[:number])
        required = [place for place in walk.required if still_open >> place & 1]
        sure = _bits([place for place in places_of(still_open) if not self._clash[place] & still_open])
        ahead = ceilings(worth, self._whole, left, number, walk.lines, sure, self._cliques)
        nothing = [place for place, value in ahead.values.items() if not any(value[1:])]
        taken = tuple(place for place in required if self._in_stage[number] >> place & 1)
        walk = replace(walk, left=left, worth=worth, before_coupons=before, open=still_open)
        undecided = still_open & ~_bits(nothing) & ~_bits(taken)
        dominance = cache(lambda: self._dominance(walk, number, still_open & ~_bits(nothing)))
        self._decide(_Stage(number, walk, ahead, dominance), undecided, taken)

    def _dominance(self, walk: _Walk, number: int, open_offers: int) -> Dominance:
        here = [self._whole[place] for place in places_of(open_offers & self._in_stage[number])]
        later = [self._whole[place] for place in places_of(open_offers & ~self._in_stage[number])]
        return Dominance(walk.left, here, later, [found for found in walk.lines if found[0].turn > number])

    def _decide(self, stage: _Stage, undecided: int, taken: tuple[int, ...]) -> None:
        """Take or leave the dearest of the offers of a stage on which nothing is decided, then the others."""
        self._spend(1)
        coupons = sum(self._whole[place].offer.source is Source.COUPON for place in taken)
        value = stage.ahead.of(taken, self._open_cliques(undecided))
        if not self._is_better(stage.ahead.ceiling(value, coupons)):
            return
        here = places_of(undecided & self._in_stage[stage.number])
        if not here:
            self._apply(stage, taken)
            return
        first = max(here, key=lambda place: (stage.ahead.values[place], -place))
        others = undecided & ~(1 << first)
        self._decide(stage, others & ~self._clash[first], (*taken, first))
        if self._clash[first] & undecided or not stage.dominance().holds_for(self._whole[first]):
            self._decide(stage, others, taken)

    def _apply(self, stage: _Stage, taken: tuple[int, ...]) -> None:
        """Let the offers of a stage take, in their turns; one that finds nothing to take is left out."""
        walk = stage.walk
        left = walk.left.copy()
        chosen, saved, gifts, coupons_left = walk.worth
        whole, closed = list(walk.whole), _bits(taken)
        for place in sorted(taken):
            item = self._whole[place]
            found = left.apply(item)
            if found is None and self._displacing >> place & 1:
                return  # and it has kept prices away for nothing
            if found is not None:
                chosen, gifts = chosen + item.chosen, gifts + found.gift_units * item.gift_worth
                saved += found.amount - found.gift_units * item.gift_price
                coupons_left -= item.offer.source is Source.COUPON
                whole.append(place)
                closed |= self._clash[place]
        worth = Worth(chosen, saved, gifts, coupons_left)
        after = replace(walk, left=left, whole=tuple(whole), worth=worth, open=walk.open & ~closed)
        self._stage(stage.number + 1, after)

    def _is_better(self, worth: Worth) -> bool:
        return self._best is None or worth > self._best[0]

    def _beside(self, place: int) -> int:
        """The offers of the same stage, as bits."""
        return self._in_stage[self._whole[place].turn]

    def _open_cliques(self, open_offers: int) -> list[tuple[int, ...]]:
        return [places_of(clique & open_offers) for clique in self._cliques if clique & open_offers]

    def _in_cliques(self) -> list[int]:
        """All offers, as bits, in groups of one stage of which all exclude one another."""
        cliques: list[int] = []
        for place, clash in enumerate(self._clash):
            fits = clash & self._beside(place)
            number = next((number for number, clique in enumerate(cliques) if not clique & ~fits), None)
            if number is None:
                cliques.append(1 << place)
            else:
                cliques[number] |= 1 << place
        return cliques

    def _spend(self, decisions: int) -> None:
        self._decisions_left -= decisions
        if self._decisions_left < 0:
            raise _OutOfDecisions


def _worth(taken: Sequence[Taken], lines: LinesOf) -> Worth:
    whole = [found for found in taken if not found.candidate.by_line]
    chosen = sum(item.chosen for item, _ in lines) + sum(found.candidate.chosen for found in whole)
    saved = sum(found.amount - found.gift_units * found.candidate.gift_price for found in taken)
    gifts = sum(found.gift_units * found.candidate.gift_worth for found in whole)
    return Worth(chosen, saved, gifts, -sum(found.candidate.offer.source is Source.COUPON for found in whole))


def _taken(left: Left, lines: LinesOf, stage: Stage) -> int:
    return sum(taken.amount for taken in left.begin(lines, stage))


def _bits(places: Iterable[int]) -> int:
    return sum(1 << place for place in places)


def _turn(item: Candidate) -> tuple[int, tuple[int, int, str]]:
    return item.turn, item.order
