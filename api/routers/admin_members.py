"""Members and their points, for operators."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Operator
from api.problems import responses
from api.schemas.members import MemberBody, MemberView, PointsBooked
from api.schemas.points import PointsBooking
from api.schemas.values import Account
from api.services import UsesServices
from ordersaga.persistence import members, points

router = APIRouter(
    prefix="/v1/admin/members",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


@router.put("/{account}", response_model=MemberView)
async def put_member(services: UsesServices, _: Operator, account: Account, body: MemberBody) -> dict[str, Any]:
    """Make an account a member of a tier, or of none."""
    async with services.database.transaction() as connection:
        await members.put(connection, account, body.tier, datetime.now(UTC))
        return await _view(connection, account)


@router.get("/{account}", response_model=MemberView)
async def get_member(services: UsesServices, _: Operator, account: Account) -> dict[str, Any]:
    """The tier and the points of an account, beside what the ledger of points adds up to."""
    async with services.database.transaction() as connection:
        return await _view(connection, account)


@router.post("/{account}/points", response_model=PointsBooked, responses=responses("points_unavailable"))
async def book_points(
    services: UsesServices, caller: Operator, account: Account, body: PointsBooking
) -> dict[str, Any]:
    """Give points, or take back what is not locked. Each document of an account is booked once."""
    async with services.database.transaction() as connection:
        booked = await points.grant(
            connection,
            account,
            body.points,
            document=body.document,
            at=datetime.now(UTC),
            reason=body.reason,
            booked_by=caller.subject,
        )
        return {**await _view(connection, account), "booked": booked}


async def _view(connection: AsyncConnection, account: str) -> dict[str, Any]:
    balance = await points.balance(connection, account)
    ledger = {"balance": balance.ledger_balance, "locked": balance.ledger_locked}
    return {
        "account": account,
        "tier": await members.tier(connection, account),
        "points": {
            "balance": balance.balance,
            "locked": balance.locked,
            "available": balance.available,
            "ledger_sum": ledger,
            "adds_up": ledger == {"balance": balance.balance, "locked": balance.locked},
        },
    }
