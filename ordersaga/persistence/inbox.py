"""Reports from outside: stored once, delivered at least once, applied once (R-PAY-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Text, any_, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.messages import CASE_CHANGED, case_workflow_id
from ordersaga.persistence.tables.inbox import inbox

_FIRST_TRY = timedelta(seconds=2)
"""How long the first delivery, by whoever stored the report, may take."""
_LONGEST_PAUSE = timedelta(minutes=5)

_TRY_LATER = text("""
    UPDATE inbox SET next_try_at = CAST(:at AS timestamptz)
        + least(CAST(:longest AS interval), (CAST(:at AS timestamptz) - received_at) / 2)
    WHERE report_id = :report_id
""")

_STORE = insert(inbox).on_conflict_do_nothing().returning(inbox.c.report_id)
_UNDELIVERED = (
    select(inbox.c.report_id, inbox.c.workflow_id, inbox.c.signal, inbox.c.subject)
    .where(inbox.c.delivered_at.is_(None) & inbox.c.workflow_id.is_not(None) & (inbox.c.next_try_at <= bindparam("at")))
    .order_by(inbox.c.next_try_at)
    .limit(bindparam("most"))
)
_MARK_DELIVERED = text("""
    UPDATE inbox SET delivered_at = :at WHERE report_id IN (
        SELECT report_id FROM inbox WHERE report_id = :report AND delivered_at IS NULL FOR UPDATE SKIP LOCKED
    )
""")
_WAITING = (
    select(inbox.c.report_id, inbox.c.subject, inbox.c.payload)
    .where((inbox.c.subject == any_(bindparam("subjects", type_=ARRAY(Text)))) & inbox.c.applied_at.is_(None))
    .order_by(inbox.c.report_id)
)
_locked = _WAITING.with_only_columns(inbox.c.report_id).with_for_update().cte("waiting")
_TAKE_FOR_ITS_RUN = (
    update(inbox)
    .where(inbox.c.report_id == _locked.c.report_id)
    .values(applied_at=bindparam("at"))
    .returning(inbox.c.report_id, inbox.c.subject, inbox.c.payload)
)
_TAKE = _TAKE_FOR_ITS_RUN.values(delivered_at=func.coalesce(inbox.c.delivered_at, bindparam("at")))


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
    first_try: timedelta = _FIRST_TRY,
) -> Delivery | None:
    """Keep a report; `None` for one that was stored before, or that concerns nothing we know.

    `first_try` is how long whoever stores it may take to deliver it; after that the worker does.
    """
    values: dict[str, Any] = {
        "source": source,
        "event_id": event_id,
        "workflow_id": workflow_id,
        "signal": signal,
        "subject": subject,
        "payload": payload,
        "received_at": at,
        "next_try_at": at + first_try,
    }
    report_id = await connection.scalar(_STORE, values)
    if report_id is None or workflow_id is None:
        return None
    return Delivery(report_id=report_id, workflow_id=workflow_id, signal=signal, subject=subject)


async def wake(
    connection: AsyncConnection, workflow_id: str, signal: str, *, source: str, event_id: str, subject: str
) -> None:
    """Have the worker send a run a signal once this transaction is committed; one for each `event_id` of a source."""
    await store(
        connection,
        source=source,
        event_id=event_id,
        workflow_id=workflow_id,
        signal=signal,
        subject=subject,
        payload={},
        at=datetime.now(UTC),
        first_try=timedelta(),
    )


async def wake_case(connection: AsyncConnection, case_no: str, *, source: str, event_id: str) -> None:
    """`wake` an after-sales case's run, which is begun if it is not there."""
    run = case_workflow_id(case_no)
    await wake(connection, run, CASE_CHANGED, source=source, event_id=event_id, subject=run)


async def undelivered(connection: AsyncConnection, *, at: datetime, limit: int) -> Sequence[Delivery]:
    """Reports whose first delivery did not come through, and whose next try is due."""
    rows = await connection.execute(_UNDELIVERED, {"at": at, "most": limit})
    return [Delivery(**row._mapping) for row in rows]


async def try_later(connection: AsyncConnection, report_id: int, at: datetime) -> None:
    """The run is not there: try again, the older the report the more seldom, so that none crowds out the others."""
    await connection.execute(_TRY_LATER, {"report_id": report_id, "at": at, "longest": _LONGEST_PAUSE})


async def mark_delivered(connection: AsyncConnection, report_id: int, at: datetime) -> None:
    """What is being applied at the moment is not waited for: it is marked with that, or tried again."""
    await connection.execute(_MARK_DELIVERED, {"report": report_id, "at": at})


async def waiting(connection: AsyncConnection, subjects: Sequence[str]) -> Sequence[Report]:
    """The reports on `subjects` that nobody has applied yet, oldest first. They stay as they are."""
    rows = await connection.execute(_WAITING, {"subjects": list(subjects)})
    return [Report(**row._mapping) for row in rows]


async def take(
    connection: AsyncConnection, subjects: Sequence[str], at: datetime, *, by_its_run: bool = True
) -> Sequence[Report]:
    """The reports on `subjects` that wait to be applied, oldest first, locked and marked: they are applied now.

    A run that applies a report knows of it; what somebody else applies, the run is still told of.
    """
    rows = await connection.execute(_TAKE if by_its_run else _TAKE_FOR_ITS_RUN, {"subjects": list(subjects), "at": at})
    return sorted((Report(**row._mapping) for row in rows), key=lambda report: report.report_id)
