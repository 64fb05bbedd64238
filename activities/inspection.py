"""Goods that come back: announced by their buyer, inspected by who receives them (R-REV-5)."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities import settlement
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.case import Case


async def ship_back(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The buyer has handed the goods to a carrier: `details` name it and its `tracking_no`."""
    return replace(case, return_shipment=request.details)


async def accept_for_refund(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return await settlement.settle(connection, await accept(connection, case, request), request)


async def accept_for_exchange(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return await accept(connection, case, request)


async def accept_all(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return replace(case, lines=tuple(replace(line, accepted=line.accepted or line.units) for line in case.lines))


async def accept(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """Take what the inspection accepted, onto the stock that it names."""
    return await accept_all(connection, case, request)
