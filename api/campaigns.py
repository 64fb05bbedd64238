"""Entering campaigns: the SKU is there and sold in the campaign's currency, and no two run at once for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.schemas.rules import within
from ordersaga.domain.campaigns import Campaign
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.persistence import campaigns, catalogue, stocktaking


@dataclass(frozen=True, slots=True)
class EnteredCampaign:
    """A campaign with its place in the caller's document, and the stock that it is to have of its own: warehouse →
    units on hand. Without any it keeps what it has.
    """

    place: str
    campaign: Campaign
    stock: Mapping[str, int] | None = None


async def put_campaigns(
    connection: AsyncConnection, entered: Sequence[EnteredCampaign], *, document: str, at: datetime
) -> None:
    """Create or change campaigns. `document` names what sets stock aside in the ledger.

    Raises `RuleInvalid`, `OutOfStock`, `StockBelowReserved`, and the problem `reference_unknown`.
    """
    in_order = sorted(entered, key=lambda entry: entry.campaign.code)
    known = (await catalogue.goods(connection, {entry.campaign.sku for entry in entered})).skus if entered else {}
    for entry in in_order:
        field, sku = f"{entry.place}.sku" if entry.place else "sku", entry.campaign.sku
        if sku not in known:
            raise Problem("reference_unknown", f"{field}: there is no {sku}", field=field, unknown=[sku])
        with within(entry.place):
            currency = known[sku].price.currency
            if currency != entry.campaign.price.currency:
                raise RuleInvalid("price.currency", f"must be {currency}, as of the SKU")
            if order_type(known[sku].order_type).ships != order_type(entry.campaign.order_type).ships:
                raise RuleInvalid("sku", f"cannot be sold as {entry.campaign.order_type}: one is shipped, one is not")
            if other := await campaigns.overlapping(connection, entry.campaign, at):
                raise RuleInvalid("starts_at", f"{other} offers {sku} as {entry.campaign.order_type} at that time")
            pooled = entry.stock is not None
            await campaigns.put(connection, replace(entry.campaign, pooled=pooled), at)
    await _set_aside(connection, [entry for entry in in_order if entry.stock is not None], document, at)


async def _set_aside(
    connection: AsyncConnection, entered: Sequence[EnteredCampaign], document: str, at: datetime
) -> None:
    if not entered:
        return
    await _require_warehouses(connection, entered)
    await stocktaking.lock(connection, [entry.campaign.sku for entry in entered])
    for entry in entered:
        code, sku = entry.campaign.code, entry.campaign.sku
        source = f"{document}/{code}"
        await stocktaking.transfer(connection, sku, entry.stock or {}, pool=code, document=source, at=at)


async def _require_warehouses(connection: AsyncConnection, entered: Sequence[EnteredCampaign]) -> None:
    named = {place for entry in entered for place in entry.stock or {}}
    if unknown := sorted(named - await catalogue.known_warehouses(connection, named)):
        raise Problem("reference_unknown", f"stock: there is no {', '.join(unknown)}", field="stock", unknown=unknown)
