"""Refunds that are owed: each written once, with its audit row and with what makes its run begin."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.contracts.refund import GiveMoneyBack
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import REFUND_DUE, ActedBy, refund_workflow_id
from ordersaga.domain.payment import PaymentState
from ordersaga.domain.refund import Refund, refund_of
from ordersaga.persistence import inbox, orders, payments, refunds, transitions


async def owe(connection: AsyncConnection, refund: Refund) -> bool:
    """Request a refund, and have its run begin; whether it was not requested before."""
    is_new = await request_once(connection, refund)
    if is_new:
        await begin_refund(connection, refund.run)
    return is_new


async def owe_all_of(connection: AsyncConnection, request: GiveMoneyBack) -> list[Refund]:
    """The new refund of each payment that the order took."""
    owed = []
    for payment in await payments.of_order(connection, request.order_no):
        taken = payment.state is PaymentState.SUCCEEDED
        refund = refund_of(payment, request.at, reason=request.reason) if taken else None
        if refund is not None and await owe(connection, refund):
            owed.append(refund)
    return owed


async def request_once(connection: AsyncConnection, refund: Refund) -> bool:
    """Write the refund's document with its audit row; whether it was not there before."""
    is_new = await refunds.add(connection, refund)
    if is_new:
        by = ActedBy(role=Actor.SYSTEM, subject="refund", channel="workflow", reason=refund.reason)
        await record_refund(connection, refund, Action.REQUEST_REFUND, by, refund.requested_at)
    return is_new


async def begin_refund(connection: AsyncConnection, subject: str) -> None:
    """Have a refund's run begin, or that of a payment to be refunded, once: it needs no run of the order's."""
    run = refund_workflow_id(subject)
    await inbox.wake(connection, run, REFUND_DUE, source="refund", event_id=subject, subject=run)


async def record_refund(connection: AsyncConnection, refund: Refund, action: Action, by: ActedBy, at: datetime) -> None:
    """The audit row. Its states are the order's, which a refund of unexpected money leaves where it is."""
    order = await orders.known(connection, refund.order_no)
    await transitions.record(
        connection, refund.order_no, action=action, from_state=order.state, to_state=order.state, at=at, by=by
    )
