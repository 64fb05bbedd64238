"""Reading and writing campaigns."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.campaigns import Campaign, Terms
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.money import Money
from ordersaga.persistence.stocktaking import GENERAL, IN_A_POOL
from ordersaga.persistence.tables.campaigns import campaigns
from ordersaga.persistence.tables.stock import stock


async def put(connection: AsyncConnection, campaign: Campaign, at: datetime) -> None:
    """Create or change a campaign. Orders keep the terms that they were placed under, and it keeps a stock of its own
    that it was given once.
    """
    values = {
        "code": campaign.code,
        "order_type": campaign.order_type,
        "name": campaign.name,
        "sku": campaign.sku,
        "price": campaign.price.amount,
        "currency": campaign.price.currency,
        "starts_at": campaign.starts_at,
        "ends_at": campaign.ends_at,
        "terms": campaign.terms.to_document(),
        "stock_policy": campaign.stock_policy,
        "pooled": campaign.pooled,
        "updated_at": at,
    }
    statement = insert(campaigns).values(**values)
    changed: dict[str, Any] = {name: statement.excluded[name] for name in values if name != "code"}
    changed["pooled"] = campaigns.c.pooled | statement.excluded.pooled
    await connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


async def get(connection: AsyncConnection, code: str) -> Campaign | None:
    row = (await connection.execute(select(campaigns).where(campaigns.c.code == code))).one_or_none()
    return None if row is None else _campaign(row)


async def known(connection: AsyncConnection, wanted: Collection[str]) -> set[str]:
    """Which of these codes are campaigns'."""
    return set(await connection.scalars(select(campaigns.c.code).where(campaigns.c.code.in_(list(wanted)))))


async def of_sku(connection: AsyncConnection, sku: str, kind: str, at: datetime) -> Campaign | None:
    """The SKU's campaign of an order type that runs at that time; else the next one, else the last."""
    query = (
        select(campaigns)
        .where((campaigns.c.sku == sku) & (campaigns.c.order_type == kind))
        .order_by(campaigns.c.ends_at <= at, campaigns.c.starts_at)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _campaign(row)


async def overlapping(connection: AsyncConnection, campaign: Campaign, at: datetime) -> str | None:
    """Another campaign of the same SKU and type that will run while this one does."""
    same = (campaigns.c.sku == campaign.sku) & (campaigns.c.order_type == campaign.order_type)
    begin = max(campaign.starts_at, at)
    meets = (campaigns.c.starts_at < campaign.ends_at) & (campaigns.c.ends_at > begin) & (begin < campaign.ends_at)
    found = await connection.scalar(
        select(campaigns.c.code).where(same & meets & (campaigns.c.code != campaign.code)).limit(1)
    )
    return None if found is None else str(found)


async def has_stock_left(connection: AsyncConnection, before: datetime) -> Sequence[tuple[str, str]]:
    """Code and SKU of campaigns that were over before then and have a stock of their own, or free units in it."""
    over = campaigns.c.ends_at <= before
    pooled = select(campaigns.c.code, campaigns.c.sku).where(over & campaigns.c.pooled)
    free = select(stock.c.pool, stock.c.sku).where(IN_A_POOL, stock.c.on_hand > stock.c.reserved)
    left = free.join(campaigns, campaigns.c.code == stock.c.pool).where(over)
    return [(row.code, row.sku) for row in await connection.execute(union(pooled, left))]


async def close_pool(connection: AsyncConnection, code: str, before: datetime) -> bool:
    """From now on its orders take from the general shelf; `False` if it runs again. Locks it for the transaction."""
    over = (campaigns.c.code == code) & (campaigns.c.ends_at <= before)
    closed = await connection.scalar(update(campaigns).where(over).values(pooled=False).returning(campaigns.c.code))
    return closed is not None


async def pool(connection: AsyncConnection, code: str) -> str:
    """Which stock the goods of a campaign come from now; until the transaction ends it is not closed."""
    found = await connection.scalar(
        select(campaigns.c.pooled).where(campaigns.c.code == code).with_for_update(read=True)
    )
    return code if found else GENERAL


async def page(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[Campaign]:
    rows = await connection.execute(
        select(campaigns).where(campaigns.c.code > after).order_by(campaigns.c.code).limit(limit)
    )
    return [_campaign(row) for row in rows]


def _campaign(row: Row[Any]) -> Campaign:
    terms = order_type(row.order_type).terms or Terms
    return Campaign(
        code=row.code,
        order_type=row.order_type,
        name=row.name,
        sku=row.sku,
        price=Money(row.price, row.currency),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        terms=terms.from_document(row.terms),
        stock_policy=None if row.stock_policy is None else StockPolicy(row.stock_policy),
        pooled=row.pooled,
    )
