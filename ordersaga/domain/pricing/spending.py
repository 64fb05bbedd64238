"""Points on an order: whether as many as the buyer wishes may be spent, and what they pay (R-PRC-1)."""

from dataclasses import dataclass

from ordersaga.domain.money import prorate
from ordersaga.domain.pricing.application import Applied
from ordersaga.domain.pricing.occasion import Occasion
from ordersaga.domain.pricing.quote import Considered
from ordersaga.domain.pricing.source import Source

POINTS = Source.POINTS.value


@dataclass(frozen=True, slots=True)
class Spending:
    """The points that are spent, what they pay of each line, and what the buyer is told of them."""

    points: int
    shares: tuple[int, ...]
    told: Considered | None = None


def spend(occasion: Occasion, applied: Applied, currency: str) -> Spending:
    """Spend the points that the buyer wishes to, or none of them."""
    left, wished, policy = applied.left.left, occasion.wishes.points, occasion.points_policy
    nothing = (0,) * len(left)
    if policy is None or policy.currency != currency:
        return Spending(0, nothing, _told("points_not_accepted", at_most=0) if wished else None)
    kept = 0
    for taken in applied.taken:
        if not taken.candidate.offer.permits_points:
            places = [place for place, _ in taken.shares] if taken.candidate.by_line else taken.candidate.lines
            kept |= sum(1 << place for place in places)
    payable = [0 if kept >> place & 1 else amount for place, amount in enumerate(left)]
    most = policy.most(occasion.points_balance, sum(payable))
    if not wished:
        return Spending(0, nothing, _told("not_chosen", at_most=most) if most else None)
    if wished % policy.points:
        reason = "points_not_whole"
    elif wished < policy.minimum:
        reason = "points_below_minimum"
    elif wished > occasion.points_balance:
        reason = "points_beyond_balance"
    elif wished > policy.most(wished, sum(payable)):
        reason = "points_above_share"
    else:
        value = policy.value(wished)
        return Spending(wished, prorate(value, payable), _told("", at_most=most, amount=value))
    return Spending(0, nothing, _told(reason, at_most=most))


def _told(reason: str, *, at_most: int, amount: int = 0) -> Considered:
    return Considered(
        source=Source.POINTS,
        code=POINTS,
        name="",
        applied=not reason,
        reason=reason,
        amount=amount,
        at_most=at_most,
    )
