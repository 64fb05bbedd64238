"""What the database knows of sales that have a gate (R-TYPE-2)."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.gate import Counted, GateKey, GateLimit, Knowledge, Seen, limit_at_gate
from ordersaga.persistence import campaigns, events, purchase_limits, stock
from ordersaga.persistence.database import Database
from ordersaga.persistence.tables import campaigns as campaign_tables
from ordersaga.persistence.tables.events import events as event_rows
from ordersaga.persistence.tables.orders import orders
from ordersaga.persistence.tables.purchase_limits import limit_hold_items
from ordersaga.persistence.tables.stock import stock_reservation_lines

Leased = Callable[[], Awaitable[Collection[str]]]
"""Asks a gate for the orders to which it leases units."""

_EVENTS_AT_ONCE = 5_000


async def running(
    connection: AsyncConnection, kinds: Collection[str], *, at: datetime, until: datetime
) -> Sequence[GateKey]:
    """The gates of campaigns that have begun by `until` and are not over at `at`."""
    table = campaign_tables.campaigns.c
    query = (
        select(table.order_type, table.sku)
        .where(table.order_type.in_(sorted(kinds)) & (table.ends_at > at) & (table.starts_at <= until))
        .distinct()
        .order_by(table.order_type, table.sku)
    )
    return [GateKey(row.order_type, row.sku) for row in await connection.execute(query)]


def reader(database: Database, key: GateKey) -> Callable[[Seen | None, Leased], Awaitable[Knowledge | None]]:
    """`read` in a snapshot of its own, at the moment when it is called."""

    async def reads(seen: Seen | None, leased: Leased) -> Knowledge | None:
        async with database.viewing() as connection:
            return await read(connection, key, seen, leased, datetime.now(UTC))

    return reads


async def read(
    connection: AsyncConnection, key: GateKey, seen: Seen | None, leased: Leased, at: datetime
) -> Knowledge | None:
    """What there is to know of the gate's present campaign beyond what it has seen; `None` if there is none.

    `connection` sees one moment; who is leased units is asked after it, and so includes whoever had taken some by then.
    """
    campaign = await campaigns.of_sku(connection, key.sku, key.order_type, at)
    if campaign is None:
        return None
    limit = limit_at_gate(campaign, await purchase_limits.of_campaign(connection, campaign.code), at)
    head = await events.head(connection)
    if seen is None or seen.campaign != campaign.code:
        position, placed = head, await _orders(connection, campaign.code, limit)
    else:
        position = min(head, seen.position + _EVENTS_AT_ONCE)
        placed = await _orders(connection, campaign.code, limit, between=(seen.position, position))
    held = await leased() if seen is not None and seen.campaign == campaign.code else ()
    taken = await _taken(connection, key.sku, held) if held else {}
    shelves = await stock.shelves_of(connection, {key.sku: campaign.pool})
    return Knowledge(
        campaign=campaign, limit=limit, free=shelves.of(key.sku), taken=taken, orders=placed, position=position
    )


async def _taken(connection: AsyncConnection, sku: str, order_nos: Collection[str]) -> Mapping[str, int]:
    """Order number → units, of those that hold some, or held some before they gave them back."""
    lines = stock_reservation_lines.c
    query = (
        select(lines.order_no, func.sum(lines.quantity))
        .where((lines.order_no == any_(bindparam("order_nos", type_=ARRAY(Text)))) & (lines.sku == sku))
        .group_by(lines.order_no)
    )
    rows = await connection.execute(query, {"order_nos": sorted(order_nos)})
    return {order_no: int(units) for order_no, units in rows.tuples()}


async def _orders(
    connection: AsyncConnection, campaign: str, limit: GateLimit | None, *, between: tuple[int, int] | None = None
) -> tuple[Counted, ...]:
    """The campaign's orders, with an event in that span if one is given, and what they count for the limit."""
    items = limit_hold_items.c
    counts = (items.order_no == orders.c.order_no) & (items.code == (limit.code if limit else "")) & ~items.returned
    query = (
        select(orders.c.order_no, orders.c.buyer, func.coalesce(items.units, 0).label("units"))
        .select_from(orders.outerjoin(limit_hold_items, counts))
        .where(orders.c.campaign == campaign)
    )
    if between is not None:
        after, until = between
        told = select(event_rows.c.order_no).where((event_rows.c.position > after) & (event_rows.c.position <= until))
        query = query.where(orders.c.order_no.in_(told))
    rows = await connection.execute(query)
    return tuple(Counted(row.order_no, row.buyer, row.units) for row in rows)
