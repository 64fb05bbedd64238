"""How much offers can be worth at the most: the bound of the search for the best combination.

What an offer takes never grows when its base shrinks, so on the largest base that it may still see it takes the most.
Where a later offer surely takes a percentage of what an earlier one leaves, the earlier one is worth that much less:
of 100 off before 10 % off only 90 count, because the ceiling of the 10 % is that of the larger base.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ordersaga.domain.pricing.application import Left, LinesOf
from ordersaga.domain.pricing.candidates import TURN, Candidate
from ordersaga.domain.pricing.effects import WHOLE
from ordersaga.domain.pricing.source import Stage

Value = tuple[int, int, int, int]
"""What an offer is worth: the buyer's preference, what it saves on goods and on fees, what its gift costs in the list.
"""


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

    `later_shares` has for a coupon that takes a percentage, but is not sure to be taken, the basis points and the
    offers of earlier stages, as bits, that leave less to it.
    """

    worth: Worth
    values: dict[int, Value]
    besides: int
    goods: int
    fees: int
    later_shares: dict[int, tuple[int, int]]

    def of(self, offers: Iterable[int], cliques: Iterable[Sequence[int]] = ()) -> Value:
        """No more is added by `offers` and at most one of each clique."""
        several = [clique for clique in cliques if len(clique) > 1]
        counted = [*offers, *(clique[0] for clique in cliques if len(clique) == 1)]
        chosen, goods, fees, gifts = 0, 0, 0, 0
        values = [self.values[place] for place in counted]
        values += [self._highest_of(clique, counted) for clique in several]
        for value in values:
            chosen, goods, fees, gifts = chosen + value[0], goods + value[1], fees + value[2], gifts + value[3]
        return chosen, goods, fees, gifts

    def _highest_of(self, clique: Sequence[int], counted: Sequence[int]) -> Value:
        chosen, goods, fees, gifts = 0, 0, 0, 0
        for place in clique:
            value, saved = self.values[place], self.values[place][1]
            if place in self.later_shares:
                points, earlier = self.later_shares[place]
                before = sum(self.values[other][1] for other in counted if earlier >> other & 1)
                saved = max(0, saved - before * points // WHOLE + 1)
            chosen, goods = max(chosen, value[0]), max(goods, saved)
            fees, gifts = max(fees, value[2]), max(gifts, value[3])
        return chosen, goods, fees, gifts

    def ceiling(self, value: Value, coupons: int = 0) -> Worth:
        """No combination is worth more that adds no more than `value`, with so many more coupons."""
        chosen, goods, fees, gifts = value
        saved = min(goods + self.besides, self.goods) + min(fees, self.fees)
        worth = self.worth
        return Worth(worth.chosen + chosen, worth.saved + saved, worth.gifts + gifts, worth.coupons_left - coupons)


def ceilings(
    worth: Worth,
    whole: Sequence[Candidate],
    left: Left,
    number: int,
    lines: LinesOf,
    sure: int,
    cliques: Sequence[int],
) -> Ceilings:
    """The ceilings at the stage of this number, which has begun. `sure` are the offers, as bits, that nothing stands in
    the way of, `cliques` those that exclude one another.
    """
    later = left.after_this_stage()
    besides = 0
    rounded = 0
    shares: dict[int, list[tuple[int, int]]] = {}
    for item, places in lines:
        if item.turn > number:
            parts = dict(zip(item.lines, item.wants(later.base)[1], strict=True))
            besides += sum(min(parts[place], later.base[place]) for place in places)
            points = item.percentage_of(later.base)
            shares.setdefault(item.turn, []).append((sum(1 << place for place in places), points))
            rounded += 1
    for place in places_of(sure):
        item = whole[place]
        if item.takes_percentage and item.turn > number:
            shares.setdefault(item.turn, []).append((item.mask, item.percentage_of(later.base)))
            rounded += 1
    values = {
        place: _value(item, left if item.turn == number else later, shares)
        for place, item in enumerate(whole)
        if item.turn >= number
    }
    return Ceilings(
        worth=worth,
        values=values,
        besides=besides + rounded * len(left.left),
        goods=sum(later.left) - sum(later.basket.floors),
        fees=sum(left.fees),
        later_shares=_later_shares(whole, later, number, sure, cliques),
    )


@lru_cache(maxsize=10_000)
def places_of(bits: int) -> tuple[int, ...]:
    return tuple(place for place in range(bits.bit_length()) if bits >> place & 1)


def _later_shares(
    whole: Sequence[Candidate], later: Left, number: int, sure: int, cliques: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """What coupons that may be taken take of what is left by others, if all of them together take no more than all."""
    found = {}
    for place, item in enumerate(whole):
        if (
            item.stage is Stage.COUPON
            and TURN[Stage.COUPON] > number
            and item.takes_percentage
            and not sure >> place & 1
        ):
            points = item.percentage_of(later.base)
            earlier = [other for other, before in enumerate(whole) if number <= before.turn < item.turn]
            covered = sum(1 << other for other in earlier if not whole[other].mask & ~item.mask)
            if points:
                found[place] = points, covered
    together = sum(
        max((found[place][0] for place in places_of(clique) if place in found), default=0) for clique in cliques
    )
    return found if together <= WHOLE else {}


def _value(item: Candidate, left: Left, shares: Mapping[int, Sequence[tuple[int, int]]]) -> Value:
    amount, given = left.most(item), item.gift(left.base) * item.gift_worth
    chosen = item.chosen if amount or given else 0
    if item.stage is Stage.SHIPPING:
        return chosen, 0, amount, given
    for turn, found in shares.items():
        if amount and turn > item.turn:
            taken_later = sum(points for mask, points in found if not item.mask & ~mask)
            amount = max(1, -(-amount * (WHOLE - taken_later) // WHOLE))
    return chosen, amount, 0, given
