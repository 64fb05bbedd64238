"""Producing: the split, and one fulfilment run per parcel (R-SPL-1, R-FUL-1)."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import TypedSearchAttributes
from temporalio.exceptions import ChildWorkflowError

from ordersaga.contracts.fulfilment import FulfilmentActivities, SplitOrder
from ordersaga.contracts.search_attributes import ORDER_STATUS
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import (
    FULFILMENT_WORKFLOW,
    PARCEL_SHIPPED,
    FulfilmentStart,
    OrderStart,
    order_workflow_id,
    parcel_workflow_id,
)
from ordersaga.domain.notifications import Notification
from workflows.run import OrderRun
from workflows.steps import perform

_PAUSE = timedelta(seconds=1)


class Producing(OrderRun):
    """Follows every parcel from the warehouse to the door."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._shipped: set[str] = set()
        self._followed: set[str] = set()

    @workflow.signal(name=PARCEL_SHIPPED, description="A parcel was handed over to its carrier.")
    def parcel_shipped(self, parcel_no: str) -> None:
        self._shipped.add(parcel_no)

    async def delivered(self) -> None:
        """Split, ship and deliver; then the buyer is reminded to confirm and to review (R-CNF-1)."""
        parcel_nos = await self._split()
        carried = [asyncio.create_task(self._carry(parcel_no)) for parcel_no in parcel_nos]
        await self._follow(parcel_nos)
        self.tell("carriers to deliver")
        for parcel in carried:
            await parcel
        await self.move(Action.DELIVER_LAST_PARCEL, notify=Notification.CONFIRM_RECEIPT_AND_REVIEW)

    async def _split(self) -> list[str]:
        reached = self.machine.next(self.state, Action.SPLIT)
        request = SplitOrder(
            order_no=self.order_no,
            step=self.next_step(),
            action=Action.SPLIT,
            from_state=self.state,
            to_state=reached,
            at=workflow.now(),
        )
        split = await perform(FulfilmentActivities.split, request, summary="Split into parcels")
        self.show(reached)
        return split.parcel_nos

    async def _carry(self, parcel_no: str) -> None:
        """Run a parcel to its door. A run that somebody ended is taken up again: the goods are under way anyway."""
        resumed = False
        while True:
            try:
                await workflow.execute_child_workflow(
                    FULFILMENT_WORKFLOW,
                    FulfilmentStart(
                        order_no=self.order_no,
                        parcel_no=parcel_no,
                        order_workflow_id=order_workflow_id(self.order_no),
                        resumed=resumed,
                    ),
                    id=parcel_workflow_id(parcel_no),
                    static_summary=f"Parcel {parcel_no}",
                    search_attributes=_without_status(workflow.info().typed_search_attributes),
                )
            except ChildWorkflowError:
                workflow.logger.warning("a parcel's run was ended before its delivery; it is taken up again")
                resumed = True
                await workflow.sleep(_PAUSE, summary=f"Take up parcel {parcel_no} again")
            else:
                return

    async def _follow(self, parcel_nos: list[str]) -> None:
        ours = set(parcel_nos)
        while len(self._followed) < len(parcel_nos):
            self.tell(f"warehouses: {len(self._followed)} of {len(parcel_nos)} parcels shipped")
            await workflow.wait_condition(lambda: self._shipped & ours > self._followed)
            self._followed = self._shipped & ours
            all_left = len(self._followed) == len(parcel_nos)
            await self.move(Action.SHIP_LAST_PARCEL if all_left else Action.SHIP_PARCEL)


def _without_status(attributes: TypedSearchAttributes) -> TypedSearchAttributes:
    """A parcel is found by its order's number, buyer and merchants; the order's status is the order's alone."""
    return TypedSearchAttributes([pair for pair in attributes if pair.key != ORDER_STATUS])
