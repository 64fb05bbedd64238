"""The catalogue, for anyone."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection

from api import paging
from api.previews import LOW_STOCK
from api.problems import not_found, responses
from api.schemas.catalogue import SkuView
from api.schemas.values import Identifier, Page, money
from api.services import UsesServices
from ordersaga.domain.catalogue import Sku
from ordersaga.domain.lifecycle.registry import unshipped
from ordersaga.persistence import catalogue, codes, stock

router = APIRouter(prefix="/v1/skus", tags=["catalogue"])


@router.get("", responses=responses("request_invalid"))
async def list_skus(services: UsesServices, limit: paging.Limit = 50, cursor: paging.Cursor = None) -> Page[SkuView]:
    """Everything that is sold, by SKU."""
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await catalogue.page_of_skus(connection, after=after[0] if after else "", limit=limit)
        free = await _free(connection, found)
    return Page(
        items=[SkuView.model_validate(_document(sku, free[sku.sku])) for sku in found],
        next_cursor=paging.encode([found[-1].sku]) if len(found) == limit else None,
    )


@router.get("/{sku}", responses=responses("not_found", "request_invalid"))
async def get_sku(services: UsesServices, sku: Identifier) -> SkuView:
    async with services.database.reading() as connection:
        goods = await catalogue.goods(connection, [], counted=[sku])
    if sku not in goods.skus:
        raise not_found()
    return SkuView.model_validate(_document(goods.skus[sku], goods.free[sku]))


async def _free(connection: AsyncConnection, found: Sequence[Sku]) -> Mapping[str, int]:
    """SKU → free units: on shelves, or in the pool of codes of what is not shipped."""
    digital = {sku.sku for sku in found if sku.order_type in unshipped()}
    on_shelves = await stock.shelves(connection, [sku.sku for sku in found if sku.sku not in digital])
    pooled = await codes.shelves(connection, digital) if digital else on_shelves
    return {sku.sku: (pooled if sku.sku in digital else on_shelves).of(sku.sku) for sku in found}


def _document(sku: Sku, available: int) -> dict[str, Any]:
    return {
        "sku": sku.sku,
        "name": sku.name,
        "attributes": dict(sku.attributes),
        "merchant_id": sku.merchant_id,
        "price": money(sku.price.amount, sku.price.currency),
        "order_type": sku.order_type,
        "transport_class": sku.transport_class,
        "stock_hint": "out_of_stock" if not available else "low" if available < LOW_STOCK else "in_stock",
    }
