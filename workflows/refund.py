"""Money that its order did not take goes back: once, by itself, with an operator's help if need be (R-PAY-3, P1)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from ordersaga.contracts.refund import (
    DecideRefund,
    RefundActivities,
    RefundProgress,
    RefundStep,
    RequestedRefund,
    RequestRefund,
)
from ordersaga.contracts.search_attributes import ORDER_NO, ORDER_STATUS
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.refund import FINAL, RefundState
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import (
    REFUND_DUE,
    REFUND_REPORTED,
    REFUND_WORKFLOW,
    RETRY_REFUND,
    SETTLE_REFUND,
    ActedBy,
    RefundStart,
    StateReached,
)
from workflows.steps import perform

# A provider that is away is tried more and more seldom, and for as long as it takes.
_SENDING = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
_CALL = timedelta(seconds=20)
_HOW = 'For operators: `{"role": "operator", "subject": "<your name>", "reason": "<your note>"}`.'

# How far a try is. A step and a decision may answer in another order than they were taken.
_RANK = {
    RefundState.REQUESTED: 0,
    RefundState.SENT: 1,
    RefundState.FAILED: 2,
    RefundState.SUCCEEDED: 3,
    RefundState.SETTLED: 3,
}


@workflow.defn(name=REFUND_WORKFLOW)
class Refund:
    """Request, send, wait for the provider's word; a failed refund waits for an operator.

    Updates: `retry`, `settle`. Signals: `refund_due` starts the run, `refund_reported` says that a report lies in the
    inbox. Guarantees: what was received is asked back once per try and never more than it; the run ends when the money
    is back or an operator has settled it. A native cancel is not obeyed: the money is the buyer's.
    """

    @workflow.init
    def __init__(self, start: RefundStart) -> None:
        self._payment_id = start.payment_id
        self._requested: RequestedRefund | None = None
        self._state = RefundState.REQUESTED
        self._tries = 1
        self._reported = False

    @workflow.signal(name=REFUND_DUE, description="The payment's money is to be refunded. Starts the run.")
    def refund_due(self) -> None:
        """Nothing is left to do: the run is there."""

    @workflow.signal(name=REFUND_REPORTED, description="A provider's report lies in the inbox.")
    def refund_reported(self) -> None:
        self._reported = True

    @workflow.update(name=RETRY_REFUND, description=f"Send a failed refund again. {_HOW}")
    async def retry(self, by: ActedBy) -> StateReached:
        return await self._decide(Action.RETRY_REFUND, by)

    @workflow.update(name=SETTLE_REFUND, description=f"The money was given back by hand; the note says how. {_HOW}")
    async def settle(self, by: ActedBy) -> StateReached:
        return await self._decide(Action.SETTLE_REFUND, by)

    @retry.validator
    def _retry_is_allowed(self, by: ActedBy) -> None:
        _require_author(Action.RETRY_REFUND, by)

    @settle.validator
    def _settle_is_allowed(self, by: ActedBy) -> None:
        _require_author(Action.SETTLE_REFUND, by)

    @workflow.run
    async def run(self, start: RefundStart) -> StateReached:
        running = asyncio.create_task(self._live())
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            workflow.logger.warning("a refund is not cancelled; it goes on")
            await running
        await workflow.wait_condition(workflow.all_handlers_finished)
        while self._reported:  # came with the last step: taken note of, so that it does not wait for a run for ever
            await self._settle()
        return StateReached(state=self._state)

    async def _live(self) -> None:
        requested = await perform(
            RefundActivities.request,
            RequestRefund(payment_id=self._payment_id, at=workflow.now()),
            summary="Write the refund document",
        )
        self._requested = requested
        workflow.upsert_search_attributes([ORDER_NO.value_set(requested.order_no)])
        self._show(RefundProgress(state=requested.state, tries=requested.tries))
        while self._state not in FINAL:
            await self._next(requested)
            if workflow.info().is_continue_as_new_suggested() and self._state not in FINAL:
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(RefundStart(payment_id=self._payment_id))
        self._tell("nobody")

    async def _next(self, requested: RequestedRefund) -> None:
        match self._state:
            case RefundState.REQUESTED:
                self._tell("the provider to take it")
                await self._send()
            case RefundState.SENT:
                await self._confirmation(requested)
            case RefundState.FAILED:
                self._tell("an operator to `retry` or `settle`")
                await workflow.wait_condition(lambda: self._reported or self._state is not RefundState.FAILED)
                await self._settle()
            case RefundState.SUCCEEDED | RefundState.SETTLED:
                return
            case never:
                assert_never(never)

    async def _confirmation(self, requested: RequestedRefund) -> None:
        """Wait for the provider's word, and ask for it now and then."""
        inquiries = 0
        while self._state is RefundState.SENT:
            self._tell("the provider's word")
            try:
                await workflow.wait_condition(
                    lambda: self._reported or self._state is not RefundState.SENT,
                    timeout=requested.pace.pause_after(inquiries),
                    timeout_summary="Ask the provider",
                )
            except TimeoutError:
                inquiries += 1
                await self._ask()
            else:
                await self._settle()

    async def _send(self) -> None:
        self._show(
            await workflow.execute_activity_method(
                RefundActivities.send,
                self._step(),
                start_to_close_timeout=_CALL,
                retry_policy=_SENDING,
                summary="Send it to the provider",
            )
        )

    async def _ask(self) -> None:
        try:
            progress = await workflow.execute_activity_method(
                RefundActivities.ask,
                self._step(),
                start_to_close_timeout=_CALL,
                retry_policy=RetryPolicy(maximum_attempts=1),
                summary="Ask the provider",
            )
        except ActivityError:
            workflow.logger.warning("the provider did not answer; it is asked again later")
        else:
            self._show(progress)

    async def _settle(self) -> None:
        if self._reported:
            self._reported = False
            self._show(await perform(RefundActivities.settle, self._step(), summary="Settle what was reported"))

    async def _decide(self, action: Action, by: ActedBy) -> StateReached:
        """The database says whether the refund may be decided: it knows of reports that the run has yet to hear of."""
        await workflow.wait_condition(lambda: self._requested is not None)
        assert self._requested is not None  # noqa: S101 - the condition above, for the type checker
        request = DecideRefund(
            refund_no=self._requested.refund_no,
            action=action,
            tries=self._tries,
            # The API keeps notes in the database; who writes one here has come through Temporal.
            by=by if by.note is not None else replace(by, channel="temporal_ui"),
            at=workflow.now(),
        )
        decided = await perform(RefundActivities.decide, request, summary=f"{action} by {by.subject}")
        self._show(decided)
        return StateReached(state=decided.state)

    def _step(self) -> RefundStep:
        assert self._requested is not None  # noqa: S101 - steps come after the request
        return RefundStep(refund_no=self._requested.refund_no, at=workflow.now())

    def _show(self, progress: RefundProgress) -> None:
        """Be where the refund is, and let operators find the run by it. An answer that was overtaken is none."""
        if (progress.tries, _RANK[progress.state]) < (self._tries, _RANK[self._state]):
            return
        self._state, self._tries = progress.state, progress.tries
        workflow.upsert_search_attributes([ORDER_STATUS.value_set(progress.state)])

    def _tell(self, waits_for: str) -> None:
        assert self._requested is not None  # noqa: S101 - told after the request
        refund = self._requested
        workflow.set_current_details(
            f"**{refund.refund_no}** · {refund.amount} · order {refund.order_no}\n\n"
            f"| state | try | waits for |\n|---|---|---|\n| `{self._state}` | {self._tries} | {waits_for} |"
        )


def _require_author(action: Action, by: ActedBy) -> None:
    """For validators: a decision is an operator's, who is named and says why."""
    if by.role == Actor.OPERATOR and by.subject and (by.reason or by.note):
        return
    error = ActionNotAllowed("a decision is an operator's, who is named and says why", action=action, actor=by.role)
    raise ApplicationError(error.message, error.details, type=error.code, non_retryable=True)
