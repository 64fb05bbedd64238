"""What waits: counted for the metrics, in two statements over small partial indexes and the orders under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Table, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.lifecycle.after_sales import MACHINE
from ordersaga.domain.lifecycle.refund import FINAL, RefundState
from ordersaga.persistence.tables.after_sales import after_sales_cases
from ordersaga.persistence.tables.events import events
from ordersaga.persistence.tables.inbox import inbox
from ordersaga.persistence.tables.orders import orders
from ordersaga.persistence.tables.refunds import refunds
from ordersaga.persistence.tables.webhooks import webhook_deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much waits, and since when the oldest of it does; `None` where nothing waits."""

    reports: int
    oldest_report: datetime | None
    events: int
    oldest_event: datetime | None
    refunds: int
    oldest_refund: datetime | None
    failed_refunds: int
    dead_deliveries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersInState:
    """How many orders of a type are in a state, and of how many the payment deadline has passed."""

    order_type: str
    state: str
    count: int
    past_payment_deadline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesInState:
    """How many open after-sales cases of a kind are in a state."""

    kind: str
    state: str
    count: int


async def backlog(connection: AsyncConnection) -> Backlog:
    undelivered = inbox.c.delivered_at.is_(None) & inbox.c.workflow_id.is_not(None)
    unpublished = events.c.position.is_(None)
    # Written out, as in the conditions of the indexes that find them.
    unfinished = refunds.c.state.not_in([literal_column(f"'{state}'") for state in sorted(FINAL)])
    failed = unfinished & (refunds.c.state == RefundState.FAILED)
    dead = webhook_deliveries.c.state == literal_column("'dead'")
    row = await connection.execute(
        select(
            _count(inbox, undelivered).label("reports"),
            _oldest(inbox.c.received_at, undelivered).label("oldest_report"),
            _count(events, unpublished).label("events"),
            _oldest(events.c.at, unpublished).label("oldest_event"),
            _count(refunds, unfinished).label("refunds"),
            _oldest(refunds.c.requested_at, unfinished).label("oldest_refund"),
            _count(refunds, failed).label("failed_refunds"),
            _count(webhook_deliveries, dead).label("dead_deliveries"),
        )
    )
    return Backlog(**row.one()._mapping)


async def orders_by_state(
    connection: AsyncConnection, *, final: Sequence[str], at: datetime
) -> Sequence[OrdersInState]:
    """The orders that are not in one of the `final` states: an index has just these."""
    past = func.count().filter(orders.c.payment_due_at < at)
    rows = await connection.execute(
        select(orders.c.order_type, orders.c.state, func.count().label("count"), past.label("past_payment_deadline"))
        .where(orders.c.state.not_in([literal_column(f"'{state}'") for state in final]))
        .group_by(orders.c.order_type, orders.c.state)
    )
    return [OrdersInState(**row._mapping) for row in rows]


async def cases_by_state(connection: AsyncConnection) -> Sequence[CasesInState]:
    """The after-sales cases that are not over."""
    cases = after_sales_cases.c
    rows = await connection.execute(
        select(cases.kind, cases.state, func.count().label("count"))
        .where(cases.state.not_in([literal_column(f"'{state}'") for state in sorted(MACHINE.final)]))
        .group_by(cases.kind, cases.state)
    )
    return [CasesInState(**row._mapping) for row in rows]


def _count(table: Table, condition: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(condition).scalar_subquery()


def _oldest(column: ColumnElement[datetime], condition: ColumnElement[bool]) -> ScalarSelect[datetime]:
    return select(func.min(column)).where(condition).scalar_subquery()
