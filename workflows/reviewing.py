"""Reviewing: an order that risk control holds waits for an operator, and not for ever (R-STK-4)."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import DECIDE_RISK, ActedBy, OrderStart, RiskDecision, StateReached
from ordersaga.domain.pricing.restoration import Undoing
from workflows.paying import CANCELLED, Paying
from workflows.run import SYSTEM

APPROVE, REJECT = "approve", "reject"
_ACTIONS = {APPROVE: Action.APPROVE_RISK, REJECT: Action.REJECT_RISK}
_HOW = (
    'For operators: `{"decision": "approve"|"reject", "by": {"role": "operator", "subject": "<your name>", '
    '"reason": "<your note>"}}`.'
)


class Reviewing(Paying):
    """What the order holds it keeps meanwhile; the time to pay begins with the approval."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._decision: RiskDecision | None = None
        self._reviewed = False

    @workflow.update(name=DECIDE_RISK, description=f"Let the order go on, or refuse it. {_HOW}")
    async def decide_risk(self, decision: RiskDecision) -> StateReached:
        self._decision = self._decision or decision
        await workflow.wait_condition(lambda: self._reviewed)
        return StateReached(state=self.state)

    @decide_risk.validator
    def _decide_risk_is_allowed(self, decision: RiskDecision) -> None:
        if decision.decision not in _ACTIONS:
            raise _refused(f"a decision is {APPROVE} or {REJECT}, not {decision.decision!r}", decision)
        self.require(_ACTIONS[decision.decision], decision.by)
        if self._decision is not None:
            raise _refused("it is decided already", decision)
        if not decision.by.subject or not (decision.by.reason or decision.by.note):
            raise _refused("a decision names its operator, and says why", decision)

    async def cleared(self) -> bool:
        """Whether the order may be paid for; if not, everything that it held has been given back."""
        if not self.start.under_review:
            return True
        deadline = self.due_in(self.recorded.policies.review_seconds)
        self.tell(f"an operator to `{DECIDE_RISK}` until {deadline.isoformat()}")
        try:
            await workflow.wait_condition(
                lambda: self._decision is not None or self._cancel_wanted is not None,
                timeout=max(deadline - workflow.now(), timedelta(milliseconds=1)),
                timeout_summary="Review deadline",
            )
        except TimeoutError:
            await self._refuse_for_risk(Action.REACH_REVIEW_DEADLINE)
        else:
            await self._decided()
        self._reviewed = True
        return not self._given_up()

    async def _decided(self) -> None:
        if self._decision is None:
            assert self._cancel_wanted is not None  # noqa: S101 - the other half of the condition
            await self._close(CANCELLED, self._cancel_wanted)
            self._cancel_wanted = None
        elif self._decision.decision == APPROVE:
            self.payment_due_at = self.due_in(self.recorded.policies.payment_seconds)
            await self.move(Action.APPROVE_RISK, _author(self._decision), payment_due_at=self.payment_due_at)
        else:
            await self._refuse_for_risk(Action.REJECT_RISK)

    async def _refuse_for_risk(self, action: Action) -> None:
        await self.give_back(Undoing.REFUSED)
        await self.move(action, _author(self._decision) if self._decision else SYSTEM, notify="risk_refused")
        self._cancel_wanted = None


def _author(decision: RiskDecision) -> ActedBy:
    """The API keeps notes in the database; who writes one here has come through Temporal."""
    return decision.by if decision.by.note is not None else replace(decision.by, channel="temporal_ui")


def _refused(message: str, decision: RiskDecision) -> ApplicationError:
    error = ActionNotAllowed(message, action=DECIDE_RISK, actor=decision.by.role)
    return ApplicationError(error.message, error.details, type=error.code, non_retryable=True)
