"""What buyers and merchants are told: one row per order, kind and recipient, read through the API (R-CNF-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.table import Actor
from ordersaga.persistence.tables.orders import notifications

_NOTIFY = text("""
    INSERT INTO notifications (order_no, recipient, kind, created_at)
    SELECT order_no, buyer, :kind, :at FROM orders WHERE order_no = :order_no
    ON CONFLICT DO NOTHING
""")

_NOTIFY_MERCHANTS = text("""
    INSERT INTO notifications (order_no, recipient, recipient_role, kind, created_at)
    SELECT DISTINCT order_no, merchant_id, 'merchant', CAST(:kind AS text), CAST(:at AS timestamptz)
    FROM order_lines WHERE order_no = :order_no
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    notification_id: int
    order_no: str
    kind: str
    created_at: datetime


async def notify(connection: AsyncConnection, order_no: str, kind: str, at: datetime) -> None:
    """Tell the buyer of an order something, once."""
    await connection.execute(_NOTIFY, {"order_no": order_no, "kind": kind, "at": at})


async def notify_merchants(connection: AsyncConnection, order_no: str, kind: str, at: datetime) -> None:
    """Tell every merchant of an order something, once. No kind is told to merchants and buyers."""
    await connection.execute(_NOTIFY_MERCHANTS, {"order_no": order_no, "kind": kind, "at": at})


async def page(
    connection: AsyncConnection, recipient: str, *, role: Actor = Actor.BUYER, before: int | None, limit: int
) -> Sequence[Notification]:
    """What somebody was told, the newest first; merchants by their merchant id."""
    columns = notifications.c
    query = select(columns.notification_id, columns.order_no, columns.kind, columns.created_at).where(
        (columns.recipient == recipient) & (columns.recipient_role == role)
    )
    if before is not None:
        query = query.where(columns.notification_id < before)
    rows = await connection.execute(query.order_by(columns.notification_id.desc()).limit(limit))
    return [Notification(**row._mapping) for row in rows]
