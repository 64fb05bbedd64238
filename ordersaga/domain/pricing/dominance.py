"""When an offer is taken in any case: what it takes is more than all that later offers could lose by it.

Taking `amount` from some lines makes the bases of later offers that much smaller, and where these are shared over
several lines it moves at most as much between them. So no later base loses more than twice the amount.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ordersaga.domain.pricing.application import Left, LinesOf
from ordersaga.domain.pricing.candidates import Candidate
from ordersaga.domain.pricing.effects import WHOLE, AmountOff, FreeShipping, Gift, Measure, PercentageOff, Tiers
from ordersaga.domain.pricing.source import Stage


@dataclass(frozen=True, slots=True)
class _Later:
    """A later offer, the `most` that it takes, and between which sums its base will lie."""

    item: Candidate
    most: int
    lowest: int
    highest: int

    def loses(self, amount: int) -> int:
        """The most that it loses when its base is smaller by `amount`."""
        effect = self.item.offer.effect
        if self.may_miss_its_minimum(amount):
            return self.most
        match effect:
            case PercentageOff(basis_points=points):
                loss = -(-amount * points // WHOLE)
            case Tiers():
                loss = self._loses_tiers(effect, amount)
            case AmountOff(amount=off, each_unit=False) if self.lowest - amount >= off:
                loss = 0
            case FreeShipping() | Gift():
                loss = 0
            case _:
                loss = amount
        return min(loss, self.most)

    def may_miss_its_minimum(self, amount: int) -> bool:
        """Whether a base that is smaller by `amount` may keep it from applying."""
        minimum = self.item.offer.minimum_amount
        return minimum is not None and self.lowest - amount < minimum <= self.highest

    def _loses_tiers(self, effect: Tiers, amount: int) -> int:
        of_amount = effect.measure is Measure.AMOUNT
        if effect.repeat and of_amount:
            return (amount // effect.tiers[0].threshold + 1) * (effect.tiers[0].amount_off or 0)
        if of_amount and any(self.lowest - amount < tier.threshold <= self.highest for tier in effect.tiers):
            return self.most
        if effect.tiers[0].amount_off is None:
            return -(-amount * (effect.tiers[-1].basis_points or 0) // WHOLE)
        return 0 if self.lowest - amount >= self.most else amount


class Dominance:
    """The offers `here` of a stage that has begun, and the `later` ones that may follow, whole and by line."""

    def __init__(self, left: Left, here: Sequence[Candidate], later: Sequence[Candidate], lines: LinesOf) -> None:
        after = left.after_this_stage()
        self._left = left
        self._most = {item: left.most(item) for item in here}
        following = [*later, *(item for item, _ in lines)]
        most = {**self._most, **{item: after.most(item) for item in following}}
        self._later = []
        for item in following:
            highest = sum(after.base[place] for place in item.lines)
            taken = sum(most[other] for other in most if other.turn < item.turn and other.mask & item.mask)
            self._later.append(_Later(item, most[item], max(0, highest - taken), highest))
        self._rounded = (len(here) + len(following)) * len(left.left)
        self._load = [0] * len(left.left)
        for item in here:
            self._add_load(item, self._most[item], left)
        for item in following:
            self._add_load(item, most[item], after)

    def holds_for(self, item: Candidate) -> bool:
        """Whether it is never better to leave out `item`, which no other excludes."""
        if item.stage is Stage.SHIPPING or isinstance(item.offer.effect, Gift) or item.budget is not None:
            return False
        amount, touched, lost = self._most[item], item.mask, 0
        for other in self._most:
            if other.mask & item.mask and not other.own_shares:
                touched |= other.mask
        for later in self._later:
            if later.item.mask & touched:
                loses = later.loses(2 * amount)
                if later.item.chosen and (loses or later.may_miss_its_minimum(2 * amount)):
                    return False
                lost += loses
                if not later.item.own_shares:
                    touched |= later.item.mask
        if any(load > self._left.room(place) for place, load in enumerate(self._load) if touched >> place & 1):
            return False  # where there is not enough for all, what it takes is taken from others
        return amount > lost + (self._rounded if lost else 0)

    def _add_load(self, item: Candidate, most: int, left: Left) -> None:
        """Add what an offer takes of each line at the most."""
        if item.stage is not Stage.SHIPPING:
            parts = item.wants(left.base)[1]
            whole = sum(parts)
            for place, part in zip(item.lines, parts, strict=True):
                self._load[place] += part if item.own_shares or not whole else most * part // whole + 1
