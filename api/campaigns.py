"""Entering campaigns: the SKU is there and sold in the campaign's currency, and no two run at once for it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.schemas.rules import within
from ordersaga.domain.campaigns import Campaign
from ordersaga.domain.errors import RuleInvalid
from ordersaga.persistence import campaigns, catalogue


async def put_campaigns(connection: AsyncConnection, entered: Sequence[tuple[str, Campaign]], at: datetime) -> None:
    """Create or change campaigns, each with its place in the caller's document."""
    known = (await catalogue.goods(connection, {campaign.sku for _, campaign in entered})).skus if entered else {}
    for place, campaign in sorted(entered, key=lambda entry: entry[1].code):
        field, sku = f"{place}.sku" if place else "sku", campaign.sku
        if sku not in known:
            raise Problem("reference_unknown", f"{field}: there is no {sku}", field=field, unknown=[sku])
        with within(place):
            currency = known[sku].price.currency
            if currency != campaign.price.currency:
                raise RuleInvalid("price.currency", f"must be {currency}, as of the SKU")
            if other := await campaigns.overlapping(connection, campaign, at):
                raise RuleInvalid("starts_at", f"{other} offers {sku} as {campaign.order_type} at that time")
            await campaigns.put(connection, campaign, at)
