"""How much offers can be worth at the most: the bound of the search for the best combination.

What an offer takes never grows when its base shrinks, so on the largest base that it may still see it takes the most.
A budget and the units of a gift that are free may forbid that, and permit what is taken of a smaller base: those bound
what counts here, and do not refuse it.
Where a later offer surely takes a percentage of what an earlier one leaves, the earlier one is worth that much less:
of 100 off before 10 % off only 90 count, because the ceiling of the 10 % is that of the larger base.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ordersaga.domain.pricing.application import Left, LinesOf
from ordersaga.domain.pricing.candidates import TURN, Candidate
from ordersaga.domain.pricing.effects import WHOLE
from ordersaga.domain.pricing.rivalry import Rivalry, numbers_of
from ordersaga.domain.pricing.source import Stage

_COUPONS = TURN[Stage.COUPON]
_SHIPPING = TURN[Stage.SHIPPING]
_Percentages = Mapping[int, Sequence[tuple[int, int]]]
"""For each turn what is surely taken of these lines, as bits, in basis points."""


class Value(NamedTuple):
    """What an offer adds at the most: the buyer's preference, money off goods and off fees, gifts by their worth."""

    chosen: int
    goods: int
    fees: int
    gifts: int

    @property
    def is_something(self) -> bool:
        return bool(self.goods or self.fees or self.gifts)


class Worth(NamedTuple):
    """What a combination is worth to the buyer; compared from the first to the last."""

    chosen: int
    saved: int
    gifts: int
    coupons_left: int


NOTHING = Worth(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The most that each offer can add to `worth`. `goods` and `fees` are all that there is to save, and `besides` is
    what those that go line by line in later stages can, and what rounding may make of it all.

    `percentage_coupons` has for a coupon that takes a percentage, but is not sure to be taken, the basis points and
    the offers of earlier stages, as bits, that leave less to it.
    """

    worth: Worth
    values: dict[int, Value]
    besides: int
    goods: int
    fees: int
    percentage_coupons: dict[int, tuple[int, int]]

    def of(self, offers: Iterable[int], cliques: Iterable[Sequence[int]]) -> Value:
        """No more is added by `offers` and at most one of each clique."""
        counted, several = list(offers), []
        for clique in cliques:
            if len(clique) == 1:
                counted.append(clique[0])
            else:
                several.append(clique)
        chosen, goods, fees, gifts = 0, 0, 0, 0
        for number in counted:
            value = self.values[number]
            chosen, goods, fees, gifts = chosen + value[0], goods + value[1], fees + value[2], gifts + value[3]
        for clique in several:
            value = self._highest_of(clique, counted)
            chosen, goods, fees, gifts = chosen + value[0], goods + value[1], fees + value[2], gifts + value[3]
        return Value(chosen, goods, fees, gifts)

    def _highest_of(self, clique: Sequence[int], counted: Sequence[int]) -> Value:
        chosen, goods, fees, gifts = 0, 0, 0, 0
        for number in clique:
            value = self.values[number]
            saved = value.goods
            if number in self.percentage_coupons:
                points, earlier = self.percentage_coupons[number]
                before = sum(self.values[other].goods for other in counted if earlier >> other & 1)
                saved = max(0, saved - before * points // WHOLE + 1)  # + 1: a percentage is rounded
            chosen, goods = max(chosen, value.chosen), max(goods, saved)
            fees, gifts = max(fees, value.fees), max(gifts, value.gifts)
        return Value(chosen, goods, fees, gifts)

    def ceiling(self, value: Value, coupons: int = 0) -> Worth:
        """No combination is worth more that adds no more than `value`, with so many more coupons."""
        saved = min(value.goods + self.besides, self.goods) + min(value.fees, self.fees)
        worth = self.worth
        return Worth(
            worth.chosen + value.chosen, worth.saved + saved, worth.gifts + value.gifts, worth.coupons_left - coupons
        )


def ceilings(worth: Worth, rivalry: Rivalry, left: Left, turn: int, lines: LinesOf, sure: int) -> Ceilings:
    """The ceilings in the stage of this turn, which has begun. `sure` are the offers, as bits, that nothing stands in
    the way of.
    """
    later = left.after_this_stage()
    by_line = [(item, places) for item, places in lines if item.turn > turn]
    following = [item for number, item in enumerate(rivalry.whole) if sure >> number & 1 and item.turn > turn]
    percentages = _percentages(by_line, following, later)
    besides = sum(map(len, percentages.values())) * len(left.left)  # each percentage rounds on each line
    for item, places in by_line:
        parts = dict(zip(item.lines, item.wants(later.base)[1], strict=True))
        besides += sum(min(parts[place], later.base[place]) for place in places)
    return Ceilings(
        worth=worth,
        values={
            number: _value(item, left, item.gift(left.base), percentages)
            if item.turn == turn
            else _value(item, later, item.most_gifts(later.base), percentages)
            for number, item in enumerate(rivalry.whole)
            if item.turn >= turn
        },
        besides=besides,
        goods=sum(later.left) - sum(later.basket.floors),
        fees=sum(left.fees),
        percentage_coupons=_percentage_coupons(rivalry, later, turn, sure) if turn < _COUPONS else {},
    )


def _percentages(lines: LinesOf, whole: Iterable[Candidate], later: Left) -> _Percentages:
    found: dict[int, list[tuple[int, int]]] = {}
    for item, places in lines:
        mask = sum(1 << place for place in places)
        found.setdefault(item.turn, []).append((mask, item.percentage_of(later.base)))
    for item in whole:
        if item.takes_percentage:
            found.setdefault(item.turn, []).append((item.mask, item.percentage_of(later.base)))
    return found


def _percentage_coupons(rivalry: Rivalry, later: Left, turn: int, sure: int) -> dict[int, tuple[int, int]]:
    """Those that may be taken, if all of them together take no more than the whole."""
    found = {}
    for number in numbers_of(rivalry.stages[_COUPONS] & ~sure):
        item = rivalry.whole[number]
        points = item.percentage_of(later.base) if item.takes_percentage else 0
        if points:
            found[number] = points, _inside(rivalry, item, turn)
    together = sum(
        max((found[number][0] for number in clique if number in found), default=0)
        for clique in rivalry.cliques_of(rivalry.stages[_COUPONS])
    )
    return found if together <= WHOLE else {}


def _inside(rivalry: Rivalry, item: Candidate, turn: int) -> int:
    """The offers of earlier stages, as bits, all of whose lines an offer covers."""
    bits = 0
    for number, other in enumerate(rivalry.whole):
        if turn <= other.turn < item.turn and not other.mask & ~item.mask:
            bits |= 1 << number
    return bits


def _value(item: Candidate, left: Left, gift_units: int, percentages: _Percentages) -> Value:
    amount = left.most(item)
    given = gift_units * item.gift_worth
    chosen = item.chosen if amount or given else 0
    if item.turn == _SHIPPING:
        return Value(chosen, 0, amount, given)
    if amount:
        for turn, found in percentages.items():
            if turn > item.turn:
                taken_later = 0
                for mask, points in found:
                    if not item.mask & ~mask:
                        taken_later += points
                amount = max(1, -(-amount * (WHOLE - taken_later) // WHOLE))
    return Value(chosen, amount, 0, given)
