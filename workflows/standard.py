"""The standard order (R-TYPE-1)."""

from temporalio import workflow

from ordersaga.domain.messages import OrderStart, StateReached
from workflows.changing import Changing
from workflows.producing import Producing
from workflows.receiving import Receiving
from workflows.stocking import Stocking


@workflow.defn(name="StandardOrder")
class StandardOrder(Changing, Stocking, Producing, Receiving):
    """Create, pay, produce, confirm, complete.

    Updates: `place`, `decide_risk`, `change`, `cancel`, `confirm_receipt`. Signals: `payment_reported`,
    `parcel_shipped`, `parcel_ended`, `refund_finished`.
    Guarantees: nothing is held by an order that was refused, cancelled or timed out; nothing is shipped unpaid; every
    state that was reached is in the database with its audit row.
    """

    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OrderStart) -> StateReached:
        return await self.lived(self._live())

    async def _live(self) -> None:
        if await self.placed() and await self.cleared() and await self.paid() and await self.stocked():
            await self.delivered()
            await self.completed()
