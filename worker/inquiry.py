"""Asks providers about attempts that they do not report, also of orders that have ended (P1, P2)."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from ordersaga.domain.errors import NotFound
from ordersaga.domain.inquiry import Pace
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import PAYMENT_REPORTED, order_workflow_id
from ordersaga.domain.payment import Instalment, PaymentReport, PaymentState, awaited
from ordersaga.gateways import correlation
from ordersaga.gateways.payment.provider import PaymentAttempt, PaymentProvider, PaymentUnknown
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.persistence import inbox, orders, payments
from ordersaga.persistence.database import Database
from ordersaga.persistence.payments import DueInquiry

log = structlog.get_logger()

_ANSWER_SECONDS = 10.0


class Inquiry:
    """A loop over the open attempts. Several processes share them.

    Each provider has `places` questions of its own under way at most, so that a slow one keeps nobody waiting.
    """

    def __init__(
        self, database: Database, providers: PaymentProviders, pace: Pace, *, interval: float = 1.0, places: int = 8
    ) -> None:
        self._database = database
        self._providers = providers
        self._pace = pace
        self._interval = interval
        self._places = places
        self._under_way: dict[str, set[asyncio.Task[None]]] = {name: set() for name in providers.names}

    async def run(self) -> None:
        try:
            while True:
                for name in self._under_way:
                    await self._ask_due(name)
                await asyncio.sleep(self._interval)
        finally:
            for task in [task for tasks in self._under_way.values() for task in tasks]:
                task.cancel()

    async def _ask_due(self, name: str) -> None:
        tasks = self._under_way[name]
        free = self._places - len(tasks)
        if not free:
            return
        try:
            async with self._database.statements() as connection:
                due = await payments.claim_inquiries(
                    connection, name, at=datetime.now(UTC), pace=self._pace, limit=free
                )
        except Exception as error:
            log.warning("attempts to ask about could not be read", error=repr(error))
            return
        for inquiry in due:
            task = asyncio.create_task(self._ask(self._providers.named(name), inquiry))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _ask(self, provider: PaymentProvider, inquiry: DueInquiry) -> None:
        with correlation.concerning({"payment_id": inquiry.payment_id}):
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    report = await self._answer(provider, inquiry.payment_id)
                if report is not None:
                    await self._store(provider, inquiry, report)
            except Exception as error:
                # It is asked again after its pause, which was set when the question was claimed.
                log.info("a provider did not tell of an attempt", error=repr(error))

    async def _answer(self, provider: PaymentProvider, payment_id: str) -> PaymentReport | None:
        """What the provider says of the attempt; `None` while it may still be paid.

        An attempt that nobody waits for any more is not only asked about but closed.
        """
        async with self._database.transaction() as connection:
            payment = await payments.get(connection, payment_id)
            order = await orders.standing(connection, payment.order_no) if payment else None
        if payment is None or order is None:
            raise NotFound("there is no such payment", payment_id=payment_id)
        correlation.bind(order_no=payment.order_no)
        machine = order_type(order.order_type).version(order.table_version)
        is_awaited = machine.allows(order.state, Action.PAY, Actor.BUYER) and payment.instalment is (
            awaited(machine, order.state) or Instalment.FULL
        )
        attempt = PaymentAttempt(
            payment_id=payment_id,
            order_no=payment.order_no,
            channel=payment.channel,
            amount=payment.amount,
            expires_at=order.payment_due_at,
        )
        try:
            report = await (provider.ask(payment_id) if is_awaited else provider.close(attempt))
        except PaymentUnknown:
            closed = PaymentReport(payment_id=payment_id, state=PaymentState.CLOSED, amount=payment.amount)
            return None if is_awaited else closed
        return None if report.state is PaymentState.OPEN else report

    async def _store(self, provider: PaymentProvider, inquiry: DueInquiry, report: PaymentReport) -> None:
        """Put the answer with the reports; from there it is delivered to the order's run, or applied without one."""
        async with self._database.transaction() as connection:
            payment = await payments.get(connection, inquiry.payment_id)
            await inbox.store(
                connection,
                source=f"asked:{provider.name}",
                event_id=f"{inquiry.payment_id}:{report.state}:{inquiry.inquiries}",
                workflow_id=order_workflow_id(payment.order_no) if payment else None,
                signal=PAYMENT_REPORTED,
                subject=inquiry.payment_id,
                payload=report.to_document(),
                at=datetime.now(UTC),
                first_try=timedelta(),
            )
