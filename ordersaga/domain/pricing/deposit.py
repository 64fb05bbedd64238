"""A deposit that counts for more than it is: the rest is a discount of its own (R-TYPE-3)."""

from dataclasses import replace

from ordersaga.domain.campaigns import Sale
from ordersaga.domain.pricing.effects import AmountOff
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.scope import Scope
from ordersaga.domain.pricing.source import Bearer, Source

_FIRST = -1
"""Before the priority of every other offer: what those may take of a line is what this one leaves."""


def with_deposit(occasion: Occasion, sale: Sale | None) -> Occasion:
    """The occasion with what a campaign's deposit takes off each unit, where its terms say so."""
    bonus = sale.campaign.terms.bonus if sale else 0
    if sale is None or not bonus:
        return occasion
    campaign = sale.campaign
    offer = Offer(
        code=campaign.code,
        source=Source.PRESALE,
        name=campaign.name,
        effect=AmountOff(amount=bonus, each_unit=True),
        scope=Scope(skus=frozenset({campaign.sku})),
        currency=campaign.price.currency,
        priority=_FIRST,
        funded_by=Bearer.MERCHANT,
    )
    return replace(occasion, offers=(*occasion.offers, RunningOffer(offer=offer)))
