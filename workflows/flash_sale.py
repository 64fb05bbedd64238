"""The flash sale (R-TYPE-2)."""

from temporalio import workflow

from ordersaga.domain.messages import OrderStart, StateReached
from workflows.producing import Producing
from workflows.receiving import Receiving
from workflows.reviewing import Reviewing


@workflow.defn(name="FlashSaleOrder")
class FlashSaleOrder(Reviewing, Producing, Receiving):
    """As a standard order, with minutes to pay and everything held at submit.

    Updates: `place`, `decide_risk`, `cancel`, `confirm_receipt`.
    Signals: `payment_reported`, `parcel_shipped`, `parcel_ended`.
    Guarantees: what the campaign's stock does not hold is not sold; what comes to nothing can be bought by others.
    """

    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OrderStart) -> StateReached:
        return await self.lived(self._live())

    async def _live(self) -> None:
        if await self.placed() and await self.cleared() and await self.paid():
            await self.delivered()
            await self.completed()
