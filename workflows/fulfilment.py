"""One parcel's way, from the warehouse's list to a signature at the door (R-FUL-1)."""

from temporalio import workflow
from temporalio.exceptions import FailureError

from ordersaga.contracts.fulfilment import AdvanceParcel, FulfilmentActivities
from ordersaga.contracts.stock import ShipStock, StockActivities
from ordersaga.domain.lifecycle.parcel import ParcelState, is_shipped
from ordersaga.domain.messages import FULFILMENT_WORKFLOW, PARCEL_REPORTED, PARCEL_SHIPPED, FulfilmentStart
from workflows.steps import perform


@workflow.defn(name=FULFILMENT_WORKFLOW)
class Fulfilment:
    """Follows reports until the parcel is delivered.

    Signals: `parcel_reported`, sent when a report lies in the inbox; late, repeated and out-of-order ones do no harm.
    Tells the order's run once when the parcel has left the warehouse.
    """

    @workflow.init
    def __init__(self, start: FulfilmentStart) -> None:
        self._parcel_no = start.parcel_no
        self._order_workflow_id = start.order_workflow_id
        self._state = ParcelState.CREATED
        self._reported = start.resumed

    @workflow.signal(name=PARCEL_REPORTED, description="A report of the warehouse or the carrier lies in the inbox.")
    def parcel_reported(self) -> None:
        self._reported = True

    @workflow.run
    async def run(self, start: FulfilmentStart) -> None:
        shipped = False
        while self._state is not ParcelState.DELIVERED:
            workflow.set_current_details(f"**{self._parcel_no}** is `{self._state}`")
            await workflow.wait_condition(lambda: self._reported)
            await self._advance()
            if not shipped and is_shipped(self._state):
                shipped = True
                await self._tell_shipped()
        # What was reported meanwhile changes nothing any more, and is not left lying about.
        while self._reported and workflow.patched("apply-what-came-last"):
            await self._advance()

    async def _advance(self) -> None:
        self._reported = False
        progress = await perform(
            FulfilmentActivities.advance,
            AdvanceParcel(parcel_no=self._parcel_no, at=workflow.now()),
            summary="Apply reports",
        )
        self._state = progress.state

    async def _tell_shipped(self) -> None:
        await perform(
            StockActivities.ship,
            ShipStock(parcel_no=self._parcel_no, at=workflow.now()),
            summary="Take the goods off the shelf",
        )
        order = workflow.get_external_workflow_handle(self._order_workflow_id)
        try:
            await order.signal(PARCEL_SHIPPED, self._parcel_no)
        except FailureError:
            workflow.logger.warning("the order's run is closed; the parcel goes on")
