"""Digital goods: codes held at submit, delivered once the order is paid, given back unseen."""

from activities.contract import implements
from activities.counting import count_transition
from ordersaga.contracts.digital import (
    BeginReturn,
    DeliverCodes,
    DigitalActivities,
    EndReturn,
    HeldCodes,
    HoldCodes,
    ReleaseCodes,
)
from ordersaga.domain.codes import CodeDemand
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.notifications import Notification
from ordersaga.persistence import codes, digital_holds, entitlements, notifications, orders, submissions, transitions
from ordersaga.persistence.database import Database


class DigitalGoods(DigitalActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(DigitalActivities.hold)
    async def hold(self, request: HoldCodes) -> HeldCodes:
        async with self._database.transaction() as connection:
            submission = await submissions.known(connection, request.order_no)
            demands = [CodeDemand(line.line_no, line.sku, line.quantity) for line in submission.priced.lines]
            await digital_holds.hold(connection, request.order_no, demands, request.at)
            return HeldCodes(entitlements=len(await entitlements.of_order(connection, request.order_no)))

    @implements(DigitalActivities.deliver)
    async def deliver(self, request: DeliverCodes) -> None:
        async with self._database.transaction() as connection:
            await orders.standing(connection, request.order_no, lock=True)
            await digital_holds.deliver(connection, request.order_no)
            await transitions.move(
                connection,
                request.order_no,
                action=request.action,
                from_state=request.from_state,
                to_state=request.to_state,
                at=request.at,
                by=ActedBy(role=Actor.SYSTEM, subject="delivery", channel="workflow"),
                step=request.step,
            )
            await notifications.notify(connection, request.order_no, Notification.DELIVERED_DIGITALLY, request.at)
        count_transition(request.action)

    @implements(DigitalActivities.begin_return)
    async def begin_return(self, request: BeginReturn) -> None:
        async with self._database.transaction() as connection:
            order = await orders.known(connection, request.order_no, lock=True)
            if await codes.revealed(connection, request.order_no):
                raise ActionNotAllowed(
                    Guard.NO_CODE_REVEALED.reason,
                    action=Action.RETURN_UNUSED,
                    state=order.state,
                    actor=request.by.role,
                    guard=Guard.NO_CODE_REVEALED,
                )
            await digital_holds.begin_return(connection, request.order_no, request.number)

    @implements(DigitalActivities.end_return)
    async def end_return(self, request: EndReturn) -> None:
        async with self._database.transaction() as connection:
            await orders.standing(connection, request.order_no, lock=True)
            await digital_holds.end_return(connection, request.order_no)

    @implements(DigitalActivities.release)
    async def release(self, request: ReleaseCodes) -> None:
        async with self._database.transaction() as connection:
            await digital_holds.release(connection, request.order_no)
