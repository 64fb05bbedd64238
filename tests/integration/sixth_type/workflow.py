"""The workflow of the type that the project does not have."""

from datetime import timedelta

from temporalio import workflow

from ordersaga.domain.messages import OrderStart, StateReached
from tests.integration.sixth_type.table import FINISH_MAKING
from workflows.paying import Paying
from workflows.producing import Producing
from workflows.receiving import Receiving


@workflow.defn(name="MadeToOrder")
class MadeToOrder(Paying, Producing, Receiving):
    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OrderStart) -> StateReached:
        return await self.lived(self._live())

    async def _live(self) -> None:
        if await self.placed() and await self.paid():
            self.tell("the workshop")
            await workflow.sleep(timedelta(days=20), summary="The workshop")
            await self.move(FINISH_MAKING)
            await self.delivered()
            await self.completed()
