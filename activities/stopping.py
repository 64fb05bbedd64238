"""Parcels that are stopped before they leave (R-REV-3)."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities import settlement
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.lifecycle.after_sales import CaseAction


async def action_for(connection: AsyncConnection, case: Case, request: ActOnCase) -> CaseAction:
    """`STOP_PARCELS`, or `ASK_TO_STOP` where a warehouse has begun, or `REFUSE_TO_STOP` where a parcel has left."""
    return CaseAction.STOP_PARCELS


async def stop(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return await settlement.settle(connection, case, request)


async def ask(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return case


async def turn_into_return(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return replace(case, kind=Kind.RETURN)
