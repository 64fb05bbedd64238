"""Delivers reports whose first delivery did not come through (R-PAY-2).

The API died, the run was not there yet, or it has ended and Temporal may have forgotten it.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.parcels import advance_parcel
from activities.payment import settle
from activities.refund import settle_refund
from ordersaga.domain.errors import OrderError
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.messages import (
    PARCEL_REPORTED,
    PAYMENT_REPORTED,
    REFUND_REPORTED,
    TASK_QUEUE,
    parcel_workflow_id,
)
from ordersaga.gateways import correlation
from ordersaga.gateways.telling import tell
from ordersaga.persistence import inbox, orders, parcels, payments
from ordersaga.persistence.database import Database

log = structlog.get_logger()

_BATCH = 100
_PATIENCE = timedelta(seconds=5)
_AWAY = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})
"""Temporal as a whole: the other reports would fare no better."""


class Delivery:
    """A loop over the inbox. Telling a run twice is harmless, so several processes may run it."""

    def __init__(
        self, database: Database, client: Client, *, task_queue: str = TASK_QUEUE, interval: float = 1.0
    ) -> None:
        self._database = database
        self._client = client
        self._task_queue = task_queue
        self._interval = interval

    async def run(self) -> None:
        while True:
            try:
                await self._deliver_waiting()
            except Exception as error:
                # The database or Temporal is away; the reports are kept and the next round tries again.
                log.warning("reports could not be delivered", error=repr(error))
            await asyncio.sleep(self._interval)

    async def _deliver_waiting(self) -> None:
        async with self._database.statements() as connection:
            waiting = await inbox.undelivered(connection, at=datetime.now(UTC), limit=_BATCH)
        for delivery in waiting:
            with correlation.concerning(correlation.subject_of(delivery.workflow_id)):
                await self._deliver_one(delivery)

    async def _deliver_one(self, delivery: inbox.Delivery) -> None:
        told = await self._deliver(delivery)
        async with self._database.statements() as connection:
            if told:
                await inbox.mark_delivered(connection, delivery.report_id, datetime.now(UTC))
            else:
                await inbox.try_later(connection, delivery.report_id, datetime.now(UTC))

    async def _deliver(self, delivery: inbox.Delivery) -> bool:
        try:
            heard = await tell(
                self._client,
                delivery.workflow_id,
                delivery.signal,
                task_queue=self._task_queue,
                patience=_PATIENCE,
            )
        except RPCError as error:
            if error.status in _AWAY:
                raise
            if error.status is not RPCStatusCode.NOT_FOUND:
                log.error("a report cannot be delivered", report_id=delivery.report_id, status=error.status.name)
                return False
            ended = "already completed" in error.message or await self._order_has_ended(delivery)
            return ended and await self._apply_without_run(delivery)
        return heard or await self._apply_without_run(delivery)

    async def _order_has_ended(self, delivery: inbox.Delivery) -> bool:
        """Whether a run that Temporal does not know was there once, and is not still to come."""
        if delivery.signal == REFUND_REPORTED:
            return True  # a refund is reported because its run has sent it
        async with self._database.transaction() as connection:
            order_no = await _order_of(connection, delivery)
            order = await orders.standing(connection, order_no) if order_no else None
        return order is not None and order.state in order_type(order.order_type).version(order.table_version).final

    async def _apply_without_run(self, delivery: inbox.Delivery) -> bool:
        """A report for a run that has ended changes no flow, but money and parcels are recorded as they are.

        Somebody may have terminated the run of an order that still awaits its payment: money for it goes back.
        """
        try:
            async with self._database.transaction() as connection:
                if delivery.signal == PAYMENT_REPORTED:
                    payment = await payments.get(connection, delivery.subject)
                    if payment is not None:
                        await settle(connection, payment.order_no, datetime.now(UTC), has_run=False)
                elif delivery.signal == REFUND_REPORTED:
                    await settle_refund(connection, delivery.subject, datetime.now(UTC))
                elif delivery.signal == PARCEL_REPORTED:
                    # What wakes a run that was taken up again is about its order, and no report.
                    parcel_no = delivery.workflow_id.removeprefix(parcel_workflow_id(""))
                    await advance_parcel(connection, parcel_no, datetime.now(UTC))
        except OrderError as error:
            log.error("a late report could not be applied", report_id=delivery.report_id, code=error.code)
        return True


async def _order_of(connection: AsyncConnection, delivery: inbox.Delivery) -> str | None:
    if delivery.signal == PAYMENT_REPORTED:
        payment = await payments.get(connection, delivery.subject)
        return payment.order_no if payment else None
    if delivery.signal != PARCEL_REPORTED:
        return delivery.subject
    parcel = await parcels.whereabouts(connection, delivery.subject)
    return parcel.order_no if parcel else None
