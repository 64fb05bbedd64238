"""What is left of an order's reservation, by the ledger, given back: for orders that are over (S4)."""

# ruff: noqa: S608 - the parts that are put together are our own
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence import reservations
from ordersaga.persistence.differences.orders import MOVEMENTS, OF_ORDER

_LEFT = f"""
    SELECT movements.sku, movements.warehouse_id, movements.pool, movements.line_no, sum(movements.reserved) AS units
    FROM {MOVEMENTS}
    WHERE {OF_ORDER} = :order_no AND movements.sku IN (
        SELECT sku FROM stock_reservation_lines WHERE order_no = :order_no
    )
    GROUP BY 1, 2, 3, 4 HAVING sum(movements.reserved) > 0
"""
_NOTHING_IS_HELD = text("""
    UPDATE stock_reservations SET state = 'released' WHERE order_no = :order_no
        AND NOT EXISTS (SELECT FROM stock_reservation_lines AS lines WHERE lines.order_no = :order_no AND quantity > 0)
""")
_GIVE_BACK = text(f"""
    WITH ledger AS (
        INSERT INTO stock_movements (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, at)
        SELECT sku, warehouse_id, pool, 'reconcile', :order_no, line_no, 0, -units, :at FROM ({_LEFT}) AS left_over
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


async def release_what_is_left(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """Units that the ledger still has as reserved for the order are free again, for good; the caller holds its lock."""
    await reservations.lock(connection, order_no)
    await connection.execute(_GIVE_BACK, {"order_no": order_no, "at": at})
    await connection.execute(_NOTHING_IS_HELD, {"order_no": order_no})
