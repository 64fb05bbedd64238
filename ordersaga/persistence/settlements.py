"""What a claim would give back, and what claims have given back so far (R-REV-8, M5)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.breakdown import Breakdown, UnitsBack
from ordersaga.domain.after_sales.case import Fault, Kind
from ordersaga.domain.after_sales.units import choose
from ordersaga.domain.errors import NotFound
from ordersaga.persistence import orders
from ordersaga.persistence.case_opening import units_in


async def preview(
    connection: AsyncConnection, order_no: str, kind: Kind, wanted: Mapping[int, int], fault: Fault, at: datetime
) -> Breakdown:
    """What a claim on `wanted` units, line number → quantity, would give back if it were settled now.

    Of an exchange: what comes back if its replacement runs out and the buyer takes money. Nothing is written.
    Raises `UnitsNotClaimable`, `NotFound`.
    """
    order = await orders.get(connection, order_no)
    if order is None:
        raise NotFound("there is no such order", order_no=order_no)
    chosen = choose(await units_in(connection, order_no), kind, wanted)
    shares = {line.line_no: line.units() for line in order.lines}
    units = tuple(
        UnitsBack(
            line_no=line_no,
            units=(unit,),
            goods=shares[line_no][unit - 1].payable,
            shipping=0,
            points=0,
            seller_at_fault=fault is Fault.SELLER,
        )
        for line_no, numbers in chosen.items()
        for unit in numbers
    )
    return Breakdown(order_no=order_no, currency=order.currency, units=units, money=sum(item.amount for item in units))
