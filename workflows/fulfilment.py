"""One parcel's way, from the warehouse's list to a signature at the door, or to its end on the way (R-FUL-1, W3)."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from ordersaga.contracts.fulfilment import (
    AdvanceParcel,
    FulfilmentActivities,
    ParcelProgress,
    ResolveParcel,
    TellingActivities,
    TellOrder,
)
from ordersaga.contracts.stock import ShipStock, StockActivities
from ordersaga.domain.lifecycle.parcel import ENDS, ParcelState, Resolution, is_shipped
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import (
    FULFILMENT_WORKFLOW,
    PARCEL_ENDED,
    PARCEL_REPORTED,
    PARCEL_SHIPPED,
    RESOLVE_PARCEL,
    ActedBy,
    FulfilmentStart,
    ParcelEnd,
    ParcelResolution,
    StateReached,
)
from workflows.run import SYSTEM, refusal
from workflows.steps import perform, perform_regularly

_HOW = 'By hand: `{"decision": "reship", "by": {"role": "operator", "subject": "<your name>", "reason": "<why>"}}`.'


@workflow.defn(name=FULFILMENT_WORKFLOW)
class Fulfilment:
    """Follows reports until the parcel is delivered, or stopped, or given up.

    Updates: `resolve`, what is to become of a parcel that was lost or refused; who says nothing in time pays back.
    Signals: `parcel_reported`, sent when a report lies in the inbox; late, repeated and out-of-order ones do no harm.
    Tells the order's run once when the parcel has left the warehouse, and at its end how it ended. Begun by the first
    report; by orders that began before revision 2, as their child.
    """

    @workflow.init
    def __init__(self, start: FulfilmentStart) -> None:
        self._parcel_no = start.parcel_no
        self._order_workflow_id = start.order_workflow_id
        self._revision = start.revision
        self._state = ParcelState.CREATED
        self._astray_until: datetime | None = None
        self._reported = start.resumed
        self._turn = asyncio.Lock()

    @workflow.signal(name=PARCEL_REPORTED, description="A report of the warehouse or the carrier lies in the inbox.")
    def parcel_reported(self) -> None:
        self._reported = True

    @workflow.update(name=RESOLVE_PARCEL, description=f"Lost or refused: reship or refund. {_HOW}")
    async def resolve(self, resolution: ParcelResolution) -> StateReached:
        async with self._turn:
            if self._state in ENDS:
                raise refusal(f"the parcel is {self._state}", action=resolution.decision, state=self._state)
            await self._resolve(resolution.decision, resolution.by)
        return StateReached(state=self._state)

    @resolve.validator
    def _resolution_is_one(self, resolution: ParcelResolution) -> None:
        if resolution.decision not in set(Resolution):
            raise ApplicationError("a resolution is reship or refund", type="request_invalid", non_retryable=True)
        if resolution.by.role not in (Actor.MERCHANT, Actor.OPERATOR):
            raise refusal("this is for merchants and operators", action=resolution.decision, state=self._state)

    @workflow.run
    async def run(self, start: FulfilmentStart) -> StateReached:
        shipped = False
        while self._state not in ENDS:
            workflow.set_current_details(f"**{self._parcel_no}** is `{self._state}`{self._deadline}")
            await self._is_told()
            if self._reported:
                await self._advance()
            if not shipped and is_shipped(self._state):
                shipped = True
                await self._tell_shipped()
        if workflow.info().parent is None:
            await self._tell_order(self._state)
        # What was reported meanwhile changes nothing any more, and is not left lying about.
        while self._reported and workflow.patched("apply-what-came-last"):
            await self._advance()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return StateReached(state=self._state)

    @property
    def _deadline(self) -> str:
        return f" until {self._astray_until.isoformat()}: `resolve` it" if self._astray_until else ""

    async def _is_told(self) -> None:
        """Wait for a report; for a parcel astray, no longer than somebody has time to say what is to become of it."""
        until = self._astray_until
        try:
            await workflow.wait_condition(
                lambda: self._reported or self._state in ENDS,
                timeout=None if until is None else max(until - workflow.now(), timedelta(milliseconds=1)),
                timeout_summary="Lost or refused, and nobody decides",
            )
        except TimeoutError:
            async with self._turn:
                if self._state not in ENDS:
                    await self._resolve(Resolution.REFUND, SYSTEM)

    async def _advance(self) -> None:
        async with self._turn:
            self._reported = False
            progress = await perform(
                FulfilmentActivities.advance,
                AdvanceParcel(parcel_no=self._parcel_no, at=workflow.now()),
                summary="Apply reports",
            )
            self._show(progress)

    async def _resolve(self, decision: str, by: ActedBy) -> None:
        resolved = await perform_regularly(
            FulfilmentActivities.resolve,
            ResolveParcel(parcel_no=self._parcel_no, decision=decision, by=by, at=workflow.now()),
            summary=f"{decision} by {by.role} {by.subject}",
        )
        self._show(resolved)

    def _show(self, progress: ParcelProgress) -> None:
        self._state, self._astray_until = progress.state, progress.astray_until

    async def _tell_shipped(self) -> None:
        await perform(
            StockActivities.ship,
            ShipStock(parcel_no=self._parcel_no, at=workflow.now()),
            summary="Take the goods off the shelf",
        )
        await self._tell_order()

    async def _tell_order(self, ended: ParcelState | None = None) -> None:
        """That the parcel has left the warehouse, or how it ended.

        By a step: a signal by the run itself is two events, and its answer a workflow task.
        """
        if self._revision >= 3:
            request = TellOrder(parcel_no=self._parcel_no, ended=ended)
            await perform(TellingActivities.tell_order, request, summary="Tell the order's run")
            return
        order = workflow.get_external_workflow_handle(self._order_workflow_id)
        try:
            if ended is None:
                await order.signal(PARCEL_SHIPPED, self._parcel_no)
            else:
                await order.signal(PARCEL_ENDED, ParcelEnd(parcel_no=self._parcel_no, state=ended))
        except FailureError:
            workflow.logger.warning("the order's run is closed; the parcel goes on")
