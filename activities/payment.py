"""Payments: what providers reported is settled; open attempts are closed at their providers."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.contract import implements
from activities.owed import begin_refund
from ordersaga.contracts.payment import CloseAttempts, PaymentActivities, Settlement, SettlePayments
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor, Machine
from ordersaga.domain.messages import PAYMENT_REPORTED, ActedBy
from ordersaga.domain.payment import CONFIRMED_BY, Instalment, Payment, PaymentReport, PaymentState, judge
from ordersaga.gateways import metrics
from ordersaga.gateways.payment.provider import PaymentAttempt, PaymentUnknown, ProviderUnavailable
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.persistence import digital_holds, inbox, orders, payments, stock, transitions
from ordersaga.persistence.database import Database

# What is recorded of an attempt that leaves the order where it is.
_NOTES = {
    PaymentState.FAILED: Action.FAIL_ATTEMPT,
    PaymentState.CLOSED: Action.CLOSE_ATTEMPT,
    PaymentState.UNEXPECTED: Action.RECEIVE_UNEXPECTED_PAYMENT,
}


class Payments(PaymentActivities):
    def __init__(self, database: Database, providers: PaymentProviders) -> None:
        self._database = database
        self._providers = providers

    @implements(PaymentActivities.settle)
    async def settle(self, request: SettlePayments) -> Settlement:
        async with self._database.transaction() as connection:
            return await settle(connection, request.order_no, request.at, instalment=request.instalment)

    @implements(PaymentActivities.close_attempts)
    async def close_attempts(self, request: CloseAttempts) -> None:
        async with self._database.transaction() as connection:
            attempts = await payments.of_order(connection, request.order_no)
            order = await orders.known(connection, request.order_no)
        for payment in attempts:
            if payment.state is PaymentState.OPEN:
                report = await self._close(payment, order.payment_due_at)
                async with self._database.transaction() as connection:
                    await _store_answer(connection, payment, report)

    async def _close(self, payment: Payment, due_at: datetime) -> PaymentReport:
        attempt = PaymentAttempt(
            payment_id=payment.payment_id,
            order_no=payment.order_no,
            channel=payment.channel,
            amount=payment.amount,
            expires_at=due_at,
        )
        try:
            report = await self._providers.named(payment.provider).close(attempt)
        except PaymentUnknown:
            return PaymentReport(payment_id=payment.payment_id, state=PaymentState.CLOSED, amount=payment.amount)
        if report.state is PaymentState.OPEN:
            raise ProviderUnavailable(f"{payment.provider} left {payment.payment_id} open")
        return report


async def settle(
    connection: AsyncConnection,
    order_no: str,
    at: datetime,
    *,
    instalment: Instalment = Instalment.FULL,
    has_run: bool = True,
) -> Settlement:
    """Apply every report on an order's payments that was not applied yet, oldest first; `instalment` is what the
    order's run waits for.

    Money that the order does not take is to be refunded. Without a run an order takes none, whatever its state: there
    would be nobody to do anything for it.
    """
    order = await orders.known(connection, order_no, lock=True)
    attempts = {payment.payment_id: payment for payment in await payments.of_order(connection, order_no)}
    reports = await inbox.take(connection, list(attempts), at)
    machine, state = order_type(order.order_type).version(order.table_version), order.state
    is_given_back = stock.is_given_back if order_type(order.order_type).ships else digital_holds.is_given_back
    for stored in reports:
        payment = attempts[stored.subject]
        takes_money = (
            has_run
            and machine.allows(state, CONFIRMED_BY[payment.instalment], Actor.SYSTEM)
            # An attempt of before the order was changed asked for another sum.
            and payment.amount.amount == payment.instalment.amount(order.payable, order.due_now)
            # A run that gave the goods back, and died before anybody knew, comes by here again.
            and not await is_given_back(connection, order_no)
        )
        judged = judge(payment, PaymentReport.from_document(stored.payload), order_takes_money=takes_money)
        if judged.state is payment.state:
            continue
        attempts[payment.payment_id] = judged
        await payments.save(connection, judged)
        metrics.PAYMENTS.labels(state=judged.state).inc()
        if judged.is_unexpected and judged.received is not None and judged.received.amount > 0:
            await begin_refund(connection, judged.payment_id)
        action = _move_of(judged) if has_run else None
        if action is not None and machine.allows(state, action, Actor.SYSTEM):
            state = await _move(connection, judged, machine, state, action, at)
            metrics.TRANSITIONS.labels(order_type=order.order_type, action=action).inc()
        else:
            await _note(connection, judged, state, at)
    still_open = sum(payment.state is PaymentState.OPEN for payment in attempts.values())
    settled = _settled_state(machine, state, attempts.values(), instalment)
    return Settlement(state=settled, open_attempts=still_open)


def _move_of(payment: Payment) -> Action | None:
    """The action that what became of an attempt is, where the table has it."""
    if payment.state is PaymentState.SUCCEEDED:
        return CONFIRMED_BY[payment.instalment]
    return Action.FAIL_PAYMENT if payment.state is PaymentState.FAILED else None


def _settled_state(machine: Machine, state: str, attempts: Iterable[Payment], wanted: Instalment) -> str:
    """The order's state as far as payment decides it: the same when this step runs again after later ones."""
    paid = {payment.instalment for payment in attempts if payment.state is PaymentState.SUCCEEDED}
    if wanted in paid:
        return next(row.next for row in machine.rows if row.action == CONFIRMED_BY[wanted])
    return state


async def _move(
    connection: AsyncConnection, payment: Payment, machine: Machine, state: str, action: Action, at: datetime
) -> str:
    reached = machine.next(state, action)
    await transitions.move(
        connection,
        payment.order_no,
        action=action,
        from_state=state,
        to_state=reached,
        at=at,
        by=_reported_by(payment),
    )
    return reached


async def _note(connection: AsyncConnection, payment: Payment, state: str, at: datetime) -> None:
    await transitions.record(
        connection,
        payment.order_no,
        action=_NOTES[payment.state],
        from_state=state,
        to_state=state,
        at=at,
        by=_reported_by(payment),
    )


def _reported_by(payment: Payment) -> ActedBy:
    return ActedBy(role=Actor.SYSTEM, subject=payment.provider, channel=payment.channel, reason=payment.failure or "")


async def _store_answer(connection: AsyncConnection, payment: Payment, report: PaymentReport) -> None:
    """Keep what the provider said when it was asked, beside what it says by itself."""
    await inbox.store(
        connection,
        source=f"asked:{payment.provider}",
        event_id=f"{payment.payment_id}:{report.state}",
        workflow_id=None,
        signal=PAYMENT_REPORTED,
        subject=payment.payment_id,
        payload=report.to_document(),
        at=datetime.now(UTC),
    )
