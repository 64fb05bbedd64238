"""Refunds: requested, sent, confirmed, or decided by an operator; each step one transaction under the order's lock."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.contract import implements
from activities.counting import count_transition
from activities.owed import owe_all_of, record_refund, request_once
from ordersaga.contracts.refund import (
    CountRefunds,
    DecideRefund,
    GiveMoneyBack,
    RefundActivities,
    RefundProgress,
    RefundStep,
    RequestedRefund,
    RequestRefund,
    UnfinishedRefunds,
)
from ordersaga.domain.errors import ActionNotAllowed, NotFound
from ordersaga.domain.inquiry import Pace
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.refund import FINAL, RefundState
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import (
    REFUND_FINISHED,
    REFUND_REPORTED,
    ActedBy,
    order_workflow_id,
    refund_workflow_id,
)
from ordersaga.domain.notifications import Notification
from ordersaga.domain.refund import Refund, RefundReport, decide, judge, number_of, refund_of, source_of
from ordersaga.gateways import metrics
from ordersaga.gateways.payment.provider import PaymentProvider, ProviderUnavailable, RefundOrder, RefundUnknown
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.persistence import inbox, notifications, orders, payments, refunds, settlements, transitions
from ordersaga.persistence.database import Database


class Refunds(RefundActivities):
    def __init__(self, database: Database, providers: PaymentProviders, pace: Pace) -> None:
        self._database = database
        self._providers = providers
        self._pace = pace

    @implements(RefundActivities.request)
    async def request(self, request: RequestRefund) -> RequestedRefund:
        async with self._database.transaction() as connection:
            refund, added = await _request(connection, request.payment_id, request.at)
        if added:
            metrics.REFUNDS.labels(state=refund.state).inc()
        return RequestedRefund(
            refund_no=refund.refund_no,
            order_no=refund.order_no,
            amount=str(refund.amount),
            state=refund.state,
            tries=refund.tries,
            pace=self._pace,
        )

    @implements(RefundActivities.give_money_back)
    async def give_money_back(self, request: GiveMoneyBack) -> UnfinishedRefunds:
        async with self._database.transaction() as connection:
            await orders.standing(connection, request.order_no, lock=True)
            await transitions.move(
                connection,
                request.order_no,
                action=request.action,
                from_state=request.from_state,
                to_state=request.to_state,
                at=request.at,
                by=request.by,
                step=request.step,
            )
            owed = await owe_all_of(connection, request)
            await settlements.take_all_earned_back(connection, request.order_no, request.at)
            if request.notify is not None:
                await notifications.notify(connection, request.order_no, request.notify, request.at)
            if request.notify_merchants is not None:
                await notifications.notify_merchants(connection, request.order_no, request.notify_merchants, request.at)
            count = await refunds.count_unfinished(connection, request.order_no)
        for refund in owed:
            metrics.REFUNDS.labels(state=refund.state).inc()
        count_transition(request.action)
        return UnfinishedRefunds(count=count)

    @implements(RefundActivities.count_unfinished)
    async def count_unfinished(self, request: CountRefunds) -> UnfinishedRefunds:
        async with self._database.transaction() as connection:
            await inbox.take(connection, [request.order_no], request.at)
            return UnfinishedRefunds(count=await refunds.count_unfinished(connection, request.order_no))

    @implements(RefundActivities.send)
    async def send(self, request: RefundStep) -> RefundProgress:
        async with self._database.transaction() as connection:
            refund = await _known(connection, request.refund_no)
            payment = await payments.get(connection, refund.payment_id)
        if refund.state is not RefundState.REQUESTED:
            return _progress(refund)
        order = RefundOrder(
            reference=refund.reference,
            payment_id=refund.payment_id,
            transaction_id=payment.provider_transaction_id if payment else None,
            amount=refund.amount,
        )
        report = await self._provider(refund).refund(order)
        return await self._take(refund, report, request.at)

    @implements(RefundActivities.settle)
    async def settle(self, request: RefundStep) -> RefundProgress:
        async with self._database.transaction() as connection:
            return _progress(await settle_refund(connection, request.refund_no, request.at))

    @implements(RefundActivities.ask)
    async def ask(self, request: RefundStep) -> RefundProgress:
        async with self._database.transaction() as connection:
            refund = await _known(connection, request.refund_no)
        if refund.state is not RefundState.SENT:
            return _progress(refund)
        try:
            report = await self._provider(refund).ask_refund(refund.reference)
        except RefundUnknown:
            return _progress(refund)
        return await self._take(refund, report, request.at)

    @implements(RefundActivities.decide)
    async def decide(self, request: DecideRefund) -> RefundProgress:
        action = Action(request.action)
        async with self._database.transaction() as connection:
            refund = await _locked(connection, request.refund_no)
            if _is_decided(refund, action, request.tries):
                return _progress(refund)
            decided = decide(refund, action, request.at)
            await _record(connection, decided, action, request.by, request.at)
            await _tell_order(connection, decided)
        metrics.REFUNDS.labels(state=decided.state).inc()
        return _progress(decided)

    def _provider(self, refund: Refund) -> PaymentProvider:
        """A provider that is not configured now may be so again: the money stays owed."""
        try:
            return self._providers.named(refund.provider)
        except NotFound as error:
            raise ProviderUnavailable(f"{refund.provider} is not configured") from error

    async def _take(self, refund: Refund, report: RefundReport, at: datetime) -> RefundProgress:
        """Apply what the provider said when it was asked, kept beside what it says by itself."""
        async with self._database.transaction() as connection:
            await inbox.store(
                connection,
                source=f"asked:{refund.provider}",
                event_id=f"{report.reference}:{report.state}",
                workflow_id=None,
                signal=REFUND_REPORTED,
                subject=refund.refund_no,
                payload=report.to_document(),
                at=datetime.now(UTC),
            )
            return _progress(await settle_refund(connection, refund.refund_no, at))


async def settle_refund(connection: AsyncConnection, refund_no: str, at: datetime) -> Refund:
    """Apply every report on a refund that was not applied yet, oldest first. Raises `NotFound`."""
    refund = await _locked(connection, refund_no)
    reports = await inbox.take(connection, [refund_no], at)
    for stored in reports:
        judged = judge(refund, RefundReport.from_document(stored.payload), at)
        if judged is None:
            continue
        action, reached = judged
        by = ActedBy(role=Actor.SYSTEM, subject=refund.provider, channel="provider", reason=reached.failure or "")
        await _record(connection, reached, action, by, at)
        if reached.state is RefundState.SUCCEEDED:
            await notifications.notify(connection, refund.order_no, Notification.REFUNDED, at)
            await _tell_order(connection, reached)
        metrics.REFUNDS.labels(state=reached.state).inc()
        refund = reached
    return refund


async def _request(connection: AsyncConnection, payment_id: str, at: datetime) -> tuple[Refund, bool]:
    """The refund of this payment, or the one that is named, and whether it is new."""
    if await refunds.get(connection, payment_id) is not None:
        settled = await settle_refund(connection, payment_id, at)
        await _heard(connection, payment_id, at)
        return settled, False
    payment = await payments.get(connection, payment_id)
    if payment is None:
        raise NotFound("there is no such payment", payment_id=payment_id)
    await orders.standing(connection, payment.order_no, lock=True)
    await _heard(connection, payment_id, at)
    known = await refunds.get(connection, number_of(source_of(payment_id)))
    if known is not None:
        return await settle_refund(connection, known.refund_no, at), False
    payment = await payments.get(connection, payment_id) or payment
    refund = refund_of(payment, at)
    if refund is None:
        raise ActionNotAllowed("the order takes this money", action=Action.REQUEST_REFUND, state=payment.state)
    await request_once(connection, refund)
    return refund, True


async def _heard(connection: AsyncConnection, subject: str, at: datetime) -> None:
    """What made the run begin is taken note of."""
    await inbox.take(connection, [refund_workflow_id(subject)], at)


async def _tell_order(connection: AsyncConnection, refund: Refund) -> None:
    """An order, or a case, that waits for its money to be back hears of it."""
    if refund.case_no is not None and refund.state in FINAL:
        await inbox.wake_case(connection, refund.case_no, source="case_refund", event_id=refund.refund_no)
    order = await orders.standing(connection, refund.order_no)
    if order is None or refund.state not in FINAL:
        return
    machine = order_type(order.order_type).version(order.table_version)
    if machine.allows(order.state, Action.FINISH_REFUND, Actor.SYSTEM):
        await inbox.wake(
            connection,
            order_workflow_id(refund.order_no),
            REFUND_FINISHED,
            source="refund_finished",
            event_id=refund.refund_no,
            subject=refund.order_no,
        )


async def _known(connection: AsyncConnection, refund_no: str) -> Refund:
    refund = await refunds.get(connection, refund_no)
    if refund is None:
        raise NotFound("there is no such refund", refund_no=refund_no)
    return refund


async def _locked(connection: AsyncConnection, refund_no: str) -> Refund:
    """The refund as it stands while its order is locked: a refund has one writer at a time."""
    await orders.standing(connection, (await _known(connection, refund_no)).order_no, lock=True)
    return await _known(connection, refund_no)


def _is_decided(refund: Refund, action: Action, tries: int) -> bool:
    """Whether this decision was taken before and its answer lost."""
    if action is Action.RETRY_REFUND:
        return refund.tries > tries
    return refund.state is RefundState.SETTLED


async def _record(connection: AsyncConnection, refund: Refund, action: Action, by: ActedBy, at: datetime) -> None:
    await refunds.save(connection, refund)
    await record_refund(connection, refund, action, by, at)


def _progress(refund: Refund) -> RefundProgress:
    return RefundProgress(state=refund.state, tries=refund.tries)
