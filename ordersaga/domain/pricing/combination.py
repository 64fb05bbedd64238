"""The best lawful combination of offers, found by branch and bound (R-PRC-2; the law is in docs/pricing.md).

Only offers that apply as a whole are chosen; which offers go line by line beside them follows. The search walks the
stages: in each it decides on the offers that would take something, the dearest first, lets them take, and goes on with
what is left. A branch is cut when even the most that it could still take – of bases that only shrink, by offers that
do not exclude one another – is no better than what is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ordersaga.domain.pricing.application import Left, LinesOf
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import GOODS_STAGES, Candidate
from ordersaga.domain.pricing.exclusion import ByLine, exclude_each_other
from ordersaga.domain.pricing.source import Source, Stage

DECISIONS = 20_000
"""After so many decisions the best combination so far is the answer. Realistic carts need some tens."""

_ENTRY = 10
"""How many decisions the work at the entry of a stage counts for."""
_WALK = (*GOODS_STAGES, Stage.SHIPPING)
_TURN = {stage: number for number, stage in enumerate(_WALK)}


class Worth(NamedTuple):
    """What a combination is worth to the buyer; compared from the first to the last."""

    chosen: int
    saved: int
    gifts: int
    coupons_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The `whole` offers that apply, and beside them those that go line by line. `exact` is false when the search was
    cut short.
    """

    whole: tuple[Candidate, ...]
    by_line: LinesOf
    exact: bool
    decisions: int


class _OutOfDecisions(Exception):
    """The search has taken as long as it may."""


@dataclass(slots=True)
class _Walk:
    """Where the search stands: what was taken and what is left; `shipping` is the state before coupons."""

    left: Left
    whole: tuple[int, ...]
    worth: Worth
    shipping: Left | None = None


def best_combination(candidates: Sequence[Candidate], basket: Basket, decisions: int = DECISIONS) -> Combination:
    return _Search(candidates, basket, decisions).run()


class _Search:
    def __init__(self, candidates: Sequence[Candidate], basket: Basket, decisions: int) -> None:
        self._basket = basket
        self._by_line = ByLine([item for item in candidates if item.by_line], basket)
        self._whole = sorted((item for item in candidates if not item.by_line), key=_stage_and_order)
        self._clash = [
            sum(1 << place for place, other in enumerate(self._whole) if exclude_each_other(item, other))
            for item in self._whole
        ]
        self._cliques = self._in_cliques()
        self._displacing = [place for place, item in enumerate(self._whole) if self._by_line.displaced_by(item)]
        self._decisions_left = self._decisions = decisions
        self._best: tuple[Worth, tuple[int, ...], LinesOf] | None = None
        self._lines: LinesOf = ()
        self._required = self._forbidden = 0

    def run(self) -> Combination:
        exact = True
        try:
            for required in self._displacements():
                self._begin(required)
        except _OutOfDecisions:
            exact = False
        _, whole, by_line = self._best or (None, (), self._by_line.beside(()))
        return Combination(
            whole=tuple(self._whole[place] for place in whole),
            by_line=by_line,
            exact=exact,
            decisions=self._decisions - self._decisions_left,
        )

    def _displacements(self) -> Iterator[tuple[int, ...]]:
        """Every lawful choice among the offers that displace others from their lines."""
        places = sorted(self._displacing, key=lambda place: -self._whole[place].chosen)

        def extend(start: int, taken: tuple[int, ...], clash: int) -> Iterator[tuple[int, ...]]:
            for index in range(start, len(places)):
                if not clash >> places[index] & 1:
                    yield from extend(index + 1, (*taken, places[index]), clash | self._clash[places[index]])
            yield taken

        yield from extend(0, (), 0)

    def _begin(self, required: tuple[int, ...]) -> None:
        self._required = _bits(required)
        self._forbidden = _bits(self._displacing) & ~self._required
        for place in required:
            self._forbidden |= self._clash[place]
        self._lines = self._by_line.beside([self._whole[place] for place in required])
        chosen = sum(item.chosen for item, _ in self._lines)
        self._enter(0, _Walk(Left.whole(self._basket), (), Worth(chosen, 0, 0, 0)))

    def _enter(self, number: int, walk: _Walk) -> None:
        """Walk through the stage of this number, and those behind it."""
        if number == len(_WALK):
            if not self._required & ~_bits(walk.whole) and self._is_better(walk.worth):
                self._best = (walk.worth, walk.whole, self._lines)
            return
        self._spend(_ENTRY)
        stage, left = _WALK[number], walk.left
        if stage is Stage.SHIPPING:
            left = walk.shipping or left
        else:
            left = left.copy()
            saved = sum(taken.amount for taken in left.begin(self._lines, stage))
            walk = _Walk(left, walk.whole, walk.worth._replace(saved=walk.worth.saved + saved), walk.shipping)
            if stage is Stage.COUPON:
                walk.shipping = left.copy()
        forbidden = self._forbidden
        for place in walk.whole:
            forbidden |= self._clash[place]
        later = left.after_this_stage()
        most = {
            place: self._most(item, left if item.stage is stage else later)
            for place, item in enumerate(self._whole)
            if not forbidden >> place & 1 and _TURN[item.stage] >= number
        }
        here = [place for place in most if self._whole[place].stage is stage and any(most[place][1:])]
        here.sort(key=lambda place: (*(-value for value in most[place]), place))
        behind = {place: worth for place, worth in most.items() if self._whole[place].stage is not stage}
        lines_behind = sum(
            min(part, left.left[place])
            for item, places in self._lines
            if _TURN[item.stage] > number
            for place, part in zip(item.lines, item.wants(left.left)[1], strict=True)
            if place in places
        )
        self._decide(number, walk, left, here, 0, (), most, behind, lines_behind)

    def _decide(
        self,
        number: int,
        walk: _Walk,
        left: Left,
        here: list[int],
        index: int,
        taken: tuple[int, ...],
        most: dict[int, tuple[int, int, int]],
        behind: dict[int, tuple[int, int, int]],
        lines_behind: int,
    ) -> None:
        """Decide on the offers of a stage from `index` on, each taken or left."""
        self._spend()
        clash = 0
        for place in taken:
            clash |= self._clash[place]
        if not self._is_better(self._bound(walk.worth, most, taken, here[index:], behind, clash, lines_behind)):
            return
        while index < len(here) and clash >> here[index] & 1:
            index += 1
        if index == len(here):
            self._apply(number, walk, left, taken)
            return
        for chosen in ((*taken, here[index]), taken):
            if chosen is taken and self._required >> here[index] & 1:
                continue
            self._decide(number, walk, left, here, index + 1, chosen, most, behind, lines_behind)

    def _apply(self, number: int, walk: _Walk, left: Left, taken: tuple[int, ...]) -> None:
        """Let the offers decided on take, in their turns; each has to take something."""
        left = left.copy()
        chosen, saved, gifts, coupons_left = walk.worth
        for place in sorted(taken):
            item = self._whole[place]
            found = left.apply(item)
            if found is None:
                return
            value = found.gift_units * item.gift_price
            chosen, saved, gifts = chosen + item.chosen, saved + found.amount - value, gifts + value
            coupons_left -= item.offer.source is Source.COUPON
        worth = Worth(chosen, saved, gifts, coupons_left)
        self._enter(number + 1, _Walk(left, (*walk.whole, *taken), worth, walk.shipping))

    def _bound(
        self,
        worth: Worth,
        most: dict[int, tuple[int, int, int]],
        taken: tuple[int, ...],
        here: Sequence[int],
        behind: dict[int, tuple[int, int, int]],
        clash: int,
        lines_behind: int,
    ) -> Worth:
        """No lawful combination from here on is worth more."""
        chosen, saved, gifts, coupons_left = worth
        saved += lines_behind
        for place in taken:
            more = most[place]
            chosen, saved, gifts = chosen + more[0], saved + more[1], gifts + more[2]
            coupons_left -= self._whole[place].offer.source is Source.COUPON
        by_clique: dict[int, tuple[int, int, int]] = {}
        for places, values in ((here, most), (behind, behind)):
            for place in places:
                if not clash >> place & 1:
                    known = by_clique.get(self._cliques[place], (0, 0, 0))
                    by_clique[self._cliques[place]] = tuple(map(max, known, values[place]))  # type: ignore[assignment]
        for more in by_clique.values():
            chosen, saved, gifts = chosen + more[0], saved + more[1], gifts + more[2]
        return Worth(chosen, saved, gifts, coupons_left)

    def _most(self, item: Candidate, left: Left) -> tuple[int, int, int]:
        """The most that an offer can be worth from here on: chosen, saved, given."""
        units = item.gift(left.base)
        amount = left.most(item)
        return (item.chosen if units or amount else 0), amount, units * item.gift_price

    def _is_better(self, worth: Worth) -> bool:
        return self._best is None or worth > self._best[0]

    def _in_cliques(self) -> list[int]:
        """A number for each whole offer; those of one number all exclude one another."""
        members: list[int] = []
        numbers = []
        for place in range(len(self._whole)):
            for number, clique in enumerate(members):
                if clique & ~self._clash[place] == 0:
                    members[number] |= 1 << place
                    numbers.append(number)
                    break
            else:
                members.append(1 << place)
                numbers.append(len(members) - 1)
        return numbers

    def _spend(self, decisions: int = 1) -> None:
        self._decisions_left -= decisions
        if self._decisions_left < 0:
            raise _OutOfDecisions


def _bits(places: Sequence[int]) -> int:
    return sum(1 << place for place in places)


def _stage_and_order(item: Candidate) -> tuple[int, tuple[int, int, str]]:
    return _TURN[item.stage], item.order
