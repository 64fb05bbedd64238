"""Goods of parcels that were given up, and came back to where they were sent from (W3)."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Kind, Restock
from ordersaga.domain.errors import ActionNotAllowed, NotFound
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.persistence import after_sales, parcels
from ordersaga.persistence.case_opening import units_in
from ordersaga.persistence.restocking import KINDS, GoodsBack, restock
from ordersaga.persistence.tables.stock import stock_movements

_INSPECTED = frozenset({Kind.RETURN, Kind.EXCHANGE})
"""What such a case claims is restocked by its inspection."""


async def bring_back(connection: AsyncConnection, parcel_no: str, onto: Restock, at: datetime) -> None:
    """Put a parcel's goods onto its warehouse's stock, once. Raises `NotFound`, `ActionNotAllowed`."""
    await parcels.whereabouts(connection, parcel_no, lock=True)
    parcel = await parcels.get(connection, parcel_no)
    if parcel is None:
        raise NotFound("there is no such parcel", parcel_no=parcel_no)
    if parcel.state is not ParcelState.WRITTEN_OFF:
        raise ActionNotAllowed(
            f"what a parcel brings back is not known while it is {parcel.state}", action="restock", state=parcel.state
        )
    movements = stock_movements.c
    back = (movements.source_document == parcel_no) & movements.kind.in_(KINDS.values())
    if await connection.scalar(select(exists().where(back))):
        return
    kinds = {case.case_no: case.kind for case in await after_sales.of_order(connection, parcel.order_no)}
    inspected = {
        (unit.line_no, unit.unit_no)
        for unit in await units_in(connection, parcel.order_no)
        if unit.parcel_no == parcel_no and unit.claim is not None and kinds[unit.claim.case_no] in _INSPECTED
    }
    goods = [
        GoodsBack(line.line_no, line.sku, quantity, onto)
        for line in parcel.lines
        if (quantity := sum((line.line_no, unit) not in inspected for unit in line.units))
    ]
    await restock(connection, parcel_no, parcel.warehouse_id, goods, at)
