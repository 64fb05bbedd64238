"""Units that are deducted when the order is paid: until then they are looked for, and not held (R-STK-1, S5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.sourcing import Demand, demands_of, refuse_shortage
from ordersaga.persistence import campaigns, stock, submissions
from ordersaga.persistence.submissions import Submission


async def shortage(connection: AsyncConnection, priced: PricedOrder) -> OutOfStock | None:
    """What is missing of such units now. Without any of them, nothing is asked."""
    wanted = demands_of(priced, StockPolicy.DEDUCT_AT_PAYMENT)
    return await _shortage(connection, wanted) if wanted else None


async def missing(connection: AsyncConnection, order_no: str) -> Sequence[Demand]:
    """What an order still wants, be it there or not."""
    wanted = await _wanted(connection, await submissions.known(connection, order_no))
    held = {item.line_no for item in await stock.sources_of(connection, order_no)}
    return [demand for demand in wanted if demand.line_no not in held]


async def require(connection: AsyncConnection, order_no: str) -> Sequence[Demand]:
    """What an order still wants, all of which is there. Raises `OutOfStock`."""
    wanted = await missing(connection, order_no)
    if wanted and (short := await _shortage(connection, wanted)):
        raise short
    return wanted


async def deduct(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """The order is paid: hold the units, all or nothing, once. Raises `OutOfStock`."""
    submission = await submissions.known(connection, order_no)
    wanted = await _wanted(connection, submission)
    await stock.deduct(connection, order_no, wanted, submission.destination, at)


async def _wanted(connection: AsyncConnection, submission: Submission) -> list[Demand]:
    """From the general shelf if the campaign is over, and what was left of its own stock went there."""
    priced = submission.priced
    if priced.pool:
        priced = replace(priced, pool=await campaigns.pool(connection, priced.pool))
    return demands_of(priced, StockPolicy.DEDUCT_AT_PAYMENT)


async def _shortage(connection: AsyncConnection, wanted: Sequence[Demand]) -> OutOfStock | None:
    shelves = await stock.shelves_of(connection, {demand.sku: demand.pool for demand in wanted})
    try:
        refuse_shortage(wanted, shelves.available)
    except OutOfStock as short:
        return short
    return None
