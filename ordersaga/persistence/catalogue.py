"""Reading and writing the catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, Text, any_, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import Table

from ordersaga.domain.catalogue import Delivery, Merchant, Sku, StockPolicy, Tariff, TransportClass, Warehouse
from ordersaga.domain.lifecycle.registry import unshipped
from ordersaga.domain.money import Money
from ordersaga.persistence import codes
from ordersaga.persistence.tables.catalogue import catalogue_files, merchants, skus, warehouses
from ordersaga.persistence.tables.stock import stock

_wanted = any_(bindparam("wanted", type_=ARRAY(Text)))
_counted = any_(bindparam("counted", type_=ARRAY(Text)))
_FREE = (
    select(func.sum(stock.c.on_hand - stock.c.reserved))
    .where((stock.c.sku == skus.c.sku) & (stock.c.pool == ""))
    .scalar_subquery()
)
_GOODS = (
    select(
        skus,
        merchants.c.name.label("merchant_name"),
        merchants.c.self_operated,
        merchants.c.shipping,
        case(
            (~(skus.c.sku == _counted), None),
            (skus.c.order_type == any_(bindparam("unshipped", type_=ARRAY(Text))), codes.FREE),
            else_=func.coalesce(_FREE, 0),
        ).label("free"),
    )
    .join(merchants)
    .where((skus.c.sku == _wanted) | (skus.c.sku == _counted))
)


@dataclass(frozen=True, slots=True)
class Goods:
    """The part of the catalogue that a cart needs. `free` are the free units of what was counted, in all warehouses."""

    skus: Mapping[str, Sku]
    merchants: Mapping[str, Merchant]
    free: Mapping[str, int]


async def goods(connection: AsyncConnection, wanted: Iterable[str], *, counted: Iterable[str] = ()) -> Goods:
    """The SKUs of `wanted` and `counted` that exist, with their merchants, in one statement."""
    found_skus: dict[str, Sku] = {}
    found_merchants: dict[str, Merchant] = {}
    free: dict[str, int] = {}
    asked = {"wanted": list(wanted), "counted": list(counted), "unshipped": list(unshipped())}
    for row in await connection.execute(_GOODS, asked):
        found_skus[row.sku] = _sku(row)
        if row.free is not None:
            free[row.sku] = int(row.free)
        if row.merchant_id not in found_merchants:
            found_merchants[row.merchant_id] = _merchant(
                row.merchant_id, row.merchant_name, row.self_operated, row.shipping
            )
    return Goods(found_skus, found_merchants, free)


async def page_of_skus(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[Sku]:
    rows = await connection.execute(select(skus).where(skus.c.sku > after).order_by(skus.c.sku).limit(limit))
    return [_sku(row) for row in rows]


async def put_merchants(connection: AsyncConnection, values: Sequence[Merchant]) -> None:
    await _upsert(connection, merchants, [asdict(value) for value in values], "merchant_id")


async def put_warehouses(connection: AsyncConnection, values: Sequence[Warehouse]) -> None:
    await _upsert(connection, warehouses, [asdict(value) for value in values], "warehouse_id")


async def put_skus(connection: AsyncConnection, values: Sequence[Sku]) -> None:
    await _upsert(connection, skus, [_sku_to_row(value) for value in values], "sku")


async def known_merchants(connection: AsyncConnection, wanted: Iterable[str]) -> set[str]:
    return set(
        await connection.scalars(select(merchants.c.merchant_id).where(merchants.c.merchant_id.in_(list(wanted))))
    )


async def known_warehouses(connection: AsyncConnection, wanted: Iterable[str]) -> set[str]:
    return set(
        await connection.scalars(select(warehouses.c.warehouse_id).where(warehouses.c.warehouse_id.in_(list(wanted))))
    )


async def _upsert(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    if not rows:
        return
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name != key}
    await connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed), list(rows))


def _sku(row: Row[Any]) -> Sku:
    return Sku(
        sku=row.sku,
        name=row.name,
        merchant_id=row.merchant_id,
        price=Money(row.price, row.currency),
        attributes=row.attributes,
        shipping_fee=None if row.shipping_fee is None else Money(row.shipping_fee, row.currency),
        category=row.category,
        floor_price=row.floor_price,
        weight_g=row.weight_g,
        length_mm=row.length_mm,
        width_mm=row.width_mm,
        height_mm=row.height_mm,
        transport_class=TransportClass(row.transport_class),
        order_type=row.order_type,
        stock_policy=StockPolicy(row.stock_policy),
        delivery=Delivery(row.delivery),
    )


def _sku_to_row(sku: Sku) -> dict[str, Any]:
    return {
        **asdict(sku),
        "price": sku.price.amount,
        "currency": sku.price.currency,
        "shipping_fee": None if sku.shipping_fee is None else sku.shipping_fee.amount,
    }


def _merchant(merchant_id: str, name: str, self_operated: bool, shipping: Mapping[str, Any]) -> Merchant:
    return Merchant(
        merchant_id=merchant_id,
        name=name,
        self_operated=self_operated,
        shipping={
            option: Tariff(base=Money(**tariff["base"]), per_kg=Money(**tariff["per_kg"]))
            for option, tariff in shipping.items()
        },
    )


async def note_file(connection: AsyncConnection, digest: str, name: str) -> bool:
    """Remember that a catalogue file was loaded; `False` when it was before."""
    added = await connection.scalar(
        insert(catalogue_files)
        .values(digest=digest, name=name)
        .on_conflict_do_nothing()
        .returning(catalogue_files.c.digest)
    )
    return added is not None
