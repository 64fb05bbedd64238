"""Points that orders earn when their goods are received, once each (M12)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.earned import NOTHING_EARNED, Earned
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.persistence import points
from ordersaga.persistence.tables.points import earned_points, point_accounts


async def earn(
    connection: AsyncConnection, order_no: str, account: str, paid: int, policy: PointsPolicy, at: datetime
) -> None:
    """Book what `paid` minor units for received goods earn by a policy that lets them; a second time nothing."""
    number = policy.earned(paid)
    added = await connection.scalar(
        insert(earned_points)
        .values(
            order_no=order_no,
            account=account,
            points=number,
            paid=paid,
            worth_points=policy.points,
            worth_amount=policy.amount,
            at=at,
        )
        .on_conflict_do_nothing()
        .returning(earned_points.c.order_no)
    )
    if added is not None:
        await connection.execute(
            insert(point_accounts).values(account=account, balance=0, locked=0).on_conflict_do_nothing()
        )
        await points.book(connection, account, "earn", balance=number, locked=0, document=order_no, at=at)


async def of_order(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Earned:
    """What an order earned, and how many points its account could give back; with `lock` until the transaction ends."""
    row = (await connection.execute(select(earned_points).where(earned_points.c.order_no == order_no))).one_or_none()
    if row is None:
        return NOTHING_EARNED
    if lock:
        available = await points.free(connection, row.account)
    else:
        balance, locked = await points.owned(connection, row.account)
        available = balance - locked
    return Earned(
        points=row.points,
        paid=row.paid,
        worth_points=row.worth_points,
        worth_amount=row.worth_amount,
        available=available,
    )


async def take_back(connection: AsyncConnection, account: str, number: int, *, document: str, at: datetime) -> None:
    """Take points off an account whose row is locked, for `document`."""
    await points.book(connection, account, "claw_back", balance=-number, locked=0, document=document, at=at)
