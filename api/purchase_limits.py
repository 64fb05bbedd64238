"""Purchase limits: entered, with the SKUs and campaigns that they name being there, and told of in a preview."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.purchase_limits import PurchaseLimit, holds_of
from ordersaga.persistence import campaigns, catalogue, purchase_limits


async def put_limits(connection: AsyncConnection, entered: Sequence[tuple[str, PurchaseLimit]], at: datetime) -> None:
    """Create or change limits, each with its place in the caller's document."""
    skus = {sku for _, limit in entered for sku in limit.goods.skus}
    codes = {code for _, limit in entered for code in limit.goods.campaigns}
    known_skus = (await catalogue.goods(connection, skus)).skus if skus else {}
    known_campaigns = await campaigns.known(connection, codes) if codes else set()
    for place, limit in sorted(entered, key=lambda entry: entry[1].code):
        _require(place, "goods.skus", limit.goods.skus - known_skus.keys())
        _require(place, "goods.campaigns", limit.goods.campaigns - known_campaigns)
        await purchase_limits.put(connection, limit, at)


async def limit_warnings(
    connection: AsyncConnection, limits: Sequence[PurchaseLimit], order: PricedOrder, account: str, at: datetime
) -> list[dict[str, Any]]:
    """What a preview tells whose account would have more than its limits; the submit decides."""
    wanted = holds_of(order, limits, account=account, ip=None)
    used = [await purchase_limits.used(connection, hold, at) for hold in wanted]
    return [
        {
            "code": "purchase_limit",
            "message": f"{hold.allowed} at most, and {already} are bought already",
            "limit": hold.code,
            "available": max(0, hold.allowed - already),
        }
        for hold, already in zip(wanted, used, strict=True)
        if hold.exceeds(already)
    ]


def _require(place: str, field: str, unknown: frozenset[str]) -> None:
    if unknown:
        where = f"{place}.{field}" if place else field
        names = sorted(unknown)
        raise Problem("reference_unknown", f"{where}: there is no {', '.join(names)}", field=where, unknown=names)
