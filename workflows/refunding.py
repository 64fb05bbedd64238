"""Refunding: an order that was paid and comes to nothing gives its money back, and ends when it is back (R-TYPE-5)."""

from temporalio import workflow

from ordersaga.contracts.refund import CountRefunds, GiveMoneyBack, RefundActivities
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import REFUND_FINISHED, ActedBy, OrderStart
from workflows.run import SYSTEM, OrderRun
from workflows.steps import perform


class Refunding(OrderRun):
    """Each payment has a refund document and a run of its own; the order waits for all of them."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._refund_finished = False
        self._refunds_under_way = 0

    @workflow.signal(name=REFUND_FINISHED, description="Money of this order is back with its buyer.")
    def refund_finished(self) -> None:
        self._refund_finished = True

    async def refunded(
        self,
        action: Action,
        *,
        reason: str,
        by: ActedBy = SYSTEM,
        notify: str | None = None,
        notify_merchants: str | None = None,
    ) -> None:
        """Take `action` into the state of refunding, and go on once every payment is back with the buyer."""
        await self.give_money_back(action, reason=reason, by=by, notify=notify, notify_merchants=notify_merchants)
        await self.money_is_back()

    async def give_money_back(
        self,
        action: Action,
        *,
        reason: str,
        by: ActedBy = SYSTEM,
        notify: str | None = None,
        notify_merchants: str | None = None,
    ) -> None:
        """Take `action` into the state of refunding; every payment is on its way back then.

        `notify` is what its buyer is told with it, `notify_merchants` what every merchant of its lines is.
        """
        reached = self.machine.next(self.state, action, Actor(by.role))
        under_way = await perform(
            RefundActivities.give_money_back,
            GiveMoneyBack(
                order_no=self.order_no,
                step=self.next_step(),
                action=action,
                from_state=self.state,
                to_state=reached,
                reason=reason,
                by=by,
                at=workflow.now(),
                notify=notify,
                notify_merchants=notify_merchants,
            ),
            summary=f"{action} → {reached}: give the money back",
        )
        self.show(reached)
        self._refunds_under_way = under_way.count

    async def money_is_back(self) -> None:
        """Wait until every refund has ended, and say so."""
        while self._refunds_under_way:
            self.tell(f"{self._refunds_under_way} of its refunds")
            await workflow.wait_condition(lambda: self._refund_finished)
            self._refund_finished = False
            under_way = await perform(
                RefundActivities.count_unfinished,
                CountRefunds(order_no=self.order_no, at=workflow.now()),
                summary="See which refunds are under way",
            )
            self._refunds_under_way = under_way.count
        await self.move(Action.FINISH_REFUND)
