"""Shelves against their ledger and against what orders hold (R-STK-2); digital codes likewise."""

# ruff: noqa: S608 - the parts that are put together are our own
from collections.abc import Mapping

from ordersaga.domain.reconciliation import Kind
from ordersaga.persistence.differences.orders import CAME_TO_NOTHING, JOINED, MOVEMENTS, OF_ORDER, OVER, STATE

_SHELF = "concat_ws('/', sku, warehouse_id, nullif(pool, ''))"

_DIFFERS = f"""
    WITH ledger AS (
        SELECT sku, warehouse_id, pool,
            sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(defective) AS defective
        FROM stock_movements GROUP BY sku, warehouse_id, pool
    )
    SELECT {_SHELF} AS subject, NULL AS order_no,
        jsonb_build_object('on_hand', coalesce(ledger.on_hand, 0), 'reserved', coalesce(ledger.reserved, 0),
                           'defective', coalesce(ledger.defective, 0)) AS expected,
        jsonb_build_object('on_hand', coalesce(stock.on_hand, 0), 'reserved', coalesce(stock.reserved, 0),
                           'defective', coalesce(stock.defective, 0)) AS found
    FROM stock FULL JOIN ledger USING (sku, warehouse_id, pool)
    WHERE (coalesce(stock.on_hand, 0), coalesce(stock.reserved, 0), coalesce(stock.defective, 0))
        <> (coalesce(ledger.on_hand, 0), coalesce(ledger.reserved, 0), coalesce(ledger.defective, 0))
    ORDER BY 1 LIMIT :most
"""

# What is noted to be held and has not left yet: what is given back is noted as held no more.
_RESERVATIONS_DIFFER = f"""
    WITH moves AS (
        SELECT lines.sku, lines.warehouse_id, lines.pool, lines.quantity AS units
        FROM stock_reservation_lines AS lines JOIN stock_reservations AS reservations USING (order_no)
        WHERE reservations.state = 'reserved'
        UNION ALL SELECT sku, warehouse_id, pool, reserved FROM stock_movements WHERE kind = 'commit'
    ), held AS (
        SELECT sku, warehouse_id, pool, sum(units) AS units FROM moves GROUP BY sku, warehouse_id, pool
    )
    SELECT {_SHELF} AS subject, NULL AS order_no,
        jsonb_build_object('reserved', coalesce(held.units, 0)) AS expected,
        jsonb_build_object('reserved', coalesce(stock.reserved, 0)) AS found
    FROM stock FULL JOIN held USING (sku, warehouse_id, pool)
    WHERE coalesce(held.units, 0) <> coalesce(stock.reserved, 0)
    ORDER BY 1 LIMIT :most
"""

_HELD_FOR_NOTHING = f"""
    WITH held AS (
        SELECT {OF_ORDER} AS order_no, sum(movements.reserved) AS units FROM {MOVEMENTS}
        WHERE movements.reserved <> 0 GROUP BY 1 HAVING sum(movements.reserved) <> 0
    )
    SELECT held.order_no AS subject, held.order_no, jsonb_build_object('units', 0) AS expected,
        jsonb_build_object('units', held.units, 'state', {STATE}) AS found
    FROM held {JOINED} WHERE {OVER}
    ORDER BY 1 LIMIT :most
"""

_CODES_HELD_FOR_NOTHING = f"""
    WITH held AS (SELECT order_no, state FROM digital_holds WHERE state IN ('held', 'returning'))
    SELECT held.order_no AS subject, held.order_no, jsonb_build_object('hold', 'released') AS expected,
        jsonb_build_object('hold', held.state, 'state', {STATE}) AS found
    FROM held {JOINED} WHERE {CAME_TO_NOTHING}
    ORDER BY 1 LIMIT :most
"""

QUERIES: Mapping[Kind, str] = {
    Kind.STOCK_DIFFERS: _DIFFERS,
    Kind.RESERVATIONS_DIFFER: _RESERVATIONS_DIFFER,
    Kind.STOCK_HELD_FOR_NOTHING: _HELD_FOR_NOTHING,
    Kind.CODES_HELD_FOR_NOTHING: _CODES_HELD_FOR_NOTHING,
}
