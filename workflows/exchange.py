"""The order of an exchange (R-TYPE-6)."""

from temporalio import workflow

from ordersaga.domain.messages import OrderStart, StateReached
from workflows.placing import Placing
from workflows.producing import Producing
from workflows.receiving import Receiving


@workflow.defn(name="ExchangeOrder")
class ExchangeOrder(Placing, Producing, Receiving):
    """The case that it comes of has kept its goods; it is placed, and then goes the way of every order that is paid.

    Updates: `place`, `confirm_receipt`. Signals: `parcel_shipped`, `parcel_ended`, `cases_changed`.
    Guarantees: what was kept for it is shipped, or given back when it is refused; its case hears either way.
    """

    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OrderStart) -> StateReached:
        await self.unbroken(self._live())
        await workflow.wait_condition(workflow.all_handlers_finished)
        return StateReached(state=self.state)

    async def _live(self) -> None:
        if await self.placed():
            await self.delivered()
            await self.completed()
