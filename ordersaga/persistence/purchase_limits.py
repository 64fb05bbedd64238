"""Purchase limits, and how much of them is used (R-STK-3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.pricing.scope import paths_of
from ordersaga.domain.purchase_limits import LimitedGoods, LimitHold, Period, PurchaseLimit, Subject, Window
from ordersaga.persistence.tables.purchase_limits import limit_hold_items, purchase_limits

_NAMED = ("skus", "categories", "order_types", "campaigns")
ABOUT = select(purchase_limits).where(
    purchase_limits.c.enabled & (purchase_limits.c.subject == Subject.ACCOUNT),
    *(
        (purchase_limits.c[name] == literal([], ARRAY(Text)))
        | purchase_limits.c[name].overlap(bindparam(name, type_=ARRAY(Text)))
        for name in _NAMED
    ),
)
"""The limits per account that may be about an order of these `names_of`."""


async def put(connection: AsyncConnection, limit: PurchaseLimit, at: datetime) -> None:
    """Create or change a limit. What orders count for already stays counted."""
    values = {
        "code": limit.code,
        **{name: sorted(getattr(limit.goods, name)) for name in _NAMED},
        "subject": limit.subject,
        "quantity": limit.quantity,
        "period": limit.window.period,
        "seconds": limit.window.seconds,
        "enabled": limit.enabled,
        "updated_at": at,
    }
    statement = insert(purchase_limits).values(**values)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_={name: statement.excluded[name] for name in values if name != "code"}
        )
    )


async def get(connection: AsyncConnection, code: str) -> PurchaseLimit | None:
    row = (await connection.execute(select(purchase_limits).where(purchase_limits.c.code == code))).one_or_none()
    return None if row is None else limit_of(row._asdict())


async def page(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[PurchaseLimit]:
    query = select(purchase_limits).where(purchase_limits.c.code > after).order_by(purchase_limits.c.code).limit(limit)
    return [limit_of(row._asdict()) for row in await connection.execute(query)]


async def of_campaign(connection: AsyncConnection, code: str) -> PurchaseLimit | None:
    """The limit per account that a campaign names; the tightest, if it names several."""
    query = (
        select(purchase_limits)
        .where(
            purchase_limits.c.enabled
            & (purchase_limits.c.subject == Subject.ACCOUNT)
            & purchase_limits.c.campaigns.contains([code])
        )
        .order_by(purchase_limits.c.quantity, purchase_limits.c.code)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else limit_of(row._asdict())


async def about(connection: AsyncConnection, order: PricedOrder) -> Sequence[PurchaseLimit]:
    """The limits per account that may be about an order."""
    found = await connection.execute(ABOUT, names_of(order))
    return [limit_of(row._asdict()) for row in found]


def names_of(order: PricedOrder) -> dict[str, list[str]]:
    """What limits may name an order by."""
    return {
        "skus": sorted({line.sku for line in order.lines}),
        "categories": sorted({path for line in order.lines for path in paths_of(line.category)}),
        "order_types": [order.order_type],
        "campaigns": [order.campaign or ""],
    }


async def used(connection: AsyncConnection, hold: LimitHold, at: datetime) -> int:
    """How many units count for somebody at a moment."""
    items = limit_hold_items.c
    query = select(func.coalesce(func.sum(items.units), 0)).where(
        (items.code == hold.code) & (items.subject == hold.subject), *counted(hold.window, at)
    )
    return int(await connection.scalar(query) or 0)


async def page_of_uses(
    connection: AsyncConnection, code: str, at: datetime, *, after: str, limit: int
) -> Sequence[tuple[str, int]]:
    """Subjects with the units that count for them at that moment; pseudonyms if they are addresses."""
    found = await get(connection, code)
    if found is None:
        return []
    items = limit_hold_items.c
    query = (
        select(items.subject, func.sum(items.units).label("used"))
        .where((items.code == code) & (items.subject > after), *counted(found.window, at))
        .group_by(items.subject)
        .order_by(items.subject)
        .limit(limit)
    )
    return [(row.subject, int(row.used)) for row in await connection.execute(query)]


def counted(window: Window, at: datetime) -> list[ColumnElement[bool]]:
    """Which items count at a moment."""
    since, before = window.span(at)
    conditions: list[ColumnElement[bool]] = [~limit_hold_items.c.returned]
    if since is not None:
        conditions.append(limit_hold_items.c.at >= since)
    if before is not None:
        conditions.append(limit_hold_items.c.at < before)
    return conditions


def limit_of(row: Mapping[str, Any]) -> PurchaseLimit:
    named = {name: frozenset(row[name]) for name in _NAMED}
    return PurchaseLimit(
        code=row["code"],
        goods=LimitedGoods(everything=not any(named.values()), **named),
        subject=Subject(row["subject"]),
        quantity=row["quantity"],
        window=Window(Period(row["period"]), row["seconds"]),
        enabled=row["enabled"],
    )
