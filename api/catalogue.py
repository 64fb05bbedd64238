"""Loading a catalogue document: the same rules for the admin API, the catalogue file and tests."""

import hashlib
import secrets
from datetime import UTC, datetime

import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.schemas.catalogue import Catalogue, CatalogueLoaded
from ordersaga.persistence import catalogue, stock
from ordersaga.persistence.database import Database


async def load(connection: AsyncConnection, document: Catalogue, *, at: datetime, source: str) -> CatalogueLoaded:
    """Create or change everything in `document`, or nothing. `source` names it in the stock ledger."""
    await catalogue.put_merchants(connection, [body.to_merchant(body.merchant_id) for body in document.merchants])
    await catalogue.put_warehouses(connection, [body.to_warehouse(body.warehouse_id) for body in document.warehouses])
    await _require_references(connection, document)
    await catalogue.put_skus(connection, [body.to_sku(body.sku) for body in document.skus])
    for body in sorted(document.skus, key=lambda body: body.sku):
        await stock.adjust(connection, body.sku, body.stock, document=source, at=at)
    return CatalogueLoaded(
        merchants=len(document.merchants), warehouses=len(document.warehouses), skus=len(document.skus)
    )


async def _require_references(connection: AsyncConnection, document: Catalogue) -> None:
    merchants = {body.merchant_id for body in document.skus}
    warehouses = {warehouse_id for body in document.skus for warehouse_id in body.stock}
    unknown = {
        "merchant_id": sorted(merchants - await catalogue.known_merchants(connection, merchants)),
        "stock": sorted(warehouses - await catalogue.known_warehouses(connection, warehouses)),
    }
    for field, names in unknown.items():
        if names:
            raise Problem("reference_unknown", f"{field}: there is no {', '.join(names)}", field=field, unknown=names)


async def load_file_once(
    database: Database, name: str, content: bytes, *, again: bool = False
) -> CatalogueLoaded | None:
    """Load a YAML or JSON catalogue; `None` when the same content was loaded before and `again` is not wanted.

    Raises `pydantic.ValidationError`, which names every field that is wrong, and what `load` raises.
    """
    digest = hashlib.sha256(content).hexdigest()
    document = Catalogue.model_validate(yaml.safe_load(content))
    async with database.transaction() as connection:
        if not await catalogue.note_file(connection, digest, name) and not again:
            return None
        return await load(connection, document, at=datetime.now(UTC), source=f"catalogue/{secrets.token_hex(8)}")
