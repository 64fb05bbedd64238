"""An after-sales case from its opening to money or goods back, with a deadline for everybody's silence (R-REV-7)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from ordersaga.contracts.after_sales import (
    ActOnCase,
    AfterSalesActivities,
    CaseStanding,
    RemindOfCase,
    TakeUpCase,
)
from ordersaga.contracts.search_attributes import ORDER_NO, ORDER_STATUS
from ordersaga.domain.after_sales.case import Kind
from ordersaga.domain.after_sales.commands import Command
from ordersaga.domain.lifecycle.after_sales import INITIAL, MACHINE, CaseState
from ordersaga.domain.messages import (
    ACT,
    AFTER_SALES_WORKFLOW,
    BEGUN,
    CASE_CHANGED,
    DECIDE,
    DECIDED,
    ActedBy,
    CaseCommand,
    CaseDecision,
    CaseStart,
    StateReached,
)
from ordersaga.domain.notifications import Notification
from workflows.hearing import require_command, require_decision
from workflows.replacing import begin
from workflows.run import SYSTEM
from workflows.steps import perform, perform_regularly

_HOW = 'By hand: `{"decision": "approve", "by": {"role": "operator", "subject": "<your name>", "reason": "<why>"}}`.'
_WAITS_FOR = {
    CaseState.REQUESTED: "a reviewer to `decide`",
    CaseState.STOPPING: "the warehouse to stop its parcels",
    CaseState.AWAITING_RETURN: "the buyer to send the goods back",
    CaseState.RETURNING: "the goods to arrive",
    CaseState.INSPECTING: "the warehouse to inspect the goods",
    CaseState.REJECTED: "the buyer to escalate",
    CaseState.ESCALATED: "an operator to `decide`",
    CaseState.AWAITING_CONSENT: "the buyer's consent to a refund",
    CaseState.REFUNDING: "the money to be back",
    CaseState.REPLACING: "the replacement's order",
}


@workflow.defn(name=AFTER_SALES_WORKFLOW)
class AfterSales:
    """Wait for whose turn it is, act when time is over, until the case is over.

    Updates: `decide` (approve, reject), `act` (everything else that somebody says of the case), `begun` (wait for the
    run's own first step). Signals: `decided`, a decision that nobody waits for; `case_changed` starts the run, and has
    it look again: a refund has ended, a replacement is placed or refused, a parcel has left or was written off.
    Guarantees: the database decides by the case's table, under the order's lock; each command is taken once; what only
    the run may say it takes from nobody. A native cancel is not obeyed: a case is withdrawn by its buyer.
    """

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._case_no = start.case_no
        self._standing: CaseStanding | None = None
        self._changed = False
        self._decisions: list[CaseDecision] = []
        self._turn = asyncio.Lock()
        self._commands = 0
        self._reminded = False

    @workflow.signal(name=CASE_CHANGED, description="The case was opened, or what it waits for may have happened.")
    def case_changed(self) -> None:
        self._changed = True

    @workflow.signal(name=DECIDED, description=f"Approve or reject, without an answer. {_HOW}")
    def decided(self, decision: CaseDecision) -> None:
        self._decisions.append(decision)

    @workflow.update(name=DECIDE, description=f"Approve or reject. {_HOW}")
    async def decide(self, decision: CaseDecision) -> StateReached:
        info = workflow.current_update_info()
        return await self._act(Command(decision.decision), decision.by, info.id if info else "")

    @decide.validator
    def _decision_is_one(self, decision: CaseDecision) -> None:
        require_decision(decision)

    @workflow.update(name=ACT, description="Anything else that somebody says of the case; see `Command`.")
    async def act(self, command: CaseCommand) -> StateReached:
        info = workflow.current_update_info()
        return await self._act(Command(command.command), command.by, info.id if info else "", command.details)

    @act.validator
    def _command_is_for_people(self, command: CaseCommand) -> None:
        require_command(command)

    @workflow.update(name=BEGUN, description="Where the case stands once the run has taken its own first step.")
    async def begun(self) -> StateReached:
        await workflow.wait_condition(lambda: self._standing is not None and not _is_to_stop(self._standing))
        return StateReached(state=self._state)

    @workflow.run
    async def run(self, start: CaseStart) -> StateReached:
        running = asyncio.create_task(self._live())
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            workflow.logger.warning("a case is not cancelled; its buyer may withdraw it")
            await running
        await workflow.wait_condition(workflow.all_handlers_finished)
        return StateReached(state=self._state)

    @property
    def _state(self) -> CaseState:
        return self._standing.state if self._standing else INITIAL

    async def _live(self) -> None:
        await self._look()
        while self._state not in MACHINE.final:
            await self._next()
            if workflow.info().is_continue_as_new_suggested():
                await self._begin_anew()
        self._tell("nobody")

    async def _begin_anew(self) -> None:
        """With a short history; not while a decision waits that was signalled: the next run would not know of it."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._decisions and self._state not in MACHINE.final:
            workflow.continue_as_new(CaseStart(case_no=self._case_no))

    async def _next(self) -> None:
        """One turn: what the run itself has to do, or the next word of somebody, or the end of their time."""
        standing = self._standing
        assert standing is not None  # noqa: S101 - the run has looked
        if self._decisions:
            await self._take_signalled(self._decisions.pop(0))
        elif _is_to_stop(standing):
            await self._own(Command.STOP, standing)
        elif standing.state is CaseState.REFUNDING and not standing.refunds_under_way:
            await self._own(Command.REFUNDS_ARE_DONE, standing)
        elif standing.state is CaseState.REPLACING:
            await self._replace(standing)
        else:
            await self._wait(standing)

    async def _wait(self, standing: CaseStanding) -> None:
        self._tell(_WAITS_FOR[standing.state])
        reminds = not self._reminded and _reminds_in_time(standing)
        until = standing.remind_at if reminds else standing.due_at
        try:
            await workflow.wait_condition(
                lambda: self._changed or bool(self._decisions) or self._standing is not standing,
                timeout=None if until is None else _time_to(until),
                timeout_summary="Reminder" if reminds else "Deadline",
            )
        except TimeoutError:
            if reminds:
                await self._remind()
            else:
                await self._own(Command.TIME_IS_OVER, standing)
        else:
            if self._changed:
                await self._look()

    async def _replace(self, standing: CaseStanding) -> None:
        """Place the replacement's order, whose goods have been kept since the approval."""
        replacement = standing.replacement
        assert replacement is not None  # noqa: S101 - there is one in this state
        if replacement.is_placed is None:
            await begin(replacement)
            await self._wait(standing)
        else:
            await self._own(Command.REPLACEMENT_IS_PLACED if replacement.is_placed else Command.RUN_SHORT, standing)

    async def _remind(self) -> None:
        self._reminded = True
        await perform(
            AfterSalesActivities.remind,
            RemindOfCase(case_no=self._case_no, kind=Notification.RETURN_DUE_SOON, at=workflow.now()),
            summary="Remind the buyer to send the goods back",
        )

    async def _look(self) -> None:
        """In turn, so that what is seen is not shown after what somebody did later."""
        async with self._turn:
            self._changed = False
            found = await perform(
                AfterSalesActivities.take_up,
                TakeUpCase(case_no=self._case_no, at=workflow.now()),
                summary="See where the case stands",
            )
            self._show(found)

    async def _own(self, command: Command, standing: CaseStanding, **details: Any) -> None:
        """What the run itself says of the case as it stood, unless somebody was faster."""
        async with self._turn:
            if self._standing is not standing:
                return
            self._commands += 1
            found = await perform_regularly(
                AfterSalesActivities.act,
                ActOnCase(
                    case_no=self._case_no,
                    command=command,
                    name=f"{workflow.info().run_id}:{self._commands}",
                    by=SYSTEM,
                    at=workflow.now(),
                    details=details,
                    expected=standing.state,
                ),
                summary=f"{command} while {standing.state}",
            )
            self._show(found)

    async def _take_signalled(self, decision: CaseDecision) -> None:
        """A signal has nobody to answer: a decision that is not possible is passed over."""
        try:
            require_decision(decision)
            await self._act(Command(decision.decision), decision.by, f"signal:{workflow.uuid4()}")
        except ApplicationError as refusal:
            workflow.logger.warning("a decision was passed over: %s", refusal)

    async def _act(
        self, command: Command, by: ActedBy, name: str, details: dict[str, Any] | None = None
    ) -> StateReached:
        async with self._turn:
            found = await perform_regularly(
                AfterSalesActivities.act,
                ActOnCase(
                    case_no=self._case_no,
                    command=command,
                    name=name,
                    # The API's updates are named after what they say; whoever else sends one has come through Temporal.
                    by=by if name.startswith(f"{command}:") else replace(by, channel="temporal_ui"),
                    at=workflow.now(),
                    details=details or {},
                ),
                summary=f"{command} by {by.role} {by.subject}",
            )
            self._show(found)
        return StateReached(state=found.state)

    def _show(self, standing: CaseStanding) -> None:
        """Be where the case is, and let operators find the run by it."""
        if self._standing is None or self._standing.state is not standing.state:
            self._reminded = False
        self._standing = standing
        workflow.upsert_search_attributes(
            [ORDER_NO.value_set(standing.order_no), ORDER_STATUS.value_set(standing.state)]
        )

    def _tell(self, waits_for: str) -> None:
        assert self._standing is not None  # noqa: S101 - told after a look
        until = f", until {self._standing.due_at.isoformat()}" if self._standing.due_at else ""
        workflow.set_current_details(
            f"**{self._case_no}** · {self._standing.summary}\n\n"
            f"| state | waits for |\n|---|---|\n| `{self._state}` | {waits_for}{until} |"
        )


def _time_to(until: datetime) -> timedelta:
    return max(until - workflow.now(), timedelta(milliseconds=1))


def _is_to_stop(standing: CaseStanding) -> bool:
    """Whether the next step is the run's own: nobody reviews a cancellation, its parcels are asked after at once."""
    return standing.state is CaseState.REQUESTED and standing.kind is Kind.CANCELLATION


def _reminds_in_time(standing: CaseStanding) -> bool:
    return standing.remind_at is not None and (standing.due_at is None or standing.remind_at < standing.due_at)
