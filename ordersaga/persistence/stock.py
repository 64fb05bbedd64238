"""Stock: every change is a ledger movement and a balance in one transaction (R-STK-2, S1 … S4)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import Address, Warehouse
from ordersaga.domain.errors import OutOfStock, PlacingTimedOut
from ordersaga.domain.sourcing import Demand, Source, source
from ordersaga.persistence.tables.catalogue import warehouses
from ordersaga.persistence.tables.parcels import parcel_lines, parcels
from ordersaga.persistence.tables.stock import stock, stock_reservation_lines, stock_reservations

_wanted = (
    func.unnest(bindparam("on_shelf", type_=ARRAY(Text)), bindparam("pools", type_=ARRAY(Text)))
    .table_valued("sku", "pool", name="wanted")
    .render_derived()
)
SHELVES = (
    select(stock.c.sku, (stock.c.on_hand - stock.c.reserved).label("available"), warehouses)
    .join(warehouses, warehouses.c.warehouse_id == stock.c.warehouse_id)
    .join(_wanted, (stock.c.sku == _wanted.c.sku) & (stock.c.pool == _wanted.c.pool))
    .order_by(stock.c.pool, stock.c.sku, stock.c.warehouse_id)
)
"""What is free where of what is `wanted`."""
_LOCK_SHELVES = SHELVES.with_for_update(of=stock)
_HELD_LINES = stock_reservation_lines.c
_SOURCES = select(_HELD_LINES.line_no, _HELD_LINES.sku, _HELD_LINES.warehouse_id, _HELD_LINES.quantity).where(
    (_HELD_LINES.order_no == bindparam("order_no")) & (_HELD_LINES.quantity > 0)
)

_OF_WAREHOUSE = tuple(field.name for field in fields(Warehouse))
_HELD = "reserved"
_RELEASED = "released"

_HOLD = text("""
    WITH taken AS (
        SELECT * FROM unnest(CAST(:line_nos AS int[]), CAST(:skus AS text[]), CAST(:warehouse_ids AS text[]),
                             CAST(:pools AS text[]), CAST(:quantities AS int[]))
        AS t (line_no, sku, warehouse_id, pool, quantity)
    ), balances AS (
        UPDATE stock SET reserved = stock.reserved + sums.quantity
        FROM (SELECT sku, warehouse_id, pool, sum(quantity) AS quantity FROM taken GROUP BY 1, 2, 3) AS sums
        WHERE stock.sku = sums.sku AND stock.warehouse_id = sums.warehouse_id AND stock.pool = sums.pool
    ), ledger AS (
        INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
        SELECT sku, warehouse_id, pool, 'reserve', :order_no, line_no, 0, quantity, :at FROM taken
    )
    INSERT INTO stock_reservation_lines (order_no, line_no, warehouse_id, sku, pool, quantity)
    SELECT :order_no, line_no, warehouse_id, sku, pool, quantity FROM taken
""")

_GIVE_BACK = text("""
    WITH ledger AS (
        INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
        SELECT sku, warehouse_id, pool, 'release', order_no, line_no, 0, -quantity, :at
        FROM stock_reservation_lines WHERE order_no = :order_no AND quantity > 0
        RETURNING sku, warehouse_id, pool, reserved
    )
    UPDATE stock SET reserved = stock.reserved + sums.reserved
    FROM (SELECT sku, warehouse_id, pool, sum(reserved) AS reserved FROM ledger GROUP BY 1, 2, 3) AS sums
    WHERE stock.sku = sums.sku AND stock.warehouse_id = sums.warehouse_id AND stock.pool = sums.pool
""")

_LOCK_ORDER_STOCK = text("""
    SELECT 1 FROM stock WHERE (sku, warehouse_id, pool) IN (
        SELECT sku, warehouse_id, pool FROM stock_reservation_lines WHERE order_no = :order_no
    ) ORDER BY pool, sku, warehouse_id FOR UPDATE
""")


@dataclass(frozen=True, slots=True)
class Shelves:
    """What is free, where: SKU → warehouse id → units; and those warehouses."""

    available: Mapping[str, Mapping[str, int]]
    warehouses: Mapping[str, Warehouse]

    def of(self, sku: str) -> int:
        return sum(self.available.get(sku, {}).values())


async def shelves(connection: AsyncConnection, skus: Iterable[str], pool: str = "", *, lock: bool = False) -> Shelves:
    """What is free of `skus` in a campaign's pool; without one, on the general shelf."""
    return await shelves_of(connection, dict.fromkeys(skus, pool), lock=lock)


async def shelves_of(connection: AsyncConnection, pools: Mapping[str, str], *, lock: bool = False) -> Shelves:
    """What is free of each SKU in its pool. With `lock`, in an order that all writers share, so that they never
    deadlock: by pool, SKU and warehouse.
    """
    rows = await connection.execute(_LOCK_SHELVES if lock else SHELVES, wanted(pools))
    return shelves_in(rows.mappings())


def wanted(pools: Mapping[str, str]) -> dict[str, list[str]]:
    """SKUs, each of the shelf of a pool, as `SHELVES` is asked for them."""
    return {"on_shelf": list(pools), "pools": list(pools.values())}


def shelves_in(rows: Iterable[Mapping[str, Any] | RowMapping]) -> Shelves:
    """What rows of `SHELVES` say."""
    available: defaultdict[str, dict[str, int]] = defaultdict(dict)
    places: dict[str, Warehouse] = {}
    for row in rows:
        warehouse_id = row["warehouse_id"]
        available[row["sku"]][warehouse_id] = row["available"]
        if warehouse_id not in places:
            places[warehouse_id] = Warehouse(**{name: row[name] for name in _OF_WAREHOUSE})
    return Shelves(available, places)


async def reserve(
    connection: AsyncConnection, order_no: str, demands: Sequence[Demand], to: Address, at: datetime
) -> None:
    """Hold stock for an order, all or nothing. Raises `OutOfStock`; `PlacingTimedOut` after a release."""
    first = await connection.scalar(
        insert(stock_reservations)
        .values(order_no=order_no, state=_HELD)
        .on_conflict_do_nothing()
        .returning(stock_reservations.c.order_no)
    )
    if first is None:
        state = await connection.scalar(
            select(stock_reservations.c.state).where(stock_reservations.c.order_no == order_no)
        )
        if state == _RELEASED:
            raise PlacingTimedOut("what this order held was given back already")
        return
    await _hold(connection, order_no, demands, to, at)


async def deduct(
    connection: AsyncConnection, order_no: str, demands: Sequence[Demand], to: Address, at: datetime
) -> None:
    """Hold more for an order that is paid, all or nothing, once. Raises `OutOfStock`, also after a release."""
    await connection.execute(insert(stock_reservations).values(order_no=order_no, state=_HELD).on_conflict_do_nothing())
    query = select(stock_reservations.c.state).where(stock_reservations.c.order_no == order_no).with_for_update()
    if await connection.scalar(query) == _RELEASED:
        raise OutOfStock("what this order held was given back already", items=[])
    lines = stock_reservation_lines
    held = set(await connection.scalars(select(lines.c.line_no).where(lines.c.order_no == order_no)))
    if missing := [demand for demand in demands if demand.line_no not in held]:
        await _hold(connection, order_no, missing, to, at)


async def _hold(
    connection: AsyncConnection, order_no: str, demands: Sequence[Demand], to: Address, at: datetime
) -> None:
    pools = {demand.sku: demand.pool for demand in demands}
    shelf = await shelves_of(connection, pools, lock=True)
    taken = source(demands, shelf.available, shelf.warehouses, to)
    await connection.execute(
        _HOLD,
        {
            "order_no": order_no,
            "at": at,
            "line_nos": [item.line_no for item in taken],
            "skus": [item.sku for item in taken],
            "warehouse_ids": [item.warehouse_id for item in taken],
            "pools": [pools[item.sku] for item in taken],
            "quantities": [item.quantity for item in taken],
        },
    )


async def release(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """Give back what an order holds; before its reserve this leaves a tombstone, after it a second time nothing."""
    statement = insert(stock_reservations).values(order_no=order_no, state=_RELEASED)
    changed = await connection.scalar(
        statement.on_conflict_do_update(
            index_elements=["order_no"], set_={"state": _RELEASED}, where=stock_reservations.c.state == _HELD
        ).returning(stock_reservations.c.order_no)
    )
    if changed is not None:
        await connection.execute(_LOCK_ORDER_STOCK, {"order_no": order_no})
        await connection.execute(_GIVE_BACK, {"order_no": order_no, "at": at})


async def is_given_back(connection: AsyncConnection, order_no: str) -> bool:
    """Whether what an order held was released, for good."""
    query = select(stock_reservations.c.state).where(stock_reservations.c.order_no == order_no)
    return await connection.scalar(query) == _RELEASED


async def sources_of(connection: AsyncConnection, order_no: str) -> tuple[Source, ...]:
    """Where an order's units come from; those that were stopped come from nowhere any more."""
    rows = await connection.execute(_SOURCES, {"order_no": order_no})
    return tuple(sorted(Source(*row) for row in rows))


async def lines_served(
    connection: AsyncConnection, order_nos: Sequence[str], warehouse_id: str
) -> Mapping[str, frozenset[int]]:
    """Order number → the lines of which the warehouse ships something, or was to, or sends something again."""
    held = stock_reservation_lines.c
    kept = select(held.order_no, held.line_no).where(held.order_no.in_(order_nos) & (held.warehouse_id == warehouse_id))
    packed = (
        select(parcels.c.order_no, parcel_lines.c.line_no)
        .join(parcel_lines, parcel_lines.c.parcel_no == parcels.c.parcel_no)
        .where(parcels.c.order_no.in_(order_nos) & (parcels.c.warehouse_id == warehouse_id))
    )
    served = kept.union(packed).subquery().c
    rows = await connection.execute(select(served.order_no, func.array_agg(served.line_no)).group_by(served.order_no))
    return {order_no: frozenset(numbers) for order_no, numbers in rows}
