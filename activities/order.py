"""The order record: placed, refused, moved."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.contract import implements
from activities.counting import count_transition
from ordersaga.contracts.order import (
    MoveOrder,
    OrderActivities,
    RecordedOrder,
    RecordOrder,
    RefuseOrder,
    RemindBuyer,
)
from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy, Placement, StateReached
from ordersaga.gateways import metrics
from ordersaga.persistence import inbox, notifications, orders, policies, settlements, submissions, transitions
from ordersaga.persistence.database import Database
from ordersaga.persistence.submissions import Submission

RECEIPTS = frozenset({Action.CONFIRM_RECEIPT, Action.CONFIRM_RECEIPT_AUTOMATICALLY})
"""With these the goods earn their points."""


class OrderRecord(OrderActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(OrderActivities.record)
    async def record(self, request: RecordOrder) -> RecordedOrder:
        async with self._database.transaction() as connection:
            submission = await submissions.known(connection, request.order_no, lock=True)
            rules = await policies.get(connection, request.order_type, request.policy_version)
            due_at = request.at + timedelta(seconds=rules.payment_seconds)
            recorded = RecordedOrder(
                payment_due_at=min(due_at, request.held_until or due_at),
                policies=rules,
                due_now=submission.priced.totals.due_now,
                summary=submission.priced.summary,
                payable=submission.priced.totals.payable,
                sale=None if submission.priced.sale is None else dict(submission.priced.sale),
            )
            if submission.placement is not None:
                if submission.placement.placed:
                    return recorded
                raise PlacingTimedOut("the submission was refused before it became an order")
            machine = order_type(request.order_type).version(request.table_version)
            await orders.add(
                connection,
                order_no=request.order_no,
                buyer=submission.buyer,
                state=machine.initial,
                table_version=request.table_version,
                policy_version=request.policy_version,
                priced=submission.priced,
                receiver=submission.receiver,
                placed_at=request.at,
                payment_due_at=recorded.payment_due_at,
                delivery_note=submission.delivery_note,
            )
            await transitions.record(
                connection,
                request.order_no,
                action=Action.SUBMIT,
                from_state=None,
                to_state=machine.initial,
                at=request.at,
                by=_submitter(submission),
                step=0,
            )
            if request.under_review:
                await transitions.move(
                    connection,
                    request.order_no,
                    action=Action.HOLD_FOR_REVIEW,
                    from_state=machine.initial,
                    to_state=machine.next(machine.initial, Action.HOLD_FOR_REVIEW),
                    at=request.at,
                    by=ActedBy(role=Actor.SYSTEM, subject="risk"),
                    step=0,
                )
            await submissions.mark_placed(connection, request.order_no)
            await _tell_case(connection, submission)
        metrics.ORDERS_PLACED.labels(order_type=request.order_type).inc()
        return recorded

    @implements(OrderActivities.refuse)
    async def refuse(self, request: RefuseOrder) -> Placement:
        async with self._database.transaction() as connection:
            settled = await submissions.refuse(connection, request.order_no, request.refusal)
            await _tell_case(connection, await submissions.get(connection, request.order_no))
        if not settled.placed:
            metrics.ORDERS_REFUSED.labels(code=settled.code).inc()
        return settled

    @implements(OrderActivities.move)
    async def move(self, request: MoveOrder) -> StateReached:
        async with self._database.transaction() as connection:
            stands = await transitions.move(
                connection,
                request.order_no,
                action=request.action,
                from_state=request.from_state,
                to_state=request.to_state,
                at=request.at,
                by=request.by,
                step=request.step,
                payment_due_at=request.payment_due_at,
                after_sales_until=request.after_sales_until,
            )
            if request.action in RECEIPTS:
                await settlements.earn(connection, request.order_no, request.at)
            if request.notify is not None:
                await notifications.notify(connection, request.order_no, request.notify, request.at)
        count_transition(request.action)
        return StateReached(state=stands)

    @implements(OrderActivities.remind)
    async def remind(self, request: RemindBuyer) -> None:
        async with self._database.transaction() as connection:
            await notifications.notify(connection, request.order_no, request.kind, request.at)


async def _tell_case(connection: AsyncConnection, submission: Submission | None) -> None:
    """The case that an exchange comes of hears how placing it ended."""
    if submission is not None and submission.priced.replaces is not None:
        case_no, order_no = submission.priced.replaces, submission.order_no
        await inbox.wake_case(connection, case_no, source="replacement", event_id=order_no)


def _submitter(submission: Submission) -> ActedBy:
    if submission.priced.replaces is not None:
        return ActedBy(role=Actor.SYSTEM, subject="exchange")
    return ActedBy(role=Actor.BUYER, subject=submission.buyer)
