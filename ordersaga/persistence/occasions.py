"""What a cart is priced by for an account, read in two statements, or three when gifts run (R-SUB-1).

Another statement fetches those rules that this process has not seen yet.
"""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import String, Text

from ordersaga.domain.pricing.effects import Gift
from ordersaga.domain.pricing.occasion import Occasion, Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.persistence import catalogue, coupons, offers
from ordersaga.persistence.tables.coupons import coupons as coupon_rows
from ordersaga.persistence.tables.members import members
from ordersaga.persistence.tables.points import point_accounts, points_policies

_account = bindparam("account", type_=Text)
_ABOUT = select(
    select(members.c.tier).where(members.c.account == _account).scalar_subquery().label("tier"),
    select(point_accounts.c.balance - point_accounts.c.locked)
    .where(point_accounts.c.account == _account)
    .scalar_subquery()
    .label("points"),
    select(points_policies.c.document)
    .where(points_policies.c.currency == bindparam("currency", type_=String))
    .scalar_subquery()
    .label("policy"),
).subquery("about")
# One row at least: what the account is, beside each of its coupons.
_ACCOUNT = (
    select(_ABOUT, *coupons.COLUMNS)
    .select_from(_ABOUT.outerjoin(coupons.WITH_TERMS, coupons.IN_WALLET))
    .order_by(coupon_rows.c.coupon_code)
)


async def occasion(
    connection: AsyncConnection, account: str, *, channel: str, wishes: Wishes, currency: str, at: datetime
) -> Occasion:
    """Everything beside the goods that the price of the account's cart in `currency` depends on now."""
    running = await offers.running(connection, account, at)
    values = {"account": account, "currency": currency, "also": list(wishes.coupon_codes or ()), "at": at}
    rows = (await connection.execute(_ACCOUNT, values)).all()
    about = rows[0]
    wallet = await coupons.read(connection, [row for row in rows if row.coupon_code is not None])
    given = {found.offer.effect.sku for found in running if isinstance(found.offer.effect, Gift)}
    gifts, free = await catalogue.with_free_stock(connection, given) if given else ({}, {})
    return Occasion(
        at=at,
        channel=channel,
        member_tier=about.tier,
        offers=running,
        coupons=wallet,
        points_policy=None if about.policy is None else PointsPolicy(**about.policy),
        points_balance=about.points or 0,
        gifts=gifts,
        gift_stock=free,
        wishes=wishes,
    )
