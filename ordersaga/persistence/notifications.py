"""What buyers and merchants are told: one row per order or case, kind and recipient, read over HTTP (R-CNF-1)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.after_sales.notices import Notice
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


_TELL_BUYER = text("""
    INSERT INTO notifications (order_no, case_no, recipient, kind, due_at, created_at)
    SELECT order_no, :case_no, buyer, :kind, CAST(:due_at AS timestamptz), :at FROM orders WHERE order_no = :order_no
    ON CONFLICT DO NOTHING
""")

_TELL_MERCHANT = text("""
    INSERT INTO notifications (order_no, case_no, recipient, recipient_role, kind, due_at, created_at)
    VALUES (:order_no, :case_no, :merchant_id, 'merchant', :kind, CAST(:due_at AS timestamptz), :at)
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`case_no` is empty for what is told of the order itself; `due_at` is until when the recipient may act."""

    notification_id: int
    order_no: str
    case_no: str
    kind: str
    due_at: datetime | None
    created_at: datetime


async def notify(connection: AsyncConnection, order_no: str, kind: str, at: datetime) -> None:
    """Tell the buyer of an order something, once."""
    await connection.execute(_NOTIFY, {"order_no": order_no, "kind": kind, "at": at})


async def notify_merchants(connection: AsyncConnection, order_no: str, kind: str, at: datetime) -> None:
    """Tell every merchant of an order something, once. No kind is told to merchants and buyers."""
    await connection.execute(_NOTIFY_MERCHANTS, {"order_no": order_no, "kind": kind, "at": at})


async def notify_of_case(connection: AsyncConnection, case: Case, notice: Notice, at: datetime) -> None:
    """Tell the buyer, and the merchant of the case, what there is for them, each once in the case's life."""
    values = {"order_no": case.order_no, "case_no": case.case_no, "due_at": case.due_at, "at": at}
    if notice.buyer is not None:
        await connection.execute(_TELL_BUYER, {**values, "kind": notice.buyer})
    if notice.merchant is not None:
        await connection.execute(_TELL_MERCHANT, {**values, "kind": notice.merchant, "merchant_id": case.merchant_id})


async def page(
    connection: AsyncConnection, recipient: str, *, role: Actor = Actor.BUYER, before: int | None, limit: int
) -> Sequence[Notification]:
    """What somebody was told, the newest first; merchants by their merchant id."""
    columns = notifications.c
    told = [columns[field.name] for field in fields(Notification)]
    query = select(*told).where((columns.recipient == recipient) & (columns.recipient_role == role))
    if before is not None:
        query = query.where(columns.notification_id < before)
    rows = await connection.execute(query.order_by(columns.notification_id.desc()).limit(limit))
    return [Notification(**row._mapping) for row in rows]
