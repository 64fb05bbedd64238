"""The replacement that an exchange ends in: kept from the approval on (R-REV-6, R-TYPE-6)."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.lifecycle.after_sales import CaseAction


async def action_for(connection: AsyncConnection, case: Case, action: CaseAction, request: ActOnCase) -> CaseAction:
    """`action`, or `RUN_SHORT` where it needs a replacement that is out of stock."""
    return action


async def release(connection: AsyncConnection, case: Case, at: datetime) -> None:
    """Keep nothing for this case any more."""


async def turn_into_return(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return replace(case, kind=Kind.RETURN)


async def link(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The replacement's order is placed."""
    return case
