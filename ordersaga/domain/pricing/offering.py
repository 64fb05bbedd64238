"""Everything that an occasion takes off a basket: the best combination, the points, and what the order must hold."""

from dataclasses import dataclass

from ordersaga.domain.pricing.answers import answers
from ordersaga.domain.pricing.application import Applied, work_out
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import Candidate, candidates
from ordersaga.domain.pricing.combination import best_combination
from ordersaga.domain.pricing.occasion import Occasion
from ordersaga.domain.pricing.quote import Considered, Hold
from ordersaga.domain.pricing.source import Source
from ordersaga.domain.pricing.spending import POINTS, Spending, spend


@dataclass(frozen=True, slots=True)
class Offered:
    applied: Applied
    spending: Spending
    considered: tuple[Considered, ...]
    holds: tuple[Hold, ...]
    exact: bool


def apply_offers(basket: Basket, occasion: Occasion) -> Offered:
    """Find the best lawful combination and apply it; answer for every offer that was considered."""
    found = list(candidates(basket, occasion))
    combination = best_combination([item for item in found if isinstance(item, Candidate)], basket)
    applied = work_out(basket, combination.by_line, combination.whole)
    spending = spend(occasion, applied, basket.currency)
    told = answers(found, applied, occasion.wishes)
    if spending.told is not None:
        told.append(spending.told)
    return Offered(applied, spending, tuple(told), _holds(applied, spending), combination.exact)


def _holds(applied: Applied, spending: Spending) -> tuple[Hold, ...]:
    amounts: dict[tuple[str, str], int] = {}
    for taken in applied.taken:
        offer = taken.candidate.offer
        if offer.source is Source.COUPON or offer.is_limited:
            key = (offer.source.value, offer.code)
            amounts[key] = amounts.get(key, 0) + taken.amount
    held = [Hold(source=source, code=code, amount=amount) for (source, code), amount in sorted(amounts.items())]
    if spending.points:
        paid = sum(spending.shares)
        held.append(Hold(source=Source.POINTS.value, code=POINTS, amount=paid, points=spending.points))
    return tuple(held)
