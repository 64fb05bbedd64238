"""Gauges of what waits: read when somebody scrapes, and at most every few seconds (W4).

Every worker shows the same numbers, whichever is asked: rules and dashboards take `max()`, never `sum()`.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from prometheus_client import Gauge
from temporalio.client import Client

from ordersaga.domain.lifecycle.registry import ORDER_TYPES, order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.payment import CONFIRMED_BY
from ordersaga.persistence import backlog, reconciliation
from ordersaga.persistence.database import Database

REPORTS = Gauge("ordersaga_inbox_undelivered", "Reports of providers and carriers that no run was told of yet.")
OLDEST_REPORT = Gauge("ordersaga_inbox_oldest_undelivered_seconds", "Age of the oldest of them; 0 if there is none.")
EVENTS = Gauge("ordersaga_outbox_unpublished", "Events that the relay has not numbered yet.")
OLDEST_EVENT = Gauge("ordersaga_outbox_oldest_unpublished_seconds", "Age of the oldest of them; 0 if there is none.")
REFUNDS = Gauge("ordersaga_refunds_unfinished", "Refunds that have not reached the buyer.")
OLDEST_REFUND = Gauge("ordersaga_refunds_oldest_unfinished_seconds", "Age of the oldest of them; 0 if there is none.")
FAILED_REFUNDS = Gauge("ordersaga_refunds_waiting_for_operator", "Refunds that the provider refused.")
CASES = Gauge("ordersaga_after_sales_open", "After-sales cases that are not over.", ["kind", "state"])
DEAD_DELIVERIES = Gauge("ordersaga_webhook_dead_letters", "Webhook deliveries that were given up.")
ORDERS = Gauge("ordersaga_orders", "Orders that have not come to their end.", ["order_type", "state"])
OVERDUE = Gauge("ordersaga_orders_payment_overdue", "Orders that still await payment two minutes past their deadline.")
TROUBLED_RUNS = Gauge("ordersaga_runs_with_problems", "Open runs whose workflow task failed again and again.")
DIFFERENCES = Gauge(
    "ordersaga_reconciliation_open_items", "Differences between the books that wait.", ["kind", "severity"]
)
COMPARED_AT = Gauge(
    "ordersaga_reconciliation_oldest_look_timestamp_seconds", "When the books not looked at for longest were; 0: never."
)
READ_AT = Gauge("ordersaga_backlog_read_timestamp_seconds", "When the database and Temporal were last asked for these.")

_GRACE = timedelta(minutes=2)
"""How long closing attempts at the providers may take after the deadline."""
_TROUBLED = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"


class Seldom:
    """A question that is asked again only when its last answer is `seconds` old."""

    def __init__(self, ask: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._asked = float("-inf")

    async def __call__(self) -> None:
        if time.monotonic() - self._asked >= self._seconds:
            await self._ask()
            self._asked = time.monotonic()


class Backlog:
    """`refresh` sets the gauges; raises what the database or Temporal raise, and the old values stay."""

    def __init__(self, database: Database, client: Client, *, interval: float = 15.0) -> None:
        self._database = database
        self._client = client
        self._questions = (
            Seldom(self._ask_database, interval),
            Seldom(self._ask_orders, 4 * interval),
            Seldom(self._ask_temporal, 4 * interval),
        )

    async def refresh(self) -> None:
        for ask in self._questions:
            await ask()
        READ_AT.set_to_current_time()

    async def _ask_database(self) -> None:
        async with self._database.transaction() as connection:
            waits = await backlog.backlog(connection)
            differences = await reconciliation.count_open(connection)
            looks = await reconciliation.checks(connection)
        now = datetime.now(UTC)
        REPORTS.set(waits.reports)
        OLDEST_REPORT.set(_age(waits.oldest_report, now))
        EVENTS.set(waits.events)
        OLDEST_EVENT.set(_age(waits.oldest_event, now))
        REFUNDS.set(waits.refunds)
        OLDEST_REFUND.set(_age(waits.oldest_refund, now))
        FAILED_REFUNDS.set(waits.failed_refunds)
        DEAD_DELIVERIES.set(waits.dead_deliveries)
        DIFFERENCES.clear()
        for (kind, severity), count in differences.items():
            DIFFERENCES.labels(kind, severity).set(count)
        COMPARED_AT.set(min((look.looked_at.timestamp() for look in looks), default=0.0))

    async def _ask_orders(self) -> None:
        async with self._database.transaction() as connection:
            found = await backlog.orders_by_state(connection, final=final_states(), at=datetime.now(UTC) - _GRACE)
            cases = await backlog.cases_by_state(connection)
        ORDERS.clear()
        CASES.clear()
        for case in cases:
            CASES.labels(case.kind, case.state).set(case.count)
        for group in found:
            ORDERS.labels(group.order_type, group.state).set(group.count)
        OVERDUE.set(sum(group.past_payment_deadline for group in found if _awaits_payment(group)))

    async def _ask_temporal(self) -> None:
        TROUBLED_RUNS.set((await self._client.count_workflows(_TROUBLED)).count)


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0


def final_states() -> list[str]:
    return sorted({state for kind in ORDER_TYPES.values() for machine in kind.machines for state in machine.final})


def _awaits_payment(group: backlog.OrdersInState) -> bool:
    machines = order_type(group.order_type).machines
    actions = CONFIRMED_BY.values()
    return any(machine.allows(group.state, action, Actor.SYSTEM) for machine in machines for action in actions)
