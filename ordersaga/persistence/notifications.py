"""What buyers are told: one row per order and kind, read through the API (R-CNF-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.tables.orders import notifications

_NOTIFY = text("""
    INSERT INTO notifications (order_no, recipient, kind, created_at)
    SELECT order_no, buyer, :kind, :at FROM orders WHERE order_no = :order_no
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


async def page(
    connection: AsyncConnection, recipient: str, *, before: int | None, limit: int
) -> Sequence[Notification]:
    columns = notifications.c
    query = select(columns.notification_id, columns.order_no, columns.kind, columns.created_at).where(
        columns.recipient == recipient
    )
    if before is not None:
        query = query.where(columns.notification_id < before)
    rows = await connection.execute(query.order_by(columns.notification_id.desc()).limit(limit))
    return [Notification(**row._mapping) for row in rows]
