"""A change of an unpaid order: its price, what it holds, and the record of both, in one transaction (R-REV-1)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.contract import implements
from activities.counting import count_transition
from ordersaga.contracts.order_change import ApplyChange, ChangedOrder, OrderChangeActivities
from ordersaga.domain.errors import ActionNotAllowed, ChangeOutdated
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.order_change import held_units, renumbered, summary
from ordersaga.domain.payment import PaymentState
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.sourcing import demands_of
from ordersaga.persistence import (
    limit_holds,
    offer_changes,
    order_changes,
    orders,
    payments,
    reservations,
    stock,
    submissions,
    transitions,
)
from ordersaga.persistence.database import Database
from ordersaga.persistence.orders import Standing
from ordersaga.persistence.submissions import Submission


class OrderChanges(OrderChangeActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(OrderChangeActivities.apply)
    async def apply(self, request: ApplyChange) -> ChangedOrder:
        async with self._database.transaction() as connection:
            order = await orders.known(connection, request.order_no, lock=True)
            if not await order_changes.is_applied(connection, request.proposal_id):
                await _require_time(connection, order, request)
                attempts = await payments.of_order(connection, request.order_no)
                if any(payment.state is PaymentState.OPEN for payment in attempts):
                    return ChangedOrder(applied=False)
                await _change(connection, order, request)
            priced = (await submissions.known(connection, request.order_no)).priced
        count_transition(Action.CHANGE_ORDER)
        return ChangedOrder(
            applied=True,
            payable=priced.totals.payable,
            due_now=priced.totals.due_now,
            summary=priced.summary,
            holds_offers=bool(priced.holds),
        )


async def _require_time(connection: AsyncConnection, order: Standing, request: ApplyChange) -> None:
    """Raises `ActionNotAllowed` where the table does, at the deadline, and once the goods went back."""
    action = Action.CHANGE_ORDER
    order.machine.next(order.state, action, Actor(request.by.role))
    if request.at >= order.payment_due_at:
        raise ActionNotAllowed(Guard.BEFORE_PAYMENT_DEADLINE.reason, action=action, state=order.state)
    if await stock.is_given_back(connection, request.order_no):
        raise ActionNotAllowed("what the order held was given back", action=action, state=order.state)


async def _change(connection: AsyncConnection, order: Standing, request: ApplyChange) -> None:
    proposal = await order_changes.proposal(connection, request.proposal_id)
    repriced = await order_changes.repriced(connection, request.order_no)
    if proposal.order_no != request.order_no or proposal.based_on != len(repriced):
        raise ChangeOutdated("the order was changed since the preview", reason="order_changed")
    submission = await submissions.known(connection, request.order_no, lock=True)
    used = {line["line_no"] for change in repriced for line in change.before["lines"]}
    before, after = submission.priced, renumbered(submission.priced, proposal.priced, used)
    change_no = len(repriced) + 1
    await _hold(connection, submission, after, request.at, change_no)
    await limit_holds.reduce(connection, request.order_no, after)
    await orders.rewrite(connection, request.order_no, after, request.at)
    await submissions.set_priced(connection, request.order_no, after)
    await order_changes.add(
        connection,
        request.order_no,
        action=Action.CHANGE_ORDER,
        before=summary(before),
        after=summary(after),
        at=request.at,
        by=request.by,
        proposal_id=request.proposal_id,
    )
    await transitions.record(
        connection,
        request.order_no,
        action=Action.CHANGE_ORDER,
        from_state=order.state,
        to_state=order.state,
        at=request.at,
        by=request.by,
    )


async def _hold(
    connection: AsyncConnection, submission: Submission, after: PricedOrder, at: datetime, change_no: int
) -> None:
    """Hold what the order needs now: offers first, then stock, as when it was placed."""
    order_no, known = submission.order_no, {line.line_no for line in submission.priced.lines}
    await offer_changes.change(connection, order_no, submission.buyer, after.holds, at, change_no=change_no)
    await reservations.trim(connection, order_no, held_units(after), at, kind=f"change:{change_no}")
    if new := [demand for demand in demands_of(after) if demand.line_no not in known]:
        await stock.deduct(connection, order_no, new, submission.destination, at)
