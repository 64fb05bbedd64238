"""A coupon for a buyer whose order a seller cancels, where the shop's rules promise one (R-REV-3)."""

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.errors import CouponUnavailable, NotFound
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.persistence import after_sales_rules, coupons
from ordersaga.persistence.orders import Order

log = structlog.get_logger()


async def give(connection: AsyncConnection, case: Case, order: Order, at: datetime) -> None:
    """One coupon for each case that a merchant opened; nothing when there is none to be had."""
    template = (await after_sales_rules.rules_at(connection, order.placed_at)).apology_template
    if template is None or case.opened_by_role != Actor.MERCHANT:
        return
    try:
        async with connection.begin_nested():
            await coupons.grant(connection, template, [order.buyer], at, document=case.case_no)
    except (CouponUnavailable, NotFound) as error:
        reason = error.details.get("reason", error.code)
        log.warning("no coupon says sorry for a cancellation", template=template, reason=reason)
