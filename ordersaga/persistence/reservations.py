"""What is kept for an order, and how it shrinks: a replacement to what an inspection accepted (R-REV-6), what is not
paid to what its buyer still wants (R-REV-1).
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence import stock

_LOCK = text("""
    SELECT 1 FROM stock WHERE (sku, warehouse_id, pool) IN (
        SELECT sku, warehouse_id, pool FROM stock_reservation_lines WHERE order_no = :order_no
    ) ORDER BY pool, sku, warehouse_id FOR UPDATE
""")
_TRIM = text("""
    WITH cut AS (
        SELECT * FROM unnest(CAST(:line_nos AS int[]), CAST(:warehouse_ids AS text[]), CAST(:quantities AS int[]))
        AS t (line_no, warehouse_id, quantity)
    ), ledger AS (
        INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
        SELECT held.sku, held.warehouse_id, held.pool, :kind, order_no, held.line_no, 0, -cut.quantity, :at
        FROM stock_reservation_lines AS held JOIN cut USING (line_no, warehouse_id) WHERE order_no = :order_no
        ON CONFLICT DO NOTHING
        RETURNING sku, warehouse_id, pool, line_no, reserved
    ), fewer AS (
        UPDATE stock_reservation_lines AS held SET quantity = held.quantity + ledger.reserved FROM ledger
        WHERE held.order_no = :order_no AND held.line_no = ledger.line_no AND held.warehouse_id = ledger.warehouse_id
    )
    UPDATE stock SET reserved = stock.reserved + sums.reserved
    FROM (SELECT sku, warehouse_id, pool, sum(reserved) AS reserved FROM ledger GROUP BY 1, 2, 3) AS sums
    WHERE stock.sku = sums.sku AND stock.warehouse_id = sums.warehouse_id AND stock.pool = sums.pool
""")


async def lock(connection: AsyncConnection, order_no: str) -> None:
    """Lock the shelves on which an order holds units, in the sequence that all writers keep."""
    await connection.execute(_LOCK, {"order_no": order_no})


async def trim(
    connection: AsyncConnection, order_no: str, wanted: Mapping[int, int], at: datetime, *, kind: str = "trim"
) -> None:
    """Keep so many units of each line and no more, once for each `kind`: what nobody is owed any more is free again."""
    await lock(connection, order_no)
    left, cut = dict(wanted), []
    for held in await stock.sources_of(connection, order_no):
        kept = min(held.quantity, left.get(held.line_no, 0))
        left[held.line_no] = left.get(held.line_no, 0) - kept
        if held.quantity > kept:
            cut.append((held.line_no, held.warehouse_id, held.quantity - kept))
    if cut:
        line_nos, warehouse_ids, quantities = (list(column) for column in zip(*cut, strict=True))
        said = {"line_nos": line_nos, "warehouse_ids": warehouse_ids, "quantities": quantities}
        await connection.execute(_TRIM, {"order_no": order_no, "kind": kind, "at": at, **said})
