"""What parcels take off the shelves, and leave there when they are stopped (R-STK-2, R-REV-3, W3).

An order holds the units of its parcels. What is sent again is held anew, in the name of the parcel that it is sent in
place of. A parcel's units are either committed or released, in the parcel's own name: once, however often it is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.sourcing import Demand, Source
from ordersaga.persistence import stock

_HOLDER = text("""
    WITH RECURSIVE way AS (
        SELECT order_no, replaces, 0 AS steps FROM parcels WHERE parcel_no = :parcel_no
        UNION ALL
        SELECT before.order_no, before.replaces, way.steps + 1
        FROM way JOIN parcels AS before ON before.parcel_no = way.replaces
    )
    SELECT coalesce(held.order_no, way.order_no)
    FROM way LEFT JOIN stock_reservations AS held ON held.order_no = way.replaces
    ORDER BY held.order_no IS NULL, way.steps LIMIT 1
""")

_LOCK_HELD = text("""
    SELECT 1 FROM stock WHERE (sku, warehouse_id, pool) IN (
        SELECT sku, warehouse_id, pool FROM stock_reservation_lines WHERE order_no = ANY(CAST(:holders AS text[]))
    ) ORDER BY pool, sku, warehouse_id FOR UPDATE
""")

_LOCK_PARCEL_STOCK = text("""
    SELECT 1 FROM stock WHERE (sku, warehouse_id, pool) IN (
        SELECT line.sku, parcel.warehouse_id, held.pool
        FROM parcels AS parcel JOIN parcel_lines AS line USING (parcel_no)
        JOIN stock_reservation_lines AS held USING (line_no, warehouse_id)
        WHERE parcel_no = :parcel_no AND held.order_no = :holder
    ) ORDER BY pool, sku, warehouse_id FOR UPDATE
""")

_COMMIT = text("""
    WITH ledger AS (
        INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
        SELECT line.sku, parcel.warehouse_id, held.pool, 'commit', parcel_no, line.line_no,
               -line.quantity, -line.quantity, :at
        FROM parcels AS parcel JOIN parcel_lines AS line USING (parcel_no)
        JOIN stock_reservation_lines AS held USING (line_no, warehouse_id)
        WHERE parcel_no = :parcel_no AND held.order_no = :holder
        ON CONFLICT DO NOTHING
        RETURNING sku, warehouse_id, pool, on_hand, reserved
    )
    UPDATE stock SET on_hand = stock.on_hand + sums.on_hand, reserved = stock.reserved + sums.reserved
    FROM (
        SELECT sku, warehouse_id, pool, sum(on_hand) AS on_hand, sum(reserved) AS reserved
        FROM ledger GROUP BY sku, warehouse_id, pool
    ) AS sums
    WHERE stock.sku = sums.sku AND stock.warehouse_id = sums.warehouse_id AND stock.pool = sums.pool
""")

_RELEASE = text("""
    WITH stopped AS (
        SELECT * FROM unnest(CAST(:line_nos AS int[]), CAST(:quantities AS int[])) AS t (line_no, quantity)
    ), ledger AS (
        INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
        SELECT held.sku, held.warehouse_id, held.pool, 'release', parcel_no, line_no, 0, -stopped.quantity, :at
        FROM stopped JOIN stock_reservation_lines AS held USING (line_no) JOIN parcels AS parcel USING (warehouse_id)
        WHERE parcel_no = :parcel_no AND held.order_no = :holder
        ON CONFLICT DO NOTHING
        RETURNING sku, warehouse_id, pool, line_no, reserved
    ), shrunk AS (
        UPDATE stock_reservation_lines AS held SET quantity = held.quantity + ledger.reserved
        FROM ledger WHERE held.order_no = :holder AND held.line_no = ledger.line_no
            AND held.warehouse_id = ledger.warehouse_id
    )
    UPDATE stock SET reserved = stock.reserved + sums.reserved
    FROM (SELECT sku, warehouse_id, pool, sum(reserved) AS reserved FROM ledger GROUP BY 1, 2, 3) AS sums
    WHERE stock.sku = sums.sku AND stock.warehouse_id = sums.warehouse_id AND stock.pool = sums.pool
""")


async def holder_of(connection: AsyncConnection, parcel_no: str) -> str:
    """In whose name the units of a parcel are held: the order's, or a parcel's that was sent again."""
    return str(await connection.scalar(_HOLDER, {"parcel_no": parcel_no}))


async def lock(connection: AsyncConnection, parcel_nos: Iterable[str]) -> None:
    """Lock all shelves that some parcels' units may lie on, as all writers do, before they are stopped in turn."""
    holders = sorted({await holder_of(connection, parcel_no) for parcel_no in parcel_nos})
    await connection.execute(_LOCK_HELD, {"holders": holders})


async def ship(connection: AsyncConnection, parcel_no: str, at: datetime) -> None:
    """The parcel has left: its units are neither on hand nor reserved any more."""
    parcel = {"parcel_no": parcel_no, "holder": await holder_of(connection, parcel_no)}
    await connection.execute(_LOCK_PARCEL_STOCK, parcel)
    await connection.execute(_COMMIT, {**parcel, "at": at})


async def release(connection: AsyncConnection, parcel_no: str, quantities: Mapping[int, int], at: datetime) -> None:
    """The parcel is stopped: give back so many units of each line, to where they came from. See `lock`."""
    await connection.execute(
        _RELEASE,
        {
            "parcel_no": parcel_no,
            "holder": await holder_of(connection, parcel_no),
            "line_nos": list(quantities),
            "quantities": list(quantities.values()),
            "at": at,
        },
    )


async def reserve_again(
    connection: AsyncConnection, parcel_no: str, demands: Sequence[Demand], to: Address, at: datetime
) -> tuple[Source, ...]:
    """Hold units to be sent in place of a parcel's, of the general shelf first; nothing where there are none."""
    pools = {demand.sku: demand.pool for demand in demands}
    for shelves in (dict.fromkeys(pools, ""), pools):
        try:
            async with connection.begin_nested():
                wanted = [replace(demand, pool=shelves[demand.sku]) for demand in demands]
                await stock.reserve(connection, parcel_no, wanted, to, at)
        except OutOfStock:
            continue
        return await stock.sources_of(connection, parcel_no)
    return ()
