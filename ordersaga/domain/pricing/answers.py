"""What the buyer is told of every offer that was considered: applied with its amount, or not, and why (R-PRC-2)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ordersaga.domain.pricing.application import Applied
from ordersaga.domain.pricing.candidates import Candidate, KeptAway
from ordersaga.domain.pricing.effects import FreeShipping, Gift, Measure, Tiers
from ordersaga.domain.pricing.exclusion import exclude_each_other
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import Considered
from ordersaga.domain.pricing.source import Source
from ordersaga.domain.pricing.takings import Base


@dataclass(frozen=True, slots=True)
class Missing:
    """How much more must be bought, in minor units and in units."""

    amount: int | None = None
    count: int | None = None


NOTHING_MISSING = Missing()


def answers(found: Sequence[Candidate | KeptAway], applied: Applied, wishes: Wishes) -> list[Considered]:
    """One for each offer, in the order in which they were found, and for each named code that nobody knows."""
    amounts: dict[Candidate, int] = {}
    for taken in applied.taken:
        amounts[taken.candidate] = amounts.get(taken.candidate, 0) + taken.amount
    told = [
        _considered(item.offer, item.reason) if isinstance(item, KeptAway) else _answer(item, applied, amounts)
        for item in found
    ]
    return [*told, *_unknown(found, wishes)]


def _unknown(found: Sequence[Candidate | KeptAway], wishes: Wishes) -> Iterator[Considered]:
    known = {(item.offer.source is Source.COUPON, item.offer.code) for item in found}
    for code in dict.fromkeys(wishes.coupon_codes or ()):
        if (True, code) not in known:
            yield Considered(source=Source.COUPON, code=code, name="", applied=False, reason="unknown_coupon")
    for code in dict.fromkeys(wishes.promotion_codes):
        if (False, code) not in known:
            yield Considered(source=Source.PROMOTION, code=code, name="", applied=False, reason="unknown_offer")


def _answer(item: Candidate, applied: Applied, amounts: Mapping[Candidate, int]) -> Considered:
    base = applied.bases[item.stage].base
    missing = _to_the_next_tier(item, base)
    if item in amounts:
        return replace(_considered(item.offer, "", missing), applied=True, amount=amounts[item])
    rival = next((other.offer.code for other in amounts if exclude_each_other(item, other)), None)
    if rival is not None:
        return _considered(item.offer, "excluded", missing, excluded_by=rival)
    short = _to_the_minimum(item, base)
    if short != NOTHING_MISSING:
        return _considered(item.offer, "minimum_not_reached", short)
    if isinstance(item.offer.effect, Tiers) and item.offer.effect.reached(_whole(item, base), item.count) is None:
        return _considered(item.offer, "tier_not_reached", missing)
    return _considered(item.offer, _reason(item, applied), missing)


def _reason(item: Candidate, applied: Applied) -> str:
    """Why an offer does not apply that nothing excludes, and whose threshold is reached."""
    at_the_end = applied.bases[item.stage]
    if isinstance(item.offer.effect, Gift):
        return "better_combination" if item.gift(at_the_end.base) else "gift_unavailable"
    if isinstance(item.offer.effect, FreeShipping):
        amount = sum(at_the_end.fees[place] for place in item.lines)
    else:
        amount = sum(at_the_end.shares(item))
    if not amount:
        return "nothing_to_take"
    return "budget_exhausted" if item.budget is not None and amount > item.budget else "better_combination"


def _considered(
    offer: Offer, reason: str, missing: Missing = NOTHING_MISSING, excluded_by: str | None = None
) -> Considered:
    return Considered(
        source=offer.source,
        code=offer.code,
        name=offer.name,
        applied=False,
        reason=reason,
        missing_amount=missing.amount,
        missing_count=missing.count,
        excluded_by=excluded_by,
    )


def _whole(item: Candidate, base: Base) -> int:
    return sum(base[place] for place in item.lines)


def _to_the_minimum(item: Candidate, base: Base) -> Missing:
    offer = item.offer
    amount = max(0, (offer.minimum_amount or 0) - _whole(item, base))
    count = max(0, (offer.minimum_count or 0) - item.count)
    return Missing(amount or None, count or None)


def _to_the_next_tier(item: Candidate, base: Base) -> Missing:
    effect = item.offer.effect
    if not isinstance(effect, Tiers):
        return NOTHING_MISSING
    measured = effect.measured(_whole(item, base), item.count)
    following = next((tier.threshold for tier in effect.tiers if tier.threshold > measured), None)
    if following is None and effect.repeat:
        threshold = effect.tiers[0].threshold
        following = (measured // threshold + 1) * threshold
    if following is None:
        return NOTHING_MISSING
    short = following - measured
    return Missing(amount=short) if effect.measure is Measure.AMOUNT else Missing(count=short)
