"""Whether what an order wants of offers is there, asked while nobody else can take it (S6)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import CouponUnavailable, OfferExhausted
from ordersaga.domain.pricing.coupons import CouponState, fault
from ordersaga.domain.pricing.occasion import RunningOffer
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.restoration import Restorations
from ordersaga.persistence import coupons, offers
from ordersaga.persistence.tables.coupons import coupons as coupon_rows
from ordersaga.persistence.tables.offers import offers as offer_rows


async def lock_coupons(
    connection: AsyncConnection, account: str, wanted: Sequence[Hold], at: datetime
) -> Mapping[Hold, Restorations]:
    """The coupons' own restoration rules. Raises `CouponUnavailable` if one is not the account's to use."""
    if not wanted:
        return {}
    rows = await connection.execute(
        select(*coupons.COLUMNS)
        .select_from(coupons.WITH_TERMS)
        .where((coupon_rows.c.account == account) & coupon_rows.c.coupon_code.in_([item.code for item in wanted]))
        .order_by(coupon_rows.c.coupon_code)
        .with_for_update(of=coupon_rows)
    )
    found = {row.coupon_code: row for row in rows}
    for item in wanted:
        if reason := _why_not_coupon(found.get(item.code), at):
            raise CouponUnavailable(f"coupon {item.code} cannot be used", coupon_code=item.code, reason=reason)
    versions = [(row.template, row.version, row.digest) for row in found.values()]
    templates = dict(zip(found, await coupons.VERSIONS.rules(connection, versions), strict=True))
    return {item: templates[item.code].restorations for item in wanted}


async def lock_offers(
    connection: AsyncConnection, account: str, wanted: Sequence[Hold], at: datetime
) -> Mapping[Hold, str]:
    """The periods that the account's uses count in. Raises `OfferExhausted` if too little is left of one."""
    if not wanted:
        return {}
    codes = [item.code for item in wanted]
    await connection.execute(
        select(offer_rows.c.code).where(offer_rows.c.code.in_(codes)).order_by(offer_rows.c.code).with_for_update()
    )
    found = {standing.offer.code: standing for standing in await offers.named(connection, codes, account, at)}
    for item in wanted:
        if reason := _why_not_offer(found.get(item.code), item):
            raise OfferExhausted(
                f"there is not enough left of {item.code}", source=item.source, offer_code=item.code, reason=reason
            )
    return {item: found[item.code].offer.usage_period.key(at) for item in wanted}


def _why_not_coupon(row: Row[Any] | None, at: datetime) -> str:
    if row is None:
        return "unknown_coupon"  # somebody else's too
    return fault(CouponState(row.state), row.valid_from, row.valid_until, at)


def _why_not_offer(standing: RunningOffer | None, wanted: Hold) -> str | None:
    if standing is None or standing.offer.source != wanted.source:
        return "unknown_offer"
    offer = standing.offer
    for reason, limit, after in (
        ("budget_exhausted", offer.budget, standing.spent + wanted.amount),
        ("usage_limit_reached", offer.usage_limit, standing.used + 1),
        ("account_limit_reached", offer.usage_limit_per_account, standing.used_by_account + 1),
    ):
        if limit is not None and after > limit:
            return reason
    return None
