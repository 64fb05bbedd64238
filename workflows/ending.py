"""Ending: an order is over when time is, and no after-sales case is open on it (R-CMP-1)."""

from temporalio import workflow

from ordersaga.contracts.after_sales import AfterSalesActivities, EndedOrder, EndOrder
from ordersaga.domain.messages import CASES_CHANGED, OrderStart
from workflows.run import OrderRun
from workflows.steps import perform


class Ending(OrderRun):
    """The database counts cases and units, and takes the last action in the same transaction."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self.cases_have_changed = False

    @workflow.signal(name=CASES_CHANGED, description="An after-sales case of this order is over.")
    def cases_changed(self) -> None:
        self.cases_have_changed = True

    async def ended(self, action: str, action_for_nothing: str) -> EndedOrder:
        """Take `action`, or the other one if nothing of the order stays; neither while a case is open."""
        self.cases_have_changed = False
        ended = await perform(
            AfterSalesActivities.end_order,
            EndOrder(
                order_no=self.order_no,
                step=self.next_step(),
                from_state=self.state,
                action=action,
                action_for_nothing=action_for_nothing,
                at=workflow.now(),
            ),
            summary="See whether the order is over",
        )
        if ended.state != self.state:
            self.show(ended.state)
        return ended
