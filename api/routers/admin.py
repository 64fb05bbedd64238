"""Administration, for operators."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from fastapi import APIRouter

from api.access import Operator
from api.catalogue import load
from api.problems import not_found, responses
from api.schemas.catalogue import (
    Catalogue,
    CatalogueLoaded,
    CatalogueMerchant,
    CatalogueSku,
    CatalogueWarehouse,
    MerchantBody,
    SkuBody,
    WarehouseBody,
)
from api.schemas.stock import StockView
from api.schemas.values import Identifier
from api.services import Services, UsesServices
from ordersaga.persistence import catalogue, stocktaking
from ordersaga.persistence.stocktaking import Balance

router = APIRouter(
    prefix="/v1/admin",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid", "body_malformed"),
)

_REFERENCES = responses("reference_unknown", "stock_below_reserved")
_EVERYTHING = responses(
    "reference_unknown",
    "rule_invalid",
    "stock_below_reserved",
    "limit_below_use",
    "coupon_unavailable",
    "points_unavailable",
)


@router.post("/catalogue", response_model=CatalogueLoaded, responses=_EVERYTHING)
async def load_catalogue(services: UsesServices, _: Operator, document: Catalogue) -> CatalogueLoaded:
    """Create or change goods and offers, all or nothing; the same document as the catalogue file."""
    return await _load(services, document)


@router.put("/merchants/{merchant_id}", response_model=CatalogueMerchant)
async def put_merchant(
    services: UsesServices, _: Operator, merchant_id: Identifier, body: MerchantBody
) -> CatalogueMerchant:
    merchant = CatalogueMerchant(merchant_id=merchant_id, **dict(body))
    await _load(services, Catalogue(merchants=[merchant]))
    return merchant


@router.put("/warehouses/{warehouse_id}", response_model=CatalogueWarehouse)
async def put_warehouse(
    services: UsesServices, _: Operator, warehouse_id: Identifier, body: WarehouseBody
) -> CatalogueWarehouse:
    warehouse = CatalogueWarehouse(warehouse_id=warehouse_id, **dict(body))
    await _load(services, Catalogue(warehouses=[warehouse]))
    return warehouse


@router.put("/skus/{sku}", response_model=CatalogueSku, responses=_REFERENCES)
async def put_sku(services: UsesServices, _: Operator, sku: Identifier, body: SkuBody) -> CatalogueSku:
    """Create or change a SKU. `stock` is reached by ledger adjustments and refused below what is reserved."""
    document = CatalogueSku(sku=sku, **dict(body))
    await _load(services, Catalogue(skus=[document]))
    return document


@router.get("/stock/{sku}", response_model=StockView, responses=responses("not_found"))
async def get_stock(services: UsesServices, _: Operator, sku: Identifier) -> dict[str, Any]:
    """On hand and reserved, beside what the ledger adds up to (R-STK-2)."""
    async with services.database.transaction() as connection:
        known = (await catalogue.goods(connection, [sku])).skus
        balances = await stocktaking.balances(connection, sku)
    if sku not in known:
        raise not_found()
    whole = _sums(balances)
    return {
        "sku": sku,
        **{name: whole[name] for name in ("on_hand", "reserved", "available", "defective")},
        "ledger_sum": {name: whole[f"ledger_{name}"] for name in ("on_hand", "reserved", "defective")},
        "adds_up": all(item.adds_up for item in balances),
        "warehouses": [
            {"warehouse_id": place, **_sums(list(found))}
            for place, found in groupby(balances, lambda item: item.warehouse_id)
        ],
        "pools": [
            {"campaign": item.pool, "warehouse_id": item.warehouse_id, **_sums([item])}
            for item in balances
            if item.pool
        ],
    }


def _sums(balances: Sequence[Balance]) -> dict[str, int]:
    """What the shelves hold together, as `ShelfBalance` describes it."""
    on_hand, reserved = sum(item.on_hand for item in balances), sum(item.reserved for item in balances)
    return {
        "on_hand": on_hand,
        "reserved": reserved,
        "available": on_hand - reserved,
        "defective": sum(item.defective for item in balances),
        "ledger_on_hand": sum(item.ledger_on_hand for item in balances),
        "ledger_reserved": sum(item.ledger_reserved for item in balances),
        "ledger_defective": sum(item.ledger_defective for item in balances),
    }


async def _load(services: Services, document: Catalogue) -> CatalogueLoaded:
    async with services.database.transaction() as connection:
        return await load(connection, document, at=datetime.now(UTC), source=f"adjustment/{secrets.token_hex(8)}")
