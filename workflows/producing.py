"""Producing: the split, and one fulfilment run per parcel (R-SPL-1, R-FUL-1)."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import TypedSearchAttributes
from temporalio.exceptions import ChildWorkflowError, WorkflowAlreadyStartedError

from ordersaga.contracts.fulfilment import FulfilmentActivities, ListParcels, SplitOrder, SplitParcels
from ordersaga.contracts.search_attributes import ORDER_STATUS
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.parcel import ENDS, GIVEN_UP, ParcelState, is_shipped
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import (
    FULFILMENT_WORKFLOW,
    PARCEL_ENDED,
    PARCEL_SHIPPED,
    FulfilmentStart,
    OrderStart,
    ParcelEnd,
    StateReached,
    order_workflow_id,
    parcel_workflow_id,
)
from ordersaga.domain.notifications import Notification
from workflows.ending import Ending
from workflows.steps import perform

_PAUSE = timedelta(seconds=1)


class Producing(Ending):
    """Follows every parcel from the warehouse to the door, and those that come in the place of others."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._shipped: set[str] = set()
        self._followed: set[str] = set()
        self._dropped: set[str] = set()
        self._carried: dict[str, asyncio.Task[str]] = {}
        self._told_ends: dict[str, str] = {}

    @workflow.signal(name=PARCEL_SHIPPED, description="A parcel was handed over to its carrier.")
    def parcel_shipped(self, parcel_no: str) -> None:
        self._shipped.add(parcel_no)

    @workflow.signal(name=PARCEL_ENDED, description="A parcel has come to its end, at the door or on the way.")
    def parcel_ended(self, end: ParcelEnd) -> None:
        self._told_ends[end.parcel_no] = end.state

    async def delivered(self) -> None:
        """Split, ship and deliver; then the buyer is reminded to confirm and to review (R-CNF-1).

        An order all of whose parcels were stopped or given up is over once its money is back (R-REV-3, W3).
        """
        split = await self._split()
        for parcel_no in split.parcel_nos:
            self._carry(parcel_no, resumed=split.were_there)
        if split.were_there and self.start.revision >= 2:
            await self._look()
        while living := self._living():
            if not self._has_news(living):
                self.tell(self._waits_for(living))
                await workflow.wait_condition(lambda: self._has_news(self._living()))
            elif self._ended_otherwise() - self._dropped:
                await self._look()
            elif self._is_to_ship(living):
                self._followed = self._left(living)
                await self._ship(Action.SHIP_LAST_PARCEL if self._followed == living else Action.SHIP_PARCEL)
            else:
                await self.move(Action.DELIVER_LAST_PARCEL, notify=Notification.CONFIRM_RECEIPT_AND_REVIEW)
                return
        await self._come_to_nothing()

    async def _ship(self, action: Action) -> None:
        """A run that was taken up again may meet its parcels in another order: what has left before has left."""
        stands = await self.move(action)
        if stands != self.state and self.machine.allows(stands, Action.DELIVER_LAST_PARCEL, Actor.SYSTEM):
            self.show(stands)

    async def _split(self) -> SplitParcels:
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
        return split

    def _carry(self, parcel_no: str, *, resumed: bool = False) -> None:
        self._carried[parcel_no] = asyncio.create_task(self._followed_to_its_end(parcel_no, resumed=resumed))

    async def _followed_to_its_end(self, parcel_no: str, *, resumed: bool) -> str:
        """Wait for a parcel's end, and give that: its run, which the first report begins, tells of it.

        Before revision 2 it was a child, taken up again when somebody ended it: the goods are under way anyway.
        """
        while self.start.revision < 2:
            try:
                reached = await workflow.execute_child_workflow(
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
                    result_type=StateReached,
                )
            except WorkflowAlreadyStartedError:
                break  # a report was faster
            except ChildWorkflowError:
                workflow.logger.warning("a parcel's run was ended before its parcel; it is taken up again")
                resumed = True
                await workflow.sleep(_PAUSE, summary=f"Take up parcel {parcel_no} again")
            else:
                # Runs of earlier code say nothing: they ended when their parcel was delivered, and in no other way.
                return reached.state if reached is not None else ParcelState.DELIVERED
        await workflow.wait_condition(lambda: parcel_no in self._told_ends)
        return self._told_ends[parcel_no]

    def _ended(self) -> dict[str, str]:
        """The parcels whose runs have ended, and how."""
        return {parcel_no: run.result() for parcel_no, run in self._carried.items() if run.done()}

    def _ended_otherwise(self) -> set[str]:
        return {parcel_no for parcel_no, state in self._ended().items() if state in GIVEN_UP}

    def _living(self) -> set[str]:
        """The parcels that are on their way, or there; those given up too, until it is known what replaces them."""
        return self._carried.keys() - self._dropped

    def _left(self, living: set[str]) -> set[str]:
        return living & (self._shipped | self._ended().keys())

    def _is_to_ship(self, living: set[str]) -> bool:
        """Whether a parcel has left since the last time, or the last one that was waited for does not leave."""
        left = self._left(living)
        may_ship = self.machine.allows(self.state, Action.SHIP_LAST_PARCEL, Actor.SYSTEM)
        return may_ship and (left == living or bool(left - self._followed))

    def _has_news(self, living: set[str]) -> bool:
        is_over = living <= self._ended().keys()
        return is_over or self._is_to_ship(living) or bool(self._ended_otherwise() - self._dropped)

    def _waits_for(self, living: set[str]) -> str:
        left = self._left(living)
        if left == living:
            return "carriers to deliver"
        return f"warehouses: {len(left)} of {len(living)} parcels shipped"

    async def _look(self) -> None:
        """See how far the parcels have come, and follow those that came in the place of others."""
        given_up = self._ended_otherwise()
        listed = await perform(
            FulfilmentActivities.list, ListParcels(order_no=self.order_no), summary="See which parcels there are"
        )
        for parcel in listed.parcels:
            if parcel.parcel_no not in self._carried:
                self._carry(parcel.parcel_no, resumed=parcel.state is not ParcelState.CREATED)
            if self.start.revision >= 2 and is_shipped(parcel.state):
                self._shipped.add(parcel.parcel_no)
            if self.start.revision >= 2 and parcel.state in ENDS:
                self._told_ends.setdefault(parcel.parcel_no, parcel.state)
        self._dropped |= given_up

    async def _come_to_nothing(self) -> None:
        """Nothing of the order is on its way any more: it is over once its cases are, and with them its refunds."""
        await self.move(Action.LOSE_LAST_PARCEL)
        await self.ended(Action.FINISH_REFUND, Action.FINISH_REFUND)
        while self.state not in self.machine.final:
            self.tell("its after-sales cases")
            await workflow.wait_condition(lambda: self.cases_have_changed)
            await self.ended(Action.FINISH_REFUND, Action.FINISH_REFUND)


def _without_status(attributes: TypedSearchAttributes) -> TypedSearchAttributes:
    """A parcel is found by its order's number, buyer and merchants; the order's status is the order's alone."""
    return TypedSearchAttributes([pair for pair in attributes if pair.key != ORDER_STATUS])
