"""What a cart is priced by for an account, besides its goods and the offers that run (R-SUB-1)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import String, Text

from ordersaga.domain.pricing.effects import Gift
from ordersaga.domain.pricing.occasion import Occasion, RunningOffer, Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.persistence import coupons
from ordersaga.persistence.catalogue import Goods
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


def gifts_of(offers: Sequence[RunningOffer]) -> set[str]:
    """The SKUs that the offers give."""
    return {found.offer.effect.sku for found in offers if isinstance(found.offer.effect, Gift)}


async def occasion(
    connection: AsyncConnection,
    account: str,
    *,
    channel: str,
    wishes: Wishes,
    currency: str,
    offers: tuple[RunningOffer, ...],
    goods: Goods,
    at: datetime,
) -> Occasion:
    """Everything that the price of the account's cart in `currency` depends on now, its goods being `goods`.

    One statement, and one for terms of coupons that this process has not seen yet.
    """
    values = {"account": account, "currency": currency, "also": list(wishes.coupon_codes or ()), "at": at}
    rows = (await connection.execute(_ACCOUNT, values)).all()
    about = rows[0]
    wallet = await coupons.read(connection, [row for row in rows if row.coupon_code is not None])
    return Occasion(
        at=at,
        channel=channel,
        member_tier=about.tier,
        offers=offers,
        coupons=wallet,
        points_policy=None if about.policy is None else PointsPolicy(**about.policy),
        points_balance=about.points or 0,
        gifts={sku: goods.skus[sku] for sku in goods.free},
        gift_stock=goods.free,
        wishes=wishes,
    )
