"""The presale (R-TYPE-3)."""

from temporalio import workflow

from ordersaga.domain.messages import OrderStart, StateReached
from workflows.balancing import Balancing
from workflows.producing import Producing
from workflows.receiving import Receiving
from workflows.stocking import Stocking


@workflow.defn(name="PresaleOrder")
class PresaleOrder(Balancing, Stocking, Producing, Receiving):
    """Deposit, balance in its window, and then as a standard order.

    Updates: `place`, `decide_risk`, `cancel`, `confirm_receipt`.
    Signals: `payment_reported`, `parcel_shipped`, `parcel_ended`, `refund_finished`.
    Guarantees: nothing is produced before the balance is paid; a deposit is kept or given back by the terms that the
    order was placed under; what the order held is given back once it comes to nothing.
    """

    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OrderStart) -> StateReached:
        return await self.lived(self._live())

    async def _live(self) -> None:
        if await self.placed() and await self.cleared() and await self._is_paid() and await self.stocked():
            await self.delivered()
            await self.completed()

    async def _is_paid(self) -> bool:
        return await self.deposited() and await self.balanced()
