"""Goods that came back, onto the shelf of the warehouse that inspected them (R-REV-5).

They go to the general shelf, whichever campaign they were sold under: that may be over. What is not for sale any more
is counted apart from what is on hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Restock

KINDS = {Restock.SELLABLE: "return", Restock.DEFECTIVE: "return_defective"}

_SHELVES = text("""
    INSERT INTO stock (sku, warehouse_id, pool, on_hand, reserved)
    SELECT DISTINCT sku, :warehouse_id, '', 0, 0 FROM unnest(CAST(:skus AS text[])) AS t (sku) ORDER BY sku
    ON CONFLICT DO NOTHING
""")
_LOCK = text("""
    SELECT 1 FROM stock WHERE sku = ANY(CAST(:skus AS text[])) AND warehouse_id = :warehouse_id AND pool = ''
    ORDER BY pool, sku, warehouse_id FOR UPDATE
""")
_PUT = text("""
    WITH back AS (
        SELECT * FROM unnest(CAST(:line_nos AS int[]), CAST(:skus AS text[]), CAST(:kinds AS text[]),
                             CAST(:sellable AS bigint[]), CAST(:defective AS bigint[]))
        AS t (line_no, sku, kind, sellable, defective)
    ), ledger AS (
        INSERT INTO stock_movements
            (sku, warehouse_id, pool, kind, source_document, line_no, on_hand, reserved, defective, at)
        SELECT sku, :warehouse_id, '', kind, :document, line_no, sellable, 0, defective, :at FROM back
        ON CONFLICT DO NOTHING
        RETURNING sku, on_hand, defective
    )
    UPDATE stock SET on_hand = stock.on_hand + sums.on_hand, defective = stock.defective + sums.defective
    FROM (SELECT sku, sum(on_hand) AS on_hand, sum(defective) AS defective FROM ledger GROUP BY sku) AS sums
    WHERE stock.sku = sums.sku AND stock.warehouse_id = :warehouse_id AND stock.pool = ''
""")


@dataclass(frozen=True, slots=True)
class GoodsBack:
    """`quantity` units of a line that came back, and for which stock they are fit."""

    line_no: int
    sku: str
    quantity: int
    restock: Restock


async def restock(
    connection: AsyncConnection, document: str, warehouse_id: str, goods: Sequence[GoodsBack], at: datetime
) -> None:
    """Put goods onto a warehouse's general shelf, once for each line of `document`."""
    if not goods:
        return
    shelf = {"warehouse_id": warehouse_id, "skus": [item.sku for item in goods]}
    await connection.execute(_SHELVES, shelf)
    await connection.execute(_LOCK, shelf)
    await connection.execute(
        _PUT,
        {
            **shelf,
            "document": document,
            "at": at,
            "line_nos": [item.line_no for item in goods],
            "kinds": [KINDS[item.restock] for item in goods],
            "sellable": [item.quantity if item.restock is Restock.SELLABLE else 0 for item in goods],
            "defective": [item.quantity if item.restock is Restock.DEFECTIVE else 0 for item in goods],
        },
    )
