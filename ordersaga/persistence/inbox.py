"""Reports from outside: stored once, delivered at least once, applied once (R-PAY-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.tables.inbox import inbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A stored report that its workflow should be told of."""

    report_id: int
    workflow_id: str
    signal: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    report_id: int
    subject: str
    payload: Mapping[str, Any]


async def store(
    connection: AsyncConnection,
    *,
    source: str,
    event_id: str,
    workflow_id: str | None,
    signal: str,
    subject: str,
    payload: Mapping[str, Any],
    at: datetime,
) -> Delivery | None:
    """Keep a report; `None` for one that was stored before, or that concerns nothing we know."""
    report_id = await connection.scalar(
        insert(inbox)
        .values(
            source=source,
            event_id=event_id,
            workflow_id=workflow_id,
            signal=signal,
            subject=subject,
            payload=payload,
            received_at=at,
        )
        .on_conflict_do_nothing()
        .returning(inbox.c.report_id)
    )
    if report_id is None or workflow_id is None:
        return None
    return Delivery(report_id=report_id, workflow_id=workflow_id, signal=signal, subject=subject)


async def undelivered(
    connection: AsyncConnection, *, at: datetime, older_than: timedelta, limit: int
) -> Sequence[Delivery]:
    """Reports whose first delivery did not come through."""
    rows = await connection.execute(
        select(inbox.c.report_id, inbox.c.workflow_id, inbox.c.signal, inbox.c.subject)
        .where(
            inbox.c.delivered_at.is_(None) & inbox.c.workflow_id.is_not(None) & (inbox.c.received_at < at - older_than)
        )
        .order_by(inbox.c.report_id)
        .limit(limit)
    )
    return [Delivery(**row._mapping) for row in rows]


async def mark_delivered(connection: AsyncConnection, report_ids: Sequence[int], at: datetime) -> None:
    await connection.execute(update(inbox).where(inbox.c.report_id.in_(report_ids)).values(delivered_at=at))


async def unapplied(connection: AsyncConnection, subjects: Sequence[str]) -> Sequence[Report]:
    """The reports on `subjects` that wait to be applied, oldest first, locked."""
    rows = await connection.execute(
        select(inbox.c.report_id, inbox.c.subject, inbox.c.payload)
        .where(inbox.c.subject.in_(subjects) & inbox.c.applied_at.is_(None))
        .order_by(inbox.c.report_id)
        .with_for_update()
    )
    return [Report(**row._mapping) for row in rows]


async def mark_applied(connection: AsyncConnection, reports: Sequence[Report], at: datetime) -> None:
    if reports:
        numbers = [report.report_id for report in reports]
        await connection.execute(update(inbox).where(inbox.c.report_id.in_(numbers)).values(applied_at=at))
