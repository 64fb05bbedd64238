"""The group buy (R-TYPE-5)."""

from temporalio import workflow

from ordersaga.domain.messages import OrderStart, StateReached
from workflows.grouping import Grouping
from workflows.producing import Producing
from workflows.receiving import Receiving
from workflows.reviewing import Reviewing
from workflows.stocking import Stocking


@workflow.defn(name="GroupBuyOrder")
class GroupBuyOrder(Grouping, Reviewing, Stocking, Producing, Receiving):
    """Take a seat, pay, wait for the group; then as a standard order, or the money back.

    Updates: `place`, `decide_risk`, `cancel`, `confirm_receipt`. Signals: `payment_reported`, `group_decided`,
    `parcel_shipped`, `parcel_ended`, `refund_finished`.
    Guarantees: nothing is produced before every seat of the group is paid for; who paid in a group that did not fill
    has the money back, once; a seat that comes to nothing is free for others while the group forms.
    """

    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OrderStart) -> StateReached:
        return await self.lived(self._live())

    async def _live(self) -> None:
        if not (await self.placed() and await self.cleared() and await self.paid()):
            return
        if await self.grouped() and await self.stocked():
            await self.delivered()
            await self.completed()
